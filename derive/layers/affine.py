"""The affine layer, also called dense, fully connected or linear."""

from dataclasses import replace

from derive.forward.layer import Prose
from derive.forward.trace import layer
from derive.locale import N_

_WEIGHTS = N_("Column {j} of {W} holds the {D} weights that lead to output {j}, and {b_j} shifts that output:")

_ROWS = Prose(
    title=N_("Backpropagation through an affine layer"),
    sizes=(
        ("N", N_("sample"), N_("samples")),
        ("D", N_("input feature"), N_("input features")),
        ("M", N_("output feature"), N_("output features")),
    ),
    forward=N_("An affine layer multiplies its input by a matrix of weights and adds a bias:"),
    arrays=(
        N_(
            "The layer processes a *batch* of {N} samples at once. Row {i} of {X} is sample {i}, written as {D} "
            "numbers; row {i} of {Y} is what the layer makes of it. A sample that is not a row of numbers to begin "
            "with, an image for example, is *flattened* first: its numbers are written one after the other, in the "
            "same order for every sample, so that each of them is always multiplied by the same weights."
        ),
        _WEIGHTS,
    ),
    broadcast=N_(
        "The same {b} is added to every sample. NumPy does so without being asked (it *broadcasts* {b} along the "
        "rows); in matrix notation, multiplication by a column of ones does it. The matrix {B} has {b} in every row:"
    ),
    output=N_("Entry {ij} of the output is row {i} of {X} times column {j} of {W}, plus {b_j}:"),
    purpose=N_(
        "A step of gradient descent subtracts a multiple of {dW} and {db} from the parameters. {dX} becomes the "
        "upstream gradient of the previous layer, from which that layer finds its own."
    ),
    zeros=(
        (
            "X",
            N_(
                "Sample {i} affects row {i} of {Y} and no other, so everything outside the diagonal blocks is zero. "
                "All samples are multiplied by the same weights, so the blocks are equal."
            ),
        ),
        (
            "W",
            N_(
                "Block {ik} holds the derivatives of row {i} of {Y} with respect to row {k} of {W}. Of that row, "
                "{y_ij} contains {w_kj} alone, and its factor is {x_ik}. So the block is {x_ik} times the identity "
                "matrix."
            ),
        ),
        (
            "b",
            N_(
                "Raising {b_j} by some amount raises column {j} of {Y}, and no other, by the same amount in every "
                "sample."
            ),
        ),
    ),
)

_COLUMNS = replace(
    _ROWS,
    arrays=(
        N_(
            "The layer processes a *batch* of {N} samples at once. Column {j} of {X} is sample {j}, written as {D} "
            "numbers; column {j} of {Y} is what the layer makes of it. A sample that is not a column of numbers to "
            "begin with, an image for example, is *flattened* first: its numbers are written one after the other, in "
            "the same order for every sample, so that each of them is always multiplied by the same weights."
        ),
        N_("Row {i} of {W} holds the {D} weights that lead to output {i}, and {b_i} shifts that output:"),
    ),
    broadcast=N_(
        "The same {b} is added to every sample. In NumPy that takes `b[:, None]`, a column, which is then repeated (it "
        "is *broadcast* along the columns); in matrix notation, multiplication by a row of ones does it. The matrix "
        "{B} has {b} in every column:"
    ),
    output=N_("Entry {ij} of the output is row {i} of {W} times column {j} of {X}, plus {b_i}:"),
    zeros=(
        (
            "X",
            N_(
                "Block {ik} holds the derivatives of row {i} of {Y} with respect to row {k} of {X}. Sample {j} affects "
                "column {j} of {Y} and no other: of row {k} of {X}, {y_ij} contains {x_kj} alone, and its factor is "
                "{w_ik}. So the block is {w_ik} times the identity matrix."
            ),
        ),
        (
            "W",
            N_(
                "The weights in row {i} of {W} lead to row {i} of {Y} and to no other, so everything outside the "
                "diagonal blocks is zero. Every output is computed from the same samples, so the blocks are equal."
            ),
        ),
        (
            "b",
            N_("Raising {b_i} by some amount raises row {i} of {Y}, and no other, by the same amount in every sample."),
        ),
    ),
)

_ONE = replace(
    _ROWS,
    arrays=(
        N_(
            "There is one *sample* {x}, a row of {D} numbers. A sample that is not a row of numbers to begin with, an "
            "image for example, is *flattened* first: its numbers are written one after the other, in an order that "
            "is chosen once, so that each of them is always multiplied by the same weights."
        ),
        _WEIGHTS,
    ),
    broadcast="",
    output=N_("Output {j} is {x} times column {j} of {W}, plus {b_j}:"),
    zeros=(
        (
            "W",
            N_(
                "Block {k} holds the derivatives of {y} with respect to row {k} of {W}. Of that row, {y_j} contains "
                "{w_kj} alone, and its factor is {x_k}. So the block is {x_k} times the identity matrix."
            ),
        ),
        ("b", N_("Raising {b_j} by some amount raises {y_j}, and no other output, by the same amount.")),
    ),
)


@layer(defaults="N=2 D=2 M=3", prose=replace(_ROWS, columns=_COLUMNS, one=_ONE))
def affine(X: "N D", W: "D M", b: "M"):
    """Y = X W + b: every sample, a row of X, is multiplied by W and shifted by b."""
    return X @ W + b
