"""Gradients of slices, joined and reshaped arrays, as the literature writes them; and selections that cancel."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Integer

import derive
from derive.forward.matrix import read
from derive.forward.nodes import Delta, Input, Ones, Select
from derive.forward.shape import bind
from derive.proof.evaluate import evaluate
from derive.rules.adjoint import reverse
from derive.rules.known import Forward
from derive.rules.rewrite import simplify
from derive.rules.selections import needless, taken_out

SIZES = {"N": 3, "D": 2}

REWRITTEN = [
    ("a part of a product", "concatenate([x, h]) @ W", {"x": "2", "h": "3", "W": "5 N"}, "h", "dh = W[2:] @ G"),
    (
        "gates",
        "X[:, :2] * sigmoid(X[:, 2:])",
        {"X": "N 4"},
        "X",
        "H = sigmoid(X[:, 2:]); dX = concatenate([G * H, G * X[:, :2] * H * (1 - H)], axis=1)",
    ),
    (
        "a polynomial",
        "w[0] + w[1] * x + w[2] * x**2",
        {"w": "3", "x": "N"},
        "w",
        "dw = stack([sum(G), G @ x, G @ x**2])",
    ),
    (
        "a filter with a stride",
        "w[0] * x[::2] + w[1] * x[1::2]",
        {"w": "2", "x": "8"},
        "x",
        "dx = outer(G, w).reshape(8)",
    ),
    ("pooling", "mean(reshape(X, (2, 2, 3, 2)), axis=(1, 3))", {"X": "4 6"}, "X", "dX = kron(G, ones((2, 2))) / 4"),
    ("pooling of rows", "X[:, ::2] + X[:, 1::2]", {"X": "N 6"}, "X", "dX = repeat(G, 2, axis=1)"),
    ("upsampling", "kron(X, ones((2, 2)))", {"X": "N D"}, "X", "dX = sum(G.reshape(N, 2, D, 2), axis=(1, 3))"),
    ("reshaping and back", "reshape(tanh(reshape(X, (6, N))), (N, 6))", {"X": "N 6"}, "X", "dX = G * (1 - tanh(X)**2)"),
    ("a row that is repeated", "X + B", {"X": "N D", "B": "1 D"}, "B", "dB = sum(G, axis=0, keepdims=True)"),
    ("ones along two axes", "sum(X, axis=(0, -1))", {"X": "N 4 D"}, "X", "dX = G[:, None] * ones((N, 1, D))"),
    (
        "softmax less the maximum",
        "softmax(Z - max(Z, axis=1)[:, None])",
        {"Z": "N D"},
        "Z",
        "Y = softmax(Z); dZ = Y * (G - sum(G * Y, axis=1)[:, None])",
    ),
]
"""Name, expression, shapes, input and what is printed for its gradient, of what the rules make shorter."""

AT_ONCE = [
    ("a column that is repeated", "X * C", {"X": "N D", "C": "N 1"}, "X", "dX = G * C"),
    ("one part that is left out", "x[1:3]", {"x": "4"}, "x", "dx = pad(G, ((1, 1),))"),
    ("parts that overlap", "x[:3] + x[1:]", {"x": "4"}, "x", "dx = pad(G, ((1, 0),)) + pad(G, ((0, 1),))"),
]
"""What the chain rule gives as it is printed."""


@pytest.mark.parametrize(
    ("text", "shapes", "wrt", "expected"),
    [row[1:] for row in (*REWRITTEN, *AT_ONCE)],
    ids=[row[0] for row in (*REWRITTEN, *AT_ONCE)],
)
def test_a_formula_is_the_one_that_is_known(text, shapes, wrt, expected):
    letters = {axis for shape in shapes.values() for axis in shape.split() if axis in SIZES}
    found = derive.derive(text, shapes=shapes, **{letter: SIZES[letter] for letter in letters})
    assert "; ".join(found.wrt(wrt).formula.statements) == expected


@pytest.mark.parametrize(("text", "shapes", "wrt"), [row[1:4] for row in REWRITTEN], ids=[row[0] for row in REWRITTEN])
def test_every_rewrite_is_an_equality(text, shapes, wrt):
    letters = {axis for shape in shapes.values() for axis in shape.split() if axis in SIZES}
    layer = derive.derive(text, shapes=shapes, **{letter: SIZES[letter] for letter in letters}).layer
    random = np.random.default_rng(0)
    arrays = {node.name: random.normal(size=bind(node.shape, SIZES)) for node in (*layer.inputs, layer.upstream)}
    gradient, _ = reverse(layer.output, layer.upstream, layer.input(wrt))
    found, steps = simplify(gradient, Forward(layer.output))
    assert steps
    expected = np.asarray(evaluate(read(gradient), arrays, SIZES), dtype=float)
    for side in (found, *(side for step in steps for side in (step.before, step.after))):
        value = np.asarray(evaluate(read(side), arrays, SIZES), dtype=float)
        np.testing.assert_allclose(value, expected, atol=1e-12)


def chosen(count, source, stride=1, offset=0):
    counts = (Integer(count),) if count else ()
    return Select(counts, Integer(source), (Integer(stride),) * len(counts), Integer(offset))


FIRST, LAST, THIRD = chosen(2, 5), chosen(3, 5, offset=2), chosen(0, 5, offset=2)
SPLIT = Select((Integer(2), Integer(3)), Integer(6), (Integer(3), Integer(1)), Integer(0))
A = Input("A", (Integer(5), Integer(2)), "a")


@pytest.mark.parametrize(
    ("factors", "free", "gone", "added"),
    [
        # Σ_s [s = p] [s = q] = δ_pq, and 0 for parts that have nothing in common.
        ([(LAST, (1, 0)), (LAST, (2, 0))], (1, 2), {1}, [(Delta(Integer(3)), (1, 2))]),
        ([(FIRST, (1, 0)), (LAST, (2, 0))], (1, 2), {1}, [0]),
        ([(THIRD, (0,)), (FIRST, (1, 0))], (1,), {1}, [0]),
        # What overlaps says nothing, nor does a part of an axis summed over its places.
        ([(THIRD, (0,)), (LAST, (1, 0))], (1,), None, None),
        ([(LAST, (1, 0))], (0,), None, None),
        # Σ_s [s = p + 2] = 1, but not beside a factor that has s.
        ([(LAST, (1, 0))], (1,), {0}, [(Ones(Integer(3)), (1,))]),
        ([(LAST, (1, 0)), (A, (0, 2))], (1, 2), None, None),
        ([(SPLIT, (1, 2, 0))], (0,), {0}, [(Ones(Integer(6)), (0,))]),
    ],
)
def test_selections_cancel_where_one_sees_it_by_hand(factors, free, gone, added):
    found = needless(factors, free)
    if gone is None:
        assert found is None
        return
    assert found is not None and found.gone == gone
    assert [0 if not index else (node, index) for node, index in found.added] == added


def test_a_selection_takes_a_part_of_the_one_factor_that_has_its_source():
    ((node, index),) = taken_out([(A, (0, 2)), (LAST, (1, 0))], (1, 2))
    assert (str(node), index) == ("A[2:]", (1, 2))
    shared = [(A, (0, 2)), (A, (0, 3)), (LAST, (1, 0))]
    assert taken_out(shared, (1, 2, 3)) == shared
