"""What messages may name: the arrays and sizes of a layer, indices, and the letters whose entries are coloured."""

from __future__ import annotations

from derive.forward.formula import Definition
from derive.forward.layer import Layer
from derive.forward.matrix import called
from derive.forward.nodes import Input
from derive.notation.tree import Entry, Gradient, Listed, Name, Number, Transpose, Tree
from derive.notation.walk import replace
from derive.rules.naming import definitions

__all__ = [
    "array_name",
    "by_names",
    "coloured_letters",
    "forward",
    "is_loss",
    "map_name",
    "named_values",
    "output_name",
    "two_matrices",
    "words_of",
    "written_name",
]

_OF_ANY = "PQABSTCDEFUVRKHM"
"""Letters for matrices that are no array of the layer."""


def output_name(layer: Layer) -> Name:
    """Y."""
    return called(layer.output_name, layer.output)


def array_name(node: Input) -> Name:
    """X, as the name of an input."""
    return called(node.name, node)


def written_name(name: Name, layer: Layer) -> Tree:
    """What its entries are written beside: bᵀ where a vector is written as a row although it is a column."""
    return Transpose(name) if name.kind == "vector" and layer.samples == "rows" else name


def named_values(layer: Layer) -> tuple[Definition, ...]:
    """The values on the way to the output that have a name, in the order of computation."""
    found = (item for item in definitions(layer) if not item.backward)
    return tuple(item for item in found if item.node is not layer.output or item.text != layer.output_name)


def by_names(tree: Tree, layer: Layer) -> Tree:
    """The tree with the names of values on the way in the place of what they stand for."""
    for item in named_values(layer):
        name, value = item.name, item.equation.parts[-1]
        tree = replace(tree, lambda part, name=name, value=value: name if part == value else None)  # type: ignore[misc]  # bound at once
    return tree


def forward(layer: Layer) -> Tree:
    """What the output is, in terms of the inputs and the values that have a name."""
    return layer.read(layer.output, {item.node: item.name for item in named_values(layer)})


def is_loss(layer: Layer) -> bool:
    """Whether the output is a number, and so the loss itself: nothing follows, and nothing arrives but 1."""
    return not layer.output.shape and not layer.part


def map_name(layer: Layer) -> Name:
    """The name of the map between vectors that the layer is; a loss is a number, and no vector."""
    return Name(layer.output_letter, "scalar" if is_loss(layer) else "vector")


def words_of(layer: Layer) -> dict[str, Tree]:
    """Every input, the output, sizes and indices by name; G is the upstream gradient."""
    words: dict[str, Tree] = {letter: Name(letter) for letter in "ijkl"}
    words |= {letter: Number(letter) for letter in layer.letters}
    words |= {node.name: array_name(node) for node in layer.inputs}
    arrays = [(node.letter, node.shape) for node in layer.inputs] + [(layer.output_letter, layer.output.shape)]
    words |= {f"{a}_{i}": Entry(a, (i,)) for a, shape in arrays if len(shape) == 1 for i in "ijk"}
    words["Y"] = words[layer.output_name] = output_name(layer)
    words["G"] = Gradient(output_name(layer), layer.upstream.name, layer.loss)
    words |= {f"d{node.name}": Gradient(array_name(node), f"d{node.name}", layer.loss) for node in layer.inputs}
    if layer.origin is not None:
        # What was written for the layer as it stands in its file holds for it with other names, too.
        for before, now in zip(layer.origin.inputs, layer.inputs, strict=True):
            words.setdefault(before.name, words[now.name])
            words.setdefault(f"d{before.name}", words[f"d{now.name}"])
    words["L"] = Name(layer.loss)
    words["h"] = Name("h")
    words["y"] = map_name(layer)
    words["forward"] = forward(layer)
    words["B"] = Name("B", "matrix")
    for first, second in ("ij", "ik", "kj"):
        pair = (Name(first), Name(second))
        words[first + second] = Listed(pair, wrapped=True)
        words |= {f"{a}_{first}{second}": Entry(a, (first, second)) for a, shape in arrays if len(shape) == 2}
    return words


def two_matrices(layer: Layer) -> tuple[Name, Name]:
    """P and Q, what is true of any two matrices is said of; other letters where the layer calls something so."""
    taken = {layer.output_name, layer.loss, layer.upstream.name, *layer.letters, "I"}
    taken |= {node.name for node in layer.inputs} | {item.text for item in named_values(layer)}
    free = [letter for letter in _OF_ANY if letter not in taken]
    first, second = free[:2] if len(free) > 1 else ("P_1", "P_2")
    return Name(first, "matrix"), Name(second, "matrix")


def coloured_letters(layer: Layer) -> tuple[str, ...]:
    """The letters of the arrays one axis of which counts samples: their entries have the colour of their sample."""
    sample, axis = layer.sample_size, layer.sample_axis
    arrays = [*((node.letter, node.shape) for node in layer.inputs), (layer.output_letter, layer.output.shape)]
    return tuple(letter for letter, shape in arrays if len(shape) > 1 and str(shape[axis]) == sample)
