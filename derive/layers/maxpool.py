"""Maximum pooling of images."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through maximum pooling"),
    sizes=(
        ("N", N_("image"), N_("images")),
        ("C", N_("channel"), N_("channels")),
        ("H", N_("row of output"), N_("rows of output")),
        ("W", N_("column of output"), N_("columns of output")),
    ),
    forward=N_(
        "Maximum pooling keeps the largest entry of every square of two by two, and so halves height and width. A "
        "pattern that was found is kept, and where exactly it was found is forgotten. {H} and {W} are height and width "
        "of the output:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "Each entry of {G} goes to the entry that was the largest of its square, and the other three receive "
                "0. If several are the largest there is a kink; by convention one of them receives all, the one that "
                "is compared last."
            )
        ),
    ),
    real_sizes=(("N", 64), ("C", 64), ("H", 56), ("W", 56)),
)


@layer(defaults="N=1 C=1 H=1 W=2", prose=_PROSE)
def maxpool(X: "N C 2*H 2*W"):
    """Y = largest entries of X in squares of two by two: maximum pooling.

    Source: Goodfellow, Bengio and Courville, "Deep Learning", MIT Press 2016, section 9.3; PyTorch documentation,
    torch.nn.MaxPool2d.
    """
    A = let("A", np.maximum(X[:, :, ::2, ::2], X[:, :, ::2, 1::2]))
    B = let("B", np.maximum(X[:, :, 1::2, ::2], X[:, :, 1::2, 1::2]))
    return np.maximum(A, B)
