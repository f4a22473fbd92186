"""Turns the words of a layer's command line into a Request. Imports no mathematics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from derive.cli.formats import FORMATS, Format
from derive.cli.options import DOCUMENT, ENGINE_CHOICES, LARGEST, choices, size_options, size_parameter
from derive.cli.place import Place, find_place
from derive.cli.usage import UsageError
from derive.errors import nearest
from derive.layers import Listing
from derive.options import DocumentOptions, document_options

__all__ = ["Request", "chosen", "formats_of", "options_of", "read_request"]

_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a layer's command is asked for; sizes are all of them, or with --values those that were typed."""

    layer: str
    sizes: Mapping[str, int]
    variant: Mapping[str, str]
    options: DocumentOptions
    formats: tuple[Format, ...]
    place: Place
    engine: str = "auto"
    all_entries: bool = False
    quiet: bool = False


def read_request(listing: Listing, values: Mapping[str, Any]) -> Request:
    """The request that these values, as they were typed, ask for; what was not typed is missing from them.

    Raises: UsageError for a value that the option cannot have; UserError for a text that cannot be set.
    """
    try:
        formats = formats_of(values)
        return Request(
            layer=listing.name,
            sizes=_sizes(listing, values),
            variant={
                option: chosen(option, values[option], known) for option, known in listing.variants if option in values
            },
            options=options_of(values),
            formats=formats,
            place=find_place(formats, output=values.get("output"), name=values.get("name")),
            engine=chosen("engine", values.get("engine", "auto"), ENGINE_CHOICES),
            all_entries=_all_entries(values),
            quiet=bool(values.get("quiet")),
        )
    except UsageError as error:
        error.command = f"derive {listing.name}"
        raise


def formats_of(values: Mapping[str, Any]) -> tuple[Format, ...]:
    """The formats that are asked for.

    Raises: UsageError for a value that one of them does not know.
    """
    found: list[Format] = []
    for format in FORMATS:
        value = values.get(format.option)
        if format.choices and value is not None:
            found.append(format.chosen(chosen(format.option, value, tuple(format.choices))))
        elif value:
            found.append(format)
    return tuple(found)


def _all_entries(values: Mapping[str, Any]) -> bool:
    if values.get("all_entries") and not values.get("json"):
        raise UsageError("--all-entries: expected --json beside it; the other formats show a part of large matrices")
    return bool(values.get("all_entries"))


def _sizes(listing: Listing, values: Mapping[str, Any]) -> dict[str, int]:
    options = size_options(listing)
    found: dict[str, int] = {}
    for letter, option in options.items():
        if size_parameter(letter) in values:
            found[letter] = _number(option, values[size_parameter(letter)])
    for written in values.get("size", ()):
        name, equals, number = written.partition("=")
        if not equals:
            raise UsageError(f"--size: expected a letter and a number such as M=3, got {_cut(written)}")
        letter = _letter(name.strip(), listing.letters)
        if letter in found:
            raise UsageError(f"--size: the size {letter} is given twice")
        found[letter] = _number(f"--size {letter}", number.strip())
    defaults = dict(listing.defaults)
    if values.get("values"):
        # Numbers from a file bring their sizes.
        return found
    for letter in listing.letters:
        if letter not in found and letter not in defaults:
            raise UsageError(f"the size {letter} is missing; give it with {options.get(letter, f'--size {letter}=2')}")
    return {letter: found.get(letter, defaults.get(letter, 0)) for letter in listing.letters}


def _letter(name: str, letters: Iterable[str]) -> str:
    letters = tuple(letters)
    if name in letters:
        return name
    folded = [letter for letter in letters if letter.casefold() == name.casefold()]
    if len(folded) == 1:
        return folded[0]
    if folded:
        raise UsageError(f"--size: {name} could be {' or '.join(folded)}; write it in its own case")
    raise UsageError(f"--size: there is no size {_cut(name)}{nearest(name, letters)}; sizes: {', '.join(letters)}")


def _number(option: str, text: str) -> int:
    # int() reads 1_000, Arabic digits and blanks as well, and refuses thousands of digits with words of its own.
    plain = text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST))
    if not plain or not 1 <= int(text) <= LARGEST:
        raise UsageError(f"{option}: expected a whole number from 1 to {LARGEST}, got {_cut(text)}")
    return int(text)


def options_of(values: Mapping[str, Any]) -> DocumentOptions:
    """The options of a document.

    Raises: UsageError for a value that an option cannot have; UserError for a text that cannot be set.
    """
    given = {name: values[name] for name in DOCUMENT if name in values}
    for name, value in given.items():
        if allowed := choices(name):
            given[name] = chosen(name, value, allowed)
    return document_options(**given)


def chosen(option: str, value: str, allowed: tuple[str, ...]) -> str:
    """The value, in the case in which it is known.

    Raises: UsageError for another one.
    """
    found = {choice.casefold(): choice for choice in allowed}.get(value.casefold())
    if found is None:
        raise UsageError(
            f"--{option}: expected {' or '.join(allowed)}, got {_cut(value)}{nearest(value[:_SHOWN], allowed)}"
        )
    return found


def _cut(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
