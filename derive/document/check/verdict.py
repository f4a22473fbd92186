"""The first page: what was checked, the verdict for each gradient with its evidence, and what is wrong, in numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np

from derive.checking.report import Counterexample, Verdict
from derive.document.blocks import (
    ArrayItem,
    Arrays,
    EvidenceRow,
    EvidenceTable,
    Math,
    Prose,
    Runs,
    ShapeRow,
    ShapeTable,
    Text,
    Verbatim,
)
from derive.document.check.legible import legible, legible_code, quoted
from derive.document.check.material import CheckMaterial
from derive.document.check.values import Values, cells_width, code_name, shape_runs
from derive.document.draft import Draft
from derive.document.inline import joined
from derive.document.sections.check import STRENGTHS
from derive.document.wrapping import CODE_WIDTH
from derive.forward.matrix import called
from derive.forward.shape import bind
from derive.locale import N_
from derive.notation.tree import Listed, Name, Negative, Number, Power, Product, Relation, Tree
from derive.proof.evidence import Strength

__all__ = ["write"]

_COLUMNS = 4
"""So many arrays stand in one table."""

_WIDEST = 34.0
"""In em; a matrix that is wider is written as code."""


def write(draft: Draft, material: CheckMaterial) -> None:
    """Adds the section."""
    draft.heading("verdict", N_("The verdict"))
    _checked(draft, material)
    _table(draft, material)
    _claimed(draft, material)
    for verdict in material.report.gradients:
        if not verdict.ok:
            _wrong(draft, material, verdict)
    _further(draft, material)
    if material.check:
        draft.prose(N_("This makes the check again:"))
        draft.code("verdict.command", "\n".join(_in_lines(material.check)))


def _in_lines(command: str) -> Iterator[str]:
    """The command in lines that a shell reads as one."""
    line = ""
    for word in re.split(r" (?=--)", legible_code(command)):
        if line and len(line) + len(word) > CODE_WIDTH - 4:
            yield f"{line} \\"
            line = f"    {word}"
        else:
            line = f"{line} {word}" if line else word
    yield line


def _checked(draft: Draft, material: CheckMaterial) -> None:
    report, subject = material.report, material.account.subject
    values = Values(material.account)
    wrong = [verdict for verdict in report.gradients if not verdict.ok]
    outcome = (
        N_("*All of them are proved.*")
        if report.proved
        else N_("*Nothing is wrong,* but not everything is proved.")
        if report.ok
        else N_("*Its forward is another function.*")
        if not wrong
        else N_("{gradients} *is wrong.*")
        if len(wrong) == 1
        else N_("{gradients} *are wrong.*")
    )
    draft.prose(
        N_(
            "{backward} was checked: whether what it gives back are the gradients of what {forward} computes. {outcome}"
        ),
        backward=(Verbatim(legible(report.name)),),
        forward=(Verbatim(legible(report.against)),),
        outcome=draft.runs(outcome, gradients=Listed(tuple(values.gradient(verdict.name) for verdict in wrong))),
    )
    for start in range(0, len(subject.inputs), _COLUMNS):
        inputs = subject.inputs[start : start + _COLUMNS]
        sizes = material.account.sizes
        rows = [
            ShapeRow(
                draft.runs(N_("Shape")), tuple(shape_runs(node.shape) or draft.runs(N_("a number")) for node in inputs)
            ),
            ShapeRow(
                draft.runs(N_("At the sizes of proofs")),
                tuple(shape_runs(bind(node.shape, sizes)) or (Text("1"),) for node in inputs),
            ),
        ]
        header = tuple(called(node.name, node) for node in inputs)
        draft.add(ShapeTable(f"verdict.inputs.{start}", header, tuple(rows)))


def _table(draft: Draft, material: CheckMaterial) -> None:
    values = Values(material.account)
    header = (draft.translate(N_("Verdict")), draft.translate(N_("How it is known")), draft.translate(N_("Sizes")))
    rows = tuple(
        EvidenceRow(
            values.gradient(verdict.name),
            draft.translate(STRENGTHS[verdict.strength]),
            legible(draft.translate(verdict.method)),
            _where(draft, material, verdict),
        )
        for verdict in material.report.gradients
    )
    draft.evidence(EvidenceTable("verdict.table", header, rows))


def _where(draft: Draft, material: CheckMaterial, verdict: Verdict) -> Runs:
    match verdict.strength:
        case Strength.PROVED_FOR_ALL_SIZES:
            letters = tuple(map(Number, material.account.sizes))
            return draft.runs(N_("all {letters}"), letters=Listed(letters)) if letters else ()
        case Strength.REFUTED if verdict.found is not None:
            return _sizes(verdict.found.sizes)
    return joined(map(_sizes, material.report.sizes), "; ")


def _sizes(sizes: tuple[tuple[str, int], ...]) -> Runs:
    return joined((Math(Relation.equal(Number(letter), Number(size))),) for letter, size in sizes)


def _claimed(draft: Draft, material: CheckMaterial) -> None:
    """Whether forward is the layer for which it is taken."""
    forward = material.report.forward
    if forward is None:
        return
    why = forward.counterexample or forward.reason
    strength = draft.translate(STRENGTHS[forward.strength])
    message = N_("That forward computes what the layer does is {strength}.")
    runs = draft.runs(message, strength=strength)
    if why:
        runs = (*runs, Text(" "), *quoted(f"{why}."))
    draft.items(runs)


def _wrong(draft: Draft, material: CheckMaterial, verdict: Verdict) -> None:
    """The counterexample as matrices, and what would make it right."""
    inner = draft.apart()
    found = verdict.found
    if found is not None and not found.message:
        inner.prose(
            N_("At these inputs it differs from the derived gradient:")
            if found.of == 1
            else N_("At these inputs {wrong} of its {all} entries differ from the derived gradient:"),
            wrong=found.wrong,
            all=found.of,
        )
        _compared(inner, material, verdict.name, found)
    elif verdict.counterexample:
        inner.add(Prose(quoted(f"{verdict.counterexample}.")))
    if verdict.cause:
        inner.prose(N_("*It looks like* {cause}."), cause=quoted(verdict.cause))
    if verdict.kink_is_wrong:
        inner.prose(N_("This is where the derivative jumps: what the code gives is outside of the subdifferential."))
    title = draft.translate(N_("d{name} is wrong")).format(name=legible(verdict.name))
    draft.panel(f"verdict.{verdict.name}", title, inner)


def _input(material: CheckMaterial, name: str, text: str) -> tuple[Name, str]:
    node = next((node for node in material.account.subject.inputs if node.name == name), None)
    return (code_name(name) if node is None else called(name, node)), text


def _compared(draft: Draft, material: CheckMaterial, name: str, found: Counterexample) -> None:
    """The inputs, and what came beside what was expected; as matrices, the worst entry framed, else as code."""
    inputs = [(label, text, _item(label, text, None)) for label, text in (_input(material, *x) for x in found.shown)]
    labels = (code_name(draft.translate(N_("got"))), code_name(draft.translate(N_("expected"))))
    pairs = zip(labels, (found.got, found.expected), strict=True)
    outcomes = [(label, text, _item(label, text, found.place or None)) for label, text in pairs]
    code: list[str] = []
    for part, told in (("inputs", inputs), ("outcome", outcomes)):
        items = tuple(item for _, _, item in told if item is not None)
        if items:
            draft.add(Arrays(f"verdict.{name}.{part}", items))
        # What is no array says in words what it is.
        others = [(label, text) for label, text, item in told if item is None]
        code += [f"{label.text} = {_spaced(text)}" for label, text in others if text.startswith("[")]
        for label, text in others:
            if not text.startswith("["):
                draft.prose(N_("{name}: {words}"), name=label, words=quoted(text))
    if code:
        draft.code(f"verdict.{name}.code", "\n".join(code))
    if found.of > 1 and found.place:
        if outcomes[0][2] is not None:
            draft.prose(N_("The frame marks the entry that differs most."))
        else:
            place = ", ".join(map(str, found.place))
            draft.prose(N_("The entry that differs most is that at [{place}], counted from 0."), place=place)


def _spaced(text: str) -> str:
    return re.sub(r",(?=[^ ])", ", ", text)


def _item(label: Tree, text: str, place: tuple[int, ...] | None) -> ArrayItem | None:
    try:
        # Numbers stay as they are written, so that what differs is seen to differ.
        array = np.array(json.loads(text, parse_float=str, parse_int=str), dtype=object)
    except ValueError:
        return None
    if array.ndim > 2 or not array.size or not all(isinstance(entry, str) for entry in array.ravel()):
        return None
    cells = tuple(tuple(_number(entry) for entry in row) for row in np.atleast_2d(array))
    if cells_width(cells) > _WIDEST:
        return None
    if place is None:
        return ArrayItem(label, cells)
    row, column = (*(0,) * (2 - len(place)), *place)
    return ArrayItem(label, cells, ((row, column),))


def _number(text: str) -> Tree:
    """The number as it is written, with a power of ten in the place of an exponent."""
    minus, digits = text.startswith("-"), text.removeprefix("-")
    mantissa, _, exponent = digits.partition("e")
    tree: Tree = Number(int(mantissa) if mantissa.isdecimal() else mantissa)
    if exponent:
        tree = Product((tree, Power(Number(10), Number(int(exponent)))))
    return Negative(tree) if minus else tree


def _further(draft: Draft, material: CheckMaterial) -> None:
    """Why there is no more of a proof, and what happens where the code compares and the derivative jumps."""
    values = Values(material.account)
    items: list[Runs] = []
    told: dict[tuple[str, str], list[str]] = {}
    for verdict in material.report.gradients:
        if not verdict.ok:
            continue
        for kind, text in (("reason", verdict.reason), ("boundary", verdict.boundary), ("kink", verdict.kink)):
            if text:
                told.setdefault((kind, text), []).append(verdict.name)
    messages = {
        "reason": N_("{gradients}, *no further proof:* {text}."),
        "boundary": N_("{gradients}, *where the code compares:* {text}."),
        "kink": N_("{gradients}, *where the derivative jumps:* {text}."),
    }
    for (kind, text), names in told.items():
        gradients = Listed(tuple(values.gradient(name) for name in names))
        items.append(draft.runs(messages[kind], gradients=gradients, text=quoted(text.rstrip("."))))
    if items:
        draft.items(*items)
