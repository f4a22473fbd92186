from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import time

import pytest
from sympy import Integer

from derive.forward.nodes import Add, Contract, Input, Ones, topological
from derive.forward.normal import add, contract
from derive.forward.shape import parse_shape
from derive.layers import load
from derive.rules.adjoint import reverse

X = Input("X", parse_shape("N D"), "x")
W = Input("W", parse_shape("D M"), "w")


def test_equal_nodes_are_one_object():
    assert Input("X", parse_shape("N D"), "x") is X
    assert contract([X, W], [(0, 1), (1, 2)], (0, 2)) is contract([X, W], [(7, 3), (3, 5)], (7, 5))


def test_nodes_that_differ_in_a_transpose_differ():
    square = Input("A", parse_shape("N N"), "a")
    assert contract([square, square], [(0, 1), (1, 2)], (0, 2)) is not contract(
        [square, square], [(0, 1), (2, 1)], (0, 2)
    )


def test_a_sum_is_a_contraction_with_ones():
    node = contract([X], [(0, 1)], (1,))
    assert isinstance(node, Contract)
    assert any(isinstance(operand, Ones) for operand in node.operands)


def test_summing_ones_gives_the_size():
    node = contract([Ones(parse_shape("N")[0])], [(0,)], ())
    assert str(node) == "N"


def test_sums_are_opened():
    assert add([add([X, X]), X]) is Add((X, X, X))


def test_nodes_are_forgotten_when_nobody_holds_them():
    from derive.forward import nodes

    node = Input("forgotten", parse_shape("N"), "f")
    key = (Input, "forgotten", parse_shape("N"), "f", "", None)
    assert nodes._interned[key] is node
    del node
    gc.collect()
    assert key not in nodes._interned


def test_a_pickle_comes_back_as_the_same_object():
    output = load("affine").output
    assert pickle.loads(pickle.dumps(output)) is output
    assert pickle.loads(pickle.dumps(load("affine"))) is load("affine")


def deep(count):
    node = square = Input("A", parse_shape("N N"), "a")
    for _ in range(count):
        node = add([contract([node, square], [(0, 1), (1, 2)], (0, 2)), square])
    return node, square


def test_deep_graphs_are_walked_without_recursion():
    node, square = deep(3000)
    assert pickle.loads(pickle.dumps(node)) is node
    assert sum(1 for _ in topological(node)) == 6001
    upstream = Input("G", parse_shape("N N"), "g", "Y")
    gradient, steps = reverse(node, upstream, square)
    assert gradient.shape == square.shape
    assert len(steps) >= 6000


def test_reverse_mode_is_linear_in_depth():
    upstream = Input("G", parse_shape("N N"), "g", "Y")

    def seconds(count):
        node, square = deep(count)
        start = time.thread_time()
        reverse(node, upstream, square)
        return time.thread_time() - start

    # A collection of garbage takes the time of whatever else this process holds.
    gc.disable()
    try:
        short, long = (min(seconds(count) for _ in range(3)) for count in (400, 1600))
    finally:
        gc.enable()
    assert long < 12 * short


PROGRAM = """
import derive
d = derive.derive("affine", n=2, d=3, m=4)
print([str(g.formula) for g in d.gradients.values()], d.latex())
"""


@pytest.mark.thorough
def test_the_order_of_everything_is_the_same_under_every_hash_seed():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={"PYTHONHASHSEED": seed, "PATH": ""}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert len(outputs) == 1
    assert b"G @ W.T" in next(iter(outputs))


def test_a_constant_factor_stands_in_front():
    from derive.forward.nodes import Constant

    node = contract([X, Constant(Integer(2))], [(0, 1), ()], (0, 1))
    assert str(node) == "2 * X"


def test_axes_of_different_size_are_not_contracted():
    from derive.errors import ShapeError

    with pytest.raises(ShapeError, match="N"):
        contract([X, X], [(0, 1), (1, 2)], (0, 2))
