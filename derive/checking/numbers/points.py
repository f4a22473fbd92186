"""Numbers at which code is tried: small whole numbers, and elements of the field evaluated there with many digits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, product
from random import Random
from typing import Any

import numpy as np
from mpmath import exp, log, mpf, mpmathify, workdps

from derive.checking.satisfied import fitted
from derive.checking.subject import Subject
from derive.forward.functions import equal, largest, smallest, step
from derive.forward.layer import axes_of
from derive.forward.nodes import Input
from derive.forward.shape import bind, letters
from derive.proof.points import compiled, in_digits
from derive.proof.ring import Element, Kind, Ring

__all__ = [
    "CHOICES",
    "MOST_CHOICES",
    "Evaluator",
    "alike",
    "are_lengths",
    "critical_numbers",
    "differ_somewhere",
    "draws",
    "more_sizes",
    "size_choices",
    "size_letters",
    "sizes_ascending",
    "smaller_sizes",
    "somewhere",
    "whole_choices",
]

CHOICES: tuple[Sequence[float], ...] = (
    (1.0, 2.0, 3.0, -1.0, -2.0, 4.0),
    (1.0, 2.0, 3.0, 4.0),
    (0.25, 0.5, 0.75, 0.125),
    tuple(n / 16 for n in range(-32, 33) if n),
    tuple(n / 7919 for n in range(-15877, 15878, 397)),
)
"""What the numbers of a try are drawn from, those that can be followed by hand first, those of many digits last."""

_MOST_ENTRIES = 32
"""Sizes of proofs are from 2 on if the inputs have at most so many entries then."""

MOST_CHOICES = 27
"""So many ways to choose whole numbers are all run; of more, some."""

_MOST_TURNS = 12

_DIGITS = 40
_NEAR = mpf(10) ** -20


class Evaluator:
    """Elements where variables have these values, by their names; kink is whether something jumps there.

    What is closer to 0 than `near` is taken for 0, numbers having so many digits.
    """

    def __init__(self, field: Ring, values: Mapping[str, Any], digits: int = _DIGITS, near: Any = _NEAR) -> None:
        self._field = field
        self._values = values
        self._digits = digits
        self._near = near
        self._made: dict[int, Any] = {}
        self.kink = False

    def value(self, element: Element) -> Any:
        """The value of an element.

        Raises: ArithmeticError or ValueError where it has none.
        """
        with workdps(self._digits):
            return self._value(element)

    def _value(self, element: Element) -> Any:
        total = mpf(0)
        for monomial, coefficient in element.terms.items():
            term = in_digits(coefficient)
            for number, exponent in self._field.monomials[monomial]:
                term *= self._generator(number) ** in_digits(exponent)
            total += term
        if not isinstance(total, mpf):
            raise ValueError("not real")
        return total

    def _generator(self, number: int) -> Any:
        if number not in self._made:
            self._made[number] = self._compute(number)
        return self._made[number]

    def _compute(self, number: int) -> Any:
        generator = self._field.generators[number]
        match generator.kind:
            case Kind.VARIABLE:
                return mpmathify(self._values[generator.name])
            case Kind.CONSTANT:
                return mpmathify(generator.name.evalf(self._digits))
            case Kind.PRIME:
                return mpf(int(generator.name))
        arguments = [self._value(argument) for argument in generator.arguments]
        if generator.name is step and abs(arguments[0]) < self._near:
            self.kink = True
        if generator.name in (largest, smallest):
            ordered = sorted(arguments, reverse=generator.name is largest)
            self.kink |= len(ordered) > 1 and bool(abs(ordered[0] - ordered[1]) < self._near)
        match generator.kind:
            case Kind.POWER:
                return arguments[0]
            case Kind.EXP:
                return exp(arguments[0])
            case Kind.LOG:
                return log(arguments[0])
        return compiled(generator.function, len(arguments))(*arguments)


def somewhere(field: Ring) -> Evaluator:
    """What evaluates elements at a random point."""
    draw = Random(11)
    variables = [g for g in field.generators if g.kind is Kind.VARIABLE]
    # No two are the same.
    numbers = draw.sample(range(2**20 + 1, 2**21), len(variables))
    return Evaluator(field, {g.name: mpf(n) / 2**20 for g, n in zip(variables, numbers, strict=True)})


def differ_somewhere(pairs: Iterable[tuple[Element, Element]]) -> bool:
    """Whether the elements of a pair differ at a random point, which costs less than algebra."""
    evaluator: Evaluator | None = None
    for a, b in pairs:
        evaluator = evaluator or somewhere(a.field)
        try:
            apart = abs(evaluator.value(a - b)) > _NEAR
        except (ArithmeticError, ValueError, TypeError):
            continue
        if apart or evaluator.kink:
            return not evaluator.kink
    return False


def critical_numbers(field: Ring) -> list[float]:
    """Numbers at which a comparison of one entry with a number turns, and their neighbours: each branch is visited."""
    found: dict[float, None] = {}
    for generator in field.generators:
        if generator.name not in (step, equal):
            continue
        u = generator.arguments[0] if generator.name is step else generator.arguments[0] - generator.arguments[1]
        others = [(field.monomials[monomial], coefficient) for monomial, coefficient in u.terms.items() if monomial]
        if len(others) == 1 and len(others[0][0]) == 1 and others[0][0][0][1] == 1:
            ((_, slope),) = others
            turn = -float(in_digits(u.terms.get(0, 0))) / float(in_digits(slope))
            found.update(dict.fromkeys((turn, turn - 1, turn + 1)))
    return list(found)[:_MOST_TURNS]


def size_letters(inputs: Sequence[Input]) -> tuple[str, ...]:
    """The size letters of the inputs."""
    return letters(axes_of(node) for node in inputs)


def size_choices(subject: Subject, given: Mapping[str, int] | None) -> list[dict[str, int]]:
    """The sizes of proofs: those given, or all different; and all equal."""
    names = size_letters(subject.inputs)
    known = {k: v for k, v in (given or {}).items() if k in names}
    ways = [dict(zip(order, count(start), strict=False)) for start in (2, 1) for order in (names, names[::-1])]
    every = [{**{letter: way[letter] for letter in names}, **known} for way in ways] or [{}]
    tried = [sizes for sizes in every if are_lengths(subject, sizes)] or every
    # Every way to choose whole numbers is run, which there are sizes for that are small enough.
    small = [sizes for sizes in tried if _is_small(subject, sizes)]
    few = [sizes for sizes in small if whole_choices(subject, sizes) <= MOST_CHOICES]
    first = next(iter(few or small), tried[2 if not known and len(tried) > 2 else 0])
    equal = dict.fromkeys(names, 2)
    if first == equal and names:
        equal = dict.fromkeys(names, 3)
    return [first, equal] if names else [first]


def are_lengths(subject: Subject, sizes: Mapping[str, int]) -> bool:
    """Whether every axis has a length there: one of N - D has none where D is larger."""
    return all(length >= 0 for node in subject.inputs for length in bind(node.shape, sizes))


def _is_small(subject: Subject, sizes: Mapping[str, int]) -> bool:
    return sum(int(np.prod(bind(node.shape, sizes), dtype=int)) for node in subject.inputs) <= _MOST_ENTRIES


def whole_choices(subject: Subject, sizes: Mapping[str, int]) -> int:
    """How many ways there are to choose the inputs that are whole numbers."""
    total = 1
    for node in subject.inputs:
        if node.below is not None:
            (below,) = bind((node.below,), sizes)
            total *= below ** int(np.prod(bind(node.shape, sizes), dtype=int))
    return total


def smaller_sizes(subject: Subject) -> list[dict[str, int]]:
    """The sizes of proofs where others take too long: all different from 1 on, one way round and the other."""
    names = size_letters(subject.inputs)
    ways = [{letter: n for n, letter in enumerate(order, start=1)} for order in (names, names[::-1])]
    tried = [{letter: way[letter] for letter in names} for way in ways] if len(names) > 1 else []
    return [sizes for sizes in tried if are_lengths(subject, sizes)]


def more_sizes(subject: Subject) -> list[dict[str, int]]:
    """Sizes that tell apart what those of the proofs do not."""
    names = size_letters(subject.inputs)
    return [{letter: 2 if n else 3 for n, letter in enumerate(names)}] if names else []


def sizes_ascending(subject: Subject, largest_sizes: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Sizes from the smallest on, up to some more than those of the proof."""
    names = size_letters(subject.inputs)
    every = product(*(range(1, max(3, largest_sizes.get(letter, 3)) + 1) for letter in names))
    for numbers in sorted(every, key=lambda numbers: (sum(numbers), numbers)):
        sizes = dict(zip(names, numbers, strict=True))
        if are_lengths(subject, sizes):
            yield sizes


def draws(subject: Subject, sizes: Mapping[str, int], count: int) -> Iterator[dict[str, np.ndarray[Any, Any]]]:
    """Arrays for the inputs, of small whole numbers as long as those will do."""
    for choices in CHOICES:
        for attempt in range(count):
            draw = Random(attempt)
            arrays = {}
            for node in subject.inputs:
                shape = bind(node.shape, sizes)
                allowed: Sequence[float] = choices
                if node.below is not None:
                    allowed = range(*bind((node.below,), sizes))
                number = int(np.prod(shape, dtype=int))
                entries = [draw.choice(allowed) for _ in range(number)]
                arrays[node.name] = np.array(entries, dtype=int if node.below is not None else float).reshape(shape)
            yield fitted(subject.assumptions, subject.smooth, arrays)


def alike(subject: Subject, sizes: Mapping[str, int], numbers: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Arrays that hold one of the numbers everywhere, as far as what is assumed of them allows."""
    for number in numbers:
        arrays = {
            node.name: np.zeros(bind(node.shape, sizes), dtype=int)
            if node.below is not None
            else np.full(bind(node.shape, sizes), number)
            for node in subject.inputs
        }
        yield fitted(subject.assumptions, subject.smooth, arrays)
