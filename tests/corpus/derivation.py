"""What derive makes of an entry of the corpus."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import derive
from derive.forward.formula import Formula
from tests.corpus import corpus
from tests.corpus.corpus import Entry
from tests.corpus.libraries import numpy_scope


def derived(entry: Entry, sizes: Mapping[str, int]) -> derive.Derived:
    """The derivation at these sizes, with what the literature assumes of the inputs.

    Loops and such are statements of a Python function, everything else is text.

    Raises: DeriveError if the expression is refused.
    """
    if not entry.python:
        return derive.derive(entry.expr.strip(), shapes=dict(entry.shapes), assume=entry.assume, **sizes)

    def layer(*arrays: Any) -> Any:
        return corpus.run(entry.expr, numpy_scope(dict(zip(entry.shapes, arrays, strict=True))))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    layer.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, kind, annotation=shape) for name, shape in entry.shapes.items()]
    )
    return derive.derive(derive.layer()(layer), assume=entry.assume, **sizes)


def lines(formula: Formula) -> tuple[str, ...]:
    """What is printed for a gradient: the names that it uses, and at last the formula itself."""
    return (*formula.statements[:-1], str(formula))
