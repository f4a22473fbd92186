"""The logarithm of softmax along the rows."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through log-softmax"),
    sizes=(("N", N_("sample"), N_("samples")), ("K", N_("class"), N_("classes"))),
    forward=N_(
        "Log-softmax gives the logarithms of the probabilities that softmax would give. Losses need these logarithms, "
        "and computing them at once avoids the logarithm of a probability that has been rounded to 0:"
    ),
    purpose=N_("There is nothing to learn here; {dZ} becomes the upstream gradient of the layer that made the scores."),
    remarks=(
        Remark(
            N_(
                "The gradient is {G} minus the probabilities, weighted by the sum of {G} along each row. If {G} "
                "picks one class out of each row, as the loss of a classifier does, probabilities minus targets are "
                "left."
            )
        ),
    ),
    real_sizes=(("N", 64), ("K", 1000)),
)


@layer(defaults="N=2 K=3", prose=_PROSE)
def log_softmax(Z: "N K"):
    """Y = Z - log sum(exp(Z)) in every row: logarithms of probabilities.

    Source: Goodfellow, Bengio and Courville, "Deep Learning", MIT Press 2016, section 6.2.2.3.
    """
    return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
