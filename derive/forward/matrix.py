"""Turns a node into matrix notation, each kind of node by its rule, contractions by `contracted`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from derive.errors import InternalError
from derive.forward.beside import filling, next_to_each_other
from derive.forward.coefficient import scaled
from derive.forward.contracted import read_contraction
from derive.forward.idioms import Idiom, idiom, parts, root
from derive.forward.joined import joined
from derive.forward.masks import added
from derive.forward.nodes import (
    Add,
    Constant,
    Contract,
    Delta,
    Input,
    Map,
    MatrixFunction,
    Node,
    OneHot,
    Ones,
    Reduce,
    Select,
    placeholder,
    topological,
)
from derive.forward.readings import READINGS, READINGS_OF_ROWS, Readings, turned_sum
from derive.forward.scalar import number, read_scalar
from derive.forward.selected import read_joined, read_selection
from derive.notation.rank import LASTING
from derive.notation.tree import Along, Extreme, Gradient, Identity, Kind, MatrixCall, Name, Number, Tree, Zeros
from derive.notation.tree import OneHot as OneHotTree
from derive.notation.tree import Ones as OnesTree

__all__ = ["called", "name_of", "read", "read_each"]


def read(node: Node, *, rows: bool = False, names: Mapping[Node, Tree] = MappingProxyType({})) -> Tree:
    """The node in matrix notation; what matrix notation cannot write becomes an einsum.

    In a product a vector is a column, or a row where rows is set: x W and xᵀ y in the place of Wᵀ x and x yᵀ. Nodes
    that have names are called by them.
    """
    made: dict[Node, Tree] = {}
    readings = READINGS_OF_ROWS if rows else READINGS
    for item in topological(node, leaves=names, below=parts):
        made[item] = names[item] if item in names else _read_one(item, made, readings, names)
    return made[node]


def read_each(
    order: Sequence[Node],
    sources: Mapping[Node, Node],
    *,
    rows: bool = False,
    names: Mapping[Node, Tree],
    leaves: Collection[Node] = (),
    known: Mapping[Node, Tree] = MappingProxyType({}),
) -> Mapping[Node, Tree]:
    """Each node as `read` reads it, in the names of others; order has what a node is read from before it.

    sources has, for nodes that stand for others, those others; leaves are their names alone; known is how some nodes
    read.
    """
    made: dict[Node, Tree] = {}
    found: dict[Node, Tree] = {}
    readings = READINGS_OF_ROWS if rows else READINGS
    for item in order:
        source = sources.get(item)
        if item in leaves:
            made[item] = found[item] = names[item]
            continue
        if item in known:
            found[item] = known[item]
        else:
            found[item] = _read_one(item, made, readings, names) if source is None else found[source]
        made[item] = names.get(item, found[item])
    return found


def name_of(node: Input) -> Tree:
    """X, or ∂L/∂Y for an upstream gradient."""
    if node.gradient_of:
        return Gradient(called(node.gradient_of, node), node.name)
    return called(node.name, node)


def called(word: str, node: Node) -> Name:
    """The node by a name."""
    rank = len(node.shape)
    kinds: tuple[Kind, ...] = ("scalar", "vector", "matrix")
    return Name(word, kinds[min(rank, 2)], rank if rank > 2 else None)


def _read_one(node: Node, made: dict[Node, Tree], readings: Readings, names: Collection[Node]) -> Tree:
    found = idiom(node)
    if found is not None:
        return _read_idiom(found, made[found.operand])
    match node:
        case Input():
            return name_of(node)
        case Constant():
            return number(node.value)
        case Ones():
            return OnesTree(str(node.size))
        case Delta():
            return Identity(str(node.size))
        case Select():
            return read_selection(node)
        case Add():
            beside = joined(node)
            if beside is not None:
                return read_joined(beside, [made[part] for part in beside.parts], node.shape)
            return turned_sum(added(next_to_each_other(node.operands, made, names)))
        case Map():
            inner = root(node)
            if inner is not None:
                exponent = 2 * node.function.as_base_exp()[1]
                return read_scalar(placeholder(0) ** exponent, [made[inner]])
            return read_scalar(node.function, next_to_each_other(node.operands, made, names))
        case OneHot():
            return OneHotTree(
                made[node.arguments[0]], str(node.size), str(node.shape[0]) if len(node.shape) == 2 else ""
            )
        case Reduce():
            rank = len(node.arguments[0].shape)
            return Extreme(node.name, made[node.arguments[0]], node.axes if len(node.axes) < rank else None, rank)
        case MatrixFunction():
            return MatrixCall(node.name, made[node.arguments[0]])
        case Contract() if filling(node) == Number(0):
            return Zeros(tuple(map(str, node.shape)))
        case Contract():
            return read_contraction(node, made, readings, names)
    raise InternalError(f"matrix notation: no rule for a node of kind {type(node).__name__}")


def _read_idiom(found: Idiom, operand: Tree) -> Tree:
    rank = len(found.operand.shape)
    axes = found.axes if len(found.axes) < rank or found.function in LASTING else None
    return scaled(found.coefficient, [], Along(found.function, operand, axes, rank))
