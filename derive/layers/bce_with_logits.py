"""The binary cross entropy of scores: sigmoid and loss in one."""

import numpy as np

from derive.forward import field
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of the binary cross entropy with logits"),
    sizes=(("N", N_("sample"), N_("samples")),),
    forward=N_(
        "The binary cross entropy of a sigmoid is computed from the scores {z} at once. With {t} equal to 0 or 1, the "
        "logarithm of the sigmoid and that of what it lacks to 1 combine to a softplus, which never takes the "
        "logarithm of 0:"
    ),
    purpose=N_("{dz} is what the network that scores receives; {dt} is needed only if the targets are predicted too."),
    remarks=(
        Remark(
            N_(
                "Probability minus target, averaged: the denominators of sigmoid and logarithm have cancelled. A "
                "sample on which the network is sure and wrong still has a gradient of full size."
            )
        ),
    ),
    targets=(("t", "binary"),),
)


@layer(defaults="N=3", prose=_PROSE)
def bce_with_logits(z: "N", t: "N"):
    """y = mean(log(1 + exp(z)) - t z): sigmoid and binary cross entropy in one.

    Source: Bishop, "Pattern Recognition and Machine Learning", Springer 2006, equations 4.90 and 4.91; PyTorch
    documentation, torch.nn.BCEWithLogitsLoss.
    """
    return np.mean(field.softplus(z) - t * z)
