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


_TITLE = N_("Backpropagation through an affine layer without bias")
_FORWARD = N_("Without its bias, an affine layer multiplies its input by a matrix of weights and does nothing else:")
_PURPOSE = N_(
    "A step of gradient descent subtracts a multiple of {dW} from the weights. {dX} becomes the upstream gradient of "
    "the previous layer, from which that layer finds its own."
)
_ONLY_WEIGHTS = N_("Column {j} of {W} holds the {D} weights that lead to output {j}:")


def _without_bias(prose: Prose, weights: str, output: str) -> Prose:
    """What is left to say when nothing is added."""
    return replace(
        prose,
        title=_TITLE,
        forward=_FORWARD,
        arrays=(prose.arrays[0], weights),
        broadcast="",
        output=output,
        zeros=tuple(said for said in prose.zeros if said[0] != "b"),
        purpose=_PURPOSE,
    )


_NONE = replace(
    _without_bias(_ROWS, _ONLY_WEIGHTS, N_("Entry {ij} of the output is row {i} of {X} times column {j} of {W}:")),
    columns=_without_bias(
        _COLUMNS,
        N_("Row {i} of {W} holds the {D} weights that lead to output {i}:"),
        N_("Entry {ij} of the output is row {i} of {W} times column {j} of {X}:"),
    ),
    one=_without_bias(_ONE, _ONLY_WEIGHTS, N_("Output {j} is {x} times column {j} of {W}:")),
)

_ONES = replace(
    _ROWS,
    arrays=(
        _ROWS.arrays[0],
        N_("Column {j} of {W} holds the {D} weights that lead to output {j}, and entry {j} of {b} shifts it:"),
    ),
    broadcast=N_(
        "A matrix with {N} rows and one with a single row have no sum. What is meant is the sum with the matrix {B} "
        "that has {b} in every row, and that is the product of a column of {N} ones and the row {b}. NumPy adds {b} to "
        "every row without being asked (it *broadcasts* {b}), and never builds {B}:"
    ),
    output=N_("Entry {ij} of the output is row {i} of {X} times column {j} of {W}, plus entry {j} of {b}:"),
    zeros=(
        *_ROWS.zeros[:2],
        (
            "b",
            N_(
                "The bias enters through a product like {X} {W}, with the column of ones in the place of {X} and {b} "
                "in that of {W}. So the Jacobian is the one with respect to {W}, with ones in the place of the entries "
                "of {X}."
            ),
        ),
    ),
    columns=replace(
        _COLUMNS,
        arrays=(
            _COLUMNS.arrays[0],
            N_("Row {i} of {W} holds the {D} weights that lead to output {i}, and entry {i} of {b} shifts it:"),
        ),
        broadcast=N_(
            "A matrix with {N} columns and one with a single column have no sum. What is meant is the sum with the "
            "matrix {B} that has {b} in every column, and that is the product of the column {b} and a row of {N} ones. "
            "NumPy adds {b} to every column without being asked (it *broadcasts* {b}), and never builds {B}:"
        ),
        output=N_("Entry {ij} of the output is row {i} of {W} times column {j} of {X}, plus entry {i} of {b}:"),
        zeros=(
            *_COLUMNS.zeros[:2],
            (
                "b",
                N_(
                    "The bias enters through a product like {W} {X}, with {b} in the place of {W} and the row of ones "
                    "in that of {X}. So the Jacobian is the one with respect to {W}, with ones in the place of the "
                    "entries of {X}."
                ),
            ),
        ),
    ),
    one=_ONE,
)


@layer(defaults="N=2 D=2 M=3", prose=replace(_ROWS, columns=_COLUMNS, one=_ONE), variant="bias=vector")
def affine(X: "N D", W: "D M", b: "M"):
    """Y = X W + b: every sample, a row of X, is multiplied by W and shifted by b."""
    return X @ W + b


@layer(name="affine", defaults="N=2 D=2 M=3", prose=_ONES, variant="bias=ones")
def affine_ones(X: "N D", W: "D M", b: "1 M"):
    """Y = X W + 1 b: the bias is a matrix with one row, which a column of ones repeats."""
    return X @ W + b


_AUGMENTED = replace(
    _ROWS,
    forward=N_("An affine layer can be written as a single product of matrices:"),
    arrays=(
        N_(
            "The layer processes a *batch* of {N} samples at once. Row {i} of {A} is sample {i}, written as {D} "
            "numbers, and a 1 at the end; row {i} of {Y} is what the layer makes of it."
        ),
        N_("Column {j} of {V} holds the {D} weights that lead to output {j}, and below them the bias of that output:"),
    ),
    broadcast="",
    output=N_("Entry {ij} of the output is row {i} of {A} times column {j} of {V}:"),
    purpose="",
    zeros=(
        ("A", dict(_ROWS.zeros)["X"]),
        (
            "V",
            N_(
                "Block {ik} holds the derivatives of row {i} of {Y} with respect to row {k} of {V}. Of that row, "
                "{y_ij} contains {v_kj} alone, and its factor is {a_ik}. So the block is {a_ik} times the identity "
                "matrix."
            ),
        ),
    ),
    columns=replace(
        _COLUMNS,
        forward=N_("An affine layer can be written as a single product of matrices:"),
        arrays=(
            N_(
                "The layer processes a *batch* of {N} samples at once. Column {j} of {A} is sample {j}, written as {D} "
                "numbers, and a 1 at the end; column {j} of {Y} is what the layer makes of it."
            ),
            N_("Row {i} of {V} holds the {D} weights that lead to output {i}, and after them the bias of that output:"),
        ),
        broadcast="",
        output=N_("Entry {ij} of the output is row {i} of {V} times column {j} of {A}:"),
        purpose="",
        zeros=(),
    ),
    one=replace(
        _ONE,
        forward=N_("An affine layer can be written as a single product of a row and a matrix:"),
        arrays=(
            N_("There is one *sample*, a row of {D} numbers; {a} is that row with a 1 at the end."),
            N_("Column {j} of {V} holds the {D} weights that lead to output {j}, and below them its bias:"),
        ),
        output=N_("Output {j} is {a} times column {j} of {V}:"),
        purpose="",
        zeros=(),
    ),
)


@layer(
    name="affine",
    defaults="N=2 D=2 M=3",
    prose=_AUGMENTED,
    variant="bias=augmented",
    plain=affine,
    stacks="A=X|1 V=W/b",
)
def affine_augmented(A: "N D+1", V: "D+1 M"):
    """Y = A V: A is X with a column of ones beside it, V is W with the bias below it."""
    return A @ V


@layer(name="affine", defaults="N=2 D=2 M=3", prose=_NONE, variant="bias=none")
def affine_none(X: "N D", W: "D M"):
    """Y = X W: a linear layer."""
    return X @ W
