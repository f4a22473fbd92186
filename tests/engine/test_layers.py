"""The engine on layers other than the affine one: SymPy's own Jacobian, patterns that overlap, every rank."""

import time

import numpy as np
import pytest
import sympy
from sympy import Matrix, Symbol

import derive
from derive.engine import chain, jacobian, reshape, vectorize
from derive.engine.concrete import flat, positions, unflat


@derive.layer()
def residual(X: "N D"):
    return X + np.tanh(X)


@derive.layer()
def gram(X: "N D"):
    return X @ X.T


@derive.layer()
def softmax(X: "N D"):
    return np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)


@derive.layer()
def broadcast(x: "N 1", y: "D", s: ""):
    return x * y + s * x


@derive.layer()
def quadratic(A: "D D", x: "D"):
    return x @ A @ x


@derive.layer()
def three_axes(X: "N D M", s: "M"):
    return (X * s).sum(axis=1) ** 2


@derive.layer()
def transposed(X: "N D", Y: "D N"):
    return X.T * Y


@derive.layer()
def unused(X: "N D", b: "M"):
    return X - X.sum()


LAYERS = [residual, gram, softmax, broadcast, quadratic, three_axes, transposed, unused]
CASES = [(layer, node.name) for layer in LAYERS for node in layer.inputs]
SIZES = {"N": 2, "D": 3, "M": 4}


def of(layer, wrt, **sizes):
    chosen = {**SIZES, **sizes}
    return jacobian(vectorize(layer, wrt, {letter: chosen[letter] for letter in layer.letters}))


def same(left, right):
    return all(sympy.expand(a - b) == 0 or sympy.simplify(a - b) == 0 for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize(("layer", "wrt"), CASES, ids=lambda item: getattr(item, "name", item))
def test_sympys_own_jacobian_agrees(layer, wrt):
    found = of(layer, wrt)
    expected = found.map.sympy().jacobian(list(found.map.variables))
    assert found.shape == expected.shape
    assert same(Matrix(found.sympy()), expected)
    assert same([found[i, j] for i in range(found.shape[0]) for j in range(found.shape[1])], expected)


@pytest.mark.parametrize(("layer", "wrt"), CASES, ids=lambda item: getattr(item, "name", item))
@pytest.mark.parametrize("sizes", [{}, {"N": 1}, {"D": 1}, {"N": 1, "D": 1, "M": 1}, {"N": 3, "D": 3}], ids=str)
def test_every_place_that_is_not_zero_is_counted_once(layer, wrt, sizes):
    found = of(layer, wrt, **sizes)
    places = list(found.nonzeros())
    assert places == sorted(set(places))
    assert found.nnz == len(places)
    filled = {place for place, value in found.entries().items() if value != 0}
    assert filled <= set(places)
    dense = found.map.sympy().jacobian(list(found.map.variables))
    assert {(i, j) for i in range(dense.rows) for j in range(dense.cols) if dense[i, j] != 0} <= set(places)


@pytest.mark.parametrize(("layer", "wrt"), CASES, ids=lambda item: getattr(item, "name", item))
def test_the_row_is_the_upstream_row_times_the_jacobian_in_the_shape_of_the_input(layer, wrt):
    found = of(layer, wrt)
    upstream = layer.upstream
    names = [
        Symbol("_".join([upstream.letter, *(str(p + 1) for p in place)]), real=True)
        for place in np.ndindex(found.map.output_shape)
    ]
    row = chain(found)
    # A number is the loss itself, and 1 what arrives.
    upstream_row = Matrix([names if found.map.output_shape else [1]])
    expected = upstream_row * found.map.sympy().jacobian(list(found.map.variables))
    assert same(row.sympy(), expected)
    gradient = reshape(row)
    assert gradient.shape == found.map.input_shape
    for number, place in enumerate(np.ndindex(gradient.shape)):
        assert gradient[place if place else ()] == row[0, number]
        if place:
            assert gradient[tuple(p - size for p, size in zip(place, gradient.shape, strict=True))] == row[0, number]


def test_positions_are_read_row_by_row():
    shape = (2, 3, 4)
    assert [unflat(n, shape) for n in range(24)] == list(positions(shape)) == list(np.ndindex(shape))
    assert [flat(place, shape) for place in np.ndindex(shape)] == list(range(24))
    assert (unflat(0, ()), flat((), ())) == ((), 0)


@pytest.mark.parametrize("place", [(2, 0), (0, 3), (-3, 0), (0, 0, 0), (0,), 0])
def test_a_place_outside_of_a_gradient_is_an_error(place):
    gradient = reshape(chain(of(residual, "X")))
    with pytest.raises(IndexError, match="position"):
        gradient[place]


@pytest.mark.parametrize("place", [(0, 6), (0, -7), (1, 0), (-2, 0)])
def test_a_place_outside_of_a_row_is_an_error(place):
    with pytest.raises(IndexError, match="row of shape"):
        chain(of(residual, "X"))[place]


@pytest.mark.parametrize("number", [6, -7])
def test_a_component_that_is_not_there_is_an_error(number):
    map = of(residual, "X").map
    assert map[-1] == map[5]
    with pytest.raises(IndexError, match="component"):
        map[number]


def test_a_scalar_input_has_a_column_and_a_scalar_output_a_row():
    assert of(broadcast, "s").shape == (6, 1)
    assert of(quadratic, "A").shape == (1, 9)
    x = [Symbol(f"x_{n}", real=True) for n in (1, 2, 3)]
    assert list(Matrix(of(quadratic, "A").sympy())) == [a * b for a in x for b in x]
    assert reshape(chain(of(broadcast, "s")))[()] == sum(
        Symbol(f"g_{i}_{j}", real=True) * Symbol(f"x_{i}_1", real=True) for i in (1, 2) for j in (1, 2, 3)
    )


def test_single_entries_of_a_large_layer_cost_what_they_cost():
    start = time.perf_counter()
    huge = of(residual, "X", N=3000, D=4000)
    assert huge.nnz == 3000 * 4000
    last = Symbol("x_3000_4000", real=True)
    assert huge[-1, -1] == 2 - sympy.tanh(last) ** 2
    assert huge[0, 1] == 0
    assert time.perf_counter() - start < 2


def test_entries_may_be_asked_for_in_any_order():
    forwards, backwards = of(gram, "X"), of(gram, "X")
    places = [(i, j) for i in range(4) for j in range(6)]
    assert [forwards[p] for p in places] == [backwards[p] for p in reversed(places)][::-1]
