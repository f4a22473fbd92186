"""The mean squared error."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of the mean squared error"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("output"), N_("outputs"))),
    forward=N_(
        "The mean squared error is the loss of regression: the average of the squares of what predictions {P} miss of "
        "targets {T}. It is the negative logarithm of the likelihood if errors are normally distributed, up to "
        "constants:"
    ),
    purpose=N_(
        "{dP} is what the network that predicts receives; {dT} is needed only if the targets are predicted too."
    ),
    remarks=(
        Remark(
            N_(
                "The gradient is proportional to the error, so that an outlier pulls as hard as it is far away. The "
                "average is taken over all entries, as PyTorch does it; who divides by {N} alone, or by 2 {N}, gets "
                "the same gradient times a constant."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def mse(P: "N D", T: "N D"):
    """y = mean((P - T)**2): the mean squared error of predictions.

    Source: PyTorch documentation, torch.nn.MSELoss; Bishop, "Pattern Recognition and Machine Learning", Springer 2006,
    section 1.2.5.
    """
    return np.mean((P - T) ** 2)
