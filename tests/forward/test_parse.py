"""Expressions as text: what they compute, what is refused and how quickly, and that nothing of them is run."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from derive.errors import ExpressionError
from derive.forward.meaning import FUNCTION_NAMES, numpy_function
from derive.forward.parse import parse
from derive.forward.syntax import read_shape, read_source
from derive.proof.evaluate import evaluate as evaluate_tree

SHAPES = {"X": "N D", "W": "D M", "Y": "N M", "A": "N N", "x": "D", "y": "N", "c": ""}
SIZES = {"N": 2, "D": 3, "M": 4}


def arrays(shapes):
    numbers = np.random.default_rng(5)
    return {
        name: numbers.uniform(0.25, 2, tuple(SIZES[axis] if axis in SIZES else int(axis) for axis in shape.split()))
        for name, shape in shapes.items()
    }


ACCEPTED = {
    # the text, and the same in NumPy
    "sum((X @ W - Y)**2) / N": lambda X, W, Y: np.sum((X @ W - Y) ** 2) / 2,
    "np.sum(X, axis=0)": lambda X: X.sum(axis=0),
    "numpy.linalg.norm(X, axis=1)": lambda X: np.linalg.norm(X, axis=1),
    "np.linalg.norm(X, ord='fro')": lambda X: np.linalg.norm(X),
    "X.mean(axis=-1, keepdims=True)": lambda X: X.mean(axis=-1, keepdims=True),
    "X.var(axis=(0, 1), ddof=1)": lambda X: X.var(ddof=1),
    "X.T @ Y": lambda X, Y: X.T @ Y,
    "-X**2": lambda X: -(X**2),
    "(-X)**2 - -X": lambda X: X**2 + X,
    "+X": lambda X: X,
    "2**-1 * X": lambda X: X / 2,
    "(X > 1) * X + (1 >= X)": lambda X: np.where(X > 1, X, 1.0),
    "where(X < 1, X, 0)": lambda X: np.where(X < 1, X, 0),
    "y[:, None] - y[None, :]": lambda y: y[:, None] - y,
    "y[:, np.newaxis] * x": lambda y, x: np.outer(y, x),
    "X[...]": lambda X: X,
    "X / sqrt(D)": lambda X: X / np.sqrt(3),
    "X.shape[0] * X / X.shape[-1]": lambda X: X * 2 / 3,
    "X.sum() / X.size * X.ndim": lambda X: X.mean() * 2,
    "len(X) * X": lambda X: 2 * X,
    "A + eye(N) * c": lambda A, c: A + c * np.eye(2),
    "A + 2 * np.identity(N)": lambda A: A + 2 * np.eye(2),
    "X + ones((N, D)) + np.zeros((N, D)) + full(D, 3)": lambda X: X + 4,
    "ones((N, 1)) * x + 0 * y[:, None]": lambda x, y: np.ones((2, 1)) * x,
    "X + ones(X.shape)": lambda X: X + 1,
    "einsum('nd,dm->nm', X, W)": lambda X, W: X @ W,
    'np.einsum("nd->d", X)': lambda X: X.sum(0),
    "softmax(X)": lambda X: np.exp(X) / np.exp(X).sum(axis=1, keepdims=True),
    "softmax(X, axis=0)": lambda X: np.exp(X) / np.exp(X).sum(axis=0),
    "log_softmax(X)": lambda X: X - np.log(np.exp(X).sum(axis=1, keepdims=True)),
    "logsumexp(X, axis=1, keepdims=True)": lambda X: np.log(np.exp(X).sum(axis=1, keepdims=True)),
    "maximum(0, X - 1)": lambda X: np.maximum(0, X - 1),
    "sigmoid(X) * np.tanh(X)": lambda X: np.tanh(X) / (1 + np.exp(-X)),
    "X * exp(-c) * 1e-3": lambda X, c: X * np.exp(-c) / 1000,
    "X.transpose(1, 0)": lambda X: X.T,
    "swapaxes(X, 0, 1)": lambda X: X.T,
    "X.clip(0.5, 1.5)": lambda X: X.clip(0.5, 1.5),
    "trace(A @ A)": lambda A: np.trace(A @ A),
    "outer(x, y)": lambda x, y: np.outer(x, y),
    "1_000 * .5 * X": lambda X: 500 * X,
    "0.5 * X * (1 + erf(X / sqrt(2)))": lambda X: X * normal(X),
    "X * log(2) + exp(1) * pi - np.pi": lambda X: X * np.log(2) + np.e * np.pi - np.pi,
    "Z = X @ W; S = softmax(Z); sum(S * Y)": lambda X, W, Y: (np.exp(X @ W) / np.exp(X @ W).sum(1)[:, None] * Y).sum(),
    "Z = X @ W\n\n# a comment: Größe\nreturn Z * 2  # ü\n": lambda X, W: 2 * X @ W,
    "    Z = X * 2\n    out = Z + 1": lambda X: 2 * X + 1,
    "(X\n  @ W)": lambda X, W: X @ W,
    "X \\\n + 1": lambda X: X + 1,
    "k = N - 1\nX / k": lambda X: X,
}


def normal(x):
    from math import erf

    return np.vectorize(lambda t: (1 + erf(t / 2**0.5)) / 2)(x)


def used(text):
    return {name: shape for name, shape in SHAPES.items() if name in tokens(text)}


def tokens(text):
    import re

    return set(re.findall(r"[A-Za-z_]\w*", text))


@pytest.mark.parametrize("text", ACCEPTED)
def test_an_expression_means_what_numpy_means(text):
    shapes = used(text)
    layer, given = parse(text, shapes), arrays(shapes)
    expected = ACCEPTED[text](**given)
    by_rules = layer.function(*given.values())
    assert by_rules.shape == expected.shape
    np.testing.assert_allclose(by_rules, expected, rtol=1e-12)
    bound = {letter: SIZES[letter] for letter in layer.letters}
    by_graph = evaluate_tree(layer.read(layer.output), given, bound)
    np.testing.assert_allclose(np.asarray(by_graph, dtype=float), expected, rtol=1e-12)


def test_every_function_that_can_be_called_is_known_to_numpy_too():
    assert len(FUNCTION_NAMES) > 40
    for name in FUNCTION_NAMES:
        if name not in ("eye", "full", "identity", "len", "ones", "zeros"):
            assert callable(numpy_function(name))


def test_names_that_sympy_and_python_reserve_are_ordinary():
    names = ["E", "I", "S", "N", "O", "Q", "C", "beta", "gamma", "zeta", "pi", "re", "im", "Float"]
    layer = parse(" + ".join(names), dict.fromkeys(names, "n"))
    assert [node.name for node in layer.inputs] == names
    assert str(layer.output) == " + ".join(names)


def test_intermediate_values_are_named():
    layer = parse("Z = X @ W\nS = tanh(Z)\nsum(S * S)", {"X": "N D", "W": "D M"})
    assert [(name, str(node)) for name, node in layer.named] == [("Z", "X @ W"), ("S", "tanh(X @ W)")]
    same = parse("sum(S * S)", {"X": "N D", "W": "D M"}, let={"Z": "X @ W", "S": "tanh(Z)"})
    assert same.output is layer.output
    assert same.text == layer.text == "Z = X @ W; S = tanh(Z); sum(S * S)"


def test_numbers_are_exact():
    layer = parse("0.1 * X + 0.30000000000000000001 * X", {"X": "N"})
    assert str(layer.output) == "X / 10 + 0.30000000000000000001 * X"


def test_the_normal_form_does_not_depend_on_blanks():
    written = ["sum((X@W-Y)**2)/N", " sum( (X @ W\n - Y) ** 2 ) / N  # loss\n", "sum((X @ W - Y)**2) / N;"]
    assert {read_source(text).normal for text in written} == {"sum((X @ W - Y)**2) / N"}
    assert read_source("a=-X[:,None , 1 :2]\nf(a,axis = -1) if_b".replace(" if_b", "")).normal == (
        "a = -X[:, None, 1:2]; f(a, axis=-1)"
    )
    for text in ACCEPTED:
        normal = read_source(text).normal
        assert read_source(normal).normal == normal
        assert parse(normal, used(text)).output is parse(text, used(text)).output


@pytest.mark.parametrize("written", ["N D", "N,D", "(N, D)", " N , D ", "(N,D)"])
def test_a_shape_is_written_in_several_ways(written):
    assert read_shape(written, "X") == "N D"


@pytest.mark.parametrize(("written", "read"), [("", ""), ("scalar", ""), ("()", ""), ("(N,)", "N"), ("D+1,3", "D+1 3")])
def test_a_shape_of_few_axes(written, read):
    assert read_shape(written, "X") == read


@pytest.mark.parametrize("written", ["-N", "0", "N;D", "-1", "100000", "x" * 1000, "N " * 9, "Ñ", "__import__('os')"])
def test_what_is_no_shape_is_refused(written):
    with pytest.raises(ExpressionError, match="expr: shape of X: expected"):
        read_shape(written, "X")


def test_a_layer_of_a_text_can_be_pickled():
    layer = parse("sum(S)", {"X": "N D", "W": "D M"}, let={"S": "tanh(X @ W)"})
    again = pickle.loads(pickle.dumps(layer))
    assert again.output is layer.output
    given = {"X": np.ones((2, 3)), "W": np.ones((3, 4))}
    assert again.function(*given.values()) == layer.function(*given.values())


@pytest.mark.parametrize(
    "text",
    [
        "sign(N) * X",
        "sign(-2) * X",
        "maximum(N, 2) * X",
        "X * abs(-3)",
        "X * reciprocal(2)",
        "where(X > 0, 2, 3)**-1 * X",
        "X * sum(X > 0)**-1",
        "X * log(N)",
    ],
)
def test_functions_of_numbers_are_numbers(text):
    import derive

    assert derive.derive(text, shapes={"X": "N D"}).wrt("X").evidence


def test_a_size_is_told_by_an_axis_that_is_longer_by_a_number():
    layer = parse("X.sum() / D + c * N", {"X": "N D+1", "c": ""})
    assert layer.function(np.ones((2, 4)), np.ones(())) == 8 / 3 + 2


def test_rows_are_picked_by_whole_numbers():
    layer = parse("W[t]", {"W": "V D", "t": "N in V"})
    assert [str(size) for size in layer.output.shape] == ["N", "D"]
    assert set(layer.letters) == {"V", "D", "N"}
