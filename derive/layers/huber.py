"""Huber's loss: squares near the target, distances far from it."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of the Huber loss"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("output"), N_("outputs"))),
    forward=N_(
        "Huber's loss is half the square of errors up to 1, and grows like their distance beyond. It has the smooth "
        "minimum of squares, and outliers pull no harder than with absolute values:"
    ),
    purpose=N_(
        "{dP} is what the network that predicts receives; {dT} is needed only if the targets are predicted too."
    ),
    remarks=(
        Remark(
            N_(
                "The gradient is the error, clipped to the interval from minus 1 to 1, and divided by the number of "
                "entries. Where the branches meet, both have slope 1: there is no kink."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def huber(P: "N D", T: "N D"):
    """y = mean of |E| - 1/2 where |E| > 1, else E**2/2, for errors E = P - T.

    Source: Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964); PyTorch
    documentation, torch.nn.HuberLoss with delta=1.
    """
    E = let("E", P - T)
    return np.mean(np.where(np.abs(E) > 1, np.abs(E) - 1 / 2, E**2 / 2))
