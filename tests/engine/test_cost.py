"""Operations are counted as on paper: an m×k matrix times a k×n one takes m n k products and m n (k - 1) sums."""

from __future__ import annotations

import numpy as np

import derive
from derive.engine.cost import dense_product, operations
from derive.forward.normal import contract


@derive.layer()
def product(A: "N D", B: "D M"):
    return A @ B


def test_a_matrix_product():
    assert operations(product.output, {"N": 2, "D": 3, "M": 5}) == 2 * 5 * 3 + 2 * 5 * 2


def test_a_chain_is_multiplied_as_it_was_written():
    @derive.layer()
    def chain(A: "N D", B: "D M", c: M):
        return A @ B @ c

    # A B: 2 · 5 (2·3 - 1), then times c: 2 (2·5 - 1).
    assert operations(chain.output, {"N": 2, "D": 3, "M": 5}) == 50 + 18
    # One sum over all indices leaves the order open. B c first: 3 (2·5 - 1), then A times it: 2 (2·3 - 1).
    flat = contract(chain.inputs, [(0, 1), (1, 2), (2,)], (0,))
    assert operations(flat, {"N": 2, "D": 3, "M": 5}) == 27 + 10


def test_a_bias_a_function_and_a_sum():
    @derive.layer()
    def layer(X: "N D", b: D):
        return np.tanh(X + b).sum()

    # 6 sums with the repeated bias, 6 functions, 5 sums.
    assert operations(layer.output, {"N": 2, "D": 3}) == 6 + 6 + 5


def test_what_is_used_twice_is_computed_once():
    @derive.layer()
    def twice(X: N):
        a = np.exp(X)
        return a * a + a

    assert operations(twice.output, {"N": 4}) == 4 + 4 + 4


def test_a_row_times_a_matrix():
    assert dense_product(262_144, 262_144) == 137_438_691_328
    assert dense_product(1, 7) == 7
