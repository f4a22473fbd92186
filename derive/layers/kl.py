"""The Kullback-Leibler divergence between rows of probabilities."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of the Kullback-Leibler divergence"),
    sizes=(("N", N_("pair of distributions"), N_("pairs of distributions")), ("K", N_("outcome"), N_("outcomes"))),
    forward=N_(
        "The Kullback-Leibler divergence says how badly the distribution in a row of {Q} stands for that in the same "
        "row of {P}. It is 0 if both are equal and positive otherwise, and not symmetric. Here it is averaged over the "
        "rows:"
    ),
    purpose=N_("In most uses {P} is given and {dQ} is what goes back; variational inference uses {dP}."),
    remarks=(
        Remark(
            N_(
                "The gradients are those of the formula, with all entries free: that rows add up to 1 is not used. A "
                "step along them must be brought back to distributions, or be taken on scores behind a softmax, whose "
                "gradient sees to it."
            )
        ),
    ),
    real_sizes=(("N", 64), ("K", 1000)),
)


@layer(defaults="N=2 K=3", prose=_PROSE)
def kl(P: "N K", Q: "N K"):
    """y = sum(P (log P - log Q)) / N: the Kullback-Leibler divergence of Q from P.

    Source: Kullback and Leibler, "On information and sufficiency", Annals of Mathematical Statistics 22 (1951);
    PyTorch documentation, torch.nn.KLDivLoss with reduction="batchmean".
    """
    return np.sum(P * (np.log(P) - np.log(Q))) / P.shape[0]
