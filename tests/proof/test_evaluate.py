"""Notation evaluated, with NumPy as the oracle, on numbers, SymPy symbols and polynomials alike."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

from derive.errors import InternalError
from derive.notation.tree import (
    Broadcast,
    Call,
    Delta,
    Einsum,
    Gradient,
    Hadamard,
    Identity,
    Inner,
    Kronecker,
    MatMul,
    Name,
    Negative,
    Number,
    Ones,
    Power,
    Product,
    Quotient,
    Sum,
    SumAxis,
    Transpose,
    Zeros,
)
from derive.proof.evaluate import evaluate

A, B, C = Name("A", "matrix"), Name("B", "matrix"), Name("C", "matrix")
u, v, s = Name("u", "vector"), Name("v", "vector"), Name("s")
SIZES = {"N": 2, "D": 3}
random = np.random.default_rng(3)
ARRAYS = {
    "A": random.uniform(1, 2, (2, 3)),
    "B": random.uniform(1, 2, (2, 3)),
    "C": random.uniform(1, 2, (3, 4)),
    "u": random.uniform(1, 2, 2),
    "v": random.uniform(1, 2, 3),
    "s": np.array(1.5),
    "G": random.uniform(1, 2, (2, 3)),
}
CASES = [
    (Sum((A, B, v)), lambda a: a["A"] + a["B"] + a["v"]),
    (Sum((s, s)), lambda a: a["s"] * 2),
    (Negative(A), lambda a: -a["A"]),
    (MatMul((A, C)), lambda a: a["A"] @ a["C"]),
    (MatMul((Transpose(C), Transpose(A), u)), lambda a: a["C"].T @ a["A"].T @ a["u"]),
    (MatMul((u, A, C)), lambda a: a["u"] @ a["A"] @ a["C"]),
    (MatMul((u, Transpose(v))), lambda a: np.outer(a["u"], a["v"])),
    (MatMul((Ones("N"), Transpose(Ones("D")))), lambda a: np.ones((2, 3))),
    (Zeros(("N", "D")), lambda a: np.zeros((2, 3))),
    (Zeros(("D",)), lambda a: np.zeros(3)),
    (Hadamard((A, B)), lambda a: a["A"] * a["B"]),
    (Inner(A, B), lambda a: np.sum(a["A"] * a["B"])),
    (Product((Number(Fraction(1, 3)), A)), lambda a: a["A"] / 3),
    # A scalar in front of an array: a polynomial must not take the array for a number.
    (Product((SumAxis(Hadamard((A, B)), None, 2), v)), lambda a: np.sum(a["A"] * a["B"]) * a["v"]),
    (Product((s, u)), lambda a: a["s"] * a["u"]),
    (Quotient(A, Number("N")), lambda a: a["A"] / 2),
    (Product((Quotient(Number("N"), Number("D")), A)), lambda a: a["A"] * 2 / 3),
    (Power(A, Number(2)), lambda a: a["A"] ** 2),
    (SumAxis(A, 0, 2), lambda a: a["A"].sum(axis=0)),
    (SumAxis(A, 1, 2), lambda a: a["A"].sum(axis=1)),
    (SumAxis(A, None, 2), lambda a: a["A"].sum()),
    (Broadcast(v, 0, "N"), lambda a: np.ones((2, 1)) * a["v"]),
    (Broadcast(u, 1, "D"), lambda a: np.ones((1, 3)) * a["u"][:, None]),
    (Kronecker((Identity("N"), Transpose(C))), lambda a: np.kron(np.eye(2), a["C"].T)),
    (Kronecker((Ones("D"), Identity("2"))), lambda a: np.kron(np.ones((3, 1)), np.eye(2))),
    (Einsum("ij,j->ji", (A, v)), lambda a: np.einsum("ij,j->ji", a["A"], a["v"])),
    (Gradient(Name("Y", "matrix"), "G"), lambda a: a["G"]),
]


@pytest.mark.parametrize(("tree", "expected"), CASES, ids=[str(n) for n in range(len(CASES))])
def test_numbers_are_those_of_numpy(tree, expected):
    got = np.asarray(evaluate(tree, ARRAYS, SIZES))
    assert got.shape == np.shape(expected(ARRAYS))
    np.testing.assert_allclose(got, expected(ARRAYS), rtol=1e-13)


def symbols():
    return {
        name: np.array([sympy.Symbol(f"{name}_{n}", real=True) for n in range(array.size)]).reshape(array.shape)
        for name, array in ARRAYS.items()
    }


def polynomials():
    names = [str(symbol) for array in symbols().values() for symbol in array.flat]
    ring = sympy.polys.rings.PolyRing(names, sympy.QQ)
    generators = iter(ring.gens)
    return {
        name: np.array([next(generators) for _ in range(array.size)], dtype=object).reshape(array.shape)
        for name, array in ARRAYS.items()
    }


@pytest.mark.parametrize(("tree", "expected"), CASES, ids=[str(n) for n in range(len(CASES))])
@pytest.mark.parametrize("made", [symbols, polynomials])
def test_symbols_and_polynomials_give_the_same(made, tree, expected):
    exact = np.asarray(evaluate(tree, made(), SIZES), dtype=object)
    values = {
        symbol: sympy.Rational(float(number))
        for name, array in symbols().items()
        for symbol, number in zip(array.flat, ARRAYS[name].flat, strict=True)
    }
    names = {str(symbol): value for symbol, value in values.items()}

    def number(entry):
        expression = entry.as_expr() if hasattr(entry, "as_expr") else sympy.Integer(entry)
        return float(expression.xreplace({symbol: names[str(symbol)] for symbol in expression.free_symbols}))

    assert exact.shape == np.shape(expected(ARRAYS))
    got = np.array([number(entry) for entry in exact.flat], dtype=float).reshape(exact.shape)
    np.testing.assert_allclose(got, expected(ARRAYS), rtol=1e-12)


@pytest.mark.parametrize("function", ["exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"])
@pytest.mark.parametrize("operand", [A, v, s, SumAxis(A, None, 2)])
def test_functions_are_those_of_numpy_on_arrays_and_on_scalars(function, operand):
    tree = Call(function, (operand,))
    expected = getattr(np, function)(evaluate(operand, ARRAYS, SIZES))
    np.testing.assert_allclose(evaluate(tree, ARRAYS, SIZES), expected)
    exact = np.asarray(evaluate(tree, symbols(), SIZES), dtype=object)
    assert exact.shape == np.shape(expected)
    assert {str(entry).partition("(")[0] for entry in exact.flat} == {function}


def test_what_has_no_value_is_refused():
    for tree in (Name("Z", "matrix"), Delta(("i", "j"))):
        with pytest.raises(InternalError, match="evaluation: no rule"):
            evaluate(tree, ARRAYS, SIZES)
