"""The evidence for the gradient of a network, stage by stage, where the whole is too deep to be written out.

By the chain rule the gradient of a network is what its stages send, one after the other; each stage, given whatever
gradient arrives, is proved by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from derive.forward.layer import Layer
from derive.forward.nodes import Contract, Map, MatrixFunction, Node, Reduce, topological
from derive.forward.stage import Stage
from derive.proof.evidence import Evidence, Strength

__all__ = ["is_deep", "stage_evidence"]

_DEEPEST = 5
"""The products, functions and sums one after another of a network that is still proved as a whole."""

Sizes = Mapping[str, int]
Prove = Callable[[Layer, str, Sizes], tuple[Evidence, ...]]

_METHOD = "stage by stage, every step, every entry, in SymPy; the chain rule joins them"
_OF_FORMULA = ("index", "jacobian", "entry", "numpy")
"""The evidence of a stage that is about its formula as it is printed, and not about the rules that it comes from."""

_RANKS = (
    Strength.PROVED_FOR_ALL_SIZES,
    Strength.PROVED_AT_SIZES,
    Strength.CHECKED_AT_POINTS,
    Strength.REFUTED,
)


def is_deep(layer: Layer) -> bool:
    """Whether a layer is a network whose entries, written out, would take too long."""
    if not layer.stages:
        return False
    depth: dict[Node, int] = {}
    for node in topological(layer.output):
        own = isinstance(node, Map | Reduce | MatrixFunction) or (isinstance(node, Contract) and bool(node.summed()))
        depth[node] = max((depth[operand] for operand in node.operands), default=0) + own
    return depth[layer.output] > _DEEPEST


def stage_evidence(layer: Layer, wrt: str, sizes: Sizes, prove: Prove) -> Evidence:
    """What is known of all that lies between an input of a network and its output; the weakest link says how much.

    A refuted stage refutes the network.
    """
    links = list(_links(layer, wrt))
    found = [_of_stage(stage.layer, name, _pairs(stage.layer, sizes), prove) for stage, name in links]
    for (stage, _), evidence in zip(links, found, strict=True):
        refuted = next((item for item in evidence if item.strength is Strength.REFUTED), None)
        if refuted is not None:
            told = f"stage {stage.text}: {refuted.counterexample}"
            return Evidence("stages", Strength.REFUTED, _METHOD, refuted.sizes, counterexample=told)
    best = [
        min((item for item in evidence if item.route in _OF_FORMULA), key=lambda item: _RANKS.index(item.strength))
        for evidence in found
    ]
    weakest = max((item.strength for item in best), key=_RANKS.index)
    if weakest is Strength.PROVED_FOR_ALL_SIZES:
        return Evidence("stages", weakest, _METHOD, ())
    least = [item for item in best if item.strength is weakest]
    where = tuple(dict.fromkeys(chain.from_iterable(item.sizes for item in least)))
    points = min((item.points for item in least if item.points is not None), default=None)
    digits = min((item.digits for item in least if item.digits is not None), default=None)
    return Evidence("stages", weakest, _METHOD, where, points=points, digits=digits)


def _links(layer: Layer, wrt: str) -> Sequence[tuple[Stage, str]]:
    """The stages from an input on, each with what it sends back on the way to it."""
    first = next(
        number
        for number, stage in enumerate(layer.stages)
        if any(node.name == wrt for node in (stage.layer.inputs if number == 0 else stage.own))
    )
    return [(stage, wrt if number == 0 else stage.input.name) for number, stage in enumerate(layer.stages[first:])]


def _pairs(layer: Layer, sizes: Sizes) -> tuple[tuple[str, int], ...]:
    return tuple((letter, sizes[letter]) for letter in layer.letters)


@lru_cache(maxsize=256)
def _of_stage(layer: Layer, wrt: str, sizes: tuple[tuple[str, int], ...], prove: Prove) -> tuple[Evidence, ...]:
    """Made once, since every gradient before a stage passes through it."""
    return prove(layer, wrt, dict(sizes))
