"""`derive check FILE:BACKWARD`: the verdicts, the exit codes, and that nothing but the named files is run."""

from __future__ import annotations

import json
import shlex
from importlib.resources import files

import pytest

FILE = '''"""A layer."""
import numpy as np

print("printed on import")


def forward(X: "N D", W: "D M", b: "M"):
    return X @ W + b, (X, W)


def backward(dout, cache):
    X, W = cache
    return dout @ W.T, X.T @ dout, dout.sum(axis=0)


def wrong(dout, cache):
    X, W = cache
    return dout @ W.T, X.T @ dout, dout[0]


def unproved(dout, cache):
    X, W = cache
    np.argsort(dout.ravel())
    return dout @ W.T, X.T @ dout, dout.sum(axis=0)


def fails(dout, cache):
    raise RuntimeError("not yet")


def bare(X, s):
    return X * s


def bare_backward(dout, X, s):
    return dout * s, (dout * X).sum(axis=0)


class Scale:
    def __init__(self, s: "D"):
        self.s = s

    def forward(self, X: "N D"):
        self.X = X
        return X * self.s

    def backward(self, dout):
        self.ds = (dout * self.X).sum(0)
        return dout * self.s


def sigmoid_backward(dout, out):
    return dout * out * (1 - out)
'''


@pytest.fixture
def mine(here):
    path = here / "mine.py"
    path.write_text(FILE)
    return path


def test_what_is_right_is_proved(command, mine):
    shown = command("check", "mine.py:backward", "--forward", "mine.py:forward")
    assert shown.code == 0, shown.stderr
    assert shown.stdout.splitlines() == [
        "mine.backward against forward",
        "  dX  proved for all sizes",
        "  dW  proved for all sizes",
        "  db  proved for all sizes",
    ]
    assert shown.stderr == "printed on import\n"


def test_what_is_wrong_is_exit_code_4_with_numbers(command, mine):
    shown = command("check", "mine.py:wrong", "--forward", "mine.py:forward", "--n", 3)
    assert shown.code == 4
    assert "db  refuted" in shown.stdout
    assert "db = sum of dout over the batch" in shown.stdout
    assert "got [0], expected [1]" in shown.stdout
    assert "derive check mine.py:wrong --forward mine.py:forward" in shown.stdout


MORE = """
import derive
import numpy as np


@derive.layer(defaults="N=2 D=3")
def twice(X: "N D"):
    return X * 2


def picked(x, t):
    return x[t].sum(), (x, t)


def picked_backward(cache):
    x, t = cache
    return np.zeros(x.shape)


class Scale:
    def __init__(self, s):
        self.s = s

    def forward(self, X):
        self.X = X
        return X * self.s

    def backward(self, dout):
        self.ds = (dout * self.X).sum(axis=0) if np.ndim(self.s) else (dout * self.X).sum()
        return dout + self.s


def first(dout, X):
    return 3 * dout, "more"
"""

TORCH = """
import torch


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X):
        ctx.save_for_backward(X)
        return X * X

    @staticmethod
    def backward(ctx, dY):
        (X,) = ctx.saved_tensors
        return X * dY


class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.W = torch.nn.Parameter(torch.ones(3, 4))

    def forward(self, X: "N 3"):
        self.X = X
        return X @ self.W

    def backward(self, dY):
        self.dW = self.X.T @ dY
        return 2 * dY @ self.W.T


def backward(dout, X):
    return X * dout
"""


@pytest.mark.parametrize(
    "words",
    [
        ("more.py:first", "--against", "relu", "--returns", "dX,_"),
        ("more.py:first", "--forward", "more.py:twice", "--returns", "dX,_"),
        ("more.py:picked_backward", "--forward", "more.py:picked", "--shape", "x=V", "--shape", "t=N in V"),
        ("more.py:Scale", "--shape", "X=(N, D)", "--shape", "s=scalar"),
        ("more.py:Scale.backward", "--shape", "X=N D", "--shape", "s=D"),
        ("more of it.py:first", "--forward", "more of it.py:twice", "--returns", "dX,_"),
        ("layers.py:Square", "--shape", "X=N,D"),
        ("layers.py:Linear",),
        ("layers.py:Square.backward", "--shape", "X=N,D"),
        ("layers.py:Linear", "--shape", "W=3,M"),
        ("layers.py:backward", "--forward", "layers.py:Square", "--shape", "X=N,D"),
    ],
    ids=" ".join,
)
def test_what_reproduces_it_can_be_run(command, here, words):
    if words[0].startswith("layers.py"):
        pytest.importorskip("torch")
    (here / "more.py").write_text(MORE)
    (here / "more of it.py").write_text(MORE)
    (here / "layers.py").write_text(TORCH)
    shown = command("check", *words)
    assert shown.code == 4, shown.stderr
    line = next(line for line in shown.stdout.splitlines() if "reproduce" in line)
    again = command(*shlex.split(line.split("derive ")[1]))
    assert again.code == 4, again.stderr
    assert line in again.stdout.splitlines()


def test_a_proof_can_be_required(command, mine):
    words = ("check", "mine.py:unproved", "--forward", "mine.py:forward")
    assert command(*words).code == 0
    shown = command(*words, "--require", "proved")
    assert shown.code == 4
    assert "argsort" in shown.stdout


def test_shapes_on_the_command_line(command, mine):
    words = ("check", "mine.py:bare_backward", "--forward", "mine.py:bare", "--shape", "X=N,D", "--shape", "s=D")
    assert command(*words, "--d", 5).code == 0


def test_a_class_and_a_layer_of_the_catalogue(command, mine):
    assert command("check", "mine.py:Scale").code == 0
    assert command("check", "mine.py:Scale.backward").code == 0
    assert command("check", "mine.py:sigmoid_backward", "--against", "sigmoid").code == 0


def test_forward_is_compared_with_the_layer_that_it_is_taken_for(command, mine):
    words = ("check", "mine.py:backward", "--forward", "mine.py:forward", "--against")
    assert "  forward: proved for all sizes" in command(*words, "affine").stdout.splitlines()
    shown = command(*words, "bilinear")
    assert shown.code == 1
    assert "expected the arguments of bilinear" in shown.stderr


def test_json_follows_its_schema(command, mine):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(files("derive.checking").joinpath("schema/check-1.json").read_text())
    for name in ("backward", "wrong"):
        shown = command("check", f"mine.py:{name}", "--forward", "mine.py:forward", "--json")
        found = json.loads(shown.stdout)
        jsonschema.validate(found, schema)
        assert [item["name"] for item in found["gradients"]] == ["X", "W", "b"]
        assert found["ok"] is (name == "backward") is (shown.code == 0)


TARGETS = """
import numpy as np


def forward(Z: "N K", T: "N K"):
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    return -(T * np.log(P)).sum() / Z.shape[0], (P, T)


def backward(dL, cache):
    P, T = cache
    return dL * (P - T) / P.shape[0]


def wrong(dL, cache):
    P, T = cache
    return dL * (P - 2 * T) / P.shape[0]
"""


def test_what_holds_of_the_inputs_can_be_assumed(command, here):
    (here / "targets.py").write_text(TARGETS)
    words = ("--forward", "targets.py:forward", "--returns", "dZ")
    told = command("check", "targets.py:backward", *words)
    assert told.code == 4 and 'right only where the rows of T sum to 1: --assume "T rows sum to 1"' in told.stdout
    shown = command("check", "targets.py:backward", *words, "--assume", "T rows sum to 1", "--assume", "T >= 0")
    assert shown.code == 0, shown.stderr
    assert shown.stdout.splitlines() == [
        "targets.backward against forward",
        "  where the rows of T sum to 1, T >= 0",
        "  dZ  proved for all sizes",
    ]
    wrong = command("check", "targets.py:wrong", *words, "--assume", "T rows sum to 1")
    assert wrong.code == 4 and "--assume 'T rows sum to 1' --returns dZ" in wrong.stdout
    refused = command("check", "targets.py:wrong", *words, "--assume", "Y rows sum to 1")
    assert refused.code == 1 and "unknown input of forward to assume something of 'Y'; known: Z, T" in refused.stderr


def test_json_has_what_is_assumed(command, here):
    jsonschema = pytest.importorskip("jsonschema")
    (here / "targets.py").write_text(TARGETS)
    words = ("--forward", "targets.py:forward", "--returns", "dZ", "--assume", "T rows sum to 1", "--json")
    found = json.loads(command("check", "targets.py:backward", *words).stdout)
    jsonschema.validate(found, json.loads(files("derive.checking").joinpath("schema/check-1.json").read_text()))
    assert found["ok"] and [item["text"] for item in found["assumptions"]] == ["T rows sum to 1"]


def test_code_that_raises_is_exit_code_1_with_its_line(command, mine):
    shown = command("check", "mine.py:fails", "--forward", "mine.py:forward")
    assert shown.code == 1
    line = FILE.splitlines().index('    raise RuntimeError("not yet")') + 1
    assert f"RuntimeError: not yet (line {line} of mine.py)" in shown.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (
            ("mine.py:backward", "--forward", "mine.py:forward", "--size", "N=2", "--size", "N=3"),
            *(2, "--size: the size N is given twice, as 2 and as 3"),
        ),
        (("mine.py",), 2, "expected FILE:FUNCTION"),
        ((), 2, "expected FILE:BACKWARD"),
        (("mine.py:backward",), 2, "expected --forward FILE:FORWARD, or --against LAYER"),
        (("mine.py:backwards", "--forward", "mine.py:forward"), 1, "did you mean backward"),
        (("none.py:backward", "--against", "affine"), 1, "no such file"),
        (("mine.py:backward", "--against", "affin"), 1, "did you mean affine"),
        (("mine.py:backward", "--forward", "mine.py:forward", "--n", "0"), 2, "--n: expected a whole number"),
        (("mine.py:backward", "--forward", "mine.py:forward", "--require", "all"), 2, "expected checked or proved"),
        (("mine.py:bare_backward", "--forward", "mine.py:bare"), 1, "argument X has no shape"),
    ],
)
def test_what_is_wrong_with_a_command_line_is_said(command, mine, words, code, told):
    shown = command("check", *words)
    assert (shown.code, shown.stdout) == (code, "")
    assert told in shown.stderr


def test_only_the_named_file_is_run(command, mine, here):
    (here / "other.py").write_text("raise SystemExit('run')\n")
    (here / "numpy.py").write_text("raise SystemExit('run')\n")
    assert command("check", "mine.py:backward", "--forward", "mine.py:forward").code == 0


def test_a_function_of_pytorchs(command, here):
    pytest.importorskip("torch")
    (here / "layers.py").write_text(
        "import torch\n\n\n"
        "class Square(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, X: 'N D'):\n"
        "        ctx.save_for_backward(X)\n"
        "        return torch.pow(X, 2)\n\n"
        "    @staticmethod\n"
        "    def backward(ctx, dY):\n"
        "        (X,) = ctx.saved_tensors\n"
        "        return 2 * X * dY\n"
    )
    shown = command("check", "layers.py:Square", "--n", 2)
    assert shown.code == 0, shown.stderr
    assert shown.stdout.splitlines() == ["layers.Square.backward against Square", "  dX  proved for all sizes"]
