"""What a printer leaves for NumPy to repeat: the printed code against the arrays that the notation stands for."""

from __future__ import annotations

from functools import reduce
from itertools import product

import numpy as np
import pytest

from derive.notation.code import print_code
from derive.notation.tree import (
    Broadcast,
    Call,
    Hadamard,
    MatMul,
    Name,
    Negative,
    Number,
    Ones,
    Power,
    Product,
    Quotient,
    Slice,
    Sum,
    Transpose,
    Tree,
)

B, N, D = SIZES = 2, 3, 4
_SHAPES = {"s": (), "a": (B,), "c": (N,), "b": (D,), "R": (1, D), "C": (N, 1), "X": (N, D), "Y": (B, N), "T": SIZES}
_RANDOM = np.random.default_rng(0)
ARRAYS = {name: _RANDOM.uniform(1, 2, shape) for name, shape in _SHAPES.items()}
NAMES = {name: Name(name, ("scalar", "vector", "matrix")[min(len(s), 2)], len(s)) for name, s in _SHAPES.items()}
SCOPE = {"np": np, "B": B, "N": N, "D": D, **ARRAYS}

Pair = tuple[Tree, np.ndarray]


def sliced(name: str, *items: str) -> Pair:
    return Slice(NAMES[name], items), eval(f"{name}[{', '.join(items)}]", SCOPE)


def repeated(tree: Tree, name: str) -> Pair:
    column = ARRAYS[name][:, None] if name == "c" else ARRAYS[name]
    return tree, np.broadcast_to(column, (N, D))


WHOLE: list[Pair] = [(NAMES[name], ARRAYS[name]) for name in ("b", "X", "T")]
TOLD = [
    repeated(Broadcast(NAMES["b"], 0, "N"), "b"),
    repeated(Broadcast(NAMES["c"], 1, "D"), "c"),
    repeated(MatMul((Ones("N"), NAMES["R"])), "R"),
    repeated(MatMul((NAMES["C"], Transpose(Ones("D")))), "C"),
]
UNTOLD: list[Pair] = [
    (Broadcast(NAMES["b"], 0, ""), ARRAYS["b"]),
    (Broadcast(NAMES["c"], 1, ""), ARRAYS["c"][:, None]),
    sliced("b", "None", ":"),
    sliced("c", ":", "None"),
    sliced("a", ":", "None", "None"),
    sliced("X", "None", ":", ":"),
    sliced("Y", ":", ":", "None"),
]
ALL = [*WHOLE, *TOLD, *UNTOLD]


def inside(pair: Pair) -> list[Pair]:
    """A number or a scalar before it, a function of it, a divisor below it."""
    tree, array = pair
    s, scalar = NAMES["s"], ARRAYS["s"]
    return [
        pair,
        (Negative(tree), -array),
        (Product((Number(2), s, tree)), 2 * scalar * array),
        (Quotient(tree, s), array / scalar),
        (Call("exp", (tree,)), np.exp(array)),
        (Power(tree, Number(2)), array**2),
        (Sum((tree, Number(1))), array + 1),
    ]


def quotients() -> list[Pair]:
    return [(Quotient(a, b), x / y) for (a, x), (b, y) in product(ALL, ALL) if fit(x, y)]


def fit(*arrays: np.ndarray) -> bool:
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("kind", [Sum, Hadamard])
@pytest.mark.parametrize(
    "several",
    [(ALL, ALL, ALL), ([p for a in TOLD for p in inside(a)], [p for a in ALL for p in inside(a)]), (quotients(), TOLD)],
    ids=["three", "with scalars and functions", "quotients"],
)
def test_what_is_left_out_of_the_code_changes_neither_value_nor_shape(kind, several):
    checked = 0
    for pairs in product(*several):
        trees, arrays = zip(*pairs, strict=True)
        if fit(*arrays):
            text = print_code(kind(trees), module="np.")
            expected = reduce(np.add if kind is Sum else np.multiply, arrays)
            value = eval(text, SCOPE)
            assert value.shape == expected.shape, text
            assert np.allclose(value, expected), text
            checked += 1
    assert checked > 300


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        # X fills both axes, and a column the first where a row fills the last.
        (Sum((NAMES["X"], Negative(TOLD[0][0]))), "X - b"),
        (Sum((Quotient(TOLD[0][0], NAMES["s"]), UNTOLD[3][0])), "b / s + c[:, None]"),
        (Sum((Quotient(TOLD[0][0], NAMES["s"]), NAMES["b"])), "np.ones((N, 1)) * b / s + b"),
        (Hadamard((TOLD[0][0], NAMES["T"])), "b * T"),
    ],
)
def test_how_often_is_told_only_where_nothing_else_says_it(tree, text):
    assert print_code(tree, module="np.") == text
