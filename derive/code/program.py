"""Turns a layer and the formulas of its gradients into a Program: the statements of both passes, in order.

A Program says nothing about the language in which it will be written; that is for one file each beside this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from derive.code.stable import Along, Stable
from derive.errors import UnsupportedError
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.matrix import called
from derive.forward.nodes import Node, topological
from derive.forward.shape import Shape
from derive.notation.rank import rank_of
from derive.notation.tree import Along as AlongTree
from derive.notation.tree import (
    AtLeast,
    Broadcast,
    Call,
    Gradient,
    Greater,
    Hadamard,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Slice,
    Sum,
    Tree,
    Where,
)
from derive.notation.tree import Equal as EqualTree
from derive.notation.walk import children
from derive.notation.walk import replace as replaced_in
from derive.rules.naming import definitions

__all__ = ["Array", "Program", "Result", "Statement", "program_of"]


@dataclass(frozen=True, slots=True)
class Array:
    """An array by name; whole is whether it holds whole numbers, which have no gradient."""

    name: str
    shape: Shape
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """name = value. full says that the value has its shape as it is written; what NumPy would stretch has not."""

    name: str
    value: Tree
    full: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """The gradient with respect to an input, and what code calls it."""

    wrt: Array
    statement: Statement


@dataclass(frozen=True, slots=True)
class Program:
    """Both passes of a layer.

    forward and backward are what is computed before output and results, each in an order in which it can be. upstream
    is the gradient that arrives, which a layer whose output is the loss itself does not use: its seed is 1.

    Shapes: output and upstream have the shape of the layer's output, a result that of its input.
    """

    name: str
    inputs: tuple[Array, ...]
    letters: tuple[str, ...]
    forward: tuple[Statement, ...]
    output: Statement
    backward: tuple[Statement, ...]
    results: tuple[Result, ...]
    upstream: Array
    loss: str
    is_loss: bool


def program_of(layer: Layer, formulas: Sequence[Formula], *, reserved: Iterable[str] = ()) -> Program:
    """The program that computes these gradients; reserved names are the language's own, and no array is called so.

    Raises: UnsupportedError if a size is called so.
    """
    used = {item.text for formula in formulas for item in formula.definitions if item.backward}
    named = [item for item in definitions(layer) if not item.backward or item.text in used]
    sources = {item.text: item.node if item.source is None else item.source for item in named}
    stable = Stable.search([layer.output, *sources.values(), *(f.short or f.node for f in formulas)])
    forward = set(topological(layer.output))
    # Values in the order of computation, and what each is read as.
    names: dict[Node, Tree] = {stable.of(item.node): item.name for item in named}
    words = {*layer.letters, layer.upstream.name, layer.output_name, *(node.name for node in layer.inputs)}
    words |= {item.text for item in named} | {formula.name.letter for formula in formulas}
    for found in stable.found:
        if found.stand_in not in names:
            names[found.stand_in] = called(_fresh(found, words), found.stand_in)
    by_stand_in: dict[Node, Along] = {found.stand_in: found for found in stable.found}

    def value(node: Node) -> Tree:
        along = by_stand_in.get(node)
        if along is not None:
            return AlongTree(along.function, read(along.argument), along.axes, len(along.argument.shape))
        known = {other: name for other, name in names.items() if other is not node}
        return layer.read(node, known)

    def read(node: Node) -> Tree:
        return layer.read(stable.of(node), names)

    ahead: dict[str, Tree] = {}
    back: dict[str, Tree] = {}
    for found in stable.found:
        place = ahead if found.argument in forward else back
        place[_text(names[found.stand_in])] = value(found.stand_in)
    for item in named:
        (back if item.backward else ahead)[item.text] = value(stable.of(sources[item.text]))
    out = stable.of(layer.output)
    output = Statement(layer.output_name, names[out] if out in names else value(out))
    results = [(formula.name.letter, formula.wrt, read(formula.short or formula.node)) for formula in formulas]
    renaming = _renaming(layer, words, {*reserved, *(letter for letter, _, _ in results)})
    needed = _in_order(back, [tree for _, _, tree in results])
    backward = [_statement(name, back[name], renaming) for name in needed]
    wanted = _in_order(ahead, [output.value, *(back[name] for name in needed), *(tree for _, _, tree in results)])
    arrays = {
        node.name: Array(renaming.get(node.name, node.name), node.shape, node.below is not None)
        for node in layer.inputs
    }
    return Program(
        name=layer.name,
        inputs=tuple(arrays.values()),
        letters=layer.letters,
        forward=tuple(_statement(name, ahead[name], renaming) for name in wanted),
        output=_statement(output.name, output.value, renaming),
        backward=tuple(backward),
        results=tuple(Result(arrays[wrt.name], _statement(letter, tree, renaming)) for letter, wrt, tree in results),
        upstream=Array(layer.upstream.name, layer.upstream.shape),
        loss=layer.loss,
        is_loss=not layer.output.shape and not layer.part,
    )


def _text(name: Tree) -> str:
    if isinstance(name, Gradient):
        return name.letter
    assert isinstance(name, Name)
    return name.text


def _fresh(item: Along, words: set[str]) -> str:
    matrix = len(item.stand_in.shape) > 1
    pool = ("P", "S") if item.function == "softmax" else ("LSE",)
    letters = [word if matrix else word.lower() for word in pool]
    candidates = chain(letters, (f"{letters[0]}_{n}" for n in count(1)))
    found = next(word for word in candidates if word not in words)
    words.add(found)
    return found


def _renaming(layer: Layer, words: set[str], reserved: set[str]) -> Mapping[str, str]:
    """Other names for the inputs and values that are called as something of the language is."""
    own = {node.name for node in layer.inputs} | {name for name, _ in layer.named} | {layer.output_name}
    for letter in layer.letters:
        if letter in reserved:
            raise UnsupportedError(f"code: the size {letter} is called like a part of the code; rename it, to N say")
    found = {}
    for name in sorted(own & reserved):
        other = next(word for n in count(1) if (word := name + "_" * n) not in words | reserved)
        words.add(other)
        found[name] = other
    return found


def _statement(name: str, value: Tree, renaming: Mapping[str, str]) -> Statement:
    def change(tree: Tree) -> Tree | None:
        return replace(tree, text=renaming[tree.text]) if isinstance(tree, Name) and tree.text in renaming else None

    return Statement(renaming.get(name, name), replaced_in(value, change), _is_full(value))


def _in_order(values: Mapping[str, Tree], wanted: Iterable[Tree]) -> list[str]:
    """The values that the wanted ones need, each after those that it is computed from."""
    order: list[str] = []
    needed = [word for value in wanted for word in _words(value) if word in values]
    reached = set(needed)
    while needed:
        for word in _words(values[needed.pop()]):
            if word in values and word not in reached:
                reached.add(word)
                needed.append(word)
    pending = [name for name in values if name in reached]
    while pending:
        ready = [name for name in pending if not any(w in pending and w != name for w in _words(values[name]))]
        order.append(ready[0])
        pending.remove(ready[0])
    return order


def _words(value: Tree) -> set[str]:
    found: set[str] = set()
    pending: list[Tree] = [value]
    while pending:
        tree = pending.pop()
        match tree:
            case Gradient(_, letter):
                found.add(letter)
            case Name(text):
                found.add(text)
            case _:
                pending.extend(children(tree))
    return found


_ENTRY_BY_ENTRY = (AtLeast, Call, EqualTree, Greater, Hadamard, Negative, Power, Product, Quotient, Sum, Where)


def _is_full(tree: Tree) -> bool:
    """Whether what is written surely has the shape that is meant; a number has not, nor what is to be stretched."""
    match tree:
        case Number() | Broadcast(_, _, ""):
            return False
        case Slice(_, items):
            return "None" not in items
        case _ if isinstance(tree, _ENTRY_BY_ENTRY):
            parts = [(min(rank_of(child), 2), child) for child in children(tree)]
            rank = max(rank for rank, _ in parts)
            return any(_is_full(child) for own, child in parts if own == rank)
    return True
