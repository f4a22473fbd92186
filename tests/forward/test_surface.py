"""Everything that can be written in a layer: what is traced is what NumPy computes, its gradient what PyTorch finds."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Rational

import derive
from derive.code import numpy_class
from derive.errors import ShapeError
from derive.forward import functions
from derive.forward.layer import Layer
from derive.forward.library import FUNCTIONS
from derive.forward.matrix import read
from derive.forward.nodes import Input
from derive.forward.shape import bind, parse_shape
from derive.forward.tensor import Tensor
from derive.proof.evaluate import evaluate, value_of
from derive.proof.evidence import Strength

SIZES = {"N": 2, "D": 3, "M": 4, "B": 2}
SHAPES = {"X": "N D", "Y": "N D", "W": "D M", "A": "N N", "b": "D", "x": "N", "Q": "B N D", "K": "B M D"}

LAYERS = {
    "relu": lambda X: np.maximum(X, 0),
    "leaky relu": lambda X: np.maximum(X, 0.25 * X),
    "minimum": lambda X, Y: np.minimum(X, Y),
    "abs": lambda X: abs(X) + np.abs(X) + np.fabs(X),
    "sign": lambda X: np.sign(X) * X,
    "clip": lambda X: np.clip(X, -1.5, 1.5),
    "clip below": lambda X: X.clip(0.5),
    "mask": lambda X: X * (X > 0) + 0.5 * X * (X <= 0),
    "masks of both": lambda X, Y: (X < Y) * X + (X >= Y) * Y,
    "a number on the left": lambda X: X * (0.5 < X),  # noqa: SIM300
    "where": lambda X, Y: np.where(X > 0.5, X, Y**2),
    "where with numbers": lambda X: np.where(X > 0, X, 0),
    "mse": lambda X, Y: np.mean((X - Y) ** 2),
    "mean of rows": lambda X: X.mean(axis=1, keepdims=True) * X,
    "mean of both": lambda X: np.mean(X, axis=(0, -1)),
    "variance": lambda X: X.var(axis=0),
    "variance, corrected": lambda X: np.var(X, axis=1, ddof=1, keepdims=True),
    "standard deviation": lambda X: np.std(X, axis=-1),
    "layernorm": lambda X, b: (X - X.mean(-1, keepdims=True)) / np.sqrt(X.var(-1, keepdims=True) + 0.5) * b,
    "norm": lambda X: np.linalg.norm(X),
    "norms of rows": lambda X: X / np.linalg.norm(X, axis=1, keepdims=True),
    "sum of absolute values": lambda x: np.linalg.norm(x, 1),
    "trace": lambda A: np.trace(A @ A) + A.trace(),
    "diagonal": lambda A: np.diagonal(A) * np.diag(A),
    "a diagonal matrix": lambda x: np.diag(x) @ np.diag(x),
    "outer": lambda x, b: np.outer(x, b),
    "kron": lambda X, W: np.kron(X, W),
    "kron of vectors": lambda x, b: np.kron(x, b) ** 2,
    "dot": lambda X, W, b: np.dot(X, W) + X.dot(b)[:, None],
    "einsum": lambda X, W: np.einsum("nd,dm->mn", X, W),
    "einsum without arrow": lambda X, W: np.einsum("nd,dm", X, W),
    "einsum of a diagonal": lambda A: np.einsum("ii->i", A),
    "einsum of three": lambda X, W, x: np.einsum("nd,dm,n->m", X, W, x),
    "scores of attention": lambda Q, K: Q @ K.swapaxes(-1, -2) / Q.shape[-1] ** 0.5,
    "a stack times a matrix": lambda Q, W: Q @ W,
    "a matrix times a stack": lambda A, Q: A @ Q,
    "a stack times a vector": lambda Q, b: Q @ b,
    "a transposed stack": lambda Q: np.transpose(Q, (2, 0, 1)) * 2,
    "moved axes": lambda Q: np.moveaxis(Q, 0, -1),
    "a new axis": lambda x, b: x[:, None] * b[None, :],
    "dots among the axes": lambda Q: Q[..., None, :] * 2,
    "expanded and squeezed": lambda x: np.squeeze(np.expand_dims(x, (0, 2)), axis=0),
    "likes": lambda X: np.ones_like(X) * X + np.zeros_like(X),
    "sine and others": lambda X: np.sin(X) + np.arctan(X) + np.sinh(X) * np.cosh(X),
    "logarithms": lambda X: np.log1p(X**2) + np.expm1(X) + np.square(X) + np.reciprocal(2 + X**2),
}


def traced(name: str) -> Layer:
    function = LAYERS[name]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]

    layer = eval(f"lambda {', '.join(names)}: function({', '.join(names)})", {"function": function})
    layer.__annotations__ = {argument: SHAPES[argument] for argument in names}
    return derive.layer(name="traced")(layer)


def arrays_of(layer, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {node.name: random.normal(size=bind(node.shape, SIZES)) for node in (*layer.inputs, layer.upstream)}


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_traced_is_what_numpy_computes(name):
    layer = traced(name)
    arrays = arrays_of(layer)
    expected = layer.function(*(arrays[node.name] for node in layer.inputs))
    assert bind(layer.output.shape, SIZES) == np.shape(expected)
    np.testing.assert_allclose(np.asarray(evaluate(read(layer.output), arrays, SIZES), dtype=float), expected)


@pytest.mark.thorough
@pytest.mark.parametrize("name", LAYERS)
def test_its_gradient_is_found_and_proved(name):
    derived = derive.derive(traced(name), **{k: v for k, v in SIZES.items() if k in traced(name).letters})
    for gradient in derived.gradients.values():
        assert all(item.strength is not Strength.REFUTED for item in gradient.evidence)
        assert gradient.evidence[-1].route == "numpy"


@pytest.mark.parametrize("name", LAYERS)
def test_the_printed_formula_runs_in_numpy(name):
    layer = traced(name)
    derived = derive.derive(layer, **{k: v for k, v in SIZES.items() if k in layer.letters})
    formulas = [gradient.formula for gradient in derived.gradients.values()]
    namespace: dict[str, object] = {}
    exec(numpy_class(layer, formulas), namespace)
    arrays = arrays_of(layer)
    instance = namespace["Traced"]()
    got = instance.forward(*(arrays[node.name] for node in layer.inputs))
    np.testing.assert_allclose(got, layer.function(*(arrays[node.name] for node in layer.inputs)))
    found = instance.backward(*([arrays[layer.upstream.name]] if layer.output.shape else []))
    found = found if isinstance(found, tuple) else (found,)
    for formula, value in zip(formulas, found, strict=True):
        expected = np.asarray(value_of(formula, arrays, SIZES), dtype=float)
        np.testing.assert_allclose(np.broadcast_to(value, expected.shape), expected)


@pytest.mark.parametrize("name", ["relu", "layernorm", "mse", "scores of attention", "where", "norms of rows"])
def test_its_gradient_is_pytorchs(name):
    torch = pytest.importorskip("torch")
    layer = traced(name)
    arrays = arrays_of(layer, seed=1)
    inputs = {node.name: torch.tensor(arrays[node.name], requires_grad=True) for node in layer.inputs}
    forward = {
        "relu": lambda X: torch.relu(X),
        "layernorm": lambda X, b: torch.nn.functional.layer_norm(X, X.shape[-1:], weight=b, eps=0.5),
        "mse": lambda X, Y: torch.nn.functional.mse_loss(X, Y),
        "scores of attention": lambda Q, K: Q @ K.transpose(1, 2) / Q.shape[-1] ** 0.5,
        "where": lambda X, Y: torch.where(X > 0.5, X, Y**2),
        "norms of rows": lambda X: torch.nn.functional.normalize(X, dim=1),
    }[name]
    output = forward(**inputs)
    output.backward(torch.tensor(arrays[layer.upstream.name]) if layer.output.shape else None)
    for node in layer.inputs:
        formula = derive.derive(layer, **{k: v for k, v in SIZES.items() if k in layer.letters}).wrt(node.name).formula
        got = np.asarray(value_of(formula, arrays, SIZES), dtype=float)
        np.testing.assert_allclose(got, inputs[node.name].grad.numpy(), atol=1e-12)


NAMED = [kind for kind in functions.Named.__subclasses__() if "defined" in vars(kind)]


def test_functions_without_a_definition_are_those_that_jump_and_the_largest_of_several():
    assert {k.__name__ for k in functions.Named.__subclasses__()} - {k.__name__ for k in NAMED} == {
        "step",
        "equal",
        "_Extreme",
    }
    assert {kind.__name__ for kind in functions.largest.__bases__[0].__subclasses__()} == {"largest", "smallest"}


BETWEEN = {"clip": [(-1, 2), (Rational(-1, 2), Rational(1, 2))]}
"""The bounds of functions that have some, which are numbers."""

WITH_BOUNDS = [(kind, bounds) for kind in NAMED for bounds in BETWEEN.get(kind.__name__, [()])]


def of_numbers(kind, bounds):
    return sympy.symbols("a b", real=True)[: kind.nargs.args[0] - len(bounds)]


@pytest.mark.parametrize(("kind", "bounds"), WITH_BOUNDS, ids=lambda part: getattr(part, "__name__", str(part)))
def test_the_short_form_of_a_derivative_is_that_of_the_definition(kind, bounds):
    """At points away from kinks, where the derivative of a step is 0 in both."""
    assert len(NAMED) >= 7
    arguments = of_numbers(kind, bounds)
    for place, argument in enumerate(arguments):
        short = functions.defined(kind(*arguments, *bounds).fdiff(place + 1))
        long = sympy.diff(kind.defined(*arguments, *bounds), argument)
        for values in ((0.75, -0.5), (-1.25, 0.25), (2.5, 3.0), (-3.0, -4.0)):
            at = dict(zip(arguments, map(sympy.Rational, values), strict=False))
            assert abs(sympy.N(short.subs(at) - long.subs(at), 30)) < 1e-25


@pytest.mark.parametrize(
    ("kind", "bounds"),
    [item for item in WITH_BOUNDS if item[0] is not functions.logabs],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_a_definition_is_what_numpy_or_the_field_computes(kind, bounds):
    arguments = of_numbers(kind, bounds)
    numeric = functions.NUMERIC.get(kind.__name__) or getattr(np, kind.__name__)
    for values in ((0.75, -0.5), (-1.25, 0.25), (0.0, 0.0)):
        at = dict(zip(arguments, map(sympy.Rational, values), strict=False))
        expected = float(numeric(*values[: len(arguments)], *map(float, bounds)))
        assert float(kind.defined(*arguments, *bounds).subs(at)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda X, Y: np.einsum("ij,jk->ik", X, Y), "j is D in one operand and N in another"),
        (lambda X, Y: np.einsum("ij->ik", X), "k in the output is not one axis of the operands"),
        (lambda X, Y: np.einsum("ij,ij->ij", X), "2 operands in the pattern, 1 given"),
        (lambda X, Y: np.einsum("i->i", X), "'i' for an array of shape"),
        (lambda X, Y: np.trace(X), "expected a vector or a square matrix"),
        (lambda X, Y: X.mean(axis=2), "sum: axis 2 is out of range for an array with 2 axes"),
        (lambda X, Y: np.squeeze(X, axis=0), "axis 0 of shape .* is not 1"),
        (lambda X, Y: X[:, :, :], "too many indices"),
        (lambda X, Y: np.transpose(X, (0,)), "expected an order of all 2 axes"),
    ],
)
def test_what_does_not_fit_is_refused(function, said):
    def refused(X: "N D", Y: "N D"):
        return function(X, Y)

    with pytest.raises(ShapeError, match=said):
        derive.layer()(refused)


def test_functions_of_the_field_can_be_called_on_arrays():
    """Those that NumPy lacks are used by expressions; their definitions are checked here."""
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 3))
    expected = {
        "softmax": np.exp(x) / np.exp(x).sum(-1, keepdims=True),
        "log_softmax": x - np.log(np.exp(x).sum(-1, keepdims=True)),
        "logsumexp": np.log(np.exp(x).sum()),
    }
    for name, value in expected.items():
        node = Input("X", parse_shape("N D"), "x")
        made = FUNCTIONS[name](Tensor(node, "test"))
        np.testing.assert_allclose(evaluate(read(made.node), {"X": x}, {"N": 2, "D": 3}), value)
