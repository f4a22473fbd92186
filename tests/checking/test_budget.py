"""A limit of time interrupts what never looks at it, and is not lost on the way."""

from __future__ import annotations

import sys
import weakref

import pytest

from derive.checking.budget import Budget, OutOfTimeError


class Thing:
    pass


def throw_away_for_ever():
    kept = weakref.WeakValueDictionary()
    while True:
        kept[0] = Thing()


def test_no_interruption_is_lost_while_dead_references_are_cleared_away(monkeypatch):
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    for _ in range(20):
        with pytest.raises(OutOfTimeError), Budget(0.01).interrupting():
            throw_away_for_ever()
    assert lost == []
