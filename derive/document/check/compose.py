"""Turns a check into a Document: the verdict, the code line by line, rule and code, the derivation of the rule."""

from __future__ import annotations

from derive.document.blocks import Document, Head, Runs, Verbatim
from derive.document.check import comparison, listing, verdict
from derive.document.check.legible import legible, legible_code, quoted
from derive.document.check.material import CheckMaterial
from derive.document.compose import spelling, write_sections
from derive.document.draft import Draft
from derive.document.inline import joined
from derive.document.spelling import speller
from derive.document.words import coloured_letters, words_of
from derive.locale import N_, translator

__all__ = ["compose_check"]


def compose_check(material: CheckMaterial) -> Document:
    """The document of a check."""
    translate = translator(material.options.language).gettext
    layer = material.account.layer
    words = {} if layer is None else words_of(layer)
    derivation = material.derivation
    spell = speller(material.options.names, "L" if layer is None else layer.loss)
    draft = Draft(translate, words, spell=spell if derivation is None else spelling(derivation))
    verdict.write(draft, material)
    listing.write(draft, material)
    comparison.write(draft, material)
    draft.heading("derivation", N_("The derivation of the rule"))
    if material.derivation is not None:
        draft.prose(N_("What follows is derived from the forward pass alone. It knows nothing of the backward code."))
        write_sections(draft, material.derivation)
    else:
        draft.prose(
            N_("There is no derivation in formulas, since forward has none: {reason}."),
            reason=quoted(material.why.rstrip(".") or translate(N_("it could not be run for all sizes"))),
        )
    coloured = () if layer is None else coloured_letters(layer)
    axis = 0 if layer is None else layer.sample_axis
    return Document(_head(draft, material), tuple(draft.blocks), coloured, axis)


def _head(draft: Draft, material: CheckMaterial) -> Head:
    options, report = material.options, material.report
    title = options.title or draft.translate(N_("Check of {name}")).format(name=legible(report.name))
    return Head(
        title=title,
        subtitle=_subtitle(draft, material),
        author=options.author,
        course=options.course,
        date=options.date,
        license=options.license,
        license_label=draft.translate(N_("License:")),
        keywords=tuple(map(draft.translate, (N_("backpropagation"), N_("gradient"), N_("proof")))),
        command=legible_code(material.command),
        version=material.version,
        language=options.language,
        paper=options.paper,
    )


def _subtitle(draft: Draft, material: CheckMaterial) -> Runs:
    """The files, and what was compared."""
    files = dict.fromkeys(legible(item.file) for item in material.account.listings)
    against = draft.runs(N_("against {forward}"), forward=(Verbatim(legible(material.report.against)),))
    return joined([*((Verbatim(file),) for file in files), against])
