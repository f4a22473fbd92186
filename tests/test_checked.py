"""The handout of a check: what it says, and that it fits its pages, for right, wrong and hostile code."""

from __future__ import annotations

import inspect
import io
from functools import cache

import numpy as np
import pytest
from pypdf import PdfReader

from derive.checked import Checked, check
from derive.document.blocks import Arrays, Heading, Listing, Prose, Text, Verbatim
from derive.notation.latex import print_latex
from derive.pdf import typeset_with_log
from derive.pdf.log import overfull, warnings
from derive.render.text import render_text
from tests.checking import hostile
from tests.checking.case import Case, cases

CASES = {case.name: case for case in cases()}

QUICK = (
    *("affine/samples", "affine/on_self", "affine/mean_bias", "relu/two_at_zero", "conv1d/filter_not_turned"),
    *("cross_entropy/added_at", "embedding/words"),
)
THOROUGH = (
    *("layernorm/three_terms", "layernorm/epsilon_outside", "softmax/fused", "softmax/diagonal", "rnn_cell/stacked"),
    *("lstm_cell/on_self", "lstm_cell/gate_for_state", "conv1d/added_at", "maxpool/argmax", "attention/matrices"),
    *("batchnorm/ddof", "mse/rows_only", "dropout/in_place", "gelu/three_lost", "huber/branches", "cosine/two_terms"),
    *("affine/shape_repaired", "affine/first_sample_lost", "sigmoid/entries", "bce_with_logits/target_sign"),
)
HOSTILE = tuple(name for name in vars(hostile) if name.startswith("backward_"))


@cache
def checked(name: str) -> Checked:
    if name in HOSTILE:
        return check(getattr(hostile, name), hostile.forward)
    case: Case = CASES[name]
    forward = None if case.owner else case.forward
    return check(case.owner or case.backward, forward, shapes=case.shapes, returns=case.returns)


def fits(tex: str) -> bytes:
    made = typeset_with_log(tex, engine="tinytex")
    assert "Output written on" in made.log
    assert overfull(made.log) == ()
    assert warnings(made.log) == ()
    assert "set below 80 percent" not in made.log
    return made.pdf


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_cases_are_there():
    assert {*QUICK, *THOROUGH} <= CASES.keys()
    assert len({*QUICK, *THOROUGH}) >= 25
    assert len(HOSTILE) == 6


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.thorough) for name in THOROUGH)])
def test_a_check_has_a_handout_that_fits(name):
    made = checked(name)
    # What is right is not wrong on the page, and what is wrong is.
    assert made.report.ok == (CASES[name].label == "right")
    fits(made.latex())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_is_shown_and_fits(name):
    fits(checked(name).latex(sections="layer"))


@pytest.mark.parametrize("name", ["affine/mean_bias", pytest.param("backward_long", marks=pytest.mark.thorough)])
def test_it_fits_on_letter_paper_as_well(name):
    page = PdfReader(io.BytesIO(fits(checked(name).latex(paper="letter")))).pages[0]
    assert [round(float(side)) for side in page.mediabox[2:]] == [612, 792]


@pytest.mark.parametrize("names", ["dX", "nabla"])
def test_gradients_are_written_as_the_reader_wants(names):
    tex = checked("affine/mean_bias").latex(names=names, sections="layer")
    assert r"\frac{\partial L}{\partial \mathbf{X}}" not in tex
    fits(tex)


def test_the_same_check_gives_the_same_bytes():
    tex = checked("affine/mean_bias").latex(sections="layer")
    case = CASES["affine/mean_bias"]
    again = check(case.backward, case.forward, shapes=case.shapes).latex(sections="layer")
    assert again == tex
    assert fits(again) == fits(tex)


@pytest.mark.parametrize("sizes", [{"N": 1, "D": 1, "M": 1}, {"N": 3, "D": 4, "M": 5}], ids=str)
@pytest.mark.parametrize("name", ["affine/samples", "affine/mean_bias"])
def test_it_fits_at_other_sizes(name, sizes):
    case = CASES[name]
    fits(check(case.backward, case.forward, shapes=case.shapes, sizes=sizes).latex(sections="layer"))


def test_page_one_tells_the_verdicts_the_counterexample_and_the_command():
    first = PdfReader(io.BytesIO(fits(checked("affine/mean_bias").latex()))).pages[0].extract_text()
    assert first.count("proved for all sizes") == 2
    assert "refuted" in first
    assert "db is wrong" in first
    assert "a mean in the place of a sum" in first
    assert "derive check affine.py:backward_mean_bias" in first


def test_the_worst_entry_is_framed():
    document = checked("affine/mean_bias").document(sections="layer")
    panel = next(block for block in document.blocks if getattr(block, "id", "") == "verdict.b")
    got, expected = next(block for block in panel.blocks if getattr(block, "id", "") == "verdict.b.outcome").array_items
    assert got.framed == expected.framed == ((0, 0),)
    assert any(isinstance(block, Arrays) for block in panel.blocks)


def rows(name: str, number: int = 1):
    document = checked(name).document(sections="layer")
    listings = [block for block in document.blocks if isinstance(block, Listing)]
    return {"".join(row.code).strip(): row for row in listings[number].rows}


def words(note) -> str:
    return "".join(run.text if isinstance(run, Text | Verbatim) else "_" for run in note.runs)


def test_beside_each_line_stands_what_it_computes():
    row = rows("affine/mean_bias")["return dY @ W.T, X.T @ dY, dY.mean(axis=0)"]
    assert row.number == CASES["affine/mean_bias"].backward.__code__.co_firstlineno + 2
    assert [note.sign for note in row.notes] == ["equal", "equal", "wrong"]
    assert all(note.lines for note in row.notes)


def test_a_loop_tells_how_often_it_was_run():
    found = rows("affine/samples")
    assert "after the last of 2 runs" in words(found["db += dY[n]"].notes[0])
    assert words(found["for n in range(X.shape[0]):"].notes[0]) == "_ from _ to _"


def test_every_line_of_the_code_is_there():
    written = [line.rstrip("\n") for line in inspect.getsourcelines(hostile.backward_lines)[0]]
    document = checked("backward_lines").document(sections="layer")
    shown = [block for block in document.blocks if isinstance(block, Listing)][1].rows
    assert ["".join("".join(row.code).split()) for row in shown] == ["".join(line.split()) for line in written]
    first = hostile.backward_lines.__code__.co_firstlineno
    assert [row.number for row in shown] == [*range(first, first + len(written))]


def test_a_line_that_is_not_run_is_marked():
    assert words(rows("backward_tabs")["dX = None"].notes[0]) == "not run"


def test_code_of_any_letters_is_in_the_text_of_the_page():
    text = text_of(fits(checked("backward_signs").latex(sections="layer")))
    assert r"\end{document}" in text.replace(" ", "")
    assert "$%_\\{}&#" in text.replace(" ", "").replace("\n", "")
    assert "U+1F642" in text


def test_the_derivation_is_that_of_a_handout():
    headings = [b.id for b in checked("affine/mean_bias").document().blocks if isinstance(b, Heading)]
    assert headings == ["verdict", "code", "comparison", "derivation", "layer", "index", "graph"]


def test_where_forward_has_no_formula_the_reason_is_told():
    document = checked("conv1d/filter_not_turned").document()
    told = ["".join(getattr(run, "text", "_") for run in b.runs) for b in document.blocks if isinstance(b, Prose)]
    assert any(text.startswith("There is no derivation in formulas") for text in told)


def test_it_can_be_read_in_a_terminal():
    text = render_text(checked("affine/mean_bias").document(sections="layer"), width=80)
    assert "✗" in text
    assert "return dY @ W.T, X.T @ dY, dY.mean(axis=0)" in text


def test_a_class_and_its_attributes_are_told():
    found = rows("affine/on_self")
    assert [note.sign for note in found["self.dW = np.dot(self.X.T, dout)"].notes] == ["equal"]


def test_a_gradient_that_a_loss_is_given_stands_in_the_rule_as_well():
    # By hand: y = mean (P - T)², so dL/dP = dL/dy 2 (P - T) / (N D).
    document = checked("mse/both").document(sections="layer")
    (both,) = [block for block in document.blocks if getattr(block, "id", "") == "comparison.P.both"]
    assert print_latex(both.lines[0].right) == (
        r"\frac{2 \, \frac{\partial L}{\partial y} \, \left(\mathbf{P} - \mathbf{T}\right)}{D N}"
    )
    told = " ".join(run.text for b in document.blocks for run in getattr(b, "runs", ()) if isinstance(run, Text))
    assert "The output is one number. Written out" in told


def test_one_sample_is_a_matrix_with_one_row():
    case = CASES["affine/einsum"]
    made = check(case.backward, case.forward, shapes=case.shapes, sizes={"N": 1, "D": 2, "M": 3})
    tex = made.latex(sections="layer")
    assert r"\mathbf{Y} & = \mathbf{X} \mathbf{W}" in tex
    fits(tex)


def square(X: "N D"):
    return X * X, X


def half_for_many(dout, X):
    if X.shape[0] > 4:
        return dout * X
    return 2 * X * dout


def test_the_code_is_shown_where_it_is_wrong():
    # Five samples are more than those of the proofs, and only there the first branch is taken.
    made = check(half_for_many, square)
    listing = made.account.listings[1]
    assert dict(listing.sizes)["N"] == 5
    document = made.document(sections="layer")
    shown = [block for block in document.blocks if isinstance(block, Listing)][1]
    by_text = {"".join(row.code).strip(): row.notes for row in shown.rows}
    assert [note.sign for note in by_text["return dout * X"]] == ["wrong"]
    assert words(by_text["return 2 * X * dout"][0]) == "not run"
    (both,) = [block for block in document.blocks if getattr(block, "id", "") == "comparison.X.entries"]
    rule, code = both.array_items
    assert (len(rule.framed), len(code.framed)) == (0, 5)
    fits(made.latex(sections="layer"))


def test_a_function_without_a_name_is_shown():
    made = check(lambda dout, X: dout * 2 * X, lambda X: X * X, shapes={"X": "N"})
    assert made.report.proved
    fits(made.latex(sections="layer"))


def test_a_function_of_pytorch_is_shown():
    pytest.importorskip("torch")
    from tests.checking import torch_layers

    made = check(torch_layers.FirstSample)
    document = made.document(sections="layer")
    listings = [block for block in document.blocks if isinstance(block, Listing)]
    assert [note.sign for note in listings[1].rows[-1].notes] == ["equal", "equal", "wrong"]
    fits(made.latex(sections="layer"))


def test_without_a_file_there_is_no_command_to_make_it_again():
    space = {"np": np}
    exec("def f(X):\n    return X * 2\ndef b(dout, X):\n    return dout * 2", space)
    made = check(space["b"], space["f"], shapes={"X": "N"})
    assert made.command == ""
    fits(made.latex(sections="layer"))
