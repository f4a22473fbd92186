"""Signs that the fonts of text lack and those of mathematics have: Greek letters, operators, raised and lowered."""

from __future__ import annotations

from derive.notation.script import GREEK

__all__ = ["SIGNS"]

_OTHERS = {
    **dict(zip("∂∇∑∏∫√∞≤≥≠≈∈∉⊂∪∩⊙⊗⊕→←⇒∀∃", (
        *("partial", "nabla", "sum", "prod", "int", "surd", "infty", "leq", "geq", "neq", "approx", "in", "notin"),
        *("subset", "cup", "cap", "odot", "otimes", "oplus", "rightarrow", "leftarrow", "Rightarrow", "forall"),
        "exists",
    ), strict=True)),
    "∗": "ast",
    "∘": "circ",
    "⊤": "top",
    "⋅": "cdot",
    "ℓ": "ell",
    "†": "dagger",
    "≡": "equiv",
    "∝": "propto",
    "⋯": "cdots",
    "ϵ": "epsilon",
    "ϕ": "phi",
}  # fmt: skip

SIGNS = {
    **{sign: rf"\{name}" for name, sign in GREEK.items()},
    **{sign: rf"\{name}" for sign, name in _OTHERS.items()},
    **{sign: rf"_{digit}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{sign: rf"^{digit}" for digit, sign in zip("0456789", "⁰⁴⁵⁶⁷⁸⁹", strict=True)},
    "−": "-",
    "ᵀ": r"^{\mathsf{T}}",
    "\u0302": r"\hat{\ }",
}
"""The LaTeX of each, for mathematics mode."""
