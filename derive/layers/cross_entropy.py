"""Softmax with cross entropy against a matrix of targets."""

import numpy as np

from derive.forward import field
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("The gradient of softmax with cross entropy"),
    sizes=(("N", N_("sample"), N_("samples")), ("K", N_("class"), N_("classes"))),
    forward=N_(
        "The loss of a classifier: softmax turns the scores {Z} into probabilities, and the cross entropy is the "
        "negative logarithm of the probability of the class that is right, averaged over samples. Row {i} of {T} holds "
        "the target probabilities of sample {i}, a single 1 among zeros for a known class:"
    ),
    purpose=N_("{dZ} is what the network that scores receives; {dT} is needed only if the targets are predicted too."),
    remarks=(
        Remark(
            N_(
                "If the targets of each sample add up to 1, the gradient is probabilities minus targets, divided by "
                "{N}: the Jacobian of softmax and the reciprocal of the probability in the derivative of the logarithm "
                "cancel. That is why softmax and cross entropy are computed together, and from scores."
            )
        ),
    ),
    real_sizes=(("N", 64), ("K", 1000)),
    targets=(("T", "one-hot"),),
)


@layer(defaults="N=2 K=3", prose=_PROSE)
def cross_entropy(Z: "N K", T: "N K"):
    """y = -sum(T log softmax(Z)) / N: the loss of a classifier.

    Source: Bishop, "Pattern Recognition and Machine Learning", Springer 2006, equations 4.108 and 4.109; PyTorch
    documentation, torch.nn.CrossEntropyLoss with class probabilities.
    """
    return -np.sum(T * field.log_softmax(Z, axis=1)) / Z.shape[0]
