"""The affine layer, also called dense, fully connected or linear."""

from derive.forward.layer import Prose
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through an affine layer"),
    sizes=(
        ("N", N_("sample"), N_("samples")),
        ("D", N_("input feature"), N_("input features")),
        ("M", N_("output feature"), N_("output features")),
    ),
    arrays=(
        N_(
            "The layer processes a *batch* of {N} samples at once. Row {i} of {X} is sample {i}, written as {D} "
            "numbers; row {i} of {Y} is what the layer makes of it. A sample that is no row of numbers by nature, an "
            "image for example, is *flattened* first: its numbers are written one after the other, in the same order "
            "for every sample, so that each of them always meets the same weights."
        ),
        N_("Column {j} of {W} holds the {D} weights that lead to output {j}, and {b_j} shifts that output:"),
    ),
    broadcast=N_(
        "The same {b} is added to every sample. NumPy does so without being asked (it *broadcasts* {b} along the "
        "rows); in matrix notation a column of ones says it. The matrix {B} has {b} in every row:"
    ),
    output=N_("Entry {ij} of the output is row {i} of {X} times column {j} of {W}, plus {b_j}:"),
    purpose=N_(
        "{dW} and {db} tell how to change the parameters of the layer; {dX} is handed to the layer before, whose "
        "upstream gradient it is."
    ),
    zeros=(
        (
            "X",
            N_(
                "Sample {i} reaches row {i} of {Y} and no other, so everything outside the diagonal blocks is zero. "
                "All samples meet the same weights, so the blocks are equal."
            ),
        ),
        (
            "W",
            N_(
                "Column {j} of {W} acts on column {j} of {Y} and on no other, so every block is a number times the "
                "identity matrix. The number is the feature of the sample that the weights of that row of {W} multiply."
            ),
        ),
        (
            "b",
            N_(
                "Raising {b_j} by some amount raises column {j} of {Y} by the same amount in every sample, so the "
                "identity matrix is stacked once for each of them."
            ),
        ),
    ),
)


@layer(defaults="N=2 D=2 M=3", prose=_PROSE)
def affine(X: "N D", W: "D M", b: "M"):
    """Y = X W + b: every sample, a row of X, is multiplied by W and shifted by b."""
    return X @ W + b
