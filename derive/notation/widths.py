"""How wide names, indices, numbers and sizes are, in em of the text size."""

from __future__ import annotations

from fractions import Fraction

from derive.notation.accents import accented
from derive.notation.digits import is_size_text, number_text, power_of_ten
from derive.notation.glyphs import BOLD, ITALIC
from derive.notation.tex_script import index_text
from derive.notation.tree import Index, Kind

__all__ = [
    "BAR",
    "PARENTHESES",
    "SIZES",
    "THIN",
    "TYPEWRITER",
    "characters",
    "index",
    "name",
    "number",
    "shape",
    "smaller",
]

TYPEWRITER = 0.53
"""A character of code."""

SIZES = (1.0, 0.78, 0.67)
"""Text size, the size of an index, and that of an index of an index."""

_DIGIT = 0.505
PARENTHESES = 0.79

THIN = 0.17
"""The space beside fractions and what is in brackets."""

BAR = 0.23
"""What the bar of a fraction is wider than the wider of its parts."""


def smaller(depth: int, *, display: bool) -> int:
    """The depth of what stands over and under a bar; display is whether fractions are set large."""
    return depth if display else min(depth + 1, 2)


def name(text: str, depth: int, kind: Kind = "scalar") -> float:
    """A name with what stands below it."""
    if kind == "code":
        return TYPEWRITER * len(text) * SIZES[min(depth, 2)]
    body, _, below = text.partition("_")
    body, _ = accented(body)
    # A word is set upright or in text italics, for which bold letters are wide enough.
    widths = ITALIC if kind == "scalar" and (len(body) == 1 or body in ITALIC) else BOLD
    head = widths[body] if body in widths else sum(widths.get(c, 0.6) for c in body)
    return head * SIZES[min(depth, 2)] + (characters(below.replace("_", ","), depth + 1) if below else 0.0)


def characters(text: str, depth: int) -> float:
    """Letters, digits and signs in an index; the name of a Greek letter is one."""
    if text in ITALIC:
        return ITALIC[text] * SIZES[min(depth, 2)] + 0.05
    other = {",": 0.29, "(": 0.4, ")": 0.4, "=": 0.78, ".": 0.29, "-": 0.78}
    widths = (other.get(c, _DIGIT if c.isdecimal() else BOLD.get(c, 0.6)) for c in text)
    return sum(widths) * SIZES[min(depth, 2)] + (0.05 if text else 0.0)


def index(places: tuple[Index, ...], depth: int) -> float:
    """12 below x."""
    return characters(index_text(places), depth + 1)


def number(value: int | Fraction | str, depth: int, display: bool) -> float:
    """A number or a size; display is whether a fraction is set large."""
    if (power := power_of_ten(value)) is not None:
        return 2 * _DIGIT * SIZES[depth] + characters(str(power), depth + 1)
    text = number_text(value)
    if is_size_text(text):
        return characters(text, depth)
    if text[:1].isalpha():
        return name(text, depth)
    sign = 0.79 * SIZES[depth] if text.startswith("-") else 0.0
    over, slash, under = text.removeprefix("-").partition("/")
    if slash:
        inside = smaller(depth, display=display)
        return sign + max(number(over, inside, False), number(under, inside, False)) + BAR
    whole, _, decimals = over.partition(".")
    groups = THIN * ((len(over) - 1) // 3) if not decimals and len(over) > 4 else 0.0
    return sign + (_DIGIT * len(whole + decimals) + 0.29 * bool(decimals) + groups) * SIZES[depth]


def shape(sizes: tuple[int | str, ...]) -> float:
    """N×D in an index."""
    terms = [str(size).split(" + ") for size in sizes]
    sums = sum((0.62 * (len(several) - 1) + PARENTHESES) for several in terms if len(several) > 1)
    return sum(number(term, 1, False) for several in terms for term in several) + sums + 0.62 * (len(sizes) - 1) + 0.05
