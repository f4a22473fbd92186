"""The binary cross entropy of probabilities."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of the binary cross entropy"),
    sizes=(("N", N_("sample"), N_("samples")),),
    forward=N_(
        "The binary cross entropy is the loss of a classifier with two classes. {p} are the probabilities that it "
        "gives the first class, {t} is 1 for samples of that class and 0 for the others:"
    ),
    purpose=N_(
        "{dp} is what the network that predicts receives; {dt} is needed only if the targets are predicted too."
    ),
    remarks=(
        Remark(
            N_(
                "The gradient is the error divided by the variance of a coin with that probability, and grows without "
                "bounds where the network is sure and wrong. Behind a sigmoid the same variance appears as a factor "
                "and cancels: compute both at once, from scores (`derive bce_with_logits`)."
            )
        ),
    ),
    targets=(("t", "binary"),),
)


@layer(defaults="N=3", prose=_PROSE)
def bce(p: "N", t: "N"):
    """y = -mean(t log p + (1 - t) log(1 - p)): the cross entropy of two classes.

    Source: Bishop, "Pattern Recognition and Machine Learning", Springer 2006, equation 4.90; PyTorch documentation,
    torch.nn.BCELoss.
    """
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
