"""Printed code means what the tree means: it is run and compared."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from derive.errors import InternalError
from derive.notation.code import print_code
from derive.notation.latex import print_latex
from derive.notation.tree import (
    Broadcast,
    Call,
    Delta,
    Diagonal,
    Dots,
    Einsum,
    Entry,
    Gradient,
    Greater,
    Hadamard,
    Identity,
    Inner,
    Kronecker,
    MatMul,
    Name,
    Negative,
    Number,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Space,
    Sum,
    SumAxis,
    Transpose,
    Zeros,
)
from derive.proof.evaluate import evaluate

A, B = Name("A", "matrix"), Name("B", "matrix")
TREES = [
    (Negative(Sum((A, B))), "-(A + B)"),
    (Power(Sum((A, B)), Number(2)), "(A + B)**2"),
    (Sum((A, Negative(Hadamard((A, B))))), "A - A * B"),
    (Hadamard((Sum((A, B)), MatMul((A, B)))), "(A + B) * (A @ B)"),
    (MatMul((A, MatMul((B, A)))), "A @ (B @ A)"),
    (MatMul((MatMul((A, B)), Transpose(Sum((A, B))))), "A @ B @ (A + B).T"),
    (Quotient(A, Product((Number(2), B))), "A / (2 * B)"),
    (Quotient(Number(1), Call("exp", (Negative(A),))), "1 / np.exp(-A)"),
    (SumAxis(Hadamard((A, B)), 0, 2), "np.sum(A * B, axis=0)"),
    (Inner(A, Sum((A, B))), "np.sum(A * (A + B))"),
    (Power(Negative(A), Number(2)), "(-A)**2"),
    (Negative(Power(A, Number(2))), "-A**2"),
]


MASK, OTHER = Greater(A, Number(0)), Greater(B, A)
MASKS = [
    (Negative(Hadamard((MASK, B))), "-B * (A > 0)"),
    (Negative(Hadamard((Hadamard((MASK, B)), A))), "-B * (A > 0) * A"),
    (Negative(Hadamard((MASK, OTHER))), "-np.where((A > 0) * (B > A), 1, 0)"),
    (Sum((Hadamard((MASK, OTHER)), MASK)), "np.where((A > 0) * (B > A), 1, 0) + np.where(A > 0, 1, 0)"),
    (Sum((A, Negative(Hadamard((MASK, OTHER, B))))), "A - (A > 0) * (B > A) * B"),
    (Negative(Quotient(Hadamard((MASK, B)), Number(2))), "-B * (A > 0) / 2"),
    (Negative(Quotient(MASK, Number(2))), "-np.where(A > 0, 1, 0) / 2"),
    (Negative(MatMul((MASK, B))), "-np.where(A > 0, 1, 0) @ B"),
    (Negative(Transpose(MASK)), "-np.where((A > 0).T, 1, 0)"),
    (MatMul((MASK, OTHER, B)), "np.where(A > 0, 1, 0) @ (B > A) @ B"),
    (Sum((Product((MASK, OTHER)), MASK)), "np.where((A > 0) * (B > A), 1, 0) + np.where(A > 0, 1, 0)"),
    (Call("sqrt", (OTHER,)), "np.sqrt(np.where(B > A, 1, 0))"),
    (Power(MASK, Number(2)), "np.where(A > 0, 1, 0)**2"),
]


@pytest.mark.parametrize(("tree", "text"), MASKS, ids=[text for _, text in MASKS])
def test_masks_take_signs_and_add_up_as_numbers(tree, text):
    """NumPy gives true and false no sign, and true + true is true."""
    arrays = {"A": np.array([[1.0, -2.0], [3.0, -1.0]]), "B": np.array([[2.0, -1.0], [-2.0, 1.0]])}
    assert print_code(tree, module="np.") == text
    np.testing.assert_array_equal(eval(text, {"np": np, **arrays}), evaluate(tree, arrays, {}))


@pytest.mark.parametrize(("tree", "text"), TREES, ids=[text for _, text in TREES])
def test_code_is_written_with_the_parentheses_it_needs(tree, text):
    assert print_code(tree, module="np.") == text
    random = np.random.default_rng(0)
    arrays = {"A": random.normal(size=(3, 3)), "B": random.normal(size=(3, 3))}
    np.testing.assert_allclose(eval(text, {"np": np, **arrays}), evaluate(tree, arrays, {}))


u, v = Name("u", "vector"), Name("v", "vector")
# A product in a product: @ and * bind alike and from the left, and a sign must not tear a product apart.
NESTED = [
    (Hadamard((A, Negative(MatMul((A, B))))), "A * (-A @ B)"),
    (MatMul((A, Negative(Hadamard((A, B))))), "A @ (-A * B)"),
    (MatMul((A, Negative(B))), "A @ -B"),
    (Hadamard((MatMul((A, B)), B)), "A @ B * B"),
    (MatMul((Hadamard((A, B)), B)), "A * B @ B"),
    (Hadamard((A, Hadamard((A, B)))), "A * (A * B)"),
    (Quotient(A, Negative(Product((Number(2), B)))), "A / (-2 * B)"),
    (Quotient(A, Quotient(A, B)), "A / (A / B)"),
    (Quotient(MatMul((A, B)), Sum((A, B))), "A @ B / (A + B)"),
    (MatMul((Quotient(A, B), B)), "A / B @ B"),
    (Power(Power(A, Number(2)), Number(3)), "(A**2)**3"),
    (Power(A, Power(Number(2), Number(2))), "A**2**2"),
    (Power(A, Negative(Product((Number(2), Number(1))))), "A**(-2*1)"),
    (Power(A, Number(-2)), "A**-2"),
    (Power(A, Number(Fraction(1, 2))), "A**0.5"),
    (Product((Number(Fraction(1, 2)), A)), "0.5 * A"),
    (Product((A, Number(Fraction(1, 2)))), "A * 0.5"),
    (Product((A, Number(Fraction(1, 3)))), "A * (1/3)"),
    (Product((A, Number(Fraction(-1, 8)))), "A * -0.125"),
    (Product((A, Number(-3))), "A * -3"),
    (Sum((A, Number(-3))), "A + -3"),
    (Sum((Negative(A), Negative(Sum((A, B))))), "-A - (A + B)"),
    (Sum((A, Negative(Negative(B)))), "A - -B"),
    (Transpose(Power(A, Number(2))), "(A**2).T"),
    (Transpose(Call("exp", (Transpose(A),))), "np.exp(A.T).T"),
    (SumAxis(Sum((A, B)), 1, 2), "np.sum(A + B, axis=1)"),
    (SumAxis(A, None, 2), "np.sum(A)"),
    (MatMul((SumAxis(A, 0, 2), B)), "np.sum(A, axis=0) @ B"),
    (MatMul((u, Transpose(v))), "np.outer(u, v)"),
    (MatMul((A, MatMul((u, Transpose(v))))), "A @ np.outer(u, v)"),
    (MatMul((MatMul((A, u)), Transpose(MatMul((v, B))))), "np.outer(A @ u, v @ B)"),
    (MatMul((u, Transpose(Product((Number(2), Hadamard((u, v))))))), "np.outer(u, 2 * u * v)"),
    (MatMul((Ones("N"), Transpose(Ones("N")))), "np.ones((N, N))"),
    (Product((Number(2), MatMul((Ones("N"), Transpose(Ones("N")))))), "2 * np.ones((N, N))"),
    (Zeros(("N", "2")), "np.zeros((N, 2))"),
    (Zeros(("N",)), "np.zeros(N)"),
    (Sum((A, Broadcast(u, 0, "N"))), "A + u"),
    (Sum((A, Broadcast(u, 1, "N"))), "A + u[:, None]"),
    (Sum((Broadcast(u, 0, "N"), Broadcast(v, 1, "N"))), "np.ones((N, 1)) * u + np.outer(v, np.ones(N))"),
    (Sum((Number(1), Broadcast(u, 0, "N"))), "1 + np.ones((N, 1)) * u"),
    (Hadamard((A, Broadcast(u, 0, "N"))), "A * u"),
    (Broadcast(Sum((u, v)), 1, "N"), "np.outer(u + v, np.ones(N))"),
    (Kronecker((Identity("N"), Transpose(A), B)), "np.kron(np.eye(N), np.kron(A.T, B))"),
    (Kronecker((Ones("N"), Identity("N"))), "np.kron(np.ones((N, 1)), np.eye(N))"),
    (Kronecker((Transpose(Ones("N")), Identity("N"))), "np.kron(np.ones((1, N)), np.eye(N))"),
    (Kronecker((Name("u", "vector"), Identity("N"))), "np.kron(u[:, None], np.eye(N))"),
    (Kronecker((Transpose(Name("u", "vector")), Identity("N"))), "np.kron(u[None], np.eye(N))"),
    (Diagonal(Name("u", "vector")), "np.diag(u)"),
    (Diagonal(A, 2), "np.diag(A.reshape(-1))"),
    (Einsum("ij,j->ji", (A, u)), 'np.einsum("ij,j->ji", A, u)'),
    (Quotient(Number(1), Number("N")), "1 / N"),
]


@pytest.mark.parametrize(("tree", "text"), NESTED, ids=[text for _, text in NESTED])
def test_nested_code_computes_what_the_notation_means(tree, text):
    assert print_code(tree, module="np.") == text
    random = np.random.default_rng(1)
    arrays = {name: random.uniform(1, 2, size=shape) for name, shape in (("A", (3, 3)), ("B", (3, 3)))}
    arrays |= {name: random.uniform(1, 2, size=3) for name in "uv"}
    got, expected = eval(text, {"np": np, "N": 3, **arrays}), evaluate(tree, arrays, {"N": 3})
    assert np.shape(got) == np.shape(expected)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


FORMULAS = [
    (Hadamard((A, Hadamard((A, B)))), "A * A * B"),
    (Hadamard((A, Quotient(A, B))), "A * A / B"),
    (Hadamard((A, Negative(B))), "A * -B"),
    (Hadamard((A, MatMul((A, B)))), "A * (A @ B)"),
    (Hadamard((A, Hadamard((MatMul((A, B)), B)))), "A * (A @ B) * B"),
    (Hadamard((A, Quotient(MatMul((A, B)), B))), "A * (A @ B) / B"),
    (Quotient(A, Hadamard((A, B))), "A / (A * B)"),
    (MatMul((A, Hadamard((A, B)))), "A @ (A * B)"),
]


@pytest.mark.parametrize(("tree", "text"), FORMULAS, ids=[text for _, text in FORMULAS])
def test_a_formula_has_no_brackets_in_products_entry_by_entry(tree, text):
    assert print_code(tree) == text
    random = np.random.default_rng(1)
    arrays = {name: random.uniform(1, 2, size=(3, 3)) for name in "AB"}
    np.testing.assert_allclose(eval(text, arrays), evaluate(tree, arrays, {}), rtol=1e-13)


ENTRIES = [
    (Entry("x", (0, 11)), "x_1_12"),
    (Entry("x", ("i", "k")), "x_i_k"),
    (Gradient(Entry("y", (0, 1)), "g"), "g_1_2"),
    (Gradient(Name("Y", "matrix"), "G_Y"), "G_Y"),
    (Sum((Product((Entry("x", (0, 0)), Entry("w", (0, 0)))), Entry("b", (0,)))), "x_1_1*w_1_1 + b_1"),
    (Product((Number(2), Sum((Entry("x"), Entry("b"))))), "2 * (x + b)"),
    (Power(Entry("x", (0,)), Number(2)), "x_1**2"),
    (Partial(Entry("y", (0, 0)), Entry("x", (1, 1))), "dy_1_1_dx_2_2"),
    (Delta(("i", "k")), "delta_i_k"),
    (Dots(), "..."),
]


@pytest.mark.parametrize(("tree", "text"), ENTRIES, ids=[text for _, text in ENTRIES])
def test_entries_are_written_as_names(tree, text):
    assert print_code(tree) == text


def test_a_formula_of_any_depth_is_written():
    tree = A
    for _ in range(5000):
        tree = Call("tanh", (tree,))
    assert print_code(tree) == "tanh(" * 5000 + "A" + ")" * 5000


def test_what_has_no_code_is_refused():
    with pytest.raises(InternalError, match="code: no rule for notation of kind Space"):
        print_code(Space(("N",)))


@pytest.mark.parametrize(
    ("tree", "latex"),
    [
        (Entry("x", (0, 1)), "x_{12}"),
        (Entry("w", (0, 11)), "w_{1,12}"),
        (Entry("w", (8, 8)), "w_{99}"),
        (Entry("w", (9, 0)), "w_{10,1}"),
        (Entry("x", ("i", "k")), "x_{ik}"),
        (Entry("beta", (0,)), r"\beta_{1}"),
        (Name("theta", "vector"), r"\boldsymbol{\theta}"),
        (Name("W", "matrix"), r"\mathbf{W}"),
        (Gradient(Entry("y", (0, 2)), "g"), r"\frac{\partial L}{\partial y_{13}}"),
        (Transpose(Sum((A, B))), r"\left(\mathbf{A} + \mathbf{B}\right)^{\top}"),
        (Number(262144), r"262\,144"),
        (Number(4096), "4096"),
    ],
)
def test_latex_is_written_as_mathematicians_do(tree, latex):
    assert print_latex(tree) == latex


def test_a_formula_writes_one_einsum_where_code_writes_two():
    """Kolda and Bader, 2009, section 2.5: the factors of a contraction may stand in any order."""
    inner = Einsum("ij,jkl->ikl", (Name("G", "matrix"), Name("W", "matrix", 3)))
    tree = Einsum("ij,ikj->ik", (Name("Y", "matrix"), inner))
    assert print_code(tree) == 'einsum("ij,ik,klj->il", Y, G, W)'
    assert print_code(tree, module="np.") == 'np.einsum("ij,ikj->ik", Y, np.einsum("ij,jkl->ikl", G, W))'
    rng = np.random.default_rng(1)
    y, g, w = rng.normal(size=(2, 3)), rng.normal(size=(2, 4)), rng.normal(size=(4, 5, 3))
    nested = np.einsum("ij,ikj->ik", y, np.einsum("ij,jkl->ikl", g, w))
    np.testing.assert_allclose(np.einsum("ij,ik,klj->il", y, g, w), nested)


def test_a_formula_writes_a_vector_before_a_transposed_matrix():
    turned = MatMul((Transpose(Name("W", "matrix")), Name("x", "vector")))
    assert print_code(turned) == "x @ W"
    assert print_code(turned, module="np.") == "W.T @ x"
    assert print_code(Product((Name("a", "scalar"), turned))) == "a * x @ W"
