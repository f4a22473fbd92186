"""Inputs of whole numbers: embeddings and labels, against NumPy and PyTorch; they have no gradient themselves."""

import json

import numpy as np
import pytest

import derive
from derive.errors import ShapeError, UnsupportedError, UserError
from derive.forward.layer import Layer
from derive.forward.matrix import read
from derive.forward.shape import bind
from derive.notation.code import print_code
from derive.proof import numeric
from derive.proof.evaluate import evaluate, value_of
from derive.proof.evidence import Strength
from tests.running import namespace

SHAPES = {"W": "V D", "Z": "N V", "X": "N D", "t": "N in V", "T": "N M in V", "c": "D in V", "x": "N"}
SIZES = ({"N": 3, "D": 2, "V": 5, "M": 4}, {"N": 4, "D": 3, "V": 2, "M": 1})
LAYERS = {
    "embedding": (lambda W, t: W[t], lambda torch, W, t: W[t]),
    "embedding of a table": (lambda W, T: np.tanh(W[T]).sum(axis=1), lambda torch, W, T: W[T].tanh().sum(1)),
    "a part of the numbers": (lambda W, t: W[t[1:]] ** 2, lambda torch, W, t: W[t[1:]] ** 2),
    "with the rest of the axes": (lambda W, t: W[t, :] * 2, lambda torch, W, t: W[t] * 2),
    "take": (lambda Z, c: np.take(Z, c, axis=1), lambda torch, Z, c: Z[:, c]),
    "labels": (
        lambda Z, t: -np.mean(np.take_along_axis(Z, t[:, None], axis=1)),
        lambda torch, Z, t: torch.nn.functional.nll_loss(Z, t),
    ),
    "cross entropy": (
        lambda Z, t: np.mean(np.log(np.exp(Z).sum(axis=1)) - np.take_along_axis(Z, t[:, None], axis=1)[:, 0]),
        lambda torch, Z, t: torch.nn.functional.cross_entropy(Z, t),
    ),
    "several a row": (
        lambda Z, T: np.take_along_axis(Z, T, axis=1) ** 2,
        lambda torch, Z, T: torch.gather(Z, 1, T) ** 2,
    ),
    "as numbers": (lambda W, t: W[t] * t[:, None], lambda torch, W, t: W[t] * t[:, None]),
}


def traced(function) -> Layer:
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
    random = np.random.default_rng(5)
    arrays = {
        node.name: random.normal(size=bind(node.shape, bound))
        if node.below is None
        else random.integers(0, *bind((node.below,), bound), size=bind(node.shape, bound))
        for node in (*layer.inputs, layer.upstream)
    }
    # Where the output is a number, it is the loss itself.
    return bound, arrays if layer.output.shape else {**arrays, layer.upstream.name: np.array(1.0)}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("sizes", SIZES, ids=["first", "second"])
def test_values_are_numpys_and_gradients_pytorchs(name, sizes):
    function, in_torch = LAYERS[name]
    layer = traced(function)
    bound, arrays = numbers(layer, sizes)
    space = namespace(**bound, **arrays)
    expected = function(*(arrays[node.name] for node in layer.inputs))
    np.testing.assert_allclose(np.asarray(evaluate(read(layer.output), arrays, bound), dtype=float), expected)
    np.testing.assert_allclose(eval(print_code(read(layer.output), module="np."), space), expected)
    derived = derive.derive(layer, bound)
    assert list(derived.gradients) == [node.name for node in layer.inputs if node.below is None]
    torch = pytest.importorskip("torch")
    leaves = {n.name: torch.tensor(arrays[n.name], requires_grad=n.below is None) for n in layer.inputs}
    in_torch(torch, **leaves).backward(torch.tensor(np.asarray(arrays[layer.upstream.name])))
    for wrt, gradient in derived.gradients.items():
        wanted = leaves[wrt].grad.numpy()
        formula = gradient.formula
        np.testing.assert_allclose(np.asarray(value_of(formula, arrays, bound), dtype=float), wanted, atol=1e-12)
        np.testing.assert_allclose(np.broadcast_to(printed(formula, space), wanted.shape), wanted, atol=1e-12)


@pytest.mark.parametrize("name", ["embedding", "labels", "cross entropy"])
def test_gradients_are_proved(name):
    layer = traced(LAYERS[name][0])
    for gradient in derive.derive(layer, numbers(layer, SIZES[1])[0]).gradients.values():
        found = {item.route: item.strength for item in gradient.evidence}
        assert found["index"] is Strength.PROVED_FOR_ALL_SIZES
        assert found["jacobian"] is Strength.PROVED_AT_SIZES


def test_an_embedding_sends_the_gradient_of_a_row_to_the_row_that_was_picked():
    derived = derive.derive(traced(LAYERS["embedding"][0]), n=2, d=3, v=4)
    assert str(derived.layer.output) == "W[t]"
    assert str(derived.wrt("W").formula) == "eye(V)[t].T @ G"
    assert str(derived.wrt("W").map[0]) == "w_1_1*equal(t_1, 0) + w_2_1*equal(t_1, 1) + w_3_1*equal(t_1, 2) + " + (
        "w_4_1*equal(t_1, 3)"
    )


def test_whole_numbers_have_no_gradient():
    layer = traced(LAYERS["embedding"][0])
    with pytest.raises(UnsupportedError, match=r"t holds whole numbers below V.*choose among W"):
        derive.derive(layer, n=2, d=3, v=4).wrt("t")
    with pytest.raises(UnsupportedError, match="t holds whole numbers below V"):
        _ = derive.derive(layer, n=2, d=3, v=4, wrt="t").gradients


def test_random_whole_numbers_are_below_what_they_choose_from():
    layer = traced(LAYERS["embedding"][0])
    for seed in range(5):
        at = numeric.sample(layer, {"V": 2, "D": 3, "N": 6}, seed)
        assert set(at.arrays["t"]) <= {0, 1}
    worked = derive.derive(layer, n=6, d=3, v=2, values="seed:1").given.arrays["t"]
    assert set(map(int, worked)) <= {0, 1}


@pytest.mark.parametrize("wrong", [[0, 2], [-1, 0], [0.5, 1]])
def test_given_numbers_that_choose_nothing_are_refused(wrong):
    layer = traced(LAYERS["embedding"][0])
    values = json.dumps({"W": [[1, 2], [3, 4]], "t": wrong})
    with pytest.raises(UserError, match=r"t: entry [12]: expected a whole number from 0 to 1"):
        derive.derive(layer, values=values)


REFUSED = {
    "numbers that are not whole": (lambda W, x: W[x], UnsupportedError, 'annotated "N in V"'),
    "numbers for another axis": (lambda X, t: X[t], ShapeError, "t holds whole numbers below V, .* is N"),
    "sums of whole numbers": (lambda W, t: W[t + t], UnsupportedError, "as an index is not supported"),
    "two arrays": (lambda Z, t: Z[t, t], UnsupportedError, "write W\\[t\\]"),
    "labels of another number": (lambda Z, c: np.take_along_axis(Z, c[:, None], 1), ShapeError, "expected indices"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_picked_is_refused(name):
    function, kind, said = REFUSED[name]
    with pytest.raises(kind, match=said):
        traced(function)
