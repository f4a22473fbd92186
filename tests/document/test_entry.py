"""The section that takes one entry at a time: what it shows, of which input, and at every shape."""

import numpy as np
import pytest

import derive
from derive.document.blocks import Equation, Heading, Prose, Result, Text
from derive.document.layout import grids
from derive.notation.code import print_code
from derive.notation.measure import width
from derive.notation.plain import print_plain
from derive.notation.tree import Inner, Number
from derive.notation.walk import contains
from derive.options import ROUTES
from derive.render.latex import render_latex
from derive.render.text import render_text


@derive.layer(defaults="N=2 D=3 M=4 K=2")
def two_layers(X: "N D", W: "D M", b: "M", V: "M K"):
    return np.tanh(X @ W + b) @ V


@derive.layer(defaults="N=3 D=2")
def gram(x: "N D"):
    return x.T @ x


@derive.layer(defaults="N=3")
def dot(u: "N", v: "N"):
    return np.sum(u * v)


@derive.layer()
def line(a: "", x: "", b: ""):
    return a * x + b


@derive.layer(defaults="N=3 D=2")
def scaled(X: "N D", s: "", v: "D"):
    return s * (X @ v)


def section(layer, depth="full", **sizes):
    made = derive.derive(layer, **sizes, route="entry", depth=depth).document()
    start = next(n for n, block in enumerate(made.blocks) if isinstance(block, Heading) and block.id == "entry")
    rest = made.blocks[start + 1 :]
    end = next((n for n, block in enumerate(rest) if isinstance(block, Heading)), len(rest))
    return rest[:end]


def equation(blocks, id):
    return next(block for block in blocks if isinstance(block, Equation | Result) and block.id == id)


def cells(blocks, id):
    return [
        [[print_code(cell) for cell in row] for row in grid.cells]
        for line in equation(blocks, id).lines
        for grid in grids(line)
    ]


def printed(equation) -> str:
    (line,) = equation.lines
    return " = ".join(print_plain(side, display=False).lines[0] for side in (line.left, line.right))


def words(blocks) -> str:
    return " ".join(
        run.text if isinstance(run, Text) else "_" for block in blocks if isinstance(block, Prose) for run in block.runs
    )


def test_the_weights_are_derived_in_every_step_as_in_the_source_document():
    blocks = section("affine", n=2, d=2, m=3)
    ids = [block.id for block in blocks if isinstance(block, Equation | Result)]
    of_w = [f"entry.W.{part}" for part in ("chain", "products", "sum", "entries", "factors", "formula")]
    assert ids == [*of_w, "entry.X.sum", "entry.X.entries", "entry.b.sum", "entry.b.entries"]
    assert contains(equation(blocks, "entry.W.chain").lines[0].right, Inner)
    upstream = [["g_1_1", "g_1_2", "g_1_3"], ["g_2_1", "g_2_2", "g_2_3"]]
    partials = [[f"dy_{i}_{j}_dw_1_1" for j in (1, 2, 3)] for i in (1, 2)]
    values = [["x_1_1", "0", "0"], ["x_2_1", "0", "0"]]
    products = [["g_1_1*x_1_1", "0", "0"], ["g_2_1*x_2_1", "0", "0"]]
    assert sorted(cells(blocks, "entry.W.products")) == sorted([upstream, partials, upstream, values, products])
    assert print_code(equation(blocks, "entry.W.sum").lines[0].right) == "g_1_1*x_1_1 + g_2_1*x_2_1"
    assert cells(blocks, "entry.X.sum") == [[["w_1_1", "w_1_2", "w_1_3"], ["0", "0", "0"]]]


def test_structural_zeros_of_the_derivative_are_marked_as_such():
    blocks = section("affine", n=2, d=2, m=3)
    marked = {grid.name: grid.sparse for line in equation(blocks, "entry.W.products").lines for grid in grids(line)}
    assert marked == {"G": False, "W.entry.partials": False, "W.entry.values": True, "W.entry.products": True}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("layer", "detailed"), [("affine", "W"), (two_layers, "W"), (gram, "x"), (dot, "u"), (line, "a"), (scaled, "X")]
)
def test_the_input_in_every_step_is_the_second_matrix_or_else_the_first_input(layer, detailed):
    assert next(block.id for block in section(layer) if isinstance(block, Equation)).split(".")[1] == detailed


@pytest.mark.thorough
@pytest.mark.parametrize("layer", [two_layers, gram, dot, line, scaled])
@pytest.mark.parametrize("depth", ["full", "brief"])
def test_every_layer_has_the_section(layer, depth):
    made = derive.derive(layer, route="entry", depth=depth).document()
    assert render_latex(made)
    assert "One entry at a time" in render_text(made, width=80)


def test_an_output_that_is_one_number_is_differentiated_as_it_is():
    blocks = section(dot, n=3)
    assert "With respect to one entry of an input" in words(blocks)
    assert printed(equation(blocks, "entry.u.sum")) == "∂L/∂u₁ = ∂y/∂u₁ = v₁"
    assert not any(
        contains(line.right, Inner) for block in blocks if isinstance(block, Equation) for line in block.lines
    )


def test_where_nothing_is_zero_nothing_is_said_about_zeros():
    assert "zero" not in words(section("affine", n=1, d=2, m=1, samples="matrix"))
    assert "zero" in words(section("affine", n=2, d=2, m=3))
    assert Number(0) not in {
        cell
        for line in equation(section("affine", n=1, d=2, m=1, samples="matrix"), "entry.W.products").lines
        for grid in grids(line)
        for row in grid.cells
        for cell in row
    }


@pytest.mark.thorough
@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 4, 5), (8, 8, 8), (64, 4096, 4096)])
def test_no_line_is_wider_than_the_page_allows(sizes):
    n, d, m = sizes
    for block in section("affine", n=n, d=d, m=m):
        if isinstance(block, Equation):
            assert all(width(line.right) <= 38 / 0.8 for line in block.lines)


def test_the_route_can_be_chosen_alone():
    assert "entry" in ROUTES
    ids = [block.id for block in derive.derive("affine", route="entry").document().blocks if isinstance(block, Heading)]
    assert ids == ["result", "layer", "idea", "entry", "sizes", "check", "background"]


def test_a_layer_of_any_size_has_the_section():
    blocks = section("affine", n=10**9, d=10**9, m=10**9)
    (values, *_) = cells(blocks, "entry.X.sum")
    assert (values[0][0], values[0][-1]) == ("w_1_1", "w_1_1000000000")


def test_no_line_of_a_deeper_layer_is_wider_than_the_page_allows():
    blocks = section(two_layers)
    lines = [line for block in blocks if isinstance(block, Equation | Result) for line in block.lines]
    assert lines
    assert all(width(line.right) <= 38 / 0.8 for line in lines)
    # What is short is written out beside it.
    assert "tanh" in print_code(equation(blocks, "entry.V.sum").lines[1].right.terms[0])


def test_of_a_number_there_are_no_entries():
    blocks = section(scaled)
    ids = [block.id for block in blocks if isinstance(block, Equation | Result) and block.id.startswith("entry.s")]
    assert ids == ["entry.s.sum", "entry.s.entries"]
    assert not cells(blocks, "entry.s.entries")
