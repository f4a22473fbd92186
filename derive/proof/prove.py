"""Turns a layer and sizes into evidence for each of its gradients."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from derive.errors import UnsupportedError
from derive.forward.layer import Layer
from derive.proof import arrangement, equality, numeric, stacks, symbolic
from derive.proof.evidence import Evidence, Strength
from derive.routes.jacobian import derive_jacobian

__all__ = ["EXACT_ENTRIES", "EXACT_NONZEROS", "check_sizes", "prove"]

EXACT_NONZEROS = 1_000
"""A Jacobian of more non-zero entries is proved at smaller sizes."""

EXACT_ENTRIES = 500
"""So is one of a layer whose inputs and output have more entries together."""

_NUMERIC_ENTRIES = 200
"""Central differences are taken at the sizes given if the input has at most so many entries."""

Sizes = Mapping[str, int]


def check_sizes(layer: Layer) -> tuple[dict[str, int], ...]:
    """The further sizes of every check: all different, all different the other way round, all equal.

    A formula can be wrong in a way that shows only when all sizes are equal, and a lost transpose only when they
    differ.
    """
    letters = layer.letters
    up = range(2, 2 + len(letters))
    chosen = [
        dict(zip(letters, up, strict=True)),
        dict(zip(letters, reversed(up), strict=True)),
        dict.fromkeys(letters, 2),
    ]
    return tuple(sizes for n, sizes in enumerate(chosen) if sizes not in chosen[:n])


def prove(layer: Layer, wrt: str, sizes: Sizes) -> tuple[Evidence, ...]:
    """What is known about the gradient with respect to one input; a refutation stands alone.

    Raises: UnknownNameError if the layer has no input of that name; UnsupportedError if nothing can be decided.
    """
    exact = _symbolic(layer, wrt, sizes)
    if exact.strength is Strength.REFUTED:
        return (exact,)
    formula = derive_jacobian(layer, wrt, sizes).formula.node
    beside = arrangement.compare(layer, wrt, formula, check_sizes(layer))
    if beside is not None and beside.strength is Strength.REFUTED:
        return (beside,)
    parts = stacks.check_stacks(layer, check_sizes(layer)) if layer.stacks else None
    if parts is not None and parts.strength is Strength.REFUTED:
        return (parts,)
    return (exact, _numeric(layer, wrt, sizes), *(item for item in (beside, parts) if item))


def _symbolic(layer: Layer, wrt: str, sizes: Sizes) -> Evidence:
    method = "every step, every entry, in SymPy; partial derivatives by SymPy's diff"
    smaller = check_sizes(layer)
    # A Jacobian may be small although the components, which it is checked against, are sums of millions of terms.
    entries = sum(prod(layer.shape(node, sizes)) for node in (*layer.inputs, layer.output))
    fits = entries <= EXACT_ENTRIES and derive_jacobian(layer, wrt, sizes).jacobian.nnz <= EXACT_NONZEROS
    chosen = [dict(sizes), *(s for s in (smaller[0], smaller[-1]) if s != dict(sizes))] if fits else list(smaller)
    undecided = 0
    for at in chosen:
        failure = symbolic.check_steps(layer, wrt, at)
        if isinstance(failure, int):
            undecided += failure
        else:
            cause = symbolic.false_rule(layer, at, derive_jacobian(layer, wrt, at).rules)
            told = f"{failure} ({', '.join(f'{letter}={number}' for letter, number in at.items())})"
            told += f"; false rule: {cause}" if cause else ""
            return Evidence("jacobian", Strength.REFUTED, method, (_pairs(at),), counterexample=told)
    where = tuple(map(_pairs, chosen))
    if undecided:
        method = "every step, every entry, in SymPy; entries that algebra does not decide, at random points"
        return Evidence(
            "jacobian", Strength.CHECKED_AT_POINTS, method, where, points=equality.POINTS, digits=equality.DIGITS
        )
    return Evidence("jacobian", Strength.PROVED_AT_SIZES, method, where)


def _numeric(layer: Layer, wrt: str, sizes: Sizes) -> Evidence:
    method = "central differences of the forward code, in NumPy"
    counts = [prod(layer.shape(node, sizes)) for node in layer.inputs]
    at = dict(sizes) if sum(counts) <= _NUMERIC_ENTRIES else check_sizes(layer)[0]
    formula = derive_jacobian(layer, wrt, at).formula
    for seed in range(numeric.POINTS):
        verdicts = (numeric.disagreement(layer, formula, sample) for sample in numeric.samples(layer, at, seed))
        told = next((told for told in verdicts if told is not None), None)
        if told is None:
            raise UnsupportedError(f"{layer.name}: no random input was found at which its derivatives can be measured")
        if told:
            found = f"{told} (seed {seed})"
            return Evidence("numpy", Strength.REFUTED, method, (_pairs(at),), counterexample=found)
    return Evidence(
        "numpy", Strength.CHECKED_AT_POINTS, method, (_pairs(at),), points=numeric.POINTS, digits=numeric.DIGITS
    )


def _pairs(sizes: Sizes) -> tuple[tuple[str, int], ...]:
    return tuple(sizes.items())
