"""What the code under check calls the values of its forward pass: its local variables, when forward comes back."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType
from typing import Any

from derive.checking.arrays.live import Live, stand_ins
from derive.checking.pytorch.tensors import Torchlike
from derive.checking.subject import Subject
from derive.checking.world import World
from derive.errors import DeriveError
from derive.forward.nodes import Input, Map, Node
from derive.forward.normal import replaced

__all__ = ["Words", "words"]

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Words:
    """The names of values; what has none is written with those of what it is made of."""

    names: Mapping[Node, str]
    _made: dict[Node, str] = field(default_factory=dict)

    def said(self, node: Node) -> str:
        """A value in words."""
        if node not in self._made:
            self._made[node] = self.names.get(node) or self._written(node)
        return self._made[node]

    def _written(self, node: Node) -> str:
        others: dict[Node, Node] = {n: Input(name, n.shape, name) for n, name in self.names.items() if n is not node}
        for values in (others, {}):
            try:
                text = str(replaced(node, values))
            except DeriveError:
                continue
            if text and len(text) <= _LONGEST:
                return text
        kind = type(node.function).__name__ if isinstance(node, Map) else ""
        return f"a value of {kind}" if kind.islower() else "a value of the forward pass"


def words(subject: Subject) -> Words:
    """The names in a forward pass that is run for all sizes; none if it cannot be."""
    codes = set(_codes(subject))
    if not codes or subject.layer is not None:
        return Words({})
    found: dict[Node, str] = {}
    taken = {node.name: node for node in subject.inputs}
    arrays: dict[str, Any] = {node.name: Live(node, subject.name) for node in subject.inputs}
    world = World(*stand_ins(next(iter(arrays.values()))))

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "return" and frame.f_code in codes:
            for name, value in _named(frame.f_locals):
                if isinstance(value, Torchlike):
                    value = value.array
                if isinstance(value, Live) and value.laid.shape and name not in taken:
                    found.setdefault(value.node, name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        subject.ahead(world, arrays)
    except Exception:
        # What has been met by then has its names.
        pass
    finally:
        sys.setprofile(before)
    for node in subject.inputs:
        found[node] = node.name
    return Words(found)


def _named(local: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Local variables, attributes of self, and what lies in dicts among them."""
    for name, value in local.items():
        if name == "self":
            yield from ((f"self.{key}", inner) for key, inner in getattr(value, "__dict__", {}).items())
            for key, inner in getattr(value, "__dict__", {}).items():
                if isinstance(inner, dict) and not key.startswith("_"):
                    yield from ((f"self.{key}[{place!r}]", entry) for place, entry in inner.items())
        elif isinstance(value, dict):
            yield from ((f"{name}[{place!r}]", entry) for place, entry in value.items())
        else:
            yield name, value


def _codes(subject: Subject) -> Iterator[CodeType]:
    """The code of forward: that of a function, or of the methods and functions of a class."""
    origin = getattr(subject.forward, "origin", None) or subject.kind
    if isinstance(origin, type):
        for base in origin.__mro__[:-1]:
            ahead = vars(base).get("forward")
            code = getattr(getattr(ahead, "__func__", ahead), "__code__", None)
            if code is not None and not base.__module__.startswith("torch."):
                yield code
    elif isinstance(subject.forward, FunctionType):
        yield subject.forward.__code__
