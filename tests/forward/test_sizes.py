"""A size is a letter until somebody chooses a number, and takes part in arithmetic as that number will."""

import numpy as np
import pytest

import derive
from derive.forward.matrix import read
from derive.proof.evaluate import evaluate

SIZES = {"N": 2, "D": 3}
BODIES = [
    "1 / X.shape[0] * X",
    "X / X.shape[0]",
    "X.shape[0] * X",
    "X.shape[0] + X",
    "X.shape[0] - X",
    "X.shape[0] / X",
    "0.5 / X.shape[0] * X",
    "(0.25 - X.shape[0]) * X",
    "(1.5 * X.shape[0]) + X",
    "X * (X.shape[0] / X.shape[1])",
    "X.shape[0] ** 2 * X - X.shape[1]",
    "X.sum(axis=0) / X.shape[0] - 1 / (X.shape[1] - 1)",
    "-X.shape[0] * np.tanh(X) + 0.1",
    "np.float64(0.5) * X * X.shape[1]",
    "X ** 2 * 3 / 4 - 7",
]


@pytest.mark.parametrize("body", BODIES)
def test_sizes_and_numbers_on_either_side_mean_what_they_mean_to_numpy(body):
    namespace = {"np": np}
    exec(f"def layer(X: 'N D'):\n    return {body}", namespace)
    traced = derive.layer()(namespace["layer"])
    X = np.random.default_rng(0).uniform(1, 2, (2, 3))
    expected = namespace["layer"](X)
    assert traced.shape(traced.output, SIZES) == expected.shape
    np.testing.assert_allclose(evaluate(read(traced.output), {"X": X}, SIZES), expected, rtol=1e-14)
    assert derive.derive(traced, SIZES).wrt("X").evidence


@pytest.mark.parametrize("number", [1, -2, 0.5, 0.1, 1e-5, 1e300, 2.0**-30, 1 / 3, np.sqrt(2), np.float64(0.3)])
def test_a_number_is_exactly_the_one_that_was_written(number):
    def layer(X: "N"):
        return X * number

    traced = derive.layer()(layer)
    got = evaluate(read(traced.output), {"X": np.ones(2)}, {"N": 2})
    assert list(got) == [number, number]
