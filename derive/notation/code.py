"""Turns a notation tree into NumPy-style text: `G @ W.T`, `sum(G, axis=0)`, `x_1_1*w_1_1 + b_1`."""

from __future__ import annotations

from dataclasses import dataclass

from derive.errors import InternalError
from derive.notation.tree import (
    BigSum,
    Broadcast,
    Call,
    Delta,
    Dots,
    Einsum,
    Entry,
    Gradient,
    Hadamard,
    Identity,
    Index,
    Kronecker,
    MatMul,
    Name,
    Negative,
    Number,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Sum,
    SumAxis,
    Transpose,
    Tree,
)

__all__ = ["print_code"]

_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(5)


def print_code(tree: Tree, *, module: str = "") -> str:
    """The tree as NumPy-style text; entries are written as names, x_1_2.

    module is written before the name of every function, "np." for code that is to be run.
    """
    return _Printer(module).bound(tree)[0]


@dataclass(frozen=True, slots=True)
class _Printer:
    module: str

    def bound(self, tree: Tree) -> tuple[str, int]:
        """The text, and how tightly it binds."""
        match tree:
            case Name(text) | Gradient(Name(), text):
                return text, _ATOM
            case Entry(letter, index):
                return _entry(letter, index), _ATOM
            case Gradient(Entry(_, index), letter):
                return _entry(letter, index), _ATOM
            case Number(value):
                text = str(value)
                if "/" in text:
                    return text, _PRODUCT
                return text, _UNARY if text.startswith("-") else _ATOM
            case Delta((first, second)):
                return _entry("delta", (first, second)), _ATOM
            case Partial(of, by):
                return f"d{self.bound(of)[0]}_d{self.bound(by)[0]}", _ATOM
            case Dots():
                return "...", _ATOM
            case Negative(operand):
                return f"-{self.at_least(operand, _PRODUCT)}", _UNARY
            case Sum(terms):
                return self.sum(terms), _SUM
            case Product(factors):
                glue = "*" if all(_is_scalar(factor) for factor in factors) else " * "
                return self.joined(factors, glue), _PRODUCT
            case Hadamard(factors):
                return self.joined(factors, " * "), _PRODUCT
            case MatMul(factors):
                return self.joined(factors, " @ "), _PRODUCT
            case Quotient(over, under):
                return f"{self.at_least(over, _PRODUCT)} / {self.at_least(under, _UNARY)}", _PRODUCT
            case Power(base, exponent):
                return f"{self.at_least(base, _ATOM)}**{self.at_least(exponent, _UNARY)}", _POWER
            case Call(function, operands):
                return f"{self.module}{function}({', '.join(self.bound(operand)[0] for operand in operands)})", _ATOM
            case Identity(size):
                return f"{self.module}eye({size})", _ATOM
            case Kronecker(factors):
                return self.nested(f"{self.module}kron", factors), _ATOM
            case Transpose(operand):
                return f"{self.at_least(operand, _ATOM)}.T", _ATOM
            case SumAxis(operand, axis):
                where = "" if axis is None else f", axis={axis}"
                return f"{self.module}sum({self.bound(operand)[0]}{where})", _ATOM
            case Ones(size):
                return f"{self.module}ones({size})", _ATOM
            case Broadcast(operand, axis, size):
                shape = f"({size}, 1)" if axis == 0 else f"(1, {size})"
                vector = self.at_least(operand, _ATOM)
                return f"{self.module}ones({shape}) * {vector if axis == 0 else f'{vector}[:, None]'}", _PRODUCT
            case Einsum(pattern, factors):
                return (
                    f'{self.module}einsum("{pattern}", {", ".join(self.bound(factor)[0] for factor in factors)})',
                    _ATOM,
                )
            case BigSum(bounds, body):
                ranges = ", ".join(f"{letter}=1..{last}" for letter, last in bounds)
                return f"sum({self.bound(body)[0]}, {ranges})", _ATOM
        raise InternalError(f"code: no rule for notation of kind {type(tree).__name__}")

    def at_least(self, tree: Tree, level: int) -> str:
        text, binding = self.bound(tree)
        return text if binding >= level else f"({text})"

    def joined(self, factors: tuple[Tree, ...], glue: str) -> str:
        # A product on the right would be read from the left, which for @ costs another order of evaluation.
        first, *rest = factors
        return glue.join([self.at_least(first, _PRODUCT), *(self.at_least(factor, _UNARY) for factor in rest)])

    def sum(self, terms: tuple[Tree, ...]) -> str:
        # NumPy repeats a vector as rows by itself when something of full shape stands beside it.
        full = any(not isinstance(term, Broadcast) for term in terms)
        shown = [term.operand if full and isinstance(term, Broadcast) and term.axis == 0 else term for term in terms]
        text = self.bound(shown[0])[0]
        for term in shown[1:]:
            if isinstance(term, Negative):
                text += f" - {self.at_least(term.operand, _PRODUCT)}"
            else:
                text += f" + {self.at_least(term, _PRODUCT)}"
        return text

    def nested(self, function: str, factors: tuple[Tree, ...]) -> str:
        first, *rest = factors
        return (
            f"{function}({self.bound(first)[0]}, {self.nested(function, tuple(rest))})"
            if rest
            else self.bound(first)[0]
        )


def _entry(letter: str, index: tuple[Index, ...]) -> str:
    return "_".join((letter, *(str(i + 1 if isinstance(i, int) else i) for i in index)))


def _is_scalar(tree: Tree) -> bool:
    return isinstance(tree, Entry | Number | Partial | Delta) or (
        isinstance(tree, Gradient) and isinstance(tree.of, Entry)
    )
