"""Reverse mode: what each node kind sends back to its operands. x̄ is ∂L/∂x, in the shape of x.

One rule a node kind. Every application is recorded as a step, so that a false rule is caught by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sympy import Integer

from derive.errors import InternalError
from derive.forward.nodes import Add, Constant, Contract, Input, Map, MatrixFunction, Node, OneHot, Reduce, topological
from derive.forward.normal import add, contract, zeros
from derive.forward.slope import share, slope
from derive.steps import Reason, Step

__all__ = [
    "RULES",
    "Sweep",
    "VectorJacobianProduct",
    "adjoint_add",
    "adjoint_contract",
    "adjoint_map",
    "adjoint_matrix",
    "adjoint_one_hot",
    "adjoint_reduce",
    "reverse",
    "sweep",
]


@dataclass(frozen=True, slots=True)
class VectorJacobianProduct:
    """ȳ · ∂y/∂x for one operand of one node: what an adjoint rule claims to compute.

    Shapes: gradient has the shape of node, the product that of the operand.
    """

    node: Node
    operand: int
    gradient: Node


def adjoint_add(node: Add, g: Node) -> tuple[Node, ...]:
    """x̄_p = ȳ: a sum sends its gradient unchanged to every term.

    Shapes: g has the axes of node, and so has every result.
    Source: Giles, "An extended collection of matrix derivative results", NA-08-01, section 2.2.1.
    """
    return tuple(g for _ in node.operands)


def adjoint_contract(node: Contract, g: Node) -> tuple[Node, ...]:
    """x̄_p = the contraction of ȳ with every operand but the p-th.

    Shapes: g has the axes of node; result p has the axes of node.operands[p].
    Source: Giles, "An extended collection of matrix derivative results", NA-08-01, section 2.2.2.

    Example:
        >>> from derive.layers import load
        >>> layer = load("affine")
        >>> product = layer.output.operands[0]
        >>> [str(x) for x in adjoint_contract(product, layer.upstream)]
        ['G @ W.T', 'X.T @ G']
    """
    results = []
    for place, row in enumerate(node.indices):
        operands = (*node.operands[:place], g, *node.operands[place + 1 :])
        indices = (*node.indices[:place], node.output, *node.indices[place + 1 :])
        results.append(contract(operands, indices, row))
    return tuple(results)


def adjoint_map(node: Map, g: Node) -> tuple[Node, ...]:
    """x̄_p = ȳ ⊙ ∂f/∂x_p, entry by entry; SymPy differentiates the scalar function.

    Shapes: g, node and all operands have the same axes.
    Source: Giles, "An extended collection of matrix derivative results", NA-08-01, section 2.1.
    """
    axes = range(len(node.shape))
    return tuple(contract([g, slope(node, place)], [axes, axes], axes) for place in range(len(node.operands)))


def adjoint_reduce(node: Reduce, g: Node) -> tuple[Node, ...]:
    """x̄ = ȳ ⊙ m / Σ m, where m is 1 at the largest entries: they share the gradient equally.

    Shapes: g has the axes of node, which the result has besides those that node is reduced along.
    Source: the subdifferential of a maximum is the convex hull of the gradients of what attains it (Rockafellar,
    "Convex Analysis", section 23); the mean of them is PyTorch's convention for amax.
    """
    axes = range(len(node.arguments[0].shape))
    kept = [axis for axis in axes if axis not in node.axes]
    return (contract([g, share(node)], [kept, axes], axes),)


def adjoint_matrix(node: MatrixFunction, g: Node) -> tuple[Node, ...]:
    """X̄ = -Yᵀ Ȳ Yᵀ for Y = X⁻¹; X̄ = ȳ y X⁻ᵀ for y = det X; X̄ = ȳ X⁻ᵀ for y = log |det X|.

    Shapes: the result has those of the operand; g those of node.
    Source: Giles, "An extended collection of matrix derivative results", NA-08-01, sections 2.2.3 and 2.2.4.
    """
    if node.name == "inv":
        minus = Constant(Integer(-1))
        return (contract([minus, node, g, node], [(), (1, 0), (1, 2), (3, 2)], (0, 3)),)
    inverse = MatrixFunction(node.arguments, "inv")
    scalars: list[Node] = [g, node] if node.name == "det" else [g]
    return (contract([*scalars, inverse], [*(() for _ in scalars), (1, 0)], (0, 1)),)


def adjoint_one_hot(node: OneHot, g: Node) -> tuple[Node, ...]:
    """t̄ = 0: whole numbers do not change a little.

    Shapes: the result has those of the operand.
    Source: a function that is constant between the whole numbers has derivative 0 there.
    """
    return (zeros(node.arguments[0].shape),)


RULES: dict[type[Node], Callable[..., tuple[Node, ...]]] = {
    Add: adjoint_add,
    Contract: adjoint_contract,
    Map: adjoint_map,
    MatrixFunction: adjoint_matrix,
    OneHot: adjoint_one_hot,
    Reduce: adjoint_reduce,
}
"""The rule of each node kind that has operands."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What reverse mode leaves behind: every application of a rule, and what arrives at every node.

    arriving holds for a node one gradient for each of its uses that lies behind the output; their sum is its own.
    """

    steps: tuple[Step[object], ...]
    arriving: Mapping[Node, tuple[Node, ...]]

    def gradient(self, node: Node) -> Node:
        """∂L/∂x, the sum of what arrives; 0 if nothing does."""
        found = self.arriving.get(node)
        return add(found) if found else zeros(node.shape)


def sweep(output: Node, upstream: Node, wrt: Collection[Input]) -> Sweep:
    """Goes once from the output back to the inputs, through every node that leads to one of them.

    Shapes: upstream has the axes of output, the gradient of a node those of the node.
    Source: Griewank and Walther, "Evaluating Derivatives", section 3.2, reverse mode.
    """
    order = list(topological(output))
    leads: dict[Node, bool] = {}
    for node in order:
        leads[node] = node in wrt or any(leads[operand] for operand in node.operands)
    arriving: dict[Node, list[Node]] = {output: [upstream]}
    steps: list[Step[object]] = []
    for node in reversed(order):
        if not leads[node] or not node.operands:
            continue
        rule = RULES.get(type(node))
        if rule is None:
            raise InternalError(f"reverse mode: no rule for a node of kind {type(node).__name__}")
        g = add(arriving[node])
        reason = Reason(rule.__name__, (rule.__doc__ or "").split("\n")[0])
        for place, (operand, sent) in enumerate(zip(node.operands, rule(node, g), strict=True)):
            if leads[operand]:
                arriving.setdefault(operand, []).append(sent)
                steps.append(Step(VectorJacobianProduct(node, place, g), sent, reason))
    return Sweep(tuple(steps), {node: tuple(found) for node, found in arriving.items()})


def reverse(output: Node, upstream: Node, wrt: Input) -> tuple[Node, tuple[Step[object], ...]]:
    """∂L/∂x of an input, given ∂L/∂y of the output, and the steps that lead there.

    Shapes: upstream has the axes of output, the result those of wrt.
    """
    swept = sweep(output, upstream, (wrt,))
    return swept.gradient(wrt), swept.steps
