"""A check can be made again by a command, or no command is given. That commands run is tested in tests/cli."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from derive.checking import check_backward
from derive.layers import load
from derive.testing import GradientMismatch, assert_gradients
from tests.checking.backwards import affine, affine_first_row

SHELL = """
import numpy as np
import torch


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X: "N D"):
        ctx.save_for_backward(X)
        return X * X

    @staticmethod
    def backward(ctx, dY):
        (X,) = ctx.saved_tensors
        return X * dY


class Twice:
    def forward(self, X: "N D"):
        return 2 * X

    def backward(self, dout):
        return 3 * dout


def twice(X: "N D"):
    return 2 * X


def twice_backward(dout, X):
    return 3 * dout
"""


def relu_wrong(dout, X):
    return np.where(X > 0, 2 * dout, 0)


def test_functions_of_files_are_named_by_them():
    words = check_backward(affine_first_row, affine).words
    assert words == ("check", "backwards.py:affine_first_row", "--forward", "backwards.py:affine")
    assert check_backward(relu_wrong, "relu").words == ("check", "test_reproduce.py:relu_wrong", "--against", "relu")


def test_what_has_no_name_in_a_file_is_not_named():
    def inner(dout, X):
        return 2 * dout

    shapes = {"X": "N D"}
    assert check_backward(inner, lambda X: 2 * X, shapes=shapes).words == ()
    assert check_backward(lambda dout, X: 2 * dout, lambda X: 2 * X, shapes=shapes).words == ()


def test_a_variant_of_a_layer_is_not_named_as_the_usual_one():
    usual, variant = load("affine"), load("affine", {"bias": "none"})

    def backward(dout, X, W):
        return dout @ W.T, X.T @ dout

    backward.__qualname__ = "backward"
    assert check_backward(backward, variant).words == ()
    assert check_backward(affine_first_row, affine, against=usual).words[-2:] == ("--against", "affine")


@pytest.mark.parametrize("name", ["__main__", "shell"])
@pytest.mark.parametrize("kind", ["Square", "Twice", "twice_backward"])
def test_what_a_shell_or_a_notebook_has_made_is_checked_without_a_file(monkeypatch, name, kind):
    pytest.importorskip("torch")
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(SHELL, "<stdin>", "exec"), vars(module))
    forward = module.twice if kind == "twice_backward" else None
    with pytest.raises(GradientMismatch) as caught:
        assert_gradients(getattr(module, kind), forward)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{kind}{'.backward' * (forward is None)}: dX is wrong"
    assert not any("reproduce" in line for line in lines)
