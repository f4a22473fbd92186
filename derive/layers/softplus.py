"""Softplus: a smooth rectifier."""

from derive.forward import field
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_
from derive.notation.tree import At, Call, Name, Number, Relation, Sum

_PROSE = Prose(
    title=N_("Backpropagation through softplus"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "Softplus is a smooth version of ReLU. Its values are positive, so it is what turns a number without bounds "
        "into a standard deviation or a rate:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_("Every number {x} becomes"),
            (("x", Name("x")),),
            (
                Relation.equal(
                    At(Name("softplus"), Name("x")), Call("log", (Sum((Number(1), Call("exp", (Name("x"),)))),))
                ),
            ),
        ),
        Remark(
            N_(
                "The derivative is the sigmoid. Code must not compute the exponential of a large number on the way: "
                "`np.logaddexp(0, X)` does not."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def softplus(X: "N D"):
    """Y = log(1 + exp(X)): a smooth rectifier, whose derivative is the sigmoid.

    Source: Dugas, Bengio, Bélisle, Nadeau and Garcia, "Incorporating second-order functional knowledge for better
    option pricing", NIPS 2000.
    """
    return field.softplus(X)
