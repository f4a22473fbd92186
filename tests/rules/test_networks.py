"""Gradients of networks, put together from those of their stages: against PyTorch, and the numbers of the documents."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.networks.network import network
from derive.notation.code import print_code
from derive.proof.evaluate import evaluate, value_of
from derive.rules.naming import definitions, formulas
from derive.rules.networks import stage_gradients

torch = pytest.importorskip("torch")
F = torch.nn.functional


def perceptron(X, W_1, b_1, W_2, b_2, W_3, b_3, T):
    H = torch.relu(torch.tanh(X @ W_1 + b_1) @ W_2 + b_2)
    return F.mse_loss(H @ W_3 + b_3, T)


def normalised(X, W_1, b_1, gamma_2, beta_2, W_3, b_3, T):
    Z = F.layer_norm(X @ W_1 + b_1, (W_1.shape[1],), gamma_2, beta_2)
    return F.huber_loss(torch.sigmoid(Z) @ W_3 + b_3, T)


def convolved(X, F_1, b_1, F_2, b_2):
    return (torch.tanh(F.conv1d(F.relu(F.conv1d(X, F_1, b_1)), F_2, b_2)) ** 2).mean()


def residual(X, W_1, V_1, W_2, b_2):
    return torch.exp((X + torch.relu(X @ W_1) @ V_1) @ W_2 + b_2)


NETWORKS = {
    "affine(4) > tanh > affine(5) > relu > affine(2) > mse": perceptron,
    "affine(3) > sigmoid > affine(2) > mse": lambda X, W_1, b_1, W_2, b_2, T: F.mse_loss(
        torch.sigmoid(X @ W_1 + b_1) @ W_2 + b_2, T
    ),
    "affine(4) > layernorm > sigmoid > affine(2) > huber": normalised,
    "conv1d(2, 2) > relu > conv1d(3, 2) > tanh > square > mean": convolved,
    "residual(4) > affine(2) > exp": residual,
    "affine(3) > softmax > log > sum(axis=1) > exp": lambda X, W, b: torch.exp(
        torch.log(torch.softmax(X @ W + b, dim=1)).sum(dim=1)
    ),
}


@pytest.mark.parametrize("other", [0, 1], ids=["small", "large"])
@pytest.mark.parametrize("text", NETWORKS)
def test_values_and_gradients_are_those_of_pytorch(text, other):
    layer = network(text)
    sizes = {letter: number + (5 if letter in ("N", "T") else 2) * other for letter, number in layer.defaults}
    draw = np.random.default_rng(other)
    arrays = {node.name: draw.normal(size=layer.shape(node, sizes)) for node in layer.inputs}
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    value = NETWORKS[text](**tensors)
    upstream = draw.normal(size=tuple(value.shape)) if value.shape else np.array(1.0)
    value.backward(torch.tensor(upstream))
    given = [arrays[node.name] for node in layer.inputs]
    np.testing.assert_allclose(layer.function(*given), value.detach().numpy(), rtol=1e-8, atol=1e-9)
    found = formulas(layer)
    assert list(found) == list(tensors)
    for name, formula in found.items():
        gradient = value_of(formula, {**arrays, layer.upstream.name: upstream}, sizes)
        np.testing.assert_allclose(gradient, tensors[name].grad.numpy(), rtol=1e-8, atol=1e-9, err_msg=name)


def test_the_formulas_are_those_of_backpropagation():
    found = derive.derive(network("affine(3) > sigmoid > affine(2) > mse"), n=2, d=2)
    lines = [line for gradient in found.gradients.values() for line in gradient.formula.statements]
    assert list(dict.fromkeys(lines)) == [
        "Z_1 = X @ W_1 + b_1",
        "A_1 = sigmoid(Z_1)",
        "Z_2 = A_1 @ W_2 + b_2",
        "dZ_2 = 2 * (Z_2 - T) / (M_2*N)",
        "dA_1 = dZ_2 @ W_2.T",
        "dZ_1 = dA_1 * A_1 * (1 - A_1)",
        "dX = dZ_1 @ W_1.T",
        "dW_1 = X.T @ dZ_1",
        "db_1 = sum(dZ_1, axis=0)",
        "dW_2 = A_1.T @ dZ_2",
        "db_2 = sum(dZ_2, axis=0)",
        "dT = 2 * (T - Z_2) / (M_2*N)",
    ]


def test_every_stage_receives_what_the_one_behind_it_sends():
    stages = stage_gradients(network("affine(3) > sigmoid > affine(2) > mse"))
    received = [stage.receives and print_code(stage.receives) for stage in stages]
    assert received == ["dZ_1", "dA_1", "dZ_2", None]
    sent = [[print_code(formula.name) for formula in stage.sends] for stage in stages]
    assert sent == [["dX", "dW_1", "db_1"], ["dZ_1"], ["dA_1", "dW_2", "db_2"], ["dZ_2", "dT"]]
    assert received[:-1] == [names[0] for names in sent[1:]]


def test_an_output_that_is_no_loss_receives_the_upstream_gradient():
    *_, last = stage_gradients(network("affine(3) > tanh"))
    assert print_code(last.receives) == "G"
    assert str(last.sends[0]) == "G * (1 - Y**2)"


def test_a_network_of_one_stage_is_that_layer():
    alone = formulas(network("affine(3)"))
    assert {name: str(formula) for name, formula in alone.items()} == {
        "X": "G @ W.T",
        "W": "X.T @ G",
        "b": "sum(G, axis=0)",
    }


def test_no_two_values_have_one_name():
    text = "affine > layernorm > softmax > mlp > layernorm > softmax > lstm_cell > layernorm > cross_entropy"
    text = text.replace("lstm_cell", "gru_cell")
    names = [item.text for item in definitions(network(text))]
    assert len(names) == len(set(names))


def test_the_exercise_of_the_document_has_its_numbers():
    # "TUM - I2DL - Matrix derivatives", section 4: loss 52 and four gradients.
    values = {"X": [[0, 1], [2, 3]], "W": [[1, 1], [1, 1]]}
    found = derive.derive(network("affine(2, bias=none) > square > sum"), values=values)
    known = {name: np.array(value) for name, value in values.items()}
    for item in definitions(found.layer):
        known[item.text] = evaluate(item.tree, known, found.sizes)
    assert known["y"] == 52
    assert np.array_equal(known["dA"], [[1, 1], [1, 1]])
    assert np.array_equal(known["dZ"], [[2, 2], [10, 10]])
    assert np.array_equal(found.worked.gradients["X"].formula, [[4, 4], [20, 20]])
    assert np.array_equal(found.worked.gradients["W"].formula, [[20, 20], [32, 32]])
    assert found.worked.loss == 52


def test_the_sigmoid_of_the_document_sends_back_what_arrives_times_its_slope():
    # Section 4, question 1, of the same: the gradient of the sigmoid layer, given the upstream gradient.
    stages = stage_gradients(network("affine(3, bias=none) > sigmoid > sum"))
    assert str(stages[1].sends[0]) == "dA * A * (1 - A)"
