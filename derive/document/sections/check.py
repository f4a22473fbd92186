"""How each formula was verified, how strongly, and one worked example in numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from derive.document.blocks import EvidenceRow, EvidenceTable
from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.words import output_name
from derive.engine.tables import EntryTable
from derive.locale import N_
from derive.notation.tree import Beside, Explicit, Gradient, Listed, Name, Number, Relation, Transpose, Tree
from derive.proof import numeric
from derive.proof.evaluate import evaluate
from derive.proof.evidence import Evidence, Strength

__all__ = ["write"]

_STRENGTHS = {
    Strength.PROVED_FOR_ALL_SIZES: N_("proved for all sizes"),
    Strength.PROVED_AT_SIZES: N_("proved at sizes"),
    Strength.CHECKED_AT_POINTS: N_("checked at points"),
    Strength.REFUTED: N_("refuted"),
}
_METHODS = {
    "jacobian": N_("every step of this derivation, every entry, in SymPy"),
    "numpy": N_("central differences of the forward code, in NumPy"),
}


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    draft.heading("check", N_("How this was checked"))
    draft.prose(
        N_(
            "The formulas in the box were found twice. The derivation above differentiates component by component and "
            "multiplies the Jacobian out. A second program walks the computation backwards, operation by operation, "
            "and knows no Jacobian. Both sides of every equation above were then compared, entry by entry, with exact "
            "arithmetic; and the formulas were compared with the layer's own code on numbers."
        )
    )
    header = (draft.translate(N_("Evidence")), draft.translate(N_("Method")), draft.translate(N_("Where")))
    draft.evidence(EvidenceTable("check.evidence", header, tuple(_rows(draft, material))))
    _numbers(draft, material)


def _rows(draft: Draft, material: Material) -> Iterator[EvidenceRow]:
    """A row for each kind of evidence; gradients of which the same is known share it."""
    together: dict[tuple[str, str, str], list[Tree]] = {}
    for name, route in material.routes.items():
        for item in material.evidence[name]:
            said = (
                draft.translate(_STRENGTHS[item.strength]),
                draft.translate(_METHODS[item.route]),
                _where(draft, item),
            )
            together.setdefault(said, []).append(route.formula.name)
    for said, formulas in together.items():
        yield EvidenceRow(Listed(tuple(formulas)), *said)


def _where(draft: Draft, evidence: Evidence) -> str:
    letters = " × ".join(letter for letter, _ in evidence.sizes[0])
    numbers = (" × ".join(str(number) for _, number in sizes) for sizes in evidence.sizes)
    where = f"{letters} = {', '.join(numbers)}".replace(" × ", "×")
    if evidence.points is None:
        return where
    told = draft.translate(N_("{points} random inputs, {digits} digits, {where}"))
    return told.format(points=evidence.points, digits=evidence.digits, where=where)


def _numbers(draft: Draft, material: Material) -> None:
    """One of the random inputs, with the gradients that the formulas give."""
    layer = material.layer
    first = next(iter(material.evidence))
    sizes = dict(next(e.sizes[0] for e in material.evidence[first] if e.points is not None))
    sample = numeric.sample(layer, sizes, 0)
    draft.prose(
        N_(
            "The first of the random inputs, with small whole numbers so that it can be followed by hand. The layer is "
            "given"
        )
    )
    given: list[Tree] = [_equation(draft.words[node.name], sample.arrays[node.name]) for node in layer.inputs]
    draft.equation("check.given", Beside(tuple(given)))
    draft.prose(N_("It returns {Y}, and the layer that follows sends back {G}:"))
    upstream = Gradient(output_name(layer), layer.upstream.name, layer.loss)
    draft.equation(
        "check.upstream",
        Beside((_equation(output_name(layer), sample.output), _equation(upstream, sample.arrays[layer.upstream.name]))),
    )
    draft.prose(N_("From these the formulas compute"))
    found = [
        _equation(route.formula.name, np.asarray(evaluate(route.formula.tree, sample.arrays, sizes), dtype=float))
        for route in material.routes.values()
    ]
    draft.equation("check.gradients", Beside(tuple(found)))
    draft.prose(
        N_(
            "and the differences that come out when each input number in turn is moved a little up and down agree with "
            "them in {digits} digits."
        ),
        digits=numeric.DIGITS,
    )


def _equation(name: Tree, values: numeric.Array) -> Tree:
    dense = np.atleast_2d(values)
    table = EntryTable("", (dense.shape[0], dense.shape[1]), lambda i, j: _number(float(dense[i, j])), dict)
    if values.ndim == 1 and isinstance(name, Name):
        name = Transpose(name)
    return Relation.equal(name, Explicit(table))


def _number(value: float) -> Tree:
    """A whole number, or four decimals."""
    return Number(int(value) if value == int(value) else f"{value:.4f}")
