"""What a small change of an operand does to a node: dy = Σ (factors) dx, with an index for every axis.

    Map      dy_ij = Σ_p f_p'(a, ...)_ij da_p,ij
    Reduce   dy_i  = Σ_j m_ij dx_ij, m the share of each entry among the largest ones
    inv      dY_ij = -Σ_kl Y_ik dX_kl Y_lj        det  dy = y Σ_kl Y_lk dX_kl        logdet  dy = Σ_kl Y_lk dX_kl

Contractions and sums have rules of their own, the product rule and linearity.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Integer

from derive.errors import InternalError
from derive.forward.nodes import Constant, Indices, Map, MatrixFunction, Node, OneHot, Reduce
from derive.forward.slope import share, slope

__all__ = ["Differential", "differentials"]


@dataclass(frozen=True, slots=True)
class Differential:
    """dy with the indices `output` is the sum of the factors times dx with the indices `input`, for one operand x."""

    place: int
    factors: tuple[tuple[Node, Indices], ...]
    input: Indices
    output: Indices


def differentials(node: Node) -> tuple[Differential, ...]:
    """One for every operand that can change.

    Source: the chain rule; for inverse and determinant Giles, "An extended collection of matrix derivative results",
    NA-08-01, sections 2.2.3 and 2.2.4; for the maximum a subgradient, equal shares among the largest entries.
    """
    match node:
        case Map():
            axes = tuple(range(len(node.shape)))
            return tuple(
                Differential(place, ((slope(node, place), axes),), axes, axes) for place in range(len(node.operands))
            )
        case Reduce():
            axes = tuple(range(len(node.arguments[0].shape)))
            kept = tuple(axis for axis in axes if axis not in node.axes)
            return (Differential(0, ((share(node), axes),), axes, kept),)
        case MatrixFunction(name="inv"):
            minus = Constant(Integer(-1))
            return (Differential(0, ((minus, ()), (node, (0, 2)), (node, (3, 1))), (2, 3), (0, 1)),)
        case MatrixFunction((operand,), name):
            inverse = (MatrixFunction((operand,), "inv"), (1, 0))
            return (Differential(0, ((node, ()), inverse) if name == "det" else (inverse,), (0, 1), ()),)
        case OneHot():
            return ()
    if node.operands:
        raise InternalError(f"differential: no rule for a node of kind {type(node).__name__}")
    return ()
