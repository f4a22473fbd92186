"""Average pooling of images."""

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through average pooling"),
    sizes=(
        ("N", N_("image"), N_("images")),
        ("C", N_("channel"), N_("channels")),
        ("H", N_("row of output"), N_("rows of output")),
        ("W", N_("column of output"), N_("columns of output")),
    ),
    forward=N_(
        "Average pooling replaces every square of two by two entries by its mean, and so halves height and width. {H} "
        "and {W} are those of the output:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "Each entry of {G} is handed to the four entries that were averaged, a quarter to each. The layer is "
                "linear, and the backward pass needs nothing that the forward pass has seen."
            )
        ),
    ),
    real_sizes=(("N", 64), ("C", 64), ("H", 56), ("W", 56)),
)


@layer(defaults="N=1 C=1 H=1 W=2", prose=_PROSE)
def avgpool(X: "N C 2*H 2*W"):
    """Y = means of X over squares of two by two: average pooling.

    Source: PyTorch documentation, torch.nn.AvgPool2d.
    """
    N, C, height, width = X.shape
    return X.reshape(N, C, height // 2, 2, width // 2, 2).mean(axis=(3, 5))
