"""Self-attention with several heads."""

import numpy as np

from derive.forward import field
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through multi-head attention"),
    sizes=(
        ("H", N_("head"), N_("heads")),
        ("N", N_("position"), N_("positions")),
        ("D", N_("feature of a head"), N_("features of a head")),
        ("M", N_("output feature"), N_("output features")),
    ),
    forward=N_(
        "Several heads attend side by side, each with queries, keys and values of its own, which linear layers have "
        "made of one sequence, so that each can look for something else. A matrix for each head leads to the {M} "
        "features of the output, and the heads are added up:"
    ),
    purpose=N_("{dQ}, {dK} and {dV} go back to the linear layers that made them; {dW} changes the weights."),
    remarks=(
        Remark(
            N_(
                "The upstream gradient reaches every head through that head's own matrix, and from there on each head "
                "is attention by itself: no entry of one head's gradient contains anything of another head. Writing "
                "the results of the heads beside each other and multiplying by one large matrix, as most code does, is "
                "the same as multiplying each by its own matrix and adding."
            )
        ),
    ),
    real_sizes=(("H", 12), ("N", 512), ("D", 64), ("M", 768)),
)


@layer(defaults="H=2 N=2 D=1 M=2", prose=_PROSE)
def multihead_attention(Q: "H N D", K: "H N D", V: "H N D", W: "H D M"):
    """Y = sum of softmax(Q K.T / sqrt(D)) V W over heads: self-attention with several heads.

    Source: Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin, "Attention is all you need",
    NeurIPS 2017, arXiv:1706.03762, section 3.2.2.
    """
    Z = let("Z", np.einsum("hnd,hmd->hnm", Q, K))
    P = let("P", field.softmax(Z / Q.shape[2] ** 0.5, axis=2))
    return np.einsum("hnm,hmd,hdk->nk", P, V, W)
