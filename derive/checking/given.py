"""What is handed over to a check: functions, shapes and sizes. What cannot be meant is refused, with what can."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from derive.errors import UnknownNameError, UserError

__all__ = ["check_functions", "check_sizes", "written_shapes"]


def check_functions(backward: Any, forward: Any) -> None:
    """Raises UserError for objects in the place of classes, and for what has no name by which it can be told."""
    for bound in (backward, forward):
        if inspect.ismethod(bound) and not isinstance(bound.__self__, type):
            raise UserError(
                f"check: {bound.__qualname__} belongs to an object, which keeps what it was made with; name its class, "
                f"{type(bound.__self__).__name__}, which is made anew for every run"
            )
    if not isinstance(backward, type) and hasattr(backward, "forward") and hasattr(backward, "backward"):
        name = type(backward).__name__
        raise UserError(f"check: expected a class, got an object of {name}; name {name}, which is made for every run")
    if not callable(backward) or not hasattr(backward, "__name__"):
        raise UserError(
            f"check: expected a backward function, or a class with the methods forward and backward, got "
            f"{type(backward).__name__}"
        )


def written_shapes(shapes: Mapping[str, str | Sequence[str | int]]) -> dict[str, str]:
    """The shapes as text: ("N", "D") is "N D".

    Raises: UserError for what is no shape.
    """
    if not isinstance(shapes, Mapping):
        raise UserError(f"check: shapes: expected names and shapes, {{'X': 'N D'}}, got {type(shapes).__name__}")
    found = {}
    for name, shape in shapes.items():
        axes = [shape] if isinstance(shape, str) else shape
        if not isinstance(axes, list | tuple) or not all(isinstance(axis, str | int) for axis in axes):
            raise UserError(f"check: shapes: {name}: expected letters and numbers, 'N D' or (3, 4), got {shape!r:.60}")
        found[name] = " ".join(map(str, axes))
    return found


def check_sizes(sizes: Mapping[str, int], known: Sequence[str], against: str) -> None:
    """Raises UserError for a letter that is none of the known, or a number that is no size."""
    for letter, number in sizes.items():
        if letter not in known:
            raise UnknownNameError(f"size of {against}", letter, known)
        if not isinstance(number, int) or number < 1:
            raise UserError(f"check: sizes: {letter}: expected a whole number from 1 on, got {number!r}")
