"""How wide and high notation will be on a page, in em of the text size, without asking TeX.

The widths are those of Latin Modern Math, rounded up; a test compares them with what TeX measures.
Source: the font metrics of Latin Modern (GUST e-foundry); the layout rules are those of appendix G of "The TeXbook".
"""

from __future__ import annotations

from derive.notation.latex import print_latex
from derive.notation.tree import (
    At,
    Beside,
    BigSum,
    Broadcast,
    Call,
    Composition,
    Delta,
    Dots,
    Entry,
    Gradient,
    Grid,
    Hadamard,
    Identity,
    Index,
    JacobianOf,
    Kronecker,
    Listed,
    MatMul,
    Nabla,
    Name,
    Negative,
    Number,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Relation,
    Shaped,
    Signature,
    Space,
    Sum,
    SumAxis,
    Transpose,
    Tree,
    is_tall,
)

__all__ = ["COLUMN_GAP", "height", "width"]

COLUMN_GAP = 0.75
"""The space between two columns of a matrix, twice TeX's \\arraycolsep."""

_WIDE = {"m": 0.88, "w": 0.74, "W": 0.98, "M": 1.0, "N": 0.85, "D": 0.85, "X": 0.86, "K": 0.88, "H": 0.88, "L": 0.69}
_NARROW = {"b": 0.46, "i": 0.36, "j": 0.44, "l": 0.34, "t": 0.4, "c": 0.46, "s": 0.5, "g": 0.52, "y": 0.55, "x": 0.6}
_SCRIPT = 0.74
_SMALLEST = 0.56
_BINARY = 1.26
_RELATION = 1.36
_BRACKETS = 1.5
_PARENTHESES = 0.8
_LOW_ROW = 1.6
_TALL_ROW = 2.2
_TALLER_ROW = 3.1


def width(tree: Tree, *, display: bool = True) -> float:
    """The width in em; display is whether fractions are set large, as they are outside a matrix."""
    return _width(tree, 1.0, display)


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
        case Shaped(operand):
            return height(operand) + 1.2
        case Gradient() | Partial() | Quotient():
            return 3.0
        case BigSum():
            return 3.4
    return 1.6


def _letters(text: str, scale: float, *, bold: bool = False) -> float:
    factor = 1.2 if bold else 1.0
    body, _, rest = text.partition("_")
    if len(body) > 4:
        # Either a Greek letter's name or a word; the word is the wider of the two.
        return scale * (0.56 * len(body) + 0.4 * len(rest)) * factor
    sizes = (_WIDE.get(c, _NARROW.get(c, 0.6 if c.islower() else 0.8)) for c in body)
    return scale * factor * (sum(sizes) + 0.45 * len(rest))


def _fraction_scale(scale: float, *, display: bool) -> float:
    if display:
        return scale
    return max(scale * _SCRIPT, _SMALLEST)


def _subscript(index: tuple[Index, ...], scale: float) -> float:
    written = [str(i + 1) if isinstance(i, int) else i for i in index]
    commas = len(written) - 1 if any(len(part) > 1 for part in written) else 0
    inner = max(scale * _SCRIPT, _SMALLEST)
    return inner * (sum(0.52 * len(part) for part in written) + 0.3 * commas) + 0.06


def _width(tree: Tree, scale: float, display: bool) -> float:
    def inner(item: Tree) -> float:
        return _width(item, scale, display)

    match tree:
        case Name(text, kind):
            return _letters(text, scale, bold=kind != "scalar")
        case Entry(letter, index):
            return _letters(letter, scale) + (_subscript(index, scale) if index else 0)
        case Number(value):
            return scale * 0.52 * len(str(value)) + 0.1
        case Delta(index):
            return 0.5 * scale + _subscript(index, scale)
        case Gradient(of, _, loss):
            small = _fraction_scale(scale, display=display)
            return max(_letters(loss, small), _width(of, small, False)) + 0.58 * small + 0.3
        case Partial(of, by):
            small = _fraction_scale(scale, display=display)
            return max(_width(of, small, False), _width(by, small, False)) + 0.58 * small + 0.3
        case Quotient(over, under):
            small = _fraction_scale(scale, display=display)
            return max(_width(over, small, False), _width(under, small, False)) + 0.3
        case Dots():
            return 1.25 * scale
        case Negative(operand):
            return 0.8 * scale + inner(operand)
        case Sum(terms):
            return sum(map(inner, terms)) + _BINARY * scale * (len(terms) - 1) + _wraps(tree, scale)
        case Product(factors):
            return sum(map(inner, factors)) + 0.18 * scale * (len(factors) - 1) + _wraps(tree, scale)
        case MatMul(factors):
            return sum(map(inner, factors)) + 0.78 * scale * (len(factors) - 1) + _wraps(tree, scale)
        case Hadamard(factors) | Composition(factors) | Kronecker(factors):
            return sum(map(inner, factors)) + _BINARY * scale * (len(factors) - 1) + _wraps(tree, scale)
        case Power(base, exponent):
            return inner(base) + _PARENTHESES + _width(exponent, scale * _SCRIPT, False)
        case Call(function, operands):
            return _letters(function, scale) + sum(map(inner, operands)) + 1.2
        case BigSum(bounds, body):
            return 2.2 * len(bounds) + inner(body)
        case Ones(size) | Identity(size):
            return 0.6 * scale + (_subscript((size,), scale) if size else 0)
        case Transpose(operand):
            return inner(operand) + 0.65 * scale
        case SumAxis(operand, _, _) | Broadcast(operand, _, _):
            return inner(operand) + 2.2 * scale
        case Grid():
            return _grid(tree)
        case At(function, point):
            return inner(function) + inner(point) + _PARENTHESES * scale
        case JacobianOf(function):
            return 0.6 * scale + _width(function, scale * _SCRIPT, False) + 0.1
        case Nabla(function):
            return 0.85 * scale + inner(function)
        case Space(sizes):
            written = "x".join(map(str, sizes))
            return 0.8 * scale + 0.48 * len(written)
        case Signature(function, domain, codomain):
            return inner(function) + inner(domain) + inner(codomain) + 2.4
        case Shaped(operand, shape):
            return max(inner(operand), 0.48 * (sum(len(str(size)) for size in shape) + 1.6 * len(shape)))
        case Listed(items, wrapped):
            return sum(map(inner, items)) + 0.5 * (len(items) - 1) + (_PARENTHESES if wrapped else 0.0)
        case Beside(items):
            return sum(map(inner, items)) + 2.1 * (len(items) - 1)
        case Relation(parts, signs):
            return sum(map(inner, parts)) + _RELATION * len(signs)
    # Rare notation: what it says, as if every character of its LaTeX were printed.
    return 0.5 * len(print_latex(tree))


def _wraps(tree: Sum | Product | MatMul | Hadamard | Composition | Kronecker, scale: float) -> float:
    """Room for parentheses round factors that need them."""
    parts = tree.functions if isinstance(tree, Composition) else tree.terms if isinstance(tree, Sum) else tree.factors
    return 0.0 if isinstance(tree, Sum) else _PARENTHESES * scale * sum(isinstance(part, Sum) for part in parts)


def _grid(grid: Grid) -> float:
    columns = zip(*grid.cells, strict=True)
    inside = sum(max(_width(cell, 1.0, grid.large) for cell in column) for column in columns)
    size = 0.0 if grid.size is None else 0.48 * (len(f"{grid.size[0]}{grid.size[1]}") + 2)
    return max(inside + COLUMN_GAP * len(grid.cells[0]) + _BRACKETS, size)
