"""Self-attention with several heads."""

import numpy as np

from derive.forward import field
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through multi-head attention"),
    sizes=(
        ("N", N_("position"), N_("positions")),
        ("D", N_("feature"), N_("features")),
        ("H", N_("head"), N_("heads")),
        ("K", N_("feature of a head"), N_("features of a head")),
    ),
    forward=N_(
        "Self-attention makes queries, keys and values of one sequence {X} by three matrices of weights. Several heads "
        "do so side by side, each with smaller matrices of its own, so that each can look for something else; a last "
        "matrix for each head leads back to {D} features, and the heads are added up:"
    ),
    purpose=N_("{dX} becomes the upstream gradient of the block before; the others change the weights."),
    remarks=(
        Remark(
            N_(
                "The sequence enters three times, as queries, as keys and as values, so its gradient is a sum of three "
                "terms, and each of them a sum over the heads. Writing the results of the heads beside each other and "
                "multiplying by one large matrix, as most code does, is the same as multiplying each by its own matrix "
                "and adding."
            )
        ),
    ),
    real_sizes=(("N", 512), ("D", 768), ("H", 12), ("K", 64)),
)


@layer(defaults="N=2 D=3 H=2 K=1", prose=_PROSE)
def multihead_attention(X: "N D", W_Q: "H D K", W_K: "H D K", W_V: "H D K", W_O: "H K D"):
    """Y = Σ softmax(Q Kᵀ / √K) V W over heads: self-attention with several heads.

    Source: Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin, "Attention is all you need",
    NeurIPS 2017, arXiv:1706.03762, section 3.2.2.
    """
    Q = let("Q", np.einsum("nd,hdk->hnk", X, W_Q))
    R = let("R", np.einsum("nd,hdk->hnk", X, W_K))
    V = let("V", np.einsum("nd,hdk->hnk", X, W_V))
    P = let("P", field.softmax(np.einsum("hnk,hmk->hnm", Q, R) / W_Q.shape[2] ** 0.5, axis=2))
    return np.einsum("hnm,hmk,hkd->nd", P, V, W_O)
