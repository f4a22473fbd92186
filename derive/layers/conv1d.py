"""Convolution along one axis."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through a 1D convolution"),
    sizes=(
        ("N", N_("sample"), N_("samples")),
        ("C", N_("input channel"), N_("input channels")),
        ("K", N_("entry of a filter"), N_("entries of a filter")),
        ("T", N_("place of a filter"), N_("places of a filter")),
        ("M", N_("output channel"), N_("output channels")),
    ),
    forward=N_(
        "A convolution slides a filter along a signal, and writes down at every place its inner product with the {K} "
        "entries that it covers. The same few weights are used at all places, and a pattern is found wherever it is:"
    ),
    purpose=N_("{dF} and {db} change the filters; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "Every weight is used at every place, so its gradient is a sum over places: the convolution of the "
                "input with {G}. Every entry of the input is covered by several places of the filter, so its gradient "
                "is a sum over the filter: the convolution of {G}, with zeros around it, with the filter read "
                "backwards."
            )
        ),
        Remark(
            N_(
                "Mathematicians call this a correlation, and a convolution what reads the filter backwards already on "
                "the way forward. Since filters are learnt, it makes no difference."
            )
        ),
    ),
    real_sizes=(("N", 64), ("C", 64), ("K", 3), ("T", 256), ("M", 64)),
)


@layer(defaults="N=1 C=1 K=2 T=3 M=2", prose=_PROSE)
def conv1d(X: "N C T+K-1", F: "M C K", b: "M"):
    """Y = windows of X times filters + b: a convolution along the last axis.

    Source: Goodfellow, Bengio and Courville, "Deep Learning", MIT Press 2016, section 9.1; PyTorch documentation,
    torch.nn.Conv1d.
    """
    windows = np.lib.stride_tricks.sliding_window_view(X, F.shape[2], axis=2)
    return np.einsum("nctk,mck->nmt", windows, F) + b[:, None]
