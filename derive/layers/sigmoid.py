"""The logistic sigmoid."""

from derive.forward import field
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_
from derive.notation.tree import At, Call, Name, Negative, Number, Quotient, Relation, Sum

_x = Name("x")
_PROSE = Prose(
    title=N_("Backpropagation through the sigmoid"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "The logistic sigmoid squeezes every number into the interval from 0 to 1. Read as a probability, its value is "
        "the answer of a classifier with two classes; gates of recurrent networks use it as a switch:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_("Every number {x} becomes"),
            (("x", _x),),
            (
                Relation.equal(
                    At(Name("sigma"), _x), Quotient(Number(1), Sum((Number(1), Call("exp", (Negative(_x),)))))
                ),
            ),
        ),
        Remark(
            N_(
                "The derivative is the output times what it lacks to 1, so the backward pass needs the output and not "
                "the input. It is at most 1/4, at 0, and next to nothing where the output is near 0 or 1: a "
                "*saturated* unit hardly learns, and through several sigmoids a gradient fades."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def sigmoid(X: "N D"):
    """Y = 1 / (1 + exp(-X)): the logistic sigmoid.

    Source: Goodfellow, Bengio and Courville, "Deep Learning", MIT Press 2016, section 3.10.
    """
    return let("S", field.sigmoid(X))
