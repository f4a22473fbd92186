"""What the rule gives and what the code gives, in formulas or entry by entry, and their difference."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from derive.checking.lines.recording import Array
from derive.checking.lines.shortened import difference, short
from derive.checking.report import Verdict
from derive.document.blocks import Arrays
from derive.document.check.material import CheckMaterial
from derive.document.check.values import Values, cells_width, code_name
from derive.document.draft import Draft
from derive.document.layout import fits
from derive.document.notations import shown_formula
from derive.forward.arrays import Laid
from derive.forward.formula import Definition
from derive.forward.nodes import Node
from derive.locale import N_
from derive.notation.measure import width
from derive.notation.tree import Listed, Negative, Relation, Sum, Tree
from derive.proof.evidence import Strength
from derive.rules.naming import formula

__all__ = ["write"]

_WIDEST = 38.0
"""In em; matrices of entries that are wider are not written."""

_MOST_ENTRIES = 12
_SIGNS = 2.0
"""In em; the signs between two formulas."""


def write(draft: Draft, material: CheckMaterial) -> None:
    """Adds the section."""
    draft.heading("comparison", N_("The rule and the code"))
    draft.prose(
        N_(
            "The rule is what follows from the forward pass by the chain rule, as derived below. Beside it stands what "
            "the code gives back, put together from its lines. Names in bold or italic letters are those of the "
            "derivation."
        )
        if material.derivation is not None
        else N_(
            "The rule is what follows from the forward pass by the chain rule. Beside it stands what the code gives."
        )
    )
    told = _Told(draft, material)
    for verdict in material.report.gradients:
        told.gradient(verdict)
    told.end()


@dataclass(slots=True)
class _Told:
    """What has been told: names that stand for values, and gradients of which the same can be said."""

    draft: Draft
    material: CheckMaterial
    names: set[str] = field(default_factory=set)
    without: list[Tree] = field(default_factory=list)
    endings: dict[Strength, list[Tree]] = field(default_factory=dict)

    def gradient(self, verdict: Verdict) -> None:
        """The rule and the code for one gradient."""
        draft, name, values = self.draft, verdict.name, Values(self.material.account)
        gradient = values.gradient(name)
        self.endings.setdefault(verdict.strength, []).append(gradient)
        rule, definitions = self._rule(values, name)
        made = short(self.material.account.traced, name)
        code = code_name(f"d{name}", len(verdict.shape))
        given = None if made is None else self._given(values.named(definitions), name, code, made)
        if rule is not None and given is not None and rule.parts[1:] == given.parts[1:]:
            draft.prose(
                N_("{gradient}: rule and code come to the same formula, and differ where the verdict shows,")
                if self.material.is_wrong(name)
                else N_("{gradient}: rule and code come to the same formula,"),
                gradient=gradient,
            )
            draft.equation(f"comparison.{name}.both", rule)
            self._where(name, definitions)
            return
        is_wrong = self.material.is_wrong(name)
        if rule is None and given is None and not is_wrong:
            self.without.append(gradient)
            return
        if rule is None:
            draft.prose(N_("{gradient}: the formula of the rule is too long for a line."), gradient=gradient)
        elif given is not None:
            draft.prose(N_("{gradient}: the rule, and then the code,"), gradient=gradient)
        else:
            draft.prose(N_("{gradient}: the rule is"), gradient=gradient)
        statements = [statement for statement in (rule, given) if statement is not None]
        for number, statement in enumerate(statements):
            draft.equation(f"comparison.{name}.{number}", statement)
        self._where(name, definitions)
        if made is not None and is_wrong:
            apart = sum(width(statement.parts[-1]) for statement in statements) - _SIGNS
            _difference(draft, self.material, values.named(definitions), name, apart)
        elif is_wrong:
            _entries(draft, self.material, verdict, values, code)

    def _rule(self, values: Values, name: str) -> tuple[Relation | None, tuple[Definition, ...]]:
        """The rule as the derivation has it, with the names that it uses."""
        layer, expected = self.material.account.layer, self.material.account.traced.expected.get(name)
        if layer is None:
            return None if expected is None else values.statement(values.gradient(name), _array(expected)), ()
        found = formula(layer, name)
        shown = shown_formula(layer, found)
        return (shown if fits(shown) else None), found.definitions

    def _given(self, values: Values, name: str, code: Tree, made: Node) -> Relation | None:
        """The formula of the code: as it came, or in the form that was made of it, whichever is shorter."""
        nodes = (made, self.material.account.traced.got[name])
        found = [written for node in nodes if (written := values.statement(code, _array(node))) is not None]
        # In the notation of the rule, if there is one.
        whole = [written for written in found if written.parts[0] == code]
        return min(whole or found, key=width, default=None)

    def _where(self, name: str, definitions: tuple[Definition, ...]) -> None:
        """What the names stand for, once."""
        new = [item for item in definitions if item.text not in self.names and fits(item.equation)]
        self.names |= {item.text for item in new}
        if new:
            self.draft.prose(N_("where"))
            self.draft.display(f"comparison.{name}.names", *(item.equation for item in new))

    def end(self) -> None:
        """What is true of several gradients."""
        if self.without:
            self.draft.prose(
                N_("{gradients}: neither the rule nor the code has a formula that fits into a line."),
                gradients=Listed(tuple(self.without)),
            )
        for strength, gradients in self.endings.items():
            self.draft.prose(_ENDINGS[strength], gradients=Listed(tuple(gradients)))


_ENDINGS = {
    Strength.PROVED_FOR_ALL_SIZES: N_(
        "{gradients}: rule and code have the same canonical form, so they are equal for all sizes."
    ),
    Strength.PROVED_AT_SIZES: N_(
        "{gradients}: every entry of rule and code is equal in exact arithmetic at the sizes of the proof."
    ),
    Strength.CHECKED_AT_POINTS: N_("{gradients}: rule and code agree at every point that was tried; that is no proof."),
    Strength.REFUTED: N_(
        "{gradients}: rule and code are *not* equal; numbers at which they differ stand with the verdict."
    ),
}


def _difference(draft: Draft, material: CheckMaterial, values: Values, name: str, apart: float) -> None:
    """What the code gives too much, if that is shorter than both beside each other."""
    node = difference(material.account.traced, name)
    if node is None:
        draft.prose(N_("They have different shapes, so there is no difference to be written."))
        return
    left = Sum((code_name(f"d{name}", len(node.shape)), Negative(values.gradient(name))))
    statement = values.statement(left, _array(node))
    if statement is not None and width(statement.parts[-1]) < apart:
        draft.prose(N_("What the code gives too much is"))
        draft.result(f"comparison.{name}.difference", statement)


def _array(node: Node) -> Array:
    return Array(Laid(node), None, tuple(node.shape))


def _entries(draft: Draft, material: CheckMaterial, verdict: Verdict, values: Values, code: Tree) -> None:
    """Both entry by entry at the sizes of the run, entries that differ framed; where that is too long, what begins."""
    branch, name = material.account.branch, verdict.name
    if branch is None or name not in branch.got:
        return
    got, expected = branch.got[name].data, branch.expected[name]
    if got.shape != expected.shape:
        draft.prose(
            N_("The code gives an array of shape {got}, and the rule one of shape {expected}."),
            got=str(got.shape),
            expected=str(expected.shape),
        )
        return
    if got.ndim <= 2 and got.size <= _MOST_ENTRIES:
        rule, made = values.matrix(values.gradient(name), expected), values.matrix(code, got)
        if rule is not None and made is not None and max(cells_width(rule.cells), cells_width(made.cells)) < _WIDEST:
            framed = tuple(values.differ(got, expected)) if got.size else ()
            draft.prose(
                N_("Entry by entry, the rule and then the code, what differs framed:")
                if framed
                else N_("Entry by entry, the rule and then the code; in this run they are equal:")
            )
            draft.add(Arrays(f"comparison.{name}.entries", (rule, replace(made, framed=framed))))
            return
    first = values.at_sizes(code, Array(None, got, got.shape))
    if first is None:
        draft.prose(N_("What the code gives is too long to be written entry by entry."))
        return
    draft.prose(N_("What the code gives begins with"))
    draft.equation(f"comparison.{name}.entry", first)
