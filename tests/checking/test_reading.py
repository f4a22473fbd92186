"""What is proved is proved of the code itself: on symbols it computes what it computes on numbers, or nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checking import check_backward
from derive.errors import UserError
from derive.proof.evidence import Strength


def doubled(X: "N D", w: "D"):
    """On arrays of NumPy's own 2 x w, on others 3 x w."""
    return X * w * (2.0 if type(X) is np.ndarray else 3.0)


def tripled_backward(dout, X, w):
    return dout * w * 3.0, (dout * X * 3.0).sum(axis=0)


def half_tripled_backward(dout, X, w):
    return dout * w * 3.0, (dout * X * 5.0).sum(axis=0)


def test_a_forward_that_is_another_on_symbols_proves_nothing():
    with pytest.raises(UserError, match="run on symbols, forward has another output than on numbers, N=2, D=3"):
        check_backward(tripled_backward, doubled)


def test_beside_what_is_wrong_nothing_is_proved_of_it_either():
    found = {v.name: (v.strength, v.reason) for v in check_backward(half_tripled_backward, doubled).gradients}
    assert found["w"][0] is Strength.REFUTED
    assert found["X"][0] is Strength.CHECKED_AT_POINTS
    assert "run on symbols, forward has another output than on numbers" in found["X"][1]


def test_what_is_rounded_is_no_other_output():
    """Entries of 32 bits are off by a share of 6e-8."""

    def rounded(X: "N D"):
        return np.tanh(X) * float(np.float32(0.1))

    def rounded_backward(dout, X):
        return dout * (1 - np.tanh(X) ** 2) * float(np.float32(0.1))

    (verdict,) = check_backward(rounded_backward, rounded).gradients
    assert verdict.strength is Strength.PROVED_FOR_ALL_SIZES
