"""Where printed code runs: NumPy under its usual name, and the functions that code defines beside itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from derive.notation.code import HELPERS


def namespace(**names: Any) -> dict[str, Any]:
    """The names that code may use, with these among them."""
    known: dict[str, Any] = {"np": np}
    for lines in HELPERS.values():
        exec("\n".join(lines), known)
    return {**known, **names}
