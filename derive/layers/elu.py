"""The exponential linear unit."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through ELU"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "The exponential linear unit keeps what is positive and bends what is negative towards minus 1. Its outputs "
        "average closer to 0 than those of ReLU, which speeds up learning in the next layer:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "Both branches have the value 0 and the slope 1 at 0, so the layer is differentiable everywhere. For "
                "negative numbers the slope is the exponential, which is the output plus 1: the backward pass needs no "
                "second exponential."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def elu(X: "N D"):
    """Y = X where X > 0, else exp(X) - 1: the exponential linear unit.

    Source: Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units
    (ELUs)", ICLR 2016, arXiv:1511.07289.
    """
    return np.where(X > 0, X, np.exp(X) - 1)
