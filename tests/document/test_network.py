"""The handout of a network: stage by stage, forward and back, and the product of Jacobians."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest

import derive
from derive.document.blocks import Code, Heading, StepList
from derive.errors import UserError
from derive.networks.network import network
from derive.options import SECTIONS
from derive.pdf import typeset_with_log
from derive.pdf.log import overfull, warnings
from derive.render.latex import render_latex
from derive.render.text import render_text

MLP = "affine(3) > sigmoid > affine(2) > mse"


@cache
def derived(text, **chosen):
    return derive.derive(network(text), **chosen)


def text(name, **chosen):
    return render_text(derived(name).document(**chosen), width=100)


def headings(document):
    return [block.id for block in document.blocks if isinstance(block, Heading)]


def test_a_network_has_its_own_sections():
    made = derived(MLP, n=2, d=2)
    assert headings(made.document()) == ["result", "network", "network.composition", "graph", "check"]
    assert headings(made.document(depth="brief")) == ["result", "network"]
    assert headings(made.document(route="entry"))[-3:] == ["entry", "graph", "check"]


def test_no_other_layer_has_them():
    with pytest.raises(UserError, match=r"--sections network: affine is one layer and no network; write"):
        derive.derive("affine", sections="network").document()
    assert "network" not in derive.derive("affine").options.chosen_sections()


CHOICES = [*combinations(SECTIONS, 1), *(("network", name) for name in SECTIONS if name != "network")]


@pytest.mark.parametrize("chosen", CHOICES, ids="-".join)
def test_any_section_can_be_had_of_a_network(chosen):
    document = derived("affine(3) > tanh", n=2, d=2).document(sections=",".join(chosen))
    assert render_latex(document) and render_text(document, width=80)


def test_stages_are_told_with_what_they_receive_and_send():
    shown = " ".join(text(MLP).split())
    assert "Stage 4, `mse`, is the loss itself, L = y, so that what it receives is 1. It sends ∂L/∂Z₂ back" in shown
    assert "Stage 3, `affine(2)`, receives ∂L/∂Z₂. It sends ∂L/∂A₁ back; ∂L/∂W₂, ∂L/∂b₂ belong to its own" in shown
    assert "Stage 2, `sigmoid`, receives ∂L/∂A₁ and sends ∂L/∂Z₁ back" in shown
    assert shown.index("Stage 4") < shown.index("Stage 3") < shown.index("Stage 1,")


def test_an_upstream_gradient_is_received_by_the_last_stage():
    assert "Stage 2, `tanh`, receives ∂L/∂Y and sends ∂L/∂Z back" in " ".join(text("affine(3) > tanh").split())


def test_the_forward_chain_has_a_line_for_every_stage():
    (steps,) = (block for block in derived(MLP, n=2, d=2).document().blocks if isinstance(block, StepList))
    assert [step.line.left.text for step in steps.steps] == ["Z_1", "A_1", "Z_2", "y"]


PROGRAMS = [MLP, "affine(2, bias=none) > square > sum", "softmax > mse", "conv1d(2, 2) > tanh > mean", "gelu > mean"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_einsum_program_runs_as_it_is_printed(name, capsys):
    blocks = derived(name).document(sections="network").blocks
    (code,) = (block.text for block in blocks if isinstance(block, Code) and block.id == "composition.code")
    exec(compile(code, "composition", "exec"), {})
    printed = capsys.readouterr().out.strip().replace(") (", "), (")
    assert f"# {printed}" in code


def test_the_einsum_program_fails_for_another_product():
    blocks = derived(MLP, n=2, d=2).document(sections="network").blocks
    (code,) = (block.text for block in blocks if isinstance(block, Code) and block.id == "composition.code")
    wrong = code.replace("J_G, J_F), atol", "2 * J_G, J_F), atol")
    assert wrong != code
    with pytest.raises(AssertionError):
        exec(compile(wrong, "composition", "exec"), {})


def test_numbers_of_the_exercise_stand_beside_the_stages():
    values = {"X": [[0, 1], [2, 3]], "W": [[1, 1], [1, 1]]}
    shown = render_text(
        derive.derive(network(PROGRAMS[1]), values=values).document(sections="network,numbers"), width=90
    )
    for expected in ("y = [ 52 ]", "⎡  2   2 ⎤", "⎣ 10  10 ⎦", "⎡  4   4 ⎤", "⎣ 20  20 ⎦", "⎡ 20  20 ⎤", "⎣ 32  32 ⎦"):
        assert expected in shown


def test_the_middle_of_a_deep_network_is_left_out_and_said_so():
    shown = text(" > ".join(["affine(3) > tanh"] * 10), sections="network")
    assert shown.count("The 4 stages in the middle are written alike, and are left out here.") == 2
    assert "Stage 9," not in shown and "Stage 8," in shown and "Stage 13," in shown


PRINTED = [
    (MLP, {"n": 2, "d": 2}),
    ("affine(2, bias=none) > square > sum", {"values": '{"X": [[0, 1], [2, 3]], "W": [[1, 1], [1, 1]]}'}),
    ("affine(4) > layernorm > relu > affine(3) > cross_entropy", {}),
    ("affine > softmax > cross_entropy", {"convention": "columns"}),
    ("affine(4) > tanh > affine(5) > relu > affine(2) > mse", {"names": "nabla", "paper": "letter"}),
    ("conv1d(2, 2) > relu > mean", {"depth": "brief"}),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "chosen"), PRINTED, ids=lambda value: value if isinstance(value, str) else "")
def test_the_handout_compiles_without_an_overfull_box(name, chosen):
    log = typeset_with_log(derive.derive(network(name), **chosen).latex()).log
    assert overfull(log) == () and warnings(log) == ()
