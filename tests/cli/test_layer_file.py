"""`derive layer FILE:FUNCTION`: a layer in somebody's own file."""

from __future__ import annotations

import sys

import pytest

FILE = '''"""Some layers."""
import numpy as np

import derive


def swish(X: "N D", beta: ""):
    """Y = X * sigmoid(beta * X)."""
    return X / (1 + np.exp(-beta * X))


def plain(X, w, eps=1e-5):
    return X @ w + eps


@derive.layer(defaults="N=3")
def decorated(X: "N D"):
    return np.tanh(X)


def wrong(X: "N D", W: "D M"):
    Z = 2 * X
    return W @ Z


def unknown(X: "N D"):
    return X + missing


def unfit(X: "N D"):
    return np.median(X)


print("printed on import")
'''


@pytest.fixture
def mine(here):
    (here / "folder").mkdir()
    path = here / "folder" / "mine.py"
    path.write_text(FILE)
    return path


def test_a_plain_function_with_shapes_beside_its_arguments(command, mine):
    shown = command("layer", "folder/mine.py:swish", "--n", 2, "--formula", "--wrt", "X")
    assert shown.code == 0, shown.stderr
    assert shown.stdout.startswith("dX = ")
    assert "printed on import" in shown.stderr


def test_shapes_that_are_missing_come_from_the_command_line(command, mine):
    shown = command("layer", f"{mine}:plain", "--shape", "X=N,D", "--shape", "w=D", "--formula")
    assert shown.stdout == "dX = outer(G, w)\ndw = X.T @ G\n"
    shown = command("layer", f"{mine}:plain", "--formula")
    assert shown.code == 1
    assert 'mine.py:plain: argument X has no shape; write it as its annotation, X: "N D"' in shown.stderr
    assert "or add --shape X=N,D" in shown.stderr


@pytest.mark.usefixtures("small_document")
def test_a_decorated_function_keeps_its_defaults(command, mine):
    assert command("layer", f"{mine}:decorated", "--tex").stdout == "output/decorated-3x2.tex\n"
    assert command("layer", f"{mine}:decorated", "--tex", "--values", "seed:7").stdout == (
        "output/decorated-3x2-seed7.tex\n"
    )
    shown = command("layer", f"{mine}:decorated", "--shape", "X=N", "--tex")
    assert shown.code == 1
    assert "has its shapes from its annotations; leave out --shape" in shown.stderr


def test_nothing_is_left_behind(command, mine, written):
    before = list(sys.path)
    assert command("layer", f"{mine}:decorated", "--formula").code == 0
    assert written() == ["folder/mine.py"]
    assert sys.path == before
    assert "mine" not in sys.modules


def test_the_page_says_how_to_make_it_again(command, mine):
    shown = command("layer", f"{mine}:plain", "--shape", "X=N,D", "--shape", "w=D", "--fragment", "-o", "-")
    assert "derive layer mine.py:plain --shape X=N,D --shape w=D --n 2 --d 3" in shown.stdout.split("\n")[0].replace(
        "{}", ""
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("swosh", "unknown function of mine.py 'swosh', did you mean swish?"),
        ("wrong", "last axis of W is M, first axis of 2 * X is N"),
        ("wrong", "mine.py, line 23: return W @ Z"),
        ("unknown", "name 'missing' is not defined"),
        ("unknown", "mine.py, line 27: return X + missing"),
        ("unfit", "np.median is not supported"),
        ("unfit", "mine.py, line 31: return np.median(X)"),
        ("swish --shape Q=N", "unknown argument of mine.py:swish 'Q'"),
        ("swish --wrt Q", "unknown input of swish 'Q'"),
    ],
)
def test_what_cannot_be_derived_names_file_and_line(command, mine, words, said):
    place, *rest = words.split()
    shown = command("layer", f"{mine}:{place}", *rest, "--formula")
    assert (shown.code, shown.stdout) == (1, "")
    assert said in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "x = 1 / 0\ndef f(X: 'N'): return X",
            "cannot be run: ZeroDivisionError: division by zero\n  other.py, line 1: x = 1 / 0",
        ),
        ("def f(X: 'N': return X", "no Python: "),
        ("def f(X: 'N': return X", "other.py, line 1: def f"),
        ("import sys; sys.exit(0)\ndef f(X: 'N'): return X", "cannot be run: SystemExit: 0"),
        ("import nowhere_at_all\ndef f(X: 'N'): return X", "cannot be run: ModuleNotFoundError"),
        ("f = 3\ndef g(X: 'N'): return X", "unknown function of other.py 'f'; known: g"),
        ("def f(X: 'N'): return X\nf = 3", "unknown function of other.py 'f'"),
        ("def f(X: 'N-1'): return X", "other.py:f: shape of X: expected size letters or numbers"),
        ("def f(X: int): return X", "argument X has no shape"),
        ("def f(*X): return X", "expected plain arguments"),
        ("def f(): return 1", "expected a function of at least one array"),
        ("\0", "no Python"),
    ],
)
def test_a_file_that_cannot_be_used(command, here, content, said):
    (here / "other.py").write_text(content)
    shown = command("layer", "other.py:f", "--formula")
    assert (shown.code, shown.stdout) == (1, "")
    assert said in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "expected FILE:FUNCTION, such as my_layers.py:swish"),
        (["mine.py"], 2, "expected FILE:FUNCTION, such as my_layers.py:swish, got 'mine.py'"),
        (["mine.py:"], 2, "expected FILE:FUNCTION"),
        ([":f"], 2, "expected FILE:FUNCTION"),
        (["none.py:f"], 1, "none.py: cannot be read: No such file or directory"),
        ([".:f"], 1, "cannot be read: Is a directory"),
        (["folder/mine.py:swish", "--q", "3"], 2, "no option --q"),
        (["folder/mine.py:swish", "--n", "x"], 2, "--n: expected a whole number from 1"),
        (["folder/mine.py:swish", "other"], 2, "unexpected 'other'"),
    ],
)
def test_a_wrong_command_line(command, mine, words, code, said):
    shown = command("layer", *words)
    assert (shown.code, shown.stdout) == (code, "")
    assert said in shown.stderr


def test_help_knows_the_function(command, mine):
    shown = command("layer", "--values", "seed:7", f"{mine}:swish", "--help").stdout
    for words in ("Y = X * sigmoid(beta * X).", "X: N D, beta:", "\n  --n ", "\n  --d "):
        assert words in shown
    assert "\n  --n " not in command("layer", "--help").stdout


def test_help_runs_nothing(process, mine):
    program = (
        "import sys\n"
        "from derive.cli.run import run\n"
        "run(sys.argv[1:])\n"
        "print('imported:', *sorted({'sympy', 'numpy', 'derive.api'} & set(sys.modules)))"
    )
    ended = process("-c", program, "layer", f"{mine}:swish", "--help")
    assert "printed on import" not in ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1] == "imported:"
