"""Names that could be taken for each other are told apart, or refused."""

from __future__ import annotations

import pytest

import derive
from derive.errors import UserError
from derive.forward.algebra import entry_symbol, share_symbols
from derive.forward.nodes import Input
from derive.forward.shape import parse_shape


def traced(signature: str, body: str) -> derive.layer:
    """The layer of a function whose arguments are written 'X: N D; b: D'."""
    arguments = ", ".join(f"{part.partition(':')[0]}: '{part.partition(':')[2]}'" for part in signature.split("; "))
    namespace: dict[str, object] = {"let": derive.let}
    exec(f"def f({arguments}):\n    return {body}\n", namespace)
    return derive.layer()(namespace["f"])


def node(name: str, shape: str) -> Input:
    return Input(name, parse_shape(shape), name.lower())


def test_entries_are_called_by_their_letter_and_their_place_counted_from_one():
    assert str(entry_symbol("w", (0, 11))) == "w_1_12"
    assert str(entry_symbol("b", (2,))) == "b_3"
    assert str(entry_symbol("s", ())) == "s"
    assert str(entry_symbol("x", ("i", "k"))) == "x_i_k"


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        # x_1_2 is the entry (1, 2) of X, and the entry 2 of x_1.
        (("X", "N D"), ("x_1", "D"), True),
        (("X", "N"), ("x_1", ""), True),
        (("X", "N D"), ("x_1_2", ""), True),
        (("X", "N D"), ("x_1", "N D"), False),
        (("X", "N D"), ("x_2", ""), False),
        (("W", "N D"), ("W_1", "N D"), False),
        (("X", "N"), ("x_0", ""), False),
        (("X", "N"), ("xx_1", ""), False),
        (("X", "N"), ("x_a", ""), False),
    ],
)
def test_entries_share_a_symbol_only_where_their_numbers_meet(first, second, clash):
    a, b = node(*first), node(*second)
    assert share_symbols(a, b) is share_symbols(b, a) is clash
    sizes = {"N": 3, "D": 3}

    def symbols(item: Input) -> set[str]:
        from itertools import product

        from derive.forward.shape import bind

        return {str(entry_symbol(item.letter, place)) for place in product(*map(range, bind(item.shape, sizes)))}

    assert bool(symbols(a) & symbols(b)) is clash


@pytest.mark.parametrize("signature", ["X:N D; x_1:D", "x:N; x_1:", "A:N D; a_1_2:"])
def test_arguments_whose_entries_would_be_called_the_same_are_refused(signature):
    first, second = (part.partition(":")[0] for part in signature.split("; "))
    with pytest.raises(UserError, match=f"entry of {first} would have the same name as one of {second}; rename"):
        traced(signature, f"({first} * {second}).sum()")


@pytest.mark.parametrize("name", ["_x", "_0", "x_", "x__1", "é", "θ"])
def test_a_name_that_cannot_be_printed_is_refused(name):
    with pytest.raises(UserError, match=f"argument {name}: expected a name of the letters A to Z"):
        traced(f"{name}:N", name)


def test_an_argument_called_like_a_size_is_refused():
    with pytest.raises(UserError, match="N is both an argument and a size; rename one"):
        traced("X:N D; N:", "X * N")


@pytest.mark.parametrize(
    ("signature", "body", "upstream"),
    [
        ("X:N D", "X * X", "G"),
        ("G:N D", "G * G", "G_Y"),
        ("g:N D", "g * g", "G"),
        ("G:N D; G_Y:N D", "G * G_Y", "G_Y_1"),
        # An entry of g_1 is called like one of G, whose entries then have another letter.
        ("X:N D; g_1:D", "X * g_1", "G"),
        # A size is written in code beside the upstream gradient.
        ("X:G D", "X * X.shape[0]", "G_Y"),
        ("Y:N D; G:N D", "G * Y", "G_Z"),
    ],
)
def test_the_upstream_gradient_takes_a_name_that_is_free(signature, body, upstream):
    layer = traced(signature, body)
    assert layer.upstream.name == upstream
    for argument in layer.inputs:
        assert derive.derive(layer, dict.fromkeys(layer.letters, 2)).wrt(argument.name).evidence


@pytest.mark.parametrize(
    ("signature", "output", "loss"),
    [
        ("X:N D", "Y", "L"),
        ("Y:N D", "Z", "L"),
        ("y:N D", "Z", "L"),
        ("Y:N D; Z:N D", "Out", "L"),
        ("Y:N D; Z:N D; Out:N D", "Out_1", "L"),
        ("L:N D", "Y", "J"),
        ("L:N D; J:N D", "Y", "Loss"),
        ("L:N D; J:N D; Loss:N D", "Y", "Loss_1"),
        ("X:L D", "Y", "J"),
    ],
)
def test_output_and_loss_take_names_that_are_free(signature, output, loss):
    layer = traced(signature, " * ".join(part.partition(":")[0] for part in signature.split("; ")))
    assert (layer.output_name, layer.loss) == (output, loss)


def test_an_output_that_is_no_matrix_has_a_small_letter():
    assert traced("X:N D", "X.sum(axis=0)").output_name == "y"
    assert traced("X:N D; y:N", "X.T @ y").output_name == "z"


@pytest.mark.parametrize("size", ["E", "I", "S", "N", "O", "Q", "beta", "gamma", "n", "zeta_1"])
def test_sizes_may_have_names_that_mean_something_to_sympy(size):
    layer = traced(f"X:{size} D", "X / X.shape[0] + X.shape[0]")
    found = derive.derive(layer, {size: 3, "D": 2}).wrt("X")
    assert str(found.formula) == f"G / {size}"
    assert found.evidence
    assert str(found.jacobian[0, 0]) == "1/3"


def test_sizes_may_be_numbers():
    layer = traced("X:N 3; W:3 M", "X @ W")
    assert layer.letters == ("N", "M")
    found = derive.derive(layer, {"N": 2, "M": 4}).wrt("X")
    assert found.jacobian.shape == (8, 6)
    assert found.evidence
    assert derive.derive(traced("X:2 3", "X.T"), {}).wrt("X").evidence


def test_greek_names_are_printed_as_greek_letters():
    found = derive.derive(traced("X:N D; gamma:D", "X * gamma"), {"N": 2, "D": 3}).wrt("gamma")
    assert r"\boldsymbol{\gamma}" in found.formula.latex()
    assert str(found.map.variables[1]) == "gamma_2"


@pytest.mark.parametrize(
    ("signature", "body", "said"),
    [
        ("X:N D; W:N D; dX:N D", "X * W * dX", "dX is what the gradient with respect to X is called"),
        ("sum:N D", "sum * 2", "sum is a name that formulas call"),
        ("np:N D", "np * 2", "np is a name that formulas call"),
        ("self:N D", "self * 2", "self is a name that formulas call"),
        ("X:N D", 'let("dX", X * X) * X', "dX is what the gradient of X is called"),
        ("X:N D", 'let("exp", X * X) * X', "exp is a name that formulas call"),
    ],
)
def test_names_of_what_is_printed_are_refused(signature, body, said):
    """In dX = W * dX; dW = X * dX the second dX would be another than was meant."""
    with pytest.raises(UserError, match=said):
        traced(signature, body)
