"""Normalisation of rows to length 1."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through L2 normalisation"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "L2 normalisation divides every row by its length. What is left is a direction, a point on the unit sphere, on "
        "which embeddings are compared by their inner products:"
    ),
    purpose=N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer."),
    remarks=(
        Remark(
            N_(
                "The Jacobian of a row projects onto the plane orthogonal to it and divides by its length: a row of "
                "{dX} is orthogonal to that row of {X}, and small where the row is long. At a row of zeros there is no "
                "direction and no derivative."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def l2norm(X: "N D"):
    """Y = X / |X| in every row: rows of length 1.

    Source: PyTorch documentation, torch.nn.functional.normalize.
    """
    r = let("r", np.sqrt(np.sum(X**2, axis=1, keepdims=True)))
    return X / r
