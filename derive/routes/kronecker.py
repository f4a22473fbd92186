"""Reads the pattern of a Jacobian as a Kronecker product: I ⊗ Wᵀ, X ⊗ I, 1 ⊗ I.

Row by row, entry (i j, k l) of A ⊗ B is a_ik b_jl. So a derivative with one term is such a product if the first axes
of output and input, and the second ones, each make a factor of their own.
"""

from __future__ import annotations

from sympy import Integer

from derive.engine.jacobian import Jacobian
from derive.engine.pattern import Term
from derive.forward.matrix import read
from derive.forward.nodes import Constant, Contract, Node
from derive.forward.nodes import Ones as OnesNode
from derive.forward.normal import contract
from derive.forward.shape import Size
from derive.notation.tree import Identity, Kronecker, Ones, Tree

__all__ = ["kronecker"]


def kronecker(jacobian: Jacobian) -> Tree | None:
    """The Jacobian as a Kronecker product, or None if it is not one of this kind.

    Source: Magnus and Neudecker, "Matrix Differential Calculus", chapter 2 (with columns for our rows).
    """
    map = jacobian.map
    if map.layer.samples == "one" and len(map.layer.output.shape) == 1:
        return _of_row(jacobian)
    if len(jacobian.terms) != 1 or len(map.layer.output.shape) != 2 or len(map.input.shape) not in (1, 2):
        return None
    term = jacobian.terms[0]
    # A vector goes with one axis of the output: with the second if it was repeated as rows, else with the first.
    alone = (*term.input, None) if term.input == term.output[:1] else (None, *term.input)
    inputs: tuple[int | None, ...] = term.input if len(term.input) == 2 else alone
    # An axis of size 1 that the output does not share makes no difference to where an entry stands.
    inputs = tuple(
        None if size == 1 and label not in term.output else label
        for label, size in zip(inputs, map.input.shape if len(term.input) == 2 else (0, 0), strict=True)
    )
    factors = []
    unused = set(term.value) - (set(term.input) - set(inputs))
    for axis in (0, 1):
        factor = _factor(term, term.output[axis], inputs[axis], map.layer.output.shape[axis])
        if factor is None:
            return None
        factors.append(factor)
        unused -= {term.output[axis], inputs[axis]}
    plain = isinstance(term.coefficient, Constant) and term.coefficient.value == 1
    carried = sum(not isinstance(factor, Identity | Ones) for factor in factors)
    if unused or carried > 1 or (carried == 0 and not (plain or _all_ones(term.coefficient))):
        return None
    return Kronecker(tuple(factors))


def _of_row(jacobian: Jacobian) -> Tree | None:
    """The Jacobian of one sample, x ⊗ I, Wᵀ or I: what is left of the product when the samples' own factor is 1."""
    map = jacobian.map
    rank = len(map.input.shape)
    if len(jacobian.terms) != 1 or rank not in (1, 2):
        return None
    term = jacobian.terms[0]
    (output,), wrt = term.output, term.input[-1]
    if rank == 1 and output != wrt:
        return _factor(term, output, wrt, map.layer.output.shape[0]) if set(term.value) == {output, wrt} else None
    identity = Identity(str(map.layer.output.shape[0]))
    if rank == 1:
        return identity if term.coefficient == Constant(Integer(1)) else None
    if output != wrt or term.value != term.input[:1]:
        return None
    return Kronecker((read(term.coefficient, rows=True), identity))


def _all_ones(node: Node) -> bool:
    if isinstance(node, Contract):
        return not node.summed() and all(isinstance(operand, OnesNode) for operand in node.operands)
    return isinstance(node, OnesNode)


def _factor(term: Term, output: int, wrt: int | None, size: Size) -> Tree | None:
    """What one pair of axes contributes."""
    if output == wrt:
        return None if output in term.value else Identity(str(size))
    if wrt is None:
        return Ones(str(size)) if _all_ones(term.coefficient) or output not in term.value else None
    if set(term.value) != {output, wrt}:
        return None
    return read(contract([term.coefficient], [term.value], (output, wrt)))
