"""What is the same for all sizes: identities of sums, powers and functions from textbooks, and what looks like one."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Integer, symbols

import derive
from derive.forward.nodes import Delta, Select
from derive.forward.normal import contract
from derive.proof.canonical import same_for_all_sizes
from derive.proof.numeric import forward, samples

SIGNATURE = {"X": "N D", "Y": "N D", "W": "D M", "A": "N N", "B": "N N", "v": "D", "u": "N", "c": "D"}
SIZES = {"N": 3, "D": 4, "M": 2}
S = "(np.exp(X) / np.exp(X).sum(axis=1, keepdims=True))"
ONE = "((1 + x**2) / (2 + x**2) + 1 / (2 + x**2)).sum()"
V = "((X - X.mean(axis=1, keepdims=True)) ** 2).mean(axis=1, keepdims=True)"


def traced(body):
    arguments = ", ".join(f"{name}: '{axes}'" for name, axes in SIGNATURE.items())
    namespace = {"np": np}
    exec(f"def f({arguments}):\n    return {body}\n", namespace)
    return derive.layer()(namespace["f"])


SAME = [
    ("(X * Y).sum(axis=0)", "(Y * X).sum(axis=0)"),
    ("(X + Y) * (X - Y)", "X * X - Y * Y"),
    ("(A @ B).trace()", "(B @ A).trace()"),
    ("(A @ B @ A).trace()", "(A @ A @ B).trace()"),
    ("X.mean(axis=1) * X.shape[1]", "X.sum(axis=1)"),
    ("(X.sum(axis=1) ** 2)", "X.sum(axis=1) * X.sum(axis=1)"),
    ("np.exp(X) * np.exp(Y)", "np.exp(X + Y)"),
    ("np.exp(X - u[:, None])", "np.exp(X) / np.exp(u)[:, None]"),
    (f"np.log({S})", "X - np.log(np.exp(X).sum(axis=1, keepdims=True))"),
    (f"{S} * (Y - (Y * {S}).sum(axis=1, keepdims=True))", f"{S} * Y - {S} * ({S} * Y).sum(axis=1, keepdims=True)"),
    ("np.tanh(X) * (1 - np.tanh(X)) * (1 + np.tanh(X))", "np.tanh(X) - np.tanh(X) ** 3"),
    ("X / np.sqrt(X * X + 1)", "X * (X * X + 1) ** -0.5"),
    ("X / np.sqrt(1 + v) / np.sqrt(1 + v)", "X / (1 + v)"),
    (f"X / np.sqrt({V} + 1)", f"X * np.sqrt({V} + 1) / ({V} + 1)"),
    ("1 / (1 + np.exp(-X))", "np.exp(X) / (1 + np.exp(X))"),
    ("(2 * X.sum(axis=1)) ** -1", "0.5 / X.sum(axis=1)"),
    ("np.exp((2 * X * v).sum(axis=1))", "np.exp((X * v).sum(axis=1)) ** 2"),
    ("np.exp((X * u[:, None]).sum(axis=1))", "np.exp(u * X.sum(axis=1))"),
    ("np.sin((X @ W).sum(axis=1))", "np.sin(X @ W.sum(axis=1))"),
    ("np.sin((X @ W).sum(axis=1))", "np.sin((X * W.sum(axis=1)).sum(axis=1))"),
    ("np.cos(v - c)", "np.cos(c - v)"),
    ("(X * 0 + 1).sum()", "(X * 0 + 1).sum(axis=0).sum()"),
    ("(np.repeat(v, 3) ** 2).sum()", "3 * (v * v).sum()"),
    ("np.repeat(v, 3) * np.repeat(c, 3)", "np.repeat(v * c, 3)"),
    ("np.exp((np.repeat(v, 3) ** 2).sum())", "np.exp(3 * (v * v).sum())"),
    ("((np.tile(v, 3) + np.tile(c, 3)) ** 2).sum()", "3 * ((v + c) ** 2).sum()"),
    ("(X.reshape(-1) * Y.reshape(-1)).sum()", "(X * Y).sum()"),
    ("(np.repeat(X, 2, axis=1) ** 3).sum(axis=1)", "2 * (X**3).sum(axis=1)"),
]

DIFFERENT = [
    ("(X * Y).sum(axis=1)", "X.sum(axis=1) * Y.sum(axis=1)"),
    ("np.exp(X.sum(axis=1))", "np.exp(X).sum(axis=1)"),
    ("A @ B", "B @ A"),
    ("A @ B.T", "A @ B"),
    ("(A @ B @ A.T).trace()", "(A @ A.T @ B.T @ B).trace()"),
    ("A.sum(axis=0)", "A.sum(axis=1)"),
    ("np.exp(A.sum(axis=0))", "np.exp(A.sum(axis=1))"),
    ("np.exp(A)", "np.exp(A.T)"),
    ("np.exp(A - A.T)", "np.exp(A.T - A)"),
    ("X.mean(axis=1)", "X.sum(axis=1)"),
    ("X.sum(axis=1) ** 2", "(X**2).sum(axis=1)"),
    ("(1 / X).sum(axis=1)", "1 / X.sum(axis=1)"),
    (f"np.log({S})", "X - np.exp(X).sum(axis=1, keepdims=True)"),
    ("np.sqrt(X * X)", "X"),
    ("np.tanh(X - Y)", "np.tanh(Y - X)"),
    ("np.sin((X @ W).sum(axis=1))", "np.sin(X.sum(axis=1) * W.sum())"),
    (f"X / np.sqrt({V} + 1)", f"X / np.sqrt({V} + 2)"),
    (ONE.replace("x", "u"), ONE.replace("x", "v")),
    ("(A * A).sum(axis=0)", "(A * A.T).sum(axis=0)"),
    ("np.exp((A * A).sum(axis=0))", "np.exp((A * A.T).sum(axis=0))"),
    ("(np.repeat(v, 3) ** 2).sum()", "2 * (v * v).sum()"),
    ("(np.repeat(v, 3) * np.tile(v, 3)).sum()", "3 * (v * v).sum()"),
    ("np.repeat(v, 3) * np.tile(c, 3)", "np.repeat(v * c, 3)"),
    ("(np.lib.stride_tricks.sliding_window_view(v, 2) ** 2).sum()", "2 * (v * v).sum()"),
]


def value(body):
    layer = traced(body)
    return forward(layer, samples(traced("X + Y"), SIZES, 3)[1].arrays)


@pytest.mark.parametrize(("first", "second"), SAME)
def test_the_same_in_other_words_is_recognised(first, second):
    np.testing.assert_allclose(value(first), value(second))
    assert same_for_all_sizes(traced(first).output, traced(second).output)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_what_is_different_is_not_said_to_be_the_same(first, second):
    assert not same_for_all_sizes(traced(first).output, traced(second).output)


N, D = symbols("N D", integer=True, positive=True)


def met(counts, strides, offset, source):
    """Σ_s [s = f(p)] [s = f(q)], and what that is if a place has one p: δ_pq."""
    chosen, several = Select(counts, source, strides, Integer(offset)), len(counts)
    first, second = range(several), range(several, 2 * several)
    twice = contract([chosen, chosen], [(*first, 2 * several), (*second, 2 * several)], (*first, *second))
    return twice, contract(list(map(Delta, counts)), list(zip(first, second, strict=True)), (*first, *second))


def at(node, sizes):
    words = "abcdefgh"
    match node:
        case Delta():
            return np.eye(int(node.size.subs(sizes)))
        case Select():
            counts = [int(count.subs(sizes)) for count in node.counts]
            array = np.zeros((*counts, int(node.source.subs(sizes))))
            for place in np.ndindex(*counts):
                steps = (i * int(stride.subs(sizes)) for i, stride in zip(place, node.strides, strict=True))
                array[(*place, int(node.offset) + sum(steps))] = 1
            return array
    rows = ["".join(words[label] for label in row) for row in (*node.indices, node.output)]
    return np.einsum(f"{','.join(rows[:-1])}->{rows[-1]}", *(at(operand, sizes) for operand in node.operands))


@pytest.mark.parametrize(
    ("counts", "strides", "offset", "source", "one"),
    [
        ((N, Integer(3)), (Integer(3), Integer(1)), 0, 3 * N, True),
        ((Integer(3), N), (Integer(1), Integer(3)), 0, 3 * N, True),
        ((N, D), (D, Integer(1)), 0, N * D, True),
        ((N, D), (Integer(1), N), 0, N * D, True),
        ((N, Integer(2), D), (2 * D, D, Integer(1)), 0, 2 * N * D, True),
        ((N, Integer(2)), (Integer(3), Integer(1)), 1, 3 * N, True),
        ((N,), (Integer(2),), 1, 2 * N, True),
        ((N, Integer(3)), (Integer(2), Integer(1)), 0, 2 * N + 1, False),
        ((N, Integer(2)), (Integer(1), Integer(1)), 0, N + 1, False),
        ((N, D), (Integer(1), Integer(1)), 0, N + D - 1, False),
        ((N, D), (D - 1, Integer(1)), 0, N * D, False),
    ],
)
def test_a_place_has_one_quotient_and_one_remainder_unless_choices_overlap(counts, strides, offset, source, one):
    twice, single = met(counts, strides, offset, source)
    assert np.array_equal(at(twice, {N: 3, D: 4}), at(single, {N: 3, D: 4})) is one
    assert same_for_all_sizes(twice, single) is one


def test_arrays_of_other_shapes_are_different():
    assert not same_for_all_sizes(traced("X.sum(axis=0)").output, traced("X.sum(axis=1)").output)


def test_a_product_of_too_many_sums_that_nothing_tells_apart_is_not_decided():
    powers = [" * ".join(["A.sum()"] * 8), "A.sum() ** 8"]
    assert not same_for_all_sizes(*(traced(body).output for body in powers))
