"""Largest entries, masks, inverses and determinants: NumPy's values, PyTorch's gradients, ties, and what is refused."""

import numpy as np
import pytest

import derive
from derive.errors import ShapeError, SizeError, UnsupportedError
from derive.forward.layer import Layer
from derive.forward.matrix import read
from derive.forward.shape import bind
from derive.notation.code import print_code
from derive.notation.latex import print_latex
from derive.proof.evaluate import evaluate, value_of
from derive.proof.evidence import Strength
from tests.running import namespace

SHAPES = {"X": "N D", "Y": "N D", "Z": "N 2*K", "Q": "N D M", "x": "N", "A": "N N", "B": "N D", "s": ""}
SIZES = ({"N": 3, "D": 4, "M": 2, "K": 2}, {"N": 2, "D": 3, "M": 4, "K": 1})


# NumPy's words, and PyTorch's.
LAYERS = {
    "max of all": (lambda X: np.max(X), lambda t, X: X.amax()),
    "max of rows": (lambda X: X.max(axis=1), lambda t, X: X.amax(1)),
    "max of columns": (lambda X: np.amax(X, axis=0), lambda t, X: X.amax(0)),
    "kept": (lambda X: X - X.max(axis=-1, keepdims=True), lambda t, X: X - X.amax(1, keepdim=True)),
    "min": (lambda X: X.min(axis=0) * X, lambda t, X: X.amin(0) * X),
    "along two axes": (lambda Q: Q.max(axis=(0, 2)), lambda t, Q: Q.amax((0, 2))),
    "along a middle axis": (lambda Q: np.min(Q, axis=1) ** 2, lambda t, Q: Q.amin(1) ** 2),
    "ptp": (lambda x: np.ptp(x), lambda t, x: x.amax() - x.amin()),
    "pooling": (lambda Z: Z.reshape(Z.shape[0], -1, 2).max(axis=2), lambda t, Z: Z.unflatten(1, (-1, 2)).amax(2)),
    "stable softmax": (
        lambda X: np.exp(X - X.max(1, keepdims=True)) / np.exp(X - X.max(1, keepdims=True)).sum(1, keepdims=True),
        lambda t, X: t.softmax(X, 1),
    ),
    "max of a function": (lambda X: np.max(np.tanh(X) * X, axis=0), lambda t, X: (X.tanh() * X).amax(0)),
    "where it is largest": (lambda X: X * (X.max(axis=1, keepdims=True) == X), lambda t, X: X * (X.amax(1, True) == X)),
    "not equal": (lambda X, Y: X * (X != Y), lambda t, X, Y: X * (X != Y)),
    "and": (lambda X: X * ((X > -0.5) & (X < 1)), lambda t, X: X * ((X > -0.5) & (X < 1))),
    "or": (lambda X: X * ((X > 0.5) | (X < 0)), lambda t, X: X * ((X > 0.5) | (X < 0))),
    "exclusive or": (lambda X: X * ((X > 0) ^ (X < 1)), lambda t, X: X * ((X > 0) ^ (X < 1))),
    "not": (lambda X: X * ~(X > 0.5), lambda t, X: X * ~(X > 0.5)),
    "a sum of masks": (lambda X: X * ((X > 0) + (X < 0.5)), lambda t, X: X * ((X > 0) | (X < 0.5))),
    "logical": (
        lambda X, Y: X * np.logical_and(X > 0, np.logical_not(Y)) + np.logical_or(X < 0, Y > 0),
        lambda t, X, Y: X * t.logical_and(X > 0, t.logical_not(Y)) + t.logical_or(X < 0, Y > 0),
    ),
    "counts": (
        lambda X, Y: X * ((X > 0) * 1.0 @ (Y > 0).T).sum(),
        lambda t, X, Y: X * ((X > 0).double() @ (Y > 0).double().T).sum(),
    ),
    "where with numbers as truth": (lambda X, Y: np.where(Y, X, 2 * X), lambda t, X, Y: t.where(Y != 0, X, 2 * X)),
    "inverse": (lambda A: np.linalg.inv(A), lambda t, A: t.linalg.inv(A)),
    "determinant": (lambda A: np.linalg.det(A) ** 2, lambda t, A: t.linalg.det(A) ** 2),
    "logdet": (lambda A: np.linalg.slogdet(A)[1], lambda t, A: t.linalg.slogdet(A)[1]),
    "logdet by its name": (lambda A: np.linalg.slogdet(A @ A.T).logabsdet, lambda t, A: t.logdet(A @ A.T)),
    "sign of a determinant": (lambda A, s: np.linalg.slogdet(A)[0] * s, lambda t, A, s: t.linalg.slogdet(A)[0] * s),
    "solve": (lambda A, B: np.linalg.solve(A, B), lambda t, A, B: t.linalg.solve(A, B)),
    "quadratic": (lambda A, x: x @ np.linalg.inv(A @ A.T) @ x, lambda t, A, x: x @ t.linalg.inv(A @ A.T) @ x),
}  # fmt: skip


def traced(function, **shapes) -> Layer:
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    layer = eval(f"lambda {', '.join(names)}: function({', '.join(names)})", {"function": function})
    layer.__annotations__ = {argument: {**SHAPES, **shapes}[argument] for argument in names}
    return derive.layer(name="traced")(layer)


def printed(formula, space):
    """What the printed code computes, the names that it uses first."""
    known = dict(space)
    for item in formula.definitions:
        known[item.text] = eval(print_code(item.tree, module="np."), known)
    return eval(print_code(formula.tree, module="np."), known)


def numbers(layer: Layer, sizes: dict[str, int]) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    bound = {letter: sizes[letter] for letter in layer.letters}
    random = np.random.default_rng(3)
    arrays = {n.name: random.normal(size=bind(n.shape, bound)) for n in (*layer.inputs, layer.upstream)}
    # Where the output is a number, it is the loss itself.
    return bound, arrays if layer.output.shape else {**arrays, layer.upstream.name: np.array(1.0)}


AT = pytest.mark.parametrize("sizes", SIZES, ids=["first", "second"])


@pytest.mark.parametrize("name", LAYERS)
@AT
def test_values_are_numpys_and_gradients_pytorchs(name, sizes):
    function, in_torch = LAYERS[name]
    layer = traced(function)
    bound, arrays = numbers(layer, sizes)
    expected = layer.function(*(arrays[node.name] for node in layer.inputs))
    space = namespace(**bound, **arrays)
    assert bind(layer.output.shape, bound) == np.shape(expected)
    np.testing.assert_allclose(np.asarray(evaluate(read(layer.output), arrays, bound), dtype=float), expected)
    np.testing.assert_allclose(eval(print_code(read(layer.output), module="np."), space), expected)
    torch = pytest.importorskip("torch")
    leaves = {node.name: torch.tensor(arrays[node.name], requires_grad=True) for node in layer.inputs}
    in_torch(torch, **leaves).backward(torch.tensor(np.asarray(arrays[layer.upstream.name])))
    for node in layer.inputs:
        found = leaves[node.name].grad
        wanted = np.zeros(bind(node.shape, bound)) if found is None else found.numpy()
        formula = derive.derive(layer, bound).wrt(node.name).formula
        np.testing.assert_allclose(np.asarray(value_of(formula, arrays, bound), dtype=float), wanted, atol=1e-10)
        np.testing.assert_allclose(np.broadcast_to(printed(formula, space), wanted.shape), wanted, atol=1e-10)


@pytest.mark.parametrize("name", ["max of rows", "pooling", "where it is largest", "or"])
def test_extremes_and_masks_are_proved(name):
    layer = traced(LAYERS[name][0])
    for gradient in derive.derive(layer, numbers(layer, SIZES[1])[0]).gradients.values():
        assert gradient.evidence[0].strength is Strength.PROVED_AT_SIZES
        assert all(item.strength is not Strength.REFUTED for item in gradient.evidence)


@pytest.mark.parametrize("name", ["inverse", "determinant", "logdet", "solve"])
def test_matrix_functions_are_proved(name):
    layer = traced(LAYERS[name][0])
    for gradient in derive.derive(layer, numbers(layer, SIZES[1])[0]).gradients.values():
        found = {item.route: item.strength for item in gradient.evidence}
        assert found["index"] is Strength.PROVED_FOR_ALL_SIZES
        assert found["jacobian"] in (Strength.PROVED_AT_SIZES, Strength.CHECKED_AT_POINTS)


def test_entries_that_are_largest_together_share_the_gradient():
    layer = traced(lambda X: X.max(axis=1))
    formula = derive.derive(layer, n=2, d=3).wrt("X").formula
    arrays = {"X": np.array([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]]), "G": np.array([4.0, 6.0])}
    got = value_of(formula, arrays, {"N": 2, "D": 3})
    np.testing.assert_array_equal(got, [[0, 2, 2], [2, 2, 2]])


FORMULAS = {
    "inverse": ("A", "-inv(A).T @ G @ inv(A).T"),
    "logdet": ("A", "inv(A).T"),
    "solve": ("B", "inv(A).T @ G"),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_of_matrix_functions_are_those_of_the_literature(name):
    wrt, expected = FORMULAS[name]
    layer = traced(LAYERS[name][0])
    formula = derive.derive(layer, numbers(layer, SIZES[1])[0]).wrt(wrt).formula
    assert str(formula) == expected
    assert r"\mathbf{A}^{-\top}" in print_latex(formula.tree)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_entries_of_an_inverse_are_written_out_up_to_four_rows(size):
    layer = traced(lambda A: np.linalg.inv(A))
    at = np.random.default_rng(size).normal(size=(size, size))
    map = derive.derive(layer, n=size).wrt("A").map
    values = dict(zip(map.variables, at.flat, strict=True))
    found = [float(map[number].xreplace(values)) for number in range(len(map))]
    np.testing.assert_allclose(np.reshape(found, at.shape), np.linalg.inv(at), rtol=1e-9)


def test_entries_of_a_larger_inverse_are_refused_by_their_size():
    layer = traced(lambda A: np.linalg.inv(A))
    with pytest.raises(SizeError, match="up to 4 × 4, this matrix is 5 × 5; choose smaller sizes"):
        derive.derive(layer, n=5).wrt("A").map[0]


def test_a_singular_matrix_decides_nothing():
    from derive.proof import numeric

    layer = traced(lambda A: np.linalg.inv(A))
    assert not numeric.is_defined(layer, {"A": np.ones((2, 2))})
    assert numeric.is_defined(layer, {"A": np.eye(2)})


REFUSED = {
    "det of no square": (lambda X: np.linalg.det(X), ShapeError, r"det\(X\): expected a square matrix, got .*\(N, D\)"),
    "inv of a vector": (lambda x: np.linalg.inv(x), ShapeError, r"expected a square matrix, got shape \(N,\)"),
    "inv of a stack": (lambda Q: np.linalg.inv(Q), ShapeError, r"expected a square matrix"),
    "an axis out of range": (lambda X: X.max(axis=2), ShapeError, "axis 2 is out of range"),
    "argmax": (lambda X: np.argmax(X, axis=1), UnsupportedError, "its derivative is 0.*np.max"),
    "argmax as a method": (lambda X: X.argmax(), UnsupportedError, r"\.argmax .*np.max"),
    "sort": (lambda X: np.sort(X), UnsupportedError, "sort outside of the layer"),
    "a start": (lambda X: np.max(X, initial=0), UnsupportedError, "with these arguments"),
    "- of masks": (lambda X: (X > 0) - (X > 1), UnsupportedError, "multiply one by 1.0"),
    "a negative mask": (lambda X: -(X > 0), UnsupportedError, "write 1 - mask"),
    "@ of masks": (lambda X: (X > 0) @ (X > 1).T, UnsupportedError, "multiply one by 1.0"),
    "einsum of masks": (lambda X: np.einsum("ij->i", X > 0), UnsupportedError, "multiply one by 1.0"),
    "& of numbers": (lambda X, Y: X & Y, UnsupportedError, "& of anything but comparisons"),
    "~ of numbers": (lambda X: ~X, UnsupportedError, "~ of anything but comparisons"),
    "a mask in Python's if": (lambda X: X if X == 0 else -X, UnsupportedError, "truth of an array"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_with_a_remedy(name):
    function, kind, said = REFUSED[name]
    with pytest.raises(kind, match=said):
        traced(function)


@pytest.mark.parametrize(
    ("text", "slopes"),
    [
        # PyTorch: relu, where(x > 0, x, a x), hardtanh, and relu6 take these at their kinks.
        ("maximum(x, 0)", (0, 0, 1)),
        ("maximum(0, x)", (0, 0, 1)),
        ("maximum(x, 0) + 0.25 * minimum(x, 0)", (0.25, 0.25, 1)),
        ("maximum(x, 0) + 0.25 * minimum(0, x)", (0.25, 0.25, 1)),
        ("clip(x, 0, 1)", (0, 0, 0)),
        ("clip(x, -1, 0)", (0, 0, 0)),
        ("minimum(maximum(x, 0), 6)", (0, 0, 1)),
        ("maximum(minimum(6, x), 0)", (0, 0, 1)),
        ("minimum(relu(x), 6)", (0, 0, 1)),
        ("clip(x, -2, 2)", (1, 1, 1)),
    ],
)
def test_what_is_taken_where_an_entry_and_a_number_are_equal(text, slopes):
    found = derive.derive(text, shapes={"x": "N"}, n=3).wrt("x").formula
    arrays = {"x": np.array([-1.0, 0.0, 1.0]), "G": np.ones(3)}
    np.testing.assert_allclose(value_of(found, arrays, {"N": 3}), slopes)


def test_the_stable_form_of_softplus_has_the_derivative_of_softplus_at_zero_too():
    # The sum of the conventions at the kinks of its parts would be 0.
    found = derive.derive("maximum(x, 0) + log(1 + exp(-abs(x)))", shapes={"x": "N"}, n=3).wrt("x").formula
    arrays = {"x": np.array([-1.0, 0.0, 1.0]), "G": np.ones(3)}
    expected = 1 / (1 + np.exp(-arrays["x"]))
    np.testing.assert_allclose(value_of(found, arrays, {"N": 3}), expected)


def test_a_named_bound_stays_named():
    text = "h = maximum(x, 0)\ny = minimum(h, 6)\ny * h"
    found = derive.derive(text, shapes={"x": "N"}, n=3)
    arrays = {"x": np.array([-1.0, 2.0, 8.0]), "G": np.ones(3)}
    np.testing.assert_allclose(value_of(found.wrt("x").formula, arrays, {"N": 3}), [0, 4, 6])


def test_a_number_between_bounds_is_one_function_in_every_notation():
    found = derive.derive("x * minimum(maximum(x, -0.5), 2)", shapes={"x": "N"}, n=3)
    assert str(found.wrt("x").formula) == "G * (clip(x, -0.5, 2) + x * (x > -0.5) * (x < 2))"
    assert r"\operatorname{clip}" in found.wrt("x").formula.latex()
    for language, call in (("numpy", "np.clip(x, -0.5, 2)"), ("torch", "torch.clip(x, -0.5, 2)")):
        assert call in found.wrt("x").code(language)


def test_bounds_that_are_not_in_order_stay_what_numpy_makes_of_them():
    found = derive.derive("clip(x, 1, -1)", shapes={"x": "N"}, n=3)
    arrays = {"x": np.array([-2.0, 0.5, 3.0]), "G": np.ones(3)}
    assert "clip" not in str(read(found.layer.output))
    np.testing.assert_allclose(value_of(found.wrt("x").formula, arrays, {"N": 3}), 0)
    np.testing.assert_allclose(evaluate(read(found.layer.output), arrays, {"N": 3}), np.clip(arrays["x"], 1, -1))
