"""What messages may name: the arrays and sizes of a layer, indices, and the letters whose entries are coloured."""

from __future__ import annotations

from derive.forward.layer import Layer
from derive.forward.nodes import Input
from derive.notation.tree import Entry, Gradient, Listed, Name, Number, Transpose, Tree

__all__ = ["array_name", "coloured_letters", "map_name", "output_name", "words_of", "written_name"]


def output_name(layer: Layer) -> Name:
    """Y."""
    rank = len(layer.output.shape)
    return Name(layer.output_name, "matrix" if rank > 1 else "vector" if rank else "scalar")


def array_name(node: Input) -> Name:
    """X, as the name of an input."""
    rank = len(node.shape)
    return Name(node.name, "matrix" if rank > 1 else "vector" if rank else "scalar")


def written_name(name: Name, layer: Layer) -> Tree:
    """What its entries are written beside: bᵀ where a vector is written as a row although it is a column."""
    return Transpose(name) if name.kind == "vector" and layer.samples == "rows" else name


def map_name(layer: Layer) -> Name:
    """The name of the map between vectors that the layer is."""
    return Name(layer.output_letter, "vector")


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
    words["forward"] = layer.read(layer.output)
    words["B"] = Name("B", "matrix")
    for first, second in ("ij", "ik", "kj"):
        pair = (Name(first), Name(second))
        words[first + second] = Listed(pair, wrapped=True)
        words |= {f"{a}_{first}{second}": Entry(a, (first, second)) for a, shape in arrays if len(shape) == 2}
    return words


def coloured_letters(layer: Layer) -> tuple[str, ...]:
    """The letters of the arrays one axis of which counts samples: their entries have the colour of their sample."""
    sample, axis = layer.sample_size, layer.sample_axis
    arrays = [*((node.letter, node.shape) for node in layer.inputs), (layer.output_letter, layer.output.shape)]
    return tuple(letter for letter, shape in arrays if len(shape) > 1 and str(shape[axis]) == sample)
