"""Scaled dot-product attention."""

from derive.forward import field
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_SIZES = (
    ("N", N_("query"), N_("queries")),
    ("D", N_("feature of queries and keys"), N_("features of queries and keys")),
    ("M", N_("key"), N_("keys")),
    ("E", N_("feature of values"), N_("features of values")),
)
_REAL = (("N", 512), ("D", 64), ("M", 512), ("E", 64))
_PURPOSE = N_("{dQ}, {dK} and {dV} go back to the three linear layers that made queries, keys and values.")
_SOFTMAX = Remark(
    N_(
        "The way back passes through the values, then through softmax row by row, then through the scores. The "
        "gradients of {Q} and {K} contain the probabilities twice: where one of them is near 1 and the others near 0, "
        "softmax is saturated and hardly any gradient passes. Dividing by the square root of {D} keeps scores small "
        "for that reason."
    )
)

_PROSE = Prose(
    title=N_("Backpropagation through attention"),
    sizes=_SIZES,
    real_sizes=_REAL,
    forward=N_(
        "Attention looks something up: each row of {Q} is compared with all rows of {K} by inner products, softmax "
        "turns the scores into weights that add up to 1, and the output is the average of the rows of {V} with these "
        "weights. Transformers consist of it and of affine layers:"
    ),
    purpose=_PURPOSE,
    remarks=(_SOFTMAX,),
)

_MASKED = Prose(
    title=N_("Backpropagation through masked attention"),
    sizes=_SIZES,
    real_sizes=_REAL,
    forward=N_(
        "Masked attention adds a matrix {B} to the scores before softmax. A large negative number there hides a key "
        "from a query, the future from the past for example; other values favour keys by their distance:"
    ),
    purpose=N_(
        "{dQ}, {dK} and {dV} go back to the three linear layers that made queries, keys and values. {dB} is the "
        "gradient of the scores; it is needed where the mask is learnt, as a bias by position is."
    ),
    remarks=(
        _SOFTMAX,
        Remark(
            N_(
                "A key that the mask hides has weight 0, and every entry of the gradient of a score has its weight as "
                "a factor. So nothing flows back through what is hidden, and no second mask is needed."
            )
        ),
    ),
)


@layer(defaults="N=2 D=2 M=3 E=2", prose=_PROSE, variant="mask=none")
def attention(Q: "N D", K: "M D", V: "M E"):
    """Y = softmax(Q K.T / sqrt(D)) V: scaled dot-product attention.

    Source: Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin, "Attention is all you need",
    NeurIPS 2017, arXiv:1706.03762, equation 1.
    """
    Z = let("Z", Q @ K.T)
    P = let("P", field.softmax(Z / Q.shape[1] ** 0.5, axis=1))
    return P @ V


@layer(name="attention", defaults="N=2 D=2 M=3 E=2", prose=_MASKED, variant="mask=given")
def attention_masked(Q: "N D", K: "M D", V: "M E", B: "N M"):
    """Y = softmax(Q Kᵀ / √D + B) V: what is added to the scores hides keys, or favours them.

    Source: PyTorch documentation, torch.nn.functional.scaled_dot_product_attention with a mask of floats.
    """
    Z = let("Z", Q @ K.T)
    P = let("P", field.softmax(Z / Q.shape[1] ** 0.5 + B, axis=1))
    return P @ V
