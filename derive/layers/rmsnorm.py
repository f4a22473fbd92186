"""Normalisation by the root mean square."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.layers.prose.normalised import ADDED
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through RMS normalisation"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "RMS normalisation divides every sample by the root mean square of its features, and multiplies every feature "
        "by a scale {gamma} that is learnt. It is layer normalisation without the mean and the shift: cheaper, and as "
        "good in large language models:"
    ),
    purpose=N_("{dgamma} changes the parameters; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "Of the three terms of layer normalisation two are left: the upstream gradient times {gamma}, less its "
                "share along the sample itself. Stretching a sample changes next to nothing, so each row of {dX} is "
                "nearly orthogonal to the row of {X}; only {small} under the root keeps it from being exactly so."
            ),
            ADDED,
        ),
    ),
    real_sizes=(("N", 512), ("D", 4096)),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def rmsnorm(X: "N D", gamma: "D"):
    """Y = gamma X / sqrt(mean(X**2) + 1e-5) in every row: normalisation by the root mean square.

    Source: Zhang and Sennrich, "Root mean square layer normalization", NeurIPS 2019, arXiv:1910.07467.
    """
    r = let("r", np.sqrt(np.mean(X**2, axis=1, keepdims=True) + 1e-5))
    return gamma * (X / r)
