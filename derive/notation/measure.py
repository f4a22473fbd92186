"""How wide and high notation will be on a page, in em of the text size, without asking TeX.

The widths are those of Latin Modern Math, rounded up; a test compares them with what TeX measures.
Source: the font metrics of Latin Modern (GUST e-foundry); the layout rules are those of appendix G of "The TeXbook".
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from derive.errors import InternalError
from derive.notation.accents import accented
from derive.notation.digits import is_size_text, number_text
from derive.notation.glyphs import BOLD, ITALIC
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
    Index,
    Inner,
    JacobianOf,
    Kind,
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

__all__ = ["COLUMN_GAP", "height", "width"]

COLUMN_GAP = 0.75
"""The space between two columns of a matrix, twice TeX's \\arraycolsep."""

_LEAVES = (Entry, Gradient, Partial)

_SIZES = (1.0, 0.78, 0.67)
"""Text size, the size of an index, and that of an index of an index."""

_DIGIT = 0.505
_BINARY = 1.23
_RELATIONS = {"": 0.0, "=": 1.34, ":=": 1.63, "in": 1.23, "maps": 2.19, "times": 0.73}
_BRACKETS = 1.25
_PARENTHESES = 0.79
_HIGH_PARENTHESES = 1.36
_THIN = 0.17
_TYPEWRITER = 0.53

_SUM, _PRODUCT, _POWER, _ATOM = range(4)
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
    scale = _SIZES[depth]

    def inner(item: Tree, level: int = _SUM) -> float:
        bare = _width(item, depth, display)
        return bare if _binding(item) >= level else bare + _wrapping(item, depth)

    def script(item: Tree) -> float:
        return _width(item, min(depth + 1, 2), False) + 0.05

    match tree:
        case Name(text, kind):
            return _name(text, depth, kind)
        case Entry(letter, index):
            head, _, above = letter.partition("_")
            over = _characters(f"({above})", depth + 1) if above and index else 0.0
            below = _index(index, depth) if index else _characters(above, depth + 1)
            return _name(head, depth) + max(below, over)
        case Number(value):
            return _number(value, depth, display)
        case Delta(index):
            return _name("delta", depth) + _index(index, depth)
        case Gradient(of, names="dX"):
            return ITALIC["d"] * scale + inner(of)
        case Gradient(of, _, loss, "nabla"):
            return 0.85 * scale + script(of) + _name(loss, depth)
        case Gradient(of, _, loss):
            return _fraction((Name(loss),), (of,), depth, display, sign=0.6)
        case Partial(of, by):
            return _fraction((of,), (by,), depth, display, sign=0.6)
        case Quotient(over, under):
            return _fraction((over,), (under,), depth, display)
        case Dots(kind):
            return 0.3 if kind == "column" else 1.35 * scale
        case Negative(operand):
            return 0.79 * scale + inner(operand, _PRODUCT)
        case Sum((first, *rest)):
            terms = [term.operand if isinstance(term, Negative) else term for term in rest]
            gap = _BINARY if depth == 0 else 0.79 * scale
            return inner(first) + sum(gap + inner(term, _PRODUCT) for term in terms)
        case Product(factors) | MatMul(factors):
            gaps = sum(_gap(left, right, depth) for left, right in pairwise(factors))
            return gaps + sum(inner(factor, _POWER) for factor in factors)
        case Hadamard(factors) | Kronecker(factors):
            return sum(inner(factor, _POWER) for factor in factors) + _BINARY * (len(factors) - 1)
        case Inner(first, second):
            return inner(first) + inner(second) + 0.46 + max(_wrapping(first, depth), _wrapping(second, depth))
        case Composition(functions):
            return sum(map(inner, functions)) + 0.95 * (len(functions) - 1)
        case Power(base, exponent):
            return _raised(base, depth, display) + script(exponent)
        case Call("sqrt", (operand,)):
            return inner(operand) + (1.05 if _is_high(operand) else 0.85)
        case Where(condition, over, under):
            return _name("where", depth, "vector") + 0.92 + _called((condition, over, under), inner, depth)
        case Greater(larger, smaller) | AtLeast(larger, smaller) | Equal(larger, smaller):
            wrapping = max(_wrapping(side, depth) for side in (larger, smaller))
            return inner(larger) + inner(smaller) + _RELATIONS["="] + wrapping
        case Extreme(name, operand, axes):
            along = "" if axes is None else f"axes {', '.join(str(axis + 1) for axis in axes)}"
            return _name(name, depth, "vector") + _characters(along, depth + 1) + _called((operand,), inner, depth)
        case MatrixCall("inv", operand):
            return _raised(operand, depth, display) + 0.95 * scale
        case Transpose(MatrixCall("inv", operand)):
            return _raised(operand, depth, display) + 1.2 * scale
        case Transpose(operand):
            return _raised(operand, depth, display) + 0.66 * scale
        case MatrixCall("logdet", operand):
            return 3.4 * scale + _called((operand,), inner, depth)
        case Diagonal(operand, rank):
            vec = _name("vec", depth, "vector") + _wrapping(operand, depth) if rank > 1 else 0.0
            return _name("diag", depth, "vector") + vec + _called((operand,), inner, depth)
        case MatrixCall(name, operand):
            return _name(name, depth, "vector") + _called((operand,), inner, depth)
        case Call("abs", (operand,)):
            return inner(operand) + 0.7 * scale
        case Call(function, operands):
            commas = 0.46 * (len(operands) - 1)
            wrapping = max(_wrapping(operand, depth) for operand in operands)
            return _name(function, depth, "vector") + sum(map(inner, operands)) + commas + wrapping
        case BigSum(bounds, body):
            ends = [(_characters(f"{letter}=1", 1), _characters(str(last), 1)) for letter, last in bounds]
            signs = sum(max(1.45, *pair) if display else 1.1 + max(pair) for pair in ends)
            return signs + 2 * _THIN * len(bounds) + inner(body, _PRODUCT)
        case Ones(size) | Identity(size):
            return 0.58 * scale + (_characters(size, depth + 1) if size else 0.0)
        case Zeros(shape):
            return 0.58 * scale + _shape(shape)
        case SumAxis(operand, axis, rank) if rank > 2:
            several = (axis,) if isinstance(axis, int) else axis
            along = "" if several is None else f"axes {', '.join(str(axis + 1) for axis in several)}"
            return _name("sum", depth, "vector") + _characters(along, depth + 1) + _called((operand,), inner, depth)
        case SumAxis(operand, axis, rank):
            left = 1.24 if axis in (0, None) else 0.0
            right = 0.58 if axis == 1 or (axis is None and rank == 2) else 0.0
            beside = _THIN * _is_inner(operand) * (bool(left) + bool(right))
            return (left + right + beside) * scale + inner(operand, _POWER)
        case Along(function, operand, axes, _, _):
            along = "" if axes is None else f"axes {', '.join(str(axis + 1) for axis in axes)}"
            return _name(function, depth, "vector") + _characters(along, depth + 1) + _called((operand,), inner, depth)
        case Permute(operand, axes):
            order = ", ".join(str(axis + 1) for axis in axes)
            return (
                _name("transpose", depth, "vector") + _characters(order, depth + 1) + _called((operand,), inner, depth)
            )
        case Broadcast(operand, axis, _):
            return 1.24 * scale + (_raised(operand, depth, display) if axis == 0 else inner(operand, _ATOM))
        case Einsum(pattern, factors):
            listed = sum(map(inner, factors)) + 0.46 * (len(factors) - 1)
            return 3.0 + _characters(pattern.replace("->", "=="), 1) + listed + _HIGH_PARENTHESES + _THIN
        case Slice(operand, items):
            return inner(operand, _ATOM) + _TYPEWRITER * (len(written_items(items)) + 2) * scale
        case Selection(_, size):
            place = 0.58 * scale + _characters(size, depth + 1)
            return place + _TYPEWRITER * (len(written_places(tree)) + 2) * scale
        case OneHot(index, size):
            return _name("onehot", depth, "vector") + _characters(size, depth + 1) + _called((index,), inner, depth)
        case Take(operand, index, rows):
            arange = _TYPEWRITER * 6 + _characters(rows, depth) + 1.3 if rows else 0.0
            return inner(operand, _ATOM) + arange + _called((index,), inner, depth)
        case Pad(operand, widths):
            pairs = ", ".join(f"({before}, {after})" for before, after in widths)
            return _name("pad", depth, "vector") + _characters(pairs, depth + 1) + _called((operand,), inner, depth)
        case Reshape(operand, shape):
            return _name("reshape", depth, "vector") + _shape(shape) + _called((operand,), inner, depth)
        case Repeat(operand, times, axis, _):
            where = _characters(f"{times}, axis {axis + 1}", depth + 1)
            return _name("repeat", depth, "vector") + where + _called((operand,), inner, depth)
        case Windows(operand, _, sizes):
            return _name("windows", depth, "vector") + _shape(sizes) + _called((operand,), inner, depth)
        case Concatenate(parts) if len(parts) > IN_ONE_LINE:
            widest = max(map(inner, parts)) + _PARENTHESES * scale
            return _name("concat", depth, "vector") + _characters("1", depth + 1) + widest
        case Concatenate(parts):
            return _name("concat", depth, "vector") + _characters("1", depth + 1) + _called(parts, inner, depth)
        case Grid():
            return _grid(tree)
        case At(function, point):
            return inner(function, _ATOM) + inner(point) + _PARENTHESES * scale
        case JacobianOf(function):
            return 0.67 * scale + script(function)
        case Nabla(function):
            return 0.85 * scale + inner(function, _ATOM)
        case Space(sizes):
            return 0.94 * scale + (_shape(sizes) if sizes else 0.0)
        case Signature(function, domain, codomain):
            return inner(function) + inner(domain) + inner(codomain) + 2.3
        case Shaped(operand, shape):
            return max(inner(operand, _PRODUCT if isinstance(operand, Gradient) else _POWER), _shape(shape))
        case Listed(items, wrapped):
            return sum(map(inner, items)) + 0.46 * (len(items) - 1) + (_PARENTHESES if wrapped else 0.0)
        case Beside(items):
            return sum(map(inner, items)) + 2.02 * (len(items) - 1)
        case Relation(parts, signs):
            return sum(map(inner, parts)) + sum(_RELATIONS[sign] for sign in signs)
    raise InternalError(f"measure: no rule for notation of kind {type(tree).__name__}")


def _called(operands: tuple[Tree, ...], inner: Callable[[Tree], float], depth: int) -> float:
    """Operands in parentheses, with commas."""
    wrapping = max(_wrapping(operand, depth) for operand in operands)
    return sum(map(inner, operands)) + 0.46 * (len(operands) - 1) + wrapping


def _name(text: str, depth: int, kind: Kind = "scalar") -> float:
    body, _, below = text.partition("_")
    body, _ = accented(body)
    # A word is set upright or in text italics, for which bold letters are wide enough.
    widths = ITALIC if kind == "scalar" and (len(body) == 1 or body in ITALIC) else BOLD
    head = widths[body] if body in widths else sum(widths.get(c, 0.6) for c in body)
    return head * _SIZES[min(depth, 2)] + (_characters(below.replace("_", ","), depth + 1) if below else 0.0)


def _characters(text: str, depth: int) -> float:
    """Letters, digits and signs in an index; the name of a Greek letter is one."""
    if text in ITALIC:
        return ITALIC[text] * _SIZES[min(depth, 2)] + 0.05
    other = {",": 0.29, "(": 0.4, ")": 0.4, "=": 0.78, ".": 0.29, "-": 0.78}
    widths = (other.get(c, _DIGIT if c.isdecimal() else BOLD.get(c, 0.6)) for c in text)
    return sum(widths) * _SIZES[min(depth, 2)] + (0.05 if text else 0.0)


def _index(index: tuple[Index, ...], depth: int) -> float:
    written = [str(i + 1) if isinstance(i, int) else i for i in index]
    glue = "," if any(len(part) > 1 for part in written) else ""
    return _characters(glue.join(written), depth + 1)


def _number(value: int | Fraction | str, depth: int, display: bool) -> float:
    text = number_text(value)
    if is_size_text(text):
        return _characters(text, depth)
    if text[:1].isalpha():
        return _name(text, depth)
    sign = 0.79 * _SIZES[depth] if text.startswith("-") else 0.0
    over, slash, under = text.removeprefix("-").partition("/")
    if slash:
        return sign + _fraction((Number(over),), (Number(under),), depth, display)
    whole, _, decimals = over.partition(".")
    groups = _THIN * ((len(over) - 1) // 3) if not decimals and len(over) > 4 else 0.0
    return sign + (_DIGIT * len(whole + decimals) + 0.29 * bool(decimals) + groups) * _SIZES[depth]


def _fraction(over: tuple[Tree], under: tuple[Tree], depth: int, display: bool, sign: float = 0.0) -> float:
    """The wider of both, with a sign ∂ of some width before each."""
    smaller = depth if display else min(depth + 1, 2)
    return max(_width(item, smaller, False) for item in over + under) + sign * _SIZES[smaller] + 0.23


def _shape(sizes: tuple[int | str, ...]) -> float:
    """N×D in an index."""
    terms = [str(size).split(" + ") for size in sizes]
    sums = sum((0.62 * (len(several) - 1) + _PARENTHESES) for several in terms if len(several) > 1)
    return sum(_number(term, 1, False) for several in terms for term in several) + sums + 0.62 * (len(sizes) - 1) + 0.05


def _grid(grid: Grid) -> float:
    columns = zip(*grid.cells, strict=True)
    inside = sum(max(_width(cell, 0, grid.large) for cell in column) for column in columns)
    return max(inside + COLUMN_GAP * len(grid.cells[0]) + _BRACKETS, _shape(grid.size) if grid.size else 0.0)


def _binding(tree: Tree) -> int:
    """How tightly a tree binds for the LaTeX printer, which puts parentheses round what binds too weakly."""
    match tree:
        case Sum() | Negative() | BigSum() | Relation() | Signature() | Beside():
            return _SUM
        case Number(value) if str(value).startswith("-"):
            return _SUM
        case Number(value) if is_size_text(str(value)):
            return _SUM if "+" in str(value) or "-" in str(value) else _PRODUCT
        case Product() | MatMul() | Hadamard() | Kronecker() | SumAxis() | Broadcast() | Composition():
            return _PRODUCT
        case Gradient(names="nabla"):
            return _PRODUCT
        case Power() | Transpose() | MatrixCall("inv"):
            return _POWER
    return _ATOM


def _wrapping(tree: Tree, depth: int) -> float:
    """Parentheses as high as the tree, with the space that TeX puts beside them."""
    high = depth == 0 and _is_high(tree)
    return (_HIGH_PARENTHESES if high else _PARENTHESES) * _SIZES[depth] + 2 * _THIN


def _raised(base: Tree, depth: int, display: bool) -> float:
    """What an exponent follows: fractions, and entries that have an exponent already, stand in parentheses."""
    twice = isinstance(base, Entry) and bool(base.index) and "_" in base.letter
    alone = _binding(base) == _ATOM and not _is_fraction(base) and not twice
    return _width(base, depth, display) + (0.0 if alone else _wrapping(base, depth))


def _gap(left: Tree, right: Tree, depth: int) -> float:
    """What keeps two factors apart: the printer's dot or space, and TeX's own beside fractions and brackets."""
    if isinstance(left, Grid | At) or isinstance(right, Grid | At):
        return 0.73
    if isinstance(left, Number) and isinstance(right, Power) and isinstance(right.base, Number):
        return 0.73 if depth == 0 else 0.29
    shaped = isinstance(left, Shaped) and isinstance(right, Shaped)
    space = any(isinstance(item, Shaped | Gradient) for item in (left, right))
    beside = depth == 0 and (_is_inner(left) or _is_inner(right))
    return (0.29 if shaped else _THIN * space) + _THIN * beside


def _is_fraction(tree: Tree) -> bool:
    return is_fraction(tree) or (isinstance(tree, Number) and "/" in str(tree.value))


def _is_inner(tree: Tree) -> bool:
    """Whether TeX puts a thin space beside it."""
    return _is_fraction(tree) or isinstance(tree, Grid | Call | Inner) or _binding(tree) < _POWER


def _is_high(tree: Tree) -> bool:
    return _is_fraction(tree) or isinstance(tree, Grid | BigSum) or any(map(_is_high, children(tree)))
