"""Names, entries, indices, numbers and sizes in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from derive.notation.accents import accented
from derive.notation.binding import ATOM, POWER, PRODUCT, SUM
from derive.notation.digits import is_size_text, number_text, power_of_ten
from derive.notation.script import GREEK
from derive.notation.tree import Index

__all__ = [
    "axes_text",
    "bound_number",
    "entry_text",
    "escaped",
    "index_text",
    "name_text",
    "shape_text",
    "size_text",
    "worded",
]


def name_text(text: str, kind: str = "scalar") -> str:
    r"""\mathbf{X}_{1} for X_1, a scalar in italics and a word upright."""
    if kind == "code":
        return rf"\texttt{{{escaped(text)}}}"
    body, *subscripts = text.split("_")
    letter, accent = accented(body)
    if accent:
        symbol = rf"\{accent}{{{name_text(letter, kind)}}}"
    elif body in GREEK:
        symbol = rf"\boldsymbol{{\{body}}}" if kind != "scalar" else rf"\{body}"
    elif len(body) > 1:
        symbol = rf"\mathrm{{{escaped(body)}}}" if kind == "scalar" else rf"\mathbf{{{escaped(body)}}}"
    else:
        symbol = body if kind == "scalar" else rf"\mathbf{{{body}}}"
    return symbol + (rf"_{{{escaped(','.join(filter(None, subscripts)))}}}" if any(subscripts) else "")


def entry_text(letter: str, index: tuple[Index, ...]) -> str:
    """x_{12}; what a letter has below it stands above in parentheses."""
    name, *subscripts = letter.split("_")
    plain, accent = accented(name)
    symbol = rf"\{plain}" if plain in GREEK else (plain if len(plain) == 1 else rf"\mathit{{{escaped(plain)}}}")
    symbol = rf"\{accent}{{{symbol}}}" if accent else symbol
    if not index:
        return symbol + (rf"_{{{escaped(','.join(subscripts))}}}" if any(subscripts) else "")
    if any(subscripts):
        symbol = rf"{symbol}^{{({escaped(','.join(subscripts))})}}"
    return rf"{symbol}_{{{index_text(index)}}}"


def index_text(index: tuple[Index, ...]) -> str:
    """12 for row 1, column 2; with commas once a number has two digits, or a letter has two characters."""
    written = [str(i + 1) if isinstance(i, int) else i for i in index]
    return ("," if any(len(part) > 1 for part in written) else "").join(written)


def bound_number(value: int | Fraction | str) -> tuple[str, int]:
    """A number or a size, and how tightly it binds."""
    if (power := power_of_ten(value)) is not None:
        return rf"10^{{{power}}}", POWER
    text = number_text(value)
    if is_size_text(text):
        return size_text(text), SUM if "+" in text or "-" in text else PRODUCT
    if "/" in text:
        over, under = text.split("/")
        sign = "-" if over.startswith("-") else ""
        return rf"{sign}\frac{{{over.removeprefix('-')}}}{{{under}}}", SUM if sign else ATOM
    return (name_text(text) if text[:1].isalpha() else _grouped(text)), SUM if text.startswith("-") else ATOM


def _grouped(digits: str) -> str:
    """262144 as 262 144; numbers of four digits stay together."""
    if not digits.isdecimal() or len(digits) < 5:
        return digits
    return f"{int(digits):,}".replace(",", r"\,")


def shape_text(sizes: Iterable[int | str]) -> str:
    r"""N \times D."""
    several = len(tuple(sizes := tuple(sizes))) > 1

    def one(size: int | str) -> str:
        if not isinstance(size, str):
            return _grouped(str(size))
        written = size_text(size)
        return f"({written})" if several and ("+" in written or "-" in written) else written

    return r" \times ".join(map(one, sizes))


def axes_text(axes: tuple[int, ...]) -> str:
    """axis 1, counted from 0 as in code."""
    return f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(str(axis) for axis in axes)}"


def size_text(text: str) -> str:
    """N, D+1 or 2 P + R - 1 without spaces, a product without its sign."""

    def one(word: re.Match[str]) -> str:
        return name_text(word[0])

    return re.sub(r"[A-Za-z]\w*", one, text.replace(" ", "").replace("**", "^").replace("*", r"\,"))


def worded(function: str) -> str:
    """The name of a function, log softmax for log_softmax."""
    return escaped(function.replace("_", " ")).replace(" ", r"\,")


def escaped(text: str) -> str:
    """Words that mean nothing to TeX."""
    return "".join(rf"\{c}" if c in "#$%&_{}" else c for c in text if c not in "\\^~")
