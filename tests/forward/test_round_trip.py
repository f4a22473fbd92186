"""What a gradient is printed as can be read again, and is the same."""

import numpy as np
import pytest

import derive
from derive.forward.parse import parse
from derive.forward.shape import letters, text
from derive.proof.evaluate import evaluate

SHAPES = {
    "X": "N D", "W": "D M", "Y": "N M", "V": "M D", "A": "N N", "B": "N N", "b": "M", "x": "D", "y": "N", "z": "N",
    "s": "", "T": "N D M", "c": "N 1",
}  # fmt: skip

EXPRESSIONS = [
    "X @ W + b",
    "sum((X @ W - Y)**2) / N",
    "sum(exp(X @ W) * Y)",
    "tanh(X @ W + b) @ V",
    "softmax(X @ W)",
    "softmax(X, axis=0)",
    "log_softmax(X @ W, axis=1)",
    "logsumexp(X, axis=1)",
    "sigmoid(X * s)",
    "relu(X @ W) - 1 / 2",
    "maximum(X, 0.1 * X)",
    "abs(X) + sign(X) * X",
    "where(X > s, X, 0)",
    "clip(X, -1, 1)",
    "X / sqrt(D)",
    "X / norm(x)",
    "x / norm(x)",
    "outer(x, y)",
    "outer(x, y) @ X",
    "y @ A @ z",
    "A @ y + B.T @ z",
    "trace(A @ B)",
    "trace(A.T @ B @ A)",
    "diag(y) @ X",
    "A @ diag(y * z)",
    "diagonal(A) * y",
    "X.mean(axis=0)",
    "X.var(axis=1)",
    "(X - X.mean(axis=1, keepdims=True)) / sqrt(X.var(axis=1, keepdims=True) + 1e-5)",
    "X.std()",
    "sum(X, axis=1) * y",
    "sum(X) * s**3",
    "y[:, None] * X",
    "y[:, None] - z[None, :]",
    "X * c",
    "einsum('nd,dm->nm', X, W)",
    "einsum('ndm,d->nm', T, x)",
    "einsum('ndm,dm->n', T, W)",
    "T.sum(axis=1) @ b",
    "T * W",
    "T @ V",
    "swapaxes(T, 0, 1)",
    "T.transpose(2, 0, 1)",
    "erf(X) + arctan(X) + sinh(x)",
    "X**3 - 2 * X**-1",
    "X**0.5 * sqrt(X)",
    "X.T @ X",
    "X @ X.T",
    "eye(N) * s + A",
    "ones((N, D)) * s + X",
    "sum(X @ x) * eye(N)",
    "log(1 + exp(-y * (X @ x)))",
    "y @ log(z) + (1 - y) @ log(1 + z)",
    "sum(maximum(0, 1 - y * (X @ x))) / N + s * sum(x**2)",
    "X * exp(1) * pi + log(2)",
    "silu(X) * softplus(X)",
    "minimum(X, s) * X.shape[0]",
    "sum(y * z) * A",
]


def used(expression):
    tree = parse(expression, {name: shape for name, shape in SHAPES.items() if name in words(expression)})
    return {node.name: SHAPES[node.name] for node in tree.inputs}


def words(expression):
    import re

    return set(re.findall(r"(?<!\.)\b[A-Za-z]\b", re.sub("'[^']*'", "", expression)))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_gradient_is_read_again_as_it_was_printed(expression):
    shapes = used(expression)
    found = derive.derive(expression, shapes=shapes)
    upstream = found.layer.upstream
    for name in shapes:
        formula = found.wrt(name).formula
        every = {**shapes, upstream.name: text(upstream.shape).strip("()").replace(",", " ")}
        # An array that the gradient does not depend on is there for its sizes.
        printed = f"{formula} + 0 * ({' + '.join(f'sum({other})' for other in every)})"
        again = parse(printed, every)
        assert again.output.shape == formula.node.shape, str(formula)
        numbers = np.random.default_rng(3)
        for sizes in ({"N": 2, "D": 3, "M": 4}, {"N": 3, "D": 5, "M": 2}):
            arrays = {
                node.name: numbers.uniform(0.5, 2, [sizes.get(str(axis)) or int(axis) for axis in node.shape])
                for node in again.inputs
            }
            bound = {letter: sizes[letter] for letter in letters(node.shape for node in again.inputs)}
            expected = np.asarray(evaluate(formula.tree, arrays, bound), dtype=float)
            given = [arrays[node.name] for node in again.inputs]
            np.testing.assert_allclose(again.function(*given), expected, rtol=1e-9, err_msg=str(formula))
            traced = np.asarray(evaluate(again.read(again.output), arrays, bound), dtype=float)
            np.testing.assert_allclose(traced, expected, rtol=1e-9, err_msg=str(formula))
