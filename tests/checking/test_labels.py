"""Every label of the set is established here, by PyTorch and by arithmetic of 50 digits; derive has no part in it."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.checking.case import WRONG, Case, cases, draw, evaluate, gradients, upstream
from tests.checking.labelled import RIGHT_ONES, WRONG_ONES, by_name
from tests.checking.precise import differences, one_sided, precise_gradients

torch = pytest.importorskip("torch")

from tests.checking.references import REFERENCES, torch_gradients  # noqa: E402 -- it imports PyTorch

KINKS = {"relu": (1, 1), "leaky_relu": (1, 1), "maxpool": (1, 2)}
"""Layers with a kink at 0, and the shape of the smallest input."""

ALSO = 1e-6
"""At least so far from the truth are the gradients that are wrong besides the one that a witness is for."""


def choices(case: Case) -> list[dict[str, int]]:
    """All letters different; all equal; the first, which counts samples where there are any, equal to 1; and more."""
    count = len(case.letters)
    return [*case.more] + [
        dict(zip(case.letters, numbers, strict=True))
        for numbers in (range(2, 2 + count), [3] * count, [1, *range(count, 1, -1)])
    ]


def truth(case: Case, inputs: dict[str, Any], g: Any) -> dict[str, Any]:
    return torch_gradients(case.reference or case.layer, inputs, g)


@cache
def precise_truth(forward: Any, sizes: tuple[tuple[str, int], ...], wrt: str) -> Any:
    """The gradient by fine differences; cases that share a forward share it."""
    case = next(case for case in RIGHT_ONES if case.forward is forward)
    inputs = draw(case, dict(sizes))
    return differences(case, inputs, upstream(evaluate(case, inputs)), wrt)


def worst(got: Any, expected: Any) -> float:
    """The largest difference; infinite if the shape is wrong or an entry is no number."""
    if np.shape(got) != np.shape(expected):
        return float("inf")
    found = float(np.max(np.abs(np.asarray(got) - expected), initial=0))
    return found if np.isfinite(found) else float("inf")


def test_the_set_is_as_large_as_it_should_be():
    found = cases()
    assert len(found) >= 80
    assert len({case.name for case in found}) == len(found)
    assert len({case.layer for case in found}) >= 15
    assert min(len(RIGHT_ONES), len(WRONG_ONES)) >= 0.45 * len(found)
    assert all((case.witness is not None) == (case.label == WRONG) for case in found)
    assert all(case.witness.by > 0 for case in WRONG_ONES)
    assert min(Counter(case.layer for case in RIGHT_ONES).values()) >= 3


@pytest.mark.parametrize("case", cases(), ids=by_name)
def test_the_forward_is_the_layer_that_it_says(case):
    for sizes in choices(case):
        inputs = draw(case, sizes)
        tensors = {name: torch.tensor(x) for name, x in inputs.items()}
        expected = REFERENCES[case.reference or case.layer](*tensors.values()).numpy()
        np.testing.assert_allclose(evaluate(case, inputs), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("case", [case for case in cases() if set(case.wrt) - set(case.wrong)], ids=by_name)
def test_what_is_right_agrees_with_pytorch(case):
    """All of a right one, and of a wrong one what is not said to be wrong, far from 0 and for large upstreams too."""
    for sizes in choices(case):
        for seed, scale in enumerate((1, 3, 0.001)):
            inputs = draw(case, sizes, seed, scale)
            g = np.multiply(upstream(evaluate(case, inputs), seed), 1 + 4 * seed)
            got, expected = gradients(case, inputs, g), truth(case, inputs, g)
            for name in set(case.wrt) - set(case.wrong):
                size = max(1, np.max(np.abs(expected[name])))
                assert got[name].shape == expected[name].shape
                np.testing.assert_allclose(got[name], expected[name], rtol=1e-9, atol=1e-9 * size)


@pytest.mark.thorough
@pytest.mark.parametrize("case", RIGHT_ONES, ids=by_name)
def test_a_right_one_is_right_in_fifty_digits(case):
    found = []
    for sizes in choices(case):
        inputs = draw(case, sizes)
        got = precise_gradients(case, inputs, upstream(evaluate(case, inputs)))
        for name in case.wrt:
            expected = precise_truth(case.forward, tuple(sizes.items()), name)
            assert np.asarray(got[name]).dtype == object
            found.append(worst(got[name], expected) / max(1, float(np.max(np.abs(expected)))))
    assert max(found) < (1e-14 if case.rounded else 1e-30)
    assert max(found) > 1e-30 or not case.rounded


@pytest.mark.parametrize("case", WRONG_ONES, ids=by_name)
def test_a_wrong_one_differs_at_its_witness(case):
    witness = case.witness
    inputs = draw(case, witness.sizes, witness.seed, witness.scale, witness.arrays)
    value = evaluate(case, inputs)
    g = upstream(value, witness.seed) if witness.upstream is None else np.full(np.shape(value), witness.upstream)
    with np.errstate(all="ignore"):
        # Some give no number.
        found, expected = gradients(case, inputs, g), truth(case, inputs, g)
    for name in case.wrong:
        got, by = found[name], witness.by if name == witness.wrt else ALSO
        if witness.kink is not None:
            direction = np.reshape(witness.kink, np.shape(got))
            ahead, behind = map(float, one_sided(case, inputs, g, name, direction))
            along = float(np.sum(got * direction))
            assert max(behind - along, along - ahead) >= by
            continue
        precise = differences(case, inputs, g, name).astype(float)
        np.testing.assert_allclose(precise, expected[name], rtol=1e-5, atol=1e-12)
        assert worst(got, precise) >= by, name


@pytest.mark.parametrize("case", [case for case in RIGHT_ONES if case.layer in KINKS], ids=by_name)
def test_at_a_kink_a_right_one_gives_a_subgradient(case):
    """All of these layers are convex in each entry: along any direction a subgradient lies between the two slopes."""
    sizes = dict.fromkeys(case.letters, 1)
    inputs = draw(case, sizes, given={"X": np.zeros(KINKS[case.layer])})
    got = gradients(case, inputs, np.ones(np.shape(evaluate(case, inputs))))["X"]
    for direction in np.random.default_rng(0).normal(size=(20, *got.shape)):
        ahead, behind = map(float, one_sided(case, inputs, 1.0, "X", direction))
        assert behind - 1e-12 <= np.sum(got * direction) <= ahead + 1e-12
