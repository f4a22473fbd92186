"""A multilayer perceptron with one hidden layer."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through a multilayer perceptron"),
    sizes=(
        ("N", N_("sample"), N_("samples")),
        ("D", N_("input feature"), N_("input features")),
        ("K", N_("hidden unit"), N_("hidden units")),
        ("M", N_("output feature"), N_("output features")),
    ),
    forward=N_(
        "The smallest network that can approximate any continuous function: an affine layer, a ReLU, and a second "
        "affine layer. {W} and {b} lead to the hidden units, {V} and {c} from there to the outputs:"
    ),
    purpose=N_("{dW}, {db}, {dV} and {dc} change the parameters; {dX} becomes the gradient of what lies before."),
    remarks=(
        Remark(
            N_(
                "What {V} sends back is masked by the units that were active on the way forward, and the affine layer "
                "below does with it what an affine layer does. A hidden unit that is negative for all samples gives "
                "its row of {dV} and its column of {dW} the value 0. At 0 the derivative of ReLU is taken to be 0."
            )
        ),
    ),
    real_sizes=(("N", 64), ("D", 768), ("K", 3072), ("M", 768)),
)


@layer(defaults="N=2 D=3 K=2 M=1", prose=_PROSE)
def mlp(X: "N D", W: "D K", b: "K", V: "K M", c: "M"):
    """Y = max(X W + b, 0) V + c: a network with one hidden layer.

    Source: Goodfellow, Bengio and Courville, "Deep Learning", MIT Press 2016, section 6.1.
    """
    Z = let("Z", X @ W + b)
    H = let("H", np.maximum(Z, 0))
    return H @ V + c
