"""Terms back as a node: in which order factors are multiplied and summed, and how the products are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sympy import Integer

from derive.forward.nodes import Add, Constant, Contract, Input, Map, Node, Ones, Select, placeholder
from derive.forward.normal import add, apply, contract, zeros
from derive.forward.selected import is_split
from derive.rules.selections import taken_out
from derive.rules.terms import Power, Term, Terms

__all__ = ["build", "follow", "is_backwards", "raised"]


_Factors = list[tuple[Node, tuple[int, ...]]]


def build(terms: Terms) -> Node:
    """The node that computes the terms: every label is summed over as soon as no other factor has it."""
    made = [_product(term, terms) for term in terms.terms]
    return add(made) if made else zeros(terms.shape)


def _product(term: Term, terms: Terms) -> Node:
    absent = [label for label in terms.free if label not in term.labels()]
    if len(term.powers) == 1 and all(terms.size(term, label) == 1 for label in absent):
        # A sum with an axis of size 1 is the product with a row or a column of ones.
        ones = [Ones(Integer(1)) for _ in absent]
        operands = [Constant(term.coefficient), *ones, raised(term.powers[0])]
        return contract(operands, [(), *((label,) for label in absent), term.powers[0].index], terms.free)
    placed = _placed(term, terms)
    if placed is not None:
        return placed
    factors = taken_out([(raised(power), power.index) for power in term.powers], terms.free)
    # An axis of size 1 is stretched by what stands beside it.
    sizes = {label: size for node, index in factors for label, size in zip(index, node.shape, strict=True)}
    summed = [label for label, size in sizes.items() if label not in terms.free and size != 1]
    while summed:
        factors = _merged(factors)
        label = min(
            summed, key=lambda label: (_rank_after(label, factors), not _is_last(label, factors), summed.index(label))
        )
        touched = _scaled([factor for factor in factors if label in factor[1]])
        rest = [factor for factor in factors if label not in factor[1]]
        # Other labels that only these factors have are summed in the same step.
        elsewhere = {i for _, index in rest for i in index} | set(terms.free)
        gone = [i for i in summed if i == label or (any(i in index for _, index in touched) and i not in elsewhere)]
        kept = [i for i in dict.fromkeys(i for _, index in touched for i in index) if i not in gone]
        # Labels of the result come in its order, so that nothing is transposed back.
        ordered = iter(label for label in terms.free if label in kept)
        output = [next(ordered) if label in terms.free else label for label in kept]
        if len(output) == 2 and is_backwards(output, [index for _, index in rest], terms.free):
            output.reverse()
        node = contract([n for n, _ in touched], [index for _, index in touched], output)
        factors = [*rest, (node, tuple(output))]
        summed = [i for i in summed if i not in gone]
    factors = sorted(factors, key=lambda factor: _order(factor[0]))
    operands, rows = [n for n, _ in factors], [list(index) for _, index in factors]
    missing = [label for label in terms.free if not any(label in row for row in rows)]
    operands += [Ones(terms.shape[terms.free.index(label)]) for label in missing]
    rows += [[label] for label in missing]
    if term.coefficient != 1 or not operands:
        operands.insert(0, Constant(term.coefficient))
        rows.insert(0, [])
    return contract(operands, rows, list(terms.free))


def _placed(term: Term, terms: Terms) -> Node | None:
    """A product that selections put at its place along axes of the result; None if there are none.

    Source: Σ_p a_p [s = f(p)] is a with zeros beside it, or in another shape.
    """
    chosen: list[Power] = []
    free = list(terms.free)
    known = dict(zip(terms.free, terms.shape, strict=True))
    for power in term.powers:
        # On a diagonal, [s = 3k + k], two axes are one.
        if not isinstance(power.node, Select) or len(set(power.index)) < len(power.index):
            continue
        *inner, source = power.index
        others = {label for p in term.powers if p is not power for label in p.index}
        known |= dict(zip(power.index, power.node.shape, strict=True))
        if source in terms.free and source not in others and not set(inner) & set(free):
            free[free.index(source) : free.index(source) + 1] = inner
        elif is_split(power.node) and source not in free and not set(inner) & others and follow(inner, free):
            # An axis of what is computed is split at the end.
            free[free.index(inner[0]) : free.index(inner[-1]) + 1] = [source]
        else:
            continue
        chosen.append(power)
    if not chosen:
        return None
    rest = replace(term, powers=tuple(power for power in term.powers if power not in chosen))
    made = build(Terms((rest,), tuple(free), tuple(known[label] for label in free)))
    return contract([made, *(power.node for power in chosen)], [free, *(power.index for power in chosen)], terms.free)


def follow(labels: Sequence[int], free: Sequence[int]) -> bool:
    """Whether labels follow each other in this order."""
    start = free.index(labels[0]) if labels[0] in free else len(free)
    return list(free[start : start + len(labels)]) == list(labels)


def is_backwards(index: Sequence[int], others: Sequence[Sequence[int]], free: Sequence[int]) -> bool:
    """Whether the second label of a matrix in a product, and not its first, leads to the earlier axis of the result.

    others are the labels of the other factors. A matrix that makes a vector of another begins with the vector's axis.
    """
    first, second = index
    ends = _reached(first, others), _reached(second, others)
    for place, axis in enumerate(free):
        if axis in index:
            inner = ends[axis == first]
            return (axis == second) == ((first in free and second in free) or inner.isdisjoint(free[:place]))
        if (axis in ends[0]) != (axis in ends[1]):
            return (axis in ends[1]) == (place == 0 or len(free) == 1)
    return False


def _reached(label: int, rows: Sequence[Sequence[int]]) -> set[int]:
    """The labels that lead to one through factors that share a label."""
    found, pending = {label}, [label]
    while pending:
        here = pending.pop()
        for row in rows:
            if here in row:
                pending += [other for other in row if other not in found]
                found.update(row)
    return found


def _order(node: Node) -> int:
    """Where a factor is written: gradients that arrive come first, sums last, as in G * S * (1 - S)."""
    if isinstance(node, Add) or (isinstance(node, Map) and node.function.is_Add):
        return 2
    return 0 if _has_gradient(node) else 1


def _has_gradient(node: Node) -> bool:
    """Whether a gradient that arrives is a factor."""
    while isinstance(node, Contract):
        if any(isinstance(part, Input) and part.gradient_of for part in node.operands):
            return True
        products = [part for part in node.operands if isinstance(part, Contract)]
        if len(products) != 1:
            return any(map(_has_gradient, products))
        (node,) = products
    return isinstance(node, Input) and bool(node.gradient_of)


def raised(power: Power) -> Node:
    """a^p as a node."""
    return power.node if power.exponent == 1 else apply(placeholder(0) ** power.exponent, [power.node])


def _rank_after(label: int, factors: _Factors) -> int:
    """How many axes are left when a label is summed over: the work, and what matrix notation can write."""
    return len({i for _, index in factors if label in index for i in index} - {label})


def _is_last(label: int, factors: _Factors) -> bool:
    """Whether a stack of matrices has the label last and a vector has it, so that A @ x says it."""
    rows = [index for _, index in factors if label in index]
    return (label,) in rows and any(len(index) > 2 and index[-1] == label for index in rows)


def _scaled(factors: _Factors) -> _Factors:
    """Vectors multiplied into a matrix with their label, one that was computed if there is one, an input else."""
    vectors = [factor for factor in factors if len(factor[1]) == 1]
    matrices = sorted((f for f in factors if len(f[1]) > 1), key=lambda f: isinstance(f[0], Input))
    if not vectors or len(matrices) < 2:
        return factors
    (node, index), *rest = matrices
    return [_multiplied([*vectors, (node, index)], index), *rest]


def _merged(factors: _Factors) -> _Factors:
    """Factors with the same labels multiplied, entry by entry."""
    alike: dict[frozenset[int], _Factors] = {}
    for node, index in factors:
        alike.setdefault(frozenset(index), []).append((node, index))
    for several in alike.values():
        several.sort(key=lambda factor: _order(factor[0]))
    return [several[0] if len(several) == 1 else _multiplied(several, several[0][1]) for several in alike.values()]


def _multiplied(factors: _Factors, index: tuple[int, ...]) -> tuple[Node, tuple[int, ...]]:
    """The product, with the labels of one of them, in which a diagonal a_ii has its label once."""
    output = tuple(dict.fromkeys(index))
    return contract([node for node, _ in factors], [row for _, row in factors], output), output
