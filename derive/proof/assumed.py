"""Whether a formula that uses what is assumed of inputs is the gradient wherever that holds.

The gradient without assumptions is proved by itself, for entries that vary independently of each other. Here both are
compared with entries that satisfy the assumptions: a_ij and a_ji one symbol, the last entry of a row 1 minus the
others, a positive entry the exponential of a symbol. Numbers are drawn so that they satisfy them, too, and the layer's
own code is differentiated there as if nothing were assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from sympy import exp

from derive.engine.concrete import Concrete, positions
from derive.errors import UserError
from derive.forward.assumption import Assumption
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node, placeholder
from derive.proof import numeric, torch_oracle
from derive.proof.algebra import FieldAlgebra
from derive.proof.evidence import Evidence, Strength
from derive.proof.failure import Claim, Failure, evidence_at, first_failure
from derive.proof.ring import Element
from derive.proof.scalars import replaced
from derive.proof.symbolic import Exact
from derive.rules.assumed import rests_on
from derive.rules.naming import assumed_gradients, formula
from derive.steps import Reason, Step

__all__ = ["check_assumed", "constrained", "substitutions", "uses"]

Sizes = Mapping[str, int]
Values = Mapping[Element, Element]

_ROUTES = {"exact": "assumed", "numpy": "assumed, in numbers", "torch": "assumed, by PyTorch"}
_ORACLES = {
    "numpy": (numeric.disagreement, numeric.DIGITS),
    "torch": (torch_oracle.disagreement, torch_oracle.DIGITS),
}
_WHOLE = Reason(_ROUTES["exact"], "the formula equals the one without assumptions where these hold")
_EXACT = "the formula and the one without assumptions, every step and entry, where the assumptions hold, in SymPy"
_NUMERIC = "central differences of the forward code, in NumPy, at inputs that satisfy the assumptions"
_TORCH = "Jacobian by PyTorch's autograd, at inputs that satisfy the assumptions"

_MOST_SIGNS = 6
"""Entries that are not 0 are positive or negative: with more of them there are too many cases."""

_ROUNDS = 500
_NEAR = 1e-9


def uses(layer: Layer, wrt: str) -> tuple[Assumption, ...]:
    """The assumptions of a layer that the gradient of one input uses, or a gradient with a name that it uses."""
    reasons = {name for step in _steps(layer, wrt) for name in rests_on(step.reason)} if layer.assumptions else set()
    return tuple(item for item in layer.assumptions if str(item) in reasons)


def _steps(layer: Layer, wrt: str) -> tuple[Step[Node], ...]:
    """The rewrites that led to the formula of one input; of a network those of all stages from the last to its own."""
    if not layer.stages:
        found = assumed_gradients(layer)
        named = any(item.backward for item in formula(layer, wrt).definitions)
        return (*found.steps.get(layer.input(wrt), ()), *(found.steps[None] if named else ()))
    steps: list[Step[Node]] = []
    for stage in reversed(layer.stages):
        own = any(node.name == wrt for node in stage.layer.inputs)
        steps += _steps(stage.layer, wrt if own else stage.input.name)
        if own:
            break
    return tuple(steps)


def check_assumed(
    layer: Layer, wrt: str, chosen: Sequence[Sizes], exact: Exact, *, oracle: str = "numpy"
) -> tuple[Evidence, ...]:
    """What is known about the gradient of a layer with assumptions; exact has the entries of it without them.

    Nothing where the formula does not use them: then it is the one that was proved without.

    Raises: UnsupportedError if no input is found that satisfies the assumptions; UserError if they contradict.
    """
    plain, short = formula(exact.layer, wrt), formula(layer, wrt)
    if not uses(layer, wrt):
        return ()
    found: list[Evidence] = []
    symbolic = _symbolic(layer, wrt, (plain.node, short.node), chosen, exact)
    if symbolic is not None:
        found.append(symbolic)
    if symbolic is None or symbolic.strength is not Strength.REFUTED:
        found += [_numeric(layer, short, chosen[0], name) for name in dict.fromkeys(("numpy", oracle))]
    return tuple(found)


def _symbolic(
    layer: Layer, wrt: str, sides: tuple[Node, Node], chosen: Sequence[Sizes], exact: Exact
) -> Evidence | None:
    """Both formulas, and both sides of every step, entry by entry; None where no symbols satisfy the assumptions."""
    cases = {_key(sizes): substitutions(layer, exact.at(sizes)) for sizes in chosen}
    fitting = [sizes for sizes in chosen if cases[_key(sizes)] is not None]
    if not fitting:
        return None
    # The text is another form of the gradient where that is shorter than the one with the page's names.
    ends = dict.fromkeys((sides[1], formula(layer, wrt).alone.node))
    steps = (*_steps(layer, wrt), *(Step(sides[0], end, _WHOLE) for end in ends))

    def check(sizes: Sizes) -> Failure | int:
        concrete, undecided = exact.at(sizes), 0
        for values, step in product(cases[_key(sizes)] or (), steps):
            verdict = _compared(step, concrete, values)
            if isinstance(verdict, Failure):
                return verdict
            undecided += verdict
        return undecided

    evidence = evidence_at(_ROUTES["exact"], (_EXACT, _EXACT), fitting, check)
    if evidence.strength is Strength.REFUTED:
        told = f"{evidence.counterexample} where {_said(layer.assumptions)}"
        return replace(evidence, counterexample=told)
    return evidence


def _key(sizes: Sizes) -> tuple[tuple[str, int], ...]:
    return tuple(sizes.items())


def _compared(step: Step[Node], concrete: Concrete, values: Values) -> Failure | int:
    """The first entry in which both sides differ where the assumptions hold; else how many are not decided."""

    def claims() -> Iterator[Claim]:
        for place in positions(concrete.shape(step.before)):
            left, right = (_element(concrete, node, place) for node in (step.before, step.after))
            if left != right:
                yield step.reason.name, place, replaced(left, values), replaced(right, values)

    return first_failure(claims())


def _element(concrete: Concrete, node: Node, place: tuple[int, ...]) -> Element:
    value: Any = concrete.value(node, place)
    assert isinstance(value, Element)
    return value


def substitutions(layer: Layer, concrete: Concrete) -> list[dict[Element, Element]] | None:
    """What stands for the entries of inputs so that the assumptions hold, in every case; None if it is not known."""
    algebra = concrete.algebra
    assert isinstance(algebra, FieldAlgebra)
    cases: list[dict[Element, Element]] = [{}]
    for node in layer.inputs:
        mine = [item for item in layer.assumptions if item.name == node.name]
        if mine:
            found = _of_input(node, mine, concrete.shape(node), algebra)
            if found is None:
                return None
            cases = [{**old, **new} for old in cases for new in found]
    return cases


def _of_input(
    node: Input, mine: Sequence[Assumption], shape: tuple[int, ...], algebra: FieldAlgebra
) -> list[dict[Element, Element]] | None:
    entries = {place: algebra.symbol(node, place) for place in positions(shape)}
    kinds = {item.kind for item in mine}
    sums = [item for item in mine if item.kind == "sum"]
    one = {
        place: entries[min(place, place[::-1])] if "symmetric" in kinds else entry for place, entry in entries.items()
    }
    signed = kinds & {">", ">=", "!="}
    if len(sums) > 1 or (sums and "symmetric" in kinds) or (sums and signed - {">"}):
        return None
    if "!=" in kinds and not kinds & {">"}:
        own = list(dict.fromkeys(one.values()))
        if len(own) > _MOST_SIGNS:
            return None
        found = []
        for signs in product((1, -1), repeat=len(own)):
            sized = {entry: sign * _exponential(algebra, entry) for entry, sign in zip(own, signs, strict=True)}
            found.append({entries[place]: sized[entry] for place, entry in one.items()})
        return found
    if ">" in kinds:
        one = {place: _exponential(algebra, entry) for place, entry in one.items()}
    elif ">=" in kinds:
        one = {place: entry**2 for place, entry in one.items()}
    for item in sums:
        one = _summing(item, one, algebra, positive=">" in kinds)
    return [{entries[place]: entry for place, entry in one.items()}]


def _summing(
    item: Assumption, entries: Mapping[tuple[int, ...], Element], algebra: FieldAlgebra, *, positive: bool
) -> dict[tuple[int, ...], Element]:
    """Entries that add up along an axis: the last is what the others leave, positive ones are shares of the sum."""
    found = dict(entries)
    lines: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    assert item.axis is not None
    for place in entries:
        lines.setdefault(place[: item.axis] + place[item.axis + 1 :], []).append(place)
    total = algebra.number(item.number)
    for line in lines.values():
        if positive:
            whole = algebra.add([entries[place] for place in line])
            found |= {place: total * entries[place] / whole for place in line}
        else:
            *others, last = line
            found[last] = algebra.add([total, *(-entries[place] for place in others)])
    return found


def _exponential(algebra: FieldAlgebra, entry: Element) -> Element:
    return algebra.apply(exp(placeholder(0)), [entry])


def _numeric(layer: Layer, short: Formula, sizes: Sizes, oracle: str) -> Evidence:
    """Numbers that satisfy the assumptions: the formula, and differences of the layer's own code."""
    route, method = _ROUTES[oracle], _NUMERIC if oracle == "numpy" else _TORCH
    check, digits = _ORACLES[oracle]

    def verdicts(seed: int) -> Iterator[str | None]:
        for sample in _samples(layer, sizes, seed):
            if oracle == "numpy" or numeric.disagreement(layer, short, sample) is not None:
                yield check(layer, short, sample)

    said = _said(layer.assumptions)
    refusal = (
        f"{layer.name}: no random input was found at which {said} holds and its derivatives can be measured; leave "
        f"out an assumption"
    )
    return numeric.at_points(route, method, sizes, verdicts, digits=digits, refusal=refusal, where=f"; where {said}")


def _samples(layer: Layer, sizes: Sizes, seed: int) -> Iterator[numeric.Sample]:
    for sample in numeric.samples(layer, sizes, seed):
        arrays = {**sample.arrays, **{n.name: constrained(layer, n, sample.arrays[n.name]) for n in layer.inputs}}
        if numeric.is_defined(layer, arrays):
            yield replace(sample, arrays=arrays, output=numeric.forward(layer, arrays))


def constrained(layer: Layer, node: Input, array: numeric.Array) -> numeric.Array:
    """The nearest array that satisfies what is assumed of the input, or, of positive ones, a multiple of each line.

    Raises: UserError if there is none.
    """
    mine = [item for item in layer.assumptions if item.name == node.name]
    positive = any(item.kind in (">", ">=") for item in mine)
    for _ in range(_ROUNDS if mine else 0):
        array = np.abs(array) if positive else array
        for item in mine:
            if item.kind == "symmetric":
                array = (array + array.T) / 2
            elif item.kind == "sum":
                assert item.axis is not None
                total, number = array.sum(axis=item.axis, keepdims=True), float(item.number)
                array = array * number / total if positive else array + (number - total) / array.shape[item.axis]
        if all(_holds(item, array) for item in mine):
            return array
    if not mine:
        return array
    raise UserError(
        f"{layer.name}: --assume: {_said(mine)}: no array was found that satisfies all of it "
        f"(shape {array.shape}); leave one of them out"
    )


def _holds(item: Assumption, array: numeric.Array) -> bool:
    match item.kind:
        case "symmetric":
            return bool(np.all(array == array.T))
        case "sum":
            return bool(np.all(np.abs(array.sum(axis=item.axis) - float(item.number)) < _NEAR))
        case ">":
            return bool(np.all(array > 0))
        case ">=":
            return bool(np.all(array >= 0))
    return bool(np.all(array != 0))


def _said(assumptions: Sequence[Assumption]) -> str:
    return ", ".join(map(str, assumptions))
