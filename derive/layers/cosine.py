"""The cosine distance between rows."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of the cosine distance"),
    sizes=(("N", N_("pair of vectors"), N_("pairs of vectors")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "The cosine distance compares directions and ignores lengths: it is 1 minus the cosine of the angle between a "
        "row of {A} and the same row of {B}, averaged over the rows. Embeddings are trained and compared with it:"
    ),
    purpose=N_("{dA} and {dB} go back to the two networks, often one and the same, that made the embeddings."),
    remarks=(
        Remark(
            N_(
                "Making a row longer changes nothing, so each row of a gradient is orthogonal to the row it belongs "
                "to. It is the other direction, less its share along the own one, divided by the length."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def cosine(A: "N D", B: "N D"):
    """y = mean(1 - cos(A, B)): the cosine distance of the rows of two matrices.

    Source: PyTorch documentation, torch.nn.CosineEmbeddingLoss with target 1.
    """
    r = let("r", np.sqrt(np.sum(A**2, axis=1)))
    s = let("s", np.sqrt(np.sum(B**2, axis=1)))
    c = let("c", np.sum(A * B, axis=1) / (r * s))
    return np.mean(1 - c)
