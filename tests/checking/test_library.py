"""Every function that code may use on symbols gives what NumPy gives, entry by entry, at numbers of 50 digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from derive.checking.arrays.elementwise import UFUNCS
from derive.checking.arrays.library import FUNCTIONS, METHODS
from derive.checking.arrays.numbers import stand_ins
from derive.checking.arrays.scalars import Digits
from derive.checking.arrays.sheet import Sheet, objects
from derive.checking.budget import Budget
from derive.errors import UnsupportedError

RANDOM = np.random.default_rng(0)
ARRAYS = {
    "x": RANDOM.uniform(0.2, 0.9, size=3),
    "A": RANDOM.normal(size=(2, 3)),
    "B": RANDOM.normal(size=(2, 3)),
    "S": RANDOM.normal(size=(3, 3)),
    "T": RANDOM.normal(size=(2, 3, 4)),
    "U": RANDOM.normal(size=(1, 2, 1)),
    "m": np.array([[True, False, True], [False, False, True]]),
}
"""x lies between 0 and 1, m are truth values."""

Function = Callable[..., Any]


def changed(array: Any, change: Callable[[Any], Any]) -> Any:
    change(array)
    return array


CASES: dict[str, tuple[Function, ...]] = {
    "allclose": (lambda np, A: np.allclose(A, A), lambda np, A, B: np.allclose(A, B, atol=0.5)),
    "array_equal": (lambda np, A: np.array_equal(A, A), lambda np, A, B: np.array_equal(A, B)),
    "all": (lambda np, A, m: np.all(m), lambda np, A, m: np.all(A > 0, axis=1), lambda np, m: np.all(m, axis=0)),
    "amax": (lambda np, T: np.amax(T, axis=1),),
    "amin": (lambda np, T: np.amin(T, axis=(0, 2), keepdims=True),),
    "any": (lambda np, m: np.any(m), lambda np, m: np.any(m, axis=1, keepdims=True)),
    "append": (lambda np, A, B: np.append(A, B), lambda np, A, B: np.append(A, B, axis=0)),
    "argmax": (lambda np, T: np.argmax(T), lambda np, T: np.argmax(T, axis=1)),
    "argmin": (lambda np, T: np.argmin(T), lambda np, A: np.argmin(A, axis=-1, keepdims=True)),
    "array_split": (lambda np, S: np.array_split(S, 2),),
    "atleast_1d": (lambda np, x: np.atleast_1d(x[0] * 1),),
    "atleast_2d": (lambda np, x: np.atleast_2d(x),),
    "atleast_3d": (lambda np, x: np.atleast_3d(x),),
    "average": (lambda np, A: np.average(A, axis=0),),
    "broadcast_arrays": (lambda np, A, x: np.broadcast_arrays(A, x),),
    "broadcast_to": (lambda np, x: np.broadcast_to(x, (2, 3)),),
    "clip": (
        lambda np, A: np.clip(A, -0.5, 0.5),
        lambda np, A, B: np.clip(A, B, None),
        lambda np, A: np.clip(A, None, 0.1),
    ),
    "column_stack": (lambda np, x: np.column_stack([x, 2 * x]),),
    "concat": (lambda np, A, B: np.concat([A, B], axis=1),),
    "concatenate": (lambda np, A, B: np.concatenate([A, B]), lambda np, A, m: np.concatenate([A, m], axis=1)),
    "copy": (lambda np, A: changed(np.copy(A), lambda made: made.__setitem__(0, 5.0)),),
    "copyto": (
        lambda np, A, B: changed(A.copy(), lambda made: np.copyto(made, B)),
        lambda np, A, B, m: changed(A.copy(), lambda made: np.copyto(made, B, where=m)),
    ),
    "cumsum": (lambda np, A: np.cumsum(A), lambda np, A: np.cumsum(A, axis=1)),
    "det": (lambda np, S: np.linalg.det(S),),
    "diag": (lambda np, S: np.diag(S), lambda np, x: np.diag(x), lambda np, x: np.diag(x, 1)),
    "diagflat": (lambda np, A: np.diagflat(A),),
    "diagonal": (lambda np, T: np.diagonal(T), lambda np, S: np.diagonal(S, offset=-1)),
    "diff": (lambda np, A: np.diff(A), lambda np, S: np.diff(S, n=2, axis=0)),
    "dot": (lambda np, A, S: np.dot(A, S), lambda np, x: np.dot(x, x), lambda np, T, S: np.dot(S[:, :2], T[:, 0])),
    "dstack": (lambda np, A, B: np.dstack([A, B]),),
    "einsum": (lambda np, A, B: np.einsum("nd,md->nm", A, B), lambda np, T: np.einsum("ijk->kj", T)),
    "empty_like": (lambda np, A: changed(np.empty_like(A), lambda made: made.fill(2.0)),),
    "expand_dims": (lambda np, A: np.expand_dims(A, 1),),
    "flip": (lambda np, T: np.flip(T), lambda np, T: np.flip(T, axis=1)),
    "fliplr": (lambda np, A: np.fliplr(A),),
    "flipud": (lambda np, A: np.flipud(A),),
    "full_like": (lambda np, A: np.full_like(A, 0.25),),
    "hsplit": (lambda np, T: np.hsplit(T, 3),),
    "hstack": (lambda np, A, B: np.hstack([A, B]), lambda np, x: np.hstack([x, x])),
    "inner": (lambda np, A, B: np.inner(A, B),),
    "inv": (lambda np, S: np.linalg.inv(S),),
    "kron": (lambda np, A, S: np.kron(A, S),),
    "matrix_transpose": (lambda np, T: np.matrix_transpose(T),),
    "max": (lambda np, A: np.max(A), lambda np, A: np.max(A, axis=1, keepdims=True)),
    "mean": (lambda np, T: np.mean(T), lambda np, T: np.mean(T, axis=(0, 1)), lambda np, m: np.mean(m, axis=0)),
    "min": (lambda np, A: np.min(A), lambda np, A: np.min(A, axis=0)),
    "moveaxis": (lambda np, T: np.moveaxis(T, 0, 2),),
    "ndim": (lambda np, T: np.ndim(T),),
    "norm": (
        lambda np, A: np.linalg.norm(A),
        lambda np, A: np.linalg.norm(A, axis=1, keepdims=True),
        lambda np, x: np.linalg.norm(x, ord=1),
    ),
    "ones_like": (lambda np, A: np.ones_like(A),),
    "outer": (lambda np, x: np.outer(x, x), lambda np, A, x: np.outer(A, x)),
    "pad": (lambda np, A: np.pad(A, 1), lambda np, A: np.pad(A, ((0, 1), (2, 0)), constant_values=3.0)),
    "permute_dims": (lambda np, T: np.permute_dims(T, (2, 0, 1)),),
    "prod": (lambda np, A: np.prod(A), lambda np, T: np.prod(T, axis=1)),
    "ptp": (lambda np, A: np.ptp(A), lambda np, A: np.ptp(A, axis=0)),
    "put_along_axis": (
        lambda np, A, B: changed(
            A.copy(), lambda made: np.put_along_axis(made, np_indices([[0], [2]]), B[:, :1], axis=1)
        ),
    ),
    "ravel": (lambda np, T: np.ravel(T),),
    "repeat": (lambda np, A: np.repeat(A, 2), lambda np, A: np.repeat(A, 2, axis=1)),
    "reshape": (lambda np, T: np.reshape(T, (4, -1)), lambda np, T: np.reshape(T, 24)),
    "roll": (lambda np, A: np.roll(A, 1), lambda np, A: np.roll(A, -1, axis=1)),
    "rollaxis": (lambda np, T: np.rollaxis(T, 2),),
    "rot90": (lambda np, A: np.rot90(A),),
    "select": (lambda np, A, B: np.select([A > 0.5, A > 0], [A, B], 0.25),),
    "shape": (lambda np, T: np.shape(T),),
    "size": (lambda np, T: np.size(T), lambda np, T: np.size(T, 1)),
    "sliding_window_view": (lambda np, A: np.lib.stride_tricks.sliding_window_view(A, 2, axis=1),),
    "solve": (lambda np, S, x: np.linalg.solve(S, x), lambda np, S, A: np.linalg.solve(S, A.T)),
    "split": (lambda np, T: np.split(T, 2, axis=2), lambda np, S: np.split(S, [1])),
    "squeeze": (lambda np, U: np.squeeze(U), lambda np, U: np.squeeze(U, axis=0)),
    "stack": (lambda np, A, B: np.stack([A, B]), lambda np, A, B: np.stack([A, B], axis=1)),
    "std": (lambda np, A: np.std(A), lambda np, A: np.std(A, axis=1, ddof=1, keepdims=True)),
    "sum": (
        lambda np, T: np.sum(T),
        lambda np, T: np.sum(T, axis=-1, keepdims=True),
        lambda np, T: np.sum(T[:0], axis=0),
        lambda np, m: np.sum(m, axis=1),
    ),
    "swapaxes": (lambda np, T: np.swapaxes(T, 0, 2),),
    "take": (lambda np, A: np.take(A, [0, 0, 2], axis=1), lambda np, A: np.take(A, 4)),
    "take_along_axis": (lambda np, A: np.take_along_axis(A, np_indices([[2], [0]]), axis=1),),
    "tensordot": (lambda np, T, A: np.tensordot(A, T, axes=([0, 1], [0, 1])), lambda np, A: np.tensordot(A, A.T, 1)),
    "tile": (lambda np, A: np.tile(A, (2, 1)),),
    "trace": (lambda np, S: np.trace(S), lambda np, T: np.trace(T)),
    "transpose": (lambda np, T: np.transpose(T), lambda np, T: np.transpose(T, (1, 0, 2))),
    "tril": (lambda np, S: np.tril(S), lambda np, S: np.tril(S, -1)),
    "triu": (lambda np, S: np.triu(S, 1),),
    "var": (lambda np, A: np.var(A), lambda np, T: np.var(T, axis=(0, 2), ddof=1)),
    "vdot": (lambda np, A, B: np.vdot(A, B),),
    "vsplit": (lambda np, S: np.vsplit(S, 3),),
    "vstack": (lambda np, A, x: np.vstack([A, x]),),
    "isclose": (lambda np, A, B: np.isclose(A, B, rtol=0.5), lambda np, A: np.isclose(A, 1.0)),
    "where": (lambda np, A, B, m: np.where(m, A, B), lambda np, A: np.where(A > 0, A, 0.01 * A)),
    "zeros_like": (lambda np, A: np.zeros_like(A),),
}
"""Calls of each function; np is NumPy, or what stands for it."""

METHOD_CASES: dict[str, tuple[Function, ...]] = {
    "all": (lambda m: m.all(), lambda m: m.all(axis=0)),
    "any": (lambda m: m.any(axis=1),),
    "argmax": (lambda A: A.argmax(axis=1),),
    "argmin": (lambda A: A.argmin(),),
    "astype": (lambda m: m.astype(float), lambda m: m.astype(int), lambda A: A.astype("float64")),
    "clip": (lambda A: A.clip(-0.5, 0.5),),
    "copy": (lambda A: changed(A.copy(), lambda made: made.__setitem__((0, 0), 1.0)),),
    "cumsum": (lambda A: A.cumsum(axis=0),),
    "diagonal": (lambda S: S.diagonal(),),
    "dot": (lambda A, S: A.dot(S),),
    "fill": (lambda A: changed(A.copy(), lambda made: made.fill(0.5)),),
    "flatten": (lambda T: T.flatten(),),
    "item": (lambda A: A.item(1, 2), lambda A: A.item(3)),
    "max": (lambda A: A.max(axis=0),),
    "mean": (lambda A: A.mean(axis=0, keepdims=True),),
    "min": (lambda A: A.min(),),
    "prod": (lambda A: A.prod(axis=1),),
    "ravel": (lambda A: A.ravel(),),
    "repeat": (lambda A: A.repeat(2, axis=0),),
    "reshape": (lambda T: T.reshape(3, 8), lambda T: T.reshape((2, -1))),
    "squeeze": (lambda U: U.squeeze(),),
    "std": (lambda A: A.std(axis=0),),
    "sum": (lambda A: A.sum(0), lambda A: A.sum()),
    "swapaxes": (lambda T: T.swapaxes(0, 1),),
    "take": (lambda x: x.take([2, 0]),),
    "tolist": (lambda A: A.tolist(),),
    "trace": (lambda S: S.trace(),),
    "transpose": (lambda T: T.transpose(2, 0, 1), lambda T: T.transpose()),
    "var": (lambda A: A.var(axis=1),),
}

OF_MASKS = {
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "invert",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
}
POSITIVE = {"arccos", "arcsin", "log", "log10", "log1p", "log2", "power", "float_power", "reciprocal", "sqrt", "cbrt"}


def np_indices(values: list[Any]) -> Any:
    return np.array(values)


def sheets(arrays: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The arrays in 50 digits, and what stands for NumPy."""
    scalars = Digits(Budget(60))
    anchor = Sheet(objects(scalars.number(0)), scalars)
    modules, _ = stand_ins(scalars)
    return {name: anchor.of(array.copy()) for name, array in arrays.items()}, modules["numpy"]


def plain(value: Any) -> Any:
    """A result as NumPy would give it."""
    if isinstance(value, Sheet):
        kind = bool if value.mask else float
        return np.array([kind(entry) for entry in value.data.ravel()], dtype=kind).reshape(value.shape)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return np.asarray(value)


def compare(got: Any, expected: Any) -> None:
    if isinstance(expected, list):
        assert len(got) == len(expected)
        for a, b in zip(got, expected, strict=True):
            compare(a, b)
        return
    assert got.shape == expected.shape
    assert (got.dtype == bool) == (expected.dtype == bool)
    np.testing.assert_allclose(got.astype(float), expected.astype(float), rtol=1e-12, atol=1e-14)


def called(function: Function, arrays: dict[str, Any], numpy: Any) -> Any:
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return plain(function(*(numpy if name == "np" else arrays[name] for name in names)))


def check(function: Function) -> None:
    own, numpy = sheets(ARRAYS)
    compare(called(function, own, numpy), called(function, {k: v.copy() for k, v in ARRAYS.items()}, np))


def numbered(cases: dict[str, tuple[Function, ...]]) -> list[Any]:
    return [pytest.param(f, id=f"{name}-{n}") for name, fs in cases.items() for n, f in enumerate(fs) if has(name)]


def has(name: str) -> bool:
    """Whether this NumPy has it; some are new in 2.0."""
    return name not in {"concat", "permute_dims", "matrix_transpose"} or hasattr(np, name)


def test_no_function_is_left_out():
    assert len(FUNCTIONS) > 70 and sorted(CASES) == list(FUNCTIONS)
    assert len(METHODS) > 20 and sorted(METHOD_CASES) == list(METHODS)


@pytest.mark.parametrize("function", numbered(CASES))
def test_a_function_gives_what_numpy_gives(function):
    check(function)


@pytest.mark.parametrize("method", numbered(METHOD_CASES))
def test_a_method_gives_what_numpy_gives(method):
    check(method)


@pytest.mark.parametrize("name", UFUNCS)
def test_a_function_of_entries_gives_what_numpy_gives(name):
    own, _ = sheets(ARRAYS)
    function = getattr(np, name)
    first, second = ("m", "m") if name in OF_MASKS else ("x", "S") if name in POSITIVE else ("A", "B")
    second = "S" if name == "matmul" else second
    chosen = (first, second)[: function.nin]
    compare(plain(function(*(own[n] for n in chosen))), np.asarray(function(*(ARRAYS[n] for n in chosen))))


def test_there_are_functions_of_entries():
    assert len(UFUNCS) > 45


@pytest.mark.parametrize(
    "function",
    [
        lambda np, A: np.add.reduce(A),
        lambda np, A: np.add.reduce(A, axis=1, keepdims=True),
        lambda np, A: np.multiply.reduce(A, axis=0),
        lambda np, A: np.maximum.reduce(A, axis=1),
        lambda np, A: np.minimum.reduce(A),
        lambda np, x: np.multiply.outer(x, x),
        lambda np, A, B: np.subtract.outer(A, B),
        lambda np, A: changed(A.copy(), lambda made: np.add.at(made, (np_indices([0, 0]), np_indices([1, 1])), 2.0)),
        lambda np, A: changed(A.copy(), lambda made: np.subtract.at(made, np_indices([1, 1]), A[0])),
        lambda np, A, B: changed(A.copy(), lambda made: np.multiply(A, B, out=made)),
    ],
)
def test_a_method_of_a_function_of_entries_gives_what_numpy_gives(function):
    check(function)


@pytest.mark.parametrize(
    "function",
    [
        lambda np, A: np.argsort(A),
        lambda np, m: np.dot(m, m.T),
        lambda np, m: np.einsum("ij,kj->ik", m, m),
        lambda np, m: np.diff(m, axis=1),
        lambda np, A: np.linalg.trace(A),
        lambda np, A: np.linalg.diagonal(A),
        lambda np, A: np.linalg.svd(A),
        lambda np, A: np.average(A, weights=[1, 2]),
        lambda np, A: np.sum(A, dtype=int),
        lambda np, A: A.astype(int),
        lambda np, A: A.argsort(),
        lambda np, A: np.sin(A, where=A > 0),
    ],
)
def test_what_is_not_supported_is_refused(function):
    own, numpy = sheets(ARRAYS)
    with pytest.raises(UnsupportedError, match="not supported on symbols"):
        called(function, own, numpy)
