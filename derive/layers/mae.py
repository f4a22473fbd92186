"""The mean absolute error."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of the mean absolute error"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("output"), N_("outputs"))),
    forward=N_(
        "The mean absolute error averages the distances between predictions {P} and targets {T}. Its best constant "
        "prediction is the median, which outliers do not move:"
    ),
    purpose=N_(
        "{dP} is what the network that predicts receives; {dT} is needed only if the targets are predicted too."
    ),
    remarks=(
        Remark(
            N_(
                "The gradient has the sign of the error and one size for all errors, however small: near the target "
                "steps do not become smaller by themselves. Where prediction and target are equal there is a kink, "
                "and the derivative is taken to be 0, as in PyTorch."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def mae(P: "N D", T: "N D"):
    """y = mean(|P - T|): the mean absolute error of predictions.

    Source: PyTorch documentation, torch.nn.L1Loss.
    """
    return np.mean(np.abs(P - T))
