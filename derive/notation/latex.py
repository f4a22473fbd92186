r"""Turns a notation tree into LaTeX that LaTeX, KaTeX, MathJax and MathML converters all read.

Colour and light zeros come from a Style; without one the output needs nothing but amsmath and \mathbb.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from derive.errors import InternalError
from derive.notation.accents import accented
from derive.notation.digits import is_size_text, number_text
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

_SUM, _PRODUCT, _POWER, _ATOM = range(4)

_GREEK_LETTERS = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega
    Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
_GREEK = frozenset(_GREEK_LETTERS.split())
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
                return _name(text, kind), _ATOM
            case Entry(letter, index):
                return self.coloured(letter, index, _entry(letter, index)), _ATOM
            case Number(value):
                return _number(value)
            case Gradient(Entry(letter, index), names="dX"):
                return self.coloured(letter, index, f"d{_entry(letter, index)}"), _ATOM
            case Gradient(of, names="dX"):
                return f"d{self.text(of)}", _ATOM
            case Gradient(of, _, loss, "nabla"):
                return rf"\nabla_{{{self.text(of)}}} {_name(loss)}", _PRODUCT
            case Gradient(Entry(letter, index), _, loss):
                entry = self.coloured(letter, index, _entry(letter, index))
                return rf"\frac{{\partial {_name(loss)}}}{{\partial {entry}}}", _ATOM
            case Gradient(of, _, loss):
                return rf"\frac{{\partial {_name(loss)}}}{{\partial {self.text(of)}}}", _ATOM
            case Partial(of, by):
                return rf"\frac{{\partial {self.text(of)}}}{{\partial {self.text(by)}}}", _ATOM
            case Delta((first, second)):
                return rf"\delta_{{{_index((first, second))}}}", _ATOM
            case Dots(kind):
                return {"row": r"\cdots", "column": r"\vdots", "both": r"\ddots"}[kind], _ATOM
            case Negative(operand):
                return f"-{self.at_least(operand, _PRODUCT)}", _SUM
            case Sum(terms):
                return self.sum(terms), _SUM
            case Product(factors) | MatMul(factors):
                return self.product(factors), _PRODUCT
            case Hadamard(factors):
                return r" \odot ".join(self.at_least(factor, _POWER) for factor in factors), _PRODUCT
            case Inner(left, right):
                return rf"\left\langle {self.text(left)}, {self.text(right)} \right\rangle", _ATOM
            case Quotient(over, under):
                return rf"\frac{{{self.text(over)}}}{{{self.text(under)}}}", _ATOM
            case Power(base, exponent):
                return f"{self.raised(base)}^{{{self.text(exponent)}}}", _POWER
            case Call("sqrt", (operand,)):
                return rf"\sqrt{{{self.text(operand)}}}", _ATOM
            case Greater(left, right):
                return rf"\left[{self.text(left)} > {self.text(right)}\right]", _ATOM
            case AtLeast(left, right):
                return rf"\left[{self.text(left)} \ge {self.text(right)}\right]", _ATOM
            case Where(condition, left, right):
                chosen = ", ".join(map(self.text, (condition, left, right)))
                return rf"\operatorname{{where}}\left({chosen}\right)", _ATOM
            case Equal(left, right):
                return rf"\left[{self.text(left)} = {self.text(right)}\right]", _ATOM
            case Extreme(name, operand, axes):
                where = "" if axes is None else rf"_{{\text{{{_axes(axes)}}}}}"
                return rf"\{name}{where}\left({self.text(operand)}\right)", _ATOM
            case MatrixCall("inv", operand):
                return rf"{self.raised(operand)}^{{-1}}", _POWER
            case Transpose(MatrixCall("inv", operand)):
                return rf"{self.raised(operand)}^{{-\top}}", _POWER
            case MatrixCall("logdet", operand):
                return rf"\log\left|\det\left({self.text(operand)}\right)\right|", _ATOM
            case Diagonal(operand, rank):
                inner = self.text(operand)
                inner = rf"\operatorname{{vec}}\left({inner}\right)" if rank > 1 else inner
                return rf"\operatorname{{diag}}\left({inner}\right)", _ATOM
            case MatrixCall(name, operand):
                head = rf"\{name}" if name == "det" else rf"\operatorname{{{name}}}"
                return rf"{head}\left({self.text(operand)}\right)", _ATOM
            case Call("abs", (operand,)):
                return rf"\left|{self.text(operand)}\right|", _ATOM
            case Call(function, operands):
                head = rf"\{function}" if function in _OPERATORS else rf"\operatorname{{{_escaped(function)}}}"
                return rf"{head}\left({', '.join(map(self.text, operands))}\right)", _ATOM
            case BigSum(bounds, body):
                signs = "".join(rf"\sum_{{{letter}=1}}^{{{_size(str(last))}}}" for letter, last in bounds)
                return f"{signs} {self.at_least(body, _PRODUCT)}", _SUM
            case Ones(size):
                return (rf"\mathbf{{1}}_{{{_size(size)}}}" if size else r"\mathbf{1}"), _ATOM
            case Zeros(shape):
                return rf"\mathbf{{0}}_{{{_shape(shape)}}}", _ATOM
            case Identity(size):
                return rf"\mathbf{{I}}_{{{_size(size)}}}", _ATOM
            case Kronecker(factors):
                return r" \otimes ".join(self.at_least(factor, _POWER) for factor in factors), _PRODUCT
            case Transpose(operand):
                return rf"{self.raised(operand)}^{{\top}}", _POWER
            case SumAxis(operand, axis, rank):
                return self.sum_axis(operand, axis, rank), _PRODUCT
            case Along(function, operand, axes, _, _):
                where = "" if axes is None else rf"_{{\text{{{_axes(axes)}}}}}"
                return rf"\operatorname{{{_escaped(function)}}}{where}\left({self.text(operand)}\right)", _ATOM
            case Permute(operand, axes):
                order = ", ".join(str(axis + 1) for axis in axes)
                return rf"\operatorname{{transpose}}_{{{order}}}\left({self.text(operand)}\right)", _ATOM
            case Broadcast(operand, axis, _):
                if axis == 0:
                    return rf"\mathbf{{1}} {self.raised(operand)}^{{\top}}", _PRODUCT
                return rf"{self.at_least(operand, _ATOM)} \mathbf{{1}}^{{\top}}", _PRODUCT
            case Einsum(pattern, factors):
                listed = ", ".join(self.text(factor) for factor in factors)
                arrow = _escaped(pattern).replace("->", r"\to ")
                return rf"\operatorname{{einsum}}_{{{arrow}}}\left({listed}\right)", _ATOM
            case Slice(operand, items):
                return rf"{self.at_least(operand, _ATOM)}\texttt{{[{_escaped(written_items(items))}]}}", _ATOM
            case Selection(_, size):
                return rf"\mathbf{{I}}_{{{_size(size)}}}\texttt{{[{_escaped(written_places(tree))}]}}", _ATOM
            case OneHot(index, size):
                return rf"\operatorname{{onehot}}_{{{_size(size)}}}\left({self.text(index)}\right)", _ATOM
            case Take(operand, index, rows):
                first = rf"\texttt{{arange}}({_size(rows)}), " if rows else ""
                return rf"{self.at_least(operand, _ATOM)}\left[{first}{self.text(index)}\right]", _ATOM
            case Pad(operand, widths):
                pairs = ", ".join(f"({_size(before)}, {_size(after)})" for before, after in widths)
                return rf"\operatorname{{pad}}_{{{pairs}}}\left({self.text(operand)}\right)", _ATOM
            case Reshape(operand, shape):
                return rf"\operatorname{{reshape}}_{{{_shape(shape)}}}\left({self.text(operand)}\right)", _ATOM
            case Repeat(operand, times, axis, _):
                where = rf"{_size(times)}, \text{{{_axes((axis,))}}}"
                return rf"\operatorname{{repeat}}_{{{where}}}\left({self.text(operand)}\right)", _ATOM
            case Windows(operand, _, sizes):
                return rf"\operatorname{{windows}}_{{{_shape(sizes)}}}\left({self.text(operand)}\right)", _ATOM
            case Concatenate(parts, axis, stacked):
                if len(parts) > IN_ONE_LINE:
                    lines = r", \\[2pt] ".join(map(self.text, parts))
                    listed = rf"\begin{{array}}{{@{{}}l@{{}}}} {lines} \end{{array}}"
                else:
                    listed = ", ".join(map(self.text, parts))
                name = "stack" if stacked else "concat"
                return rf"\operatorname{{{name}}}_{{{axis + 1}}}\left({listed}\right)", _ATOM
            case Grid():
                return self.grid(tree), _ATOM
            case At(function, point):
                return rf"{self.at_least(function, _ATOM)}({self.text(point)})", _ATOM
            case JacobianOf(function):
                return f"J_{{{self.text(function)}}}", _ATOM
            case Nabla(function):
                return rf"\nabla {self.at_least(function, _ATOM)}", _ATOM
            case Composition(functions):
                return r" \circ ".join(self.text(function) for function in functions), _PRODUCT
            case Space(sizes):
                return r"\mathbb{R}" + (f"^{{{_shape(sizes)}}}" if sizes else ""), _ATOM
            case Signature(function, domain, codomain):
                return rf"{self.text(function)}\colon {self.text(domain)} \to\nobreak {self.text(codomain)}", _SUM
            case Shaped(operand, shape):
                # The strut puts the shapes of all factors of a product at one depth.
                # They also say how far ∇_Y L goes, which needs no parentheses then.
                inner = self.at_least(operand, _PRODUCT if isinstance(operand, Gradient) else _POWER)
                return rf"\underset{{\shape{{{_shape(shape)}}}}}{{\vphantom{{\bigg|}}{inner}}}", _ATOM
            case Listed(items, wrapped):
                texts = [r"\dots" if item == Dots() else self.text(item) for item in items]
                # A line may end after the comma of a list, and nowhere inside parentheses.
                return (f"({', '.join(texts)})" if wrapped else r", \allowbreak ".join(texts)), _ATOM
            case Beside(items):
                return r" \qquad ".join(map(self.text, items)), _SUM
            case Relation(parts, signs):
                first, *rest = map(self.text, parts)
                signed = (f"{print_sign(sign)} {part}" for sign, part in zip(signs, rest, strict=True))
                return " ".join([first, *signed]), _SUM
        raise InternalError(f"LaTeX: no rule for notation of kind {type(tree).__name__}")

    def at_least(self, tree: Tree, level: int) -> str:
        text, binding = self.bound(tree)
        return text if binding >= level else rf"\left({text}\right)"

    def raised(self, base: Tree) -> str:
        """What an exponent can follow: one behind a fraction would look like the numerator's, and two are an error."""
        exponent = isinstance(base, Entry) and bool(base.index) and "_" in base.letter
        fraction = is_fraction(base) or (isinstance(base, Number) and "/" in str(base.value))
        return rf"\left({self.text(base)}\right)" if exponent or fraction else self.at_least(base, _ATOM)

    def sum(self, terms: tuple[Tree, ...]) -> str:
        text = self.text(terms[0])
        for term in terms[1:]:
            if isinstance(term, Negative):
                text += f" - {self.at_least(term.operand, _PRODUCT)}"
            else:
                text += f" + {self.at_least(term, _PRODUCT)}"
        return text

    def product(self, factors: tuple[Tree, ...]) -> str:
        # A dot keeps bracketed matrices and values of functions apart; beside a fraction a thin space is enough.
        texts = [self.at_least(factor, _POWER) for factor in factors]
        result = texts[0]
        for left, right, text in zip(factors, factors[1:], texts[1:], strict=False):
            result += _glue(left, right) + text
        return result

    def sum_axis(self, operand: Tree, axis: int | tuple[int, ...] | None, rank: int) -> str:
        if rank > 2:
            axes = (axis,) if isinstance(axis, int) else axis
            where = "" if axes is None else rf"_{{\text{{{_axes(axes)}}}}}"
            return rf"\operatorname{{sum}}{where}\left({self.text(operand)}\right)"
        inner = self.at_least(operand, _POWER)
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
        return rf"\underset{{\shape{{{_shape(grid.size)}}}}}{{{matrix}}}" if grid.size and on_page else matrix


def _name(text: str, kind: str = "scalar") -> str:
    body, *subscripts = text.split("_")
    letter, accent = accented(body)
    if accent:
        symbol = rf"\{accent}{{{_name(letter, kind)}}}"
    elif body in _GREEK:
        symbol = rf"\boldsymbol{{\{body}}}" if kind != "scalar" else rf"\{body}"
    elif len(body) > 1:
        symbol = rf"\mathrm{{{_escaped(body)}}}" if kind == "scalar" else rf"\mathbf{{{_escaped(body)}}}"
    else:
        symbol = body if kind == "scalar" else rf"\mathbf{{{body}}}"
    return symbol + (rf"_{{{_escaped(','.join(filter(None, subscripts)))}}}" if any(subscripts) else "")


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
    if isinstance(left, Number) and isinstance(right, Power) and isinstance(right.base, Number):
        return r" \cdot "
    if isinstance(left, Shaped) and isinstance(right, Shaped):
        return r" \; "
    return r" \, " if isinstance(left, Shaped | Gradient) or isinstance(right, Shaped | Gradient) else " "


def _entry(letter: str, index: tuple[Index, ...]) -> str:
    name, *subscripts = letter.split("_")
    plain, accent = accented(name)
    symbol = rf"\{plain}" if plain in _GREEK else (plain if len(plain) == 1 else rf"\mathit{{{_escaped(plain)}}}")
    symbol = rf"\{accent}{{{symbol}}}" if accent else symbol
    if not index:
        return symbol + (rf"_{{{_escaped(','.join(subscripts))}}}" if any(subscripts) else "")
    if any(subscripts):
        symbol = rf"{symbol}^{{({_escaped(','.join(subscripts))})}}"
    return rf"{symbol}_{{{_index(index)}}}"


def _index(index: tuple[Index, ...]) -> str:
    """12 for row 1, column 2; with commas once a number has two digits, or a letter has two characters."""
    written = [str(i + 1) if isinstance(i, int) else i for i in index]
    return ("," if any(len(part) > 1 for part in written) else "").join(written)


def _number(value: int | Fraction | str) -> tuple[str, int]:
    text = number_text(value)
    if is_size_text(text):
        return _size(text), _SUM if "+" in text or "-" in text else _PRODUCT
    if "/" in text:
        over, under = text.split("/")
        sign = "-" if over.startswith("-") else ""
        return rf"{sign}\frac{{{over.removeprefix('-')}}}{{{under}}}", _SUM if sign else _ATOM
    return (_name(text) if text[:1].isalpha() else _grouped(text)), _SUM if text.startswith("-") else _ATOM


def _grouped(digits: str) -> str:
    """262144 as 262 144; numbers of four digits stay together."""
    if not digits.isdecimal() or len(digits) < 5:
        return digits
    return f"{int(digits):,}".replace(",", r"\,")


def _shape(sizes: Iterable[int | str]) -> str:
    several = len(tuple(sizes := tuple(sizes))) > 1

    def one(size: int | str) -> str:
        if not isinstance(size, str):
            return _grouped(str(size))
        written = _size(size)
        return f"({written})" if several and ("+" in written or "-" in written) else written

    return r" \times ".join(map(one, sizes))


def _axes(axes: tuple[int, ...]) -> str:
    """axis 2, counted from 1."""
    return f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(str(axis + 1) for axis in axes)}"


def _size(text: str) -> str:
    """N, D+1 or 2 P + R - 1 without spaces, a product without its sign."""

    def one(word: re.Match[str]) -> str:
        return _name(word[0])

    return re.sub(r"[A-Za-z]\w*", one, text.replace(" ", "").replace("**", "^").replace("*", r"\,"))


def _escaped(text: str) -> str:
    return "".join(rf"\{c}" if c in "#$%&_{}" else c for c in text if c not in "\\^~")
