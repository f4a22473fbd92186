"""Random layers: printed code, engine and proof agree with each other, and with PyTorch where it is installed.

Hypothesis chooses the layers, always the same ones.
"""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sympy import lambdify

from derive.forward.entry import entry_symbol
from derive.notation.code import print_code
from derive.proof.evaluate import evaluate
from derive.proof.evidence import Strength
from derive.proof.prove import prove
from derive.routes.jacobian import derive_jacobian
from tests.forward.expressions import Example, example


def thorough(count):
    return settings(
        max_examples=count, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


RANDOM = st.randoms(use_true_random=False)


def by_printed_code(case: Example, wrt: str) -> np.ndarray:
    code = print_code(derive_jacobian(case.layer, wrt, case.sizes).formula.tree, module="np.")
    return np.asarray(eval(code, {"np": np, **case.sizes, **case.arrays}), dtype=float)


def by_engine(case: Example, wrt: str) -> np.ndarray:
    numbers = {
        entry_symbol(node.letter, place): float(case.arrays[node.name][place])
        for node in (*case.layer.inputs, case.layer.upstream)
        for place in np.ndindex(case.arrays[node.name].shape)
    }
    row = list(derive_jacobian(case.layer, wrt, case.sizes).chain_rule.sympy())
    values = lambdify(list(numbers), row, "math")(*numbers.values())
    return np.reshape(np.array(values, dtype=float), case.arrays[wrt].shape)


def by_torch(case: Example) -> dict[str, np.ndarray]:
    torch = pytest.importorskip("torch")
    leaves = {
        node.name: torch.tensor(case.arrays[node.name], dtype=torch.float64, requires_grad=True)
        for node in case.layer.inputs
    }
    output = torch.as_tensor(case.output(leaves, torch), dtype=torch.float64)
    if not output.requires_grad:
        return {name: np.zeros(leaf.shape) for name, leaf in leaves.items()}
    loss = (output * torch.tensor(case.arrays[case.layer.upstream.name])).sum()
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return {
        name: np.zeros(leaf.shape) if gradient is None else gradient.numpy()
        for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
    }


def close(got: np.ndarray, expected: np.ndarray) -> None:
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * max(1.0, np.max(np.abs(expected), initial=0.0)))


def test_the_random_layers_are_of_every_kind():
    layers = [example(Random(seed)) for seed in range(200)]
    said = {str(kind) for case in layers for kind in _kinds(case.expression)}
    assert said >= {"+", "-", "*", "/", "@", "sum", "transpose", "exp", "tanh", "sqrt", "inverse", "none", "size"}
    assert {len(case.layer.output.shape) for case in layers} == {0, 1, 2}
    assert {len(case.layer.inputs) for case in layers} >= {1, 2, 3}
    assert any(len(set(case.sizes.values())) == 3 for case in layers)


def _kinds(expression):
    yield expression[0]
    for part in expression[1:]:
        if isinstance(part, tuple):
            yield from _kinds(part)


@thorough(90)
@given(RANDOM)
def test_the_formula_and_the_engine_find_the_same_gradient(random):
    case = example(random)
    assert case.layer.inputs
    for node in case.layer.inputs:
        printed = by_printed_code(case, node.name)
        close(printed, by_engine(case, node.name))
        tree = derive_jacobian(case.layer, node.name, case.sizes).formula.tree
        close(np.asarray(evaluate(tree, case.arrays, case.sizes), dtype=float), printed)


@thorough(150)
@given(RANDOM)
def test_the_formula_is_the_gradient_that_torch_finds(random):
    case = example(random, 12)
    expected = by_torch(case)
    for name, gradient in expected.items():
        close(by_printed_code(case, name), gradient)


@thorough(60)
@given(RANDOM)
def test_the_jacobian_has_its_nonzeros_where_it_says(random):
    case = example(random)
    for node in case.layer.inputs:
        jacobian = derive_jacobian(case.layer, node.name, case.sizes).jacobian
        places = list(jacobian.nonzeros())
        assert places == sorted(set(places))
        assert len(places) == jacobian.nnz
        assert set(places) == set(jacobian.entries())
        for column in range(jacobian.shape[1]):
            assert [row for row, at in places if at == column] == list(jacobian.rows_of(column))


@thorough(20)
@given(RANDOM)
def test_no_right_gradient_is_refuted(random):
    case = example(random, 5)
    for node in case.layer.inputs:
        evidence = prove(case.layer, node.name, case.sizes)
        assert evidence
        assert all(item.strength is not Strength.REFUTED for item in evidence), (case.expression, evidence)
