from __future__ import annotations

import ast
import types

import numpy as np
import pytest

import derive
from derive.document.blocks import Block, Code, Document, Equation, Heading, Math, Panel, Prose, Ref, Result, StepList
from derive.document.inline import inline
from derive.document.layout import grids
from derive.errors import InternalError
from derive.notation.tree import Entry, Explicit, Gradient, Grid, Identity, Name, Number, Product, Transpose
from derive.notation.walk import contains


def document(**options: object) -> Document:
    return derive.derive("affine", n=2, d=2, m=3, **options).document()


def all_blocks(blocks: tuple[Block, ...]) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        found += [block, *all_blocks(getattr(block, "blocks", ()))]
    return found


def test_the_sections_stand_in_the_order_of_a_handout():
    ids = [block.id for block in document().blocks if isinstance(block, Heading | Panel)]
    assert ids == [
        "result",
        "conventions",
        "layer",
        "idea",
        "X",
        "W",
        "b",
        "entry",
        "index",
        "sizes",
        "graph",
        "check",
        "background",
    ]


def test_a_brief_document_keeps_result_conventions_and_the_shortest_proofs():
    ids = [block.id for block in document(depth="brief").blocks if isinstance(block, Heading | Panel)]
    assert ids == ["result", "conventions", "X", "W", "b"]


def test_only_the_chosen_inputs_are_derived():
    ids = [block.id for block in document(wrt="b,X").blocks if isinstance(block, Heading)]
    assert ids == ["result", "layer", "idea", "X", "b", "entry", "index", "sizes", "graph", "check", "background"]


@pytest.mark.parametrize("options", [{}, {"depth": "brief"}, {"wrt": "W"}])
def test_equations_are_numbered_from_one_without_gaps_and_every_reference_resolves(options):
    blocks = all_blocks(document(**options).blocks)
    numbered = {b.id: b.number for b in blocks if isinstance(b, Equation | Result | StepList) and b.number}
    assert sorted(numbered.values()) == list(range(1, len(numbered) + 1))
    references = [run.target for b in blocks if isinstance(b, Prose) for run in b.runs if isinstance(run, Ref)]
    assert set(references) <= set(numbered)


def test_ids_stay_the_same_when_an_input_is_left_out():
    ids = [b.id for b in all_blocks(document().blocks) if isinstance(b, Equation) and b.id.startswith("W.")]
    alone = [b.id for b in all_blocks(document(wrt="W").blocks) if isinstance(b, Equation) and b.id.startswith("W.")]
    assert ids == alone == ["W.map", "W.chain", "W.jacobian", "W.row", "W.gradient", "W.factors"]


def test_no_table_is_left_that_has_not_been_cut_to_the_page():
    lines = [line for b in all_blocks(document().blocks) if isinstance(b, Equation | Result) for line in b.lines]
    assert lines
    assert not any(contains(line.right, Explicit) for line in lines)


def grid_of(document: Document, id: str) -> Grid:
    equation = next(b for b in all_blocks(document.blocks) if isinstance(b, Equation) and b.id == id)
    return next(grid for line in equation.lines for grid in grids(line))


def test_a_large_layer_shows_corners_and_the_true_size():
    shown = grid_of(derive.derive("affine", n=64, d=4096, m=4096).document(), "X.factors")
    assert shown.size == (64, 4096)
    assert (shown.rows[0], shown.rows[-1], shown.columns[-1]) == (0, 63, 4095)
    assert shown.cells[-1][-1] == Gradient(Entry("y", (63, 4095)), "g")


def test_of_a_jacobian_that_is_too_large_the_blocks_are_shown():
    big = derive.derive("affine", n=64, d=4096, m=4096).document()
    weights, unit = Transpose(Name("W", "matrix")), Identity("M")
    of_x, of_w, of_b = (grid_of(big, f"{name}.jacobian") for name in "XWb")
    assert (of_x.size, of_w.size, of_b.size) == ((64, 64), (64, 4096), (64, 1))
    assert [of_x.cells[0][0], of_x.cells[0][1], of_x.cells[-1][-1]] == [weights, Number(0), weights]
    assert of_w.cells[-1][-1] == Product((Entry("x", (63, 4095)), unit))
    assert of_b.cells[0] == (unit,)


def test_the_code_of_the_document_runs_and_its_gradients_are_right():
    code = next(block for block in document().blocks if isinstance(block, Code)).text
    ast.parse(code)
    module = types.ModuleType("printed")
    exec(code, module.__dict__)
    random = np.random.default_rng(0)
    arrays = {"X": random.normal(size=(4, 3)), "W": random.normal(size=(3, 5)), "b": random.normal(size=5)}
    upstream = random.normal(size=(4, 5))
    layer = module.Affine()
    output = layer.forward(**arrays)
    np.testing.assert_allclose(output, arrays["X"] @ arrays["W"] + arrays["b"])
    for gradient, (name, array) in zip(layer.backward(upstream), arrays.items(), strict=True):
        assert gradient.shape == array.shape
        for place in np.ndindex(array.shape):
            moved = {key: value.copy() for key, value in arrays.items()}
            ends = []
            for step in (1e-6, -2e-6):
                moved[name][place] += step
                ends.append(np.sum(upstream * module.Affine().forward(**moved)))
            assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-6)


def test_the_code_agrees_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    module = types.ModuleType("printed")
    exec(next(block for block in document().blocks if isinstance(block, Code)).text, module.__dict__)
    generator = torch.Generator().manual_seed(0)
    X, W, b, G = (
        torch.randn(shape, dtype=torch.float64, generator=generator) for shape in ((4, 3), (3, 5), (5,), (4, 5))
    )
    for leaf in (X, W, b):
        leaf.requires_grad_()
    (X @ W + b).backward(G)
    layer = module.Affine()
    layer.forward(X.detach().numpy(), W.detach().numpy(), b.detach().numpy())
    for gradient, leaf in zip(layer.backward(G.numpy()), (X, W, b), strict=True):
        np.testing.assert_allclose(gradient, leaf.grad.numpy())


def test_a_message_that_names_an_unknown_value_is_our_own_mistake():
    with pytest.raises(InternalError, match="no value is given for W"):
        inline("{W} is missing", {"X": Entry("x")})


def test_marks_in_a_message_become_runs():
    runs = inline("the *Jacobian* of `f` is {x}.", {"x": Entry("x", (0, 1))})
    assert [type(run).__name__ for run in runs] == ["Text", "Emphasis", "Text", "Verbatim", "Text", "Math", "Text"]
    assert runs[5] == Math(Entry("x", (0, 1)))
