"""The hyperbolic tangent."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through tanh"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "The hyperbolic tangent squeezes every number into the interval from minus 1 to 1. It is a sigmoid that is "
        "centred at 0, which is why recurrent networks prefer it for their states:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "The derivative is 1 minus the square of the output: 1 at 0, and next to nothing where the output is "
                "near minus 1 or 1. The backward pass needs the output and not the input."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def tanh(X: "N D"):
    """Y = tanh X: the hyperbolic tangent.

    Source: LeCun, Bottou, Orr and Müller, "Efficient BackProp", in Neural Networks: Tricks of the Trade, Springer 1998.
    """
    return let("T", np.tanh(X))
