"""What is said about the affine layer, for each variant, and for samples as rows, as columns, or a single one."""

from __future__ import annotations

from dataclasses import replace

from derive.forward.layer import Prose, Remark
from derive.locale import N_
from derive.notation.tree import (
    At,
    Beside,
    Grid,
    MatMul,
    Name,
    Negative,
    Number,
    Ones,
    Product,
    Relation,
    Sum,
    Transpose,
    Tree,
)

__all__ = ["AUGMENTED", "NONE", "ONES", "VECTOR"]

_F, _C = Name("f"), Name("c")
_X, _W, _b = Name("X", "matrix"), Name("W", "matrix"), Name("b", "vector")
_x, _z = Name("x", "vector"), Name("z", "vector")
_ONE_COLUMN = Ones("")
_WITHOUT_C = Sum((Number(1), Negative(_C)))
_ADDITIVE = Relation.equal(At(_F, Sum((_x, _z))), Sum((At(_F, _x), At(_F, _z))))
_HOMOGENEOUS = Relation.equal(At(_F, Product((_C, _x))), Product((_C, At(_F, _x))))


def _not_linear(image: Tree) -> Remark:
    """Why the map of one sample x to this image is not linear."""
    return Remark(
        N_(
            "For one sample {x} the layer is the map {map}, and with one feature on either side it is the line {line}. "
            "Such a map is called *affine*. It is not linear unless {b} is zero: a linear map satisfies {additive} and "
            "{homogeneous}, and so takes {zero} to {zero}. Here"
        ),
        (
            ("x", _x),
            ("b", _b),
            ("zero", Name("0", "vector")),
            ("map", Relation.equal(At(_F, _x), image)),
            ("line", Relation.equal(Name("y"), Sum((Product((Name("w"), Name("x"))), Name("b"))))),
            ("additive", _ADDITIVE),
            ("homogeneous", _HOMOGENEOUS),
        ),
        (
            Beside(
                (
                    Relation.equal(At(_F, Name("0", "vector")), _b),
                    Relation.equal(At(_F, Sum((_x, _z))), Sum((At(_F, _x), At(_F, _z), Negative(_b)))),
                    Relation.equal(
                        At(_F, Product((_C, _x))), Sum((Product((_C, At(_F, _x))), Product((_WITHOUT_C, _b))))
                    ),
                )
            ),
        ),
    )


def _one_dimension_up(sum: Tree, product: Tree) -> Remark:
    """How a bias becomes one more row or column of weights: the sum is the product."""
    return Remark(
        N_(
            "What an affine map keeps are combinations whose coefficients add up to 1: {combination}. And with a 1 at "
            "the end of every sample, the bias is one more line of weights, and the map of the longer samples is "
            "linear:"
        ),
        (
            (
                "combination",
                Relation.equal(
                    At(_F, Sum((Product((_C, _x)), Product((_WITHOUT_C, _z))))),
                    Sum((Product((_C, At(_F, _x))), Product((_WITHOUT_C, At(_F, _z))))),
                ),
            ),
        ),
        (Relation.equal(sum, product),),
    )


_LINEAR = Remark(
    N_(
        "Without a bias the layer takes {zero} to {zero}, and the map {f} of one sample is linear: {additive} and "
        "{homogeneous}."
    ),
    (("f", _F), ("zero", Name("0", "vector")), ("additive", _ADDITIVE), ("homogeneous", _HOMOGENEOUS)),
)


def _beside(*blocks: Tree) -> Tree:
    return Grid((blocks,))


def _below(*blocks: Tree) -> Tree:
    return Grid(tuple((block,) for block in blocks))


_REMARKS = {
    "rows": (
        _not_linear(Sum((MatMul((Transpose(_W), _x)), _b))),
        _one_dimension_up(
            Sum((MatMul((_X, _W)), MatMul((_ONE_COLUMN, Transpose(_b))))),
            MatMul((_beside(_X, _ONE_COLUMN), _below(_W, Transpose(_b)))),
        ),
    ),
    "row of biases": (
        _not_linear(Sum((MatMul((Transpose(_W), _x)), Transpose(_b)))),
        _one_dimension_up(
            Sum((MatMul((_X, _W)), MatMul((_ONE_COLUMN, _b)))), MatMul((_beside(_X, _ONE_COLUMN), _below(_W, _b)))
        ),
    ),
    "columns": (
        _not_linear(Sum((MatMul((_W, _x)), _b))),
        _one_dimension_up(
            Sum((MatMul((_W, _X)), MatMul((_b, Transpose(_ONE_COLUMN))))),
            MatMul((_beside(_W, _b), _below(_X, Transpose(_ONE_COLUMN)))),
        ),
    ),
    "one": (
        _not_linear(Sum((MatMul((_x, _W)), _b))),
        _one_dimension_up(Sum((MatMul((_x, _W)), _b)), MatMul((_beside(_x, Number(1)), _below(_W, _b)))),
    ),
}

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
    real_sizes=(("N", 64), ("D", 4096), ("M", 4096)),
    remarks=_REMARKS["rows"],
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
    remarks=_REMARKS["columns"],
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
    remarks=_REMARKS["one"],
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
        remarks=(_LINEAR,),
    )


NONE = replace(
    _without_bias(_ROWS, _ONLY_WEIGHTS, N_("Entry {ij} of the output is row {i} of {X} times column {j} of {W}:")),
    columns=_without_bias(
        _COLUMNS,
        N_("Row {i} of {W} holds the {D} weights that lead to output {i}:"),
        N_("Entry {ij} of the output is row {i} of {W} times column {j} of {X}:"),
    ),
    one=_without_bias(_ONE, _ONLY_WEIGHTS, N_("Output {j} is {x} times column {j} of {W}:")),
)

ONES = replace(
    _ROWS,
    remarks=_REMARKS["row of biases"],
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

VECTOR = replace(_ROWS, columns=_COLUMNS, one=_ONE)

AUGMENTED = replace(
    _ROWS,
    remarks=(),
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
        remarks=(),
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
        remarks=(),
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
