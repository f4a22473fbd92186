"""Convolution of images."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_SIZES = (
    ("N", N_("image"), N_("images")),
    ("C", N_("input channel"), N_("input channels")),
    ("H", N_("row of output"), N_("rows of output")),
    ("K", N_("row and column of a filter"), N_("rows and columns of a filter")),
    ("W", N_("column of output"), N_("columns of output")),
    ("M", N_("output channel"), N_("output channels")),
)
_REAL = (("N", 64), ("C", 64), ("H", 56), ("K", 3), ("W", 56), ("M", 64))
_PURPOSE = N_("{dF} and {db} change the filters; {dX} becomes the upstream gradient of the previous layer.")
_GRADIENTS = Remark(
    N_(
        "Every weight is used at every place, so its gradient is a sum over places. Every entry of the input is "
        "covered by several places of the filter, so its gradient is a sum over the filter: {G} is convolved with the "
        "filter read backwards. A bias reaches every entry of its channel, and its gradient is the sum over images, "
        "rows and columns."
    )
)

_PLAIN = Prose(
    title=N_("Backpropagation through a 2D convolution"),
    sizes=_SIZES,
    real_sizes=_REAL,
    forward=N_(
        "A convolution slides a filter over an image, and writes down at every place its inner product with the square "
        "that it covers. The same few weights are used at all places, and a pattern is found wherever it is. {H} and "
        "{W} are height and width of the output:"
    ),
    purpose=_PURPOSE,
    remarks=(_GRADIENTS,),
)

_STRIDE = Prose(
    title=N_("Backpropagation through a 2D convolution with stride 2"),
    sizes=_SIZES,
    real_sizes=_REAL,
    forward=N_(
        "With a stride of 2 the filter is moved by two rows or columns at a time, so that the output is about half as "
        "high and half as wide as the input. {H} and {W} are height and width of the output:"
    ),
    purpose=_PURPOSE,
    remarks=(
        _GRADIENTS,
        Remark(
            N_(
                "On the way back the entries of {G} are set apart by zeros, where the filter was not placed, and what "
                "follows is a convolution with stride 1: it is also called a transposed convolution."
            )
        ),
    ),
)

_PADDING = Prose(
    title=N_("Backpropagation through a 2D convolution with padding"),
    sizes=_SIZES,
    real_sizes=_REAL,
    forward=N_(
        "With padding 1 the image gets a border of zeros before the filter slides over it. If the filter has three "
        "rows and columns, the output is as large as the input. {H} and {W} are height and width of the output:"
    ),
    purpose=_PURPOSE,
    remarks=(
        _GRADIENTS,
        Remark(N_("The zeros of the border are constants: what would be their gradient is cut off.")),
    ),
)


@layer(defaults="N=1 C=1 H=2 K=2 W=3 M=1", prose=_PLAIN, variant="stride=1 padding=0")
def conv2d(X: "N C H+K-1 W+K-1", F: "M C K K", b: "M"):
    """Y = windows of X times filters + b: a convolution of images.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", Proceedings of
    the IEEE 86 (1998); PyTorch documentation, torch.nn.Conv2d.
    """
    windows = np.lib.stride_tricks.sliding_window_view(X, F.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,mcij->nmhw", windows, F) + b[:, None, None]


@layer(name="conv2d", defaults="N=1 C=1 H=2 K=2 W=3 M=1", prose=_STRIDE, variant="stride=2")
def conv2d_stride(X: "N C 2*H+K-2 2*W+K-2", F: "M C K K", b: "M"):
    """Y = every second window of X times filters + b: a convolution with stride 2.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, section 2.4.
    """
    windows = np.lib.stride_tricks.sliding_window_view(X, F.shape[2:], axis=(2, 3))[:, :, ::2, ::2]
    return np.einsum("nchwij,mcij->nmhw", windows, F) + b[:, None, None]


@layer(name="conv2d", defaults="N=1 C=1 H=2 K=2 W=3 M=1", prose=_PADDING, variant="padding=1")
def conv2d_padding(X: "N C H+K-3 W+K-3", F: "M C K K", b: "M"):
    """Y = windows of X with a border of zeros times filters + b: a convolution with padding 1.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, section 2.2.
    """
    bordered = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(bordered, F.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,mcij->nmhw", windows, F) + b[:, None, None]
