"""A residual block."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through a residual block"),
    sizes=(
        ("N", N_("sample"), N_("samples")),
        ("D", N_("feature"), N_("features")),
        ("K", N_("hidden unit"), N_("hidden units")),
    ),
    forward=N_(
        "A residual block adds to its input what a small network makes of it. It has only to learn the difference, and "
        "networks with hundreds of such blocks can be trained:"
    ),
    purpose=N_("{dW} and {dV} change the parameters; {dX} becomes the upstream gradient of the block before."),
    remarks=(
        Remark(
            N_(
                "The input goes two ways, so its gradient has two terms, and the first is {G} itself: whatever the "
                "weights do, the upstream gradient arrives at the block before undiminished. At 0 the derivative of "
                "ReLU is taken to be 0."
            )
        ),
    ),
    real_sizes=(("N", 64), ("D", 768), ("K", 3072)),
)


@layer(defaults="N=2 D=2 K=3", prose=_PROSE)
def residual(X: "N D", W: "D K", V: "K D"):
    """Y = X + max(X W, 0) V: a block that adds to its input what it makes of it.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, arXiv:1512.03385.
    """
    Z = let("Z", X @ W)
    H = let("H", np.maximum(Z, 0))
    return X + H @ V
