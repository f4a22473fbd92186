"""The corpus: expressions with the gradient that the literature gives, read from the data files beside this module.

An entry of a file is one expression:

    id        its name
    expr      NumPy-style text; several statements may stand on several lines, the last one is the value
    shapes    the shape of each input, in size letters; "" for a scalar, "N in V" for whole numbers below V
    gradient  for each input that matters the formula of the literature in the inputs, sizes and G, the upstream
              gradient in the shape of the value; of a scalar value it is the gradient itself, and G is 1
    where     names that the formulas use besides, "S = softmax(Z)"
    source    a key of sources.toml, and the place in it
    domain    what the numbers for an input must be like: a key of DOMAINS
    assume    what the formula of the literature takes for granted of the inputs, and derive is told as well
    python    true for statements that only a Python function may have, such as loops
    sizes     two choices of sizes, where not every choice will do
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
OTHER_FILES = ("sources.toml", "hostile.toml")


@dataclass(frozen=True)
class Entry:
    """One expression of the corpus."""

    id: str
    topic: str
    expr: str
    shapes: Mapping[str, str]
    gradient: Mapping[str, str]
    source: str
    where: tuple[str, ...] = ()
    domain: Mapping[str, str] | None = None
    assume: tuple[str, ...] = ()
    sizes: tuple[Mapping[str, int], ...] = ()
    python: bool = False

    @property
    def letters(self) -> tuple[str, ...]:
        """The size letters, in the order in which the shapes show them."""
        found = dict.fromkeys(
            axis for shape in self.shapes.values() for axis in shape.split() if not axis.isdecimal() and axis != "in"
        )
        return tuple(found)

    def bound(self) -> tuple[dict[str, int], ...]:
        """Two choices of sizes; in each all letters differ."""
        if self.sizes:
            return tuple(dict(sizes) for sizes in self.sizes)
        count = len(self.letters)
        first, second = range(2, 2 + count), range(2 + count, 2, -1)
        return tuple(dict(zip(self.letters, numbers, strict=True)) for numbers in (first, second))

    def arrays(self, sizes: Mapping[str, int], seed: int) -> dict[str, np.ndarray]:
        """Numbers for the inputs, of the kind that the entry wants, away from kinks."""
        random = np.random.default_rng([seed, *self.id.encode()])
        domain = self.domain or {}
        found = {}
        for name, written in self.shapes.items():
            axes, _, below = written.partition(" in ")
            shape = tuple(int(axis) if axis.isdecimal() else sizes[axis] for axis in axes.split())
            found[name] = random.integers(0, sizes[below], shape) if below else _drawn(domain, name, shape, random)
        return found


def _drawn(domain: Mapping[str, str], name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    return DOMAINS[domain.get(name, "any")](random, shape)


def _square(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(shape[-1]) * 2 + random.normal(size=shape) / 2 / np.sqrt(shape[-1])


def _positive_definite(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    a = random.normal(size=shape)
    return a @ np.swapaxes(a, -1, -2) / shape[-1] + np.eye(shape[-1])


def _one_hot(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(shape[-1])[random.integers(0, shape[-1], shape[:-1])]


def _distributions(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    a = random.uniform(0.5, 1.5, shape)
    return a / a.sum(-1, keepdims=True)


def _exact_rows(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Of both signs, in sixteenths: floats add them up without rounding."""
    a = random.integers(-24, 32, shape) / 16
    a[..., -1] = 1 - a[..., :-1].sum(-1)
    return a


def _symmetric(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    a = random.normal(size=shape)
    return a + np.swapaxes(a, -1, -2)


def _orthogonal(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.linalg.qr(random.normal(size=shape))[0]


DOMAINS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "any": lambda random, shape: random.normal(size=shape),
    "between 0 and 1": lambda random, shape: random.uniform(0.1, 0.9, shape),
    "between -1 and 1": lambda random, shape: random.uniform(-0.9, 0.9, shape),
    "counts": lambda random, shape: random.integers(0, 5, shape).astype(float),
    "invertible": _square,
    "mask": lambda random, shape: random.integers(0, 2, shape).astype(float),
    "one-hot": _one_hot,
    "orthogonal": _orthogonal,
    "positive": lambda random, shape: random.uniform(0.5, 1.5, shape),
    "positive definite": _positive_definite,
    "rows sum to 1": _distributions,
    "rows sum to 1 exactly": _exact_rows,
    "signs": lambda random, shape: random.choice([-1.0, 1.0], shape),
    "symmetric": _symmetric,
    "wide": lambda random, shape: 2 * random.normal(size=shape),
}
"""What the numbers for an input are like."""


@cache
def entries() -> tuple[Entry, ...]:
    """All entries, in the order of files and lines."""
    return tuple(_read(sorted(set(FOLDER.glob("*.toml")) - {FOLDER / name for name in OTHER_FILES})))


@cache
def sources() -> dict[str, str]:
    """The references, by the key that stands before the comma of an entry's source."""
    return tomllib.loads((FOLDER / "sources.toml").read_text())


@cache
def hostile() -> tuple[dict[str, Any], ...]:
    """What must be refused: id, expr, shapes, and a pattern of what is said."""
    return tuple(tomllib.loads((FOLDER / "hostile.toml").read_text())["entry"])


def _read(paths: list[Path]) -> Iterator[Entry]:
    for path in paths:
        for table in tomllib.loads(path.read_text())["entry"]:
            lists = {key: tuple(table.pop(key, ())) for key in ("where", "assume", "sizes")}
            yield Entry(topic=path.stem, **table, **lists)


def run(text: str, names: Mapping[str, Any]) -> Any:
    """The value of the last line of a text that sees these names only."""
    tree = ast.parse(text.strip())
    last = tree.body.pop()
    assert isinstance(last, ast.Expr), f"the last line of {text!r} is no expression"
    # PyTorch imports parts of itself when it first needs them, from the frame that calls it.
    scope = {"__builtins__": {"range": range, "__import__": __import__}, **names}
    exec(compile(tree, "<corpus>", "exec"), scope)
    return eval(compile(ast.Expression(last.value), "<corpus>", "eval"), scope)


def literature(entry: Entry, name: str, scope: Mapping[str, Any]) -> Any:
    """The value of the literature's formula for the gradient of one input."""
    return run("\n".join((*entry.where, entry.gradient[name])), scope)


def words(text: str) -> set[str]:
    """The names, attributes and keywords in a text, and the signs of its operators."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text.strip())):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.add(name)
            case ast.operator() | ast.unaryop() | ast.cmpop():
                found.add(type(node).__name__)
            case ast.Slice():
                found.add("slice")
            case ast.Subscript(slice=index):
                parts = index.elts if isinstance(index, ast.Tuple) else [index]
                found.update("None index" for part in parts if isinstance(part, ast.Constant) and part.value is None)
                found.update("integer index" for part in parts if _is_integer(part))
    return found


def _is_integer(part: ast.expr) -> bool:
    inner = part.operand if isinstance(part, ast.UnaryOp) else part
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int)
