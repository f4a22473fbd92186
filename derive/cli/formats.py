"""The formats that a layer's command can write: their options, their endings, and what fills them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from derive.options import LANGUAGES

if TYPE_CHECKING:
    from derive.api import Derived

__all__ = ["FORMATS", "Format", "Texts"]


class Texts:
    """The texts of one derivation, each made when it is asked for and once."""

    def __init__(self, derived: Derived, *, all_entries: bool = False) -> None:
        self._derived = derived
        self._all_entries = all_entries

    @cached_property
    def latex(self) -> str:
        """The document, ready for pdfLaTeX."""
        return ended(self._derived.latex())

    @cached_property
    def fragment(self) -> str:
        """Its body, to input into a document of one's own."""
        return ended(self._derived.latex(fragment=True))

    @cached_property
    def json(self) -> str:
        """The derivation as data."""
        return ended(self._derived.json(all_entries=self._all_entries))

    @cached_property
    def formulas(self) -> str:
        """One line an input, in NumPy syntax, and what they assume as comments."""
        for gradient in self._derived.gradients.values():
            # Nothing is printed that was not verified; a false formula is raised.
            _ = gradient.evidence
        lines = [line for gradient in self._derived.gradients.values() for line in gradient.formula.statements]
        notes = [f"# {note}" for note in self._derived.assumption_notes]
        further = [line for gradient in self._derived.gradients.values() for line in gradient.further_statements]
        return "".join(f"{line}\n" for line in [*dict.fromkeys(lines), *notes, *further])

    def code(self, language: str) -> str:
        """Source of both passes, which runs as it is."""
        return ended(self._derived.code(language))


def ended(text: str) -> str:
    """The text with a newline at its end, as the tools that read files of lines expect."""
    return text if text.endswith("\n") else text + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format; text is None for the PDF, which an engine makes.

    Attributes:
        option: The option that asks for it, without its dashes.
        ending: How the names of its files end.
        help: What its option does.
        variant: What its files are called besides, where another format has the same ending.
        printed: Whether it goes to stdout when nothing else is asked for and no place is named.
        text: What fills it, given the texts of a command.
        choices: What fills it for each value of its option, if that has one.
    """

    option: str
    ending: str
    help: str
    variant: str = ""
    printed: bool = False
    text: Callable[[Any], str] | None = None
    choices: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)

    def chosen(self, value: str) -> Format:
        """The format with one of its choices; its files are called by it."""
        return replace(self, variant=value, text=self.choices[value])


FORMATS = (
    Format(option="pdf", ending=".pdf", help="Write the handout as PDF."),
    Format(
        option="tex",
        ending=".tex",
        help="Write the LaTeX file that the PDF is made from.",
        text=lambda texts: texts.latex,
    ),
    Format(
        option="fragment",
        ending=".tex",
        variant="fragment",
        help="Write the body of the LaTeX alone, to \\input into a document of your own.",
        text=lambda texts: texts.fragment,
    ),
    Format(
        option="json",
        ending=".json",
        help="Write the derivation as JSON; alone and without -o it is printed.",
        printed=True,
        text=lambda texts: texts.json,
    ),
    Format(
        option="formula",
        ending=".txt",
        variant="formula",
        help="Write one line an input, dW = X.T @ G; alone and without -o they are printed.",
        printed=True,
        text=lambda texts: texts.formulas,
    ),
    Format(
        option="code",
        ending=".py",
        help="Write both passes as code that runs; alone and without -o it is printed.",
        printed=True,
        choices={language: partial(Texts.code, language=language) for language in LANGUAGES},
    ),
)
"""In the order of their options."""
