"""Names for intermediate values: who gives them, who keeps them, and which are refused."""

import numpy as np
import pytest

import derive
from derive.errors import UserError
from derive.forward.single import single
from derive.forward.transpose import transpose


def test_let_names_an_intermediate_value():
    @derive.layer()
    def net(X: "N D", W: "D M", V: "M K"):
        H = derive.let("H", np.tanh(derive.let("Z", X @ W)))
        return H @ V

    assert [(name, str(node)) for name, node in net.named] == [("Z", "X @ W"), ("H", "tanh(X @ W)")]
    assert net.output_name == "Y"


def test_let_leaves_numbers_alone():
    array = np.ones((2, 3))
    assert derive.let("S", array) is array


def test_a_named_value_keeps_its_letter_when_samples_are_columns_or_one():
    @derive.layer()
    def net(X: "N D", W: "D M"):
        return np.tanh(derive.let("Z", X @ W))

    assert [(name, str(node)) for name, node in transpose(net).named] == [("Z", "W @ X")]
    assert [(name, str(node)) for name, node in single(net).named] == [("z", "x @ W")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("X", "X is an argument already"),
        ("N", "N is a size already"),
        ("1x", "expected a name"),
        ("a b", "expected a name"),
    ],
)
def test_let_refuses_a_name_that_cannot_be(name, message):
    with pytest.raises(UserError, match=message):

        @derive.layer()
        def f(X: "N D"):
            return np.exp(derive.let(name, X * X))


def test_let_refuses_a_second_value_of_the_same_name():
    with pytest.raises(UserError, match="S is the name of another value already"):

        @derive.layer()
        def f(X: "N D"):
            return derive.let("S", np.exp(X)) + derive.let("S", np.sin(X))
