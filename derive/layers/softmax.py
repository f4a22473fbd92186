"""Softmax along the rows."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through softmax"),
    sizes=(("N", N_("sample"), N_("samples")), ("K", N_("class"), N_("classes"))),
    forward=N_(
        "Softmax turns the {K} scores of a sample into probabilities: the exponentials are positive, and divided by "
        "their sum they add up to 1. The largest score gets the largest share, and unlike the maximum it has a "
        "gradient:"
    ),
    purpose=N_("There is nothing to learn here; {dZ} becomes the upstream gradient of the layer that made the scores."),
    remarks=(
        Remark(
            N_(
                "Every probability of a row depends on every score of that row, so the Jacobian has a full block for "
                "each sample. It is symmetric, and each of its rows adds up to 0: adding one number to all scores of "
                "a sample changes nothing. Therefore each row of {dZ} adds up to 0 as well."
            )
        ),
        Remark(
            N_(
                "For the same reason code may subtract the largest score of each row before it takes exponentials, "
                "which keeps them from overflowing, without changing the result or the gradient."
            )
        ),
    ),
    real_sizes=(("N", 64), ("K", 1000)),
)


@layer(defaults="N=2 K=3", prose=_PROSE)
def softmax(Z: "N K"):
    """Y = exp(Z) / sum(exp(Z)) in every row: scores become probabilities.

    Source: Goodfellow, Bengio and Courville, "Deep Learning", MIT Press 2016, section 6.2.2.3.
    """
    return let("S", np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True))
