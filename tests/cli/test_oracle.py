"""--oracle on the command line."""

from __future__ import annotations

import sys

import pytest


def test_a_missing_pytorch_is_told_in_one_line(command, written, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    shown = command("affine", "--oracle", "torch", "--tex")
    assert (shown.code, shown.stdout, written()) == (1, "", [])
    assert shown.stderr.startswith("derive: --oracle torch: PyTorch cannot be imported")
    assert "install it with pip install 'derive-backprop[torch]'" in shown.stderr
    assert shown.stderr.count("\n") == 1


def test_an_oracle_that_does_not_exist_is_refused(command):
    shown = command("affine", "--oracle", "jax")
    assert (shown.code, shown.stdout) == (2, "")
    assert "--oracle: expected numpy or torch, got 'jax'" in shown.stderr


def test_the_file_says_which_oracle(command):
    pytest.importorskip("torch", reason="PyTorch is not installed: its oracle is not tested here")
    shown = command("affine", "--oracle", "torch", "--depth", "brief", "--tex")
    assert (shown.code, [path.name for path in shown.paths]) == (0, ["affine-2x2x3-brief-torch.tex"])
