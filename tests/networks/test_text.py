"""The text of a network: what it says, and that nobody has to trust it."""

from __future__ import annotations

import time
from contextlib import suppress
from random import Random

import pytest

from derive.errors import ExpressionError, UserError
from derive.networks.network import network
from derive.networks.text import LONGEST, MOST_STAGES, read_network

REFUSED = {
    "": "expected stages with > between them",
    "   ": "expected stages with > between them",
    ">": "expected the name of a layer or function, got '>'",
    "affine(3) >": "expected the name of a layer or function, got the end",
    "affine(3) > > mse": "expected the name of a layer or function, got '>'",
    "affine(3": r"expected a comma or \), got the end",
    "affine(3,,4)": "expected a number such as 3, or an option",
    "affine(3 4)": r"expected a comma or \), got '4'",
    "affine(bias=)": "expected the value of 'bias'",
    "affine(bias=none, 3)": "expected numbers before options",
    "affine(bias=none, bias=none)": "'bias' is given twice",
    "affine(x)": "expected a number such as 3, or an option",
    "affine sigmoid": "expected > before the next stage",
    "affine(3) | sigmoid": r"the character '\|' has no meaning here",
    "affine(3) > sigmoid;": "the character ';' has no meaning here",
    "affine(3) → sigmoid": r"the character U\+2192 has no meaning here",
    "affine\x00": r"the character U\+0000",
    "affine(" + "1" * 60 + ")": "the number .* is too long",
    "__import__('os').system('touch hacked')": "the character",
    "__import__(3)": "'__import__' is neither a layer nor a function",
    "eval(3) > mse": "'eval' is neither a layer nor a function",
    "affine.__class__": r"the character '\.'",
    "(" * 4000: "expected the name of a layer or function",
    "affine(" * 1200: "expected a number such as 3, or an option",
    "affine(" + "1," * 4000 + ")": "more than 8 arguments",
    " > ".join(["relu"] * 1000): f"more than {MOST_STAGES} stages",
    " > ".join(["relu"] * 10_000): f"expected at most {LONGEST} characters",
    "relu > " * 150_000 + "relu": f"expected at most {LONGEST} characters, got 1050004",
    "(" * 10_000 + ")" * 10_000: f"expected at most {LONGEST} characters",
    "a" * 9_000: "is neither a layer nor a function",
    ">" * 9_000: "expected the name of a layer or function",
    "relu(" + "9" * 9_000 + ")": "is too long",
    "affine(1e99)": "expected a whole number",
    "affine(0)": "expected a whole number from 1",
    "affine(-3)": "expected a whole number from 1",
    "affine(2.5)": "expected a whole number from 1",
    "affine(9999999999)": "expected a whole number from 1",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: f"{text[:24]!r} {len(text)}")
def test_what_is_no_network_is_refused_quickly(text):
    start = time.process_time()
    with pytest.raises(ExpressionError, match=REFUSED[text]) as refused:
        network(text)
    assert time.process_time() - start < 1
    assert len(str(refused.value)) < 1000


def test_the_caret_stands_under_what_is_meant():
    with pytest.raises(ExpressionError) as refused:
        network("affine(3) > sigmod > mse")
    message, line, caret = str(refused.value).split("\n")
    assert "did you mean sigmoid?" in message
    assert line[caret.index("^") :].startswith("sigmod")


def test_stages_are_read_with_their_numbers_and_options():
    text = " affine(3,bias = none)>sum( axis=-1 )\n> mse"
    stages = read_network(text)
    assert [stage.text for stage in stages] == ["affine(3, bias=none)", "sum(axis=-1)", "mse"]
    assert [stage.start for stage in stages] == [text.index(name) for name in ("affine", "sum", "mse")]


def test_random_text_gives_a_network_or_an_error_of_the_user():
    draw = Random(7)
    words = ["affine", "relu", "sum", "mse", "(", ")", ",", ">", "=", "3", "bias", "none", "axis", "-1", " ", "conv2d"]
    made = 0
    for _ in range(400):
        with suppress(UserError):
            network("".join(draw.choice(words) for _ in range(draw.randrange(1, 9))))
            made += 1
    assert made > 5
