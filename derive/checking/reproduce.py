"""The words of a command line that make a check again."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from derive.checking.subject import Subject
from derive.forward.layer import Layer

__all__ = ["command_words"]


def command_words(
    subject: Subject, shapes: Mapping[str, str], returns: str, claimed: Layer | None = None
) -> tuple[str, ...]:
    """check layer.py:backward --against affine; () if the code is in no file of its own."""
    place = _place(subject.kind or subject.backward)
    if place is None:
        return ()
    words = ["check", place]
    if subject.layer is not None:
        words += ["--against", subject.layer.name]
    elif subject.forward is not None:
        forward = _place(subject.forward)
        if forward is None:
            return ()
        words += ["--forward", forward]
    if claimed is not None:
        words += ["--against", claimed.name]
    for name, shape in shapes.items():
        words += ["--shape", f"{name}={','.join(shape.split()) or 'scalar'}"]
    return tuple([*words, "--returns", returns] if returns else words)


def _place(thing: Any) -> str | None:
    """layer.py:backward, without the folder, which is this machine's own."""
    thing = getattr(thing, "origin", thing)
    try:
        file = inspect.getsourcefile(thing)
    except TypeError:
        return None
    if file is None or "<locals>" in thing.__qualname__ or not Path(file).exists():
        return None
    return f"{Path(file).name}:{thing.__qualname__}"
