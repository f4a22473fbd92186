"""Stages put together to one layer: their names, sizes, and what does not fit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import derive
from derive.errors import ExpressionError
from derive.forward.shape import parse_shape
from derive.networks.names import Names
from derive.networks.network import network


def names(layer):
    return [node.name for node in layer.inputs]


def shapes(layer):
    return {node.name: " ".join(map(str, node.shape)) for node in layer.inputs}


def test_parameters_have_the_number_of_their_stage_if_several_have_some():
    layer = network("affine(3) > sigmoid > affine(2) > mse")
    assert shapes(layer) == {
        "X": "N D",
        "W_1": "D M_1",
        "b_1": "M_1",
        "W_2": "M_1 M_2",
        "b_2": "M_2",
        "T": "N M_2",
    }
    assert [stage.layer.output_name for stage in layer.stages] == ["Z_1", "A_1", "Z_2", "y"]


def test_what_stands_alone_has_no_number():
    layer = network("affine(3, bias=none) > square > sum")
    assert shapes(layer) == {"X": "N D", "W": "D M"}
    assert [stage.layer.output_name for stage in layer.stages] == ["Z", "A", "y"]


def test_layers_with_parameters_of_other_names_are_numbered_with_the_others():
    layer = network("affine > layernorm > relu > affine > cross_entropy")
    assert names(layer) == ["X", "W_1", "b_1", "gamma_2", "beta_2", "W_3", "b_3", "T"]
    assert [stage.layer.output_name for stage in layer.stages] == ["Z_1", "Z_2", "A_2", "Z_3", "y"]


def test_names_that_clash_become_others():
    # dropout's mask is called M as affine's size is, an mlp has a Z of its own, and softmax's input is one.
    layer = network("softmax > affine > dropout > mlp > exp > exp > log > tanh")
    every = [*names(layer), *layer.letters, *(name for name, _ in layer.named), layer.output_name]
    assert len(every) == len(set(every))
    entries = [node.letter for node in layer.inputs]
    assert len(entries) == len(set(entries))


def test_values_of_functions_leave_names_to_parameters_that_come():
    # Beside a matrix B with the entries b_1_2 no vector b, b_1, b_2 ... would have entries of its own.
    layer = network("sigmoid > square > affine(2)")
    assert [stage.layer.output_name for stage in layer.stages] == ["A", "C", "Y"]
    assert names(layer) == ["X", "W", "b"]
    layer = network("affine(2) > sigmoid > square > sum")
    assert [stage.layer.output_name for stage in layer.stages] == ["Z", "A", "B", "y"]
    layer = network("sigmoid > square > affine(2) > sigmoid > affine(3)")
    assert [stage.layer.output_name for stage in layer.stages] == ["A_0", "B_0", "Z_1", "A_1", "Y"]


def test_a_vector_gets_another_name_where_a_matrix_has_its_entries():
    names = Names()
    assert names.array("B", None, parse_shape("N D")).letter == "b"
    assert [names.array("b", None, parse_shape("N")).name for _ in range(2)] == ["bb", "bbb"]


def test_stated_sizes_are_the_defaults_and_others_differ():
    layer = network("affine(3) > sigmoid > affine(2) > mse")
    assert dict(layer.defaults) == {"N": 4, "D": 5, "M_1": 3, "M_2": 2}
    assert dict(network("conv2d(5, k=2) > relu").defaults)["M"] == 5
    assert dict(network("conv2d(5, k=2) > relu").defaults)["K"] == 2


def test_the_normal_form_makes_the_same_again():
    found = derive.derive(network("affine( 3 )>sigmoid>affine(2)>mse"), n=2, d=2)
    assert found.command == "derive network 'affine(3) > sigmoid > affine(2) > mse' --n 2 --d 2"
    assert derive.derive(found.written, {"M_1": 4}, n=2, d=2).command.endswith("--n 2 --d 2 --m_1 4")


def test_a_layer_that_needs_other_axes_is_a_function_where_there_is_one():
    layer = network("conv2d > relu > maximum(2) > mean")
    assert layer.output.shape == ()
    assert len(layer.stages[1].layer.output.shape) == 4


def test_sizes_of_windows_are_solved_for():
    layer = network("conv1d(4, 3) > tanh > conv1d(2, 2) > square > mean")
    arrays = [np.random.default_rng(1).normal(size=layer.shape(node, layer.sizes({}))) for node in layer.inputs]
    assert np.shape(layer.function(*arrays)) == ()


MISFITS = {
    "mse > relu": "mse gives a number, the loss, so nothing can follow it",
    "affine(3) > conv2d(2)": r"expected an array of shape \(N, C, H \+ K - 1",
    "affine(3) > bce": r"expected an array of shape \(N,\), got one of shape \(N, M\)",
    "conv2d(2, 2) > relu > maxpool": "expected an axis of size 2",
    "affine(3, 4)": r"2 sizes are given, expected at most 1: .*\(M\)",
    "sigmoid(3)": r"1 sizes are given, expected at most 0",
    "affine(3, k=2)": "unknown size or variant of affine 'k'",
    "affine(3, m=2)": "the size M is given twice",
    "affine(3, bias=nope)": "unknown bias 'nope'",
    "affine(3, bias=augmented)": "a column of ones",
    "sum > sum": "gives back what it gets",
    "affine(3) > sum(axis=5)": "axis",
    "affine(3) > outer": "outer",
    "affine(3) > ones": "'ones' is neither a layer nor a function",
}


@pytest.mark.parametrize("text", MISFITS)
def test_what_does_not_fit_is_refused_with_a_caret(text):
    with pytest.raises(ExpressionError, match=MISFITS[text]) as refused:
        network(text)
    assert str(refused.value).splitlines()[-1].strip() == "^"
    assert str(refused.value).startswith("network: ")


def test_the_caret_of_a_misfit_stands_under_the_sign_between():
    with pytest.raises(ExpressionError) as refused:
        network("affine(3) > sigmoid > bce")
    *_, line, caret = str(refused.value).split("\n")
    assert line[caret.index("^") :] == "> bce"


def test_a_network_is_pickled_and_runs():
    layer = pickle.loads(pickle.dumps(network("affine(3) > relu > sum")))
    arrays = np.ones((2, 2)), np.ones((2, 3)), np.zeros(3)
    assert layer.function(*arrays) == 12


def test_a_deep_network_is_put_together_in_no_time():
    text = " > ".join(["affine(3) > tanh"] * 25) + " > mse"
    layer = network(text)
    assert len(layer.stages) == 51
    assert layer.depends() == set(names(layer))
