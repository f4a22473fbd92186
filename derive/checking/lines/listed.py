"""The code of forward and backward as lines, each with what it left when it was run, and which quantity that is."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from derive.checking.lines.meanings import Meaning, Meanings
from derive.checking.lines.recording import Array, Kept, Left, Line, Record
from derive.checking.proofs.every_size import Traced
from derive.checking.proofs.exactly import Branch
from derive.checking.subject import Subject
from derive.forward.nodes import Constant, Input, Node

__all__ = ["Listing", "Row", "Source", "Told", "codes_of", "kept", "ordered"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a line left under a name, which known quantity that is, and whose gradient it is given back as."""

    left: Left
    meaning: Meaning | None = None
    gradient: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of code: its number in the file, what it left, how often it was run, and whether it can be run at all."""

    number: int
    text: str
    told: tuple[Told, ...] = ()
    first: tuple[Left, ...] = ()
    times: int = 0
    runs: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The code of a function, line by line; sizes are those at which it was run, () if it was for all sizes.

    role is forward, backward or called, where one of them calls it; branching is whether it was run in one of several
    ways, failure why it did not come to its end.
    """

    role: str
    name: str
    file: str
    rows: tuple[Row, ...]
    sizes: tuple[tuple[str, int], ...] = ()
    branching: bool = False
    failure: str = ""


def codes_of(subject: Subject) -> Iterator[tuple[CodeType, str]]:
    """The code of forward and backward."""
    origin = getattr(subject.backward, "origin", None) or getattr(subject.forward, "origin", None)
    kind: Any = origin or subject.kind
    pairs: list[tuple[Any, str]] = [(subject.forward, "forward"), (subject.backward, "backward")]
    if kind is not None:
        back = getattr(kind, "backward", None) if origin is not None else subject.backward
        pairs = [(kind.forward, "forward"), (back, "backward")]
        if getattr(subject.backward, "origin", None) is None and subject.kind is None:
            pairs[1] = (subject.backward, "backward")
    for function, role in pairs:
        code = getattr(inspect.unwrap(function) if callable(function) else None, "__code__", None)
        # What PyTorch defines itself is no code under check.
        if code is not None and "/torch/" not in code.co_filename:
            yield code, role


def ordered(codes: Mapping[CodeType, str], *records: Record) -> Iterator[tuple[CodeType, str]]:
    """Forward, what it calls, backward, and what it calls."""
    called = list(dict.fromkeys(code for record in records for code in record.called))
    inside = [code for code in called if code not in codes and not _is_inside(code, called) and not _is_init(code)]
    yield from codes.items()
    yield from ((code, "called") for code in inside)


def kept(codes: Mapping[CodeType, str], record: Record) -> Iterator[tuple[str, Node]]:
    """What forward keeps for backward, in a cache or on self, by the names that it has there."""
    named: dict[Node, str] = {}
    found: dict[Node, str] = {}
    for code, role in codes.items():
        for number, _ in Source(code, role, record).lines() if role == "forward" else ():
            for left in record.lines.get((code.co_filename, number), Line()).left:
                if isinstance(left.value, Array) and left.name.isidentifier() and left.value.node is not None:
                    named.setdefault(left.value.node, left.name)
                for name, value in _inside(left):
                    if value.node is not None:
                        found.setdefault(value.node, name)
    for node, name in found.items():
        word = named.get(node) or name
        if not isinstance(node, Input | Constant) and word.isidentifier():
            yield word, node


def _inside(left: Left) -> Iterator[tuple[str, Array]]:
    """The arrays of a cache, or an attribute."""
    if isinstance(left.value, Kept):
        yield from ((key, value) for key, value in left.value.items if isinstance(value, Array))
    elif isinstance(left.value, Array) and "." in left.name:
        yield left.name.rpartition(".")[2], left.value


def _is_init(code: CodeType) -> bool:
    return code.co_name == "__init__"


def _is_inside(code: CodeType, others: Sequence[CodeType]) -> bool:
    """Whether the function is defined inside of another one, which shows it."""
    return any(code in other.co_consts for other in others)


@dataclass(frozen=True, slots=True)
class Source:
    """A function, and the run in which its lines were noted."""

    code: CodeType
    role: str
    record: Record

    def values(self) -> Iterator[tuple[str, Array]]:
        """The arrays that it leaves under names."""
        for number, _ in self.lines():
            for left in self._line(number).left:
                if isinstance(left.value, Array) and not left.returned:
                    yield left.name, left.value

    def rows(self, meanings: Meanings, found: Traced, branch: Branch | None) -> Iterator[Row]:
        """Its lines, with what is known of what they leave."""
        runs = {line for _, _, line in self.code.co_lines() if line is not None}
        for number, text in self.lines():
            line = self._line(number)
            told = tuple(
                Told(left, self._meaning(left, meanings), _gradient(left.value, found, branch)) for left in line.left
            )
            yield Row(number, text, told, line.first, line.times, number in runs and number != self._first)

    def _meaning(self, left: Left, meanings: Meanings) -> Meaning | None:
        return meanings.of(left.value) if isinstance(left.value, Array) else None

    @property
    def _first(self) -> int:
        return self.code.co_firstlineno

    def lines(self) -> Iterator[tuple[int, str]]:
        try:
            lines, first = inspect.getsourcelines(self.code)
        except (OSError, TypeError):
            return
        yield from enumerate((line.rstrip() for line in inspect.cleandoc("\n" + "".join(lines)).split("\n")), first)

    def _line(self, number: int) -> Line:
        return self.record.lines.get((self.code.co_filename, number), Line())


def _gradient(value: Any, found: Traced, branch: Branch | None) -> str:
    """The input whose gradient backward gives this value for; "" if it gives it for none."""
    if not isinstance(value, Array):
        return ""
    if value.laid is not None:
        node = value.laid.node
        names: Iterator[str] = (name for name, got in found.got.items() if got is node)
    else:
        gotten = {} if branch is None else branch.got
        names = (name for name, got in gotten.items() if _is_same(got.data, value.entries))
    return next(names, "")


def _is_same(first: Any, second: Any) -> bool:
    return first.shape == second.shape and all(a is b for a, b in zip(first.ravel(), second.ravel(), strict=True))
