"""Runs a layer's command: asks the façade, writes the files, tells their paths."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derive.cli.files import write_formats
from derive.cli.formats import Texts
from derive.cli.options import choices
from derive.cli.request import Request, read_request
from derive.cli.streams import emit, note
from derive.layers import Listing

if TYPE_CHECKING:
    from derive.api import Derived
    from derive.forward.layer import Layer

__all__ = ["run_layer"]


def run_layer(listing: Listing, values: Mapping[str, Any], make: Callable[[], Layer] | None = None) -> None:
    """Does what the values of the command line ask for; make gives a layer that is not of the catalogue.

    Raises: UserError if it cannot be done; EngineError if the PDF alone cannot be made; the rest is written.
    """
    request = read_request(listing, values)

    from derive.api import Derived  # deferred: imports SymPy, and a wrong command line must not wait for it
    from derive.layers import load

    layer = make() if make else load(request.layer, request.variant)
    derived = Derived.of(layer, request.sizes, request.options)
    for warning in () if request.quiet else derived.warnings:
        note(f"derive: warning: {warning}")
    if request.formats:
        _write(derived, request)
    else:
        _show(derived, request)


def _show(derived: Derived, request: Request) -> None:
    from derive.render.text import render_text  # deferred: only this view needs it

    terminal = sys.stdout is not None and sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    emit(render_text(derived.document(), width=shutil.get_terminal_size().columns, colour=colour))
    if terminal and not request.quiet:
        note(f"derive: add --pdf for the handout; derive {request.layer} --help tells the rest")


def _write(derived: Derived, request: Request) -> None:
    texts = Texts(derived, all_entries=request.all_entries)
    write_formats(texts, request.formats, request.place, stem=_stem(derived), engine=request.engine)


def _stem(derived: Derived) -> str:
    """affine-2x2x3-X-brief: layer, sizes, and the options by which two documents of the same sizes differ."""
    sizes = "x".join(map(str, derived.sizes.values()))
    changed = derived.options.changed()
    variants = [f"{option}-{value}" for option, value in derived.written.variant]
    variants += [*derived.gradients] if "wrt" in changed else []
    variants += [f"{'order' if name == 'order' else ''}{value}" for name, value in changed.items() if choices(name)]
    variants += ["jacobian"] if "jacobian" in changed else []
    variants += [_assumption_name(text) for text in changed.get("assume", ())]
    variants += [_values_name(derived.options.values)] if "values" in changed else []
    return "-".join([_name(derived.written), *([sizes] if sizes else []), *variants])


def _name(layer: Layer) -> str:
    """The layer's name; an expression is called by eight digits of its text and shapes."""
    return f"{layer.name}-{sha256(' '.join(layer.words).encode()).hexdigest()[:8]}" if layer.text else layer.name


def _assumption_name(text: str) -> str:
    """T-rows-sum-to-1 for T rows sum to 1, x-positive for x > 0."""
    for sign, word in ((">=", "nonnegative"), (">", "positive"), ("!=", "nonzero")):
        text = text.replace(f"{sign} 0", word).replace(f"{sign}0", f" {word}")
    return "-".join(re.findall(r"\w+", text))


def _values_name(values: str) -> str:
    """seed7 for seed:7, the file's own name for a file."""
    name = "values" if values.lstrip().startswith("{") else Path(values).stem
    return re.sub(r"[^\w-]", "", name) or "values"
