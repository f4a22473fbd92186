"""Turns a layer and sizes into evidence for each of its gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from math import prod

from derive.forward.layer import Layer
from derive.proof import arrangement, numeric, stacks, stages, symbolic, torch_oracle
from derive.proof.all_sizes import prove_for_all_sizes
from derive.proof.cost import slope_terms
from derive.proof.entries import check_entries
from derive.proof.evidence import Evidence, Strength
from derive.proof.failure import Failure, evidence_at
from derive.proof.nodes import check_nodes
from derive.proof.symbolic import Exact
from derive.routes.jacobian import derive_jacobian

__all__ = ["EXACT_ENTRIES", "EXACT_NONZEROS", "check_sizes", "prove", "prove_text"]

EXACT_NONZEROS = 1_000
"""A Jacobian of more non-zero entries is proved at smaller sizes."""

EXACT_ENTRIES = 500
"""So is one of a layer whose inputs and output have more entries together."""

_LOSS_NONZEROS, _LOSS_TERMS = 4_000, 40_000
"""So is one of a loss of which another Jacobian has more non-zero entries, or the derivatives more terms: with every
entry written out, those of a batch norm grow as the fourth power of its samples."""

_TRIED = 12
"""So many sizes are tried for those of further checks, where not all are possible."""

_MOST_DIFFERENT, _NEIGHBOURS = 7, 3
"""More letters than this have not all different sizes in a check, but so many in turn."""

_NUMERIC_ENTRIES = 200
"""Central differences are taken at the sizes given if the input has at most so many entries."""

Sizes = Mapping[str, int]


@lru_cache(maxsize=64)
def check_sizes(layer: Layer) -> tuple[Sizes, ...]:
    """The further sizes of every check: all different, all different the other way round, all equal.

    A formula can be wrong in a way that shows only when all sizes are equal, and a lost transpose only when they
    differ. Of very many sizes, those of a deep network, neighbours differ.
    """
    count = len(layer.letters)
    apart = count if count <= _MOST_DIFFERENT else _NEIGHBOURS
    differences = [number % apart for number in range(count)]
    chosen = [_fitting(layer, differences), _fitting(layer, differences[::-1])]
    chosen.append(_fitting(layer, [0] * count))
    return tuple(sizes for n, sizes in enumerate(chosen) if sizes not in chosen[:n])


def _fitting(layer: Layer, differences: Sequence[int]) -> dict[str, int]:
    """The smallest sizes from 2 on that differ so, and that the layer can have.

    Where an axis has to be longer than that, its letter has a larger number than all others.
    """
    for least in range(2, 4):
        sizes = dict(zip(layer.letters, (least + n for n in differences), strict=True))
        if not layer.misfit(sizes):
            # With six letters there are thousands of entries at sizes from 2 on, and far fewer from 1 on.
            smaller = {letter: number - 1 for letter, number in sizes.items()}
            many = any(differences) and _entry_count(layer, sizes) > EXACT_ENTRIES
            return smaller if many and not layer.misfit(smaller) else sizes
    for longer, letter in product(range(1, _TRIED), layer.letters):
        sizes = dict(zip(layer.letters, (2 + n for n in differences), strict=True))
        sizes[letter] = max(sizes.values()) + longer
        if not layer.misfit(sizes):
            return sizes
    return layer.sizes({})


def prove(
    layer: Layer, wrt: str, sizes: Sizes, *, oracle: str = "numpy", exact: Exact | None = None
) -> tuple[Evidence, ...]:
    """What is known about the gradient with respect to one input; a refutation by algebra stands alone.

    It is about the formula with the names that the layer's formulas share; `prove_text` is about the text of one by
    itself. With the oracle "torch", formulas are compared with PyTorch as well. What is made for one input serves the
    others of the layer if they are given the same entries.

    Raises: UnknownNameError if the layer has no input of that name; UnsupportedError if nothing can be decided;
    UserError if PyTorch is asked for and not installed.
    """
    if oracle == "torch":
        torch_oracle.require_torch()
    found: list[Evidence] = []
    exact = exact or Exact(layer)
    whole = (_stage_by_stage,) if stages.is_deep(layer) else (_symbolic, _entries, _for_all_sizes)
    for evidence in (*whole, _along_graph, _rearranged, _stacked):
        item = evidence(layer, wrt, sizes, exact)
        if item is not None and item.strength is Strength.REFUTED:
            return (item,)
        found += [] if item is None else [item]
    found.append(_numeric(layer, wrt, sizes, exact))
    return (*found, _torch(layer, wrt, sizes, exact)) if oracle == "torch" else tuple(found)


def prove_text(layer: Layer, wrt: str, sizes: Sizes, *, exact: Exact | None = None) -> Evidence | None:
    """What is known about the formula as text, which has been made short by itself; None if it reads as on a page."""
    exact = exact or Exact(layer)
    formula = exact.route(wrt, sizes).formula
    if formula.alone.lines == formula.lines:
        return None
    method = "the formula as text against the one with the names of the layer, every entry, in SymPy"
    doubtful = "the formula as text against the one with the names of the layer, in SymPy and at random points"

    def check(at: Sizes) -> Failure | int:
        return symbolic.check_text(wrt, at, exact)

    return evidence_at("text", (method, doubtful), _exact_sizes(exact, wrt, sizes), check)


def _for_all_sizes(layer: Layer, wrt: str, sizes: Sizes, exact: Exact) -> Evidence | None:
    different, *_, equal = smaller if len(smaller := check_sizes(layer)) > 1 else smaller * 2
    chosen = (equal,) if equal == different else (equal, different)
    return prove_for_all_sizes(layer, wrt, exact.route(wrt, sizes).formula.node, chosen, exact)


def _stage_by_stage(layer: Layer, wrt: str, sizes: Sizes, exact: Exact) -> Evidence:
    return stages.stage_evidence(layer, wrt, sizes, prove)


def _along_graph(layer: Layer, wrt: str, sizes: Sizes, exact: Exact) -> Evidence:
    return check_nodes(layer, wrt, check_sizes(layer), exact.verdicts)


def _rearranged(layer: Layer, wrt: str, sizes: Sizes, exact: Exact) -> Evidence | None:
    return arrangement.compare(layer, wrt, exact.route(wrt, sizes).formula.node, check_sizes(layer))


def _stacked(layer: Layer, wrt: str, sizes: Sizes, exact: Exact) -> Evidence | None:
    return stacks.check_stacks(layer, check_sizes(layer)) if layer.stacks else None


def _symbolic(layer: Layer, wrt: str, sizes: Sizes, exact: Exact) -> Evidence:
    method = "every step, every entry, in SymPy; partial derivatives by SymPy's diff"
    doubtful = "every step, every entry, in SymPy; entries that algebra does not decide, at random points"

    def check(at: Sizes) -> Failure | int:
        return symbolic.check_steps(layer, wrt, at, exact)

    found = evidence_at("jacobian", (method, doubtful), _exact_sizes(exact, wrt, sizes), check)
    if found.strength is Strength.REFUTED:
        at = dict(found.sizes[0])
        cause = symbolic.false_rule(layer, at, derive_jacobian(layer, wrt, at).rules)
        return replace(found, counterexample=f"{found.counterexample}; false rule: {cause}") if cause else found
    return found


def _entry_count(layer: Layer, sizes: Sizes) -> int:
    """The entries of all inputs and the output."""
    return sum(prod(layer.shape(node, sizes)) for node in (*layer.inputs, layer.output))


def _exact_sizes(exact: Exact, wrt: str, sizes: Sizes) -> list[Sizes]:
    """The sizes at which every entry is compared."""
    layer = exact.layer
    smaller = check_sizes(layer)
    # A Jacobian may be small although the components, which it is checked against, are sums of millions of terms.
    few = _entry_count(layer, sizes) <= EXACT_ENTRIES
    fits = few and exact.route(wrt, sizes).jacobian.nnz <= EXACT_NONZEROS and _is_short(exact, sizes)
    return [dict(sizes), *(s for s in (smaller[0], smaller[-1]) if s != dict(sizes))] if fits else list(smaller)


def _is_short(exact: Exact, sizes: Sizes) -> bool:
    """Whether the loss, whose derivatives with respect to all inputs are made at once, is not too long for that."""
    others = (exact.route(node.name, sizes).jacobian.nnz for node in exact.layer.smooth)
    return max(others) <= _LOSS_NONZEROS and slope_terms(exact.at(sizes).loss) <= _LOSS_TERMS


def _entries(layer: Layer, wrt: str, sizes: Sizes, exact: Exact) -> Evidence:
    method = "every step of every entry by itself, in SymPy; partial derivatives by SymPy's diff"
    doubtful = "every step of every entry by itself, in SymPy; what algebra does not decide, at random points"

    def check(at: Sizes) -> Failure | int:
        return check_entries(layer, wrt, at, exact)

    return evidence_at("entry", (method, doubtful), _exact_sizes(exact, wrt, sizes), check)


def _numeric(layer: Layer, wrt: str, sizes: Sizes, exact: Exact) -> Evidence:
    method = "central differences of the forward code, in NumPy"
    at = _numeric_sizes(layer, sizes)
    formula = exact.route(wrt, at).formula

    def verdicts(seed: int) -> Iterator[str | None]:
        return (numeric.disagreement(layer, formula, sample) for sample in exact.samples(at, seed))

    refusal = f"{layer.name}: no random input was found at which its derivatives can be measured"
    return numeric.at_points("numpy", method, at, verdicts, refusal=refusal)


def _torch(layer: Layer, wrt: str, sizes: Sizes, exact: Exact) -> Evidence:
    method = "Jacobian by PyTorch's autograd, contracted with the upstream gradient by einsum"
    at = _numeric_sizes(layer, sizes)
    formula = exact.route(wrt, at).formula

    def verdicts(seed: int) -> Iterator[str | None]:
        for sample in exact.samples(at, seed):
            # Where differences decide nothing, the layer has a kink, at which derivatives are a matter of convention.
            if numeric.disagreement(layer, formula, sample) is not None:
                yield torch_oracle.disagreement(layer, formula, sample)

    refusal = f"{layer.name}: no random input was found at which PyTorch gives finite derivatives"
    return numeric.at_points("torch", method, at, verdicts, digits=torch_oracle.DIGITS, refusal=refusal)


def _numeric_sizes(layer: Layer, sizes: Sizes) -> Sizes:
    """The sizes given, or smaller ones if there are too many numbers to move each of them."""
    counts = [prod(layer.shape(node, sizes)) for node in layer.inputs]
    return dict(sizes) if sum(counts) <= _NUMERIC_ENTRIES else check_sizes(layer)[0]


def _pairs(sizes: Sizes) -> tuple[tuple[str, int], ...]:
    return tuple(sizes.items())
