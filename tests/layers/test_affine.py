"""What is said of the affine layer alone: why it is not linear, and what it is instead."""

import numpy as np

import derive
from derive.render.text import render_text

RANDOM = np.random.default_rng(0)
W, b = RANDOM.normal(size=(3, 2)), RANDOM.normal(size=2)
x, z, c = RANDOM.normal(size=3), RANDOM.normal(size=3), 0.3


def f(sample):
    return W.T @ sample + b


SAID = {
    "f(x) = Wᵀ x + b": (f(x), (x[None] @ W + b)[0]),
    "f(0) = b": (f(np.zeros(3)), b),
    "f(x + z) = f(x) + f(z) − b": (f(x + z), f(x) + f(z) - b),
    "f(c x) = c · f(x) + (1 − c) b": (f(c * x), c * f(x) + (1 - c) * b),
    "f(c x + (1 − c) z) = c · f(x) + (1 − c) · f(z)": (f(c * x + (1 - c) * z), c * f(x) + (1 - c) * f(z)),
}


def test_what_is_said_about_affine_maps_is_printed_and_true():
    text = " ".join(render_text(derive.derive("affine", sections="layer").document(), width=100).split())
    for formula, (left, right) in SAID.items():
        assert formula in text
        np.testing.assert_allclose(left, right)


def test_with_a_bias_the_map_is_not_linear_and_without_it_is():
    assert not np.allclose(f(x + z), f(x) + f(z))
    np.testing.assert_allclose(f(x + z) - b, (f(x) - b) + (f(z) - b))


def test_a_one_at_the_end_of_every_sample_makes_the_bias_a_row_of_weights():
    X = RANDOM.normal(size=(4, 3))
    longer = np.block([[X, np.ones((4, 1))]]) @ np.block([[W], [b[None]]])
    np.testing.assert_allclose(longer, X @ W + b)
