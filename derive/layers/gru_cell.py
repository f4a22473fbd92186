"""One step of a gated recurrent unit."""

import numpy as np

from derive.forward.field import sigmoid
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through a GRU cell"),
    sizes=(
        ("N", N_("sequence"), N_("sequences")),
        ("D", N_("input feature"), N_("input features")),
        ("M", N_("hidden unit"), N_("hidden units")),
    ),
    forward=N_(
        "A gated recurrent unit does with one state what a long short-term memory does with two. The reset gate says "
        "how much of the old state {H} the new value sees, and the update gate mixes old state and new value. The "
        "weights of reset gate, update gate and new value stand beside each other in {W}, {U}, {b} and {c}:"
    ),
    purpose=N_(
        "{dH} goes back to the step before, {dX} to the layer below. The weights are shared by all steps: their "
        "gradients are those of all steps, added up."
    ),
    remarks=(
        Remark(
            N_(
                "One way back from the new state to the old is a product with the update gate and no matrix: where the "
                "gate is near 1 the state is copied, and its gradient too."
            )
        ),
        Remark(
            N_(
                "The reset gate acts after the product with {U}, as in PyTorch and cuDNN. In the paper it acts before; "
                "the gradients of {U} differ."
            )
        ),
    ),
    real_sizes=(("N", 64), ("D", 256), ("M", 512)),
)


@layer(defaults="N=2 D=3 M=2", prose=_PROSE)
def gru_cell(X: "N D", H: "N M", W: "D 3*M", U: "M 3*M", b: "3*M", c: "3*M"):
    """Y = (1 - Z) T + Z H after one step: a gated recurrent unit with reset gate R and update gate Z.

    Source: Cho, van Merriënboer, Gulcehre, Bahdanau, Bougares, Schwenk and Bengio, "Learning phrase representations
    using RNN encoder-decoder", EMNLP 2014, arXiv:1406.1078; PyTorch documentation, torch.nn.GRUCell.
    """
    M = H.shape[1]
    A = let("A", X @ W + b)
    B = let("B", H @ U + c)
    R = let("R", sigmoid(A[:, :M] + B[:, :M]))
    Z = let("Z", sigmoid(A[:, M : 2 * M] + B[:, M : 2 * M]))
    T = let("T", np.tanh(A[:, 2 * M :] + R * B[:, 2 * M :]))
    return (1 - Z) * T + Z * H
