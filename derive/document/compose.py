"""Turns derivations and evidence into a Document: the order of its sections. Imports no renderer."""

from __future__ import annotations

from collections.abc import Callable

from derive.document.blocks import Document, Head, Math, Run, Runs, Text, Verbatim
from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.notations import is_indexed
from derive.document.sections import (
    background,
    check,
    conventions,
    entry,
    flatten,
    graph,
    idea,
    index,
    jacobian,
    jacobians,
    layer,
    network,
    numbers,
    result,
    second,
    sizes,
    vector,
)
from derive.document.spelling import Speller, speller, standing
from derive.document.words import coloured_letters, forward, named_values, words_of
from derive.forward.layer import Layer
from derive.forward.nodes import topological
from derive.locale import N_, translator
from derive.notation.measure import width
from derive.notation.tree import Number, Quotient, Relation
from derive.notation.walk import contains

__all__ = ["compose", "spelling", "write_sections"]

_LONGEST_TITLE = 60
"""The characters of an expression that is a title."""

_LONGEST_HEAD = 24.0
"""The width in em of a formula under the title."""

Section = Callable[[Draft, Material], None]

_FULL: dict[str, Section] = {
    "result": result.write,
    "conventions": conventions.write,
    "network": network.write,
    "layer": layer.write,
    "idea": idea.write,
    "jacobian": jacobian.write,
    "entry": entry.write,
    "index": index.write,
    "jacobians": jacobians.write,
    "second": second.write,
    "sizes": sizes.write,
    "graph": graph.write,
    "vector": vector.write,
    "numbers": numbers.write,
    "check": check.write,
    "background": background.write,
    "flatten": flatten.write,
}
"""What writes each section of `options.SECTIONS`."""

_BRIEF: dict[str, Section] = {
    "jacobian": jacobian.write_brief,
    "entry": entry.write_brief,
    "index": index.write_brief,
    "graph": graph.write_brief,
}
"""What writes it instead where --depth is brief."""


def compose(material: Material) -> Document:
    """The document that the options ask for."""
    translate = translator(material.options.language).gettext
    draft = Draft(translate, words_of(material.layer), spell=spelling(material))
    write_sections(draft, material)
    coloured = coloured_letters(material.layer)
    return Document(_head(draft, material), tuple(draft.blocks), coloured, material.layer.sample_axis)


def write_sections(draft: Draft, material: Material) -> None:
    """Adds the sections that the options ask for."""
    writers = _FULL if material.options.depth == "full" else _FULL | _BRIEF
    asked = (*material.options.route, *material.options.sections)
    if material.layer.stages and "graph" not in asked:
        # The rules of its nodes are those of its stages, each of which has a handout of its own.
        writers = writers | {"graph": graph.write_brief}
    for name in material.sections:
        writers[name](draft, material)


def spelling(material: Material) -> Speller:
    """How gradients are written, and vectors that lie."""
    layer, spell = material.layer, speller(material.options.names, material.layer.loss)
    if layer.samples == "one" or not any(len(node.shape) == 1 for node in topological(layer.output)):
        return spell
    trees = [forward(layer), *(item.equation for item in named_values(layer))]
    trees += [item.tree for item in material.formulas.values()]
    # Looking at every entry of a page for what stands in none of its formulas would take time for nothing.
    return (lambda tree: standing(spell(tree))) if any(standing(tree) is not tree for tree in trees) else spell


def _head(draft: Draft, material: Material) -> Head:
    options, prose = material.options, material.layer.prose
    title = options.title or (draft.translate(prose.title) if prose.title else _title(draft, material.layer))
    return Head(
        title=title,
        subtitle=_subtitle(draft, material),
        author=options.author,
        course=options.course,
        date=options.date,
        license=options.license,
        license_label=draft.translate(N_("License:")),
        keywords=(*map(draft.translate, (N_("backpropagation"), N_("Jacobian"), N_("gradient"))), material.layer.name),
        command=material.command,
        version=material.version,
        language=options.language,
        paper=options.paper,
    )


def _title(draft: Draft, layer: Layer) -> str:
    if layer.stages:
        return draft.translate(N_("Backpropagation through a network"))
    if not layer.text:
        return draft.translate(N_("Backpropagation through {name}")).format(name=layer.name)
    if len(layer.text) <= _LONGEST_TITLE:
        return draft.translate(N_("Gradients of {expression}")).format(expression=layer.text)
    names = ", ".join(node.name for node in layer.inputs)
    return draft.translate(N_("Gradients of an expression in {names}")).format(names=names)


def _subtitle(draft: Draft, material: Material) -> Runs:
    layer = material.layer
    equation = Relation.equal(words_of(layer)["Y"], words_of(layer)["forward"])
    stated: Run = Math(draft.spell(equation))
    # A formula that would be long or in small print, or that uses names, is told where there is room to.
    named = bool(named_values(layer)) or is_indexed(layer) or contains(equation, Quotient)
    brief = not named and width(equation, display=False) <= _LONGEST_HEAD
    if layer.stages:
        stated, brief = Verbatim(layer.text), True
    counted: list[Runs] = []
    for letter, one, many in layer.prose.sizes:
        number = material.sizes[letter]
        size = Relation.equal(Number(letter), Number(number))
        counted.append(draft.runs(N_("{size} {what}"), size=size, what=draft.translate(one if number == 1 else many)))
    if layer.samples == "one" and counted:
        counted.insert(0, draft.runs(N_("one sample")))
    if not counted:
        counted = [(Math(Relation.equal(Number(a), Number(n))),) for a, n in material.sizes.items()]
    joined: list[Run] = []
    for number, runs in enumerate(counted):
        joined += [Text(", " if number else " "), *runs]
    if not brief:
        return tuple(joined[1:])
    return (*draft.runs(N_("{forward} with"), forward=(stated,)), *joined) if joined else (stated,)
