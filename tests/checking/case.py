"""A backward function written by hand, with its label; and how one is called, as whoever wrote it would call it.

A backward is called in one of three ways, which its parameters tell apart: with the upstream gradient and the cache
that is the forward's second result; with the upstream gradient and inputs by name; or as a method, after its object's
forward, the object made of those inputs that its __init__ takes. Its results are the gradients in the order of the
forward's inputs, or those that `returns` names; what a method leaves in `self.dW` is the gradient of W.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np

from derive.forward.shape import bind, parse_shape
from tests.corpus.corpus import DOMAINS

FOLDER = Path(__file__).parent / "corpus"

RIGHT: Literal["right"] = "right"
WRONG: Literal["wrong"] = "wrong"


@dataclass(frozen=True, kw_only=True)
class Witness:
    """Where a wrong gradient shows: inputs drawn at these sizes, some of them replaced by these numbers."""

    wrt: str
    sizes: Mapping[str, int]
    by: float
    """At least so far from the truth is the worst entry; infinite where the shape is wrong."""
    arrays: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 1.0
    seed: int = 0
    upstream: float | None = None
    """Every entry of the upstream gradient, where it is not drawn."""
    also: tuple[str, ...] = ()
    """Other inputs whose gradients are wrong there too, by less or more."""
    kink: Any = None
    """At a kink: a direction in which a subgradient's product must lie between the two one-sided derivatives."""


@dataclass(frozen=True, eq=False)
class Case:
    """One backward function. `why` says what is unusual about a right one, or what is wrong."""

    name: str
    backward: Callable[..., Any]
    forward: Callable[..., Any]
    label: Literal["right", "wrong"]
    why: str
    style: str
    shapes: Mapping[str, str] = field(kw_only=True)
    typical: Mapping[str, int] = field(kw_only=True)
    """Sizes at which somebody would run finite differences."""
    more: tuple[Mapping[str, int], ...] = field(default=(), kw_only=True)
    """Further sizes at which its label is established, where the code does something else."""
    draws: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """What the numbers for an input are like: a key of DOMAINS of the corpus of expressions."""
    inputs: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    """Numbers that somebody would choose for an input at the typical sizes, where they would not draw them."""
    assume: tuple[str, ...] = field(default=(), kw_only=True)
    """What derive is told of the inputs, which those that are drawn satisfy."""
    returns: str = field(default="", kw_only=True)
    reference: str = field(default="", kw_only=True)
    """The function of references.py that is the same layer in PyTorch, if it is not called as the file."""
    rounded: bool = field(default=False, kw_only=True)
    """Whether the code makes a number such as 1/N or 3 * 0.044715 by itself, so that it has a float's digits only."""
    owner: type | None = field(default=None, kw_only=True)
    """The class whose methods forward and backward are."""
    witness: Witness | None = field(default=None, kw_only=True)

    @property
    def layer(self) -> str:
        return self.name.partition("/")[0]

    @property
    def letters(self) -> tuple[str, ...]:
        """The size letters, in the order in which the shapes show them."""
        axes = " ".join(self.shapes.values())
        return tuple(dict.fromkeys(letter for letter in axes if letter.isupper()))

    @property
    def wrt(self) -> tuple[str, ...]:
        """The inputs whose gradient the backward gives."""
        if self.returns:
            return tuple(name.strip().removeprefix("d") for name in self.returns.split(","))
        return tuple(name for name, shape in self.shapes.items() if " in " not in shape)

    @property
    def wrong(self) -> tuple[str, ...]:
        """The inputs whose gradient is wrong."""
        return () if self.witness is None else (self.witness.wrt, *self.witness.also)


def modules() -> Iterator[Any]:
    """The modules of the set, by name."""
    for path in sorted(FOLDER.glob("*.py")):
        yield import_module(f"tests.checking.corpus.{path.stem}")


def cases() -> tuple[Case, ...]:
    """All cases, in the order of files and tables."""
    return tuple(case for module in modules() for case in module.CASES)


def draw(
    case: Case, sizes: Mapping[str, int], seed: int = 0, scale: float = 1.0, given: Mapping[str, Any] | None = None
) -> dict[str, np.ndarray]:
    """Numbers for the inputs of a case, in the order of its forward's arguments."""
    random = np.random.default_rng([seed, *case.layer.encode()])
    found: dict[str, np.ndarray] = {}
    for name, written in case.shapes.items():
        axes, _, below = written.partition(" in ")
        shape = bind(parse_shape(axes), sizes)
        if below:
            found[name] = random.integers(0, sizes[below], shape)
        else:
            domain = case.draws.get(name, "any")
            found[name] = DOMAINS[domain](random, shape) * (scale if domain == "any" else 1)
    for name, numbers in (given or {}).items():
        found[name] = np.asarray(numbers, dtype=found[name].dtype).reshape(found[name].shape)
    return found


def upstream(value: Any, seed: int = 0) -> Any:
    """An upstream gradient for a value: drawn for an array, 1 for a loss."""
    if np.ndim(value) == 0:
        return 1.0
    return np.random.default_rng([seed, 7]).normal(size=np.shape(value))


def evaluate(case: Case, inputs: Mapping[str, Any]) -> Any:
    """The value of the forward."""
    return _forward(case, inputs)[0]


def gradients(case: Case, inputs: Mapping[str, Any], g: Any) -> dict[str, Any]:
    """What the backward gives for each input; nothing that it is handed is shared with the caller."""
    g = np.array(g) if np.ndim(g) else g
    _, cache, instance = _forward(case, inputs)
    known = {"cache": cache, "self": instance, **inputs}
    parameters = inspect.signature(case.backward).parameters
    found = case.backward(*(known.get(name, g) for name in parameters))
    results = found if isinstance(found, tuple) else (found,)
    named = dict(zip(case.wrt, results, strict=False))
    for name in case.wrt[len(results) :]:
        named[name] = getattr(instance, f"d{name}")
    return named


def _forward(case: Case, inputs: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    inputs = {name: np.array(x) for name, x in inputs.items()}
    if case.owner is not None:
        built = inspect.signature(case.owner).parameters
        instance = case.owner(**{name: x for name, x in inputs.items() if name in built})
        return case.forward(instance, *(x for name, x in inputs.items() if name not in built)), None, instance
    found = case.forward(*inputs.values())
    value, cache = found if isinstance(found, tuple) else (found, None)
    return value, cache, None
