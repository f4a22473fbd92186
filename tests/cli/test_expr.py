"""`derive expr`: an expression and its shapes on the command line."""

from __future__ import annotations

import hashlib
import io
import shlex
import time

import pytest

import derive

MSE = ["expr", "sum((X @ W - Y)**2) / N", "--shape", "X=N,D", "--shape", "W=D,M", "--shape", "Y=N,M"]


def test_the_formulas_are_those_of_the_python_call(command):
    shown = command(*MSE, "--n", 3, "--formula")
    assert (shown.code, shown.stderr) == (0, "")
    found = derive.derive(MSE[1], shapes={"X": "N D", "W": "D M", "Y": "N M"}, n=3)
    assert shown.stdout == "".join(f"d{name} = {found.wrt(name).formula}\n" for name in "XWY")


def test_the_output_of_a_matrix_expression_has_an_upstream_gradient(command):
    assert command("expr", "X @ W", "--shape", "X=N,D", "--shape", "W=D,M", "--formula").stdout == (
        "dX = G @ W.T\ndW = X.T @ G\n"
    )


@pytest.mark.usefixtures("small_document")
def test_files_are_called_by_a_digest_of_the_normal_form(command):
    words = "expr X @ W --shape X=N,D --shape W=D,M"
    digest = hashlib.sha256(words.encode()).hexdigest()[:8]
    first = command("expr", "X@W", "--shape", "X=(N, D)", "--shape", "W=D M", "--tex")
    assert first.stdout == f"output/expr-{digest}-2x3x4.tex\n"
    assert command("expr", " X  @ W ", "--shape", "X=N,D", "--shape=W=D,M", "--tex", "--m", 5).stdout == (
        f"output/expr-{digest}-2x3x5.tex\n"
    )
    other = command("expr", "X @ W", "--shape", "X=N,D", "--shape", "W=D,N", "--tex").stdout
    assert digest not in other
    assert command("expr", "X @ W", "--shape", "X=N,D", "--shape", "W=D,M", "--tex", "--name", "mine").stdout == (
        "output/mine.tex\n"
    )


@pytest.mark.parametrize(
    ("words", "sizes"),
    [("", "2x3x4"), ("--n 7", "7x3x4"), ("--size M=6 --d 5", "2x5x6"), ("--size n=9", "9x3x4")],
)
@pytest.mark.usefixtures("small_document")
def test_sizes_are_options_of_the_letters_in_the_shapes(command, words, sizes):
    [path] = command(*MSE, *words.split(), "--tex").paths
    assert path.name.endswith(f"-{sizes}.tex")


def test_the_command_of_the_object_makes_it_again(command):
    shapes = {"X": "N n", "w": "n", "c": "", "size": "tex"}
    found = derive.derive("S = X @ w\nsum(S*c) + size.sum()", {"N": 3}, shapes=shapes, depth="brief", wrt="w,c")
    assert found.command == (
        "derive expr 'S = X @ w; sum(S * c) + size.sum()' --shape X=N,n --shape w=n --shape c= --shape size=tex "
        "--size N=3 --size n=3 --size tex=4 --wrt w,c --depth brief"
    )
    _, *words = shlex.split(found.command)
    shown = command(*words, "--formula")
    assert shown.stdout == "".join(f"d{name} = {found.wrt(name).formula}\n" for name in ("w", "c"))


def test_intermediate_values_and_statements_say_the_same(command, here, monkeypatch):
    shapes = ["--shape", "X=N,D", "--shape", "W=D,M", "--formula"]
    expected = command("expr", "Z = X @ W; sum(tanh(Z)**2)", *shapes)
    assert expected.code == 0
    assert command("expr", "sum(S**2)", "--let", "Z = X @ W", "--let", "S = tanh(Z)", *shapes).code == 0
    (here / "loss.txt").write_text("# a loss\nZ = X @ W\nreturn sum(tanh(Z)**2)\n")
    assert command("expr", "--file", "loss.txt", *shapes).stdout == expected.stdout
    for words in (["-"], ["--file", "-"]):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((here / "loss.txt").read_bytes())))
        assert command("expr", *words, *shapes).stdout == expected.stdout


@pytest.mark.parametrize("text", ["-X", "-X * 2", "-(X + X)", "-2*X", "-o * X", "-.5*X"])
def test_an_expression_may_begin_with_a_minus(command, text):
    used = ["--shape", "X=N"] + (["--shape", "o=N"] if "o" in text else [])
    for words in ([text, *used], [*used, "--formula", text]):
        shown = command("expr", *words, "--formula")
        assert (shown.code, shown.stdout[:5]) == (0, "dX = "), shown.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["X", "--shape", "X"], "--shape: expected a name and its shape such as X=N,D, got 'X'"),
        (["X", "--shape", "=N"], "--shape: expected a name and its shape"),
        (["X", "--shape", "X=N,0"], "--shape: shape of X: expected size letters or numbers"),
        (
            ["X @ Y", "--shape", "X=N,D", "--shape", "Y=D", "--shape", "X=N,M"],
            "'X' has two shapes, 'N,D' in the first --shape and 'N,M' in the third",
        ),
        (["X", "--shape", "X=N", "--let", "S"], '--let: expected a name and its value such as "S = softmax(X @ W)"'),
        (["X", "--shape", "X=N", "--let", "S=X", "--let", "S=X"], "--let: 'S' is given twice"),
        (["X", "--shape", "X=N", "--shap", "Y=N"], "no option --shap, did you mean --shape?"),
        (["X", "--shape", "X=N", "--m", "3"], "no option --m"),
        (["X", "--shape", "X=N", "--n", "0"], "--n: expected a whole number from 1"),
        (["X", "Y", "--shape", "X=N"], "unexpected 'Y'"),
        (["--shape", "X=N"], 'expected one expression, "X @ W + b", or --file FILE'),
        (["X", "--file", "a", "--shape", "X=N"], "expected one expression"),
    ],
)
def test_a_wrong_command_line_is_exit_2(command, words, said):
    shown = command("expr", *words)
    assert (shown.code, shown.stdout) == (2, "")
    assert said in shown.stderr
    assert "Try 'derive expr --help'." in shown.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["X @ X", "--shape", "X=N,D"], "last axis of X is D, first axis of X is N"),
        (
            ["X / K", "--shape", "X=N"],
            "K is neither an array nor a size; if it is an array, add its shape, --shape K=N,D",
        ),
        (["X + Y", "--shape", "X=N"], "Y is neither an array nor a size; if it is an array"),
        (["X", "--shape", "X=N", "--shape", "Y=N"], "Y has a shape and does not occur in X"),
        (["sotfmax(X)", "--shape", "X=N"], "unknown function 'sotfmax', did you mean softmax?"),
        (["X", "--shape", "X=N", "--wrt", "Y"], "unknown input of expr 'Y'"),
        (["X", "--shape", "X=N", "--let", "S=X @"], "cannot be read"),
        (["trace(X)", "--shape", "X=N,D"], "expected a vector or a square matrix"),
        (["__import__('os')", "--shape", "X=N"], "unknown function '__import__'"),
        (["--file", "nothing", "--shape", "X=N"], "--file: 'nothing' cannot be read: No such file or directory"),
        (["--file", ".", "--shape", "X=N"], "--file: '.' cannot be read: Is a directory"),
        (["X + " * 20_000 + "X", "--shape", "X=N"], "expected at most 20000 characters"),
    ],
)
def test_what_cannot_be_derived_is_exit_1_and_leaves_nothing(command, written, words, said):
    started = time.perf_counter()
    shown = command("expr", *words, "--tex")
    assert time.perf_counter() - started < 2
    assert (shown.code, shown.stdout, written()) == (1, "", [])
    assert said in shown.stderr


def test_a_file_that_is_no_text_is_refused(command, here):
    (here / "binary").write_bytes(b"\xff\xfe\x00")
    (here / "large").write_bytes(b"X + " * 1_000_000)
    for name, said in (("binary", "expected text in UTF-8"), ("large", "expected at most 20000 characters")):
        shown = command("expr", "--file", name, "--shape", "X=N")
        assert shown.code == 1
        assert said in shown.stderr


def test_a_broadcast_that_was_perhaps_not_meant_is_a_note(command):
    words = ["expr", "c - y", "--shape", "c=N,1", "--shape", "y=N", "--formula"]
    shown = command(*words)
    assert shown.code == 0
    assert shown.stderr.startswith("derive: warning: expr: c - y: NumPy stretches shapes (N, 1) and (N,) to (N, N)")
    assert command(*words, "--quiet").stderr == ""


def test_help_knows_the_sizes_of_the_shapes(command):
    plain = command("expr", "--help").stdout
    assert "TEXT" in plain and "--shape" in plain and "--let" in plain and "\n  --n " not in plain
    sized = command("expr", "--shape", "X=N,D", "--help").stdout
    assert "\n  --n " in sized and "\n  --d " in sized
    assert "expr" in command("--help").stdout


def test_the_title_is_the_expression(command):
    shown = command(*MSE, "--depth", "brief", "--tex", "-o", "-")
    assert "Gradients of sum((X @ W - Y)**2) / N" in shown.stdout
    long = command(
        "expr", "X + " * 20 + "W", "--shape", "X=N", "--shape", "W=N", "--depth", "brief", "--tex", "-o", "-"
    )
    assert "Gradients of an expression in X, W" in long.stdout


@pytest.mark.parametrize("words", ["expr --help", "expr X --shape X=N --n 0", "expr X --shape X"])
def test_nothing_heavy_is_imported_to_say_little(process, words):
    program = (
        "import sys\n"
        "from derive.cli.run import run\n"
        "run(sys.argv[1:])\n"
        "print('imported:', *sorted({'sympy', 'numpy', 'derive.api'} & set(sys.modules)))"
    )
    ended = process("-c", program, *words.split())
    assert ended.stdout.splitlines()[-1] == "imported:"
