"""Letters and digits as plain text raises and lowers them: x₁₂, ℝ²ˣ³, θ."""

from __future__ import annotations

from collections.abc import Iterable

from derive.notation.tree import Index

__all__ = [
    "GREEK",
    "entry_text",
    "greek",
    "greek_name",
    "index_text",
    "name_text",
    "raised",
    "shape_text",
    "size_text",
    "space_text",
]

_LOWERED = dict(
    zip("0123456789+-=()aehijklmnoprstuvx,", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ,", strict=True),
)
_RAISED = dict(
    zip(
        "0123456789+-−=()×abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ˣᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ",
        strict=True,
    )
)
_GREEK_NAMES = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega
    Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True))
"""The letters by their names."""

_NAMES = {letter: name for name, letter in GREEK.items()}


def greek(word: str) -> str:
    """The Greek letter of that name, or the word itself."""
    return GREEK.get(word, word)


def greek_name(letter: str) -> str:
    """delta for δ; "" for what is no Greek letter."""
    return _NAMES.get(letter, "")


def _lowered(text: str) -> str:
    """The text as a subscript, or x_N where a letter has no lowered form."""
    return "".join(_LOWERED[character] for character in text) if _can_be_lowered(text) else f"_{text}"


def _can_be_lowered(text: str) -> bool:
    return all(character in _LOWERED for character in text)


def raised(text: str) -> str:
    """The text as a superscript; what has no raised form is written ^C, or ^(N×C) when it is longer."""
    if all(character in _RAISED for character in text):
        return "".join(_RAISED[character] for character in text)
    return f"^{text}" if len(text) == 1 else f"^({text})"


def index_text(index: Iterable[Index]) -> str:
    """₁₂ for row 1, column 2; with commas once a number has two digits, or a letter has two characters: ₁₂,₃.

    Letters that have no lowered form are written x_N and x_(i,N).
    """
    written = [str(i + 1) if isinstance(i, int) else i for i in index]
    if len(written) > 1 and not all(map(_can_be_lowered, written)):
        return f"_({','.join(written)})"
    return _lowered(("," if any(len(part) > 1 for part in written) else "").join(written))


def entry_text(letter: str, index: tuple[Index, ...]) -> str:
    """x₁₂; what follows an underscore in the letter is raised: g⁽ʸ⁾₁₂."""
    name, *subscripts = letter.split("_")
    below = ",".join(filter(None, subscripts))
    if not below:
        return greek(name) + (index_text(index) if index else "")
    return greek(name) + (raised(f"({below})") + index_text(index) if index else _lowered(below))


def name_text(text: str) -> str:
    """X, θ, or x₁ for the name x_1."""
    name, *subscripts = text.split("_")
    below = ",".join(filter(None, subscripts))
    return greek(name) + (_lowered(below) if below else "")


def shape_text(sizes: Iterable[int | str]) -> str:
    """2×3, N×D."""
    sizes = tuple(sizes)

    def one(size: int | str) -> str:
        terms = size_text(str(size)).replace(" ", "")
        return f"({terms})" if len(sizes) > 1 and ("+" in terms or "−" in terms) else terms

    return "×".join(map(one, sizes))


def size_text(text: str) -> str:
    """2M for 2*M, H + K − 1 for H + K - 1."""

    def factor(word: str) -> str:
        base, _, power = word.partition("^")
        return name_text(base) + raised(power)

    def term(product: str) -> str:
        return "".join(map(factor, product.replace("**", "^").split("*")))

    return " ".join("−" if word == "-" else word if word == "+" else term(word) for word in text.split(" "))


def space_text(sizes: tuple[int | str, ...]) -> str:
    """ℝ, ℝ⁶, ℝᴺˣᴰ."""
    return "ℝ" + (raised(shape_text(sizes)) if sizes else "")
