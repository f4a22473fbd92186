"""The notation tree: mathematics as it is written, before it is LaTeX, code or plain text.

Scalars       Entry x_11 · Number · Gradient ∂L/∂y_11 · Partial ∂y_11/∂x_11 · Delta δ_ij · Dots · Sum · Product · ...
Matrices      Name X · Gradient ∂L/∂Y · Ones · Zeros · Identity · Transpose · MatMul · Hadamard · Kronecker · SumAxis ·
Explicit [...] · Inner ⟨A, B⟩
Statements    Relation a = b = c · Signature y: ℝⁿ → ℝᵐ · Space X ∈ ℝ^{N×D} · Shaped (a factor with its shape under it)

The part that formulas are made of can be evaluated, so that what is proved is what is printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, Protocol, TypeAlias

__all__ = [
    "IN_ONE_LINE",
    "Along",
    "At",
    "AtLeast",
    "Beside",
    "BigSum",
    "Broadcast",
    "Call",
    "Composition",
    "Concatenate",
    "Delta",
    "Diagonal",
    "Dots",
    "Einsum",
    "Entry",
    "Equal",
    "Explicit",
    "Extreme",
    "Gradient",
    "Greater",
    "Grid",
    "Hadamard",
    "Identity",
    "Index",
    "Inner",
    "JacobianOf",
    "Kind",
    "Kronecker",
    "Listed",
    "MatMul",
    "MatrixCall",
    "Nabla",
    "Name",
    "Names",
    "Negative",
    "Number",
    "OneHot",
    "Ones",
    "Pad",
    "Partial",
    "Permute",
    "Power",
    "Product",
    "Quotient",
    "Relation",
    "Repeat",
    "Reshape",
    "Selection",
    "Shaped",
    "Signature",
    "Slice",
    "Space",
    "Sum",
    "SumAxis",
    "Table",
    "Take",
    "Transpose",
    "Tree",
    "Where",
    "Windows",
    "Zeros",
]

Kind: TypeAlias = Literal["matrix", "vector", "scalar", "code"]
"""What is called so; code is what a piece of code calls it, whose letters are those of the code."""

Names: TypeAlias = Literal["partial", "dX", "nabla"]

Index: TypeAlias = int | str
"""A position, counted from 0, or the letter of a summation index."""


@dataclass(frozen=True, slots=True)
class Name:
    """A letter for a whole object: a matrix X, a vector b, a scalar L, a function y.

    rank is the number of axes of an array that has more than two, or that code has given the name.
    """

    text: str
    kind: Kind = "scalar"
    rank: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """x_{12}: one entry of the object whose entries have this letter; positions count from 0 and print from 1."""

    letter: str
    index: tuple[Index, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """A rational number, a size letter, or pi."""

    value: int | Fraction | str


@dataclass(frozen=True, slots=True)
class Gradient:
    """∂L/∂Y or ∂L/∂y_{12}; code writes the upstream one by its letter, G or g_1_2.

    names is how it is written on a page: ∂L/∂Y, dY, or ∇_Y L.
    """

    of: Name | Entry
    letter: str
    loss: str = "L"
    names: Names = "partial"


@dataclass(frozen=True, slots=True)
class Partial:
    """∂y_{11}/∂x_{12}."""

    of: Tree
    by: Tree


@dataclass(frozen=True, slots=True)
class Delta:
    """δ_{ij}, 1 where i = j and 0 elsewhere."""

    index: tuple[Index, Index]


@dataclass(frozen=True, slots=True)
class Dots:
    """What is left out: ⋯ in a row or a sum, ⋮ in a column, ⋱ where both meet."""

    kind: Literal["row", "column", "both"] = "row"


@dataclass(frozen=True, slots=True)
class Negative:
    """-a."""

    operand: Tree


@dataclass(frozen=True, slots=True)
class Sum:
    """a + b + ..., of scalars or of matrices of one shape."""

    terms: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """a b ..., a product of scalars, or a scalar times a matrix."""

    factors: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """a / b, entry by entry."""

    over: Tree
    under: Tree


@dataclass(frozen=True, slots=True)
class Power:
    """a ** n, entry by entry."""

    base: Tree
    exponent: Tree


@dataclass(frozen=True, slots=True)
class Call:
    """f(a, ...), entry by entry."""

    function: str
    operands: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Greater:
    """[a > b], entry by entry: 1 where it holds and 0 elsewhere."""

    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class AtLeast:
    """[a ≥ b], entry by entry: 1 where it holds and 0 elsewhere."""

    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Where:
    """a where a condition holds and b elsewhere, entry by entry; the condition is a comparison."""

    condition: Tree
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Equal:
    """[a = b], entry by entry: 1 where it holds and 0 elsewhere."""

    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Extreme:
    """The largest or smallest entry (max, min) along axes, or of all entries (None)."""

    name: str
    operand: Tree
    axes: tuple[int, ...] | None
    rank: int


@dataclass(frozen=True, slots=True)
class MatrixCall:
    """X⁻¹ (inv), det X, or log |det X| (logdet)."""

    name: str
    operand: Tree


@dataclass(frozen=True, slots=True)
class BigSum:
    """Σ_{k=1}^{K} of body; every bound is a letter and its last value."""

    bounds: tuple[tuple[str, int | str], ...]
    body: Tree


@dataclass(frozen=True, slots=True)
class Ones:
    """1 ∈ ℝ^N, the vector of ones."""

    size: str


@dataclass(frozen=True, slots=True)
class Zeros:
    """0 ∈ ℝ^{N×D}, an array of zeros; the number 0 is a Number."""

    shape: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transpose:
    """Aᵀ."""

    operand: Tree


@dataclass(frozen=True, slots=True)
class MatMul:
    """A B ..., the product of matrices."""

    factors: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Hadamard:
    """A ⊙ B ⊙ ..., entry by entry."""

    factors: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Inner:
    """⟨A, B⟩, the sum of all entries of A ⊙ B."""

    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class SumAxis:
    """Sum over one axis (0: over rows, 1ᵀA; 1: over columns, A1), over several, or over all of them (None)."""

    operand: Tree
    axis: int | tuple[int, ...] | None
    rank: int


@dataclass(frozen=True, slots=True)
class Along:
    """A function of an array along axes, or of all its entries (None): mean, var, norm, logsumexp, softmax, ...

    rank is that of the array. Softmax and its logarithm keep the axes, others only where kept says so, with size 1.
    """

    function: str
    operand: Tree
    axes: tuple[int, ...] | None
    rank: int
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Permute:
    """The axes of an array in another order."""

    operand: Tree
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A vector repeated along a new axis: 0, as rows, 1bᵀ; 1, as columns, a1ᵀ.

    size is how often; '' if an array that stands beside it says so.
    """

    operand: Tree
    axis: int
    size: str


@dataclass(frozen=True, slots=True)
class Identity:
    """I, the identity matrix."""

    size: str


@dataclass(frozen=True, slots=True)
class Diagonal:
    """diag(a), the matrix with these entries on its diagonal; of more axes, read row by row: diag(vec A)."""

    operand: Tree
    rank: int = 1


@dataclass(frozen=True, slots=True)
class Kronecker:
    """A ⊗ B ⊗ ..."""

    factors: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Einsum:
    """A contraction that matrix notation cannot write."""

    pattern: str
    factors: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """X[:, 1:3]: a part of an array, with an item for each of its axes in NumPy's words."""

    operand: Tree
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of the identity matrix: row number offset + Σ_k stride_k i_k at the place i, I[1:3].

    rows is what stands in brackets where NumPy has a word for it, 1:3; else ''.
    """

    counts: tuple[str, ...]
    size: str
    strides: tuple[str, ...]
    offset: str
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Pad:
    """An array with zeros before and behind it, as many as the widths of each axis say."""

    operand: Tree
    widths: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reshape:
    """An array in another shape, read row by row."""

    operand: Tree
    shape: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """An array with every entry several times, next to each other along an axis; rank is that of the array."""

    operand: Tree
    times: str
    axis: int
    rank: int


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of these sizes along axes of an array, whose own axes come last; rank is that of the array."""

    operand: Tree
    axes: tuple[int, ...]
    sizes: tuple[str, ...]
    rank: int


IN_ONE_LINE = 2
"""Of more arrays beside each other each is set in a line of its own."""


@dataclass(frozen=True, slots=True)
class Concatenate:
    """Arrays beside each other along an axis; stacked, along one that they do not have."""

    parts: tuple[Tree, ...]
    axis: int
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class OneHot:
    """For every whole number of an array a row that is 1 at that place and 0 elsewhere: rows of the identity matrix.

    rows is how many there are, if the array has one axis.
    """

    index: Tree
    size: str
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """W[t], the rows of W with these numbers; or, where rows says how many, Z[arange(N), t], one entry of each row."""

    operand: Tree
    index: Tree
    rows: str
    rank: int


class Table(Protocol):
    """The entries of a matrix, made when somebody asks for one.

    blocks are so many rows high and columns wide; sparse says that a zero is one by structure, whatever the inputs.
    """

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, int]: ...

    @property
    def blocks(self) -> tuple[int, int]: ...

    @property
    def sparse(self) -> bool: ...

    def tree(self, row: int, column: int, /) -> Tree: ...


@dataclass(frozen=True, slots=True)
class Explicit:
    """A matrix written out: a table, or the part of it that is shown once it is a Grid."""

    table: Table


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells in brackets. Dots are cells; a rule lies before each of the listed rows and columns of the grid.

    name is that of the table; rows and columns are the table's own numbers, counted from 0, of what is shown, and -1
    where dots stand for some. size is the true number of rows and columns if any are left out, else None. In a large
    one fractions are as large as outside.
    """

    cells: tuple[tuple[Tree, ...], ...]
    name: str = ""
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    row_rules: tuple[int, ...] = ()
    column_rules: tuple[int, ...] = ()
    size: tuple[int, int] | None = None
    sparse: bool = False
    large: bool = False


@dataclass(frozen=True, slots=True)
class At:
    """f(x): a function at a point."""

    function: Tree
    point: Tree


@dataclass(frozen=True, slots=True)
class JacobianOf:
    """J_f, the Jacobian matrix of f."""

    function: Tree


@dataclass(frozen=True, slots=True)
class Nabla:
    """∇f, the gradient of f as a function."""

    function: Tree


@dataclass(frozen=True, slots=True)
class Composition:
    """g ∘ f."""

    functions: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Space:
    """ℝ, ℝ^n or ℝ^{N×D}."""

    sizes: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """f: A → B."""

    function: Tree
    domain: Tree
    codomain: Tree


@dataclass(frozen=True, slots=True)
class Shaped:
    """An object with its shape under it."""

    operand: Tree
    shape: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """a, b, ...; wrapped, (a, b, ...)."""

    items: tuple[Tree, ...]
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """Statements next to each other, with room between them."""

    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """a = b = c, with the sign that stands before every part but the first."""

    parts: tuple[Tree, ...]
    signs: tuple[str, ...]

    @staticmethod
    def equal(*parts: Tree) -> Relation:
        """The chain of equalities of the parts."""
        return Relation(parts, ("=",) * (len(parts) - 1))


Tree: TypeAlias = (
    Name
    | Entry
    | Number
    | Gradient
    | Partial
    | Delta
    | Dots
    | Negative
    | Sum
    | Product
    | Quotient
    | Power
    | Call
    | Greater
    | AtLeast
    | Where
    | Equal
    | Extreme
    | MatrixCall
    | Diagonal
    | BigSum
    | Ones
    | Zeros
    | Transpose
    | MatMul
    | Hadamard
    | Inner
    | SumAxis
    | Along
    | Permute
    | Broadcast
    | Identity
    | Kronecker
    | Einsum
    | Slice
    | Selection
    | Pad
    | Repeat
    | Reshape
    | Windows
    | Concatenate
    | OneHot
    | Take
    | Explicit
    | Grid
    | At
    | JacobianOf
    | Nabla
    | Composition
    | Space
    | Signature
    | Shaped
    | Listed
    | Beside
    | Relation
)
