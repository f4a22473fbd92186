"""Words in a terminal: where they are wrapped, and formulas among them."""

from derive.document.blocks import Math, Prose, Text
from derive.notation.tree import Relation
from derive.render.text import render_text
from tests.notation.pieces import x
from tests.render.pieces import body, document


def test_words_are_wrapped_and_formulas_stay_in_one_piece() -> None:
    runs = (Text("word " * 9 + "and "), Math(Relation.equal(x(0), x(1))), Text(" at the end"))
    assert body(Prose(runs), width=60) == [
        "word word word word word word word word word and x₁ = x₂ at",
        "the end",
    ]
    assert body(Prose((Text("word "), *runs)), width=60) == [
        "word word word word word word word word word word and",
        "x₁ = x₂ at the end",
    ]


def test_wide_characters_count_twice() -> None:
    lines = render_text(document(title="層" * 45), width=60).split("\n")
    assert lines[0] == "層" * 30
    assert lines[1] == "層" * 15


def test_a_word_without_end_is_cut_at_the_margin() -> None:
    lines = render_text(document(title="a" * 130), width=60).split("\n")
    assert [len(line) for line in lines[:4]] == [60, 60, 10, 60]
