"""Whole numbers that stand in the code under check: about them sizes are tried, since N > 64 turns there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import ceil, floor, isfinite
from types import CodeType, FunctionType
from typing import Any

from derive.checking.subject import Subject

__all__ = ["constants", "literals"]

_LARGEST = 10_000
_SMALL = 64
"""Fractions up to here turn between two whole numbers."""


_SHORT = 40
"""Longer texts are not compared with sizes that are written."""


def literals(subject: Subject) -> tuple[int, ...]:
    """The numbers from 2 on in forward, backward and what they call of the same module, in ascending order."""
    found: set[int] = set()
    for value in constants(subject):
        if isinstance(value, float) and isfinite(value) and abs(value) <= _SMALL:
            found |= {floor(abs(value)), ceil(abs(value))}
        elif isinstance(value, int) and not isinstance(value, bool):
            found.add(abs(value))
        elif isinstance(value, str) and len(value) <= _SHORT:
            found |= set(map(int, re.findall(r"\b\d{1,4}\b", value)))
    return tuple(sorted(number for number in found if 2 <= number <= _LARGEST))


def constants(subject: Subject) -> Iterator[Any]:
    """What stands in the code, and the globals, defaults and variables around it that it names."""
    functions = [f for f in (subject.backward, subject.forward) if isinstance(f, FunctionType)]
    if subject.kind is not None:
        for kind in subject.kind.__mro__[:-1]:
            functions += [value for value in vars(kind).values() if isinstance(value, FunctionType)]
            yield from vars(kind).values()
    seen: set[CodeType] = set()
    while functions:
        function = functions.pop()
        if function.__code__ in seen:
            continue
        yield from function.__defaults__ or ()
        yield from (function.__kwdefaults__ or {}).values()
        cells = [cell.cell_contents for cell in function.__closure__ or () if _is_full(cell)]
        for code in _nested(function.__code__):
            seen.add(code)
            yield from _flat(code.co_consts)
            named = [function.__globals__[name] for name in code.co_names if name in function.__globals__]
            for value in (*cells, *named):
                if isinstance(value, FunctionType) and value.__module__ == function.__module__:
                    functions.append(value)
                else:
                    yield value


def _is_full(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        # A name that has no value yet.
        return False


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _nested(value)


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple | frozenset):
            yield from _flat(value)
        else:
            yield value
