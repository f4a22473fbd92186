"""What a line of code leaves, noted while it runs; what is expected follows from reading the code."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checking.budget import Budget
from derive.checking.lines.recording import Array, Counted, Kept, recording
from derive.checking.matching import subject
from derive.checking.proofs.every_size import traced
from derive.checking.proofs.exactly import branches
from tests.checking import hostile


def forward(X: "N D", W: "D M"):
    return X @ W, (X, W)


def backward(dout, cache):
    X, W = cache
    _N, _D = X.shape
    dX = dout @ W.T
    dX *= 2
    dX /= 2
    if dX is None:
        dX = 0
    return (
        dX,
        X.T @ dout,
    )


def backward_loop(dout, cache):
    X, W = cache
    dW = np.zeros(W.shape)
    for n in range(X.shape[0]):
        dW += np.outer(X[n], dout[n])
    return dout @ W.T, dW


def noted(function, start=0):
    """The lines that were noted, counted from the head of the function, in a run for all sizes."""
    found = subject(function, forward)
    with recording([__file__]) as record:
        traced(found, Budget(5.0))
    first = function.__code__.co_firstlineno
    return {number - first: line for (_, number), line in record.lines.items() if number >= first}, record


def left(line):
    return {one.name: one.value for one in line.left}


def test_every_name_of_an_assignment_gets_its_value():
    lines, _ = noted(backward)
    values = left(lines[1])
    assert [str(values[name].node) for name in ("X", "W")] == ["X", "W"]
    assert left(lines[2]) == {"_N": Counted("N"), "_D": Counted("D")}


def test_what_is_changed_in_place_is_noted_as_it_is_after_the_line():
    lines, _ = noted(backward)
    texts = [str(left(lines[number])["dX"].node) for number in (3, 4, 5)]
    assert texts == ["dout @ W.T", "2 * dout @ W.T", "dout @ W.T"]


def test_a_line_that_is_not_run_leaves_nothing():
    lines, _ = noted(backward)
    assert lines[6].times == 1
    assert 7 not in lines


def test_a_statement_of_several_lines_is_noted_once_where_it_begins():
    lines, _ = noted(backward)
    assert lines[8].times == 1
    returned = [(one.name, one.returned) for one in lines[8].left]
    assert returned == [("dX", True), ("X.T @ dout", True)]
    assert not {9, 10, 11} & lines.keys()


def test_a_tuple_is_noted_by_its_places():
    _, record = noted(backward)
    number = forward.__code__.co_firstlineno + 1
    kept = record.lines[__file__, number].left[1]
    assert isinstance(kept.value, Kept)
    assert kept.value.count == 2
    assert [str(value.node) for _, value in kept.value.items] == ["X", "W"]


def test_a_line_of_a_loop_is_counted_and_noted_as_it_is_the_last_time():
    found = subject(backward_loop, forward)
    with recording([__file__]) as record:
        branch = next(branches(found, {"N": 2, "D": 1, "M": 1}, Budget(5.0)))
    first = backward_loop.__code__.co_firstlineno
    line = record.lines[__file__, first + 4]
    assert line.times == 2
    # By hand: dW = x_1 g_1 + x_2 g_2, and after the first run its first term.
    after = left(line)["dW"]
    assert isinstance(after, Array)
    assert set(str(after.entries[0, 0]).replace(" ", "").split("+")) == {
        "X[0,0]*dout[0,0]",
        "X[1,0]*dout[1,0]",
    }
    before = line.first[0].value
    assert str(before.entries[0, 0]).replace(" ", "") == "X[0,0]*dout[0,0]"
    assert branch.failure == ""


def test_a_call_that_changes_its_argument_is_noted():
    found = subject(hostile.backward_sides, hostile.forward)
    with recording([hostile.__file__]) as record:
        next(branches(found, {"N": 1, "D": 2, "M": 1}, Budget(5.0)))
    changed = [line for line in record.lines.values() if line.left and line.left[0].name == "dW" and line.times == 1]
    texts = {str(line.left[0].value.entries[1, 0]) for line in changed}
    assert "X[0,1]*dout[0,0]" in {text.replace(" ", "") for text in texts}


def test_an_item_under_a_key_is_noted_by_it():
    found = subject(hostile.backward_sides, hostile.forward)
    with recording([hostile.__file__]) as record:
        next(branches(found, {"N": 1, "D": 1, "M": 1}, Budget(5.0)))
    assert any(one.name == "kept['dX']" for line in record.lines.values() for one in line.left)


def test_whoever_watched_before_watches_again():
    import sys

    def watcher(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(watcher)
    try:
        with pytest.raises(ZeroDivisionError), recording([__file__]):
            raise ZeroDivisionError
        assert sys.gettrace() is watcher
    finally:
        sys.settrace(before)
