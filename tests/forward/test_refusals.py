"""What cannot be traced is refused by its name, with what to write instead; and never traced as something else."""

import numpy as np
import pytest

import derive
from derive.errors import ShapeError, UnsupportedError, UserError


def traced(function):
    def refused(X: "N D", s: ""):
        return function(X, s)

    return derive.layer()(refused)


SPECIAL = {
    "power": (lambda X, s: 2**X, r"\*\* with an array as exponent.*np\.exp\(exponent \* np\.log\(base\)\)"),
    "numpy scalar to a power": (lambda X, s: np.float64(2.0) ** X, r"array or a size as exponent"),
    "array as exponent": (lambda X, s: X**s, r"array or a size as exponent"),
    "size as exponent": (lambda X, s: X ** X.shape[0], r"array or a size as exponent"),
    "np.median": (lambda X, s: np.median(X), r"np\.median is not supported; .* whole arrays: amax, amin, clip"),
    "a norm of no name": (lambda X, s: np.linalg.norm(X, 3), r"norm with ord=3 .* write it with sums, abs and max"),
    "einsum with dots": (lambda X, s: np.einsum("...i->...", X), r'expected a pattern such as "ij,jk->ik"'),
    "another method": (
        lambda X, s: X.cumsum(),
        r"\.cumsum is not supported; write the layer as whole-array operations",
    ),
    "floor division": (lambda X, s: X // 2, r"unsupported operand type\(s\) for //"),
    "remainder": (lambda X, s: X % 2, r"unsupported operand type\(s\) for %"),
    "truth of a size": (lambda X, s: X if X.shape[0] > 3 else -X, r"sizes are letters here"),
    "a loop over a size": (lambda X, s: sum(X for _ in range(X.shape[0])), r"sizes are letters here"),
    "an array of a size": (lambda X, s: X + np.ones(X.shape), r"cannot be traced"),
    "an axis that is not there": (lambda X, s: X.shape[2], r"IndexError|index out of range"),
    "matrix times scalar": (lambda X, s: X @ s, r"use \* for a scalar"),
    "dtype": (lambda X, s: X.sum(axis=0, dtype=float), r"unexpected keyword argument 'dtype'"),
    "truth of a mask": (lambda X, s: X if X > 0 else -X, r"asking for the truth"),
    "dtype by position": (lambda X, s: X.sum(0, True), r"\.sum with these arguments .* its arguments are"),
    "np.sum with a start": (lambda X, s: np.sum(X, initial=3), r"np\.sum with these arguments"),
    "an output array": (lambda X, s: np.multiply(X, 2, X), r"np\.multiply with out"),
    "a boolean": (lambda X, s: X * True, r"operand of type bool"),
    "a complex number": (lambda X, s: X * 1j, r"operand of type complex"),
    "not a number": (lambda X, s: X * float("nan"), r"operand of type float"),
    "infinity": (lambda X, s: X + float("inf"), r"operand of type float"),
    "division by 0": (lambda X, s: X / 0, r"division by 0"),
    "a dictionary": (lambda X, s: X * {}, r"operand of type dict"),
    "two arrays": (lambda X, s: (X, s), r"to return one array .*, got tuple"),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_an_operation_is_refused_with_its_name_and_a_remedy(name):
    function, said = SPECIAL[name]
    with pytest.raises(UnsupportedError, match=said) as caught:
        traced(function)
    assert str(caught.value).startswith("refused: ")


@pytest.mark.parametrize("axis", [2, -3, (0, 0), (0, -2), [0], True, 0.0, "N"])
def test_an_axis_that_is_none_is_refused(axis):
    with pytest.raises(ShapeError, match="axis"):
        traced(lambda X, s: X.sum(axis=axis))


@pytest.mark.parametrize("axis", [None, 0, 1, -1, -2, (0, 1), (1,), (), np.int64(1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums_have_numpys_shapes(axis, keepdims):
    layer = traced(lambda X, s: X.sum(axis=axis, keepdims=keepdims))
    assert layer.shape(layer.output, {"N": 2, "D": 3}) == np.sum(np.ones((2, 3)), axis=axis, keepdims=keepdims).shape


def test_a_symbol_that_is_no_size_of_the_layer_is_refused():
    import sympy

    with pytest.raises(UnsupportedError, match=r"K.* no size of the layer"):
        traced(lambda X, s: X * sympy.Symbol("K", integer=True, positive=True))
    for value in (sympy.Symbol("q"), sympy.E, sympy.pi, sympy.sqrt(2), sympy.oo, sympy.I):
        with pytest.raises(UnsupportedError, match="operand of type"):
            traced(lambda X, s, value=value: X * value)


def test_arguments_with_stars_are_refused():
    with pytest.raises(UnsupportedError, match="plain arguments"):
        derive.layer()(eval("lambda *X: X[0]"))

    def keyword_only(*, X: "N D"):
        return X

    with pytest.raises(UnsupportedError, match="plain arguments"):
        derive.layer()(keyword_only)


@pytest.mark.parametrize("shape", ["N -1", "N 0", "N,D", "N/D", "1.5", "N 01"])
def test_a_shape_that_is_none_is_refused(shape):
    def wrong(X):
        return X

    wrong.__annotations__["X"] = shape
    with pytest.raises(ShapeError, match="expected a letter such as N or a positive number"):
        derive.layer()(wrong)


@pytest.mark.parametrize("defaults", ["N", "N=0", "N=-1", "N=2.5", "=3", "K=3", "N=2 N=3"])
def test_defaults_that_are_none_are_refused(defaults):
    with pytest.raises(ShapeError, match="expected each of the sizes N, D at most once"):

        @derive.layer(defaults=defaults)
        def wrong(X: "N D"):
            return X


def test_a_size_without_default_and_number_is_asked_for():
    @derive.layer(defaults="N=2")
    def half(X: "N D"):
        return X

    with pytest.raises(UserError, match="no size is given for D; give one, for example d=2"):
        derive.derive(half)


def test_a_constant_without_value_at_some_sizes_is_refused_there():
    @derive.layer(defaults="N=3 D=2")
    def variance(X: "N D"):
        return X / (X.shape[0] - 1)

    assert str(derive.derive(variance).wrt("X").formula) == "G / (N - 1)"
    assert derive.derive(variance).wrt("X").evidence
    with pytest.raises(UserError, match=r"1/\(N - 1\) has no value at N=1, D=2"):
        _ = derive.derive(variance, n=1).wrt("X").evidence
