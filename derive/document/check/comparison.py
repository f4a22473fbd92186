"""For each gradient what the rule gives and what the code gives, in formulas or entry by entry, and their difference."""

from __future__ import annotations

from derive.checking.account import difference_of, short
from derive.checking.recording import Array
from derive.checking.report import Verdict
from derive.document.blocks import ArrayItem, Arrays
from derive.document.check.material import CheckMaterial
from derive.document.check.values import Values, code_name
from derive.document.draft import Draft
from derive.document.entrywise import shown_formula
from derive.document.layout import fits
from derive.forward.arrays import Laid
from derive.forward.formula import Definition
from derive.forward.nodes import Node
from derive.forward.shape import same
from derive.locale import N_
from derive.notation.measure import width
from derive.notation.tree import Negative, Relation, Sum, Tree
from derive.proof.evidence import Strength
from derive.rules.naming import formula

__all__ = ["write"]

_WIDEST = 38.0
"""In em; matrices of entries that are wider are not written."""

_MOST_ENTRIES = 12
_LONGEST = 160
"""In em; a difference that is longer tells nobody anything."""


def write(draft: Draft, material: CheckMaterial) -> None:
    """Adds the section."""
    draft.heading("comparison", N_("The rule and the code"))
    draft.prose(
        N_(
            "The rule is what follows from the forward pass by the chain rule, as derived below. Beside it stands what "
            "the code gives back, put together from its lines and made as short as it can be."
        )
        if material.derivation is not None
        else N_(
            "The rule is what follows from the forward pass by the chain rule. Beside it stands what the code gives."
        )
    )
    values = Values(material.account)
    for verdict in material.report.gradients:
        _gradient(draft, material, verdict, values)


def _gradient(draft: Draft, material: CheckMaterial, verdict: Verdict, values: Values) -> None:
    name = verdict.name
    gradient, code = values.gradient(name), code_name(f"d{name}", len(verdict.shape))
    pair = short(material.account, name)
    if pair is not None:
        _formulas(draft, material, verdict, values, pair)
        return
    found = material.account.traced
    expected = found.expected.get(name)
    rule = None if expected is None else values.statement(gradient, _array(expected))
    if rule is not None:
        draft.prose(N_("{gradient}: the rule is"), gradient=gradient)
        draft.equation(f"comparison.{name}.rule", rule)
    else:
        draft.prose(N_("{gradient}: the rule has no formula that fits into a line."), gradient=gradient)
    if not _entries(draft, material, verdict, values, code):
        draft.prose(N_("The code could not be followed on symbols, so there is no formula of what it gives."))
    _ending(draft, verdict, gradient)


def _formulas(draft: Draft, material: CheckMaterial, verdict: Verdict, values: Values, pair: tuple[Node, Node]) -> None:
    name = verdict.name
    expected, got = pair
    gradient, code = values.gradient(name), code_name(f"d{name}", len(got.shape))
    rule, definitions = _rule(material, values, name, expected)
    values = values.named(definitions)
    given = values.statement(code, _array(got))
    if rule is not None and given is not None and not material.is_wrong(name) and rule.parts[1:] == given.parts[1:]:
        draft.prose(N_("{gradient}: rule and code come to the same formula,"), gradient=gradient)
        draft.equation(f"comparison.{name}.both", Relation.equal(gradient, *rule.parts[1:]))
        _where(draft, name, definitions)
        _ending(draft, verdict, gradient)
        return
    draft.prose(N_("{gradient}: the rule, and then the code,"), gradient=gradient)
    for part, statement in (("rule", rule), ("code", given)):
        if statement is not None:
            draft.equation(f"comparison.{name}.{part}", statement)
        elif part == "rule":
            draft.prose(N_("The formula of the rule is too long for a line."))
        else:
            draft.prose(N_("The formula of the code is too long for a line; its parts stand beside its lines above."))
    _where(draft, name, definitions)
    if material.is_wrong(name):
        _difference(draft, values, name, pair)
    _ending(draft, verdict, gradient)


def _rule(
    material: CheckMaterial, values: Values, name: str, expected: Node
) -> tuple[Relation | None, tuple[Definition, ...]]:
    """The rule as the derivation has it, with the names that it uses."""
    layer = material.account.layer
    if layer is None:
        return values.statement(values.gradient(name), _array(expected)), ()
    found = formula(layer, name)
    shown = shown_formula(layer, found)
    if not isinstance(shown, Relation) or not fits(shown):
        return None, found.definitions
    return shown, found.definitions


def _where(draft: Draft, name: str, definitions: tuple[Definition, ...]) -> None:
    """What the names stand for."""
    equations = [item.equation for item in definitions if fits(item.equation)]
    if equations:
        draft.prose(N_("where"))
        draft.display(f"comparison.{name}.names", *equations)


def _difference(draft: Draft, values: Values, name: str, pair: tuple[Node, Node]) -> None:
    """What the code gives too much."""
    expected, got = pair
    if len(got.shape) != len(expected.shape) or not all(map(same, got.shape, expected.shape)):
        draft.prose(N_("They have different shapes, so there is no difference to be written."))
        return
    difference = difference_of(got, expected)
    left = Sum((code_name(f"d{name}", len(got.shape)), Negative(values.gradient(name))))
    statement = values.statement(left, _array(difference))
    if statement is not None and fits(statement) and width(statement) < _LONGEST:
        draft.prose(N_("What the code gives too much is"))
        draft.result(f"comparison.{name}.difference", statement)


def _array(node: Node) -> Array:
    return Array(Laid(node), None, tuple(node.shape))


def _ending(draft: Draft, verdict: Verdict, gradient: Tree) -> None:
    messages = {
        Strength.PROVED_FOR_ALL_SIZES: N_("Both have the same canonical form, so they are equal for all sizes."),
        Strength.PROVED_AT_SIZES: N_("Every entry of them is equal in exact arithmetic at the sizes of the proof."),
        Strength.CHECKED_AT_POINTS: N_("They agree at every point that was tried; that is no proof."),
        Strength.REFUTED: N_("They are *not* equal: the first page shows numbers at which they differ."),
    }
    draft.prose(messages[verdict.strength])


def _entries(draft: Draft, material: CheckMaterial, verdict: Verdict, values: Values, code: Tree) -> bool:
    """Both entry by entry at the sizes of the run, entries that differ framed; whether they could be written."""
    branch, name = material.account.branch, verdict.name
    if branch is None or name not in branch.got:
        return False
    got, expected = branch.got[name].data, branch.expected[name]
    if got.shape != expected.shape:
        draft.prose(
            N_("The code gives an array of shape {got}, and the rule one of shape {expected}."),
            got=str(got.shape),
            expected=str(expected.shape),
        )
        return True
    first = values.at_sizes(code, Array(None, got, got.shape))
    if got.ndim <= 2 and got.size <= _MOST_ENTRIES:
        items = [values.matrix(values.gradient(name), expected), values.matrix(code, got)]
        differ = [] if got.size == 0 else values.differ(got, expected)
        framed = tuple(differ)
        made = [
            ArrayItem(item.label, item.cells, framed if number else ()) for number, item in enumerate(items) if item
        ]
        if len(made) == 2 and all(map(_is_narrow, made)):
            draft.prose(N_("Entry by entry, the rule and then the code, what differs framed:"))
            draft.add(Arrays(f"comparison.{name}.entries", tuple(made)))
            return True
    if first is None:
        draft.prose(N_("What the code gives is too long to be written entry by entry."))
        return True
    draft.prose(N_("What the code gives begins with"))
    draft.equation(f"comparison.{name}.entry", first)
    return True


def _is_narrow(item: ArrayItem) -> bool:
    return sum(max(map(width, column)) + 0.9 for column in zip(*item.cells, strict=True)) < _WIDEST
