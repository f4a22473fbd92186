"""The bilinear layer: every output is a quadratic form of two inputs."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through a bilinear layer"),
    sizes=(
        ("N", N_("pair of samples"), N_("pairs of samples")),
        ("D", N_("feature on the left"), N_("features on the left")),
        ("K", N_("feature on the right"), N_("features on the right")),
        ("M", N_("output feature"), N_("output features")),
    ),
    forward=N_(
        "The layer compares two arrays sample by sample: every output has a matrix of weights of its own, and is the "
        "row of {X}, times that matrix, times the row of {Z}. Models of relations between two things use it, since it "
        "weighs every product of a feature of one with a feature of the other:"
    ),
    purpose=N_("{dW} and {db} change the parameters; {dX} and {dZ} go back to the two networks that made the inputs."),
    remarks=(
        Remark(
            N_(
                "The layer is linear in {X} while {Z} is held, and linear in {Z} while {X} is held. So each gradient "
                "is the contraction of {G} with the two arrays that stand beside the one in question, and the one of "
                "{X} contains {Z} but not {X}."
            )
        ),
    ),
    real_sizes=(("N", 64), ("D", 256), ("K", 256), ("M", 64)),
)


@layer(defaults="N=2 D=2 K=3 M=2", prose=_PROSE)
def bilinear(X: "N D", Z: "N K", W: "M D K", b: "M"):
    """Y = X W Z + b: a bilinear form of two inputs for each output.

    Source: PyTorch documentation, torch.nn.Bilinear.
    """
    return np.einsum("nd,mdk,nk->nm", X, W, Z) + b
