"""Says large numbers: digits in groups or powers of ten, bytes in binary units, shares of zeros."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derive.document.blocks import Math, Runs, Text
from derive.locale import N_
from derive.notation.tree import Number, Power

__all__ = ["counted", "memory", "shape", "zeros"]

_GAP = "\u202f"
_MOST_DIGITS = 13
_ROUND = 6
_MOST_OF = 100_000
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")
_DECIMAL = ("kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


def counted(number: int) -> Runs:
    """68 719 476 736; 10⁹ and 4 × 10³⁶ where they are exact, and about 4.40 × 10¹⁸ for a number of too many digits."""
    digits = str(number)
    head = digits.rstrip("0")
    if number and len(digits) - len(head) >= _ROUND and len(head) == 1:
        return _scaled(head if head != "1" else "", len(digits) - len(head))
    if len(digits) <= _MOST_DIGITS:
        return (Text(_grouped(number)),)
    exponent = len(digits) - 1
    scaled = round(Fraction(number, 10 ** (exponent - 2)))
    if scaled == 1000:
        scaled, exponent = 100, exponent + 1
    return _scaled(f"{scaled // 100}.{scaled % 100:02}", exponent)


def _scaled(head: str, exponent: int) -> Runs:
    power = Math(Power(Number(10), Number(exponent)))
    return (Text(f"{head}\u00a0×\u00a0"), power) if head else (power,)


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", _GAP) if number > 9999 else str(number)


def shape(axes: tuple[int, ...], translate: Callable[[str], str]) -> Runs:
    """64 × 4096 × 64 × 4096."""
    if not axes:
        return (Text(translate(N_("a number"))),)
    runs: Runs = ()
    for axis in axes:
        runs = (*runs, *((Text(" × "),) if runs else ()), *_axis(axis))
    return runs


def _axis(size: int) -> Runs:
    """A size between signs of multiplication: without one of its own."""
    told = counted(size)
    if len(told) == 1:
        return told
    return (Text(_grouped(size)),) if len(str(size)) <= _MOST_DIGITS else (Text("("), *told, Text(")"))


def memory(count: int, translate: Callable[[str], str]) -> Runs:
    """256 GiB (275 GB), for so many bytes."""
    if count < 1024:
        return (Text(translate(N_("{count} bytes")).format(count=count)),)
    for power, (binary, decimal) in enumerate(zip(_UNITS, _DECIMAL, strict=True), start=1):
        if count < 1024 ** (power + 1):
            in_binary, in_decimal = _three(Fraction(count, 1024**power)), _three(Fraction(count, 1000**power))
            return (Text(f"{in_binary} {binary} ({in_decimal} {decimal})"),)
    return (*counted(count), Text(translate(N_(" bytes"))))


def _three(value: Fraction) -> str:
    """A number in three digits, more only if it has them before the point."""
    if value.denominator == 1:
        return _grouped(int(value))
    decimals = max(0, 3 - len(str(int(value))))
    return f"{round(value * 10**decimals) / 10**decimals:.{decimals}f}"


def zeros(nonzeros: int, entries: int, translate: Callable[[str], str]) -> Runs:
    """98.44 % (63 of 64)."""
    share = Fraction(entries - nonzeros, entries)
    if share in (0, 1):
        return (Text(translate(N_("all")) if share else translate(N_("none"))),)
    percent = round(share * 10000)
    told = f"{percent // 100}.{percent % 100:02}".removesuffix(".00") + f"{_GAP}%"
    if percent == 10000:
        # Rounded, it would say that all are zeros.
        told = translate(N_("over {percent}")).format(percent=f"99.99{_GAP}%")
    if share.denominator > _MOST_OF:
        return (Text(told),)
    counts = {"some": _grouped(share.numerator), "all": _grouped(share.denominator)}
    return (Text(translate(N_("{percent} ({some} of {all})")).format(percent=told, **counts)),)
