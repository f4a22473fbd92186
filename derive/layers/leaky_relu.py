"""The leaky rectified linear unit."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through leaky ReLU"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "Leaky ReLU keeps what is positive, and of what is negative a hundredth. A unit that is negative for every "
        "sample still receives a gradient, and can become positive again:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "At 0 the slope jumps from 0.01 to 1, and there is no derivative. The convention here is that of "
                "PyTorch: 0 counts as negative, so the slope there is 0.01."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def leaky_relu(X: "N D"):
    """Y = X where X > 0, else X/100: a rectifier that never stops the gradient.

    Source: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013.
    """
    return np.where(X > 0, X, 0.01 * X)
