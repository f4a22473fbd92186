"""Where printed code runs: NumPy under its usual name, and the functions that code defines beside itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derive.forward.formula import Formula
from derive.notation.code import HELPERS, print_code, print_value
from derive.routes.jacobian_formula import JacobianFormula


def namespace(**names: Any) -> dict[str, Any]:
    """The names that code may use, with these among them."""
    known: dict[str, Any] = {"np": np}
    for lines in HELPERS.values():
        exec("\n".join(lines), known)
    return {**known, **names}


def run(formula: Formula | JacobianFormula, names: Mapping[str, Any]) -> np.ndarray:
    """The value of a formula by its printed code: definitions first, run by NumPy with arrays and sizes by name."""
    space = namespace(**names)
    for item in formula.definitions:
        space[item.text] = eval(print_value(item.tree, module="np."), space)
    return np.asarray(eval(print_code(formula.tree, module="np."), space), dtype=float)
