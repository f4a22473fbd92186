"""One step of a simple recurrent network."""

import numpy as np

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through a recurrent cell"),
    sizes=(
        ("N", N_("sequence"), N_("sequences")),
        ("D", N_("input feature"), N_("input features")),
        ("M", N_("hidden unit"), N_("hidden units")),
    ),
    forward=N_(
        "A recurrent network reads a sequence step by step. At each step the cell makes a new hidden state from the "
        "input {X} and the old state {H}, with the same weights at every step:"
    ),
    purpose=N_(
        "{dH} goes back to the step before, {dX} to the layer below. The weights are shared: their gradients {dW}, "
        "{dU} and {db} are those of all steps, added up."
    ),
    remarks=(
        Remark(
            N_(
                "Through {k} steps a gradient is multiplied {k} times by {U} and by slopes of tanh, which are at most "
                "1. So it fades if {U} is small, and may grow without bounds if {U} is large; gated cells were made to "
                "keep it alive."
            )
        ),
    ),
    real_sizes=(("N", 64), ("D", 256), ("M", 512)),
)


@layer(defaults="N=2 D=3 M=2", prose=_PROSE)
def rnn_cell(X: "N D", H: "N M", W: "D M", U: "M M", b: "M"):
    """Y = tanh(X W + H U + b): one step of a simple recurrent network.

    Source: Elman, "Finding structure in time", Cognitive Science 14 (1990); PyTorch documentation, torch.nn.RNNCell.
    """
    return let("T", np.tanh(X @ W + H @ U + b))
