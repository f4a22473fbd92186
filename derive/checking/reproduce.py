"""The words of a command line that make a check again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from derive.checking.frames import is_ours, source
from derive.checking.subject import Subject
from derive.errors import UnknownNameError
from derive.forward.layer import Layer
from derive.layers import load

__all__ = ["command_words"]


def command_words(
    subject: Subject, shapes: Mapping[str, str], returns: str, claimed: Layer | None = None
) -> tuple[str, ...]:
    """check layer.py:backward --against affine; () if a file and a name do not say what is checked."""
    place = _place(subject.kind or subject.backward)
    forward = subject.forward if subject.layer is None else subject.layer
    against = () if forward is None else _forward_words(forward, place)
    if place is None or against is None or (claimed is not None and not _is_listed(claimed)):
        return ()
    words = ["check", place, *against]
    words += [] if claimed is None else ["--against", claimed.name]
    for name, shape in shapes.items():
        axes, _, below = shape.partition(" in ")
        written = ",".join(axes.replace(",", " ").split()) or "scalar"
        words += ["--shape", f"{name}={written} in {below}" if below else f"{name}={written}"]
    words += [word for item in subject.assumptions if not item.author for word in ("--assume", str(item))]
    return tuple([*words, "--returns", returns] if returns else words)


def _forward_words(forward: Any, backward: str | None) -> tuple[str, ...] | None:
    """How forward is named, which a class whose passes are both checked names already; None if it cannot be."""
    if isinstance(forward, Layer) and _is_listed(forward):
        return "--against", forward.name
    place = _place(forward.function if isinstance(forward, Layer) else forward)
    if place is None or place == backward:
        return None if place is None else ()
    return "--forward", place


def _is_listed(layer: Layer) -> bool:
    """Whether the catalogue has the very layer under its name, and not a variant of it or one of somebody's own."""
    with suppress(UnknownNameError):
        return load(layer.name) is layer
    return False


def _place(thing: Any) -> str | None:
    """layer.py:backward, without the folder, which is this machine's own."""
    file, name = source(thing), getattr(thing, "origin", thing).__qualname__
    if file is None or is_ours(str(file)) or not all(part.isidentifier() for part in name.split(".")):
        return None
    return f"{file.name}:{name}"
