"""Every word of prose is a message: marked where it is written, translated when a document is composed."""

from __future__ import annotations

import gettext
from pathlib import Path

__all__ = ["N_", "translator"]


def N_(message: str) -> str:  # noqa: N802 -- gettext's customary name
    """The message itself; the mark by which extraction finds it."""
    return message


def translator(language: str = "en") -> gettext.NullTranslations:
    """The catalogue of a language; messages that it lacks stay in English, in which they are written."""
    return gettext.translation("derive", Path(__file__).parent, languages=[language], fallback=True)
