"""Searches for the smallest numbers at which a gradient is wrong: few entries, whole numbers, one 1 upstream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import numpy as np

from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.numbers.numerically import Differences, Expected, Mismatch, compared, told
from derive.checking.numbers.places import UPSTREAM
from derive.checking.numbers.points import alike, critical_numbers, draws, sizes_ascending
from derive.checking.numbers.sweep import Suspicion, certain
from derive.checking.numbers.told import described
from derive.checking.proofs.exactly import Branch, branches
from derive.checking.report import Counterexample
from derive.checking.satisfied import fitted
from derive.checking.subject import CodeError, Subject
from derive.errors import UserError
from derive.forward.shape import bind

__all__ = [
    "Finding",
    "confirm",
    "output_shape",
    "search",
    "settle",
    "source_at",
    "with_upstream",
]

Sizes = Mapping[str, int]
Source = Expected | Differences

_NAMED = "; attributes that are parameters have shapes (--shape W=D,M)"
_POINTS = 2
_FEW = 4
_MOST_SIZES = 14
_MOST_SYMBOLS = 24
"""Of more entries what is suspected is confirmed in floats, without symbols."""

_MOST_DIFFERENCES = 400
"""Of more entries, along a few directions only."""

_LONGEST = 20_000
"""What is expected is computed faster by differences, if it has more terms."""

_SYMBOLS, _LEAST = 0.25, 0.2
"""The share of what is left, and the seconds at least, in which forward is run on symbols before numbers have to do."""

_SMALL = 40
"""Numbers of a counterexample are made smaller as long as there are not more of them."""


@dataclass(slots=True)
class Finding:
    """What the search found: counterexamples by the name of the input, and at how many points gradients agreed.

    methods says what they were compared with, in words; failures are what backward raised, and runs how often it was
    run. What is proved may differ by what floats round; on what is own no code under check has any bearing.
    """

    wrong: dict[str, Counterexample] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)
    forward_failure: str = ""
    failures: list[str] = field(default_factory=list)
    runs: int = 0
    proved: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()


def search(
    subject: Subject, proofs: Sequence[Sizes], budget: Budget, finding: Finding, runs: Sequence[Branch] = ()
) -> None:
    """Fills in the finding: first at the sizes of the proofs, then, for what is wrong there, from the smallest on.

    runs are those on symbols that have been made already.
    """
    if is_random(subject, proofs[0]):
        raise UserError(
            f"check: {subject.against}: forward gives other numbers when it is run again; let it take what is random "
            f"as an argument, or seed its generator inside{_NAMED * (subject.kind is not None)}"
        )
    suspects: dict[str, Mismatch] = {}
    open_names = {node.name for node in subject.wanted} - finding.proved - finding.own
    for sizes in proofs:
        for number, (source, arrays, upstream) in enumerate(_tries(subject, sizes, budget, runs)):
            if isinstance(source, Differences) and number >= _FEW and not open_names:
                # Differences take long, and what is left to be seen is whether the code was read rightly.
                break
            _look(subject, source, sizes, arrays, upstream, finding, suspects)
    if finding.runs and len(finding.failures) >= finding.runs:
        # It never gave anything that could be wrong.
        return
    for name, mismatch in suspects.items():
        finding.wrong[name] = described(subject, mismatch, _upstream_of(mismatch))
    if suspects:
        ascending = islice(sizes_ascending(subject, proofs[0]), _MOST_SIZES)
        _smallest(subject, ascending, budget, finding, suspects)


def confirm(subject: Subject, suspicion: Suspicion, budget: Budget, finding: Finding) -> None:
    """Fills in what is wrong of what is suspected: the numbers are compared with what is expected there.

    Where nothing is wrong, the suspicion came from floats. Of many entries the slopes along directions have to do.
    """
    if is_random(subject, suspicion.sizes):
        return
    size = sum(array.size for array in suspicion.arrays.values())
    if size > _MOST_DIFFERENCES:
        settle(subject, suspicion, finding)
        return
    found: dict[str, Mismatch] = {}
    source: Source = Differences(subject, suspicion.sizes, budget, rough=True)
    if size <= _MOST_SYMBOLS:
        source = source_at(subject, suspicion.sizes, budget)
    _look(subject, source, suspicion.sizes, suspicion.arrays, suspicion.upstream, Finding(), found)
    suspects = {name: mismatch for name, mismatch in found.items() if name in suspicion.names}
    for name, mismatch in suspects.items():
        finding.wrong[name] = described(subject, mismatch, _upstream_of(mismatch))
    if size <= _MOST_SYMBOLS:
        _smallest(subject, [suspicion.sizes], budget, finding, suspects)


def settle(subject: Subject, suspicion: Suspicion, finding: Finding) -> None:
    """The same by slopes along several directions, which takes no time to speak of."""
    at = ", ".join(f"{letter}={number}" for letter, number in suspicion.sizes.items())
    for name in suspicion.names:
        slopes = certain(subject, suspicion, name)
        if slopes is not None and name not in finding.wrong:
            slope, along = slopes
            told = f"at {at}: along a direction forward rises by {slope:.6g}, the gradient says {along:.6g}"
            finding.wrong[name] = Counterexample(tuple(suspicion.sizes.items()), message=told)


def is_random(subject: Subject, sizes: Sizes) -> bool:
    """Whether forward gives other numbers the second time."""
    for arrays in islice(draws(subject, sizes, 1), 2):
        outputs = []
        for _ in range(2):
            with suppress(Exception), np.errstate(all="ignore"):
                if subject.layer is None:
                    given = {name: array.copy() for name, array in arrays.items()}
                    outputs.append(np.asarray(subject.ahead(None, given)[0], dtype=float))
        if len(outputs) == 2 and not np.array_equal(outputs[0], outputs[1], equal_nan=True):
            return True
    return False


def _look(
    subject: Subject,
    source: Source,
    sizes: Sizes,
    arrays: Mapping[str, Any],
    upstream: Any,
    finding: Finding,
    suspects: dict[str, Mismatch],
) -> bool:
    """Compares at one point; whether anything could be compared."""
    try:
        found = compared(subject, source, sizes, arrays, upstream, finding.proved)
    except CodeError as error:
        finding.forward_failure = str(error)
        return False
    finding.runs += found is not None
    if found is not None and told(source) not in finding.methods:
        finding.methods.append(told(source))
    finding.failures += {m.message: None for m in (found or {}).values() if m is not None and m.message}
    for name, mismatch in (found or {}).items():
        if mismatch is None:
            finding.points[name] = finding.points.get(name, 0) + 1
        elif name not in suspects and name not in finding.wrong:
            suspects[name] = with_upstream(mismatch, upstream)
    return found is not None


def with_upstream(mismatch: Mismatch, upstream: Any) -> Mismatch:
    """The mismatch with the upstream gradient at which it was found."""
    return Mismatch(
        mismatch.name,
        mismatch.sizes,
        {**mismatch.arrays, UPSTREAM: np.asarray(upstream)},
        mismatch.got,
        mismatch.expected,
        mismatch.message,
    )


def _upstream_of(mismatch: Mismatch) -> Any:
    return mismatch.arrays[UPSTREAM]


def source_at(subject: Subject, sizes: Sizes, budget: Budget) -> Source:
    """What says what is expected at these sizes: symbols if forward runs on them in some time, else differences."""
    limit = Budget(max(_LEAST, (budget.seconds - budget.spent) * _SYMBOLS))
    try:
        with limit.interrupting():
            for branch in islice(branches(subject, sizes, limit), 1):
                if branch.general and not branch.whole and _length(branch) <= _LONGEST:
                    return Expected(branch, subject)
    except OutOfTimeError:
        budget.check()
    except Exception:
        # Nothing that runs on symbols.
        pass
    precise = Differences(subject, sizes, budget, rough=False)
    try:
        arrays = next(iter(draws(subject, sizes, 1)))
        precise.at(arrays, 1.0)
    except Exception:
        return Differences(subject, sizes, budget, rough=True)
    return precise


def _length(branch: Branch) -> int:
    """The number of terms that what is expected is made of."""
    return sum(len(entry.terms) for entries in branch.expected.values() for entry in entries.ravel())


def _tries(
    subject: Subject, sizes: Sizes, budget: Budget, runs: Sequence[Branch]
) -> Iterator[tuple[Source, dict[str, Any], Any]]:
    """Points at these sizes, and upstream gradients that tell entries apart."""
    made = next((run for run in runs if run.sizes == sizes and run.general and not run.whole), None)
    try:
        source = source_at(subject, sizes, budget) if made is None else Expected(made, subject)
    except UserError:
        return
    shape = output_shape(subject, sizes)
    if shape is None:
        return
    draw = np.random.default_rng(1)
    # Where the code compares entries with numbers, both sides are visited, and the number itself.
    turns = critical_numbers(source.branch.field) if isinstance(source, Expected) else []
    special = (fitted(subject.assumptions, subject.smooth, arrays) for arrays in _special(subject, sizes))
    for arrays in chain(draws(subject, sizes, _POINTS), special, alike(subject, sizes, turns)):
        budget.check()
        if "upstream" not in subject.takes:
            yield source, arrays, np.ones(shape)
            continue
        yield source, arrays, draw.choice([-2.0, -1.0, 1.0, 2.0, 3.0], size=shape)
    if "upstream" in subject.takes:
        # Of no upstream gradient there is none, and of some entries of it none of what depends on those alone.
        sparse = [np.zeros(shape), draw.choice([0.0, 1.0], size=shape)]
        for upstream in (*sparse, *(np.full(shape, number) for number in turns)):
            yield source, next(iter(draws(subject, sizes, 1))), upstream


def _special(subject: Subject, sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Arrays of which some entries are 0, or all are: where code divides by them, it gives no number; and in order."""
    smooth = [node.name for node in subject.smooth]
    for arrays in islice(draws(subject, sizes, _POINTS), _POINTS):
        draw = np.random.default_rng(2)
        yield {
            n: array * draw.choice([0, 1], size=array.shape) if n in smooth else array for n, array in arrays.items()
        }
        yield {n: array * 0 for n, array in arrays.items()}
        for name in smooth if len(smooth) > 1 else ():
            yield {**arrays, name: arrays[name] * 0}
    for sign in (1, -1):
        rising = {n: sign * (np.arange(a.size) - a.size // 3 + 0.5).reshape(a.shape) for n, a in arrays.items()}
        yield {n: rising[n] if n in smooth else array for n, array in arrays.items()}


def output_shape(subject: Subject, sizes: Sizes) -> tuple[int, ...] | None:
    """The shape of what forward gives, which is asked for it."""
    if subject.layer is not None:
        return bind(subject.layer.output.shape, sizes)
    for arrays in draws(subject, sizes, 2):
        with suppress(Exception), np.errstate(all="ignore"):
            output, _, _ = subject.ahead(None, {name: array.copy() for name, array in arrays.items()})
            shape: tuple[int, ...] = np.shape(output)
            return shape
    return None


def _smallest(
    subject: Subject, ascending: Iterable[Sizes], budget: Budget, finding: Finding, suspects: Mapping[str, Mismatch]
) -> None:
    """Replaces counterexamples by simpler ones, at the first of these sizes that have any."""
    open_names = set(suspects)
    for sizes in ascending:
        if not open_names:
            return
        shape = output_shape(subject, sizes)
        if shape is None or 0 in shape:
            continue
        source = source_at(subject, sizes, budget)
        turns = critical_numbers(source.branch.field) if isinstance(source, Expected) else []
        for arrays in chain(islice(draws(subject, sizes, 2), 8), alike(subject, sizes, turns)):
            for upstream in _single(shape) if "upstream" in subject.takes else [np.ones(shape)]:
                budget.check()
                found: dict[str, Mismatch] = {}
                _look(subject, source, sizes, arrays, upstream, Finding(), found)
                for name in sorted(open_names & found.keys()):
                    mismatch = _simpler(subject, source, found[name], budget)
                    finding.wrong[name] = described(subject, mismatch, _upstream_of(mismatch))
                    open_names.discard(name)
            if not open_names:
                return


def _single(shape: tuple[int, ...]) -> list[Any]:
    """Upstream gradients with one 1; and all ones, for what shows only in a sum."""
    made = []
    for place in islice(np.ndindex(shape), 4):
        one = np.zeros(shape)
        one[place] = 1.0
        made.append(one)
    return [*made, np.ones(shape)]


def _simpler(subject: Subject, source: Source, mismatch: Mismatch, budget: Budget) -> Mismatch:
    """The counterexample with as many numbers as possible replaced by 0 or 1."""
    if sum(array.size for array in mismatch.arrays.values()) > _SMALL:
        return mismatch

    def still(arrays: Mapping[str, Any], upstream: Any) -> Mismatch | None:
        found: dict[str, Mismatch] = {}
        _look(subject, source, mismatch.sizes, arrays, upstream, Finding(), found)
        return found.get(mismatch.name)

    for node in subject.smooth:
        for place in np.ndindex(mismatch.arrays[node.name].shape):
            for number in (0.0, 1.0):
                budget.check()
                if mismatch.arrays[node.name][place] == number:
                    break
                arrays = {name: array.copy() for name, array in mismatch.arrays.items() if name != UPSTREAM}
                arrays[node.name][place] = number
                arrays = fitted(subject.assumptions, subject.smooth, arrays)
                found = still(arrays, _upstream_of(mismatch))
                if found is not None and found.message == mismatch.message:
                    mismatch = found
                    break
    return mismatch
