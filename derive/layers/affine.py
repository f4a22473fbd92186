"""The affine layer, also called dense, fully connected or linear."""

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
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
)

_F, _C = Name("f"), Name("c")
_X, _W, _B = Name("X", "matrix"), Name("W", "matrix"), Name("b", "vector")
_x, _z = Name("x", "vector"), Name("z", "vector")
_WITHOUT_C = Sum((Number(1), Negative(_C)))

_NOT_LINEAR = Remark(
    N_(
        "For one sample {x} the layer is the map {map}, and with one feature on either side it is the line {line}. "
        "Such a map is called *affine*. It is not linear unless {b} is zero: a linear map satisfies {additive} and "
        "{homogeneous}, and so takes {zero} to {zero}. Here"
    ),
    (
        ("x", _x),
        ("zero", Name("0", "vector")),
        ("map", Relation.equal(At(_F, _x), Sum((MatMul((Transpose(_W), _x)), _B)))),
        ("line", Relation.equal(Name("y"), Sum((Product((Name("w"), Name("x"))), Name("b"))))),
        ("additive", Relation.equal(At(_F, Sum((_x, _z))), Sum((At(_F, _x), At(_F, _z))))),
        ("homogeneous", Relation.equal(At(_F, Product((_C, _x))), Product((_C, At(_F, _x))))),
    ),
    (
        Beside(
            (
                Relation.equal(At(_F, Name("0", "vector")), _B),
                Relation.equal(At(_F, Sum((_x, _z))), Sum((At(_F, _x), At(_F, _z), Negative(_B)))),
                Relation.equal(At(_F, Product((_C, _x))), Sum((Product((_C, At(_F, _x))), Product((_WITHOUT_C, _B))))),
            )
        ),
    ),
)
_ONE_DIMENSION_UP = Remark(
    N_(
        "What an affine map keeps are combinations whose coefficients add up to 1: {combination}. And with a 1 at the "
        "end of every sample, the bias is one more row of weights, and the map of the longer samples is linear:"
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
    (
        Relation.equal(
            Sum((MatMul((_X, _W)), MatMul((Ones(""), Transpose(_B))))),
            MatMul(
                (
                    Grid(((_X, Ones("")),)),
                    Grid(((_W,), (Transpose(_B),))),
                )
            ),
        ),
    ),
)

_PROSE = Prose(
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
        N_("Column {j} of {W} holds the {D} weights that lead to output {j}, and {b_j} shifts that output:"),
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
    remarks=(_NOT_LINEAR, _ONE_DIMENSION_UP),
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


@layer(defaults="N=2 D=2 M=3", prose=_PROSE)
def affine(X: "N D", W: "D M", b: "M"):
    """Y = X W + b: every sample, a row of X, is multiplied by W and shifted by b."""
    return X @ W + b
