"""Every layer of the catalogue, in every variant, makes a handout without an overfull box, a warning or small print."""

import re

import pytest

import derive
from derive.document.blocks import Math, Prose, Text
from derive.layers import index, load
from derive.pdf import typeset_with_log
from derive.pdf.log import overfull, warnings

LAYERS = [
    (listing.name, dict(choices))
    for listing in index()
    for choices in ((), *(choices for choices, _ in listing.functions if choices))
]
QUICK = {"softmax", "mse", "conv1d", "layernorm"}
LOSSES = [listing.name for listing in index() if not load(listing.name).output.shape]


def named(name: str, variant: dict[str, str]) -> str:
    return " ".join([name, *(f"{option}={value}" for option, value in variant.items())])


def compiles(name: str, **options) -> None:
    made = typeset_with_log(derive.derive(name, **options).latex(), engine="tinytex")
    assert "Output written on" in made.log
    assert overfull(made.log) == ()
    assert warnings(made.log) == ()
    assert "set below 80 percent" not in made.log


def test_the_catalogue_is_there():
    assert len(index()) >= 42
    assert len(LAYERS) >= 49


@pytest.mark.parametrize(
    ("name", "variant"),
    [pytest.param(n, v, id=named(n, v), marks=() if n in QUICK and not v else pytest.mark.thorough) for n, v in LAYERS],
)
def test_a_layer_has_a_handout(name, variant):
    compiles(name, **variant)


LARGER = ["softmax", "layernorm", "attention", "lstm_cell", "bilinear", "maxout", "huber", "cosine", "groupnorm"]


@pytest.mark.thorough
@pytest.mark.parametrize("name", LARGER)
def test_a_layer_has_a_handout_at_larger_sizes(name):
    defaults = next(listing.defaults for listing in index() if listing.name == name)
    # All different, and none of them a default.
    compiles(name, **{letter: number + 2 + place for place, (letter, number) in enumerate(defaults)})


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["layernorm", "cross_entropy", "huber", "affine"])
def test_a_layer_has_a_handout_at_the_sizes_of_a_batch(name):
    first, second, *_ = (letter for listing in index() if listing.name == name for letter in listing.letters)
    compiles(name, **{first: 64, second: 100})


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["softmax", "attention", "gru_cell", "conv1d", "huber", "bilinear"])
@pytest.mark.parametrize("options", [{"depth": "brief"}, {"paper": "letter"}], ids=["brief", "letter"])
def test_a_layer_has_a_short_handout_and_one_on_letter_paper(name, options):
    compiles(name, **options)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_has_nothing_behind_it(name):
    assert LOSSES
    document = derive.derive(name).document()
    said = " ".join(
        run.text if isinstance(run, Text) else "_"
        for block in document.blocks
        if isinstance(block, Prose)
        for run in block.runs
        if isinstance(run, Text | Math)
    )
    for words in ("following layers", "upstream derivatives", "its output", "next layer"):
        assert words not in said, words


@pytest.mark.parametrize("name", ["softmax", "attention", "layernorm"])
def test_every_name_in_a_formula_is_introduced_where_the_layer_is_described(name):
    derived = derive.derive(name)
    tex = derived.latex()
    layer = re.search(r"% block: layer.forward\n(.*?)% block", tex, re.DOTALL)
    assert layer
    names = {
        item.text for f in map(derived.wrt, [n.name for n in derived.layer.inputs]) for item in f.formula.definitions
    }
    forward = {text for text in names if not text.startswith("d")}
    assert forward
    for text in forward:
        symbol = text if len(text) == 1 else {"Xhat": r"\hat{\mathbf{X}}"}.get(text, rf"\boldsymbol{{\{text}}}")
        assert symbol in layer[1], text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("relu", "where both are equal. There 0 is taken"),
        ("mae", "has no derivative at 0. There 0 is taken"),
        ("maxout", "the second one receives all of the gradient"),
        ("elu", "the condition itself counts as constant"),
    ],
)
def test_what_is_taken_at_a_kink_is_said(name, words):
    tex = " ".join(derive.derive(name, sections="conventions,check").latex().split())
    assert words in tex
    assert "lie away from them" in tex


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clip(x, -1, 1)", "has no derivative at its two bounds. There 0 is taken"),
        ("minimum(x, 1)", "the smaller of an entry and a number"),
        ("minimum(x, y)", "the first one receives all of the gradient"),
    ],
)
def test_what_is_taken_at_the_bounds_of_an_expression_is_said(text, words):
    shapes = {name: "N" for name in "xy" if f"{name}," in text or f"{name})" in text}
    assert words in " ".join(derive.derive(text, shapes=shapes, n=2, sections="conventions").latex().split())


def test_a_smooth_layer_says_nothing_about_kinks():
    tex = derive.derive("softmax", sections="conventions,check").latex()
    assert "At the kink" not in tex
    assert "lie away from them" not in tex
