"""What the forward pass computes: its values, products and powers, to which a formula may refer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from derive.forward.idioms import idiom
from derive.forward.joined import joined
from derive.forward.nodes import Add, Constant, Contract, Delta, Input, Map, Node, Ones, placeholder, topological
from derive.forward.normal import apply, contract
from derive.rules.terms import Power, Term, Terms, cost, flatten, is_view
from derive.steps import Reason

__all__ = ["Forward", "Rewrite"]


@dataclass(frozen=True)
class Forward:
    """What the forward pass computes, to which a formula may refer; some of it may be left out.

    rules are tried before all others: what is assumed of inputs. named are the values that have a name in any case.
    """

    output: Node
    without: frozenset[Node] = frozenset()
    rules: tuple[tuple[Reason, Rewrite], ...] = ()
    named: frozenset[Node] = frozenset()
    kept: frozenset[Node] = frozenset()

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Its values, later ones first."""
        plain = (Constant, Ones, Delta)
        found = [node for node in topological(self.output) if not isinstance(node, plain) and not is_view(node)]
        kept = [node for node in reversed(found) if node not in self.without]
        return (*(node for node in map(_share, kept) if node is not None), *kept)

    @cached_property
    def whole(self) -> frozenset[Node]:
        """The same, for looking up."""
        return self.kept.union(self.nodes)

    @cached_property
    def functions(self) -> Forward:
        """The same without sums, and without products of inputs."""
        plain: set[Node] = set()
        for node in topological(self.output):
            parts = [o for o in node.operands if not isinstance(o, Constant | Ones | Delta)]
            if (
                isinstance(node, Input)
                or (isinstance(node, Add) and joined(node) is None)
                or (isinstance(node, Contract) and all(o in plain for o in parts))
            ):
                plain.add(node)
        return replace(self, without=self.without | plain)

    def opened(self, node: Node) -> Forward:
        """The same without one of them; made once for each."""
        if node not in self._opened:
            self._opened[node] = replace(self, without=self.without | {node})
        return self._opened[node]

    @cached_property
    def _opened(self) -> dict[Node, Forward]:
        return {}

    @cached_property
    def found(self) -> dict[tuple[Node, int], Any]:
        """What `simplify` has made of nodes by multiplying out so many terms at most."""
        return {}

    @cached_property
    def patterns(self) -> tuple[tuple[Node, Term], ...]:
        """Its products, each with what it is the product of; the axes are labelled by their numbers."""
        found = []
        for node in self.nodes:
            if isinstance(node, Contract):
                made = flatten(node, self.whole - {node})
                term = made.terms[0] if made is not None and len(made.terms) == 1 else None
                if term and (len(term.powers) > 1 or cost(term, range(len(node.shape))) > 1):
                    found.append((node, term))
        return tuple(found)

    @cached_property
    def products(self) -> dict[Node, Term]:
        """The same, for looking up."""
        return dict(self.patterns)

    @cached_property
    def roots(self) -> tuple[tuple[Node, Power], ...]:
        """Its powers: the node, and the power that it is."""
        found = []
        for node in topological(self.output):
            if isinstance(node, Map) and is_view(node):
                made = flatten(node, self.whole)
                term = made.terms[0] if made is not None and len(made.terms) == 1 else None
                if term and len(term.powers) == 1 and not term.powers[0].exponent.is_integer and term.coefficient == 1:
                    found.append((node, term.powers[0]))
        return tuple(found)


def _share(node: Node) -> Node | None:
    """Softmax, for its logsumexp: the gradient has it where the forward pass has not."""
    found = idiom(node) if isinstance(node, Map) else None
    if found is None or found.function != "logsumexp":
        return None
    (total,) = node.operands
    powers = next(operand for operand in total.operands if isinstance(operand, Map))
    axes = range(len(powers.shape))
    kept = [axis for axis in axes if axis not in found.axes]
    return contract([powers, apply(1 / placeholder(0), [total])], [axes, kept], axes)


Rewrite = Callable[[Terms, Forward], Terms | None]
