"""Makes formulas shorter by what is assumed of inputs; the derivative itself has been taken before.

    sum        Σ_j y_ij = 1           where rows of Y sum to 1
    symmetry   a_ji = a_ij            where A is symmetric, and so are X A Xᵀ, A + c I, A⁻¹
    sign       |x| = x, [x > 0] = 1   where x > 0

Entries of an input vary independently of each other when a layer is differentiated, whatever is assumed of them: the
gradient with respect to a symmetric A is that of n² numbers. The assumption says at which inputs the gradient is then
looked at. Every application is recorded with the assumption as its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

from sympy import Dummy, Expr, Integer

from derive.forward import functions
from derive.forward.assumption import Assumption
from derive.forward.layer import Layer
from derive.forward.nodes import Add, Constant, Contract, Input, Map, Node, Ones, placeholder
from derive.forward.normal import apply, replaced
from derive.rules.gradients import Cut, Gradients, alone, is_worth_a_name, users
from derive.rules.known import Forward, Rewrite
from derive.rules.rewrite import simplify
from derive.rules.symmetry import turned
from derive.rules.terms import Power, Term, Terms, flatten, gathered
from derive.steps import Reason, Step

__all__ = ["Assumed", "assumed", "assumed_rules", "assuming", "rests_on"]


_JOINT = " and "
_MOST_TOGETHER = 3
"""So many inputs at most are taken together to make a matrix symmetric."""


@dataclass(frozen=True, slots=True, eq=False)
class Assumed:
    """Gradients that use what is assumed; steps are the rewrites, by input, those of gradients with a name under None.

    alone has those that use stand-ins in terms of inputs and the upstream gradient alone, made short as a whole.

    Shapes: those of the gradients.
    """

    gradients: Gradients
    alone: Mapping[Input, Node]
    steps: Mapping[Input | None, tuple[Step[Node], ...]]


def assuming(layer: Layer, assumptions: Sequence[Assumption]) -> Layer:
    """The layer that assumes this; of a network each stage assumes what is said of its own inputs."""

    def inside(stage: Layer) -> Layer:
        names = {node.name for node in stage.inputs}
        return replace(stage, assumptions=tuple(item for item in assumptions if item.name in names))

    stages = tuple(stage.changed(inside) for stage in layer.stages)
    return replace(layer, assumptions=tuple(assumptions), stages=stages)


def assumed(layer: Layer, found: Gradients) -> Assumed:
    """The gradients of a layer, shorter where what it assumes makes them so; others are the same nodes.

    Shapes: unchanged.
    """
    rules = assumed_rules(layer.assumptions)
    forward = Forward(layer.output, rules=tuple(rules.items()), named=frozenset(node for _, node in layer.named))
    names = {reason.name for reason in rules}
    values: dict[Input | None, tuple[Step[Node], ...]] = {None: ()}

    def short(node: Node, *, opens: bool = True) -> tuple[Node, tuple[Step[Node], ...]]:
        made, steps = simplify(node, forward, opens=opens)
        return (made, steps) if any(step.reason.name in names for step in steps) else (node, ())

    # A product that has become too short for a name is put back, as it was, so that its users say what they assume.
    back: dict[Node, Node] = {}
    cuts: list[Cut] = []
    times = users(found.inputs, found.cuts)
    for cut in found.cuts:
        gradient = replaced(cut.gradient, back)
        made, steps = short(gradient, opens=False)
        if steps and not isinstance(made, Add) and not is_worth_a_name(made, times[cut.stand_in], forward):
            back[cut.stand_in] = gradient
        else:
            cuts.append(Cut(cut.node, cut.stand_in, made))
            values[None] = (*values[None], *steps)
    inputs: dict[Input, Node] = {}
    for wrt, node in found.inputs.items():
        inputs[wrt], values[wrt] = short(replaced(node, back))
    whole = alone(layer, found)
    for wrt, node in whole.items():
        whole[wrt], steps = short(node)
        values[wrt] = (*values[wrt], *steps)
    return Assumed(Gradients(inputs, tuple(cuts), found.steps), whole, values)


def assumed_rules(assumptions: Sequence[Assumption]) -> dict[Reason, Rewrite]:
    """The rules that assumptions give, each with the assumption as its reason."""
    rules: dict[Reason, Rewrite] = {}
    symmetric = [item for item in assumptions if item.kind == "symmetric"]
    for count in range(1, min(len(symmetric), _MOST_TOGETHER) + 1):
        for several in combinations(symmetric, count):
            # What several make symmetric together, as A + X.T @ C @ X, none of them does alone.
            rule = ", ".join(f"{item.name}.T = {item.name}" for item in several)
            rules[Reason(_JOINT.join(map(str, several)), rule)] = partial(
                _symmetric, frozenset(i.name for i in several)
            )
    for item in assumptions:
        if item.kind == "sum":
            rules[Reason(str(item), f"sum({item.name}, axis={item.axis}) = {item.number}")] = partial(_summed, item)
        elif item.kind != "symmetric":
            rules[Reason(str(item), f"{item.name} {item.kind} 0 entry by entry")] = partial(_signed, item)
    return rules


def rests_on(reason: Reason) -> tuple[str, ...]:
    """The assumptions, as they are written, that a step with this reason uses, if it uses any."""
    return tuple(reason.name.split(_JOINT))


def _summed(item: Assumption, terms: Terms, forward: Forward) -> Terms | None:
    """Σ_j y_ij = c, where no other factor has the index j.

    Source: the assumption.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            made = _without_sum(item, Term(Integer(1), (power,)), terms, term.powers[:place] + term.powers[place + 1 :])
            if made is None and _uses(power.node, item.name) and power.node in forward.whole and power.exponent == 1:
                # A sum that the forward pass has computed stays whole until here.
                made = _within(item, power, terms, forward)
            if made is not None:
                return _with_power(terms, number, place, made)
    return None


def _with_power(terms: Terms, number: int, place: int, made: Term) -> Terms:
    """The sum with a term in the place of a power of one of its terms."""
    term = terms.terms[number]
    rest = (*term.powers[:place], *made.powers, *term.powers[place + 1 :])
    changed = gathered(Term(term.coefficient * made.coefficient, rest), terms.free)
    kept = (*terms.terms[:number], changed, *terms.terms[number + 1 :])
    return replace(terms, terms=tuple(t for t in kept if t.coefficient != 0))


def _without_sum(item: Assumption, term: Term, terms: Terms, others: Collection[Power]) -> Term | None:
    """The term of one power without the sum over it that the assumption knows; None if it has none."""
    (power,) = term.powers
    if not (isinstance(power.node, Input) and power.node.name == item.name) or power.exponent != 1:
        return None
    assert item.axis is not None
    gone = power.index[item.axis]
    kept = power.index[: item.axis] + power.index[item.axis + 1 :]
    if gone in terms.free or gone in kept or any(gone in other.index for other in others):
        return None
    sizes = power.node.shape[: item.axis] + power.node.shape[item.axis + 1 :]
    ones = tuple(Power(Ones(size), (label,)) for size, label in zip(sizes, kept, strict=True))
    return Term(term.coefficient * item.number, ones)


def _within(item: Assumption, power: Power, terms: Terms, forward: Forward) -> Term | None:
    """A sum that the forward pass has computed, made of other values by the assumption; None if it does not apply."""
    opened = flatten(power.node, forward.whole - {power.node})
    if not isinstance(power.node, Contract) or opened is None or len(opened.terms) != 1:
        return None
    made = _summed(item, opened, replace(forward, without=forward.without | {power.node}))
    if made is None:
        return None
    if not made.terms:
        return Term(Integer(0), ())
    (term,) = made.terms
    clear = max((label for t in terms.terms for label in (*t.labels(), *terms.free)), default=-1) + 1
    names = {label: clear + label for label in term.labels()}
    return term.renamed({**names, **dict(zip(opened.free, power.index, strict=True))})


def _uses(node: Node, name: str) -> bool:
    return any(isinstance(operand, Input) and operand.name == name for operand in node.operands)


def _symmetric(names: frozenset[str], terms: Terms, forward: Forward) -> Terms | None:
    """a_ji = a_ij where the inputs of these names make A symmetric.

    Source: the assumptions.
    """
    return turned(terms, forward.patterns, names)


def _signed(item: Assumption, terms: Terms, forward: Forward) -> Terms | None:
    """|x| = x, [x > 0] = 1, sign(x) = 1, max(x, 0) = x, for x > 0; sign(x)² = 1 for x ≠ 0.

    Source: the definitions of these functions.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            made = _with_sign(item, power)
            if made is not None:
                return _with_power(terms, number, place, made)
    return None


def _with_sign(item: Assumption, power: Power) -> Term | None:
    """A power of a scalar function of what has that sign, as a shorter one; None if the sign makes no difference."""
    node = power.node
    if not isinstance(node, Map):
        return None
    facts = [_fact(operand, item) for operand in node.operands]
    if not any(facts):
        return None
    named = [Dummy(f"x{place}", real=True, **({fact: True} if fact else {})) for place, fact in enumerate(facts)]
    written = node.function.xreplace({placeholder(place): name for place, name in enumerate(named)})
    after = _refined(written**power.exponent)
    # SymPy uses some signs by itself, as in √(x²) = x.
    if after.xreplace({name: placeholder(place) for place, name in enumerate(named)}) == node.function**power.exponent:
        return None
    if after.is_number:
        # A number has no axes: they are those of ones.
        ones = tuple(Power(Ones(size), (label,)) for size, label in zip(node.shape, power.index, strict=True))
        return Term(after, ones)
    used = [place for place, name in enumerate(named) if name in after.free_symbols]
    names = {named[place]: placeholder(number) for number, place in enumerate(used)}
    made = apply(after.xreplace(names), [node.operands[place] for place in used])
    return Term(Integer(1), (Power(made, power.index),))


def _fact(node: Node, item: Assumption) -> str:
    """What SymPy calls the sign of all entries of a node, if it follows from the assumption; '' if nothing does."""
    fact = {">": "positive", ">=": "nonnegative", "!=": "nonzero"}[item.kind]
    match node:
        case Input():
            return fact if node.name == item.name else ""
        case Contract() if item.kind != "!=" or not node.summed():
            # Sums of positive numbers are positive, and products are.
            return fact if all(_fits(operand, item, fact) for operand in node.operands) else ""
        case Add() if item.kind != "!=":
            return fact if all(_fits(operand, item, fact) for operand in node.operands) else ""
    return ""


def _fits(node: Node, item: Assumption, fact: str) -> bool:
    """Whether a factor or a term has the sign, be it a positive number."""
    if isinstance(node, Ones):
        return True
    if isinstance(node, Constant):
        return bool(node.value.is_positive)
    return _fact(node, item) == fact


def _refined(value: Expr) -> Expr:
    """The expression with every function of known sign as what it is."""
    rules: dict[type[Expr], Callable[[Expr], Expr | None]] = {
        functions.step: lambda x: Integer(1) if x.is_positive else Integer(0) if x.is_nonpositive else None,
        functions.sign: lambda x: Integer(1) if x.is_positive else Integer(-1) if x.is_negative else None,
        functions.abs: lambda x: x if x.is_nonnegative else -x if x.is_nonpositive else None,
        functions.relu: lambda x: x if x.is_nonnegative else Integer(0) if x.is_nonpositive else None,
    }
    for kind, rule in rules.items():
        for inner in sorted(value.atoms(kind), key=str):
            made = rule(inner.args[0])
            value = value if made is None else value.xreplace({inner: made})
    # sign(x)² is 1 wherever x is not 0.
    return value.replace(
        lambda e: e.is_Pow and isinstance(e.base, functions.sign) and e.exp.is_even and e.base.args[0].is_nonzero,
        lambda e: Integer(1),
    )
