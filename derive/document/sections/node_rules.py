"""The rule of every kind of node in a computational graph, with its derivation, and what it means in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from derive.document.blocks import Verbatim
from derive.document.draft import Draft, Values
from derive.document.drawing.sign import sign_of
from derive.document.local import LocalText
from derive.forward.nodes import Add, Constant, Contract, Map, MatrixFunction, Node, Reduce
from derive.locale import N_
from derive.notation.code import print_code
from derive.notation.tree import (
    Beside,
    Broadcast,
    Gradient,
    Hadamard,
    MatMul,
    Name,
    Relation,
    SumAxis,
    Transpose,
    Tree,
)
from derive.notation.tree import Ones as OnesTree
from derive.routes.graph import GraphRoute, is_given

__all__ = ["kinds", "stacked", "write"]

_TOGETHER = 7
"""So many equations stand under one number; more would not fit on the rest of a page."""


def stacked(draft: Draft, id: str, equations: Sequence[Tree]) -> None:
    """Equations one under the other, a few of them under one number."""
    for start in range(0, len(equations), _TOGETHER):
        name = id if start == 0 else f"{id}.{start // _TOGETHER + 1}"
        draft.equation(name, *equations[start : start + _TOGETHER])


def write(draft: Draft, route: GraphRoute) -> None:
    """The rule of every kind of node in the graph, once, with its derivation."""
    said: set[str] = set()
    for number, (node, places) in enumerate(kinds(route).values(), start=1):
        text = LocalText(route.local(node))
        result = Relation.equal(text.name, text.tree)
        values = {"result": result, "entry": text.definition()}
        # The first sentence says what is common to all nodes; the others need not.
        if isinstance(node, Add):
            draft.prose(N_("The node + computes {result}, that is {entry}."), **values)
        elif isinstance(text.tree, MatMul | Broadcast):
            draft.prose(N_("The node `dot` computes {result}, that is {entry}."), **values)
        elif isinstance(node, Map) and isinstance(label := sign_of(node), str):
            values["name"] = Verbatim(label)  # type: ignore[assignment]  # code is a value of a message, too
            draft.prose(N_("The node {name} computes {result}, entry by entry."), **values)
        else:
            draft.prose(N_("One node computes {result}, that is {entry}."), **values)
        lines = [
            Beside((text.partial(place), text.entry(place), text.matrix(place)))
            for place in (places[:1] if isinstance(node, Add) else places)
        ]
        stacked(draft, f"graph.rule.{number}", lines)
        why = _why(node, text, products="matmul" in said)
        if why and why.kind not in said:
            said.add(why.kind)
            draft.prose(why.message, **why.values)


def kinds(route: GraphRoute) -> dict[object, tuple[Node, tuple[int, ...]]]:
    """A node of each kind that sends something, and the operands to which any of its kind does."""
    found: dict[object, tuple[Node, set[int]]] = {}
    for node, place in route.sends:
        first, places = found.setdefault(_kind(node), (node, set()))
        if isinstance(node, Contract):
            # The factors of a product may come in another order than in the first of the kind.
            places.add(_order(first)[_order(node).index(place)])
        elif not isinstance(node, Add) or node is first:
            # Sums are all alike, but in one a number may stand where another has an operand.
            places.add(place)
    return {kind: (node, tuple(sorted(places))) for kind, (node, places) in found.items()}


def _kind(node: Node) -> object:
    """What nodes have in common whose rules look the same, in whatever order the factors come; sums are all alike."""
    operands = _operands(node)
    match node:
        case Contract():
            indices = _indices(node)
            return Contract, len(node.output), tuple((indices[n], operands[n]) for n in _order(node))
        case Map():
            return Map, node.function, operands
        case Reduce():
            return Reduce, node.name, node.axes, operands
        case MatrixFunction():
            return MatrixFunction, node.name
    return Add


def _operands(node: Node) -> tuple[object, ...]:
    """What a rule depends on in its operands."""
    return tuple(
        operand.value if isinstance(operand, Constant) else type(operand) if is_given(operand) else len(operand.shape)
        for operand in node.operands
    )


def _order(node: Node) -> tuple[int, ...]:
    """The operands of a product in an order that does not depend on how it was written."""
    assert isinstance(node, Contract)
    operands, indices = _operands(node), _indices(node)
    return tuple(sorted(range(len(operands)), key=lambda n: (indices[n], str(operands[n]))))


def _indices(node: Contract) -> tuple[tuple[int, ...], ...]:
    """The indices of the operands by where they stand in the result, those that are summed after them."""
    summed = dict.fromkeys(label for row in node.indices for label in row if label not in node.output)
    number = {label: n for n, label in enumerate((*node.output, *summed))}
    return tuple(tuple(number[label] for label in row) for row in node.indices)


@dataclass(frozen=True, slots=True)
class _Why:
    """What a rule means, in words; of one kind it is said once."""

    kind: str
    message: str
    values: Values = field(default_factory=dict)


def _why(node: Node, text: LocalText, *, products: bool) -> _Why | None:
    """What the rule of such a node means; products says whether that of a product of matrices has been told."""
    match text.tree:
        case _ if isinstance(node, Add):
            return _Why(
                "add",
                N_(
                    "The derivative with respect to each term is 1, so a sum passes on what arrives, unchanged, to "
                    "every branch: nothing happens at it."
                ),
            )
        case MatMul((Name(_, "matrix"), Name(_, "matrix"))):
            return _Why(
                "matmul",
                N_(
                    "To the left operand goes what arrives times the transposed right one; to the right operand, the "
                    "transposed left one times what arrives."
                ),
            )
        case Broadcast(_, 0):
            gradient = Gradient(Name(text.rule.layer.output_name, "matrix"), text.rule.layer.upstream.name)
            values: Values = {
                "ones": Transpose(OnesTree("")),
                "upstream": gradient,
                "code": Verbatim(print_code(SumAxis(gradient, 0, 2), module="np.")),
            }
            return _Why(
                "broadcast",
                N_(
                    "This is the rule of a product again, with ones for the left operand. {ones} times a matrix adds "
                    "up its rows; in NumPy, with {upstream} for what arrives, it is {code}."
                )
                if products
                else N_(
                    "This is a product with ones for the left operand. {ones} times a matrix adds up its rows; in "
                    "NumPy, with {upstream} for what arrives, it is {code}."
                ),
                values,
            )
        case Hadamard():
            return _Why("hadamard", N_("Each operand is sent what arrives times the other ones, entry by entry."))
        case SumAxis():
            return _Why("sum", N_("Every entry that was added up is sent what arrives at the sum it went into."))
        case _ if isinstance(node, Map):
            return _Why("map", N_("What arrives is multiplied, entry by entry, by the derivative of the function."))
    return None
