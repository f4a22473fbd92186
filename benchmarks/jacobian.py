"""The affine Jacobian with respect to X, all non-zeros, against SymPy, SymEngine and CasADi."""

from __future__ import annotations

from collections.abc import Iterator

import casadi
import symengine
import sympy

from benchmarks.measure import function
from derive.engine import jacobian, vectorize
from derive.layers import load

__all__ = ["rows"]


def ours(size: int) -> sympy.SparseMatrix:
    """The Jacobian as a SparseMatrix, from the layer on."""
    return jacobian(vectorize(load("affine"), "X", {"N": size, "D": size, "M": size})).sympy()


def by_sympy(size: int) -> sympy.Matrix:
    """The same by SymPy's own method, the components given."""
    X, W, b = (sympy.Matrix(*shape, [sympy.Symbol(n, real=True) for n in names]) for shape, names in _arrays(size))
    Y = X * W + sympy.ones(size, 1) * b
    return Y.reshape(size * size, 1).jacobian(X.reshape(1, size * size))


def by_symengine(size: int) -> symengine.DenseMatrix:
    """The same by SymEngine's method."""
    X, W, b = (symengine.DenseMatrix(*shape, list(map(symengine.Symbol, names))) for shape, names in _arrays(size))
    Y = X * W + symengine.DenseMatrix(size, 1, [1] * size) * b
    return Y.reshape(size * size, 1).jacobian(X.reshape(size * size, 1))


def by_casadi(size: int) -> casadi.SX:
    """The same by CasADi's scalar expressions."""
    X, W, b = (casadi.SX.sym(names[0], *shape) for shape, names in _arrays(size))
    Y = casadi.mtimes(X, W) + casadi.repmat(b, size, 1)
    return casadi.jacobian(casadi.vec(Y.T), casadi.vec(X.T))


def _arrays(size: int) -> Iterator[tuple[tuple[int, int], list[str]]]:
    """Shape and names of the entries of X, W and b."""
    for letter, (rows, columns) in (("x", (size, size)), ("w", (size, size)), ("b", (1, size))):
        yield (rows, columns), [f"{letter}_{i}_{j}" for i in range(rows) for j in range(columns)]


def rows() -> Iterator[tuple[str, str, str, bool]]:
    """The ratios at 16, and at 32 against CasADi."""
    assert ours(2).shape == by_sympy(2).shape == (4, 4)
    assert ours(4).nnz() == by_casadi(4).nnz() == 4**3
    here = function(lambda: ours(16), times=9)
    sympy_ = function(lambda: by_sympy(16), times=1)
    symengine_ = function(lambda: by_symengine(16), times=3)
    what = "affine Jacobian wrt X as `SparseMatrix`, N=D=M=16"
    told = f"{sympy_ / here:.0f}× faster ({here * 1000:.0f} ms against {sympy_:.1f} s)"
    yield f"{what}, against `sympy.Matrix.jacobian`", "≥ 300× faster", told, sympy_ >= 300 * here
    told = f"{symengine_ / here:.1f}× faster ({symengine_ * 1000:.0f} ms)"
    yield f"{what}, against SymEngine", "faster", told, symengine_ > here
    here, casadi_ = function(lambda: ours(32), times=5), function(lambda: by_casadi(32), times=5)
    told = f"{casadi_ / here:.2f}× its speed ({here * 1000:.0f} ms against {casadi_ * 1000:.0f} ms)"
    yield "the same at 32, against CasADi SX", "(a later target: faster)", told, True
