"""Broadcasting that was perhaps not meant is told, and what was meant is not."""

import re

import numpy as np
import pytest

import derive
from derive.forward.parse import parse

SHAPES = {"X": "N D", "A": "N N", "y": "N", "x": "D", "c": "N 1", "B": "K N N", "s": "", "p": "3", "q": "3 1"}

SURPRISING = {
    "X.sum(axis=1, keepdims=True) - y": "column",
    "y[:, None] * y": "column",
    "y / c": "column",
    "c > y": "column",
    "maximum(c, y)": "column",
    "where(y > 0, c, 1)": "column",
    "p + q": "column",
    "c + B.sum(axis=(0, 1))": "column",
    "A + y": "square",
    "y * A": "square",
    "X @ X.T - y": "square",
    "B + y": "square",
    "softmax(A) * y": "square",
}


def used(text):
    return {name: SHAPES[name] for name in re.findall(r"\b[A-Za-z]\b", text) if name in SHAPES}


@pytest.mark.parametrize("text", SURPRISING)
def test_a_vector_beside_a_column_or_a_square_matrix_is_told(text):
    layer = parse(text, used(text))
    [told] = layer.stretched
    assert told.kind == SURPRISING[text]
    assert told.expression in text
    numbers = {"N": 2, "D": 3, "K": 5}
    arrays = [np.ones([numbers.get(axis) or int(axis) for axis in SHAPES[node.name].split()]) for node in layer.inputs]
    assert layer.function(*arrays).shape == layer.shape(layer.output, {**numbers, "3": 3})


@pytest.mark.parametrize(
    "text",
    [
        *("X + x", "X * y[:, None]", "y[:, None] - y[None, :]", "A + y[None, :]", "A + y[:, None]", "c + y[:, None]"),
        *(
            "y + y",
            "A * A",
            "s + c",
            "X + c",
            "x + c",
            "softmax(X, axis=0) + log_softmax(X)",
            "A - A.mean(axis=1, keepdims=True)",
        ),
        *("y.var() + X.var(axis=0)", "A / A.sum()", "logsumexp(A, axis=1, keepdims=True) + A", "ones((1, N)) + c"),
    ],
)
def test_what_was_meant_is_not_told(text):
    used = text.replace("softmax", "").replace("exp", "").replace("axis", "").replace("var", "").replace("keepdims", "")
    assert (
        parse(
            text, {name: shape for name, shape in SHAPES.items() if name in used.replace("sum", "").replace("ones", "")}
        ).stretched
        == ()
    )


def test_a_traced_function_tells_as_well():
    @derive.layer(defaults="N=2 D=3")
    def distance(X: "N D", y: "N"):
        return X.sum(axis=1, keepdims=True) - y

    [told] = distance.stretched
    assert (told.kind, told.vector, told.other, told.result) == ("column", "(N,)", "(N, 1)", "(N, N)")


def test_the_page_and_the_object_say_it():
    found = derive.derive("c - y", shapes={"c": "N 1", "y": "N"}, n=2, depth="brief")
    [warning] = found.warnings
    assert warning.startswith("expr: c - y: NumPy stretches shapes (N, 1) and (N,) to (N, N)")
    assert "Mind the shapes:" in found.latex()
    quiet = derive.derive("c - y[:, None]", shapes={"c": "N 1", "y": "N"}, n=2, depth="brief")
    assert quiet.warnings == ()
    assert "Mind the shapes" not in quiet.latex()
