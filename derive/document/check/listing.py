"""The code of forward and backward line by line, and beside each line what it computes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from derive.checking.lines.listed import Listing as CodeListing
from derive.checking.lines.listed import Row, Told
from derive.checking.lines.recording import Array, Counted, Kept, Left
from derive.document.blocks import Line, Listing, ListingNote, ListingRow, Prose, Runs, Text, Verbatim
from derive.document.check.legible import legible, quoted
from derive.document.check.material import CheckMaterial
from derive.document.check.values import Values, code_name, shape_runs
from derive.document.draft import Draft
from derive.document.inline import joined
from derive.document.layout import fit
from derive.document.sections.check import STRENGTHS
from derive.locale import N_
from derive.notation.measure import width
from derive.notation.tree import Listed, Name, Number, Relation, Transpose, Tree

__all__ = ["write"]

_BESIDE = 18.4
"""How wide a formula beside a line of code may be, in em of the text."""

_NARROW, _WIDE = 45, 88
"""The characters of a line of code beside which something stands, and of any other."""

_OBVIOUS = ("NoneType", "builtin_function_or_method", "function", "range", "slice", "str", "type")
"""Of such a value the code says all that there is to be said."""

_BETWEEN = " · "
"""What stands between two things that are said of a value."""

_TOGETHER = 1.5
"""So much is a line of an equation indented."""


def write(draft: Draft, material: CheckMaterial) -> None:
    """Adds the section."""
    account = material.account
    draft.heading("code", N_("The code, line by line"))
    draft.prose(
        N_(
            "The code was run as it is, on symbols in the place of numbers. Beside each line stands what it has "
            "computed, in mathematics: names of the code are in typewriter letters, inputs, output and derived "
            "gradients in those of the derivation. A formula uses names that earlier lines have introduced."
        )
    )
    if account.over:
        draft.prose(N_("There was no time to compare every value with the derived gradients; some are only shown."))
    values = Values(account)
    for number, listing in enumerate(account.listings):
        if not listing.rows:
            draft.prose(N_("The source of {name} cannot be found."), name=(Verbatim(legible(listing.name)),))
            continue
        _introduce(draft, material, listing)
        values = Values(account) if listing.role == "forward" else values.within()
        rows = tuple(_rows(draft, material, listing, values))
        draft.add(Listing(f"code.{number}", rows))
    if not any(listing.role == "backward" for listing in account.listings):
        draft.prose(N_("It has no backward code of its own: PyTorch finds the way back."))


def _introduce(draft: Draft, material: CheckMaterial, listing: CodeListing) -> None:
    numbers = [row.number for row in listing.rows]
    told = {
        "name": Verbatim(legible(listing.name.replace(".<locals>", ""))),
        "file": Verbatim(legible(listing.file)),
        "first": Text(str(min(numbers, default=0))),
    }
    values: dict[str, Any] = {key: (run,) for key, run in told.items()}
    messages = {
        "forward": N_("*Forward:* {name}, from line {first} of {file}"),
        "backward": N_("*Backward:* {name}, from line {first} of {file}"),
        "called": N_("*Called:* {name}, from line {first} of {file}"),
    }
    if listing.sizes:
        values["at"] = Listed(tuple(Relation.equal(Number(k), Number(n)) for k, n in listing.sizes))
        how = draft.runs(N_(", run with a symbol for each entry at {at}."), at=values["at"])
    elif material.account.traced.provisos:
        where = quoted("; ".join(material.account.traced.provisos))
        how = draft.runs(
            N_(", run with letters for sizes. What is said holds at some sizes only: {where}."), where=where
        )
    else:
        how = draft.runs(N_(", run with letters for sizes, so what is said holds for all of them."))
    why: Runs = ()
    if listing.sizes and material.account.traced.reason and listing.role == "backward":
        why = (Text(" "), *draft.runs(N_("Not for all sizes: {reason}."), reason=quoted(_sentence(material))))
    if listing.branching:
        branching = N_("It compares values; of the ways in which it can branch, one is shown.")
        why = (*why, Text(" "), *draft.runs(branching))
    if listing.sizes and material.account.branch is not None and material.account.branch.whole:
        why = (*why, Text(" "), *draft.runs(N_("Of the whole numbers that it is given, one choice is shown.")))
    if listing.failure:
        failure = quoted(listing.failure)
        why = (*why, Text(" "), *draft.runs(N_("It did not come to its end: {reason}."), reason=failure))
    draft.add(Prose((*draft.runs(messages[listing.role], **values), *how, *why)))


def _sentence(material: CheckMaterial) -> str:
    return material.account.traced.reason.rstrip(".")


def _rows(draft: Draft, material: CheckMaterial, listing: CodeListing, values: Values) -> Iterator[ListingRow]:
    for row in listing.rows:
        notes = tuple(_notes(draft, material, listing, row, values))
        if any(note.wide for note in notes):
            # They stay in the order in which the line gives the values.
            notes = tuple(replace(note, wide=True) for note in notes)
        text = row.text.expandtabs(4)
        narrow = any(not note.wide for note in notes) and len(text) <= _NARROW
        beside = any(not note.wide for note in notes)
        yield ListingRow(row.number, tuple(_pieces(text, _NARROW if narrow else _WIDE)), notes, beside and not narrow)


def _pieces(text: str, room: int) -> Iterator[str]:
    """The line in pieces of at most so many characters, parted at blanks where that can be done."""
    text = text.replace("\f", " ").replace("\r", "")
    while len(text) > room:
        indent = len(text) - len(text.lstrip())
        at = text.rfind(" ", max(indent + 1, room // 2), room)
        at = room if at < 0 else at + 1
        yield text[:at].rstrip()
        text = text[at:]
        room = room - 3 if room in (_NARROW, _WIDE) else room
    yield text


def _notes(
    draft: Draft, material: CheckMaterial, listing: CodeListing, row: Row, values: Values
) -> Iterator[ListingNote]:
    if row.runs and not row.times and not listing.failure:
        yield ListingNote((), draft.runs(N_("not run")))
        return
    plain: list[tuple[Runs, Runs]] = []
    for told in row.told:
        for note in _note(draft, material, listing, row, told, values):
            if note.lines or note.sign or not isinstance(told.left.value, Array) or told.meaning is not None:
                yield note
            else:
                name = (Verbatim(legible(told.left.name)),)
                plain.append((draft.runs(N_("given back")) if told.left.returned else name, note.runs))
    if plain:
        # What has no formula but its name shares a line.
        runs = [draft.runs(N_("{name}: {words}"), name=name, words=words) for name, words in plain if words]
        yield ListingNote((), joined(runs))


def _note(
    draft: Draft, material: CheckMaterial, listing: CodeListing, row: Row, told: Told, values: Values
) -> Iterator[ListingNote]:
    left = told.left
    match left.value:
        case Array():
            yield _array(draft, material, listing, row, told, values)
            if not left.returned:
                values.learn(left.name, left.value)
        case Kept(items, count):
            yield ListingNote((), _kept(draft, values, items, count))
        case Counted(text):
            statement = Relation.equal(code_name(left.name), Number(text))
            yield ListingNote(_lines(draft, statement), ())
        case int() if not isinstance(left.value, bool) and row.times > 1:
            first = next((one.value for one in row.first if one.name == left.name), left.value)
            yield ListingNote(
                (),
                draft.runs(
                    N_("{name} from {first} to {last}"),
                    name=code_name(left.name),
                    first=Number(str(first)),
                    last=Number(str(left.value)),
                ),
            )
        case str() as kind if not left.returned and kind not in _OBVIOUS:
            yield ListingNote(
                (),
                draft.runs(N_("{name} is of type {kind}, no array"), name=code_name(left.name), kind=(Verbatim(kind),)),
            )


def _kept(draft: Draft, values: Values, items: tuple[tuple[str, Any], ...], count: int) -> Runs:
    """What a tuple or a dict holds, by names that are known."""
    trees: list[Tree] = []
    for _, value in items:
        node = value.node if isinstance(value, Array) else None
        own = None if node is None else values.own(node)
        tree = None if own is None else values.names.get(own) or values.input(own)
        trees += [] if tree is None else [tree]
    if trees and len(trees) == count:
        return draft.runs(N_("keeps {values}"), values=Listed(tuple(trees)))
    if trees:
        return draft.runs(N_("{count} values, among them {values}"), count=count, values=Listed(tuple(trees)))
    return draft.runs(N_("{count} values") if count != 1 else N_("one value"), count=count)


def _array(
    draft: Draft, material: CheckMaterial, listing: CodeListing, row: Row, told: Told, values: Values
) -> ListingNote:
    """The formula of an array, its shape, and which known quantity it is."""
    left, array = told.left, told.left.value
    meaning = told.meaning
    wrong = told.gradient if told.gradient and material.is_wrong(told.gradient) else ""
    name = _called(left, told, values)
    if meaning is not None and meaning.kind == "gradient" and not meaning.transposed and not wrong:
        name = values.gradient(meaning.name)
    statement = None
    is_known = meaning is not None and meaning.kind == "value" and array.node is not None and not _is_forward(listing)
    given = values.given(array)
    constant = values.constant(array)
    is_known = is_known or given is not None or constant is not None or (left.returned and values.was_shown(array))
    if not (left.returned and left.name.isidentifier()) and not is_known:
        statement = values.statement(name, array) if array.node is not None else values.at_sizes(name, array)
    lines = () if statement is None or _is_plain(statement) else _lines(draft, statement)
    if lines:
        values.show(array)
    words = list(_words(draft, material, told, values, wrong, is_forward=_is_forward(listing)))
    if not lines and statement is None and meaning is None and not left.returned and not is_known:
        words.append(_unwritten(draft, array))
    if given is not None and given != name and str(getattr(given, "text", "")) != left.name:
        words.insert(0, draft.runs(N_("{value} as it is"), value=given))
    if constant is not None:
        words.insert(0, draft.runs(N_("all entries {number}"), number=constant))
    shape = shape_runs(array.shape)
    if shape and not (left.returned and not lines):
        words.insert(0, shape)
    if row.times > 1:
        words.append(draft.runs(N_("after the last of {count} runs"), count=row.times))
    is_wide = any(width(line.right) + _left(line) > _BESIDE for line in lines)
    is_right = meaning is not None and meaning.kind == "gradient" and not meaning.transposed
    sign = "wrong" if wrong else "equal" if is_right and _is_given(told) else ""
    return ListingNote(lines, joined(words, _BETWEEN), sign, is_wide)  # type: ignore[arg-type]  # one of the three


def _is_forward(listing: CodeListing) -> bool:
    return listing.role == "forward"


def _is_given(told: Told) -> bool:
    """Whether it is the gradient that backward gives back."""
    return bool(told.gradient) and told.meaning is not None and told.gradient == told.meaning.name


def _called(left: Left, told: Told, values: Values) -> Tree:
    """What stands on the left: the name of the code, or what backward should call it."""
    rank = len(left.value.shape)
    if not left.returned:
        return code_name(left.name, rank)
    if told.gradient:
        return code_name(f"d{told.gradient}", rank)
    if told.meaning is not None and told.meaning.kind == "output":
        return values.output
    return code_name(left.name if len(left.name) < 12 else "return", rank)


def _words(
    draft: Draft, material: CheckMaterial, told: Told, values: Values, wrong: str, *, is_forward: bool
) -> Iterator[Runs]:
    meaning = told.meaning
    if wrong:
        is_equal = meaning is not None and meaning.kind == "gradient" and meaning.name == wrong
        told_of = (
            N_("given back as {gradient}: equal in this run, and not where the verdict shows")
            if is_equal and meaning is not None and not meaning.transposed
            else N_("given back as {gradient}, which it is not")
        )
        yield draft.runs(told_of, gradient=values.gradient(wrong))
        return
    if meaning is None:
        verdict = material.verdict(told.gradient)
        if verdict is not None:
            gradient = values.gradient(told.gradient)
            strength = draft.translate(STRENGTHS[verdict.strength])
            yield draft.runs(N_("given back as {gradient}: {strength}"), gradient=gradient, strength=strength)
        return
    rank = len(told.left.value.shape)
    match meaning.kind:
        case "gradient":
            gradient = values.gradient(meaning.name)
            if meaning.transposed:
                yield draft.runs(N_("the transpose, {transposed}"), transposed=Transpose(gradient))
            elif told.left.returned and told.gradient == meaning.name:
                yield draft.runs(N_("given back: {gradient}, as derived"), gradient=gradient)
            else:
                yield draft.runs(N_("{gradient}, as derived"), gradient=gradient)
        case "arriving":
            yield draft.runs(N_("{gradient}, as derived"), gradient=values.arriving(meaning.name, rank))
        case "value":
            known: Tree = code_name(meaning.name, rank)
            if not is_forward:
                yield draft.runs(N_("{value} of forward"), value=Transpose(known) if meaning.transposed else known)
        case "output":
            yield draft.runs(N_("the output {output}"), output=values.output)


def _unwritten(draft: Draft, array: Array) -> Runs:
    if array.mask:
        return draft.runs(N_("truth values, too long to be written here"))
    return draft.runs(N_("too long to be written here"))


def _is_plain(statement: Relation) -> bool:
    """X = X."""
    first, *others = statement.parts
    return all(isinstance(other, Name) and isinstance(first, Name) and other.text == first.text for other in others)


def _lines(draft: Draft, statement: Relation) -> tuple[Line, ...]:
    return fit(statement, spell=draft.spell)


def _left(line: Line) -> float:
    return (width(line.left) if line.left is not None else 0.0) + _TOGETHER
