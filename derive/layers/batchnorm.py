"""Batch normalisation, as in training."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.layers.prose.normalised import ADDED
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through batch normalisation"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "Batch normalisation gives every feature mean 0 and variance 1 over the batch, and then a scale {gamma} and a "
        "shift {beta} that are learnt. It keeps the inputs of the next layer in one range while the layers before it "
        "change:"
    ),
    purpose=N_("{dgamma} and {dbeta} change the parameters; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "Mean and variance depend on every sample, so the gradient of a sample contains those of all others in "
                "the batch. It has three terms: the scaled upstream gradient, less its mean over the batch, less its "
                "share along the normalised values. That is what is left when shifting and stretching a feature change "
                "nothing."
            )
        ),
        Remark(
            N_(
                "This is the layer as in training; when a trained network is used, mean and variance are constants and "
                "the layer is affine. The variance is divided by {N}, not by {N} less 1, and {small} is added to it."
            ),
            ADDED,
        ),
    ),
)


@layer(defaults="N=3 D=2", prose=_PROSE)
def batchnorm(X: "N D", gamma: "D", beta: "D"):
    """Batch normalisation as in training: every column gets mean 0 and variance 1, then a scale and a shift.

    Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate
    shift", ICML 2015, arXiv:1502.03167, algorithm 1.
    """
    mu = let("mu", X.mean(axis=0, keepdims=True))
    sigma = let("sigma", np.sqrt(np.mean((X - mu) ** 2, axis=0, keepdims=True) + 1e-5))
    xhat = let("Xhat", (X - mu) / sigma)
    return gamma * xhat + beta
