"""The section that is only written when asked for: images as rows of X, with real digits."""

import numpy as np
import pytest

import derive
from derive.document.blocks import Equation, Heading
from derive.document.digits import DIGITS
from derive.document.layout import grids
from derive.notation.measure import width
from derive.notation.tree import Entry, Number
from derive.render.latex import render_latex
from derive.render.text import render_text


@derive.layer(defaults="N=2 D=3 M=4")
def shared(X: "N D", W: "D M"):
    return X @ W + np.sum(X)


@derive.layer(defaults="N=2 D=3 M=4 K=2")
def two_layers(X: "N D", W: "D M", b: "M", V: "M K"):
    return np.tanh(X @ W + b) @ V


@derive.layer(defaults="N=2 D=3 M=4")
def by_rows(X: "N D", W: "M D"):
    return X @ W.T


@derive.layer(defaults="N=2")
def elementwise(X: "N 64"):
    return np.tanh(X)


@derive.layer(defaults="N=3")
def dot(u: "N", v: "N"):
    return np.sum(u * v)


def text(layer, **options) -> str:
    return " ".join(render_text(derive.derive(layer, sections="flatten", **options).document(), width=200).split())


def equation(id):
    blocks = derive.derive("affine", sections="flatten").document().blocks
    return next(block for block in blocks if isinstance(block, Equation) and block.id == id)


def test_it_is_left_out_unless_asked_for():
    assert "flatten" not in derive.derive("affine").options.chosen_sections()
    blocks = derive.derive("affine", sections="layer,flatten").document().blocks
    assert [block.id for block in blocks if isinstance(block, Heading)] == ["layer", "flatten"]


def test_the_images_are_those_of_the_source():
    images = np.array(DIGITS)
    assert images.shape == (2, 8, 8)
    # The first line of optdigits.tes begins so, and ends with the class, 0.
    assert images[0].ravel()[:24].tolist() == [
        0,
        0,
        5,
        13,
        9,
        1,
        0,
        0,
        0,
        0,
        13,
        15,
        10,
        15,
        5,
        0,
        0,
        3,
        15,
        2,
        0,
        11,
        8,
        0,
    ]
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn has a copy of the data")
    np.testing.assert_array_equal(images, datasets.load_digits().images[:2])


def test_a_row_holds_the_pixels_in_the_order_of_numpy():
    images = np.array(DIGITS).reshape(2, 1, 8, 8)
    flat = images.reshape(2, 64)
    symbols, numbers = (grid for line in equation("flatten.rows").lines for grid in grids(line))
    for grid in (symbols, numbers):
        assert grid.size == (2, 64)
        for row, cells in enumerate(grid.cells):
            shown = [(column, cell) for column, cell in zip(grid.columns, cells, strict=True) if column >= 0]
            assert shown
            for column, cell in shown:
                if isinstance(cell, Number):
                    assert cell.value == flat[row, column]
                else:
                    assert isinstance(cell, Entry)
                    image, i, j = cell.index
                    assert images[image, 0, i, j] == flat[row, column]
                    assert (image, 8 * i + j) == (row, column)


def test_the_place_of_a_pixel_of_three_channels_is_that_of_numpy():
    said = text("affine")
    assert "at place 64·(c − 1) + 8·(r − 1) + s, and a sample has 192 numbers" in said
    colour = np.arange(192).reshape(3, 8, 8)
    for c, r, s in ((1, 1, 1), (2, 3, 5), (3, 8, 8)):
        assert colour.ravel()[64 * (c - 1) + 8 * (r - 1) + s - 1] == colour[c - 1, r - 1, s - 1]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("layer", "weights"), [("affine", "W"), (two_layers, "W"), (shared, ""), (by_rows, ""), (elementwise, "")]
)
def test_rows_of_weights_are_reordered_only_where_that_changes_nothing(layer, weights):
    made = derive.derive(layer)
    said = text(layer)
    assert ("If the rows of W are put into that order too, the layer computes the same" in said) == bool(weights)
    if weights:
        random = np.random.default_rng(0)
        shapes = {node.name: made.layer.shape(node, made.sizes) for node in made.layer.inputs}
        arrays = {name: random.normal(size=shape) for name, shape in shapes.items()}
        order = random.permutation(shapes["X"][1])
        turned = {**arrays, "X": arrays["X"][:, order], weights: arrays[weights][order]}
        np.testing.assert_allclose(made.layer.function(**turned), made.layer.function(**arrays))


def test_a_layer_without_samples_says_why_there_is_nothing():
    assert "there is nothing to flatten" in text(dot)
    assert "images" not in text(dot).replace("From images to rows", "")


def test_sizes_are_named_only_where_they_are_letters():
    assert "for this batch N = 2 and D = 64" in text("affine")
    assert "for this batch" not in text(elementwise)


def test_nothing_is_wider_than_the_page():
    document = derive.derive("affine", n=64, d=4096, m=4096, sections="flatten").document()
    lines = [line for block in document.blocks if isinstance(block, Equation) for line in block.lines]
    assert lines
    assert all(width(line.right) <= 38 for line in lines)
    assert "CC BY 4.0" in render_latex(document)
