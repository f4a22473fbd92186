"""Layer normalisation."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.layers.prose.normalised import ADDED
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through layer normalisation"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "Layer normalisation gives the features of every sample mean 0 and variance 1, and then every feature a scale "
        "{gamma} and a shift {beta} that are learnt. Samples do not influence each other, and training and use are the "
        "same, which is why transformers have it in every block:"
    ),
    purpose=N_("{dgamma} and {dbeta} change the parameters; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "Each row of {dX} has three terms: the upstream gradient times {gamma}, less its mean, less its share "
                "along the normalised values, all divided by the standard deviation. The row adds up to 0, since "
                "shifting all features of a sample changes nothing."
            )
        ),
        Remark(
            N_("The variance is divided by {D}, not by {D} less 1, and {small} is added to it, as in PyTorch."), ADDED
        ),
    ),
    real_sizes=(("N", 512), ("D", 768)),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def layernorm(X: "N D", gamma: "D", beta: "D"):
    """Layer normalisation: every row gets mean 0 and variance 1, then every column a scale and a shift.

    Source: Ba, Kiros and Hinton, "Layer normalization", arXiv:1607.06450.
    """
    mu = let("mu", X.mean(axis=1, keepdims=True))
    sigma = let("sigma", np.sqrt(np.mean((X - mu) ** 2, axis=1, keepdims=True) + 1e-5))
    xhat = let("Xhat", (X - mu) / sigma)
    return gamma * xhat + beta
