"""Functions of one or two numbers that SymPy lacks, or differentiates into distributions: relu, sign, abs, sigmoid, ...

Each has a definition by what SymPy knows and by the step [x > 0]; `fdiff` is the short form of its derivative, which a
test proves equal to that of the definition. The derivative of a step is taken to be 0, also where it jumps: that is
the one convention at kinks, and relu'(0) = 0, |x|'(0) = 0 follow from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import sympy
from mpmath import fabs as mpabs
from mpmath import mpf
from sympy import Expr, Function, Integer, Number

from derive.errors import InternalError

__all__ = [
    "DOTS",
    "ELEMENTWISE",
    "EXACT",
    "NUMERIC",
    "Named",
    "defined",
    "equal",
    "largest",
    "logabs",
    "smallest",
    "step",
]


class Named(Function):  # type: ignore[misc]  # SymPy has no types
    """A function with a definition; subclasses give `defined` and `slopes`, one for each argument."""

    is_real = True
    is_commutative = True
    slopes: ClassVar[tuple[Callable[..., Expr], ...]] = ()

    @classmethod
    def defined(cls, *arguments: Expr) -> Expr:
        """What the function is, in terms of others."""
        raise InternalError(f"{cls.__name__} has no definition")

    def fdiff(self, argindex: int = 1) -> Expr:
        """The derivative with respect to one argument, counted from 1."""
        return self.slopes[argindex - 1](*self.args)


class step(Named):
    """[x > 0]: 1 where x is positive, 0 elsewhere."""

    nargs = 1
    slopes = (lambda x: Integer(0),)

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """The value at a number."""
        return Integer(int(bool(x > 0))) if isinstance(x, Number) else None

    def _eval_power(self, exponent: Expr) -> Expr | None:
        return self if exponent.is_positive else None


class equal(Named):
    """[a = b]: 1 where both are the same number, 0 elsewhere."""

    nargs = 2
    slopes = (lambda a, b: Integer(0), lambda a, b: Integer(0))

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:
        """The value at numbers, and for one and the same expression."""
        if a == b:
            return Integer(1)
        return Integer(0) if isinstance(a, Number) and isinstance(b, Number) else None

    def _eval_power(self, exponent: Expr) -> Expr | None:
        return self if exponent.is_positive else None


class _Extreme(Named):
    """One of several numbers; of a change, those that are it share equally what they pass on."""

    def fdiff(self, argindex: int = 1) -> Expr:
        """The share of one argument, counted from 1."""
        masks = [equal(argument, self) for argument in self.args]
        return masks[argindex - 1] / sympy.Add(*masks)

    @classmethod
    def eval(cls, *arguments: Expr) -> Expr | None:
        """The value at numbers, and of one."""
        if len(arguments) == 1:
            return arguments[0]
        numbers = all(isinstance(argument, Number) for argument in arguments)
        return (sympy.Max if cls is largest else sympy.Min)(*arguments) if numbers else None


class largest(_Extreme):
    """The largest of several numbers."""


class smallest(_Extreme):
    """The smallest of several numbers."""


class logabs(Named):
    """log |x|."""

    nargs = 1
    slopes = (lambda x: 1 / x,)

    @classmethod
    def defined(cls, x: Expr) -> Expr:
        return sympy.log(sympy.Abs(x))


class sign(Named):
    """1 where x is positive, -1 where it is negative, 0 at 0."""

    nargs = 1
    slopes = (lambda x: Integer(0),)

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """The value at a number."""
        return Integer(int(bool(x > 0)) - int(bool(x < 0))) if isinstance(x, Number) else None

    @classmethod
    def defined(cls, x: Expr) -> Expr:
        return step(x) - step(-x)


class abs(Named):
    """|x|."""

    nargs = 1
    slopes = (sign,)

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """The value at a number."""
        return sympy.Abs(x) if isinstance(x, Number) else None

    @classmethod
    def defined(cls, x: Expr) -> Expr:
        return x * (step(x) - step(-x))


class relu(Named):
    """x where it is positive, 0 elsewhere."""

    nargs = 1
    slopes = (step,)

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """The value at a number."""
        return sympy.Max(x, 0) if isinstance(x, Number) else None

    @classmethod
    def defined(cls, x: Expr) -> Expr:
        return x * step(x)


class maximum(Named):
    """The larger of two numbers; one that is constant comes second, and receives the gradient at a tie."""

    nargs = 2

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:
        """The value at numbers, and a number second."""
        if isinstance(a, Number):
            return sympy.Max(a, b) if isinstance(b, Number) else cls(b, a)
        return None

    slopes = (lambda a, b: step(a - b), lambda a, b: 1 - step(a - b))

    @classmethod
    def defined(cls, a: Expr, b: Expr) -> Expr:
        return b + (a - b) * step(a - b)


class minimum(Named):
    """The smaller of two numbers; one that is constant comes second, and receives nothing at a tie."""

    nargs = 2

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:
        """The value at numbers, and a number second."""
        if isinstance(a, Number):
            return sympy.Min(a, b) if isinstance(b, Number) else cls(b, a)
        return None

    slopes = (lambda a, b: 1 - step(a - b), lambda a, b: step(a - b))

    @classmethod
    def defined(cls, a: Expr, b: Expr) -> Expr:
        return a - (a - b) * step(a - b)


class clip(Named):
    """The nearest number between two that are constant; of a change, nothing passes at them."""

    nargs = 3

    def fdiff(self, argindex: int = 1) -> Expr:
        """[a < x < b], which is |x| < b if a = -b."""
        x, low, high = self.args
        if argindex > 1:
            raise InternalError("clip: the bounds are numbers")
        return step(high - abs(x)) if low == -high else step(x - low) * step(high - x)

    @classmethod
    def eval(cls, x: Expr, low: Expr, high: Expr) -> Expr | None:
        """The value at a number."""
        return sympy.Min(sympy.Max(x, low), high) if isinstance(x, Number) and isinstance(low, Number) else None

    @classmethod
    def defined(cls, x: Expr, low: Expr, high: Expr) -> Expr:
        above, below = step(x - low), step(high - x)
        return x * above * below + low * (1 - above) + high * (1 - below)


class sigmoid(Named):
    """1 / (1 + exp(-x))."""

    nargs = 1
    slopes = (lambda x: sigmoid(x) * (1 - sigmoid(x)),)

    @classmethod
    def defined(cls, x: Expr) -> Expr:
        return 1 / (1 + sympy.exp(-x))


class softplus(Named):
    """log(1 + exp(x))."""

    nargs = 1
    slopes = (sigmoid,)

    @classmethod
    def defined(cls, x: Expr) -> Expr:
        return sympy.log(1 + sympy.exp(x))


def defined(value: Expr) -> Expr:
    """The expression with every function that has a definition replaced by it."""
    named = (logabs, clip, sign, abs, relu, maximum, minimum, sigmoid, softplus)
    for kind in named:
        value = value.replace(kind, kind.defined)
    return value


ELEMENTWISE: dict[str, Callable[..., Expr]] = {
    "abs": abs,
    "absolute": abs,
    "arccos": sympy.acos,
    "arcsin": sympy.asin,
    "arctan": sympy.atan,
    "cos": sympy.cos,
    "cosh": sympy.cosh,
    "erf": sympy.erf,
    "exp": sympy.exp,
    "expm1": lambda x: sympy.exp(x) - 1,
    "fabs": abs,
    "heaviside": lambda x, at_0: step(x) + at_0 * (1 - step(x) - step(-x)),
    "log": sympy.log,
    "log1p": lambda x: sympy.log(1 + x),
    "maximum": maximum,
    "minimum": minimum,
    "reciprocal": lambda x: 1 / x,
    "relu": relu,
    "sigmoid": sigmoid,
    "sign": sign,
    "silu": lambda x: x * sigmoid(x),
    "sin": sympy.sin,
    "sinh": sympy.sinh,
    "softplus": softplus,
    "sqrt": sympy.sqrt,
    "square": lambda x: x**2,
    "tan": sympy.tan,
    "tanh": sympy.tanh,
}
"""NumPy's name of an elementwise function, and what it computes; of relu and others that it lacks, the field's name."""


DOTS = sympy.Symbol("...")
"""Among the arguments of a function of many: those that are not shown."""

_SAME = mpf(10) ** -25
"""Numbers of 40 digits that are closer have been computed in two ways."""

EXACT: dict[str, Callable[..., Any]] = {
    "equal": lambda a, b: mpf(bool(mpabs(a - b) <= _SAME * (1 + mpabs(a)))),
    "largest": max,
    "smallest": min,
    "step": lambda x: mpf(x > 0),
}
"""What computes, in numbers of many digits, a function without a definition."""


def _erf(x: Any) -> Any:
    from math import erf  # deferred: few layers need it

    return np.vectorize(erf, otypes=[float])(x)


NUMERIC: dict[str, Callable[..., Any]] = {
    "equal": lambda a, b: np.where(np.equal(a, b), 1.0, 0.0),
    "erf": _erf,
    "largest": lambda *several: np.max(several, axis=0),
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "smallest": lambda *several: np.min(several, axis=0),
    "softplus": lambda x: np.logaddexp(0, x),
    "step": lambda x: np.where(np.asarray(x) > 0, 1.0, 0.0),
}
"""What computes a function that NumPy lacks."""
