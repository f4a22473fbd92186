"""How wide and high notation will be on a page, in em of the text size, without asking TeX.

The widths are those of Latin Modern Math, rounded up; a test compares them with what TeX measures.
Source: the font metrics of Latin Modern (GUST e-foundry); the layout rules are those of appendix G of "The TeXbook".
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from derive.errors import InternalError
from derive.notation import widths
from derive.notation.binding import ATOM, POWER, PRODUCT, SUM, binding
from derive.notation.glyphs import ITALIC
from derive.notation.spacing import added_level, is_number_before_digits, opened
from derive.notation.subscript import written_items, written_places
from derive.notation.tree import (
    IN_ONE_LINE,
    Along,
    At,
    AtLeast,
    Beside,
    BigSum,
    Broadcast,
    Call,
    Composition,
    Concatenate,
    Delta,
    Diagonal,
    Dots,
    Einsum,
    Entry,
    Equal,
    Extreme,
    Gradient,
    Greater,
    Grid,
    Hadamard,
    Identity,
    Inner,
    JacobianOf,
    Kronecker,
    Listed,
    MatMul,
    MatrixCall,
    Nabla,
    Name,
    Negative,
    Number,
    OneHot,
    Ones,
    Pad,
    Partial,
    Permute,
    Power,
    Product,
    Quotient,
    Relation,
    Repeat,
    Reshape,
    Selection,
    Shaped,
    Signature,
    Slice,
    Space,
    Sum,
    SumAxis,
    Take,
    Transpose,
    Tree,
    Where,
    Windows,
    Zeros,
)
from derive.notation.walk import children, is_fraction, is_tall
from derive.notation.widths import BAR, PARENTHESES, SIZES, THIN, TYPEWRITER, smaller

__all__ = ["COLUMN_GAP", "height", "width"]

COLUMN_GAP = 0.75
"""The space between two columns of a matrix, twice TeX's \\arraycolsep."""

_LEAVES = (Entry, Gradient, Partial)


_BINARY = 1.23
_RELATIONS = {"": 0.0, "=": 1.34, ":=": 1.63, "in": 1.23, "maps": 2.19, "times": 0.73}
_BRACKETS = 1.25
_HIGH_PARENTHESES = 1.36

_LOW_ROW = 1.6
_TALL_ROW = 2.2
_TALLER_ROW = 3.1


def width(tree: Tree, *, display: bool = True) -> float:
    """The width in em; display is whether fractions are set large, as they are outside a matrix."""
    return _width(tree, 0, display)


def height(tree: Tree) -> float:
    """The height in em of a line that holds the tree."""
    match tree:
        case Grid(cells=cells):
            below = 1.4 if tree.size else 0.4
            row = (_TALLER_ROW if tree.large else _TALL_ROW) if is_tall(tree) else _LOW_ROW
            return len(cells) * row + below
        case (
            Relation(parts)
            | Listed(parts)
            | Beside(parts)
            | MatMul(parts)
            | Sum(parts)
            | Product(parts)
            | Hadamard(parts)
        ):
            return max(map(height, parts))
        case Inner(left, right):
            return max(height(left), height(right))
        case Concatenate(parts) if len(parts) > IN_ONE_LINE:
            return sum(map(height, parts))
        case Shaped(operand):
            return height(operand) + 1.2
        case Gradient() | Partial() | Quotient() if is_fraction(tree):
            return 3.0
        case BigSum():
            return 3.4
    return 1.6


def _width(tree: Tree, depth: int, display: bool) -> float:
    """The width in an index of this depth, 0 for none."""
    return _of_leaf(tree, depth, display) if isinstance(tree, _LEAVES) else _of(tree, depth, display)


@lru_cache(maxsize=4096)
def _of_leaf(tree: Tree, depth: int, display: bool) -> float:
    # A page has a few hundred different entries, each of them in many places, and layout asks for them many times.
    return _of(tree, depth, display)


def _of(tree: Tree, depth: int, display: bool) -> float:
    scale = SIZES[depth]

    def inner(item: Tree, level: int = SUM) -> float:
        bare = _width(item, depth, display)
        return bare if binding(item) >= level else bare + _wrapping(item, depth)

    def script(item: Tree) -> float:
        return _width(item, min(depth + 1, 2), False) + 0.05

    def called(operands: tuple[Tree, ...]) -> float:
        """Operands in parentheses, with commas."""
        wrapping = max(_wrapping(operand, depth) for operand in operands)
        return sum(map(inner, operands)) + 0.46 * (len(operands) - 1) + wrapping

    def worded(word: str, operands: tuple[Tree, ...], below: str = "") -> float:
        """The name of a function with something below it, and its operands."""
        return widths.name(word, depth, "vector") + widths.characters(below, depth + 1) + called(operands)

    match tree:
        case Name(text, kind):
            return widths.name(text, depth, kind)
        case Entry(letter, index):
            head, _, above = letter.partition("_")
            over = widths.characters(f"({above})", depth + 1) if above and index else 0.0
            below = widths.index(index, depth) if index else widths.characters(above, depth + 1)
            return widths.name(head, depth) + max(below, over)
        case Number(value):
            return widths.number(value, depth, display)
        case Delta(index):
            return widths.name("delta", depth) + widths.index(index, depth)
        case Gradient(of, names="dX"):
            return ITALIC["d"] * scale + inner(of)
        case Gradient(of, _, loss, "nabla"):
            return 0.85 * scale + script(of) + widths.name(loss, depth)
        case Gradient(of, _, loss):
            return _fraction((Name(loss),), (of,), depth, display, sign=0.6)
        case Partial(of, by):
            return _fraction((of,), (by,), depth, display, sign=0.6)
        case Quotient(over, under):
            return _fraction((over,), (under,), depth, display)
        case Dots(kind):
            return 0.3 if kind == "column" else 1.35 * scale
        case Negative(operand):
            return 0.79 * scale + inner(operand, added_level(operand))
        case Sum((first, *rest)):
            terms = [term.operand if isinstance(term, Negative) else term for term in rest]
            gap = _BINARY if depth == 0 else 0.79 * scale
            return inner(first) + sum(gap + inner(term, added_level(term)) for term in terms)
        case Product(factors) | MatMul(factors):
            if isinstance(tree, Product):
                factors = tuple(opened(factors))
            gaps = sum(_gap(left, right, depth) for left, right in pairwise(factors))
            return gaps + sum(inner(factor, POWER) for factor in factors)
        case Hadamard(factors) | Kronecker(factors):
            return sum(inner(factor, POWER) for factor in factors) + _BINARY * (len(factors) - 1)
        case Inner(first, second):
            return inner(first) + inner(second) + 0.46 + max(_wrapping(first, depth), _wrapping(second, depth))
        case Composition(functions):
            return sum(map(inner, functions)) + 0.95 * (len(functions) - 1)
        case Power(base, exponent):
            return _raised(base, depth, display) + script(exponent)
        case Call("sqrt", (operand,)):
            return inner(operand) + (1.05 if _is_high(operand) else 0.85)
        case Where(condition, over, under):
            return widths.name("where", depth, "vector") + 0.92 + called((condition, over, under))
        case Greater(larger, smaller) | AtLeast(larger, smaller) | Equal(larger, smaller):
            wrapping = max(_wrapping(side, depth) for side in (larger, smaller))
            return inner(larger) + inner(smaller) + _RELATIONS["="] + wrapping
        case Extreme(name, operand, axes):
            return worded(name, (operand,), below=_axes(axes))
        case MatrixCall("inv", operand):
            return _raised(operand, depth, display) + 0.95 * scale
        case Transpose(MatrixCall("inv", operand)):
            return _raised(operand, depth, display) + 1.2 * scale
        case Transpose(operand):
            return _raised(operand, depth, display) + 0.66 * scale
        case MatrixCall("logdet", operand):
            return 3.4 * scale + called((operand,))
        case Diagonal(operand, rank):
            vec = widths.name("vec", depth, "vector") + _wrapping(operand, depth) if rank > 1 else 0.0
            return widths.name("diag", depth, "vector") + vec + called((operand,))
        case MatrixCall(name, operand):
            return worded(name, (operand,))
        case Call("abs", (operand,)):
            return inner(operand) + 0.7 * scale
        case Call(function, operands):
            return worded(function, operands)
        case BigSum(bounds, body):
            ends = [(widths.characters(f"{letter}=1", 1), widths.characters(str(last), 1)) for letter, last in bounds]
            signs = sum(max(1.45, *pair) if display else 1.1 + max(pair) for pair in ends)
            return signs + 2 * THIN * len(bounds) + inner(body, PRODUCT)
        case Ones(size) | Identity(size):
            return 0.58 * scale + (widths.characters(size, depth + 1) if size else 0.0)
        case Zeros(shape):
            return 0.58 * scale + widths.shape(shape)
        case SumAxis(operand, axis, rank) if rank > 2:
            several = (axis,) if isinstance(axis, int) else axis
            return worded("sum", (operand,), below=_axes(several))
        case SumAxis(operand, axis, rank):
            left = 1.24 if axis in (0, None) else 0.0
            right = 0.58 if axis == 1 or (axis is None and rank == 2) else 0.0
            beside = THIN * _is_inner(operand) * (bool(left) + bool(right))
            return (left + right + beside) * scale + inner(operand, POWER)
        case Along(function, operand, axes, rank, _):
            return worded(function, (operand,), below=_axes(None if rank == 1 else axes))
        case Permute(operand, axes):
            order = ", ".join(str(axis) for axis in axes)
            return worded("transpose", (operand,), below=order)
        case Broadcast(operand, axis, _):
            return 1.24 * scale + (_raised(operand, depth, display) if axis == 0 else inner(operand, ATOM))
        case Einsum(pattern, factors):
            listed = sum(map(inner, factors)) + 0.46 * (len(factors) - 1)
            return 3.0 + widths.characters(pattern.replace("->", "=="), 1) + listed + _HIGH_PARENTHESES + THIN
        case Slice(operand, items):
            return inner(operand, ATOM) + TYPEWRITER * (len(written_items(items)) + 2) * scale
        case Selection(_, size):
            place = 0.58 * scale + widths.characters(size, depth + 1)
            return place + TYPEWRITER * (len(written_places(tree)) + 2) * scale
        case OneHot(index, size):
            return worded("onehot", (index,), below=size)
        case Take(operand, index, rows):
            arange = TYPEWRITER * 6 + widths.characters(rows, depth) + 1.3 if rows else 0.0
            return inner(operand, ATOM) + arange + called((index,))
        case Pad(operand, around):
            pairs = ", ".join(f"({before}, {after})" for before, after in around)
            return worded("pad", (operand,), below=pairs)
        case Reshape(operand, shape):
            return widths.name("reshape", depth, "vector") + widths.shape(shape) + called((operand,))
        case Repeat(operand, times, axis, _):
            return worded("repeat", (operand,), below=f"{times}, axis {axis}")
        case Windows(operand, _, sizes):
            return widths.name("windows", depth, "vector") + widths.shape(sizes) + called((operand,))
        case Concatenate(parts) if len(parts) > IN_ONE_LINE:
            widest = max(map(inner, parts)) + PARENTHESES * scale
            return widths.name("concat", depth, "vector") + widths.characters("1", depth + 1) + widest
        case Concatenate(parts):
            return worded("concat", parts, below="1")
        case Grid():
            return _grid(tree)
        case At(function, point):
            return inner(function, ATOM) + inner(point) + PARENTHESES * scale
        case JacobianOf(function):
            return 0.67 * scale + script(function)
        case Nabla(function):
            return 0.85 * scale + inner(function, ATOM)
        case Space(sizes):
            return 0.94 * scale + (widths.shape(sizes) if sizes else 0.0)
        case Signature(function, domain, codomain):
            return inner(function) + inner(domain) + inner(codomain) + 2.3
        case Shaped(operand, shape):
            return max(inner(operand, PRODUCT if isinstance(operand, Gradient) else POWER), widths.shape(shape))
        case Listed(items, wrapped):
            return sum(map(inner, items)) + 0.46 * (len(items) - 1) + (PARENTHESES if wrapped else 0.0)
        case Beside(items):
            return sum(map(inner, items)) + 2.02 * (len(items) - 1)
        case Relation(parts, signs):
            return sum(map(inner, parts)) + sum(_RELATIONS[sign] for sign in signs)
    raise InternalError(f"measure: no rule for notation of kind {type(tree).__name__}")


def _axes(axes: tuple[int, ...] | None) -> str:
    return "" if axes is None else f"axes {', '.join(map(str, axes))}"


def _fraction(over: tuple[Tree], under: tuple[Tree], depth: int, display: bool, sign: float = 0.0) -> float:
    """The wider of both, with a sign ∂ of some width before each."""
    inside = smaller(depth, display=display)
    return max(_width(item, inside, False) for item in over + under) + sign * SIZES[inside] + BAR


def _grid(grid: Grid) -> float:
    columns = zip(*grid.cells, strict=True)
    inside = sum(max(_width(cell, 0, grid.large) for cell in column) for column in columns)
    return max(inside + COLUMN_GAP * len(grid.cells[0]) + _BRACKETS, widths.shape(grid.size) if grid.size else 0.0)


def _wrapping(tree: Tree, depth: int) -> float:
    """Parentheses as high as the tree, with the space that TeX puts beside them."""
    high = depth == 0 and _is_high(tree)
    return (_HIGH_PARENTHESES if high else PARENTHESES) * SIZES[depth] + 2 * THIN


def _raised(base: Tree, depth: int, display: bool) -> float:
    """What an exponent follows: fractions, and entries that have an exponent already, stand in parentheses."""
    twice = isinstance(base, Entry) and bool(base.index) and "_" in base.letter
    alone = binding(base) == ATOM and not _is_fraction(base) and not twice
    return _width(base, depth, display) + (0.0 if alone else _wrapping(base, depth))


def _gap(left: Tree, right: Tree, depth: int) -> float:
    """What keeps two factors apart: the printer's dot or space, and TeX's own beside fractions and brackets."""
    if isinstance(left, Grid | At) or isinstance(right, Grid | At):
        return 0.73
    if is_number_before_digits(left, right):
        return 0.73 if depth == 0 else 0.29
    shaped = isinstance(left, Shaped) and isinstance(right, Shaped)
    space = any(isinstance(item, Shaped | Gradient) for item in (left, right))
    beside = depth == 0 and (_is_inner(left) or _is_inner(right))
    return (0.29 if shaped else THIN * space) + THIN * beside


def _is_fraction(tree: Tree) -> bool:
    return is_fraction(tree) or (isinstance(tree, Number) and "/" in str(tree.value))


def _is_inner(tree: Tree) -> bool:
    """Whether TeX puts a thin space beside it."""
    return _is_fraction(tree) or isinstance(tree, Grid | Call | Inner) or binding(tree) < POWER


def _is_high(tree: Tree) -> bool:
    return _is_fraction(tree) or isinstance(tree, Grid | BigSum) or any(map(_is_high, children(tree)))
