"""The rectified linear unit."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through ReLU"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "The rectified linear unit keeps what is positive and replaces the rest by 0. It costs a comparison, and where "
        "it lets a number through it lets the gradient through unchanged, so that gradients do not fade in deep "
        "networks:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "At 0 the function has a kink and no derivative. The convention here is that of PyTorch and "
                "TensorFlow: the derivative is 0 there. Any number from 0 to 1 would be a subgradient."
            )
        ),
        Remark(
            N_(
                "A unit that is negative for every sample receives no gradient and cannot recover: it is called "
                "*dead*. Leaky variants keep a small slope for that reason."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def relu(X: "N D"):
    """Y = max(X, 0): the rectified linear unit.

    Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
    """
    return np.maximum(X, 0)
