"""Where the derivative jumps: a subgradient is a convention, anything else is an error."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checking import check_backward
from derive.proof.evidence import Strength
from tests.checking.backwards import affine, affine_matrices, relu, softmax, softmax_fused
from tests.checking.test_check import pool


def found(backward, forward):
    (verdict,) = check_backward(backward, forward).gradients
    assert verdict.proved is not verdict.kink_is_wrong
    return verdict


@pytest.mark.parametrize(("at_zero", "outside"), [(0.0, False), (0.5, False), (1.0, False), (2.0, True), (-0.5, True)])
def test_relu_at_zero(at_zero, outside):
    def back(dout, X):
        return dout * ((X > 0) + at_zero * (X == 0))

    verdict = found(back, relu)
    assert verdict.kink_is_wrong is outside
    assert verdict.ok is not outside
    assert f"at X = [[0]], dout = [[1]]: got {at_zero:.6g}" in verdict.kink
    assert "[0, 1]" in verdict.kink
    assert (verdict.strength is Strength.REFUTED) is outside
    if outside:
        assert (verdict.found.got, verdict.found.expected) == (f"[[{at_zero:.6g}]]", "an entry in [0, 1]")


def test_two_largest_entries_cannot_both_get_everything():
    def everything(dout, X):
        windows = X.reshape(X.shape[0], -1, 2)
        return ((windows == windows.max(axis=2, keepdims=True)) * dout[:, :, None]).reshape(X.shape)

    def shared(dout, X):
        windows = X.reshape(X.shape[0], -1, 2)
        mask = (windows == windows.max(axis=2, keepdims=True)) * 1.0
        return (mask / mask.sum(axis=2, keepdims=True) * dout[:, :, None]).reshape(X.shape)

    def first(dout, X):
        windows = X.reshape(X.shape[0], -1, 2)
        dR = np.zeros(windows.shape)
        dR[..., 0] = dout * (windows[..., 0] >= windows[..., 1])
        dR[..., 1] = dout * (windows[..., 0] < windows[..., 1])
        return dR.reshape(X.shape)

    assert found(everything, pool).kink_is_wrong
    assert "add up to 2" in found(everything, pool).kink
    for back in (shared, first):
        assert found(back, pool).kink and not found(back, pool).kink_is_wrong


def test_of_two_numbers_at_zero_each_has_its_own_side():
    def forward(x: "N", y: "N"):
        return np.sum(np.abs(x) - np.abs(y))

    def back(x, y):
        return np.where(x >= 0, 1.0, -1.0), np.where(y >= 0, -1.0, 1.0)

    report = check_backward(back, forward)
    assert report.proved
    assert all(verdict.kink for verdict in report.gradients)


def test_a_kink_away_from_small_numbers_is_found():
    def hinge(S: "N", y: "N"):
        return np.mean(np.maximum(0, 2.5 - S * y)), (S, y)

    def back(dL, cache):
        S, y = cache
        on = S * y < 2.5
        return -dL * y * on / S.size, -dL * S * on / S.size

    def doubled(dL, cache):
        S, y = cache
        on = (S * y < 2.5) + 2.0 * (S * y == 2.5)
        return -dL * y * on / S.size, -dL * S * on / S.size

    for verdict in check_backward(back, hinge).gradients:
        assert verdict.proved and "which is in [" in verdict.kink
    for verdict in check_backward(doubled, hinge).gradients:
        assert verdict.kink_is_wrong and verdict.counterexample


def test_what_is_smooth_has_no_kink():
    # The largest entry, which is subtracted against overflow, jumps; softmax does not.
    assert not found(softmax_fused, softmax).kink
    assert not any(verdict.kink for verdict in check_backward(affine_matrices, affine).gradients)
