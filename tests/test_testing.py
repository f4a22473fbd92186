"""assert_gradients and the fixture, as they are used in somebody else's tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import derive.pytest_plugin
from derive.errors import UserError
from derive.testing import GradientMismatch, assert_gradients
from tests.checking.backwards import affine, affine_first_row, affine_matrices

pytest_plugins = ["pytester"]


def test_what_is_right_passes_and_is_reported():
    assert assert_gradients(affine_matrices, affine).proved


def test_what_is_wrong_fails_like_numpys_own():
    with pytest.raises(GradientMismatch) as failure:
        assert_gradients(affine_first_row, affine)
    assert isinstance(failure.value, AssertionError)
    lines = str(failure.value).splitlines()
    assert lines[0] == "backwards.affine_first_row: db is wrong (dX proved, dW proved)"
    assert lines[1] == "  rule       db = sum of dout over the batch    shape (1,)"
    assert lines[2] == (
        "  got        shape (1,), 1 of 1 entries differ; at dout = [[0],[1]]: got [0], expected [1] (worst entry [0])"
    )
    assert lines[3] == "  looks like the sum over the batch axis is missing (dout[0])"
    assert (
        lines[-1]
        .strip()
        .startswith("reproduce  derive check backwards.py:affine_first_row --forward backwards.py:affine")
    )


def test_a_proof_can_be_required():
    import numpy as np

    def back(dout, cache):
        X, W = cache
        np.argsort(dout.ravel())
        return dout @ W.T, X.T @ dout, dout.sum(axis=0)

    assert not assert_gradients(back, affine).proved
    with pytest.raises(GradientMismatch, match="a proof is required"):
        assert_gradients(back, affine, require="proved")


def test_what_is_no_proof_but_a_spelling_mistake_is_refused():
    with pytest.raises(UserError, match="require: expected 'checked' or 'proved', got 'proof'"):
        assert_gradients(affine_matrices, affine, require="proof")


def test_a_report_is_printed_as_the_command_prints_it():
    assert str(assert_gradients(affine_matrices, affine)).splitlines() == [
        "backwards.affine_matrices against affine",
        "  dX  proved for all sizes",
        "  dW  proved for all sizes",
        "  db  proved for all sizes",
    ]


def test_the_traceback_ends_in_the_test_and_not_in_derive(pytester):
    pytester.makepyfile(
        """
        from derive.testing import assert_gradients

        def forward(X: "N D"):
            return X * X

        def test_it():
            assert_gradients(lambda dout, X: dout * X, forward)
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    shown = result.stdout.str()
    assert "GradientMismatch" in shown and "dX is wrong" in shown
    assert "report = check_backward" not in shown


def test_the_traceback_of_what_is_refused_ends_there_too(pytester):
    pytester.makepyfile(
        """
        from derive.testing import assert_gradients

        def test_it():
            assert_gradients(lambda dout, X: dout * X, lambda X: X * X)
        """
    )
    shown = pytester.runpytest_subprocess("--tb=short").stdout.str()
    assert "argument X has no shape" in shown
    assert "matching.py" not in shown and "check_backward" not in shown


def test_the_fixture_comes_with_the_plugin(pytester):
    pytester.makepyfile(
        """
        def forward(X: "N D"):
            return X * X

        def test_it(gradients):
            gradients(lambda dout, X: 2 * dout * X, forward)
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_plugin_imports_nothing_when_it_is_loaded():
    module = ast.parse(Path(derive.pytest_plugin.__file__).read_text())
    assert module.body
    assert not [node for node in module.body if isinstance(node, ast.Import | ast.ImportFrom)]
