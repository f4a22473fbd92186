"""Names such as xhat, which are written as a letter with an accent."""

from __future__ import annotations

from derive.notation.glyphs import ITALIC

__all__ = ["accented"]

_ACCENTS = ("hat", "bar", "tilde")


def accented(name: str) -> tuple[str, str]:
    """The letter and its accent, ("x", "hat") of xhat; ("mean", "") of a name without one."""
    for accent in _ACCENTS:
        letter = name.removesuffix(accent)
        if letter != name and letter in ITALIC:
            return letter, accent
    return name, ""
