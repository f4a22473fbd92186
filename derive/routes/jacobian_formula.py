"""Reads a Jacobian as a formula for all sizes: kron(eye(N), W.T), diag(vec f'(X)), diag(p) - outer(p, p), or none.

A derivative is a sum of terms δ · c (engine/pattern.py). Row by row, one term is

    diag(vec A) (P ⊗ Q ⊗ ...) diag(vec B)

if its axes, of the output and of the input, can be paired in their order: each pair makes a factor P, Q, ... of its
own, A holds what depends on several axes of the output and B on several of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import prod

from sympy import Integer

from derive.engine.jacobian import Jacobian
from derive.engine.pattern import Labels, Term, differentiate
from derive.forward.formula import Definition, lines_of
from derive.forward.layer import Layer
from derive.forward.matrix import read
from derive.forward.nodes import Constant, Contract, Delta, Input, Node, Ones
from derive.forward.normal import add, contract, zeros
from derive.forward.shape import Shape, Size
from derive.notation.code import print_code
from derive.notation.tree import (
    Diagonal,
    Identity,
    Kronecker,
    MatMul,
    Name,
    Negative,
    Product,
    Relation,
    Reshape,
    Sum,
    Transpose,
    Tree,
    Zeros,
)
from derive.notation.walk import children
from derive.rules.build import build
from derive.rules.known import Forward
from derive.rules.naming import definitions
from derive.rules.rewrite import regrouped, shortest
from derive.rules.terms import flatten
from derive.rules.written import legible_length

__all__ = ["JacobianFormula", "ReadableJacobian", "jacobian_formula"]

_MOST_TERMS = 8
"""A coefficient that is a sum of more terms is not taken apart."""

Factors = list[tuple[Node, Labels]]
Read = Callable[[Node], Tree]


@dataclass(frozen=True, slots=True)
class JacobianFormula:
    """J_X = I ⊗ Wᵀ, the Jacobian of the flattened output with respect to a flattened input.

    `str()` gives it in NumPy syntax; definitions are the names that it uses.

    Shapes: (entries of the output, entries of the input), both read row by row.
    """

    wrt: Input
    tree: Tree
    definitions: tuple[Definition, ...]
    called: Name | None = None

    @property
    def name(self) -> Name:
        """J_X, or what it is called."""
        return self.called or Name(f"J_{self.wrt.name}", "matrix")

    @property
    def equation(self) -> Relation:
        """Both sides."""
        return Relation.equal(self.name, self.tree)

    @property
    def statements(self) -> tuple[str, ...]:
        """Lines of NumPy-style code: every definition, and then J_X = ... with what they define."""
        return lines_of(self.definitions, self.name.text, self.tree)

    def __str__(self) -> str:
        return print_code(self.tree)


@dataclass(frozen=True, eq=False)
class ReadableJacobian(Jacobian):
    """A Jacobian with its formula for all sizes."""

    @cached_property
    def formula(self) -> JacobianFormula | None:
        """The matrix as a formula, `str()` gives it in NumPy syntax; None if it is none of the forms that are read."""
        return jacobian_formula(self.map.layer, self.map.input.name)


def jacobian_formula(layer: Layer, wrt: str) -> JacobianFormula | None:
    """The Jacobian with respect to one input as a formula; None if it is none of this kind.

    Raises: UnknownNameError if the layer has no input of that name.
    Source: Magnus and Neudecker, "Matrix Differential Calculus", chapters 2 and 9 (with columns for our rows).

    Example:
        >>> from derive.layers import load
        >>> [str(jacobian_formula(load("affine"), name)) for name in "XWb"]
        ['kron(eye(N), W.T)', 'kron(X, eye(M))', 'kron(ones((N, 1)), eye(M))']
    """
    # The names of a network are those of its stages, whose nodes are others.
    layer = replace(layer, stages=()) if layer.stages else layer
    known = tuple(item for item in definitions(layer) if not item.backward)
    names = {item.node: item.name for item in known}
    node = layer.input(wrt)
    tree = _read(layer.output, node, lambda inner: read(inner, names=names))
    return None if tree is None else JacobianFormula(node, tree, _used(tree, known))


def _used(tree: Tree, known: Sequence[Definition]) -> tuple[Definition, ...]:
    """The definitions whose names occur in a tree, and in the definitions of those."""
    by_name = {item.name: item for item in known}
    used: set[Tree] = set()
    pending = [tree]
    while pending:
        inner = pending.pop()
        item = by_name.get(inner) if isinstance(inner, Name) else None
        if item is not None and item.name not in used:
            used.add(item.name)
            pending.append(item.tree)
        pending.extend(children(inner))
    return tuple(item for item in known if item.name in used)


def _read(output: Node, wrt: Input, read_node: Read) -> Tree | None:
    forward = Forward(output)
    shapes = output.shape, wrt.shape
    if not all(shapes):
        return _of_numbers(output, wrt, forward, read_node)
    parts: list[tuple[bool, Tree]] = []
    for term in differentiate(output, wrt):
        forms = []
        for coefficient in dict.fromkeys(
            (shortest(term.coefficient, forward), term.coefficient, regrouped(term.coefficient, forward))
        ):
            whole = Term(term.output, term.input, term.value, coefficient)
            found = _of_term(whole, shapes, forward.whole, read_node)
            several = [found] if found is not None else _split(whole, shapes, forward, read_node)
            forms += [] if several is None else [several]
        if not forms:
            return None
        parts += min(forms, key=lambda form: legible_length(print_code(tree) for _, tree in form))
    if not parts:
        return Zeros(tuple(str(prod(shape, start=Integer(1))) for shape in shapes))
    # What is added comes before what is subtracted.
    ordered = sorted(parts, key=lambda part: part[0])
    trees = tuple(Negative(tree) if negative else tree for negative, tree in ordered)
    return trees[0] if len(trees) == 1 else Sum(trees)


def _of_numbers(output: Node, wrt: Input, forward: Forward, read_node: Read) -> Tree:
    """The derivative of a number as a row, and that with respect to a number as a column."""
    slopes = []
    for term in differentiate(output, wrt):
        kept = term.output or term.input
        missing = [label for label in kept if label not in term.value]
        sizes = dict(zip(kept, output.shape or wrt.shape, strict=True))
        operands = [term.coefficient, *(Ones(sizes[label]) for label in missing)]
        slopes.append(contract(operands, [term.value, *((label,) for label in missing)], kept))
    total = shortest(add(slopes) if slopes else zeros(output.shape or wrt.shape), forward)
    count = str(prod(output.shape or wrt.shape, start=Integer(1)))
    shape = (count, "1") if output.shape else ("1", count)
    if total is zeros(total.shape):
        return Zeros(shape)
    if output.shape or wrt.shape:
        return Reshape(read_node(total), shape)
    # A number has no shape to be changed: it becomes a multiple of the identity matrix.
    one = Identity("1")
    return one if total is Constant(Integer(1)) else Product((read_node(total), one))


def _split(
    term: Term, shapes: tuple[Shape, Shape], forward: Forward, read_node: Read
) -> list[tuple[bool, Tree]] | None:
    """The forms of the terms of a coefficient that is a sum; None if one of them has none."""
    opened = flatten(term.coefficient, forward.whole, most=_MOST_TERMS)
    if opened is None or len(opened.terms) < 2:
        return None
    parts = []
    for inner in opened.terms:
        coefficient = build(type(opened)((inner,), opened.free, opened.shape))
        inner_term = Term(term.output, term.input, term.value, coefficient)
        found = _of_term(inner_term, shapes, forward.whole, read_node)
        if found is None:
            return None
        parts.append(found)
    return parts


def _of_term(
    term: Term, shapes: tuple[Shape, Shape], whole: Collection[Node], read_node: Read
) -> tuple[bool, Tree] | None:
    """Whether a term is subtracted, and its form; None if it has none."""
    factors = _factors(term.coefficient, term.value, whole)
    pairs = None if factors is None else _pairs(term, factors)
    if factors is None or pairs is None:
        return None
    sizes = dict(zip(term.output, shapes[0], strict=True)) | dict(zip(term.input, shapes[1], strict=True))
    numbers = [node for node, labels in factors if not labels]
    negative = sum(isinstance(n, Constant) and bool(n.value.could_extract_minus_sign()) for n in numbers) % 2 == 1
    scale = [Constant(abs(n.value)) if isinstance(n, Constant) else n for n in numbers]
    scale = [n for n in scale if not (isinstance(n, Constant) and n.value == 1)]
    slots, rest = _slots(pairs, [f for f in factors if f[1]], sizes)
    left = [f for f in rest if set(f[1]) <= set(term.output)]
    right = [f for f in rest if f not in left]
    if any(not set(labels) <= set(term.input) for _, labels in right):
        return None
    if term.output == term.input:
        # All pairs are diagonal, and so is their product.
        inner = [*left, *(factor for slot in slots for factor in slot.factors)]
        if len(term.output) == 1 or left:
            return negative, _diagonal(inner, scale, term.output, sizes, read_node)
    written = [slot.tree(scale if n == _first_matrix(slots) else [], read_node) for n, slot in enumerate(slots)]
    identities = all(isinstance(tree, Identity) for tree in written)
    count = prod((slot.rows or slot.columns or Integer(1) for slot in slots), start=Integer(1))
    middle: Tree = (
        Identity(str(count)) if identities else written[0] if len(written) == 1 else Kronecker(tuple(written))
    )
    if _first_matrix(slots) is None and scale:
        middle = Product((read_node(contract(scale, [()] * len(scale), ())), middle))
    parts: list[Tree] = [middle]
    if left:
        parts.insert(0, _diagonal(left, [], term.output, sizes, read_node))
    if right:
        parts.append(_diagonal(right, [], term.input, sizes, read_node))
    return negative, parts[0] if len(parts) == 1 else MatMul(tuple(parts))


def _factors(node: Node, labels: Labels, whole: Collection[Node]) -> Factors | None:
    """What the coefficient is the product of, with their labels; None if an identity is among it."""
    if not isinstance(node, Contract) or (node in whole and labels):
        # What the forward pass has computed may have a name.
        return [] if isinstance(node, Ones) else [(node, labels)]
    summed = set(node.summed())
    groups: list[list[int]] = []
    for place, row in enumerate(node.indices):
        linked = [g for g in groups if any(summed & set(row) & set(node.indices[p]) for p in g)]
        groups = [g for g in groups if g not in linked] + [sorted([place, *(p for g in linked for p in g)])]
    found: Factors = []
    outer = dict(zip(node.output, labels, strict=True))
    for group in sorted(groups):
        operands = [node.operands[p] for p in group]
        if any(isinstance(operand, Delta) for operand in operands):
            return None
        if len(group) == 1 and isinstance(operands[0], Ones):
            continue
        rows = [node.indices[p] for p in group]
        kept = [index for index in node.output if any(index in row for row in rows)]
        made = contract(operands, rows, kept)
        found.append((made, tuple(outer[index] for index in kept)))
    return found


def _pairs(term: Term, factors: Factors) -> list[tuple[int | None, int | None]] | None:
    """Labels of output and input that stand together, in order; None if they cross."""
    shared = {label: label for label in term.output if label in term.input}
    for _, labels in factors:
        mine = [label for label in labels if label in term.output and label not in term.input]
        others = [label for label in labels if label in term.input and label not in term.output]
        if mine and others:
            if len(labels) != 2 or shared.setdefault(mine[0], others[0]) != others[0]:
                return None
    if len(set(shared.values())) < len(shared):
        return None
    places = [(term.output.index(a), term.input.index(b)) for a, b in shared.items()]
    places.sort()
    if any(after[1] < before[1] for before, after in pairwise(places)):
        return None
    pairs: list[tuple[int | None, int | None]] = []
    row = column = 0
    for p, q in [*places, (len(term.output), len(term.input))]:
        rows, columns = list(term.output[row:p]), list(term.input[column:q])
        count = max(len(rows), len(columns))
        pairs += zip([*rows, *[None] * (count - len(rows))], [*columns, *[None] * (count - len(columns))], strict=True)
        if p < len(term.output):
            pairs.append((term.output[p], term.input[q]))
        row, column = p + 1, q + 1
    return pairs


@dataclass(frozen=True, slots=True)
class _Slot:
    """One pair of axes: what it contributes to the Kronecker product."""

    row: int | None
    column: int | None
    rows: Size | None
    columns: Size | None
    factors: tuple[tuple[Node, Labels], ...]

    def tree(self, scale: Sequence[Node], read_node: Read) -> Tree:
        """The factor of the Kronecker product: a matrix, a column, or a row."""
        scalars: Factors = [(node, ()) for node in scale]
        if self.row == self.column:
            assert self.row is not None and self.rows is not None
            if not self.factors:
                return Identity(str(self.rows))
            return _diagonal(self.factors, scale, (self.row,), {self.row: self.rows}, read_node)
        labels = tuple(label for label in (self.row, self.column) if label is not None)
        sizes = tuple(size for size in (self.rows, self.columns) if size is not None)
        absent = [
            (Ones(size), (label,))
            for label, size in zip(labels, sizes, strict=True)
            if not any(label in row for _, row in self.factors)
        ]
        operands = [*scalars, *self.factors, *absent]
        tree = read_node(contract([node for node, _ in operands], [row for _, row in operands], labels))
        return Transpose(tree) if self.row is None else tree


def _slots(
    pairs: Sequence[tuple[int | None, int | None]], factors: Factors, sizes: Mapping[int, Size]
) -> tuple[list[_Slot], Factors]:
    """The pairs with the factors that have their labels alone, and the other factors."""
    slots = []
    rest = list(factors)
    for row, column in pairs:
        own = [factor for factor in rest if set(factor[1]) <= {row, column}]
        rest = [factor for factor in rest if factor not in own]
        rows, columns = (None if label is None else sizes[label] for label in (row, column))
        slots.append(_Slot(row, column, rows, columns, tuple(own)))
    return slots, rest


def _first_matrix(slots: Sequence[_Slot]) -> int | None:
    """The slot that numbers are multiplied into: the first that holds more than ones."""
    return next((n for n, slot in enumerate(slots) if slot.factors), None)


def _diagonal(
    factors: Sequence[tuple[Node, Labels]],
    scale: Sequence[Node],
    labels: Labels,
    sizes: Mapping[int, Size],
    read_node: Read,
) -> Tree:
    """The diagonal matrix of a product, or the identity matrix."""
    ones = [(Ones(sizes[label]), (label,)) for label in labels if not any(label in row for _, row in factors)]
    scalars: Factors = [(node, ()) for node in scale]
    listed = [*scalars, *factors, *ones]
    if not factors:
        identity = Identity(str(prod((sizes[label] for label in labels), start=Integer(1))))
        return Product((read_node(contract(scale, [()] * len(scale), ())), identity)) if scale else identity
    tree = read_node(contract([node for node, _ in listed], [row for _, row in listed], labels))
    return Diagonal(tree, len(labels))
