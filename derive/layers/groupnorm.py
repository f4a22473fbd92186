"""Group normalisation."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.layers.prose.normalised import ADDED
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through group normalisation"),
    sizes=(
        ("N", N_("sample"), N_("samples")),
        ("J", N_("group"), N_("groups")),
        ("K", N_("channel of a group"), N_("channels of a group")),
    ),
    forward=N_(
        "Group normalisation gives every group of channels of a sample mean 0 and variance 1, and then every channel a "
        "scale {gamma} and a shift {beta} that are learnt. Samples do not influence each other, so it works for small "
        "batches, where batch normalisation does not:"
    ),
    purpose=N_("{dgamma} and {dbeta} change the parameters; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "It is layer normalisation within every group: with one group the two are the same, and so is the "
                "gradient. Channels are written here with their group as an axis of its own; the variance is divided "
                "by {K}, and {small} is added to it."
            ),
            ADDED,
        ),
    ),
    real_sizes=(("N", 64), ("J", 32), ("K", 16)),
)


@layer(defaults="N=1 J=2 K=3", prose=_PROSE)
def groupnorm(X: "N J K", gamma: "J K", beta: "J K"):
    """Group normalisation: every group of channels gets mean 0 and variance 1, then a scale and a shift.

    Source: Wu and He, "Group normalization", ECCV 2018, arXiv:1803.08494.
    """
    mu = let("mu", X.mean(axis=2, keepdims=True))
    sigma = let("sigma", np.sqrt(np.mean((X - mu) ** 2, axis=2, keepdims=True) + 1e-5))
    xhat = let("Xhat", (X - mu) / sigma)
    return gamma * xhat + beta
