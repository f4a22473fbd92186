"""How a number is written: 2, 1/3, and 0.044715 where that is how one would write it."""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["code_number", "is_decimal", "is_size_text", "number_text", "power_of_ten"]

_PLACES = 24
_SMALLEST = 100
_SMALL = 10_000
_LETTER = re.compile(r"(?<![\w.])[A-Za-z]")

_THOUSANDTHS = 1000
"""In code a fraction of so many parts is a decimal number; on a page it stands above and below a line."""


def is_decimal(value: object) -> bool:
    """Whether a fraction is written with a decimal point: 0.044715, but 1/2, 3/10 and 1/64.

    Example:
        >>> is_decimal(Fraction(1, 100)), is_decimal(Fraction(3, 10)), is_decimal(Fraction(1, 64))
        (True, False, False)
    """
    if not isinstance(value, Fraction) or value.denominator < _SMALLEST or value.denominator % 5:
        return False
    return bool((value * 10**_PLACES).denominator == 1)


def is_size_text(text: str) -> bool:
    """Whether a text is a size that is computed from letters, 2*M or H + K - 1, and neither a number nor one letter.

    Example:
        >>> is_size_text("2*M"), is_size_text("M_1"), is_size_text("1e-05")
        (True, False, False)
    """
    return _LETTER.search(text) is not None and any(sign in text for sign in "*+-")


def number_text(value: int | Fraction | str) -> str:
    """The digits of a number, or the letters of a size.

    Example:
        >>> number_text(Fraction(44715, 1000000)), number_text(Fraction(-1, 3))
        ('0.044715', '-1/3')
    """
    if not isinstance(value, Fraction) or not is_decimal(value):
        return str(value)
    return _decimal(value)


def code_number(value: int | Fraction | str) -> str:
    """The same in code, where 0.5 is shorter than 1 / 2 and reads better beside a sign such as >.

    Example:
        >>> code_number(Fraction(1, 4)), code_number(Fraction(-6, 5)), code_number(Fraction(1, 3))
        ('0.25', '-1.2', '1/3')
    """
    if isinstance(value, Fraction) and _THOUSANDTHS % value.denominator == 0:
        return _decimal(value)
    return number_text(value)


def power_of_ten(value: int | Fraction | str) -> int | None:
    """-5 of 0.00001, whose zeros nobody would count; None of anything else, and of 0.001.

    Example:
        >>> power_of_ten(Fraction(1, 100000)), power_of_ten(Fraction(1, 100)), power_of_ten("0.00001")
        (-5, None, None)
    """
    if not isinstance(value, Fraction) or value.numerator != 1 or value.denominator < _SMALL:
        return None
    zeros = len(str(value.denominator)) - 1
    return -zeros if value.denominator == 10**zeros else None


def _decimal(value: Fraction) -> str:
    digits = str(abs(value) * 10**_PLACES).rjust(_PLACES + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + digits[:-_PLACES] + "." + digits[-_PLACES:].rstrip("0")
