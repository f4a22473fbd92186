"""Turns the mathematics of a layer into one JSON document; `schema/derive-1.json` beside this file says what is in it.

Positions in lists count from 0, the indices in names such as w_1_2 from 1. The text is ASCII, so that it passes every
pipe and terminal; the same input gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any

from derive.document.material import Material
from derive.document.spelling import Speller, speller
from derive.engine.concrete import LISTED_TERMS, Concrete, flat
from derive.engine.vectorize import VectorMap
from derive.errors import SizeError
from derive.forward.formula import Definition, Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Node
from derive.notation.code import print_code, print_value
from derive.notation.latex import print_latex
from derive.notation.sharing import SharingPrinter
from derive.notation.tree import BigSum, Sum, Tree
from derive.notation.walk import children
from derive.proof.assumed import uses
from derive.proof.evidence import Evidence, Strength
from derive.routes.jacobian import JacobianRoute
from derive.routes.jacobian_formula import JacobianFormula
from derive.rules.naming import definitions

if TYPE_CHECKING:
    from derive.routes.second import SecondRoute
    from derive.rules.networks import StageGradients

__all__ = ["LISTED_ENTRIES", "MOST_ENTRIES", "SCHEMA_VERSION", "render_json"]

SCHEMA_VERSION = "1"

LISTED_ENTRIES = 200
"""So many entries of a list are written unless all are asked for; the true number stands beside it."""

MOST_ENTRIES = 10**5
"""A document of more entries is refused."""

_LINE = 100


def render_json(material: Material, *, all_entries: bool = False) -> str:
    """The gradients, how they were derived, and how they were verified.

    Lists are cut at LISTED_ENTRIES entries unless all_entries is set. A sum of more than LISTED_TERMS terms is written
    with Σ, as {"text": ..., "terms": ...}.

    Raises: SizeError if all of more than MOST_ENTRIES entries are asked for.
    """
    if all_entries:
        _check_count(material, list(material.routes.values()))
    cap = None if all_entries else LISTED_ENTRIES
    layer, spell = material.layer, speller(material.options.names, material.layer.loss)
    write = _Expressions()
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "layer": layer.name,
        "variant": dict(layer.variant),
        "sizes": dict(material.sizes),
        "conventions": {
            "samples": layer.samples,
            "vectorization": "rows",
            "layout": "numerator",
            "upstream": layer.upstream.name,
            "upstream_letter": layer.upstream.letter,
            "loss": layer.loss,
            "first_index_of_names": 1,
            "first_position": 0,
        },
        "limits": {"entries": cap, "terms": LISTED_TERMS},
        "inputs": [{"name": node.name, "letter": node.letter, **_shapes(material, node)} for node in layer.inputs],
        "output": {
            "name": layer.output_name,
            "letter": layer.output_letter,
            **_shapes(material, layer.output),
            "formula": print_code(layer.read(layer.output)),
            "latex": print_latex(layer.read(layer.output)),
        },
        "values": [_value(item, material, spell) for item in definitions(layer) if item.entries is not None],
        "assumptions": [] if material.assumed is None else _assumptions(material, material.assumed),
        "gradients": {
            route.map.input.name: _gradient(route, material, cap, spell, write) for route in _routes(material)
        },
    }
    if layer.stages:
        from derive.rules.networks import stage_gradients  # deferred: only networks have stages

        document["stages"] = [_stage(item, spell) for item in stage_gradients(layer)]
    if material.worked is not None:
        from derive.render.numbers import worked_numbers  # deferred: few documents have an example in numbers

        document["numbers"] = worked_numbers(
            material.worked, layer.upstream.name, lambda shape: _leading(shape, cap), cap
        )
    return "\n".join(_lines(document)) + "\n"


def _routes(material: Material) -> Iterator[JacobianRoute]:
    """Routes of our own: letters of Σ are handed out as entries are asked for, to every gradient from the first."""
    # What the terms of a derivative are does not depend on who lists its entries.
    known = [route.map.concrete.derivatives for route in material.routes.values()]
    derivatives = {wrt: terms for found in known for wrt, terms in found.items()}
    concrete = Concrete(material.layer, material.sizes, derivatives=derivatives)
    for name in material.routes:
        concrete = concrete.begun_again()
        yield JacobianRoute(VectorMap(concrete, material.layer.input(name)))


def _assumptions(material: Material, layer: Layer) -> list[dict[str, Any]]:
    """What is assumed of inputs, and which gradients use it."""
    used = {name: uses(layer, name) for name in material.routes}
    return [
        {
            "text": str(item),
            "stated_by": "layer" if item.author else "user",
            "used_in": [name for name, items in used.items() if item in items],
        }
        for item in layer.assumptions
    ]


def _value(item: Definition, material: Material, spell: Speller) -> dict[str, Any]:
    """A value of the forward pass that has a name."""
    assert item.entries is not None
    return {
        "name": item.text,
        "letter": item.entries.letter,
        **_shapes(material, item.node),
        "formula": print_code(item.tree),
        "latex": print_latex(spell(item.tree)),
    }


def _stage(item: StageGradients, spell: Speller) -> dict[str, Any]:
    """A stage of a network: what it computes, receives and sends."""
    value = item.value
    return {
        "text": item.stage.text,
        "input": item.stage.input.name,
        "output": value.text,
        "formula": print_code(value.tree),
        "latex": print_latex(spell(value.tree)),
        "receives": None if item.receives is None else print_code(item.receives),
        "sends": [
            {"name": print_code(sent.name), "formula": print_code(sent.tree), "latex": print_latex(spell(sent.tree))}
            for sent in item.sends
        ],
    }


def _check_count(material: Material, routes: Sequence[JacobianRoute]) -> None:
    """Refuses a document of too many entries."""
    count = sum(route.map.codomain + route.jacobian.nnz + 2 * route.map.domain for route in routes)
    if count > MOST_ENTRIES:
        sizes = ", ".join(f"{letter}={number}" for letter, number in material.sizes.items())
        raise SizeError(
            f"{material.layer.name}: all entries would be {count} (components, non-zeros of the Jacobians, and twice "
            f"the gradients), at most {MOST_ENTRIES} are listed ({sizes}); choose smaller sizes, ask for fewer inputs "
            f"with --wrt, or leave out --all-entries"
        )


def _shapes(material: Material, node: Node) -> dict[str, Any]:
    return {"axes": [str(size) for size in node.shape], "shape": list(material.layer.shape(node, material.sizes))}


def _gradient(
    route: JacobianRoute, material: Material, cap: int | None, spell: Speller, write: _Expressions
) -> dict[str, Any]:
    map, jacobian, row = route.map, route.jacobian, route.chain_rule
    formula, evidence = material.formulas[map.input.name], material.evidence[map.input.name]
    return {
        "shape": list(map.input_shape),
        "formula": print_code(formula.tree),
        "latex": print_latex(spell(formula.equation)),
        "formula_without_assumptions": print_code(route.formula.tree),
        "map": {
            "domain": map.domain,
            "codomain": map.codomain,
            "components": [write(map.listed(n)) for n in islice(range(map.codomain), cap)],
        },
        "jacobian": {
            "shape": list(jacobian.shape),
            "nnz": jacobian.nnz,
            "entries": [[i, j, write(jacobian.listed(i, j))] for i, j in islice(jacobian.nonzeros(), cap)],
            "formula": _written(jacobian.formula if "jacobians" in material.options.chosen_sections() else None),
        },
        "second": _second(material.second.get(map.input.name), cap, write),
        "row": [write(row.listed(0, n)) for n in islice(range(map.domain), cap)],
        "matrix": _nested(route, (), _leading(map.input_shape, cap), write),
        "definitions": [
            {"name": item.text, "formula": print_value(item.tree), "latex": print_latex(spell(item.equation))}
            for item in formula.definitions
        ],
        "evidence": [_evidence(item) for item in evidence],
    }


def _written(found: JacobianFormula | Formula | None) -> dict[str, Any] | None:
    """A formula with the names that it uses, or null."""
    if found is None:
        return None
    named = [{"name": item.text, "formula": print_value(item.tree)} for item in found.definitions]
    return {"text": str(found), "latex": print_latex(found.tree), "definitions": named}


def _second(route: SecondRoute | None, cap: int | None, write: _Expressions) -> dict[str, Any] | None:
    """The second derivatives, or null if nobody has asked for them."""
    if route is None:
        return None
    hessian = route.hessian
    return {
        "direction": route.direction.name,
        "product": _written(route.product),
        "hessian": {
            "shape": list(hessian.shape),
            "nnz": hessian.nnz,
            "entries": [[i, j, write(hessian.listed(i, j))] for i, j in islice(hessian.nonzeros(), cap)],
            "formula": _written(hessian.formula),
        },
    }


class _Expressions:
    """The texts of entries, each printed once: a component of the map stands beside every gradient.

    So are the parts that they share.
    """

    def __init__(self) -> None:
        self._printer = SharingPrinter()
        self._written: dict[int, str | dict[str, Any]] = {}

    def __call__(self, tree: Tree) -> str | dict[str, Any]:
        """What is written for the tree; trees are told apart by identity, and the printer keeps them."""
        if id(tree) not in self._written:
            text = self._printer.text(tree)
            # Only a Σ that was not written out puts this sign before a parenthesis; walking every tree again would
            # cost more.
            self._written[id(tree)] = {"text": text, "terms": _terms(tree)} if "Σ(" in text else text
        return self._written[id(tree)]


def _terms(tree: Tree) -> int:
    """How many terms the sums of an expression have together once every Σ is written out; 1 if it has no sum."""
    match tree:
        case Sum(terms):
            return sum(map(_terms, terms))
        case BigSum(bounds, body):
            return prod(int(last) for _, last in bounds) * _terms(body)
    return sum(count for count in map(_terms, children(tree)) if count > 1) or 1


def _leading(shape: Sequence[int], cap: int | None) -> tuple[int, ...]:
    """The sides of the leading block that is shown: as long as possible and equal, where the shape is long enough."""
    if cap is None or prod(shape) <= cap:
        return tuple(shape)
    side = next(side for side in range(cap, 0, -1) if prod(min(size, side) for size in shape) <= cap)
    return tuple(min(size, side) for size in shape)


def _nested(route: JacobianRoute, position: tuple[int, ...], sides: Sequence[int], write: _Expressions) -> Any:
    """The gradient in the shape of its input, lists within lists, as NumPy nests them."""
    if len(position) == len(sides):
        return write(route.chain_rule.listed(0, flat(position, route.map.input_shape)))
    return [_nested(route, (*position, n), sides, write) for n in range(sides[len(position)])]


def _evidence(evidence: Evidence) -> dict[str, Any]:
    item: dict[str, Any] = {
        "route": evidence.route,
        "strength": evidence.strength.value,
        "method": evidence.method,
        "sizes": [dict(sizes) for sizes in evidence.sizes],
        "points": evidence.points,
        "digits": evidence.digits,
    }
    return {**item, "counterexample": evidence.counterexample} if evidence.strength is Strength.REFUTED else item


def _lines(value: Any, head: str = "", indent: str = "", tail: str = "") -> Iterator[str]:
    """The JSON text of a value: what fits stands in one line, the rest goes one item a line."""
    flat_text = json.dumps(value)
    if not isinstance(value, dict | list) or not value or len(indent + head + flat_text) <= _LINE:
        yield indent + head + flat_text + tail
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    items = (
        [(f"{json.dumps(key)}: ", item) for key, item in value.items()]
        if isinstance(value, dict)
        else [("", item) for item in value]
    )
    yield indent + head + opening
    for number, (key, item) in enumerate(items, start=1):
        yield from _lines(item, key, indent + "  ", "," if number < len(items) else "")
    yield indent + closing + tail
