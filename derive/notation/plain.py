"""Turns a notation tree into Unicode text in two dimensions, for a terminal.

A matrix stands in tall brackets; ∂L/∂Y on its own is a fraction with a bar, ∂L/∂y₁₁ stays in the line. A structural
zero of a sparse matrix is a dot, ┊ and ┈ lie between its blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from derive.errors import InternalError
from derive.notation.box import Box, beside, bracketed, columns, folded, parenthesised, stacked, tabulated, topped
from derive.notation.digits import is_size_text, number_text
from derive.notation.ink import BOLD, PLAIN, QUIET, Ink, painted, row_colour
from derive.notation.script import entry_text, index_text, name_text, raised, shape_text, size_text, space_text
from derive.notation.spacing import added_level, glue, opened
from derive.notation.subscript import written_items, written_places
from derive.notation.tree import (
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

__all__ = ["print_plain", "print_sign"]

_SUM, _PRODUCT, _FRACTION, _POWER, _ATOM = range(5)

_SIGNS = {"": "", "=": "=", ":=": ":=", "in": "∈", "maps": "↦", "times": "·"}
_DOTS = {"row": "⋯", "column": "⋮", "both": "⋱"}


def print_plain(tree: Tree, ink: Ink = PLAIN, *, display: bool = True, cell_width: int | None = None) -> Box:
    """The tree as lines of text; what is not displayed stands in a sentence and takes a single line.

    Entries of a matrix that are wider than cell_width go on several lines.

    Raises: InternalError for notation that cannot be written, such as a matrix that was not fitted to the page.

    Example:
        >>> print_plain(Transpose(Name("W", "matrix"))).lines
        ('Wᵀ',)
    """
    return _Printer(ink, display, cell_width).box(tree)


def print_sign(sign: str) -> str:
    """The sign of a relation, or the dot of a product, at the head of a line."""
    return _SIGNS[sign]


@dataclass(frozen=True, slots=True)
class _Printer:
    ink: Ink
    display: bool
    cell_width: int | None = None

    def box(self, tree: Tree) -> Box:
        return self.bound(tree)[0]

    def flat(self, tree: Tree) -> str:
        """The tree in one line, with what makes it tall written out in the line."""
        (line,) = replace(self, display=False).box(tree).lines
        return line

    def script(self, tree: Tree) -> str:
        """The tree in one line without colours, to be raised or lowered."""
        return _Printer(PLAIN, False).flat(tree)

    def bound(self, tree: Tree) -> tuple[Box, int]:
        """The lines, and how tightly they bind."""
        match tree:
            case Name(text, kind):
                return Box((self.name(text, kind),)), _ATOM
            case Entry(letter, index):
                return Box((self.coloured(letter, index, entry_text(letter, index)),)), _ATOM
            case Number(value):
                return _number(value)
            case Gradient(Entry(letter, index), names="dX"):
                return Box((self.coloured(letter, index, f"d{entry_text(letter, index)}"),)), _ATOM
            case Gradient(of, names="dX"):
                return Box((f"d{self.flat(of)}",)), _ATOM
            case Gradient(of, _, loss, "nabla"):
                return Box((f"∇_{self.flat(of)} {name_text(loss)}",)), _PRODUCT
            case Gradient(Entry(letter, index), _, loss):
                return Box(
                    (self.coloured(letter, index, f"∂{name_text(loss)}/∂{entry_text(letter, index)}"),)
                ), _FRACTION
            case Gradient(of, _, loss):
                return self.fraction(f"∂{name_text(loss)}", f"∂{self.flat(of)}")
            case Partial(of, by):
                return Box((f"∂{self.flat(of)}/∂{self.flat(by)}",)), _FRACTION
            case Delta(index):
                return Box((f"δ{index_text(index)}",)), _ATOM
            case Dots(kind):
                return Box((_DOTS[kind],)), _ATOM
            case Negative(operand):
                return beside(Box(("−",)), self.at_least(operand, added_level(operand))), _SUM
            case Sum(terms):
                return self.sum(terms), _SUM
            case Product(factors):
                return self.product(tuple(opened(factors))), _PRODUCT
            case MatMul(factors):
                return self.product(factors), _PRODUCT
            case Hadamard(factors):
                return self.joined(factors, " ⊙ ", _FRACTION), _PRODUCT
            case Inner(first, second):
                return Box((f"⟨{self.flat(first)}, {self.flat(second)}⟩",)), _ATOM
            case Kronecker(factors):
                return self.joined(factors, " ⊗ ", _FRACTION), _PRODUCT
            case Composition(functions):
                return self.joined(functions, " ∘ ", _FRACTION), _PRODUCT
            case Quotient(over, under):
                if self.display:
                    return self.fraction(self.flat(over), self.flat(under))
                return beside(self.at_least(over, _FRACTION), Box(("/",)), self.at_least(under, _POWER)), _FRACTION
            case Power(base, exponent):
                return topped(self.at_least(base, _ATOM), raised(self.script(exponent).replace("−", "-"))), _POWER
            case Call("sqrt", (Entry() | Name() as operand,)):
                return beside(Box(("√",)), self.box(operand)), _ATOM
            case Greater(larger, smaller):
                return Box((f"[{self.flat(larger)} > {self.flat(smaller)}]",)), _ATOM
            case AtLeast(left, right):
                return Box((f"[{self.flat(left)} ≥ {self.flat(right)}]",)), _ATOM
            case Where(condition, left, right):
                return beside(Box(("where",)), parenthesised(self.joined((condition, left, right), ", ", _SUM))), _ATOM
            case Equal(left, right):
                return Box((f"[{self.flat(left)} = {self.flat(right)}]",)), _ATOM
            case Extreme(name, operand, axes):
                return beside(Box((f"{name}{_axes(axes)}",)), parenthesised(self.box(operand))), _ATOM
            case MatrixCall("inv", operand):
                return topped(self.at_least(operand, _ATOM), "⁻¹"), _POWER
            case Transpose(MatrixCall("inv", operand)):
                return topped(self.at_least(operand, _ATOM), "⁻ᵀ"), _POWER
            case MatrixCall("logdet", operand):
                return Box((f"log|det({self.flat(operand)})|",)), _ATOM
            case Diagonal(operand, rank):
                inner = parenthesised(self.box(operand))
                inner = parenthesised(beside(Box(("vec",)), inner)) if rank > 1 else inner
                return beside(Box(("diag",)), inner), _ATOM
            case MatrixCall(name, operand):
                return beside(Box((name,)), parenthesised(self.box(operand))), _ATOM
            case Call("abs", (operand,)):
                return Box((f"|{self.flat(operand)}|",)), _ATOM
            case Call(function, operands):
                return beside(
                    Box(("√" if function == "sqrt" else function,)), parenthesised(self.joined(operands, ", ", _SUM))
                ), _ATOM
            case BigSum(bounds, body):
                return beside(*(self.sigma(*bound) for bound in bounds), self.at_least(body, _PRODUCT)), _SUM
            case Ones(size):
                return Box((self.name("1", "vector") + (index_text((size,)) if size else ""),)), _ATOM
            case Zeros(shape):
                return Box((f"{self.name('0', 'vector')}_{shape_text(shape)}",)), _ATOM
            case Identity(size):
                return Box((self.name("I", "matrix") + index_text((size,)),)), _ATOM
            case Transpose(operand):
                return topped(self.at_least(operand, _ATOM), "ᵀ"), _POWER
            case SumAxis(operand, along, rank) if rank > 2:
                axes = (along,) if isinstance(along, int) else along
                return beside(Box((f"sum{_axes(axes)}",)), parenthesised(self.box(operand))), _ATOM
            case SumAxis(operand, axis, rank):
                row = (Transpose(Ones("")),) if axis in (0, None) else ()
                column = (Ones(""),) if axis == 1 or (axis is None and rank == 2) else ()
                return self.product((*row, operand, *column)), _PRODUCT
            case Along(function, operand, along, rank, _):
                where = _axes(None if rank == 1 else along)
                return beside(Box((f"{function}{where}",)), parenthesised(self.box(operand))), _ATOM
            case Permute(operand, order):
                where = ", ".join(str(axis) for axis in order)
                return beside(Box((f"transpose[{where}]",)), parenthesised(self.box(operand))), _ATOM
            case Broadcast(operand, axis, _):
                pair = (Ones(""), Transpose(operand)) if axis == 0 else (operand, Transpose(Ones("")))
                return self.product(pair), _PRODUCT
            case Einsum(pattern, factors):
                head = Box((f"einsum[{pattern.replace('->', ' → ').replace(',', ', ')}]",))
                return beside(head, parenthesised(self.joined(factors, ", ", _SUM))), _ATOM
            case Slice(operand, items):
                return beside(self.at_least(operand, _ATOM), Box((f"[{written_items(items)}]",))), _ATOM
            case Selection(_, size):
                return beside(self.box(Identity(size)), Box((f"[{written_places(tree)}]",))), _ATOM
            case OneHot(index, size):
                return beside(Box((f"onehot[{size}]",)), parenthesised(self.box(index))), _ATOM
            case Take(operand, index, rows):
                arange = f"arange({rows}), " if rows else ""
                return beside(self.at_least(operand, _ATOM), Box((f"[{arange}{self.flat(index)}]",))), _ATOM
            case Pad(operand, widths):
                pairs = ", ".join(f"({before}, {after})" for before, after in widths)
                return beside(Box((f"pad[{pairs}]",)), parenthesised(self.box(operand))), _ATOM
            case Reshape(operand, shape):
                return beside(Box((f"reshape[{shape_text(shape)}]",)), parenthesised(self.box(operand))), _ATOM
            case Repeat(operand, times, axis, _):
                return beside(Box((f"repeat[{times}, axis {axis}]",)), parenthesised(self.box(operand))), _ATOM
            case Windows(operand, _, sizes):
                return beside(Box((f"windows[{shape_text(sizes)}]",)), parenthesised(self.box(operand))), _ATOM
            case Concatenate(parts, axis, stacked):
                head = Box((f"{'stack' if stacked else 'concat'}[{axis}]",))
                return beside(head, parenthesised(self.joined(parts, ", ", _SUM))), _ATOM
            case Grid():
                return (self.grid(tree) if self.display else Box((self.flat_grid(tree),))), _ATOM
            case At(Partial() as function, point):
                return beside(self.box(function), parenthesised(self.box(point))), _FRACTION
            case At(function, point):
                return beside(self.at_least(function, _ATOM), parenthesised(self.box(point))), _ATOM
            case JacobianOf(function):
                return Box((f"J_{self.script(function)}",)), _ATOM
            case Nabla(function):
                return beside(Box(("∇",)), self.at_least(function, _ATOM)), _ATOM
            case Space(sizes):
                return Box((space_text(sizes),)), _ATOM
            case Signature(function, domain, codomain):
                return Box((f"{self.flat(function)}: {self.flat(domain)} → {self.flat(codomain)}",)), _SUM
            case Shaped(operand, shape):
                return self.shaped(operand, shape), _ATOM
            case Listed(items, wrapped):
                inside = self.joined(items, ", ", _SUM)
                return (parenthesised(inside) if wrapped else inside), _ATOM
            case Beside(items):
                return self.joined(items, "    ", _SUM), _SUM
            case Relation(parts, signs):
                boxes = [self.box(parts[0])]
                for sign, part in zip(signs, parts[1:], strict=True):
                    boxes += [Box((f" {print_sign(sign)} ",)), self.box(part)]
                return beside(*boxes), _SUM
        raise InternalError(f"plain text: no rule for notation of kind {type(tree).__name__}")

    def at_least(self, tree: Tree, level: int) -> Box:
        box, binding = self.bound(tree)
        return box if binding >= level else parenthesised(box)

    def joined(self, trees: tuple[Tree, ...], glue: str, level: int) -> Box:
        boxes = [self.at_least(trees[0], level)]
        for tree in trees[1:]:
            boxes += [Box((glue,)), self.at_least(tree, level)]
        return beside(*boxes)

    def sum(self, terms: tuple[Tree, ...]) -> Box:
        boxes = [self.box(terms[0])]
        for term in terms[1:]:
            sign, item = (" − ", term.operand) if isinstance(term, Negative) else (" + ", term)
            boxes += [Box((sign,)), self.at_least(item, added_level(item))]
        return beside(*boxes)

    def product(self, factors: tuple[Tree, ...]) -> Box:
        boxes = [self.at_least(factors[0], _FRACTION)]
        for left, right in pairwise(factors):
            box = self.at_least(right, _FRACTION)
            boxes += [Box((glue(left, right, boxes[-1], box),)), box]
        return beside(*boxes)

    def fraction(self, over: str, under: str) -> tuple[Box, int]:
        if not self.display:
            return Box((f"{over}/{under}",)), _FRACTION
        box = stacked(Box((over,)), Box((under,)), baseline=0)
        return Box((box.lines[0], "─" * box.width, box.lines[1]), 1), _ATOM

    def sigma(self, letter: str, last: int | str) -> Box:
        first, end = f"{letter}=1", size_text(str(last))
        if self.display:
            return beside(stacked(Box((end,)), Box(("∑",)), Box((first,)), baseline=1), Box((" ",)))
        return Box((f"∑{index_text((first,))}{raised(end)} ",))

    def shaped(self, operand: Tree, shape: tuple[int | str, ...]) -> Box:
        # The shapes of all factors of a product stand in one line, below the deepest of them: a fraction.
        inner = self.at_least(operand, _PRODUCT if isinstance(operand, Gradient) else _FRACTION)
        if not self.display:
            return inner
        label = Box((painted(shape_text(shape), QUIET, self.ink),))
        return stacked(inner.grown(1, 1), label, baseline=max(1, inner.baseline))

    def name(self, text: str, kind: str) -> str:
        if kind == "code":
            return text
        return name_text(text) if kind == "scalar" else painted(name_text(text), BOLD, self.ink)

    def coloured(self, letter: str, index: tuple[Index, ...], body: str) -> str:
        if letter in self.ink.rows and len(index) > self.ink.axis and isinstance(at := index[self.ink.axis], int):
            return painted(body, row_colour(at), self.ink)
        return body

    def cell(self, grid: Grid, cell: Tree) -> str:
        if grid.sparse and cell == Number(0):
            return painted("·", QUIET, self.ink)
        text = self.flat(cell)
        if self.cell_width is None or columns(text) <= self.cell_width:
            return text
        if not isinstance(cell, Sum):
            return folded([text], self.cell_width)
        rest = (self.flat(Sum((Number(0), term))).removeprefix("0 ") for term in cell.terms[1:])
        return folded([self.flat(cell.terms[0]), *rest], self.cell_width)

    def grid(self, grid: Grid) -> Box:
        cells = [[self.cell(grid, cell) for cell in row] for row in grid.cells]
        numeric = [all(isinstance(cell, Number | Dots) for cell in column) for column in zip(*grid.cells, strict=True)]
        inside = tabulated(cells, numeric, grid.row_rules, grid.column_rules)
        matrix = bracketed(inside)
        if grid.size is None:
            return matrix
        return stacked(matrix, Box((painted(shape_text(grid.size), QUIET, self.ink),)), baseline=matrix.baseline)

    def flat_grid(self, grid: Grid) -> str:
        return "[" + "; ".join(" ".join(self.cell(grid, cell) for cell in row) for row in grid.cells) + "]"


def _axes(axes: tuple[int, ...] | None) -> str:
    """[axis 0, 1]; nothing where all are meant."""
    return "" if axes is None else f"[axis {', '.join(map(str, axes))}]"


def _number(value: int | Fraction | str) -> tuple[Box, int]:
    written = number_text(value)
    if is_size_text(written):
        return Box((size_text(written),)), _SUM if "+" in written or "-" in written else _PRODUCT
    text = name_text(written) if written[:1].isalpha() else written.replace("-", "−")
    return Box((text,)), _SUM if text.startswith("−") else _FRACTION if "/" in text else _ATOM
