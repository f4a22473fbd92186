"""What a handout tells of a check beside its verdicts: the code, what each of its lines computes, and the rule."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType
from typing import Any

from sympy import Integer

from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.every_size import Traced, traced
from derive.checking.exactly import Branch, branches
from derive.checking.forward import forward_layer
from derive.checking.frames import raised
from derive.checking.meanings import Meaning, Meanings
from derive.checking.recording import Array, Kept, Left, Line, Record, recording
from derive.checking.report import Report
from derive.checking.subject import Subject
from derive.errors import DeriveError, UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Constant, Input, Node, topological
from derive.forward.normal import add, contract
from derive.forward.shape import same
from derive.rules.adjoint import Sweep, sweep
from derive.rules.known import Forward
from derive.rules.rewrite import shortest

__all__ = ["Account", "Listing", "Row", "Told", "account", "difference", "short"]

_RUNNING = 5.0
"""How long each of the runs that are noted may take."""

_MEANING = 10.0
"""How long it is looked up what values are."""

_SHORTENING = 10.0
"""How long a formula is made shorter."""

_MOST_NODES = 60
"""What is made of more nodes is told line by line alone."""

_LONG = 400
"""What has more characters is not made shorter."""


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


@dataclass(frozen=True, eq=False)
class Account:
    """The check with the code and the rule.

    layer is what forward computes, None where reason says why it has no formula. branch is the run at sizes, if there
    was one; over is whether there was no time to compare all values; kept are those that forward keeps for backward.
    """

    report: Report
    subject: Subject
    traced: Traced
    layer: Layer | None
    reason: str
    listings: tuple[Listing, ...]
    branch: Branch | None
    over: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[str, Node] = field(default_factory=dict)


def account(subject: Subject, report: Report, given: Mapping[str, int] | None = None) -> Account:
    """Runs the code again, once for all sizes and where that is not enough at sizes, and notes what its lines do."""
    sizes = dict(report.sizes[0]) if report.sizes else dict(given or {})
    codes = dict(_codes(subject))
    files = list(dict.fromkeys(code.co_filename for code in codes))
    with recording(files) as every:
        found = _traced(subject)
    branch, some, failure = None, Record(), ""
    if not found.got or found.output is None:
        with recording(files) as some:
            branch, failure = _at(subject, sizes)
    kept = dict(_kept(codes, every)) if found.output is not None else {}
    layer, reason = None, found.reason
    try:
        layer = forward_layer(subject, sizes, kept)
        if not layer.output.shape and isinstance(found.seed, Input):
            # Backward is given a gradient, so the number is passed on and is not the loss.
            layer = replace(layer, part=True)
    except DeriveError as error:
        reason = str(error)
    meanings = Meanings(subject, found, branch, Budget(_MEANING))
    plain = [
        _Source(code, role, every if _is_whole(role, found) or branch is None else some)
        for code, role in _ordered(codes, every, some)
    ]
    values = [pair for source in plain if source.role == "forward" for pair in source.values()]
    meanings.learn(_swept(subject, found), values)
    at = tuple(sizes.items())
    listings = tuple(
        Listing(
            source.role,
            source.code.co_qualname,
            Path(source.code.co_filename).name,
            tuple(source.rows(meanings, found, branch)),
            () if source.record is every else at,
            source.record is some and branch is not None and bool(branch.known),
            failure if source.record is some else "",
        )
        for source in plain
    )
    return Account(report, subject, found, layer, reason, listings, branch, meanings.over, sizes, kept)


def short(account: Account, name: str) -> Node | None:
    """What the code gives for all sizes, as short as it can be made; None if that is not known."""
    found = account.traced
    if found.output is None or name not in found.got:
        return None
    return _short(found.got[name], Forward(found.output))


def difference(account: Account, name: str) -> Node | None:
    """What the code gives too much, as short as it can be made; None where shapes differ."""
    found = account.traced
    first, second = found.got[name], found.expected[name]
    if found.output is None or len(first.shape) != len(second.shape) or not all(map(same, first.shape, second.shape)):
        return None
    axes = tuple(range(len(second.shape)))
    return _short(add([first, contract([Constant(Integer(-1)), second], [(), axes], axes)]), Forward(found.output))


def _short(node: Node, forward: Forward) -> Node:
    """The node in another form; as it is, where that takes too long."""
    made = node
    if sum(1 for _ in topological(node)) > _MOST_NODES:
        return made
    limit = Budget(_SHORTENING)
    with suppress(OutOfTimeError), limit.interrupting():
        made = shortest(node, forward, opens=False)
        made = made if len(str(made)) > _LONG else shortest(node, forward)
    return made


def _is_whole(role: str, found: Traced) -> bool:
    """Whether the run for all sizes came to the end of such a function."""
    return found.output is not None and (role == "forward" or bool(found.got))


def _traced(subject: Subject) -> Traced:
    budget = Budget(_RUNNING)
    try:
        with budget.interrupting():
            return traced(subject, budget)
    except OutOfTimeError:
        return Traced(None, {}, {}, f"it takes more than {_RUNNING:.0f} s to run it for all sizes")


def _at(subject: Subject, sizes: Mapping[str, int]) -> tuple[Branch | None, str]:
    """One run on symbols at these sizes, or why there is none."""
    budget = Budget(_RUNNING)
    try:
        with budget.interrupting():
            made = next(branches(subject, sizes, budget))
    except OutOfTimeError:
        return None, f"it takes more than {_RUNNING:.0f} s to run it on symbols"
    except Exception as error:
        return None, raised(error)
    return made, made.failure


def _swept(subject: Subject, found: Traced) -> Sweep | None:
    """What arrives at the values of forward, with the upstream gradient as the code calls it."""
    if found.output is None or not found.expected:
        return None
    with suppress(UserError):
        return sweep(found.output, found.seed, subject.smooth)
    return None


def _codes(subject: Subject) -> Iterator[tuple[CodeType, str]]:
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


def _ordered(codes: Mapping[CodeType, str], *records: Record) -> Iterator[tuple[CodeType, str]]:
    """Forward, what it calls, backward, and what it calls."""
    called = list(dict.fromkeys(code for record in records for code in record.called))
    inside = [code for code in called if code not in codes and not _is_inside(code, called) and not _is_init(code)]
    yield from codes.items()
    yield from ((code, "called") for code in inside)


def _kept(codes: Mapping[CodeType, str], record: Record) -> Iterator[tuple[str, Node]]:
    """What forward keeps for backward, in a cache or on self, by the names that it has there."""
    named: dict[Node, str] = {}
    kept: dict[Node, str] = {}
    for code, role in codes.items():
        for number, _ in _Source(code, role, record).lines() if role == "forward" else ():
            for left in record.lines.get((code.co_filename, number), Line()).left:
                if isinstance(left.value, Array) and left.name.isidentifier() and left.value.node is not None:
                    named.setdefault(left.value.node, left.name)
                for name, value in _inside(left):
                    if value.node is not None:
                        kept.setdefault(value.node, name)
    for node, name in kept.items():
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
class _Source:
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
