"""The engine on the affine layer: Jacobians written by hand, SymPy's own, and the source document's formulas."""

from __future__ import annotations

import time
from itertools import product

import pytest
import sympy
from sympy import Matrix, Symbol

from derive.engine import chain, jacobian, reshape, vectorize
from derive.errors import SizeError, UnknownNameError
from derive.layers import load

SMALL = {"N": 2, "D": 2, "M": 3}
x11, x12, x21, x22 = (Symbol(f"x_{i}_{j}", real=True) for i in (1, 2) for j in (1, 2))
w11, w12, w13, w21, w22, w23 = (Symbol(f"w_{i}_{j}", real=True) for i in (1, 2) for j in (1, 2, 3))
b1, b2, b3 = (Symbol(f"b_{j}", real=True) for j in (1, 2, 3))
g11, g12, g13, g21, g22, g23 = (Symbol(f"g_{i}_{j}", real=True) for i in (1, 2) for j in (1, 2, 3))

# By hand: row y_ij, column x_kl; y_ij = Σ_k x_ik w_kj + b_j.
BY_HAND = {
    "X": Matrix(
        [
            [w11, w21, 0, 0],
            [w12, w22, 0, 0],
            [w13, w23, 0, 0],
            [0, 0, w11, w21],
            [0, 0, w12, w22],
            [0, 0, w13, w23],
        ]
    ),
    "W": Matrix(
        [
            [x11, 0, 0, x12, 0, 0],
            [0, x11, 0, 0, x12, 0],
            [0, 0, x11, 0, 0, x12],
            [x21, 0, 0, x22, 0, 0],
            [0, x21, 0, 0, x22, 0],
            [0, 0, x21, 0, 0, x22],
        ]
    ),
    "b": Matrix([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
}


def of(wrt, sizes=SMALL):
    return jacobian(vectorize(load("affine"), wrt, sizes))


@pytest.mark.parametrize("wrt", "XWb")
def test_the_explicit_jacobians_are_those_written_by_hand(wrt):
    assert of(wrt).sympy() == BY_HAND[wrt]
    rows, columns = BY_HAND[wrt].shape
    for i, j in product(range(rows), range(columns)):
        assert of(wrt)[i, j] == BY_HAND[wrt][i, j]


def test_the_components_are_those_of_the_source_document():
    assert list(vectorize(load("affine"), "X", SMALL).sympy()) == [
        x11 * w11 + x12 * w21 + b1,
        x11 * w12 + x12 * w22 + b2,
        x11 * w13 + x12 * w23 + b3,
        x21 * w11 + x22 * w21 + b1,
        x21 * w12 + x22 * w22 + b2,
        x21 * w13 + x22 * w23 + b3,
    ]
    assert vectorize(load("affine"), "W", SMALL).variables == (w11, w12, w13, w21, w22, w23)


def test_the_gradients_are_those_of_the_source_document():
    G = Matrix([[g11, g12, g13], [g21, g22, g23]])
    X, W = Matrix([[x11, x12], [x21, x22]]), Matrix([[w11, w12, w13], [w21, w22, w23]])
    assert reshape(chain(of("X"))).sympy() == G * W.T
    assert reshape(chain(of("W"))).sympy() == X.T * G
    assert reshape(chain(of("b"))).sympy() == sympy.ones(1, 2) * G


SIZES = [(1, 1, 1), (1, 2, 3), (2, 1, 3), (3, 2, 1), (2, 3, 4), (4, 3, 2), (3, 4, 2), (2, 4, 3), (3, 1, 4), (1, 4, 2)]
SIZES += [(2, 2, 2), (3, 4, 5), (5, 3, 4)]


@pytest.mark.parametrize("wrt", "XWb")
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_sympys_own_jacobian_agrees(sizes, wrt):
    bound = dict(zip("NDM", sizes, strict=True))
    found = of(wrt, bound)
    assert found.sympy() == found.map.sympy().jacobian(list(found.map.variables))
    assert found.nnz == len(found.sympy().todok()) == len(list(found.nonzeros()))


@pytest.mark.parametrize("wrt", "XWb")
def test_the_row_is_the_upstream_row_times_the_whole_jacobian(wrt):
    found = of(wrt, {"N": 3, "D": 4, "M": 2})
    upstream = Matrix(1, 6, [Symbol(f"g_{i}_{j}", real=True) for i in (1, 2, 3) for j in (1, 2)])
    assert (upstream * found.sympy() - chain(found).sympy()).expand().is_zero_matrix


def test_entries_of_a_huge_jacobian_are_made_on_demand():
    start = time.perf_counter()
    huge = of("X", {"N": 64, "D": 4096, "M": 4096})
    assert huge.shape == (64 * 4096, 64 * 4096)
    assert huge.nnz == 64 * 4096 * 4096
    # Row (2, 3), columns (2, 5) and (3, 5), counted from 1.
    assert huge[4096 + 2, 4096 + 4] == Symbol("w_5_3", real=True)
    assert huge[4096 + 2, 2 * 4096 + 4] == 0
    assert huge[-1, -1] == Symbol("w_4096_4096", real=True)
    assert time.perf_counter() - start < 5


def test_a_matrix_of_more_than_a_million_nonzeros_is_refused():
    with pytest.raises(SizeError, match=r"1073741824 non-zero.*N=64, D=4096, M=4096"):
        of("X", {"N": 64, "D": 4096, "M": 4096}).sympy()


@pytest.mark.parametrize("place", [(6, 0), (0, 4), (-7, 0)])
def test_a_place_outside_is_an_error(place):
    with pytest.raises(IndexError):
        of("X")[place]


def test_an_unknown_input_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match="X, W, b"):
        vectorize(load("affine"), "Z", SMALL)
