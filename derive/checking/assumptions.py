"""What is assumed of the inputs of a check: read in the words of expr, with what a layer's author assumes, and said.

The derived gradient is that of entries that vary independently of each other; an assumption says at which inputs the
code is then compared with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from derive.errors import UserError
from derive.forward.assumption import Assumption, read_assumptions
from derive.forward.layer import Layer
from derive.forward.nodes import Input

__all__ = ["assumed_of", "natural", "read", "said"]


def read(texts: Iterable[str], inputs: Sequence[Input], where: str, layer: Layer | None) -> tuple[Assumption, ...]:
    """The assumptions that the author of the layer states, and those of the texts.

    Raises: UserError, UnknownNameError and ShapeError, as `read_assumptions`; UserError for what is no list of texts,
    and for what no numbers are made for.

    Example:
        >>> from derive.layers import load
        >>> layer = load("cross_entropy")
        >>> [said(item) for item in read(["T rows sum to 1"], layer.inputs, layer.name, None)]
        ['the rows of T sum to 1']
    """
    told = [texts] if isinstance(texts, str) else list(texts)
    if not all(isinstance(text, str) for text in told):
        raise UserError(f'{where}: assume: expected texts such as "Y rows sum to 1", got {told!r:.60}')
    own = () if layer is None else layer.assumptions
    # What contradicts the author is refused like what contradicts itself.
    found = read_assumptions([*map(str, own), *told], inputs, where)
    by_author = {str(item): item for item in own}
    made = tuple(by_author.get(str(item), item) for item in found)
    for node in inputs:
        _refuse([item for item in made if item.name == node.name], where)
    return made


def _refuse(mine: Sequence[Assumption], where: str) -> None:
    """Raises UserError for assumptions about one array that cannot be joined yet."""
    kinds = [item.kind for item in mine]
    if kinds.count("sum") > 1 or ("sum" in kinds and "symmetric" in kinds) or ("sum" in kinds and "!=" in kinds):
        raise UserError(
            f"{where}: --assume: {', '.join(map(str, mine))}: derive check makes no inputs that satisfy all of it; "
            f"leave one of them out"
        )


def assumed_of(assumptions: Iterable[Assumption], node: Input) -> tuple[Assumption, ...]:
    """Those about one input."""
    return tuple(item for item in assumptions if item.name == node.name)


def said(item: Assumption) -> str:
    """The rows of Y sum to 1: the assumption in words that follow "where"."""
    match item.kind:
        case "symmetric":
            words = f"{item.name} is symmetric"
        case "sum" if item.rank > 1:
            words = f"the {'rows' if item.axis == item.rank - 1 else 'columns'} of {item.name} sum to {item.number}"
        case _:
            words = str(item)
    return f"{words} (the layer assumes it)" if item.author else words


def natural(node: Input) -> Assumption | None:
    """What is often assumed of an input without being said: targets that add up to 1, class by class."""
    rank = len(node.shape)
    return Assumption(node.name, "sum", rank - 1, rank) if rank and node.below is None else None
