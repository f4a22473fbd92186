from __future__ import annotations

import math

import numpy as np
import pytest

import derive
import derive.errors
from derive.errors import ShapeError, SizeError, UnsupportedError
from derive.forward.shape import bind, broadcast, parse_shape
from derive.forward.trace import trace
from derive.layers import index, load
from derive.proof.evidence import Strength

SIZES = {"N": 4, "D": 3, "M": 2, "1": 1}


@pytest.mark.parametrize(
    "shapes",
    [
        "N D;D",
        "D;N D",
        "N D;1",
        "N D;N 1",
        "N 1;D",
        "N;N 1",
        "N 1;N",
        "1;N",
        ";N D",
        "N D M;D M",
        "N D M;D 1",
        "1 D;N 1",
        ";",
    ],
)
def test_shapes_broadcast_as_numpys(shapes):
    parsed = [parse_shape(shape) for shape in shapes.split(";")]
    expected = np.broadcast_shapes(*(bind(shape, SIZES) for shape in parsed))
    assert bind(broadcast(parsed), SIZES) == expected


@pytest.mark.parametrize("shapes", ["N;D", "N D;N", "N D;D N", "N D M;N D"])
def test_shapes_that_do_not_fit_are_refused_with_both_sizes(shapes):
    with pytest.raises(ShapeError, match=r"do not broadcast.*the same letter"):
        broadcast([parse_shape(shape) for shape in shapes.split(";")])


FUNCTIONS = [
    lambda X, W, b: X @ W + b,
    lambda X, W, b: (X @ W - b) * 2 / 3,
    lambda X, W, b: np.tanh(X @ W) ** 2 + 1,
    lambda X, W, b: W.T @ X.T,
    lambda X, W, b: X.sum(axis=0) @ W * b,
    lambda X, W, b: np.sum(X, axis=1, keepdims=True) * X,
    lambda X, W, b: np.exp(-X) / (1 + np.exp(-X)),
    lambda X, W, b: np.add(np.matmul(X, W), b).sum(),
    lambda X, W, b: 1 - X / 4,
    lambda X, W, b: b @ W.T @ X.T,
    lambda X, W, b: np.float64(2.0) * X,
    lambda X, W, b: 1.0 / (2.0 + np.cos(X)),
]


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_what_is_traced_is_what_numpy_computes(number):
    from derive.forward.matrix import read
    from derive.proof.evaluate import evaluate

    def function(X: "N D", W: "D M", b: M):
        return FUNCTIONS[number](X, W, b)

    layer = derive.layer()(function)
    random = np.random.default_rng(0)
    arrays = {node.name: random.normal(size=bind(node.shape, SIZES)) for node in layer.inputs}
    expected = function(**arrays)
    assert bind(layer.output.shape, SIZES) == np.shape(expected)
    np.testing.assert_allclose(evaluate(read(layer.output), arrays, SIZES), expected)


REFUSED = [
    (lambda X: X[[0]], "an index of type list"),
    (lambda X: np.floor(X), "np.floor"),
    (lambda X: np.median(X), "np.median"),
    (lambda X: X + np.ones(3), "ndarray"),
    (lambda X: list(X), "looping"),
    (lambda X: X if X == 1 else -X, "asking for the truth"),
    (lambda X: np.argmax(X), "np.argmax is not supported; its derivative is 0"),
    (lambda X: X.argmax(axis=1), ".argmax is not supported; its derivative is 0"),
    (lambda X: np.add.reduce(X), "np.add with reduce"),
    (lambda X: None, "return one array"),
    (lambda X: float(X), "write the layer as whole-array operations"),
]


@pytest.mark.parametrize(("function", "said"), REFUSED)
def test_what_cannot_be_traced_is_refused_by_name(function, said):
    def refused(X: "N D"):
        return function(X)

    with pytest.raises(UnsupportedError, match="refused") as caught:
        derive.layer()(refused)
    assert said in str(caught.value)


def test_a_product_that_does_not_fit_names_axes_and_remedy():
    with pytest.raises(ShapeError, match=r"last axis of X is D, first axis of X is N.*transpose one with \.T"):

        @derive.layer()
        def wrong(X: "N D"):
            return X @ X


def test_an_argument_without_a_shape_is_refused():
    with pytest.raises(ShapeError, match='argument X has no shape; write it as its annotation, X: "N D"'):
        derive.layer()(lambda X: X)


@pytest.mark.parametrize("name", ["E", "I", "S", "N", "O", "Q", "C", "beta", "gamma"])
def test_names_that_sympy_reserves_are_ordinary(name):
    namespace: dict[str, object] = {"derive": derive}
    exec(f"@derive.layer(defaults='A=2 B=3')\ndef f({name}: 'A B', W: 'B A'):\n    return {name} @ W\n", namespace)
    found = derive.derive(namespace["f"])
    assert str(found.wrt(name).formula) == "G @ W.T"
    assert found.wrt(name).evidence


@derive.layer(defaults="N=2 D=3")
def awkward(G: "N D", Y: "D N", L: N):
    return G @ Y + L


def test_an_input_called_g_y_or_l_is_told_from_ours():
    found = derive.derive(awkward)
    assert awkward.upstream.name == "G_Z"
    assert awkward.loss == "J"
    assert [str(found.wrt(name).formula) for name in "GYL"] == ["G_Z @ Y.T", "G.T @ G_Z", "sum(G_Z, axis=0)"]


def test_inputs_that_differ_in_case_keep_their_entries_apart():
    @derive.layer(defaults="N=2 D=2")
    def both(X: "N D", x: D):
        return X @ x

    assert len({symbol for node in "Xx" for symbol in derive.derive(both).wrt(node).map.variables}) == 6


def test_an_input_that_is_not_used_has_a_gradient_of_zeros():
    @derive.layer(defaults="N=2 D=2")
    def unused(X: "N D", b: D):
        return X * 2

    gradient = derive.derive(unused).wrt("b")
    assert list(gradient.gradient.sympy()) == [0, 0]
    assert gradient.jacobian.nnz == 0
    assert gradient.evidence


def test_the_index_of_the_catalogue_is_what_the_layers_say():
    assert [listing.name for listing in index()]
    for listing in index():
        layer = load(listing.name)
        assert listing.letters == layer.letters
        assert dict(listing.defaults) == dict(layer.defaults)


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", True, None])
def test_a_size_that_is_no_positive_integer_is_refused(size):
    with pytest.raises(SizeError, match="size N: expected an integer from 1 on"):
        derive.derive("affine", n=size)


def test_sizes_in_either_case_and_none_twice():
    assert derive.derive("affine", {"N": 4}, d=5).sizes == {"N": 4, "D": 5, "M": 3}
    with pytest.raises(SizeError, match="twice"):
        derive.derive("affine", {"N": 4}, n=5)
    with pytest.raises(derive.errors.UnknownNameError, match="known: N, D, M"):
        derive.derive("affine", {"K": 4})


@pytest.mark.parametrize("sizes", [{"N": 2, "D": 3}, {"N": 1, "D": 3}])
@pytest.mark.parametrize("convention", ["rows", "columns"])
def test_a_function_may_give_a_number_that_depends_on_nothing(sizes, convention):
    def three(X: "N D"):
        return 3.0

    found = derive.derive(trace(three), convention=convention, **sizes)
    assert str(found.wrt("X").formula).startswith("zeros(")
    assert all(item.strength is not Strength.REFUTED for item in found.wrt("X").evidence)


@pytest.mark.parametrize("root", [np.sqrt, math.sqrt])
def test_the_root_of_a_size_is_refused_with_the_remedy(root):
    def scaled(X: "N D"):
        return X / root(X.shape[1])

    with pytest.raises(UnsupportedError, match=r"the root of one is written X\.shape\[0\] \*\* 0\.5"):
        trace(scaled)
