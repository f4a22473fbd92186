"""The negative log-likelihood of the right classes."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of the negative log-likelihood"),
    sizes=(("N", N_("sample"), N_("samples")), ("K", N_("class"), N_("classes"))),
    forward=N_(
        "The negative log-likelihood is the loss that follows log-softmax in a classifier: of the logarithms of "
        "probabilities in a row of {P} it takes the one of the right class, and averages over samples. Row {i} of {T} "
        "has a 1 at the class of sample {i} and zeros elsewhere:"
    ),
    purpose=N_("{dP} is what log-softmax receives. {dT} would be needed only if the classes were predicted too."),
    remarks=(
        Remark(
            N_(
                "The loss is linear, so its gradient does not depend on {P}: every row receives the same amount, at "
                "the right class. What makes the gradient of a classifier depend on its answer is log-softmax."
            )
        ),
    ),
    real_sizes=(("N", 64), ("K", 1000)),
    targets=(("T", "one-hot"),),
)


@layer(defaults="N=2 K=3", prose=_PROSE)
def nll(P: "N K", T: "N K"):
    """y = -sum(T P) / N: the negative log-likelihood, from logarithms of probabilities and rows with a single 1.

    Source: PyTorch documentation, torch.nn.NLLLoss.
    """
    return -np.sum(T * P) / P.shape[0]
