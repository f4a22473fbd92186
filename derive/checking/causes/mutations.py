"""Mistakes that are made in a formula: a term forgotten, a value of the forward pass mixed up, an ε elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice, product

from sympy import Add as SympyAdd
from sympy import Dummy, Expr, Function, Integer, Rational, Symbol, sqrt

from derive.errors import DeriveError
from derive.forward.nodes import Add, Constant, Contract, Input, Map, Node, Ones, placeholder, topological
from derive.forward.normal import add, apply, contract, replaced
from derive.forward.shape import same

__all__ = ["mutations"]

_MOST_OF_A_KIND = 40
_LONGEST = 60
_SMALL = Rational(1, 50)
"""A number that is added below a root and is not larger is taken for an ε."""


def mutations(output: Node, forms: Sequence[Node], inputs: Sequence[Input]) -> Iterator[tuple[str, Node]]:
    """What would be said, and the gradient with the mistake made in it; the last of its forms is not simplified."""
    gradient = forms[-1]
    for form in dict.fromkeys(forms):
        yield from _epsilon(form, output)
    for form in dict.fromkeys(forms):
        yield from islice(_without_a_term(form), _MOST_OF_A_KIND)
    for form in dict.fromkeys(forms):
        yield from islice(_along_another_axis(form), _MOST_OF_A_KIND)
    yield from islice(_swapped(gradient, inputs), _MOST_OF_A_KIND)
    yield from islice(_before(gradient), _MOST_OF_A_KIND)
    yield from islice(_inside_a_function(gradient), _MOST_OF_A_KIND)
    for form in dict.fromkeys(forms):
        yield from islice(_other_value(form, output), _MOST_OF_A_KIND)


def _text(node: Node) -> str:
    try:
        text = str(node)
    except DeriveError:
        return ""
    return text if len(text) <= _LONGEST else ""


def _without_a_term(gradient: Node) -> Iterator[tuple[str, Node]]:
    for node in topological(gradient):
        if isinstance(node, Add):
            for place, term in enumerate(node.operands):
                rest = [*node.operands[:place], *node.operands[place + 1 :]]
                text = f"the term {_text(term)}" if _text(term) else "a term of the sum"
                yield f"{text} is missing", replaced(gradient, {node: add(rest)})
                axes = range(len(term.shape))
                negative = contract([Constant(Integer(-1)), term], [(), axes], axes)
                yield f"{text} has the other sign", replaced(gradient, {node: add([*rest, negative])})


def _along_another_axis(gradient: Node) -> Iterator[tuple[str, Node]]:
    """Σ_i t_ij spread along i for Σ_j t_ij spread along j; with the other size where it is a mean."""
    for node in topological(gradient):
        if not isinstance(node, Contract):
            continue
        for place, inner in enumerate(node.operands):
            if isinstance(inner, Contract):
                for told, made in _turned_sums(node, place, inner):
                    yield told, replaced(gradient, {node: made})


def _turned_sums(node: Contract, place: int, inner: Contract) -> Iterator[tuple[str, Node]]:
    """The product with another sum in one place; axes are counted in the product."""
    sizes, own = node.sizes(), inner.sizes()
    row = node.indices[place]
    for summed, (axis, kept), spread in product(inner.summed(), enumerate(inner.output), node.output):
        if spread in row or row[axis] not in node.output or not same(own[summed], sizes[spread]):
            continue
        turned = contract(inner.operands, inner.indices, [*inner.output[:axis], summed, *inner.output[axis + 1 :]])
        rows = [list(other) for other in node.indices]
        rows[place][axis] = spread
        missing = [index for index in node.output if not any(index in other for other in rows)]
        wrong, right = node.output.index(row[axis]), node.output.index(spread)
        for mean in (Integer(1), own[summed] / own[kept]):
            operands = [*node.operands, Constant(mean), *(Ones(sizes[index]) for index in missing)]
            operands[place] = turned
            made = contract(operands, [*rows, [], *([index] for index in missing)], node.output)
            yield f"a sum runs over axis {wrong} in the place of axis {right}", made


def _swapped(gradient: Node, inputs: Sequence[Input]) -> Iterator[tuple[str, Node]]:
    for first, second in combinations(inputs, 2):
        if _fit(first, second):
            yield f"{first.name} and {second.name} are swapped", replaced(gradient, {first: second, second: first})


def _fit(first: Node, second: Node) -> bool:
    return len(first.shape) == len(second.shape) and all(map(same, first.shape, second.shape))


def _other_value(gradient: Node, output: Node) -> Iterator[tuple[str, Node]]:
    """One value of the forward pass, in all its places, taken for another."""
    values = [node for node in topological(output) if node.shape]
    inside = set(topological(gradient))
    for used in values:
        for other in values:
            if used in inside and other is not used and _fit(used, other):
                if used in set(topological(other)) or (_text(used) and _text(other)):
                    told = f"{_text(other) or 'another value of the forward pass'} in the place of {_text(used)}"
                    yield told, replaced(gradient, {used: other})


def _before(gradient: Node) -> Iterator[tuple[str, Node]]:
    """1 - x² for 1 - tanh(x)²: the value before a function in the place of the one after it."""
    for node in topological(gradient):
        if isinstance(node, Map):
            for inner in sorted(node.function.atoms(Function), key=str):
                if len(inner.args) == 1 and isinstance(inner.args[0], Symbol):
                    changed = node.function.xreplace({inner: inner.args[0]})
                    name = type(inner).__name__
                    told = f"the value before {name} in the place of the one after it"
                    yield told, replaced(gradient, {node: apply(changed, node.arguments)})


def _inside_a_function(gradient: Node) -> Iterator[tuple[str, Node]]:
    """y (1 + y) for y (1 - y): a term of the derivative of a function forgotten, or with the other sign."""
    for node in topological(gradient):
        if isinstance(node, Map):
            for total in sorted(node.function.atoms(SympyAdd), key=str):
                for term in total.args:
                    for change, told in ((-term, "is missing"), (-2 * term, "has the other sign")):
                        changed = apply(node.function.xreplace({total: total + change}), node.arguments)
                        yield f"a term of the derivative {told}", replaced(gradient, {node: changed})


def _epsilon(gradient: Node, output: Node) -> Iterator[tuple[str, Node]]:
    """sqrt(v) + ε for sqrt(v + ε), or no ε at all; also where products such as x̂ = (x - μ) / s are cached and right."""
    inside = list(topological(gradient))
    for total in inside:
        small = [term for term in total.operands if _is_small(term)] if isinstance(total, Add) else []
        if not isinstance(total, Add) or len(small) != 1:
            continue
        rest = add([term for term in total.operands if term is not small[0]])
        users = [node for node in inside if isinstance(node, Map) and node.arguments == (total,)]
        outside: dict[Node, Node] = {}
        for node in users:
            root = add([apply(sqrt(placeholder(0)), [rest]), small[0]])
            outside[node] = apply(_of_root(node.function), [root])
        right = [n for n in topological(output) if not isinstance(n, Map) and n is not total and total in _below(n)]
        kept: dict[Node, Node] = {n: Input(f"kept{place}", n.shape, f"kept{place}") for place, n in enumerate(right)}
        back = {stand_in: node for node, stand_in in kept.items()}
        missing: dict[Node, Node] = {total: rest}
        for told, values in (
            ("the ε stands outside of the root", outside),
            ("the ε is missing", missing),
        ):
            yield told, replaced(gradient, values)
            yield told, replaced(replaced(replaced(gradient, kept), values), back)
        # Where such products are written out, one of the functions of v + ε is wrong and the others are right.
        for node in users if len(users) > 1 else ():
            yield "the ε stands outside of the root", replaced(gradient, {node: outside[node]})
            yield "the ε is missing", replaced(gradient, {node: apply(node.function, [rest])})


def _below(node: Node) -> set[Node]:
    return set(topological(node))


def _is_small(node: Node) -> bool:
    """Whether it is a small positive number, or an array of one."""
    constants = [n.value for n in topological(node) if isinstance(n, Constant)]
    others = [n for n in topological(node) if not isinstance(n, Constant | Contract | Ones)]
    return not others and len(constants) == 1 and bool(constants[0].is_number and 0 < constants[0] <= _SMALL)


def _of_root(function: Expr) -> Expr:
    """The function of v as a function of sqrt(v)."""
    root = Dummy(positive=True)
    return function.subs(placeholder(0), root**2).xreplace({root: placeholder(0)})
