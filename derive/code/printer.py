"""What the languages share when they print trees as code that is run, at no more cost than it need have."""

from __future__ import annotations

from dataclasses import dataclass

from derive.code.program import Statement
from derive.notation.code import ATOM, CodePrinter
from derive.notation.masks import numbers
from derive.notation.subscript import written_places
from derive.notation.tree import (
    AtLeast,
    Call,
    Einsum,
    Greater,
    Hadamard,
    Kronecker,
    MatMul,
    Negative,
    Number,
    OneHot,
    Ones,
    Power,
    Product,
    Quotient,
    Repeat,
    Selection,
    Sum,
    Transpose,
    Tree,
    Where,
)
from derive.notation.walk import children, replace

__all__ = ["Printer", "is_number", "with_small_powers"]

_NAMED_ALIKE = ("cos", "cosh", "erf", "exp", "log", "sin", "sinh", "sqrt", "tan", "tanh")

_OF_NUMBERS = {
    **{name: f"math.{name}({{0}})" for name in _NAMED_ALIKE},
    **{f"arc{name}": f"math.a{name}({{0}})" for name in ("cos", "sin", "tan")},
    "abs": "abs({0})",
    "maximum": "max({0}, {1})",
    "minimum": "min({0}, {1})",
    "relu": "max({0}, 0)",
    "sigmoid": "(0.5 + 0.5 * math.tanh(({0}) / 2))",
    "sign": "(({0} > 0) - ({0} < 0))",
    "softplus": "(max({0}, 0) + math.log1p(math.exp(-abs({0}))))",
}
"""Functions of numbers alone in Python's own words: they keep the type of the arrays beside them, and take no array."""

_ARITHMETIC = (Call, Negative, Power, Product, Quotient, Sum)


@dataclass(frozen=True)
class Printer(CodePrinter):
    """Prints values; like is an array whose type and place new arrays have.

    A product with rows of the identity matrix adds entries to their places: `scatter(values, places, size, axis)`.
    Written as a product of matrices it would cost as many multiplications as the matrix has entries.
    """

    like: str = ""

    def statement(self, item: Statement, as_large_as: str = "") -> str:
        """name = value; made as large as an array if NumPy would have to stretch it."""
        return f"{item.name} = {self.whole(item, as_large_as)}"

    def whole(self, item: Statement, as_large_as: str = "") -> str:
        """The value of a statement, made as large as an array if NumPy would have to stretch it."""
        text = self.value(item.value)
        if as_large_as and not item.full:
            return self.stretched(text, as_large_as)
        return self.number(text) if is_number(item.value) else text

    def value(self, value: Tree) -> str:
        """What gets a name: one computes with it, and truth values become numbers."""
        return self.text(numbers(value))

    def number(self, text: str) -> str:
        """A number that gets a name or is returned, as the language wants it."""
        return text

    def stretched(self, text: str, like: str) -> str:
        """The value in the shape of an array."""
        return f"{self.module}full_like({like}, {text})"

    def constant(self, tree: Tree) -> tuple[str, int] | None:
        """A function of numbers."""
        if tree == Number("pi"):
            return "math.pi", ATOM
        if not isinstance(tree, Call) or not is_number(tree):
            return None
        form = _OF_NUMBERS.get(tree.function)
        return None if form is None else (form.format(*map(self.text, tree.operands)), ATOM)

    def bound(self, tree: Tree) -> tuple[str, int]:
        """The text, and how tightly it binds: of functions of numbers in Python's words, whatever the language has."""
        return self.constant(tree) or super().bound(tree)

    def rule(self, tree: Tree) -> tuple[str, int]:
        match tree:
            case Hadamard(factors) | Product(factors) if (kept := _damped(factors)) != factors:
                return self.rule(type(tree)(kept))
            case Where(Greater(left, Number(0)) as condition, first, second):
                return super().rule(Where(condition, first, with_small_powers(second, left)))
            case Call("log", (Call("sigmoid", (operand,)),)):
                return self.bound(Negative(Call("softplus", (Negative(operand),))))
            case Quotient(over, Number() as number) if (found := _repeated(over)) is not None:
                # What is repeated is divided before.
                return self.rule(_repeat(Quotient(found[0], number), found[1]))
            case Kronecker() if (found := _repeated(tree)) is not None:
                return self.rule(_repeat(*found))
            case MatMul((Transpose(OneHot(index, size)), factor)):
                return f"scatter({self.text(factor)}, {self.text(index)}, {size})", ATOM
            case Einsum(pattern, factors):
                return self.contraction(pattern, factors), ATOM
        return super().rule(tree)

    def contraction(self, pattern: str, factors: tuple[Tree, ...]) -> str:
        """An einsum, in which rows of identity matrices take entries from their places, or put them there."""
        before, output = pattern.split("->")
        pairs = [*zip(factors, before.split(","), strict=True)]
        for place, (factor, row) in enumerate(pairs):
            if not isinstance(factor, Selection | OneHot):
                continue
            chosen, last = row[:-1], row[-1]
            others = pairs[:place] + pairs[place + 1 :]
            alone = not any(last in letters for _, letters in others)
            if alone and others and last in output and not set(chosen) & set(output):
                return self._scattered(factor, chosen, last, others, output)
        return self.einsum(pattern, tuple(factors))

    def _scattered(
        self, factor: Selection | OneHot, chosen: str, last: str, others: list[tuple[Tree, str]], output: str
    ) -> str:
        inner = output.replace(last, chosen)
        axis = output.index(last)
        text = self.contraction(f"{','.join(row for _, row in others)}->{inner}", tuple(tree for tree, _ in others))
        places = self.text(factor.index) if isinstance(factor, OneHot) else self.places(factor)
        return f"scatter({text}, {places}, {factor.size}{f', axis={axis}' if axis else ''})"

    def places(self, selection: Selection) -> str:
        """The numbers of the rows of the identity matrix, as an array."""
        written = written_places(selection, self.module)
        if not selection.rows:
            return written
        return f"{self.module}arange({selection.size})[{written}]"

    def einsum(self, pattern: str, factors: tuple[Tree, ...]) -> str:
        """The contraction as the language's own function computes it."""
        before, output = pattern.split("->")
        if before == output:
            return self.text(factors[0])
        return CodePrinter.rule(self, Einsum(pattern, factors))[0]


_Times = tuple[tuple[int, str, int], ...]


def _repeated(tree: Tree) -> tuple[Tree, _Times] | None:
    """The array whose entries are repeated, and along which axis how often, in an array of which rank."""
    match tree:
        case Kronecker((operand, MatMul((Ones(down), Transpose(Ones(across)))))):
            return operand, ((0, down, 2), (1, across, 2))
        case Repeat(operand, times, axis, rank):
            inner = _repeated(operand)
            return (operand, ((axis, times, rank),)) if inner is None else (inner[0], (*inner[1], (axis, times, rank)))
    return None


def _repeat(tree: Tree, times: _Times) -> Tree:
    for axis, number, rank in times:
        tree = Repeat(tree, number, axis, rank)
    return tree


def _damped(factors: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """The factors beside [A <= 0], in which exp(A) must not overflow: 0 times infinity is no number."""
    for factor in factors:
        match factor:
            case Sum((Number(1), Negative(Greater(left, Number(0))))) | AtLeast(Number(0), left):
                return tuple(with_small_powers(other, left) for other in factors)
    return factors


def with_small_powers(tree: Tree, exponent: Tree) -> Tree:
    """The tree with exp(min(A, 0)) in the place of exp(A)."""
    power, bound = Call("exp", (exponent,)), Call("minimum", (exponent, Number(0)))
    return replace(tree, lambda item: Call("exp", (bound,)) if item == power else None)


def is_number(tree: Tree) -> bool:
    """Whether a value is made of numbers and sizes by arithmetic alone; ones and zeros are arrays, too."""
    if isinstance(tree, Number):
        return True
    return isinstance(tree, _ARITHMETIC) and all(map(is_number, children(tree)))
