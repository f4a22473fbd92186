"""Turns a worked example into plain values for JSON: whole numbers and decimals as numbers, 1/3 as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from derive.proof.worked import Worked

__all__ = ["worked_numbers"]

_EXACT = 2**53
"""Whole numbers beyond this are not all floats, as which many readers of JSON take them; they are written as text."""


def worked_numbers(
    worked: Worked, upstream: str, leading: Callable[[Sequence[int]], Sequence[int]], cap: int | None
) -> Any:
    """The arrays, the output, the loss, and each Jacobian and gradient; leading says how much of an array is listed."""

    def array(values: Any) -> Any:
        dense = np.asarray(values)
        return _nested(dense[tuple(slice(side) for side in leading(dense.shape))])

    return {
        "source": {"kind": worked.given.kind, "label": worked.given.label},
        "exact": worked.exact,
        "inputs": {name: array(values) for name, values in worked.arrays.items() if name != upstream},
        "upstream": array(worked.arrays[upstream]),
        "output": array(worked.output),
        "loss": _number(worked.loss),
        "gradients": {
            name: {
                "nnz": len(found.jacobian),
                "jacobian": [[i, j, _number(value)] for (i, j), value in islice(sorted(found.jacobian.items()), cap)],
                "row": [_number(value) for value in islice(found.row, cap)],
                "contracted": array(found.contracted),
                "formula": array(found.formula),
                "differences": found.differences,
            }
            for name, found in worked.gradients.items()
        },
    }


def _nested(array: Any) -> Any:
    return [_nested(item) for item in array] if np.ndim(array) else _number(np.asarray(array)[()])


def _number(value: Any) -> int | float | str:
    """The number, exactly: as text if JSON's numbers cannot hold it."""
    if isinstance(value, float):
        return float(value)
    text = f"{int(value.p)}/{int(value.q)}" if value.q != 1 else str(int(value))
    if value.q == 1:
        return int(value) if abs(value) <= _EXACT else text
    # 1/10 is written as 0.1, which reads back as 1/10 in decimal.
    decimal = repr(float(value))
    over, _, under = decimal.partition(".")
    if under.isdecimal() and int(over + under) * int(value.q) == int(value.p) * 10 ** len(under):
        return float(value)
    return text
