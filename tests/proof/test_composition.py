"""The Jacobian of two stages is the product of theirs: against PyTorch, by einsum, and a false one is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from derive.errors import RefutedError
from derive.networks.network import network
from derive.proof.composition import check_composition, tensors
from derive.proof.evidence import Strength
from derive.routes.composition import derive_composition

PAIRS = {
    "affine(3) > sigmoid > affine(2) > mse": "ijkl,klmn->ijmn",
    "affine(2, bias=none) > square > sum": "ijkl,klmn->ijmn",
    "affine(3) > softmax > log": "ijkl,klmn->ijmn",
    "softmax > mse": "ij,ijkl->kl",
    "affine(3) > sum(axis=1) > exp > sum": "ijk,jklm->ilm",
    "sum(axis=0) > exp > sum": "ij,jkl->ikl",
    "conv1d(2, 2) > relu > mean": "ijklmn,lmnpqr->ijkpqr",
}


@pytest.mark.parametrize("text", PAIRS)
def test_the_product_is_proved_and_checked(text):
    layer = network(text)
    found = derive_composition(layer)
    assert found.pattern == PAIRS[text]
    exact, numeric = check_composition(found, layer.sizes({}))
    assert exact.strength is Strength.PROVED_AT_SIZES
    assert numeric.points == 3


def test_einsum_gives_the_jacobian_that_pytorch_finds():
    torch = pytest.importorskip("torch")
    jacobian = torch.autograd.functional.jacobian
    # The last section of document 001, for X W + b and the sigmoid.
    layer = network("affine(3) > sigmoid > affine(2) > mse")
    found = derive_composition(layer)
    sizes = {"N": 2, "D": 2, "M_1": 3}
    draw = np.random.default_rng(0)
    X, W, b = (torch.tensor(draw.normal(size=shape)) for shape in ((2, 2), (2, 3), (3,)))
    first = jacobian(lambda x: x @ W + b, X)
    second = jacobian(torch.sigmoid, X @ W + b)
    whole = jacobian(lambda x: torch.sigmoid(x @ W + b), X)
    assert whole.shape == (2, 3, 2, 2)
    torch.testing.assert_close(torch.einsum(found.pattern, second, first), whole)
    mine = tensors(found, sizes, 1)
    assert (mine.second.shape, mine.first.shape, mine.both.shape) == ((2, 3, 2, 3), (2, 3, 2, 2), (2, 3, 2, 2))


def test_another_function_behind_is_refuted():
    found = derive_composition(network("affine(3) > sigmoid > sum"))
    other = derive_composition(network("affine(3) > tanh > sum"))
    wrong = replace(found, both=other.both)
    with pytest.raises(RefutedError, match=r"entry \(1, 1\) of the Jacobian of affine\(3\) > sigmoid"):
        check_composition(wrong, {"N": 2, "D": 2, "M": 3})


def test_one_stage_has_no_composition():
    assert derive_composition(network("affine(3)")) is None


def test_large_sizes_are_proved_at_small_ones():
    layer = network("affine > sigmoid > sum")
    exact, _ = check_composition(derive_composition(layer), {"N": 64, "D": 4096, "M": 4096})
    assert max(number for _, number in exact.sizes[0]) < 10


def test_long_derivatives_are_proved_at_small_sizes():
    # At N=2 D=3 M=4 E=5 the partial derivatives have a million terms.
    layer = network("attention > layernorm")
    exact, numeric = check_composition(derive_composition(layer), layer.sizes({}))
    assert exact.strength is Strength.PROVED_AT_SIZES
    assert {number for _, number in exact.sizes[0]} == {2}
    assert numeric.points == 3
