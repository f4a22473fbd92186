"""Proves a derivation at concrete sizes: both sides of every step, every entry, in SymPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from sympy import Integer

from derive.engine.concrete import Concrete, positions
from derive.engine.pattern import Term
from derive.engine.vectorize import VectorMap
from derive.forward.entry import Entries
from derive.forward.formula import Definition
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node
from derive.forward.shape import bind
from derive.forward.whole import Whole
from derive.notation.tree import Tree
from derive.proof.algebra import FieldAlgebra
from derive.proof.equality import are_equal
from derive.proof.evaluate import evaluate
from derive.proof.failure import Failure, first_failure
from derive.proof.functions import Array
from derive.proof.nonzeros import Entries as Nonzeros
from derive.proof.nonzeros import nonzeros
from derive.proof.numeric import Sample, samples
from derive.proof.ring import Element
from derive.proof.scalars import replaced
from derive.routes.jacobian import JacobianRoute
from derive.rules.adjoint import VectorJacobianProduct
from derive.steps import Step

__all__ = ["Exact", "Sides", "check_steps", "check_text", "false_rule", "false_step", "symbols"]

Sizes = Mapping[str, int]
Pairs = tuple[tuple[str, int], ...]
Verdicts = dict[tuple[object, ...], bool]
"""What is known about rules of nodes by themselves and where they are applied, for one layer."""


def symbols(concrete: Concrete) -> dict[str, Array]:
    """Every input and the upstream gradient as a NumPy array of its entries."""
    layer = concrete.layer
    arrays = {}
    for node in (*layer.inputs, layer.upstream):
        array = np.empty(concrete.count(node), dtype=object)
        array[:] = concrete.values(node)
        arrays[node.name] = array.reshape(concrete.shape(node))
    return arrays


@dataclass(frozen=True, slots=True)
class Exact:
    """A layer with its entries as elements of fields; what is made for one gradient or route serves the others."""

    layer: Layer
    verdicts: Verdicts = field(default_factory=dict)
    _made: dict[Pairs, Concrete] = field(default_factory=dict)
    _samples: dict[tuple[Pairs, int], tuple[Sample, ...]] = field(default_factory=dict)
    _derivatives: dict[Input, tuple[Term, ...]] = field(default_factory=dict)
    _routes: dict[tuple[str, Pairs], JacobianRoute] = field(default_factory=dict)
    _named: dict[tuple[Pairs, tuple[int, ...]], tuple[tuple[Definition, ...], Array]] = field(default_factory=dict)
    _sides: dict[tuple[str, Pairs], Sides] = field(default_factory=dict)

    def samples(self, sizes: Sizes, seed: int) -> tuple[Sample, ...]:
        """Random inputs, the same for all gradients; see `numeric.samples`."""
        key = _pairs(sizes), seed
        if key not in self._samples:
            self._samples[key] = samples(self.layer, sizes, seed)
        return self._samples[key]

    def at(self, sizes: Sizes) -> Concrete:
        """The layer at these sizes."""
        key = _pairs(sizes)
        if key not in self._made:
            self._made[key] = Concrete(self.layer, sizes, FieldAlgebra(), Whole, self._derivatives)
        return self._made[key]

    def route(self, wrt: str, sizes: Sizes) -> JacobianRoute:
        """The derivation with respect to one input."""
        key = wrt, _pairs(sizes)
        if key not in self._routes:
            self._routes[key] = JacobianRoute(VectorMap(self.at(sizes), self.layer.input(wrt)))
        return self._routes[key]

    def sides(self, wrt: str, sizes: Sizes) -> Sides:
        """What the sides of steps of derivations with respect to one input are evaluated from."""
        key = wrt, _pairs(sizes)
        if key not in self._sides:
            concrete, formula = self.at(sizes), self.route(wrt, sizes).formula
            self._sides[key] = Sides(concrete, self._arrays(formula.definitions, concrete))
        return self._sides[key]

    def text(self, wrt: str, sizes: Sizes) -> Nonzeros:
        """The entries of the formula that stands alone, with the names that it has then."""
        concrete, alone = self.at(sizes), self.route(wrt, sizes).formula.alone
        arrays = self._arrays(alone.definitions, concrete)
        return nonzeros(alone.tree, arrays, concrete.sizes, samples=self.layer.samples)

    def _arrays(self, definitions: Sequence[Definition], concrete: Concrete) -> dict[str, Array]:
        """The entries of inputs and of the names that are defined; what several formulas define first is made once."""
        known = symbols(concrete)
        for count, definition in enumerate(definitions, start=1):
            before = tuple(definitions[:count])
            # Definitions are told apart by identity; they are kept, so that no other takes their place.
            key = _pairs(concrete.sizes), tuple(map(id, before))
            if key not in self._named:
                self._named[key] = before, evaluate(definition.tree, known, concrete.sizes)
            known[definition.text] = self._named[key][1]
        return known


@dataclass(frozen=True, slots=True)
class Sides:
    """The sides of steps at concrete sizes, each evaluated once: neighbouring steps share one, and so do routes."""

    concrete: Concrete
    arrays: Mapping[str, Array]
    _evaluated: dict[int, tuple[Tree, Nonzeros]] = field(default_factory=dict)

    def nonzeros(self, side: Tree) -> Nonzeros:
        """The entries of the side that are not 0; sides are told apart by identity, and kept."""
        found = self._evaluated.get(id(side))
        if found is None:
            concrete = self.concrete
            entries = nonzeros(side, self.arrays, concrete.sizes, samples=concrete.layer.samples)
            found = self._evaluated[id(side)] = side, entries
        return found[1]


def _pairs(sizes: Sizes) -> Pairs:
    return tuple(sorted(sizes.items()))


def check_steps(layer: Layer, wrt: str, sizes: Sizes, exact: Exact | None = None) -> Failure | int:
    """The first step of the derivation whose sides differ at these sizes.

    If all hold, the number of entries that algebra did not decide: they are equal at random points.
    """
    exact = exact or Exact(layer)
    route, sides = exact.route(wrt, sizes), exact.sides(wrt, sizes)
    return false_step(route.derivation.steps, sides)


def check_text(wrt: str, sizes: Sizes, exact: Exact) -> Failure | int:
    """The first entry in which the formula that stands alone is not the one with the names of the layer.

    If there is none, the number of entries that algebra did not decide.
    """
    whole = exact.sides(wrt, sizes).nonzeros(exact.route(wrt, sizes).formula.tree)
    return _difference("formula as text", whole, exact.text(wrt, sizes))


def false_step(steps: Sequence[Step[Tree]], sides: Sides) -> Failure | int:
    """The first of the steps whose sides differ, or the number of entries that algebra did not decide."""
    undecided = 0
    for step in steps:
        verdict = _difference(step.reason.name, sides.nonzeros(step.before), sides.nonzeros(step.after))
        if isinstance(verdict, Failure):
            return verdict
        undecided += verdict
    return undecided


def _difference(name: str, left: Nonzeros, right: Nonzeros) -> Failure | int:
    """The first entry in which both differ, or the number of entries that algebra does not decide."""
    places = sorted(left.keys() | right.keys())
    return first_failure((name, place, left.get(place, 0), right.get(place, 0)) for place in places)


def false_rule(layer: Layer, sizes: Sizes, steps: tuple[Step[object], ...]) -> Failure | None:
    """The first application of an adjoint rule that is not the vector-Jacobian product of its node, by definition."""
    entries = Entries(sizes, FieldAlgebra())
    for step in steps:
        claim, sent = step.before, step.after
        assert isinstance(claim, VectorJacobianProduct) and isinstance(sent, Node)
        operand = claim.node.operands[claim.operand]
        shape = bind(operand.shape, sizes)
        if sent.shape != operand.shape:
            return Failure(step.reason.name, (), Integer(len(sent.shape)), Integer(len(operand.shape)))
        expected = _by_definition(claim, operand, entries)
        for position in positions(shape):
            a, b = entries.one(sent, position), expected[position]
            if are_equal(a, b) is False:
                return Failure(step.reason.name, tuple(p + 1 for p in position), a, b)
    return None


def _by_definition(
    claim: VectorJacobianProduct, operand: Node, entries: Entries[Element]
) -> dict[tuple[int, ...], Element]:
    """Σ_o ȳ_o ∂y_o/∂x_t with x a fresh input in the place of the operand, put back after differentiating."""
    fresh = Input("_x", operand.shape, "_x")
    arguments = list(claim.node.operands)
    arguments[claim.operand] = fresh
    node = replace(claim.node, arguments=tuple(arguments))  # type: ignore[call-arg]  # a node with operands has them
    outputs = list(positions(bind(node.shape, entries.sizes)))
    weighted = list(zip(entries.many(claim.gradient, outputs), entries.many(node, outputs), strict=True))
    inputs = list(positions(bind(operand.shape, entries.sizes)))
    algebra = entries.algebra
    assert isinstance(algebra, FieldAlgebra)
    variables = {algebra.symbol(fresh, position): number for number, position in enumerate(inputs)}
    back = dict(zip(variables, entries.many(operand, inputs), strict=True))
    terms: list[list[Element]] = [[] for _ in inputs]
    for g, y in weighted:
        for number, slope in algebra.partials(y, variables).items():
            terms[number].append(g * replaced(slope, back))
    return {position: algebra.field.add(terms[number]) for number, position in enumerate(inputs)}
