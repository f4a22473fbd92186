"""The hinge loss of support vector machines."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of the hinge loss"),
    sizes=(("N", N_("sample"), N_("samples")),),
    forward=N_(
        "The hinge loss is that of support vector machines. {z} are scores and {t} says the class by 1 or minus 1; a "
        "sample whose score has the right sign and is at least 1 costs nothing:"
    ),
    purpose=N_("{dz} is what the network that scores receives; {dt} is needed only if the targets are predicted too."),
    remarks=(
        Remark(
            N_(
                "Only samples inside the margin have a gradient; those are the support vectors. At the corner of the "
                "hinge, where target times score is 1, the derivative is taken to be 0."
            )
        ),
    ),
    targets=(("t", "sign"),),
)


@layer(defaults="N=3", prose=_PROSE)
def hinge(z: "N", t: "N"):
    """y = mean(max(0, 1 - t z)): the loss of support vector machines.

    Source: Bishop, "Pattern Recognition and Machine Learning", Springer 2006, equation 7.45.
    """
    return np.mean(np.maximum(1 - t * z, 0))
