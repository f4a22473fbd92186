"""Sizes in a trace for all sizes: what holds for all is answered, what does not is refused and remembered."""

from __future__ import annotations

import pytest

from derive.checking.arrays.measure import Measure, lengths
from derive.errors import UnsupportedError
from derive.forward.proviso import is_at_least, provisos
from derive.forward.shape import size


def measure(text):
    return Measure(size(text))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda N, D: N > 0, True),
        (lambda N, D: N >= 1, True),
        (lambda N, D: N < 1, False),
        (lambda N, D: N == 0, False),
        (lambda N, D: N != 0, True),
        (lambda N, D: N == N + 0, True),
        (lambda N, D: N * D + D > D, True),
        (lambda N, D: (N, D) == (N, D), True),
        (lambda N, D: max(N, 1) is N, True),
        (lambda N, D: bool(N), True),
        (lambda N, D: (2 * N) // 2 == N, True),
        (lambda N, D: (2 * N) % 2 == 0, True),
        (lambda N, D: N * D / D == N, True),
        (lambda N, D: N is None or N == "N", False),
    ],
)
def test_what_holds_for_all_sizes_is_answered(answer, expected):
    with provisos() as found:
        assert answer(measure("N"), measure("D")) is expected
    assert not found


@pytest.mark.parametrize(
    "question",
    [
        lambda N, D: N > 3,
        lambda N, D: N == 1,
        lambda N, D: N <= 1,
        lambda N, D: bool(N - 1),
        lambda N, D: N == D,
        lambda N, D: (N, D) == (D, N),
        lambda N, D: N in (1, 2),
        lambda N, D: {1: "one"}.get(N),
        lambda N, D: min(N, 4),
        lambda N, D: N % 2,
        lambda N, D: N // 2,
        lambda N, D: int(N),
        lambda N, D: list(range(N)),
        lambda N, D: float(N),
        lambda N, D: round(N / 2),
        lambda N, D: N**0.5 > 2,
    ],
)
def test_what_depends_on_the_sizes_is_refused_and_remembered(question):
    with provisos() as found, pytest.raises(UnsupportedError, match="which depends on the sizes"):
        question(measure("N"), measure("D"))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "least"), [("N", 1), ("N+D", 2), ("N*D-N", 0), ("2*N-1", 1), ("N*D*M-N*D", 0), ("3", 3)]
)
def test_a_bound_that_holds_whatever_the_letters_are(text, least):
    assert is_at_least(size(text), least)


@pytest.mark.parametrize(("text", "least"), [("N", 2), ("N-1", 1), ("N-D", 0), ("2*N-D", 1), ("3", 4)])
def test_a_bound_that_some_letters_break(text, least):
    assert not is_at_least(size(text), least)


def test_text_is_no_size_and_is_not_evaluated():
    with pytest.raises(UnsupportedError, match="a size of type str is not supported; give whole numbers"):
        lengths((2, "print('evaluated')"))
    assert lengths((2, measure("N"))) == (2, size("N"))
