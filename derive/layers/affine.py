"""The affine layer, also called dense, fully connected or linear."""

from derive.forward.trace import layer
from derive.layers.prose.affine import AUGMENTED, NONE, ONES, VECTOR


@layer(defaults="N=2 D=2 M=3", prose=VECTOR, variant="bias=vector")
def affine(X: "N D", W: "D M", b: "M"):
    """Y = X W + b: every sample, a row of X, is multiplied by W and shifted by b."""
    return X @ W + b


@layer(name="affine", defaults="N=2 D=2 M=3", prose=ONES, variant="bias=ones")
def affine_ones(X: "N D", W: "D M", b: "1 M"):
    """Y = X W + 1 b: the bias is a matrix with one row, which a column of ones repeats."""
    return X @ W + b


@layer(
    name="affine",
    defaults="N=2 D=2 M=3",
    prose=AUGMENTED,
    variant="bias=augmented",
    plain=affine,
    stacks="A=X|1 V=W/b",
)
def affine_augmented(A: "N D+1", V: "D+1 M"):
    """Y = A V: A is X with a column of ones beside it, V is W with the bias below it."""
    return A @ V


@layer(name="affine", defaults="N=2 D=2 M=3", prose=NONE, variant="bias=none")
def affine_none(X: "N D", W: "D M"):
    """Y = X W: a linear layer."""
    return X @ W
