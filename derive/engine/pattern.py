"""Where a Jacobian is not zero, and which node holds the value there.

The derivative of a node with respect to an input is a sum of terms δ · c: a pattern says which axes of the node and
of the input must agree, a coefficient node gives the value. For Y = X W: ∂y_ij/∂x_kl is w_lj where i = k, so the
pattern is (i, j | i, l) and the coefficient W. The deltas are eliminated by renaming, never materialised. This is the
product rule, run forwards; it shares nothing with the reverse mode that it is compared to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Integer

from derive.forward.differential import differentials
from derive.forward.nodes import Add, Constant, Contract, Input, Node, topological
from derive.forward.normal import add, contract

__all__ = ["Term", "differentiate"]

Labels = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a derivative: equal labels are equal positions; the value there is an entry of the coefficient.

    Shapes: output has a label for each axis of the node, input one for each axis of the input, value one for each
    axis of the coefficient; every label of value is one of output or input. No row holds a label twice.
    """

    output: Labels
    input: Labels
    value: Labels
    coefficient: Node

    def normal(self) -> Term:
        """The term with its labels numbered in the order of first occurrence."""
        number: dict[int, int] = {}
        rows = [tuple(number.setdefault(i, len(number)) for i in row) for row in (self.output, self.input, self.value)]
        return Term(rows[0], rows[1], rows[2], self.coefficient)


def differentiate(node: Node, wrt: Input) -> tuple[Term, ...]:
    """The derivative of the node with respect to an input, as terms in the order of the product rule.

    Source: the product and chain rules for sums, with ∂x_kl/∂x_mn = δ_km δ_ln.
    """
    made: dict[Node, tuple[Term, ...]] = {}
    for item in topological(node):
        made[item] = _gathered([term.normal() for term in _rule(item, wrt, made)])
    return made[node]


def _gathered(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms, those whose labels are the same added up.

    In a graph that forks and joins again, x + f(x), their number would otherwise double at every join.
    """
    alike: dict[tuple[Labels, Labels, Labels], list[Term]] = {}
    for term in terms:
        alike.setdefault((term.output, term.input, tuple(sorted(term.value))), []).append(term)
    return tuple(
        several[0] if len(several) == 1 else Term(*labels, add([_ordered(term, labels[2]) for term in several]))
        for labels, several in alike.items()
    )


def _ordered(term: Term, value: Labels) -> Node:
    """The coefficient with its axes in the order of these labels."""
    return term.coefficient if term.value == value else contract([term.coefficient], [term.value], value)


def _rule(node: Node, wrt: Input, made: dict[Node, tuple[Term, ...]]) -> list[Term]:
    if node is wrt:
        axes = tuple(range(len(node.shape)))
        return [Term(axes, axes, (), Constant(Integer(1)))]
    match node:
        case Add():
            return [term for operand in node.operands for term in made[operand]]
        case Contract():
            return [t for place, operand in enumerate(node.operands) for t in _product_rule(node, place, made[operand])]
    return [
        _composed(change.output, change.factors, change.input, term)
        for change in differentials(node)
        for term in made[node.operands[change.place]]
    ]


def _product_rule(node: Contract, place: int, inner: Sequence[Term]) -> list[Term]:
    """Σ a b ... differentiated in the factor at `place`: the others stay, summed where nothing pins their index."""
    return [
        _composed(
            node.output,
            [(o, row) for p, (o, row) in enumerate(zip(node.operands, node.indices, strict=True)) if p != place],
            node.indices[place],
            term,
        )
        for term in inner
    ]


def _composed(output: Labels, others: Sequence[tuple[Node, Labels]], at: Labels, term: Term) -> Term:
    """Σ of the other factors times a term whose output axes lie at the indices `at`."""
    # The term's own labels are moved clear of the indices, then those of its output axes are replaced by the indices.
    offset = 1 + max((i for row in (output, at, *(row for _, row in others)) for i in row), default=-1)
    names = {label + offset: index for label, index in zip(term.output, at, strict=True)}

    def carried(row: Labels) -> Labels:
        return tuple(names.get(label + offset, label + offset) for label in row)

    wrt = carried(term.input)
    factors = [*others, (term.coefficient, carried(term.value))]
    present = dict.fromkeys(index for _, row in factors for index in row)
    value = tuple(index for index in present if index in output or index in wrt)
    return Term(output, wrt, value, contract([node for node, _ in factors], [row for _, row in factors], value))
