"""How each formula was verified, how strongly, and one worked example in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from derive.document.blocks import EvidenceRow, EvidenceTable, Math, Ref, Run, Runs, Text
from derive.document.draft import Draft
from derive.document.followed import followed
from derive.document.kinks import kinks
from derive.document.material import Material
from derive.document.numeric_table import equation, number
from derive.document.sections import assumed
from derive.document.words import array_name, is_loss, output_name
from derive.forward.layer import Layer
from derive.locale import N_
from derive.notation.tree import (
    Beside,
    BigSum,
    Entry,
    Gradient,
    Listed,
    Name,
    Number,
    Product,
    Relation,
    Tree,
)
from derive.proof import numeric, torch_oracle
from derive.proof.evaluate import value_of
from derive.proof.evidence import Evidence, Strength

__all__ = ["STRENGTHS", "write"]

STRENGTHS = {
    Strength.PROVED_FOR_ALL_SIZES: N_("proved for all sizes"),
    Strength.PROVED_AT_SIZES: N_("proved at sizes"),
    Strength.CHECKED_AT_POINTS: N_("checked at points"),
    Strength.REFUTED: N_("refuted"),
}
_METHODS = {
    "jacobian": N_("every step of this derivation, every entry, in SymPy"),
    "entry": N_("every step for every entry by itself, in SymPy"),
    "index": N_("sums over indices, against reverse mode"),
    "graph": N_("every node's rule, against its derivation by indices; every sum of what arrives at a node"),
    "stages": N_("stage by stage, every entry, in SymPy; the chain rule joins the stages"),
    "numpy": N_("central differences of the forward code, in NumPy"),
    "torch": N_("Jacobian by PyTorch's autograd, contracted with the upstream gradient"),
    "transposed": N_("transposed, it is the formula of the layer whose samples are rows"),
    "vector": N_("for a vector at the end: each component's derivatives, every entry, in SymPy"),
    "blocks": N_("split into blocks, they are the gradients of the layer with its bias apart: every entry, in SymPy"),
    "assumed": N_("where the assumptions hold: against the formula without them, every step and entry, in SymPy"),
    "assumed, in numbers": N_("central differences of the forward code, at inputs that satisfy the assumptions"),
    "assumed, by PyTorch": N_("Jacobian by PyTorch's autograd, at inputs that satisfy the assumptions"),
    "jacobian formula": N_("the Jacobian as a formula, against all partial derivatives, every entry, in SymPy"),
    "second": N_("the loss differentiated twice: the Hessian and its product with a direction, every entry, in SymPy"),
    "second, in numbers": N_("central differences of the gradient along a direction, in NumPy"),
    "one sample": N_("it is the formula of the layer for any number of samples, taken for one"),
}


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    draft.heading("check", N_("How this was checked"))
    box: Run = Ref("result.formulas") if material.has("result") else Text(draft.translate(N_("this document")))
    draft.prose(
        N_(
            "The formulas in {box} come from a walk backwards through the layer, operation by operation, which forms "
            "no Jacobian. They were compared with derivations that know nothing of that walk, all of them whether this "
            "document shows them or not:"
        ),
        box=(box,),
    )
    draft.items(*(draft.runs(message) for message in _comparisons(material)))
    assumed.check(draft, material)
    header = (draft.translate(N_("Evidence")), draft.translate(N_("Method")), draft.translate(N_("Sizes")))
    draft.evidence(EvidenceTable("check.evidence", header, tuple(_rows(draft, material))))
    written = any(e.route == "jacobian" for found in material.evidence.values() for e in found)
    if written and not any(dict(sizes) == dict(material.sizes) for e in _exact(material) for sizes in e.sizes):
        draft.prose(N_("The Jacobians at the sizes of this document have too many entries to write each of them out."))
    _numbers(draft, material)


def _exact(material: Material) -> list[Evidence]:
    return [e for found in material.evidence.values() for e in found if e.strength is Strength.PROVED_AT_SIZES]


def _comparisons(material: Material) -> Iterator[str]:
    """What the formulas were compared with, as far as it was done for every gradient."""
    if any(e.route == "stages" for found in material.evidence.values() for e in found):
        yield N_(
            "*Stages:* what each of them sends back was compared by itself, for whatever gradient arrives at it, with "
            "Jacobians, single entries and sums over indices, in exact arithmetic. By the chain rule the gradients of "
            "the network are these, one after the other."
        )
    else:
        yield N_(
            "*Jacobians and single entries:* component by component, and entry by entry. Every step was carried out "
            "with a symbol for each entry, and both sides were compared in exact arithmetic."
        )
    if _for_all_sizes(material, "index"):
        yield N_(
            "*Indices:* with letters for indices and sizes. This ends at the same sums of products, up to the order of "
            "factors and the names of summed indices, so the formulas hold for all sizes."
        )
    if _for_all_sizes(material, "graph"):
        yield N_(
            "*The graph:* the rule of each operation, which the walk uses, was derived from the definition of that "
            "operation by indices."
        )
    yield N_("*Numbers:* how the layer's own forward code responds when its inputs are moved a little.")


def _for_all_sizes(material: Material, route: str) -> bool:
    """Whether a route proves all gradients for all sizes."""
    proved = Strength.PROVED_FOR_ALL_SIZES
    return all(any(e.route == route and e.strength is proved for e in found) for found in material.evidence.values())


def _rows(draft: Draft, material: Material) -> Iterator[EvidenceRow]:
    """A row for each kind of evidence; gradients of which the same is known share it."""
    together: dict[tuple[str, str, Runs], list[Tree]] = {}
    for name, route in material.routes.items():
        # From the strongest to the weakest.
        for item in sorted(material.evidence[name], key=lambda item: list(Strength).index(item.strength)):
            said = (
                draft.translate(STRENGTHS[item.strength]),
                draft.translate(_METHODS[item.route]),
                _where(draft, material, item),
            )
            together.setdefault(said, []).append(route.formula.name)
    for said, formulas in together.items():
        yield EvidenceRow(Listed(tuple(formulas)), *said)


def _where(draft: Draft, material: Material, evidence: Evidence) -> Runs:
    """All sizes by their letters, or those of the check: N×D = 2×3, 2×2."""
    if not evidence.sizes:
        letters = tuple(map(Number, material.layer.letters))
        return draft.runs(N_("all {letters}"), letters=Listed(letters)) if letters else ()
    numbers = ("×".join(str(number) for _, number in sizes) for sizes in evidence.sizes)
    where: list[Run] = []
    for letter, _ in evidence.sizes[0]:
        where += [*([Text("×")] if where else []), Math(Number(letter))]
    where.append(Text(f" = {', '.join(numbers)}"))
    if evidence.points is None:
        return tuple(where)
    return draft.runs(
        N_("{points} random inputs, {digits} digits, {where}"),
        points=evidence.points,
        digits=evidence.digits or 0,
        where=tuple(where),
    )


def _numbers(draft: Draft, material: Material) -> None:
    """One of the random inputs, with the gradients that the formulas give."""
    layer = material.layer
    first = next(iter(material.evidence))
    sizes = dict(next(e.sizes[0] for e in material.evidence[first] if e.points is not None))
    formulas = [route.formula for route in material.routes.values()]
    sample = followed(layer, formulas, sizes)
    at = Listed(tuple(Relation.equal(Number(letter), Number(size)) for letter, size in sizes.items()))
    if sizes == dict(material.sizes):
        draft.prose(_given(layer, sample))
    else:
        draft.prose(
            N_("One of the random inputs, for a smaller layer with {at}, so that it can be followed by hand, is"), at=at
        )
    given: list[Tree] = [equation(array_name(node), sample.arrays[node.name], layer) for node in layer.inputs]
    draft.equation("check.given", Beside(tuple(given)))
    if is_loss(layer):
        draft.prose(N_("It gives {loss}, and the formulas give"), loss=_value(sample.output, layer))
    else:
        _weighted(draft, layer, sample)
        draft.prose(N_("The formulas give"))
    found = [
        equation(route.formula.name, np.asarray(value_of(route.formula, sample.arrays, sizes), dtype=float), layer)
        for route in material.routes.values()
    ]
    draft.equation("check.gradients", Beside(tuple(found)))
    if material.options.oracle == "torch":
        _torch(draft, material, sample)
    draft.prose(
        N_(
            "If each number of the input in turn is moved a little up and down, the loss changes at these rates, to "
            "{digits} digits."
        ),
        digits=numeric.DIGITS,
    )
    if kinks(layer):
        draft.prose(
            N_(
                "At kinks and ties the differences to both sides disagree, and numbers decide nothing about a "
                "convention. So the random inputs that were compared lie away from them."
            )
        )


def _given(layer: Layer, sample: numeric.Sample) -> str:
    """What introduces the input that is followed."""
    if layer.prose.targets:
        return N_("At one more input, with targets as they occur, the comparison can be followed by hand:")
    if all(np.all(array == np.round(array)) for array in sample.arrays.values()):
        return N_("One of the random inputs, in small whole numbers so that it can be followed by hand, is")
    return N_("One of the random inputs, in short numbers so that it can be followed by hand, is")


def _value(output: Any, layer: Layer) -> Tree:
    """y = 4.8333."""
    return Relation.equal(output_name(layer), number(np.asarray(output)[()]))


def _weighted(draft: Draft, layer: Layer, sample: numeric.Sample) -> None:
    """The output, and a loss that makes a number of it."""
    letters = ("i", "j", "k", "l", "m")[: len(layer.output.shape)]
    entry = Entry(layer.output_letter, letters)
    weight = Entry(layer.upstream.letter, letters)
    bounds = tuple((letter, str(size)) for letter, size in zip(letters, layer.output.shape, strict=False))
    draft.prose(
        N_("It gives {Y}. As loss serves {loss} with fixed numbers {weight}, so that {G} holds these numbers:"),
        loss=Relation.equal(
            Name(layer.loss), BigSum(bounds, Product((weight, entry))) if bounds else Product((weight, entry))
        ),
        weight=weight,
    )
    upstream = Gradient(output_name(layer), layer.upstream.name, layer.loss)
    draft.equation(
        "check.upstream",
        Beside(
            (
                equation(output_name(layer), sample.output, layer),
                equation(upstream, sample.arrays[layer.upstream.name], layer),
            )
        ),
    )


def _torch(draft: Draft, material: Material, sample: numeric.Sample) -> None:
    """The same gradients by PyTorch, which were compared where the evidence was found."""
    draft.prose(
        N_(
            "PyTorch, which knows neither the formulas nor the Jacobians of this document, differentiates the same "
            "operations on its own. Its Jacobian, from `torch.autograd.functional.jacobian`, contracted with {G} by "
            "`torch.einsum`, gives"
        )
    )
    found = [
        equation(route.formula.name, torch_oracle.gradient(material.layer, name, sample), material.layer)
        for name, route in material.routes.items()
    ]
    draft.equation("check.torch", Beside(tuple(found)))
