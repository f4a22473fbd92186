"""Whether formulas for columns are those for rows, transposed; what is too long for algebra is left to differences."""

from __future__ import annotations

import pytest

from derive.forward.transpose import transpose
from derive.networks.network import network
from derive.proof import arrangement
from derive.proof.evidence import Strength
from derive.proof.prove import check_sizes
from derive.rules.naming import formula


def compared(text: str, wrt: str):
    layer = transpose(network(text))
    return arrangement.compare(layer, wrt, formula(layer, wrt).node, check_sizes(layer))


def test_entries_of_a_thousand_terms_are_not_compared(monkeypatch):
    # An entry of the gradient of X has 9120 terms on one side, 15360 on the other, and algebra does not decide any.
    monkeypatch.setattr(arrangement, "are_equal", lambda *sides: pytest.fail("compared"))
    assert compared("square > rnn_cell > attention(mask=given) > huber", "X") is None


def test_short_entries_are_compared():
    found = compared("affine(2) > relu > mse", "X")
    assert found.strength in (Strength.PROVED_AT_SIZES, Strength.PROVED_FOR_ALL_SIZES)
