r"""Turns a notation tree into LaTeX that LaTeX, KaTeX, MathJax and MathML converters all read.

Colour and light zeros come from a Style; without one the output needs nothing but amsmath and \mathbb.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.errors import InternalError
from derive.notation.binding import ATOM, POWER, PRODUCT, SUM
from derive.notation.spacing import added_level, is_number_before_digits, opened
from derive.notation.subscript import written_items, written_places
from derive.notation.tex_script import (
    axes_text,
    bound_number,
    entry_text,
    escaped,
    index_text,
    name_text,
    shape_text,
    size_text,
    worded,
)
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
from derive.notation.walk import is_fraction, is_tall

__all__ = ["PLAIN", "Style", "print_latex", "print_sign"]

_SIGNS = {"": "", "=": "=", ":=": ":=", "in": r"\in", "maps": r"\longmapsto", "times": r"\cdot"}
_CONTINUED = {"plus": "+", "minus": "-"}
_OPERATORS = frozenset(["cos", "cosh", "det", "exp", "log", "sin", "sinh", "tan", "tanh"])


@dataclass(frozen=True, slots=True)
class Style:
    r"""How entries look on a page.

    rows are the letters whose entries are coloured by their first index, or by the one at axis; colours is how many
    colours there are, 0 for none. The macros are `\sample{1}{...}` for row colour 1, and `\nil` for a structural zero.
    """

    rows: frozenset[str] = frozenset()
    colours: int = 0
    axis: int = 0


PLAIN = Style()


def print_latex(tree: Tree, style: Style = PLAIN) -> str:
    """The tree as LaTeX for mathematics mode."""
    return _Printer(style).text(tree)


def print_sign(sign: str) -> str:
    """The sign of a relation, or that of an operation which goes on, at the head of a line."""
    return _SIGNS.get(sign) or _CONTINUED.get(sign, "")


@dataclass(frozen=True, slots=True)
class _Printer:
    style: Style

    def text(self, tree: Tree) -> str:
        return self.bound(tree)[0]

    def bound(self, tree: Tree) -> tuple[str, int]:
        """The LaTeX, and how tightly it binds."""
        match tree:
            case Name(text, kind):
                return name_text(text, kind), ATOM
            case Entry(letter, index):
                return self.coloured(letter, index, entry_text(letter, index)), ATOM
            case Number(value):
                return bound_number(value)
            case Gradient(Entry(letter, index), names="dX"):
                return self.coloured(letter, index, f"d{entry_text(letter, index)}"), ATOM
            case Gradient(of, names="dX"):
                return f"d{self.text(of)}", ATOM
            case Gradient(of, _, loss, "nabla"):
                return rf"\nabla_{{{self.text(of)}}} {name_text(loss)}", PRODUCT
            case Gradient(Entry(letter, index), _, loss):
                entry = self.coloured(letter, index, entry_text(letter, index))
                return rf"\frac{{\partial {name_text(loss)}}}{{\partial {entry}}}", ATOM
            case Gradient(of, _, loss):
                return rf"\frac{{\partial {name_text(loss)}}}{{\partial {self.text(of)}}}", ATOM
            case Partial(of, by):
                return rf"\frac{{\partial {self.text(of)}}}{{\partial {self.text(by)}}}", ATOM
            case Delta((first, second)):
                return rf"\delta_{{{index_text((first, second))}}}", ATOM
            case Dots(kind):
                return {"row": r"\cdots", "column": r"\vdots", "both": r"\ddots"}[kind], ATOM
            case Negative(operand):
                return f"-{self.at_least(operand, added_level(operand))}", SUM
            case Sum(terms):
                return self.sum(terms), SUM
            case Product(factors):
                return self.product(tuple(opened(factors))), PRODUCT
            case MatMul(factors):
                return self.product(factors), PRODUCT
            case Hadamard(factors):
                return r" \odot ".join(self.at_least(factor, POWER) for factor in factors), PRODUCT
            case Inner(left, right):
                return rf"\left\langle {self.text(left)}, {self.text(right)} \right\rangle", ATOM
            case Quotient(over, under):
                return rf"\frac{{{self.text(over)}}}{{{self.text(under)}}}", ATOM
            case Power(base, exponent):
                return f"{self.raised(base)}^{{{self.text(exponent)}}}", POWER
            case Call("sqrt", (operand,)):
                return rf"\sqrt{{{self.text(operand)}}}", ATOM
            case Greater(left, right):
                return rf"\left[{self.text(left)} > {self.text(right)}\right]", ATOM
            case AtLeast(left, right):
                return rf"\left[{self.text(left)} \ge {self.text(right)}\right]", ATOM
            case Where(condition, left, right):
                chosen = ", ".join(map(self.text, (condition, left, right)))
                return rf"\operatorname{{where}}\left({chosen}\right)", ATOM
            case Equal(left, right):
                return rf"\left[{self.text(left)} = {self.text(right)}\right]", ATOM
            case Extreme(name, operand, axes):
                where = "" if axes is None else rf"_{{\text{{{axes_text(axes)}}}}}"
                return rf"\{name}{where}\left({self.text(operand)}\right)", ATOM
            case MatrixCall("inv", operand):
                return rf"{self.raised(operand)}^{{-1}}", POWER
            case Transpose(MatrixCall("inv", operand)):
                return rf"{self.raised(operand)}^{{-\top}}", POWER
            case MatrixCall("logdet", operand):
                return rf"\log\left|\det\left({self.text(operand)}\right)\right|", ATOM
            case Diagonal(operand, rank):
                inner = self.text(operand)
                inner = rf"\operatorname{{vec}}\left({inner}\right)" if rank > 1 else inner
                return rf"\operatorname{{diag}}\left({inner}\right)", ATOM
            case MatrixCall(name, operand):
                head = rf"\{name}" if name == "det" else rf"\operatorname{{{name}}}"
                return rf"{head}\left({self.text(operand)}\right)", ATOM
            case Call("abs", (operand,)):
                return rf"\left|{self.text(operand)}\right|", ATOM
            case Call(function, operands):
                head = rf"\{function}" if function in _OPERATORS else rf"\operatorname{{{worded(function)}}}"
                return rf"{head}\left({', '.join(map(self.text, operands))}\right)", ATOM
            case BigSum(bounds, body):
                signs = "".join(rf"\sum_{{{letter}=1}}^{{{size_text(str(last))}}}" for letter, last in bounds)
                return f"{signs} {self.at_least(body, PRODUCT)}", SUM
            case Ones(size):
                return (rf"\mathbf{{1}}_{{{size_text(size)}}}" if size else r"\mathbf{1}"), ATOM
            case Zeros(shape):
                return rf"\mathbf{{0}}_{{{shape_text(shape)}}}", ATOM
            case Identity(size):
                return rf"\mathbf{{I}}_{{{size_text(size)}}}", ATOM
            case Kronecker(factors):
                return r" \otimes ".join(self.at_least(factor, POWER) for factor in factors), PRODUCT
            case Transpose(operand):
                return rf"{self.raised(operand)}^{{\top}}", POWER
            case SumAxis(operand, axis, rank):
                return self.sum_axis(operand, axis, rank), PRODUCT
            case Along(function, operand, axes, rank, _):
                where = "" if axes is None or rank == 1 else rf"_{{\text{{{axes_text(axes)}}}}}"
                return rf"\operatorname{{{worded(function)}}}{where}\left({self.text(operand)}\right)", ATOM
            case Permute(operand, axes):
                order = ", ".join(str(axis) for axis in axes)
                return rf"\operatorname{{transpose}}_{{{order}}}\left({self.text(operand)}\right)", ATOM
            case Broadcast(operand, axis, _):
                if axis == 0:
                    return rf"\mathbf{{1}} {self.raised(operand)}^{{\top}}", PRODUCT
                return rf"{self.at_least(operand, ATOM)} \mathbf{{1}}^{{\top}}", PRODUCT
            case Einsum(pattern, factors):
                listed = ", ".join(self.text(factor) for factor in factors)
                arrow = escaped(pattern).replace("->", r"\to ")
                return rf"\operatorname{{einsum}}_{{{arrow}}}\left({listed}\right)", ATOM
            case Slice(operand, items):
                return rf"{self.at_least(operand, ATOM)}\texttt{{[{escaped(written_items(items))}]}}", ATOM
            case Selection(_, size):
                return rf"\mathbf{{I}}_{{{size_text(size)}}}\texttt{{[{escaped(written_places(tree))}]}}", ATOM
            case OneHot(index, size):
                return rf"\operatorname{{onehot}}_{{{size_text(size)}}}\left({self.text(index)}\right)", ATOM
            case Take(operand, index, rows):
                first = rf"\texttt{{arange}}({size_text(rows)}), " if rows else ""
                return rf"{self.at_least(operand, ATOM)}\left[{first}{self.text(index)}\right]", ATOM
            case Pad(operand, widths):
                pairs = ", ".join(f"({size_text(before)}, {size_text(after)})" for before, after in widths)
                return rf"\operatorname{{pad}}_{{{pairs}}}\left({self.text(operand)}\right)", ATOM
            case Reshape(operand, shape):
                return rf"\operatorname{{reshape}}_{{{shape_text(shape)}}}\left({self.text(operand)}\right)", ATOM
            case Repeat(operand, times, axis, _):
                where = rf"{size_text(times)}, \text{{{axes_text((axis,))}}}"
                return rf"\operatorname{{repeat}}_{{{where}}}\left({self.text(operand)}\right)", ATOM
            case Windows(operand, _, sizes):
                return rf"\operatorname{{windows}}_{{{shape_text(sizes)}}}\left({self.text(operand)}\right)", ATOM
            case Concatenate(parts, axis, stacked):
                if len(parts) > IN_ONE_LINE:
                    lines = r", \\[2pt] ".join(map(self.text, parts))
                    listed = rf"\begin{{array}}{{@{{}}l@{{}}}} {lines} \end{{array}}"
                else:
                    listed = ", ".join(map(self.text, parts))
                name = "stack" if stacked else "concat"
                return rf"\operatorname{{{name}}}_{{{axis}}}\left({listed}\right)", ATOM
            case Grid():
                return self.grid(tree), ATOM
            case At(function, point):
                return rf"{self.at_least(function, ATOM)}({self.text(point)})", ATOM
            case JacobianOf(function):
                return f"J_{{{self.text(function)}}}", ATOM
            case Nabla(function):
                return rf"\nabla {self.at_least(function, ATOM)}", ATOM
            case Composition(functions):
                return r" \circ ".join(self.text(function) for function in functions), PRODUCT
            case Space(sizes):
                return r"\mathbb{R}" + (f"^{{{shape_text(sizes)}}}" if sizes else ""), ATOM
            case Signature(function, domain, codomain):
                return rf"{self.text(function)}\colon {self.text(domain)} \to\nobreak {self.text(codomain)}", SUM
            case Shaped(operand, shape):
                # The strut puts the shapes of all factors of a product at one depth.
                # They also say how far ∇_Y L goes, which needs no parentheses then.
                inner = self.at_least(operand, PRODUCT if isinstance(operand, Gradient) else POWER)
                return rf"\underset{{\shape{{{shape_text(shape)}}}}}{{\vphantom{{\bigg|}}{inner}}}", ATOM
            case Listed(items, wrapped):
                texts = [r"\dots" if item == Dots() else self.text(item) for item in items]
                # A line may end after the comma of a list, and nowhere inside parentheses.
                return (f"({', '.join(texts)})" if wrapped else r", \allowbreak ".join(texts)), ATOM
            case Beside(items):
                return r" \qquad ".join(map(self.text, items)), SUM
            case Relation(parts, signs):
                first, *rest = map(self.text, parts)
                signed = (f"{print_sign(sign)} {part}" for sign, part in zip(signs, rest, strict=True))
                return " ".join([first, *signed]), SUM
        raise InternalError(f"LaTeX: no rule for notation of kind {type(tree).__name__}")

    def at_least(self, tree: Tree, level: int) -> str:
        text, binding = self.bound(tree)
        return text if binding >= level else rf"\left({text}\right)"

    def raised(self, base: Tree) -> str:
        """What an exponent can follow: one behind a fraction would look like the numerator's, and two are an error."""
        exponent = isinstance(base, Entry) and bool(base.index) and "_" in base.letter
        fraction = is_fraction(base) or (isinstance(base, Number) and "/" in str(base.value))
        return rf"\left({self.text(base)}\right)" if exponent or fraction else self.at_least(base, ATOM)

    def sum(self, terms: tuple[Tree, ...]) -> str:
        text = self.text(terms[0])
        for term in terms[1:]:
            if isinstance(term, Negative):
                text += f" - {self.at_least(term.operand, added_level(term.operand))}"
            else:
                text += f" + {self.at_least(term, added_level(term))}"
        return text

    def product(self, factors: tuple[Tree, ...]) -> str:
        # A dot keeps bracketed matrices and values of functions apart; beside a fraction a thin space is enough.
        texts = [self.at_least(factor, POWER) for factor in factors]
        result = texts[0]
        for left, right, text in zip(factors, factors[1:], texts[1:], strict=False):
            result += _glue(left, right) + text
        return result

    def sum_axis(self, operand: Tree, axis: int | tuple[int, ...] | None, rank: int) -> str:
        if rank > 2:
            axes = (axis,) if isinstance(axis, int) else axis
            where = "" if axes is None else rf"_{{\text{{{axes_text(axes)}}}}}"
            return rf"\operatorname{{sum}}{where}\left({self.text(operand)}\right)"
        inner = self.at_least(operand, POWER)
        left = r"\mathbf{1}^{\top} " if axis in (0, None) else ""
        right = r" \mathbf{1}" if axis == 1 or (axis is None and rank == 2) else ""
        return left + inner + right

    def coloured(self, letter: str, index: tuple[Index, ...], body: str) -> str:
        style = self.style
        if style.colours and letter in style.rows and len(index) > 1 and isinstance(at := index[style.axis], int):
            return rf"\sample{{{at % style.colours + 1}}}{{{body}}}"
        return body

    def grid(self, grid: Grid) -> str:
        columns = len(grid.cells[0])
        on_page = self.style.colours > 0
        rule = r"!{\blockbar}" if on_page else "|"
        cell_style = r">{\displaystyle}" if grid.large and is_tall(grid) else ""
        layout = "".join(
            f"{rule if number in grid.column_rules else ''}{cell_style}{_alignment(column)}"
            for number, column in enumerate(zip(*grid.cells, strict=True))
        )
        lines = []
        for number, row in enumerate(grid.cells):
            cells = (r"\nil" if on_page and grid.sparse and cell == Number(0) else self.text(cell) for cell in row)
            before = ""
            if number in grid.row_rules:
                before = rf"\blockline{{{columns}}} " if on_page else r"\hline "
            lines.append(before + " & ".join(cells))
        body = rf"\begin{{array}}{{{layout}}}" + " \\\\\n".join(lines) + r"\end{array}"
        height = (r"\taller" if grid.large else r"\tall") if is_tall(grid) else r"\low"
        rows = height if on_page else ""
        matrix = rf"\left[{rows}{body}\right]"
        return rf"\underset{{\shape{{{shape_text(grid.size)}}}}}{{{matrix}}}" if grid.size and on_page else matrix


def _alignment(column: tuple[Tree, ...]) -> str:
    """Numbers stand under each other at their last digit."""
    return (
        "r"
        if len(column) > 1 and all(isinstance(c, Number) for c in column) and any(c != column[0] for c in column)
        else "c"
    )


def _glue(left: Tree, right: Tree) -> str:
    if isinstance(left, Grid | At) or isinstance(right, Grid | At):
        return r" \cdot "
    if is_number_before_digits(left, right):
        return r" \cdot "
    if isinstance(left, Shaped) and isinstance(right, Shaped):
        return r" \; "
    return r" \, " if isinstance(left, Shaped | Gradient) or isinstance(right, Shaped | Gradient) else " "
