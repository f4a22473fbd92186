"""Nodes as matrix notation: products, transposes, outer products, constants; the code is run and compared."""

import numpy as np
import pytest
from sympy import symbols

import derive
from derive.forward.matrix import read
from derive.forward.nodes import Input
from derive.forward.normal import contract
from derive.forward.parse import parse
from derive.layers import load
from derive.notation.code import print_code
from derive.notation.latex import print_latex
from derive.proof.evaluate import evaluate
from derive.rules import naming
from tests.running import run

SIZES = {"N": 4, "D": 3, "M": 2}


def formula(function, wrt):
    layer = derive.layer()(function)
    return derive.derive(layer, {letter: SIZES[letter] for letter in layer.letters}).wrt(wrt).formula


def vector_first(x: "D", W: "D M"):
    return x @ W


def vector_last(x: "D", W: "M D", b: "M"):
    return W @ x + b


def inner(x: "D", y: "D"):
    return x @ y


def chain(X: "N D", W: "D M", v: "M"):
    return (X @ W) @ v


def total(X: "N D"):
    return X.sum()


def mean(X: "N D"):
    return X.sum() / X.shape[0] / X.shape[1]


def unused(X: "N D", b: "M"):
    return X * 1


def transposed(X: "N D"):
    return X.T


def itself(X: "N D"):
    return X


def ones(X: "N D", W: "D M"):
    return X**0 @ W


def shifted(X: "N D"):
    return 1 - X / 2


def signs(X: "N D", v: "D"):
    return np.sign(X) @ v


def counted(T: "N D 3"):
    return np.sum(np.where(T > 0, 1, 0))


def scaled(X: "N D", s: ""):
    return X * s


def outer(x: "N", y: "M"):
    return (x * 1) @ ((x**0).sum() * np.exp(x)) * y


EXPECTED = [
    (vector_first, "x", "W @ G"),
    (vector_first, "W", "outer(x, G)"),
    (vector_last, "x", "W.T @ G"),
    (vector_last, "W", "outer(G, x)"),
    (vector_last, "b", "G"),
    (inner, "x", "y"),
    (inner, "y", "x"),
    (chain, "X", "outer(G, W @ v)"),
    (chain, "W", "outer(X.T @ G, v)"),
    (chain, "v", "(X @ W).T @ G"),
    (total, "X", "ones((N, D))"),
    (mean, "X", "ones((N, D)) / (D*N)"),
    (unused, "b", "zeros(M)"),
    (transposed, "X", "G.T"),
    (itself, "X", "G"),
    (ones, "X", "zeros((N, D))"),
    (signs, "X", "zeros((N, D))"),
    (counted, "T", "zeros((N, D, 3))"),
    (shifted, "X", "-G / 2"),
    (scaled, "X", "s * G"),
    (scaled, "s", "sum(G * X)"),
]


@pytest.mark.parametrize(("function", "wrt", "text"), EXPECTED, ids=[f"{f.__name__}-{w}" for f, w, _ in EXPECTED])
def test_a_gradient_is_written_as_one_would_by_hand(function, wrt, text):
    assert str(formula(function, wrt)) == text


@pytest.mark.parametrize(
    ("function", "wrt"), [*[(f, w) for f, w, _ in EXPECTED], (ones, "W"), (outer, "x"), (outer, "y")]
)
def test_the_printed_code_computes_the_gradient(function, wrt):
    layer = derive.layer()(function)
    random = np.random.default_rng(2)
    sizes = {letter: SIZES[letter] for letter in layer.letters}
    arrays = {n.name: random.normal(size=layer.shape(n, sizes)) for n in (*layer.inputs, layer.upstream)}
    if not layer.output.shape:
        arrays[layer.upstream.name] = np.array(1.0)
    got = run(formula(function, wrt), {**SIZES, **arrays})
    assert got.shape == arrays[wrt].shape
    upstream = arrays.pop(layer.upstream.name)
    for place in np.ndindex(got.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = {name: array.copy() for name, array in arrays.items()}
            moved[wrt][place] += step
            ends.append(np.sum(upstream * function(**moved)))
        assert got[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-5)


T, A, G = Input("T", symbols("N D M"), "t"), Input("A", symbols("D M"), "a"), Input("G", symbols("N D"), "g")

SUMMED = [
    # axes of both factors, those left over, and how it is written: NumPy stretches what lacks the first axes
    (A, (1, 2), (0, 1), "sum(T * A, axis=2)"),
    (A, (1, 2), (0,), "sum(T * A, axis=(1, 2))"),
    (A, (1, 2), (0, 2), "sum(T * A, axis=1)"),
    (T, (0, 1, 2), (0, 1), "sum(T * T, axis=2)"),
    (G, (0, 1), (1, 2), 'einsum("ijk,ij->jk", T, G)'),
    (A, (1, 2), (1, 0), 'einsum("ijk,jk->ji", T, A)'),
]


@pytest.mark.parametrize(("other", "row", "output", "text"), SUMMED)
def test_a_sum_along_axes_of_a_product_entry_by_entry_needs_no_einsum(other, row, output, text):
    tree = read(contract([T, other], [(0, 1, 2), row], output))
    assert print_code(tree) == text
    random = np.random.default_rng(1)
    arrays = {n.name: random.normal(size=[SIZES[str(size)] for size in n.shape]) for n in (T, A, G)}
    letters = ["".join("ndm"[label] for label in labels) for labels in (row, output)]
    expected = np.einsum(f"ndm,{letters[0]}->{letters[1]}", arrays["T"], arrays[other.name])
    assert np.allclose(evaluate(tree, arrays, SIZES), expected)
    assert np.allclose(eval(print_code(tree, module="np."), {"np": np, **arrays}), expected)


def test_an_einsum_takes_in_another_one():
    """Kolda and Bader, "Tensor decompositions and applications", section 3.4."""
    shapes = {"T": "I J K", "A": "I R", "B": "J R", "C": "K R"}
    found = naming.formula(parse('sum((T - einsum("ir,jr,kr->ijk", A, B, C))**2) / 2', shapes), "C")
    assert str(found) == 'C @ (A.T @ A * (B.T @ B)) - einsum("ij,kj,kil->lj", B, A, T)'


def test_group_normalisation_has_the_three_terms_of_the_textbook():
    found = naming.formula(load("groupnorm"), "X")
    three = "G * gamma - Xhat * mean(G * Xhat * gamma, axis=2)[..., None] - mean(G * gamma, axis=2)[..., None]"
    assert str(found) == f"({three}) / sigma[..., None]"


def test_an_outer_product_is_a_column_times_a_row_on_paper():
    assert print_latex(formula(vector_first, "W").tree) == (
        r"\mathbf{x} \left(\frac{\partial L}{\partial \mathbf{y}}\right)^{\top}"
    )
    assert print_latex(formula(total, "X").tree) == r"\mathbf{1}_{N} \mathbf{1}_{D}^{\top}"


def test_a_function_that_is_constant_keeps_its_shape():
    layer = derive.layer()(ones)
    assert layer.shape(layer.output, SIZES) == (4, 2)
    assert [str(entry) for entry in derive.derive(layer, SIZES).wrt("W").map.sympy()[:2]] == [
        "w_1_1 + w_2_1 + w_3_1",
        "w_1_2 + w_2_2 + w_3_2",
    ]


def test_a_power_of_one_is_the_array_itself():
    assert derive.layer()(lambda_of("X**1")).output is derive.layer()(lambda_of("X")).output


def lambda_of(body):
    namespace = {}
    exec(f"def f(X: 'N D'):\n    return {body}", namespace)
    return namespace["f"]


def test_ones_that_are_summed_over_are_counted():
    """A product of constant arrays holds D times their product at every entry."""

    def counted(X: "N D", A: "N N"):
        return np.ones_like(X) @ (3 * np.ones_like(X)).T + A

    layer = derive.layer()(counted)
    text = str(layer.output)
    A = np.arange(16.0).reshape(4, 4)
    np.testing.assert_allclose(eval(text, {"A": A, "D": 3}), 9 + A)
