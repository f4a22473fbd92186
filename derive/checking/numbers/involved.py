"""Which arrays a gradient is made of, as it is expected and as the code gives it: the others need not be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from derive.checking.proofs.every_size import Traced
from derive.checking.proofs.exactly import Branch
from derive.checking.proofs.generic import generators
from derive.checking.report import Counterexample
from derive.forward.nodes import Input, topological
from derive.proof.ring import Kind

__all__ = ["without_others"]


def without_others(found: Counterexample, traced: Traced | None, runs: Sequence[Branch], name: str) -> Counterexample:
    """The counterexample without arrays on which neither what came nor what was expected depends.

    Where the code was not run on anything but numbers, all of them are kept.
    """
    names = _in_trace(traced, name) if traced is not None else None
    if names is None:
        names = next((_in_run(run, name) for run in runs if not run.failure and name in run.got), None)
    # Code that branches on values depends on those as well.
    if names is None or found.message or any(run.known for run in runs):
        return found
    kept = tuple(item for item in found.shown if item[0] in names)
    return replace(found, shown=kept or found.shown)


def _in_trace(traced: Traced, name: str) -> set[str] | None:
    if name not in traced.got or name not in traced.expected:
        return None
    nodes = (*topological(traced.got[name]), *topological(traced.expected[name]))
    return {node.name for node in nodes if isinstance(node, Input)}


def _in_run(run: Branch, name: str) -> set[str]:
    elements = [*run.got[name].data.ravel(), *run.expected[name].ravel()]
    variables = (generator for generator in generators(elements) if generator.kind is Kind.VARIABLE)
    # Whole numbers choose entries, and are in none of them.
    return {*run.whole, *(str(variable.name).partition("[")[0] for variable in variables)}
