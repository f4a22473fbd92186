"""Maxout with two pieces."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through maxout"),
    sizes=(
        ("N", N_("sample"), N_("samples")),
        ("D", N_("input feature"), N_("input features")),
        ("M", N_("output feature"), N_("output features")),
    ),
    forward=N_(
        "Maxout computes affine functions of its input and keeps the largest, here of two. The activation is learnt "
        "with the weights: ReLU is the case in which one of the two is zero, and any convex function can be "
        "approximated by more of them:"
    ),
    purpose=N_(
        "{dW}, {db}, {dV} and {dc} change the parameters; {dX} becomes the upstream gradient of the previous layer."
    ),
    remarks=(
        Remark(
            N_(
                "The upstream gradient goes to whichever of the two was larger, entry by entry, and from there on as "
                "in an affine layer. Where both are equal there is a kink; by convention the second one is taken."
            )
        ),
    ),
    real_sizes=(("N", 64), ("D", 1024), ("M", 1024)),
)


@layer(defaults="N=2 D=3 M=2", prose=_PROSE)
def maxout(X: "N D", W: "D M", b: "M", V: "D M", c: "M"):
    """Y = max(X W + b, X V + c): the larger of two affine functions.

    Source: Goodfellow, Warde-Farley, Mirza, Courville and Bengio, "Maxout networks", ICML 2013, arXiv:1302.4389.
    """
    A = let("A", X @ W + b)
    B = let("B", X @ V + c)
    return np.maximum(A, B)
