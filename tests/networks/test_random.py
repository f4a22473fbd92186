"""Random networks: names are found, nothing is refuted, and every formula is PyTorch's gradient."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import derive
from derive.proof.evidence import Strength
from derive.proof.torch_oracle import run_graph
from derive.rules.naming import formulas
from tests.running import run

torch = pytest.importorskip("torch")

STAGES = (
    *("affine(2)", "affine(3)", "affine(4)", "linear(2)", "linear(3)", "layernorm", "batchnorm", "rmsnorm", "l2norm"),
    *("relu", "leaky_relu", "elu", "silu", "tanh", "sigmoid", "softplus", "softmax", "log_softmax", "square"),
    *("dropout", "residual"),
)
LAST = ("mse", "mae", "huber", "cross_entropy", "sum", "mean", "tanh")


def written(seed: int) -> str:
    random = Random(seed)
    return " > ".join((*random.choices(STAGES, k=random.randint(1, 4)), random.choice(LAST)))


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(40))
def test_a_random_network(seed: int):
    layer = derive.network(written(seed))
    found = derive.derive(layer)
    sizes, random = layer.sizes({}), np.random.default_rng(seed)
    arrays = {}
    for node in layer.inputs:
        shape = layer.shape(node, sizes)
        signs = random.choice((-1.0, 1.0), size=shape)
        arrays[node.name] = signs * random.uniform(0.5, 1.5, size=shape) if node.below is None else signs > 0
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    leaves = [tensors[node.name].requires_grad_() for node in layer.smooth]
    output = run_graph(torch, layer.output, tensors, sizes)
    upstream = random.normal(size=output.shape) if output.shape else np.ones(())
    expected = torch.autograd.grad((output * torch.tensor(upstream)).sum(), leaves, materialize_grads=True)
    names = {**sizes, **arrays, layer.upstream.name: upstream}
    for node, gradient in zip(layer.smooth, expected, strict=True):
        shared = formulas(layer)[node.name]
        for formula in (shared, shared.alone):
            np.testing.assert_allclose(run(formula, names), gradient.numpy(), rtol=1e-7, atol=1e-9)
        assert all(item.strength is not Strength.REFUTED for item in found.wrt(node.name).page_evidence)
