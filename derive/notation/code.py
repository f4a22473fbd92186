"""Turns a notation tree into NumPy-style text: `G @ W.T`, `sum(G, axis=0)`, `x_1_1*w_1_1 + b_1`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from derive.errors import InternalError
from derive.notation.broadcasting import beside_full, ones_place, ones_shape
from derive.notation.digits import code_number
from derive.notation.masks import mask_last, not_all_masks, number_first, numbers
from derive.notation.products import merged, unbracketed
from derive.notation.rank import LASTING, has_column, rank_of
from derive.notation.subscript import written_items, written_places
from derive.notation.tree import (
    Along,
    AtLeast,
    BigSum,
    Broadcast,
    Call,
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
    Hadamard,
    Identity,
    Index,
    Inner,
    Kronecker,
    MatMul,
    MatrixCall,
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
    Repeat,
    Reshape,
    Selection,
    Slice,
    Sum,
    SumAxis,
    Take,
    Transpose,
    Tree,
    Where,
    Windows,
    Zeros,
)
from derive.notation.walk import children

__all__ = ["ATOM", "HELPERS", "POWER", "PRODUCT", "SUM", "UNARY", "CodePrinter", "print_code", "print_value"]

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
"""How tightly a text binds."""


def print_code(tree: Tree, *, module: str = "") -> str:
    """The tree as NumPy-style text; entries are written as names, x_1_2.

    module is written before the name of every function, "np." for code that is to be run.
    """
    return CodePrinter(module).text(tree)


def print_value(tree: Tree, *, module: str = "") -> str:
    """The tree as the text of a value that gets a name: a mask as numbers, since one computes with what has a name."""
    return print_code(numbers(tree), module=module)


def _bottom_up(tree: Tree) -> Iterator[Tree]:
    """Every tree in the tree, those that it is made of before it."""
    seen: set[int] = set()
    stack = [(tree, False)]
    while stack:
        item, ready = stack.pop()
        if ready:
            yield item
        elif id(item) not in seen:
            seen.add(id(item))
            stack.append((item, True))
            stack.extend((child, False) for child in children(item))


@dataclass(frozen=True)
class CodePrinter:
    """Prints trees as NumPy's text; code in other words overrides the rules for what it calls otherwise."""

    module: str = ""
    printed: dict[int, tuple[str, int]] = field(default_factory=dict)

    def text(self, tree: Tree) -> str:
        """The whole tree."""
        try:
            return self.bound(tree)[0]
        except RecursionError:
            # A deep network's formula is deeper than Python's stack: then what a tree is made of is printed before it.
            for item in _bottom_up(tree):
                self.printed[id(item)] = self.bound(item)
            return self.bound(tree)[0]

    def bound(self, tree: Tree) -> tuple[str, int]:
        """The text, and how tightly it binds."""
        return self.printed.get(id(tree)) or self.rule(tree)

    def rule(self, tree: Tree) -> tuple[str, int]:
        """The same, made anew."""
        match tree:
            case Name(text) | Gradient(Name(), text):
                return text, ATOM
            case Entry(letter, index):
                return _entry(letter, index), ATOM
            case Gradient(Entry(_, index), letter):
                return _entry(letter, index), ATOM
            case Number("pi"):
                return f"{self.module}pi", ATOM
            case Number(value):
                text = code_number(value)
                if "/" in text:
                    return text, PRODUCT
                return text, UNARY if text.startswith("-") else ATOM
            case Delta((first, second)):
                return _entry("delta", (first, second)), ATOM
            case Partial(of, by):
                return f"d{self.bound(of)[0]}_d{self.bound(by)[0]}", ATOM
            case Dots():
                return "...", ATOM
            case Negative(operand):
                # In -a * b the sign is that of the whole product, which must not be torn apart.
                level = PRODUCT if self.bound(operand)[1] == PRODUCT else UNARY
                return f"-{self.at_least(number_first(mask_last(operand)), PRODUCT)}", level
            case Sum(terms):
                return self.sum(terms), SUM
            case Product((Number() as number, factor)) if not _is_scalar(factor):
                # A number may be multiplied into the first factor as well as into the product.
                return f"{self.at_least(number, PRODUCT)} * {self.at_least(factor, PRODUCT)}", PRODUCT
            case Product((*scalars, MatMul() as factor)) if (
                not self.module and scalars and not any(map(rank_of, scalars))
            ):
                # Nor does it matter for other scalars, but for what it costs, which a formula leaves open.
                before = " * ".join(self.at_least(item, PRODUCT if item is scalars[0] else UNARY) for item in scalars)
                return f"{before} * {self.at_least(factor, PRODUCT)}", PRODUCT
            case MatMul((*others, Name() as last)) if self.turns(others, last):
                return self.bound(MatMul((last, *(_turned(other) for other in reversed(others)))))
            case Product(factors):
                glue = "*" if all(_is_scalar(factor) for factor in factors) else " * "
                return self.joined(factors, glue), PRODUCT
            case Hadamard(factors) if (shape := ones_shape(factors)) is not None:
                loose = tuple(factor for factor in factors if ones_place(factor) is None)
                return f"{self.joined(loose, ' * ')} * {self.module}ones({shape})", PRODUCT
            case Hadamard(factors):
                return self.joined(beside_full(factors), " * "), PRODUCT
            case Inner(left, right):
                return f"{self.module}sum({self.joined((left, right), ' * ')})", ATOM
            case SumAxis(Hadamard((left, right)), None, 1):
                return self.joined(not_all_masks((left, right)), " @ "), PRODUCT
            case MatMul((Ones(rows), Transpose(Ones(columns)))):
                return f"{self.module}ones(({rows}, {columns}))", ATOM
            case MatMul((Transpose(Ones()), matrix)) if rank_of(matrix) == 2:
                return self.kept_sum(matrix, 0), ATOM
            case MatMul((matrix, Ones())) if rank_of(matrix) == 2:
                return self.kept_sum(matrix, 1), ATOM
            case MatMul(factors) if has_column(factors):
                return " @ ".join(map(self.column, factors)), PRODUCT
            case MatMul((left, Transpose(right))) if rank_of(right) == 1:
                # NumPy has no columns: between two vectors @ is the inner product, whatever is transposed.
                return self.listed("outer", not_all_masks((left, right))), ATOM
            case MatMul((Transpose(left), right)) if rank_of(left) == rank_of(right) == 1:
                return self.listed("outer", not_all_masks((left, right))), ATOM
            case MatMul(factors):
                # Code says in which order a product costs least; a formula leaves it open.
                left, right, *others = factors if self.module else unbracketed(factors)
                return self.joined((*not_all_masks((left, right)), *others), " @ "), PRODUCT
            case Quotient(over, under):
                return f"{self.at_least(over, PRODUCT)} / {self.at_least(under, UNARY)}", PRODUCT
            case Power(base, exponent):
                return f"{self.at_least(numbers(base), ATOM)}**{self.at_least(exponent, UNARY)}", POWER
            case Greater(left, right):
                return self.compared(left, ">", right), ATOM
            case AtLeast(left, right):
                return self.compared(left, ">=", right), ATOM
            case Where(condition, left, right):
                # The brackets of a call suffice.
                asked = self.bound(condition)[0]
                asked = asked[1:-1] if isinstance(condition, Greater | AtLeast | Equal) else asked
                chosen = [self.bound(numbers(item))[0] for item in (left, right)]
                return f"{self.module}where({', '.join([asked, *chosen])})", ATOM
            case Equal(left, right):
                return f"({self.at_least(left, SUM)} == {self.at_least(right, SUM)})", ATOM
            case Extreme(name, operand, axes):
                where = "" if axes is None else f", axis={axes[0] if len(axes) == 1 else axes}"
                return f"{self.module}{name}({self.bound(operand)[0]}{where})", ATOM
            case Diagonal(operand, rank):
                vector = self.at_least(numbers(operand), ATOM) + ".reshape(-1)" if rank > 1 else ""
                return f"{self.module}diag({vector or self.bound(numbers(operand))[0]})", ATOM
            case MatrixCall("logdet", operand) if self.module:
                return f"{self.module}linalg.slogdet({self.bound(operand)[0]})[1]", ATOM
            case MatrixCall("diag", operand):
                return f"{self.module}diag({self.bound(operand)[0]})", ATOM
            case MatrixCall(name, operand):
                return f"{self.module and f'{self.module}linalg.'}{name}({self.bound(operand)[0]})", ATOM
            case Call(function, operands):
                written = [self.bound(numbers(operand))[0] for operand in operands]
                if self.module and function in _SPELLED:
                    return _SPELLED[function](self.module, *written)
                return f"{self.module}{function}({', '.join(written)})", ATOM
            case Identity(size):
                return f"{self.module}eye({size})", ATOM
            case Kronecker(factors):
                return self.nested(f"{self.module}kron", not_all_masks(tuple(map(_upright, factors)))), ATOM
            case Transpose(operand):
                return f"{self.at_least(operand, ATOM)}.T", ATOM
            case SumAxis(operand, axis):
                where = "" if axis is None else f", axis={axis}"
                return f"{self.module}sum({self.bound(operand)[0]}{where})", ATOM
            case Along(function, operand, axes, rank, kept):
                where = _along(function, axes, rank) + (", keepdims=True" if kept else "")
                return f"{self.called(function)}({self.bound(operand)[0]}{where})", ATOM
            case Permute(operand, axes):
                swapped = [axis for axis, other in enumerate(axes) if axis != other]
                if len(swapped) == 2:
                    return f"{self.module}swapaxes({self.bound(operand)[0]}, {swapped[0]}, {swapped[1]})", ATOM
                return f"{self.module}transpose({self.bound(operand)[0]}, {axes})", ATOM
            case Ones(size):
                return f"{self.module}ones({size})", ATOM
            case Zeros(shape):
                return self.zeros(shape[0] if len(shape) == 1 else f"({', '.join(shape)})"), ATOM
            case Broadcast(operand, axis, ""):
                # Beside arrays of full shape NumPy repeats it by itself.
                return self.bound(operand) if axis == 0 else (f"{self.at_least(operand, ATOM)}[:, None]", ATOM)
            case Broadcast(operand, axis, "1"):
                return f"{self.at_least(operand, ATOM)}[{':, None' if axis else 'None'}]", ATOM
            case Broadcast(operand, 0, size):
                return f"{self.module}ones(({size}, 1)) * {self.at_least(operand, ATOM)}", PRODUCT
            case Broadcast(operand, _, size):
                return self.listed("outer", (operand, Ones(size))), ATOM
            case Einsum(_, inner) if not self.module and any(isinstance(f, Einsum | Permute) for f in inner):
                # Code says in which order it costs least, a formula what is multiplied.
                whole, nested = self.contracted(merged(tree)), self.contracted(tree)
                return (whole if len(whole) <= len(nested) else nested), ATOM
            case Einsum():
                return self.contracted(tree), ATOM
            case Slice(operand, items):
                return f"{self.at_least(operand, ATOM)}[{written_items(items)}]", ATOM
            case Selection(_, size):
                return f"{self.module}eye({size})[{written_places(tree, self.module)}]", ATOM
            case OneHot(index, size):
                return f"{self.module}eye({size})[{self.bound(index)[0]}]", ATOM
            case Take(operand, index, rows):
                first = f"{self.module}arange({rows}), " if rows else ""
                return f"{self.at_least(operand, ATOM)}[{first}{self.bound(index)[0]}]", ATOM
            case Pad(operand, widths):
                pairs = ", ".join(f"({before}, {after})" for before, after in widths)
                listed = f"({pairs},)" if len(widths) == 1 else f"({pairs})"
                return f"{self.module}pad({self.bound(operand)[0]}, {listed})", ATOM
            case Reshape(operand, shape):
                return f"{self.at_least(operand, ATOM)}.reshape({', '.join(shape) or '()'})", ATOM
            case Repeat(operand, times, axis, rank):
                where = "" if rank == 1 else f", axis={axis}"
                return f"{self.module}repeat({self.bound(operand)[0]}, {times}{where})", ATOM
            case Windows(operand, axes, sizes, rank):
                module = self.module and f"{self.module}lib.stride_tricks."
                shown = [", ".join(map(str, item)) for item in (sizes, axes)]
                size, along = shown if len(axes) == 1 else (f"({item})" for item in shown)
                where = "" if rank == 1 else f", axis={along}"
                return f"{module}sliding_window_view({self.bound(operand)[0]}, {size}{where})", ATOM
            case Concatenate(parts, axis, stacked):
                listed = ", ".join(self.bound(part)[0] for part in parts)
                name = "stack" if stacked else "concatenate"
                return f"{self.module}{name}([{listed}]{f', axis={axis}' if axis else ''})", ATOM
            case BigSum(bounds, body):
                ranges = ", ".join(f"{letter}=1..{last}" for letter, last in bounds)
                return f"Σ({self.bound(body)[0]}, {ranges})", ATOM
        raise InternalError(f"code: no rule for notation of kind {type(tree).__name__}")

    def turns(self, others: Sequence[Tree], vector: Name) -> bool:
        """Whether a formula has x @ W in the place of W.T @ x: that has fewer transposes."""
        if self.module or rank_of(vector) != 1 or any(rank_of(other) != 2 for other in others):
            return False
        return 2 * sum(isinstance(other, Transpose) for other in others) > len(others)

    def contracted(self, tree: Einsum) -> str:
        """einsum, its factors as they are."""
        arrays = [self.bound(factor)[0] for factor in not_all_masks(tree.factors)]
        return f'{self.module}einsum("{tree.pattern}", {", ".join(arrays)})'

    def called(self, function: str) -> str:
        """The name of a function along axes; those that NumPy lacks are defined beside the code."""
        if not self.module or function in HELPERS:
            return function
        return f"{self.module}linalg.norm" if function == "norm" else f"{self.module}{function}"

    def kept_sum(self, matrix: Tree, axis: int) -> str:
        """1ᵀA or A1 as a matrix with one row or one column."""
        return f"{self.module}sum({self.bound(matrix)[0]}, axis={axis}, keepdims=True)"

    def zeros(self, shape: str) -> str:
        """An array of zeros."""
        return f"{self.module}zeros({shape})"

    def compared(self, left: Tree, sign: str, right: Tree) -> str:
        """a > b, the number or the size on the right."""
        if isinstance(left, Number) and not isinstance(right, Number):
            left, sign, right = right, sign.replace(">", "<"), left
        return f"({self.at_least(left, SUM)} {sign} {self.at_least(right, SUM)})"

    def at_least(self, tree: Tree, level: int) -> str:
        """The text, in parentheses if it binds less tightly."""
        text, binding = self.bound(tree)
        return text if binding >= level else f"({text})"

    def joined(self, factors: tuple[Tree, ...], glue: str) -> str:
        """The factors of a product."""
        # A product on the right would be read from the left, which for @ costs another order of evaluation.
        first, *rest = factors
        # Entry by entry a formula leaves the order open, and code does not: it has put numbers together.
        beside = self.beside if glue == " * " and not self.module else self.unary
        return glue.join([self.at_least(first, PRODUCT), *map(beside, rest)])

    def unary(self, factor: Tree) -> str:
        """A factor of a product, after others."""
        return self.at_least(factor, UNARY)

    def beside(self, factor: Tree) -> str:
        """The same where products and quotients entry by entry need no brackets."""
        match factor:
            case Product(factors) | Hadamard(factors):
                return " * ".join(map(self.beside, factors))
            case Quotient(over, under):
                return f"{self.beside(over)} / {self.at_least(under, UNARY)}"
        return self.unary(factor)

    def column(self, factor: Tree) -> str:
        """A factor of a product of matrices, among which ones are a column or, transposed, a row."""
        match factor:
            case Ones(size):
                return f"{self.module}ones(({size}, 1))"
            case Transpose(Ones(size)):
                return f"{self.module}ones((1, {size}))"
        return self.at_least(factor, UNARY)

    def listed(self, function: str, operands: tuple[Tree, ...]) -> str:
        """A call of a function."""
        return f"{self.module}{function}({', '.join(self.bound(operand)[0] for operand in operands)})"

    def sum(self, terms: tuple[Tree, ...]) -> str:
        """The terms of a sum."""
        terms = beside_full(terms)
        text = self.at_least(numbers(terms[0]), SUM)
        for term in terms[1:]:
            if isinstance(term, Negative):
                text += f" - {self.at_least(numbers(term.operand), PRODUCT)}"
            else:
                text += f" + {self.at_least(numbers(term), PRODUCT)}"
        return text

    def nested(self, function: str, factors: tuple[Tree, ...]) -> str:
        """f(A, f(B, C)): a function of two arrays of several."""
        first, *rest = factors
        return (
            f"{function}({self.bound(first)[0]}, {self.nested(function, tuple(rest))})"
            if rest
            else self.bound(first)[0]
        )


_SPELLED: dict[str, Callable[..., tuple[str, int]]] = {
    "erf": lambda np, x: (f"{np}vectorize(erf, otypes=[float])({x})", ATOM),
    "relu": lambda np, x: (f"{np}maximum({x}, 0)", ATOM),
    "sigmoid": lambda np, x: (f"1 / (1 + {np}exp(-({x})))", PRODUCT),
    "softplus": lambda np, x: (f"{np}logaddexp(0, {x})", ATOM),
}
"""What NumPy has instead of functions that it lacks; erf is that of the module math."""


HELPERS = {
    "softmax": (
        "def softmax(Z, axis=-1):",
        "    H = np.exp(Z - np.max(Z, axis=axis, keepdims=True))",
        "    return H / np.sum(H, axis=axis, keepdims=True)",
    ),
    "logsumexp": (
        "def logsumexp(Z, axis=None, keepdims=False):",
        "    top = np.max(Z, axis=axis, keepdims=True)",
        "    total = np.log(np.sum(np.exp(Z - top), axis=axis, keepdims=True)) + top",
        "    return total if keepdims else np.squeeze(total, axis=axis)",
    ),
    "log_softmax": (
        "def log_softmax(Z, axis=-1):",
        "    Z = Z - np.max(Z, axis=axis, keepdims=True)",
        "    return Z - np.log(np.sum(np.exp(Z), axis=axis, keepdims=True))",
    ),
}
"""Functions along axes that NumPy lacks, as code that does not overflow; they stand before code that uses them."""


def _along(function: str, axes: tuple[int, ...] | None, rank: int) -> str:
    """The argument axis=, where it is not what the function takes without it."""
    every = tuple(range(rank)) if axes is None else axes
    usual = (rank - 1,) if function in LASTING else tuple(range(rank))
    return "" if every == usual else f", axis={every[0] if len(every) == 1 else every}"


def _turned(tree: Tree) -> Tree:
    return tree.operand if isinstance(tree, Transpose) else Transpose(tree)


def _upright(factor: Tree) -> Tree:
    """A factor of a Kronecker product as an array with two axes: a vector is a column, a transposed one a row."""
    turned = isinstance(factor, Transpose)
    inner = factor.operand if isinstance(factor, Transpose) else factor
    if isinstance(inner, Ones):
        ones = inner, Transpose(Ones("1"))
        return MatMul((Ones("1"), Transpose(inner)) if turned else ones)
    if rank_of(inner) != 1:
        return factor
    return Slice(inner, ("None", ":") if turned else (":", "None"))


def _entry(letter: str, index: tuple[Index, ...]) -> str:
    return "_".join((letter, *(str(i + 1 if isinstance(i, int) else i) for i in index)))


def _is_scalar(tree: Tree) -> bool:
    return isinstance(tree, Entry | Number | Partial | Delta) or (
        isinstance(tree, Gradient) and isinstance(tree.of, Entry)
    )
