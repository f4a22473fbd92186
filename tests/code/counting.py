"""Counts the arithmetic that generated NumPy code does while it runs.

Every array is one that counts: an entry that a function, a sum or a product gives is one operation, a product of
matrices takes a multiplication and an addition for each term. What only moves numbers costs nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class Counted(np.ndarray):
    """An array that adds up in `total` what is done with it and with what comes of it."""

    total = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs) -> Any:
        plain = [np.asarray(item) if isinstance(item, Counted) else item for item in inputs]
        if method == "at":
            Counted.total += int(np.size(plain[2]))
            return ufunc.at(inputs[0].view(np.ndarray), *plain[1:])
        outs = kwargs.pop("out", None)
        assert outs is None
        found = getattr(ufunc, method)(*plain, **kwargs)
        if method == "reduce":
            Counted.total += np.size(plain[0]) - np.size(found)
        elif ufunc is np.matmul:
            Counted.total += np.size(found) * (2 * np.shape(plain[0])[-1] - 1)
        else:
            assert method == "__call__"
            Counted.total += np.size(found)
        return _counted(found)

    def __array_function__(self, function, types, args, kwargs) -> Any:
        def plain(value: Any) -> Any:
            if isinstance(value, Counted):
                return value.view(np.ndarray)
            return type(value)(map(plain, value)) if isinstance(value, tuple | list) else value

        bare = [plain(item) for item in args]
        if function is np.einsum:
            found = np.einsum(*bare, **kwargs)
            Counted.total += _einsum(bare[0], bare[1:])
        elif function.__name__ in ("sum", "max"):
            found = function(*bare, **kwargs)
            Counted.total += np.size(bare[0]) - np.size(found)
        elif function.__name__ in _ALONG:
            found = function(*bare, **kwargs)
            Counted.total += _ALONG[function.__name__] * np.size(bare[0])
        elif function is np.outer:
            found = function(*bare)
            Counted.total += np.size(found)
        else:
            assert function.__name__ in _MOVERS, function.__name__
            found = function(*bare, **{name: plain(value) for name, value in kwargs.items()})
        return _counted(found)


_ALONG = {"mean": 1, "var": 4, "norm": 2}
"""Operations for every entry: a mean adds them up, a variance also subtracts the mean, squares and adds again."""

_MOVERS = {
    *("pad", "concatenate", "stack", "zeros", "sliding_window_view", "full_like", "squeeze", "ndim", "reshape"),
    "repeat",
}


def _counted(found: Any) -> Any:
    return np.asarray(found).view(Counted) if isinstance(found, np.ndarray | np.generic) else found


def _einsum(pattern: str, arrays: list[Any]) -> int:
    """Multiplications and additions, two factors at a time in the order that NumPy finds."""
    before, output = pattern.split("->")
    rows = before.split(",")
    sizes: dict[str, int] = {}
    for row, array in zip(rows, arrays, strict=True):
        sizes.update(zip(row, array.shape, strict=True))
    path = np.einsum_path(pattern, *arrays, optimize="greedy")[0][1:]
    total = 0
    for step in path:
        taken = [rows[place] for place in step]
        rows = [row for place, row in enumerate(rows) if place not in step]
        left = set(output).union(*rows)
        letters = set("".join(taken))
        kept = "".join(sorted(letters & left))
        terms, entries = (int(np.prod([sizes[x] for x in part], dtype=int)) for part in (letters, kept))
        total += terms * (len(taken) - 1) + (terms - entries)
        rows.append(kept)
    return total


def count(function, *arrays: np.ndarray) -> int:
    """The operations of one call."""
    Counted.total = 0
    function(*(np.asarray(array, dtype=float).view(Counted) for array in arrays))
    return Counted.total
