"""Equalities of selections [s = 2p + r], which take a part of an axis, put it back, or reshape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from sympy import Expr, Integer

from derive.forward.nodes import Contract, Map, Node, Ones, Select
from derive.forward.normal import apply, select
from derive.forward.selected import is_split
from derive.forward.shape import same
from derive.rules.known import Forward
from derive.rules.matching import matches
from derive.rules.terms import Power, Term, Terms, gathered

__all__ = ["every_place", "reshaped_function"]


def every_place(terms: Terms, forward: Forward) -> Terms | None:
    """Σ_k w_k [s = 2p + k] = Σ_i w_i [s = 2p + i]: terms that differ in one number, which takes all values, are one.

    Source: a sum that is written out is the sum over its index.
    """
    if len(terms.terms) < 2 or not any(isinstance(p.node, Select) for term in terms.terms for p in term.powers):
        return None
    first = 1 + max((label for term in terms.terms for label in (*term.labels(), *terms.free)), default=0)
    fresh = count(first)
    opened = [_with_slices_opened(term, fresh) for term in terms.terms]
    for number, pattern in enumerate(opened):
        group = [(number, _offsets(pattern))]
        for other in range(number + 1, len(opened)):
            found = _moved(pattern, opened[other], terms.free)
            if found is not None:
                group.append((other, found))
        made = _summed(pattern, [found for _, found in group], next(fresh)) if len(group) > 1 else None
        if made is not None:
            gone = {other for other, _ in group}
            kept = [term for place, term in enumerate(terms.terms) if place not in gone]
            one = gathered(made, terms.free)
            return replace(terms, terms=(*kept[:number], one, *kept[number:]))
    return None


def _with_slices_opened(term: Term, fresh: Iterator[int]) -> Term:
    """w[1] as Σ_s w_s [s = 1]."""
    powers: list[Power] = []
    for power in term.powers:
        parts = _parts(power.node) if power.exponent == 1 else None
        if parts is None or not isinstance(power.node, Contract):
            powers.append(power)
            continue
        names = dict(zip(power.node.output, power.index, strict=True))
        names.update((index, next(fresh)) for index in power.node.summed())
        powers += [Power(node, tuple(names[i] for i in row)) for node, row in parts]
    return replace(term, powers=tuple(powers))


def _parts(node: Node) -> list[tuple[Node, tuple[int, ...]]] | None:
    """The array and the selections of which a slice or a reshaping consists."""
    pairs = list(zip(node.operands, node.indices, strict=True)) if isinstance(node, Contract) else []
    arrays = sum(not isinstance(operand, Select) for operand, _ in pairs)
    return pairs if arrays == 1 and len(pairs) > 1 else None


def _still(term: Term) -> tuple[Power, ...]:
    """The factors with every selection starting at 0."""
    return tuple(
        replace(p, node=Select(p.node.counts, p.node.source, p.node.strides, Integer(0)))
        if isinstance(p.node, Select)
        else p
        for p in term.powers
    )


def _offsets(term: Term) -> tuple[Expr, ...]:
    return tuple(p.node.offset for p in term.powers if isinstance(p.node, Select))


def _moved(pattern: Term, other: Term, free: tuple[int, ...]) -> tuple[Expr, ...] | None:
    """Where the selections of the pattern start in another term that is the same otherwise."""
    if other.coefficient != pattern.coefficient or len(other.powers) != len(pattern.powers):
        return None
    known = {label: label for label in free}
    for rest, names in matches(_still(pattern), _still(other), known, bound=free):
        if not rest:
            at = {p.index: p.node.offset for p in other.powers if isinstance(p.node, Select)}
            rows = [p.index for p in pattern.powers if isinstance(p.node, Select)]
            return tuple(at[tuple(names[label] for label in row)] for row in rows)
    return None


def _summed(pattern: Term, offsets: Sequence[tuple[Expr, ...]], fresh: int) -> Term | None:
    """The terms whose selections start there as one, summed over how far they are moved; None if that is no sum."""
    if not all(offset.is_Integer for row in offsets for offset in row):
        return None
    ordered = sorted(offsets, key=lambda row: [int(offset) for offset in row])
    steps = [b - a for a, b in zip(*ordered[:2], strict=True)]
    for number, row in enumerate(ordered):
        if list(row) != [a + number * step for a, step in zip(ordered[0], steps, strict=True)]:
            return None
    chosen = [power for power in pattern.powers if isinstance(power.node, Select)]
    label, whole = next(
        (
            (power.index[-1], power)
            for power, start, step in zip(chosen, ordered[0], steps, strict=True)
            if _is_place(power, len(offsets)) and start == 0 and step == 1
        ),
        (fresh, None),
    )
    powers = [power for power in pattern.powers if power not in chosen]
    for power, start, step in zip(chosen, ordered[0], steps, strict=True):
        node = power.node
        assert isinstance(node, Select)
        if step == 0:
            powers.append(power)
        elif power is not whole:
            spread = select((*node.counts, Integer(len(offsets))), node.source, (*node.strides, step), start)
            if isinstance(spread, Select) and not is_split(spread):
                return None
            powers.append(Power(spread, (*power.index[:-1], label, power.index[-1])))
    if whole is not None and label not in {i for power in powers for i in power.index}:
        powers.append(Power(Ones(Integer(len(offsets))), (label,)))
    return replace(pattern, powers=tuple(powers))


def _is_place(power: Power, number: int) -> bool:
    """Whether a selection takes one place of an axis that has so many."""
    return isinstance(power.node, Select) and not power.node.counts and same(power.node.source, Integer(number))


def reshaped_function(terms: Terms, forward: Forward) -> Terms | None:
    """f(X.reshape(s)) = f(X).reshape(s), where other reshapings then cancel it.

    Source: f works entry by entry.
    """
    for number, term in enumerate(terms.terms):
        if not any(isinstance(power.node, Select) for power in term.powers):
            continue
        for place, power in enumerate(term.powers):
            found = _reshaped(power.node) if isinstance(power.node, Map) else None
            if found is None:
                continue
            fresh = count(1 + max((*term.labels(), *terms.free)))
            node, chain = found
            labels: tuple[int, ...] = power.index
            selects: list[Power] = []
            for step in reversed(chain):
                names = dict(zip(step.output, labels, strict=True))
                names.update((index, next(fresh)) for index in step.summed())
                for operand, row in zip(step.operands, step.indices, strict=True):
                    if isinstance(operand, Select):
                        selects.append(Power(operand, tuple(names[i] for i in row)))
                    else:
                        labels = tuple(names[i] for i in row)
            inner = (Power(node, labels, power.exponent), *selects)
            changed = (*term.powers[:place], *inner, *term.powers[place + 1 :])
            made = gathered(replace(term, powers=changed), terms.free)
            if len(made.powers) < len(term.powers):
                return replace(terms, terms=(*terms.terms[:number], made, *terms.terms[number + 1 :]))
    return None


def _reshaped(node: Node) -> tuple[Node, tuple[Contract, ...]] | None:
    """A node as an array of another shape, and the reshapings that lead from it to the node; None if it has none."""
    if isinstance(node, Contract):
        parts = _parts(node)
        if parts is None or not all(is_split(inner) for inner, _ in parts if isinstance(inner, Select)):
            return None
        array = next(inner for inner, _ in parts if not isinstance(inner, Select))
        before, chain = _reshaped(array) or (array, ())
        return before, (*chain, node)
    if isinstance(node, Map):
        found = [_reshaped(operand) for operand in node.operands]
        arrays = [item[0] for item in found if item is not None]
        chains = [[_frame(step) for step in item[1]] for item in found if item is not None]
        first = found[0]
        if first is None or len(arrays) < len(found) or any(chain != chains[0] for chain in chains):
            return None
        return apply(node.function, arrays), first[1]
    return None


def _frame(step: Contract) -> tuple[object, ...]:
    """A reshaping without the array."""
    return tuple(o if isinstance(o, Select) else None for o in step.operands), step.indices, step.output
