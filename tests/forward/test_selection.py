"""Slices, padding, joining, reshaping and windows: NumPy's values, PyTorch's gradients, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.errors import DeriveError, ShapeError, SizeError, UnsupportedError
from derive.forward.layer import Layer
from derive.forward.matrix import read
from derive.forward.shape import bind
from derive.notation.code import print_code
from derive.proof.evaluate import evaluate, value_of
from derive.proof.evidence import Strength
from tests.running import namespace

SHAPES = {
    "X": "N D",
    "Y": "N M",
    "Z": "N 2*K",
    "V": "N H*K",
    "U": "H N K",
    "w": "R",
    "x": "N",
    "Q": "N D M",
    "F": "N 3",
}
SIZES = (
    {"N": 4, "D": 5, "M": 3, "K": 2, "H": 3, "R": 2},
    {"N": 3, "D": 4, "M": 2, "K": 3, "H": 2, "R": 1},
)


def windows(x, sizes, axis):
    """Of NumPy, or of PyTorch."""
    if type(x).__module__ == "torch":
        for size, along in zip(np.atleast_1d(sizes), np.atleast_1d(axis), strict=True):
            x = x.unfold(int(along), int(size), 1)
        return x
    return np.lib.stride_tricks.sliding_window_view(x, sizes, axis=axis)


# In the words of NumPy and, where PyTorch has others, in its own.
LAYERS = {
    "a slice of columns": (lambda X: X[:, 1:3], None),
    "a slice of rows": (lambda X: X[1:] * 2, None),
    "differences": (lambda X: X[:, 1:] - X[:, :-1], None),
    "from the end": (lambda X: X[-2:, :-2], None),
    "a row": (lambda X: X[0] * X[-1], None),
    "a column": (lambda X: X[:, 1] ** 2, None),
    "an entry": (lambda X: X[0, -1] * X[1, 2], None),
    "a NumPy index": (lambda X: X[np.int64(1)], None),
    "behind dots": (lambda Q: Q[..., 1], None),
    "with a new axis": (lambda X: X[:, None, 1:] * X[:, :-1, None], None),
    "every second": (lambda Z: Z[:, ::2] * Z[:, 1::2], None),
    "every second of three": (lambda F: F[:, ::2], None),
    "more than there is": (lambda F: F[:, 1:7], None),
    "backwards": (lambda X: X[::-1], lambda X: X.flip(0)),
    "backwards in steps": (lambda F: F[:, ::-2], lambda F: F[:, [2, 0]]),
    "a part backwards": (lambda X: X[:, 2:0:-1], lambda X: X[:, [2, 1]]),
    "a slice of a slice": (lambda X: np.tanh(X[1:])[:-1, 1:], lambda X: X[1:].tanh()[:-1, 1:]),
    "flip": (lambda X: np.flip(X, 1) * X, lambda X: X.flip(1) * X),
    "roll": (lambda X: np.roll(X, 1, axis=1) * X, lambda X: X.roll(1, 1) * X),
    "roll back": (lambda X: np.roll(X, -2, axis=0) * X, lambda X: X.roll(-2, 0) * X),
    "concatenate": (lambda X, Y: np.concatenate([X, Y**2], axis=1), None),
    "hstack": (lambda X, Y: np.hstack((X, 2 * Y, X)), None),
    "vstack": (lambda X: np.vstack([X, X**2]), None),
    "stack": (lambda X: np.stack([X, X**2, 3 * X], axis=1), None),
    "pad": (lambda X: np.pad(X, ((1, 0), (0, 2))), None),
    "pad alike": (lambda x: np.pad(x, 2) ** 2, None),
    "reshape": (lambda Z: Z.reshape(Z.shape[0], 2, -1) ** 2, None),
    "heads": (lambda V, U: V.reshape(U.shape[1], U.shape[0], -1).swapaxes(0, 1) * U, None),
    "heads back": (
        lambda U: U.transpose(1, 0, 2).reshape(U.shape[1], -1) ** 2,
        lambda U: U.transpose(0, 1).flatten(1) ** 2,
    ),
    "flattened": (lambda X: X.reshape(-1) ** 2, None),
    "ravel": (lambda Q: np.ravel(Q[:, 0]) ** 2, lambda Q: Q[:, 0].ravel() ** 2),
    "another division": (lambda X: X.reshape(X.shape[1], X.shape[0]) ** 2, None),
    "with axes of size 1": (lambda X: X.reshape(1, -1, 1) * X[0, 0], None),
    "a convolution": (lambda X, w: windows(X, w.shape[0], 1) @ w, None),
    "a convolution with stride": (lambda Z, w: windows(Z, 2, 1)[:, ::2] @ Z[0, :2] * w[0], None),
    "average pooling": (lambda Q: windows(Q, (2, 2), (1, 2)).sum(axis=(-2, -1)) / 4, None),
    "pooling without overlap": (lambda Z: Z.reshape(Z.shape[0], -1, 2).mean(axis=2), None),
    "repeat": (lambda X: np.repeat(X, 2, axis=1) ** 2, lambda X: X.repeat_interleave(2, 1) ** 2),
    "tile": (lambda X: np.tile(X, (2, 1)) ** 2, lambda X: X.repeat(2, 1) ** 2),
}


def traced(name: str) -> Layer:
    function = LAYERS[name][0]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    layer = eval(f"lambda {', '.join(names)}: function({', '.join(names)})", {"function": function})
    layer.__annotations__ = {argument: SHAPES[argument] for argument in names}
    return derive.layer(name="traced")(layer)


def printed(formula, space):
    """What the printed code computes, the names that it uses first."""
    known = dict(space)
    for item in formula.definitions:
        known[item.text] = eval(print_code(item.tree, module="np."), known)
    return eval(print_code(formula.tree, module="np."), known)


def numbers(layer: Layer, sizes: dict[str, int]) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    bound = {letter: sizes[letter] for letter in layer.letters}
    random = np.random.default_rng(1)
    arrays = {n.name: random.normal(size=bind(n.shape, bound)) for n in (*layer.inputs, layer.upstream)}
    # Where the output is a number, it is the loss itself.
    return bound, arrays if layer.output.shape else {**arrays, layer.upstream.name: np.array(1.0)}


CASES = pytest.mark.parametrize("name", LAYERS)
AT = pytest.mark.parametrize("sizes", SIZES, ids=["first", "second"])


@CASES
@AT
def test_what_is_traced_is_what_numpy_computes(name, sizes):
    layer = traced(name)
    bound, arrays = numbers(layer, sizes)
    expected = layer.function(*(arrays[node.name] for node in layer.inputs))
    assert bind(layer.output.shape, bound) == np.shape(expected)
    np.testing.assert_allclose(np.asarray(evaluate(read(layer.output), arrays, bound), dtype=float), expected)
    printed = eval(print_code(read(layer.output), module="np."), namespace(**bound, **arrays))
    np.testing.assert_allclose(printed, expected)


def in_torch(torch, name: str):
    numpy, other = LAYERS[name]
    own = {
        "concatenate": lambda X, Y: torch.cat([X, Y**2], 1),
        "hstack": lambda X, Y: torch.cat((X, 2 * Y, X), 1),
        "vstack": lambda X: torch.cat([X, X**2]),
        "stack": lambda X: torch.stack([X, X**2, 3 * X], 1),
        "pad": lambda X: torch.nn.functional.pad(X, (0, 2, 1, 0)),
        "pad alike": lambda x: torch.nn.functional.pad(x, (2, 2)) ** 2,
    }
    return own.get(name) or other or numpy


@CASES
@AT
def test_its_gradient_is_pytorchs_and_the_printed_formula_runs(name, sizes):
    torch = pytest.importorskip("torch")
    layer = traced(name)
    bound, arrays = numbers(layer, sizes)
    leaves = {node.name: torch.tensor(arrays[node.name], requires_grad=True) for node in layer.inputs}
    in_torch(torch, name)(**leaves).backward(torch.tensor(np.asarray(arrays[layer.upstream.name])))
    derived = derive.derive(layer, bound)
    for node in layer.inputs:
        expected = leaves[node.name].grad.numpy()
        formula = derived.wrt(node.name).formula
        np.testing.assert_allclose(np.asarray(value_of(formula, arrays, bound), dtype=float), expected, atol=1e-12)
        np.testing.assert_allclose(
            np.broadcast_to(printed(formula, namespace(**bound, **arrays)), expected.shape), expected, atol=1e-12
        )


FOR_ALL_SIZES = ("differences", "a row", "concatenate", "heads", "a convolution", "repeat")


@pytest.mark.parametrize("name", FOR_ALL_SIZES)
def test_its_gradient_is_proved(name):
    layer = traced(name)
    bound, _ = numbers(layer, SIZES[1])
    for gradient in derive.derive(layer, bound).gradients.values():
        found = {item.route: item.strength for item in gradient.evidence}
        assert found["jacobian"] is Strength.PROVED_AT_SIZES
        assert found["index"] is Strength.PROVED_FOR_ALL_SIZES


FORMULAS = {
    "a slice of columns": "pad(G, ((0, 0), (1, D - 3)))",
    "pad": "G[1:, :-2]",
}


def test_the_formula_of_a_slice_pads_and_that_of_padding_slices():
    for name, expected in FORMULAS.items():
        layer = traced(name)
        (gradient,) = derive.derive(layer, numbers(layer, SIZES[0])[0]).gradients.values()
        assert str(gradient.formula) == expected


def test_parts_beside_each_other_are_read_as_one_array():
    layer = traced("concatenate")
    assert str(layer.output) == "concatenate([X, Y**2], axis=1)"
    derived = derive.derive(layer, n=2, d=3, m=4)
    assert str(derived.wrt("X").formula) == "G[:, :D]"
    assert str(traced("stack").output) == "stack([X, X**2, 3 * X], axis=1)"


def refused(function, **shapes):
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    layer = eval(f"lambda {', '.join(names)}: function({', '.join(names)})", {"function": function})
    layer.__annotations__ = {name: {**SHAPES, **shapes}[name] for name in names}
    return derive.layer(name="refused")(layer)


REFUSED = {
    "a step of 0": (lambda X: X[::0], ShapeError, "steps of 0"),
    "a stride that does not divide": (lambda X: X[:, ::2], ShapeError, r"slice ::2 of axis 1.*2\*K"),
    "an index out of range": (lambda F: F[:, 3], ShapeError, "index 3 is out of range for axis 1, which is 3"),
    "an index before the first": (lambda F: F[:, -4], ShapeError, "index -4 is out of range"),
    "behind a letter": (lambda X: X[:, X.shape[1]], ShapeError, "index D is out of range for axis 1, which is D"),
    "an empty slice": (lambda F: F[:, 2:2], ShapeError, "slice 2:2 of axis 1, which is 3, is empty"),
    "an empty slice of a letter": (lambda X: X[:, 1:1], ShapeError, "is empty"),
    "too many indices": (lambda X: X[0, 0, 0], ShapeError, "too many indices"),
    "an array as index": (lambda X: X[:, np.array([0, 1])], UnsupportedError, "index of type ndarray"),
    "a list as index": (lambda X: X[[0, 1]], UnsupportedError, "index of type list"),
    "a mask as index": (lambda X: X[X > 0], UnsupportedError, "np.where for masks"),
    "a fraction as index": (lambda X: X[0.5], UnsupportedError, "index of type float"),
    "half a size as bound": (lambda X: X[: X.shape[0] / 2], UnsupportedError, "index of type Mul"),
    "a window larger than its axis": (lambda F: windows(F, 4, 1), ShapeError, "window of 4 is larger than axis 1"),
    "windows without axes": (lambda X: windows(X, 2, None), ShapeError, "1 windows for 2 axes"),
    "other numbers of entries": (lambda F: F.reshape(-1, 2), ShapeError, r"\(N, 3\) has 3\*N entries"),
    "a reshape that letters do not tell": (lambda X: X.reshape(2, -1), ShapeError, r"write the sizes as products"),
    "two unknown axes": (lambda X: X.reshape(-1, -1), ShapeError, "only one axis can be -1"),
    "an axis of size 0": (lambda X: X.reshape(0, -1), ShapeError, "expected sizes from 1 on"),
    "joined at different sizes": (lambda X, Y: np.concatenate([X, Y]), ShapeError, r"\(N, D\) and \(N, M\) differ"),
    "joined with other ranks": (lambda X, x: np.concatenate([X, x]), ShapeError, "differ"),
    "stacked shapes": (lambda X, Y: np.stack([X, Y]), ShapeError, "expected arrays of one shape"),
    "an axis that is not there": (lambda X: np.concatenate([X, X], axis=2), ShapeError, "axis 2 is out of range"),
    "padding with something else": (lambda X: np.pad(X, 1, mode="edge"), UnsupportedError, "pad with zeros"),
    "padding by less than nothing": (lambda X: np.pad(X, -1), ShapeError, "expected no negative number"),
    "padding of too many axes": (lambda X: np.pad(X, ((1, 1),) * 3), ShapeError, "expected widths for 2 axes"),
    "order": (lambda X: np.reshape(X, -1, order="F"), UnsupportedError, "order"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_with_a_remedy(name):
    function, kind, said = REFUSED[name]
    with pytest.raises(kind, match=said) as caught:
        refused(function)
    assert isinstance(caught.value, DeriveError)
    assert str(caught.value).startswith("refused: ")


@pytest.mark.parametrize(
    ("function", "sizes", "said"),
    [
        (lambda X: X[:, 1:4], {"N": 2, "D": 3}, "reaches entry 3 of an axis of size 3"),
        (lambda X: X[2:], {"N": 2, "D": 3}, "an axis of size N - 2 has 0 entries"),
        (lambda X: X[4], {"N": 4, "D": 3}, "reaches entry 4 of an axis of size 4"),
        (lambda X: X[-3], {"N": 2, "D": 3}, "reaches entry -1 of an axis of size 2"),
        (lambda X, w: windows(X, w.shape[0], 1), {"N": 2, "D": 3, "R": 5}, "D - R [+] 1 has -1 entries"),
    ],
)
def test_sizes_at_which_a_part_does_not_exist_are_refused(function, sizes, said):
    with pytest.raises(SizeError, match=said):
        derive.derive(refused(function), sizes)


def one_axis(size: str) -> Layer:
    def sized(X):
        return X * 2

    sized.__annotations__["X"] = size
    return derive.layer()(sized)


@pytest.mark.parametrize(
    ("written", "sizes", "expected"),
    [("H*K", {"H": 2, "K": 3}, 6), ("2*P+R-1", {"P": 4, "R": 3}, 10), ("D+1", {"D": 2}, 3), ("3*2", {}, 6)],
)
def test_a_size_may_be_a_sum_of_products(written, sizes, expected):
    sized = one_axis(written)
    assert sized.letters == tuple(sorted(sizes))
    assert sized.shape(sized.output, sizes) == (expected,)


@pytest.mark.parametrize(
    "written", ["2*", "*K", "K--1", "-K", "K*-1", "K/2", "2K", "K^2", "K**2", "(K+1)", "1.5", "1-1"]
)
def test_anything_else_is_no_size(written):
    with pytest.raises(ShapeError, match="size"):
        one_axis(written)
