"""Printed code means what the tree means: it is run and compared."""

from __future__ import annotations

import numpy as np
import pytest

from derive.notation.code import print_code
from derive.notation.latex import print_latex
from derive.notation.tree import (
    Call,
    Entry,
    Gradient,
    Hadamard,
    MatMul,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    SumAxis,
    Transpose,
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
    (Power(Negative(A), Number(2)), "(-A)**2"),
    (Negative(Power(A, Number(2))), "-A**2"),
]


@pytest.mark.parametrize(("tree", "text"), TREES, ids=[text for _, text in TREES])
def test_code_is_written_with_the_parentheses_it_needs(tree, text):
    assert print_code(tree, module="np.") == text
    random = np.random.default_rng(0)
    arrays = {"A": random.normal(size=(3, 3)), "B": random.normal(size=(3, 3))}
    np.testing.assert_allclose(eval(text, {"np": np, **arrays}), evaluate(tree, arrays, {}))


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
