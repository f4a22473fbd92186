"""The sigmoid linear unit, also called swish."""

from derive.forward import field
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through SiLU"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "The sigmoid linear unit, also called swish, multiplies every number by its own sigmoid. It looks like a ReLU "
        "whose corner has been rounded, and large language models use it inside their feed-forward layers:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "The slope comes from the product rule and is not monotone: it is 1/2 at 0, exceeds 1 a little for "
                "numbers about 2.4, and is negative below about minus 1.28, where the function has its minimum."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def silu(X: "N D"):
    """Y = X sigmoid(X): the sigmoid linear unit, or swish.

    Source: Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", Neural Networks 107 (2018), arXiv:1702.03118.
    """
    S = let("S", field.sigmoid(X))
    return X * S
