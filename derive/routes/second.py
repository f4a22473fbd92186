"""Second derivatives: the Hessian of the loss with respect to one input, and its product with a direction V.

The gradient is a node like any other. D = ⟨∂L/∂X, V⟩ is then a number, whose gradient by reverse mode is

    ∂D/∂X = d/dt ∂L/∂X(X + t V) at t = 0 = H V

and the Hessian is the Jacobian of the gradient. Where the output of a layer is no number, the upstream gradient is held
fixed: they are the second derivatives of Σ G ⊙ Y.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, count
from typing import NoReturn

from derive.engine import Jacobian, vectorize
from derive.engine.pattern import differentiate
from derive.forward.algebra import share_symbols
from derive.forward.formula import Formula
from derive.forward.layer import Layer, Prose
from derive.forward.nodes import Input, Ones
from derive.forward.normal import add, contract, zeros
from derive.notation.tree import Name
from derive.routes.jacobian_formula import JacobianFormula, jacobian_formula
from derive.rules.build import build
from derive.rules.known import Forward
from derive.rules.naming import definitions, formula, formula_of, lone_formula
from derive.rules.rewrite import regrouped, shortest
from derive.rules.terms import flatten
from derive.rules.written import legible_length

__all__ = ["Hessian", "SecondRoute", "derive_second"]


@dataclass(frozen=True, eq=False)
class Hessian(Jacobian):
    """The second derivatives of the loss, all entries of one input against all; `[i, j]` is one of them.

    Shapes: (entries of the input, entries of the input), read row by row.
    """

    @cached_property
    def formula(self) -> JacobianFormula | None:
        """The matrix as a formula, `str()` gives it in NumPy syntax; None if it is none of the forms that are read."""
        found = jacobian_formula(self.map.layer, self.map.input.name)
        return None if found is None else replace(found, called=Name(f"H_{found.wrt.name}", "matrix"))


@dataclass(frozen=True, eq=False)
class SecondRoute:
    """The second derivatives with respect to one input.

    gradient is the layer that computes ∂L/∂X, directional the one that computes D = ⟨∂L/∂X, V⟩; the upstream gradient,
    if there is one, is an input of both. direction is V.
    """

    layer: Layer
    wrt: Input
    sizes: Mapping[str, int]

    @cached_property
    def gradient(self) -> Layer:
        """The gradient as what a layer computes."""
        layer, wrt = self.layer, self.wrt
        output = formula(layer, wrt.name).node
        held = (layer.upstream,) if layer.output.shape else ()
        name = self._name(held)
        return replace(
            layer,
            inputs=(*layer.inputs, *held),
            output=output,
            output_name=name,
            output_letter=name.lower(),
            prose=Prose(),
            function=_no_code,
            origin=None,
            variant=(),
            stacks=(),
            plain=None,
            part=True,
            stages=(),
            text="",
            words=(),
            stretched=(),
            assumptions=(),
            named=tuple(pair for pair in layer.named if pair[1] is not output),
        )

    def _name(self, held: Collection[Input]) -> str:
        """What the gradient is called where second derivatives use it."""
        names = {*self.layer.letters, *(name for name, _ in self.layer.named), self.layer.loss, self.layer.output_name}
        letter = "Q" if len(self.wrt.shape) > 1 else "q"
        found = _candidates(letter, self.wrt)
        return next(node.name for node in found if _is_free(node, [*self.layer.inputs, *held], names))

    @cached_property
    def direction(self) -> Input:
        """V, in the shape of the input."""
        taken = [*self.gradient.inputs, self.layer.upstream]
        # Nor may it be what the formulas of the gradients call something, or the Hessian, beside which it is written.
        written = self.hessian.formula
        named = (*definitions(self.layer), *(written.definitions if written is not None else ()))
        names = {*self.layer.letters, *(item.text for item in named), self.layer.loss}
        names |= {self.layer.output_name, self.gradient.output_name}
        letter = "V" if len(self.wrt.shape) > 1 else "v"
        return next(node for node in _candidates(letter, self.wrt) if _is_free(node, taken, names))

    @cached_property
    def directional(self) -> Layer:
        """D = ⟨∂L/∂X, V⟩, a number."""
        gradient, v = self.gradient, self.direction
        axes = range(len(v.shape))
        # Written out, X v can be computed before anything is multiplied to it.
        opened = flatten(contract([gradient.output, v], [axes, axes], ()), Forward(gradient.output).functions.whole)
        taken = {
            *(node.name for node in (*gradient.inputs, v)),
            *gradient.letters,
            *(name for name, _ in gradient.named),
        }
        loss = next(word for word in ("D", "T", "R", "D_1") if word not in taken)
        return replace(
            gradient,
            inputs=(*gradient.inputs, v),
            output=contract([gradient.output, v], [axes, axes], ()) if opened is None else build(opened),
            output_name=loss.lower(),
            output_letter=loss.lower(),
            loss=loss,
            part=False,
        )

    @cached_property
    def product(self) -> Formula:
        """H V, in the shape of the input: as ∂D/∂X, or as the differential of the gradient, whichever is shorter.

        Source: H is symmetric, so that reverse mode and forward mode give the same.
        """
        return min(
            (lone_formula(self.directional, self.wrt.name), *self._forwards),
            key=lambda found: legible_length(found.statements),
        )

    @property
    def _forwards(self) -> tuple[Formula, ...]:
        """d/dt ∂L/∂X(X + t V), the terms of the derivative of the gradient with V in the place of dX."""
        layer, v = self.directional, self.direction
        terms = []
        for term in differentiate(self.gradient.output, self.wrt):
            # Labels that nothing else has are those of axes along which all entries are the same.
            sizes = dict(zip(term.output, v.shape, strict=True))
            found = {*term.value, *term.input}
            ones = [label for label in term.output if label not in found]
            operands = [term.coefficient, v, *(Ones(sizes[label]) for label in ones)]
            rows = [term.value, term.input, *((label,) for label in ones)]
            terms.append(contract(operands, rows, term.output))
        total = add(terms) if terms else zeros(v.shape)
        forward = Forward(self.gradient.output)
        nodes = dict.fromkeys((shortest(total, forward), regrouped(total, forward)))
        return tuple(formula_of(layer, self.wrt, node) for node in nodes)

    @cached_property
    def hessian(self) -> Hessian:
        """H."""
        return Hessian(vectorize(self.gradient, self.wrt.name, self.sizes))


def _candidates(letter: str, wrt: Input) -> Iterable[Input]:
    words = chain((letter, f"{letter}_{wrt.name}"), (f"{letter}_{k}" for k in count(1)))
    return (Input(word, wrt.shape, word.lower()) for word in words)


def _is_free(node: Input, others: Collection[Input], names: Collection[str]) -> bool:
    return node.name not in names and not any(
        node.name == other.name or node.letter == other.letter or share_symbols(node, other) for other in others
    )


def _no_code(*arguments: object) -> NoReturn:
    raise NotImplementedError("a gradient as a layer has no code of its own")


def derive_second(layer: Layer, wrt: str, sizes: Mapping[str, int]) -> SecondRoute:
    """The second derivatives with respect to one input.

    Raises: UnknownNameError if the layer has no input of that name; UnsupportedError if it holds whole numbers.
    Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994).

    Example:
        >>> from derive.forward.parse import parse
        >>> second = derive_second(parse("x @ A @ x", {"x": "N", "A": "N N"}), "x", {"N": 2})
        >>> str(second.hessian.formula), str(second.product)
        ('A.T + A', '(A.T + A) @ v')
    """
    return SecondRoute(layer, layer.variable(wrt), sizes)
