"""One step of a long short-term memory."""

import numpy as np

from derive.forward.field import sigmoid
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through an LSTM cell"),
    sizes=(
        ("N", N_("sequence"), N_("sequences")),
        ("D", N_("input feature"), N_("input features")),
        ("M", N_("hidden unit"), N_("hidden units")),
    ),
    forward=N_(
        "A long short-term memory carries two states from step to step: the hidden state {H}, and a memory {C}. Gates, "
        "numbers between 0 and 1, say how much of the memory is kept, how much of a new value is written into it, and "
        "how much of it is shown. The weights of the input gate, the forget gate, the new value and the output gate "
        "stand beside each other in {W}, {U} and {b}; the output has the new hidden state on the left and the new "
        "memory on the right:"
    ),
    purpose=N_(
        "{dH} and {dC} go back to the step before, {dX} to the layer below. The weights are shared by all steps: their "
        "gradients are those of all steps, added up."
    ),
    remarks=(
        Remark(
            N_(
                "From the new memory to the old one leads a product with the forget gate and no matrix: where that "
                "gate is open, a gradient passes through many steps without fading. That is what the cell was made for."
            )
        ),
        Remark(
            N_(
                "Everything else goes through the four gates. Their gradients, beside each other, are multiplied by "
                "the transposes of {X}, {H}, {W} and {U} as in an affine layer."
            )
        ),
    ),
    real_sizes=(("N", 64), ("D", 256), ("M", 512)),
)


@layer(defaults="N=2 D=3 M=2", prose=_PROSE)
def lstm_cell(X: "N D", H: "N M", C: "N M", W: "D 4*M", U: "M 4*M", b: "4*M"):
    """Y = [H, C] after one step: a long short-term memory with input, forget and output gates.

    Source: Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9 (1997); Gers, Schmidhuber and
    Cummins, "Learning to forget", Neural Computation 12 (2000); PyTorch documentation, torch.nn.LSTMCell.
    """
    M = H.shape[1]
    Z = let("Z", X @ W + H @ U + b)
    I = let("I", sigmoid(Z[:, :M]))  # noqa: E741 -- the input gate
    F = let("F", sigmoid(Z[:, M : 2 * M]))
    A = let("A", np.tanh(Z[:, 2 * M : 3 * M]))
    O = let("O", sigmoid(Z[:, 3 * M :]))  # noqa: E741 -- the output gate
    R = let("R", F * C + I * A)
    return np.concatenate([O * np.tanh(R), R], axis=1)
