"""Text that nobody should have to trust: it is refused quickly, with a line and a caret, and nothing of it is run."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from random import Random

import numpy as np
import pytest

from derive.errors import ExpressionError, ShapeError, UnknownNameError, UnsupportedError, UserError
from derive.forward.parse import parse
from derive.forward.syntax import LONGEST

SHAPES = {"X": "N D"}

REFUSED = {
    # too much
    "(" * 10_000 + "X" + ")" * 10_000: "expected at most 20000 characters",
    "(" * 9_000 + "X" + ")" * 9_000: "more than 50 brackets in each other",
    "[" * 9_000: "more than 50 brackets in each other",
    "sum(" * 60 + "X" + ")" * 60: "more than 50 brackets in each other",
    "-" * 10_000 + "X": "more than 1000 operators",
    "+".join(["X"] * 40_000): "expected at most 20000 characters, got 79999",
    "+".join(["X"] * 9_000): "more than 1000 operators",
    "X" + ".T" * 9_000: "more than 1000 operators",
    "**".join(["X"] * 5_000): "more than 1000 operators",
    "X + " * 250_000 + "X": "expected at most 20000 characters, got 1000001",
    "X" * LONGEST: "a name of 20000 letters; expected at most 60",
    "X * " + "9" * 5_000: "the number .* is too long",
    "X * 1e999999": "the number .* is too long",
    "X * 1e" + "0" * 9_000 + "1": "the number .* is too long",
    "X * 1e400": "the number '1e400' is too long",
    "X * 10**10**10": r"\*\* with an exponent beyond 100",
    "X**1000": r"\*\* with an exponent beyond 100",
    "*".join(["9" * 39] * 400) + " * X": "a number of more than 300 digits",
    "X + ones((1000000000, 1000000000))": "numbers from 1 to 10000",
    "X + (" + ",".join(["1"] * 9_000) + ")": r"\+ with a tuple is not supported",
    # what would be run, if anything were
    "__import__('os').system('touch hacked')": "unknown function '__import__'",
    "eval('X')": "unknown function 'eval'",
    "exec('X')": "unknown function 'exec'",
    "open('/etc/passwd')": "unknown function 'open'",
    "getattr(X, 'T')": "unknown function 'getattr'",
    "X.__class__": r"\.__class__ is not supported; known: \.T",
    "().__class__.__bases__[0].__subclasses__()": r"\.__class__",
    "X.T.laid": r"\.laid is not supported",
    "X.apply('exp')": r"\.apply\(\) is not supported; methods: ",
    "np.load('x.npy')": "unknown function 'load'",
    "np.linalg.__dict__": "np.linalg.__dict__ is not supported",
    "np.ndarray": "np.ndarray is not supported; call functions",
    "np.random.rand(X)": "np.random.rand is not known; functions are called bare",
    "os.system('true')": "os is neither an array nor a size",
    "torch.exp(X)": "torch.: functions are called bare",
    # Python that is no expression of arrays
    "(lambda: X)()": "lambda is a word of Python's own",
    "[x for x in X]": "for is a word of Python's own",
    "(Z := X)": ":= is not supported; write a statement of its own",
    "f'{X}'": "strings without prefix",
    "f'X'": "strings without prefix",
    "'a' + X": r"\+ with a string",
    "sum(*X)": r"\* is not supported; write the arguments one by one",
    "sum(**X)": r"\*\* before an argument",
    "{X}": "the character '{' has no meaning here",
    "X if X else X": r"if is a word of Python's own, and no name; write where\(condition, a, b\)",
    "X and X": "multiply masks",
    "await X": "await is a word",
    "X; import os": "import is a word",
    "def f(): return X": "def is a word",
    "0 < X < 1": r"write \(0 < X\) \* \(X < 1\)",
    "X // 2": "// is not supported; write / for a division",
    "X % 2": "% is not supported",
    "X & X": r"& is supported between comparisons only; write \(X > 0\) \* \(X < 1\)",
    "X ^ 2": r"\^ is supported between comparisons only; write \*\* for a power",
    "~X": "~ is supported between comparisons only; write 1 - mask",
    "2X": "write an operator between, as in 2",
    "X'": r"write X\.T for a transpose",
    "0x10 * X": "write an operator between",
    "1j * X": "write an operator between",
    "X(X)": r"X is an array and no function; write \* or @ for a product",
    "2(X)": "expected the name of a function before",
    "exp": "exp is a function; call it",
    "X.T()": r"\.T\(\) is not supported",
    "X.sum": r"\.sum is not supported; call it, \.sum\(\)",
    "X.exp()": r"\.exp\(\) is not supported; write exp\(\.\.\.\)",
    "(2).T": r"\.T of a number",
    "X + True": r"\+ with True",
    "X + None": r"\+ with None",
    "X.shape": "expected one array as the result, got a tuple",
    "X.shape[5]": "tuple index out of range",
    "(X, X)": "expected one array as the result, got a tuple",
    "exp(X, X)": "exp with 2 arguments is not supported; it takes 1",
    "maximum(X)": "maximum with 1 arguments is not supported; it takes 2",
    "exp(X, axis=0)": "exp with 1 arguments and axis= is not supported",
    "sum(X, axis=0, dtype=1)": "sum with these arguments",
    "eye(N, D)": r"eye with these arguments is not supported; write eye\(N\)",
    "X @ 2": r"use \* for a scalar",
    "2 @ 3 * X": "@ between two numbers",
    "(1 == 2) * X": "== between two numbers",
    "(1 & 2) * X": "& between two numbers",
    "X / 0": "division by 0",
    "X * (1 / 0)": "division by 0",
    "X * (1 - 1)**-1": "division by 0",
    "X * log(0)": "is no real number",
    "X * sqrt(-1)": "is no real number",
    "X * sqrt(sum(-1))": "is no real number",
    "X * (-0.5)**0.125": "is no real number",
    "X * log(sum(0))": "is no real number",
    "X**N": "size as exponent",
    "X**X": "array or a size as exponent",
    "2**X": "array or a size as exponent",
    "X * 2**N": "size as exponent",
    # statements
    "X\n+ 1": "only the last statement is the result; .* put an expression of several lines in brackets",
    "X = 2 * X; X": "X is the name of something else already",
    "Z = X; Z = Z + 1; Z": "Z is the name of something else already",
    "Z = X; Z += 1; Z": "expected =, with a name that is new",
    "a = b = X; a": "expected one name to the left of =",
    "a, b = X; X": "expected one name to the left of =",
    "N = X; N": "N is the name of something else already",
    "return X; X": "expected return in the last statement only",
    "return": "expected an expression as the last statement",
    "_a = X; _a": "expected a name of the letters A to Z",
    # what cannot be read
    "": "expected an expression such as X @ W \\+ b, got nothing",
    "# nothing": "got nothing",
    "(X": "was never closed",
    "X)": "unmatched",
    "X +": "cannot be read",
    "X ? X": r"the character '\?' has no meaning here",
    "X\0": "the character U\\+0000",
    "Х + X": "the character U\\+0425 has no meaning here; names are made of the letters A to Z",  # Cyrillic
    "ｓum(X)": "the character U\\+FF53",  # NFKC would make it sum
    "X * ٣": "the character U\\+0663",
    "X\u00a0+ 1": "the character U\\+00A0",
    "X\u202e + 1": "the character U\\+202E",
    "X + \ud800": "the character U\\+D800",
    "X × X": "the character U\\+00D7",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:40]))
def test_it_is_refused_at_once_with_the_place(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = time.thread_time()
    # Warnings are errors in all tests: Python's parser must not utter one.
    with pytest.raises(UserError, match=REFUSED[text]) as caught:
        parse(text, SHAPES)
    assert time.thread_time() - started < 2
    assert not list(tmp_path.iterdir())
    message, *shown = str(caught.value).split("\n")
    assert message.startswith("expr: ")
    assert len(message) < 1200
    if shown:
        line, caret = shown
        assert caret.strip() == "^"
        assert caret.index("^") < len(line) + 1 < 100


@pytest.mark.parametrize(
    "text", ["(" * 49 + "X" + ")" * 49, "-" * 1000 + "X", "X" + ".T" * 1000, "+".join(["X"] * 1001)]
)
def test_what_is_within_the_limits_is_read(text):
    assert parse(text, SHAPES).output.shape == parse("X", SHAPES).output.shape


CARETS = [
    ("sum((X @ Y)**2)", "X @ Y: last axis of X is D, first axis of Y is N", "  sum((X @ Y)**2)\n         ^"),
    ("exp(X) + (W)", "do not broadcast", "  exp(X) + (W)\n         ^"),
    ("Z = X.T\nS = (Z  # a )+ b\n  @ W)\nS", "last axis of X.T is N, first axis of W is D", "    @ W)\n    ^"),
    ("X.sum(axis=2)", "axis 2 is out of range for an array with 2 axes", "  X.sum(axis=2)\n  ^"),
    ("2 * trace(X)", "expected a vector or a square matrix, got shape", "  2 * trace(X)\n      ^"),
    ("X + foo(W)", "unknown function 'foo'", "  X + foo(W)\n      ^"),
    ("X + X.foo(W)", r"\.foo\(\) is not supported", "  X + X.foo(W)\n      ^"),
    ("X + W.foo", r"\.foo is not supported", "  X + W.foo\n        ^"),
    ("X / K", "K is neither an array nor a size", "  X / K\n      ^"),
]


@pytest.mark.parametrize(("text", "said", "shown"), CARETS)
def test_the_caret_stands_under_what_is_meant(text, said, shown):
    with pytest.raises(UserError, match=said) as caught:
        parse(text, {"X": "N D", "W": "D M", "Y": "N D"})
    assert str(caught.value).split("\n", 1)[1] == shown


def test_a_long_line_is_cut_round_the_caret():
    text = " + ".join(["X"] * 200) + " @ X + " + " + ".join(["X"] * 200)
    with pytest.raises(ShapeError) as caught:
        parse(text, SHAPES)
    _, line, caret = str(caught.value).split("\n")
    assert len(line) < 90
    assert line[caret.index("^")] == "@"


def test_the_remedy_for_names_and_shapes():
    with pytest.raises(ExpressionError, match=r"add its shape, --shape K=N,D .* Arrays: X; sizes: N, D"):
        parse("X / K", SHAPES)
    with pytest.raises(ExpressionError, match=r"Xt is neither .*, did you mean X\?"):
        parse("X + Xt", {"X": "N D"} | {"XX": "N"})
    with pytest.raises(ExpressionError, match=r"W has a shape and does not occur in X \+ X; leave out --shape W="):
        parse("X + X", {"X": "N D", "W": "N"})
    with pytest.raises(ExpressionError, match="at least one array, with its shape"):
        parse("1 + 1", {})
    with pytest.raises(ExpressionError, match="the size D is no axis by itself"):
        parse("X * D", {"X": "N D+M"})
    with pytest.raises(UserError, match="N is both an argument and a size"):
        parse("N + X", {"N": "D", "X": "N"})
    with pytest.raises(UnknownNameError, match=r"unknown function 'sotfmax', did you mean softmax\?"):
        parse("sotfmax(X)", SHAPES)


def test_an_intermediate_value_is_one_expression():
    for value in ("X; X", "X\nX", "", "S = X", "(", "import os", "X = 3"):
        with pytest.raises(UserError):
            parse("sum(S)", SHAPES, let={"S": value})
    for name in ("", "a b", "_a", "lambda", "S)", "X", "N", "é"):
        with pytest.raises(UserError):
            parse("sum(X)", SHAPES, let={name: "X + 1"})


def test_a_size_is_asked_for_by_a_whole_number():
    for index in ("0.5", "X", "'a'", "None"):
        with pytest.raises(UnsupportedError, match="of 2 sizes"):
            parse(f"X.shape[{index}] * X", SHAPES)


PIECES = """
    X W y s N D pi np np. np.linalg. sum( exp( softmax( einsum('ij->ij', where( maximum( norm( eye( ones((
    zeros( full( len( trace( diag( clip( X. sum mean( .T .shape .shape[0] .size .ndim [ ] ( ) , axis=
    keepdims=True ddof=1 ord= 0 1 2 -1 0.5 None : ... + - * / @ ** > < <= == = ; 'fro' True return (0,1) (N,D)
    1/2 X[:,None] y[None] moveaxis( squeeze( var( log(
"""


@pytest.mark.parametrize("seed", range(4))
def test_pieces_in_any_order_are_an_expression_or_refused(seed):
    draw, read = Random(seed), 0
    for _ in range(500):
        text = " ".join(draw.choice(PIECES.split()) for _ in range(draw.randint(1, 8)))
        text += ")" * max(0, text.count("(") - text.count(")"))
        # Any other exception ends the test.
        with suppress(UserError):
            parse(text, {name: shape for name, shape in ARRAYS.items() if name in re.findall(r"\b[A-Za-z]\b", text)})
            read += 1
    assert read


ARRAYS = {"X": "N D", "W": "D M", "y": "N", "s": ""}


def test_a_root_that_is_not_real_at_some_sizes_is_refused_there():
    layer = parse("X * (N - 3)**0.5", SHAPES)
    assert (layer.function(np.ones((4, 1))) == 1).all()
    with pytest.raises(UnsupportedError, match="a root of a negative number"):
        layer.function(np.ones((2, 1)))
