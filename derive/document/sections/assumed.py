"""What is assumed of inputs: beside the result, with the formulas that assume nothing, and in the conventions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derive.document.blocks import Runs, Text
from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.words import array_name, is_loss
from derive.forward.assumption import Assumption, Kind
from derive.locale import N_
from derive.notation.tree import Listed, Number, Tree
from derive.proof.assumed import uses

__all__ = ["conventions", "write"]


def write(draft: Draft, material: Material) -> None:
    """Adds what the formulas of the result assume; nothing if nothing is assumed."""
    layer = material.assumed
    if layer is None:
        return
    used = {name: uses(layer, name) for name in material.routes}
    draft.prose(
        N_("These formulas hold where this is assumed, and nothing else is assumed of the inputs:")
        if any(used.values())
        else N_("This is assumed of the inputs, and no formula needs it:")
    )
    draft.items(*(_item(draft, material, item, used) for item in layer.assumptions))
    plain = [material.routes[name].formula.equation for name, items in used.items() if items]
    if plain:
        draft.prose(
            N_(
                "The derivation assumes nothing: entries vary independently of each other, also those that an "
                "assumption ties together, and only then is the derivative taken at inputs that satisfy it. It ends at"
            )
        )
        draft.equation("result.unassumed", *plain)


_STATEMENTS: dict[Kind, str] = {
    "symmetric": N_("{array} is symmetric"),
    ">": N_("all entries of {array} are positive"),
    ">=": N_("no entry of {array} is negative"),
    "!=": N_("no entry of {array} is 0"),
}


def _item(draft: Draft, material: Material, item: Assumption, used: Mapping[str, tuple[Assumption, ...]]) -> Runs:
    formulas = [material.routes[name].formula.name for name, items in used.items() if item in items]
    messages = {
        (True, True): N_(", as the layer itself says; used in {formulas}."),
        (True, False): N_(", as the layer itself says; not used."),
        (False, True): N_("; used in {formulas}."),
        (False, False): N_("; not used."),
    }
    words: dict[str, Tree] = {"formulas": Listed(tuple(formulas))} if formulas else {}
    return (*_statement(draft, material, item), *draft.runs(messages[item.author, bool(formulas)], **words))


def _statement(draft: Draft, material: Material, item: Assumption) -> Runs:
    """The assumption in words, without a full stop."""
    message = _STATEMENTS[item.kind] if item.kind != "sum" else _sum(item)
    return draft.runs(message, array=array_name(material.layer.input(item.name)), number=Number(str(item.number)))


def _sum(item: Assumption) -> str:
    if item.rank == 1:
        return N_("the entries of {array} add up to {number}")
    if item.axis == item.rank - 1:
        return N_("every row of {array} adds up to {number}")
    return N_("every column of {array} adds up to {number}")


def conventions(draft: Draft, material: Material) -> Iterator[Runs]:
    """The sentence that closes the conventions."""
    always = (
        N_("*Assumed:* all entries are real numbers, and while one input varies the others are held constant.")
        if is_loss(material.layer)
        else N_(
            "*Assumed:* all entries are real numbers, {L} is a differentiable function of {Y}, and while one input "
            "varies the others are held constant."
        )
    )
    if material.assumed is None:
        yield (*draft.runs(always), Text(" "), *draft.runs(N_("Nothing else.")))
        return
    statements = [_statement(draft, material, item) for item in material.assumed.assumptions]
    yield (
        *draft.runs(always),
        Text(" "),
        *draft.runs(N_("Of the inputs, after differentiating, this, and nothing else: ")),
        *(run for number, runs in enumerate(statements) for run in ((Text("; "),) if number else ()) + runs),
        Text("."),
    )


def check(draft: Draft, material: Material) -> None:
    """Says which formulas the evidence is about, where some use an assumption."""
    layer = material.assumed
    if layer is not None and any(uses(layer, name) for name in material.routes):
        draft.prose(
            N_(
                "Where a formula uses an assumption, all this is about the formula without it. That both agree "
                "wherever the assumptions hold was checked besides."
            )
        )
