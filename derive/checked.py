"""The façade of a check: `check(...)` gives the verdicts about a backward function, which render themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derive.checking import Report, check_backward
from derive.checking.check import SECONDS, meant
from derive.errors import UserError
from derive.forward.layer import Layer
from derive.options import DocumentOptions, document_options, quoted
from derive.version import __version__

if TYPE_CHECKING:
    from derive.checking.lines.account import Account
    from derive.document.blocks import Document
    from derive.document.material import Material

__all__ = ["Checked", "check"]

SECTIONS = ("conventions", "layer", "index", "graph")
"""What is told of the derivation if nobody asks for other sections."""


@dataclass(frozen=True, eq=False)
class Checked:
    """A check that was made; the code is run again when a document asks what its lines do.

    Example:
        >>> def scale(X, s):
        ...     return X * s
        >>> def scale_backward(dout, X, s):
        ...     return dout * s, (dout * X).sum(axis=0)
        >>> made = check(scale_backward, scale, shapes={"X": "N D", "s": "D"})
        >>> made.report.proved
        True
        >>> [block.id for block in made.document().blocks if type(block).__name__ == "Heading"][:3]
        ['verdict', 'code', 'comparison']
    """

    report: Report
    backward: Any
    forward: Any
    shapes: Mapping[str, str]
    sizes: Mapping[str, int]
    returns: str
    against: str | Layer | None
    options: DocumentOptions = field(default_factory=DocumentOptions)

    @cached_property
    def account(self) -> Account:
        """The code with what each of its lines computes."""
        from derive.checking.lines.account import account  # deferred: verdicts alone do without it

        found, _ = meant(self.backward, self.forward, shapes=self.shapes, returns=self.returns, against=self.against)
        return account(found, self.report, self.sizes)

    @property
    def command(self) -> str:
        """The command that makes the check again; "" if its code is in no file."""
        if not self.report.words:
            return ""
        sizes = [word for letter, size in self.sizes.items() for word in ("--size", f"{letter}={size}")]
        return " ".join(["derive", *map(quoted, (*self.report.words, *sizes))])

    def document(self, **chosen: Any) -> Document:
        """The handout as a value; options as for `derive`.

        Raises: UserError for an option that cannot be, and where something is assumed of inputs.
        """
        if self.report.assumptions:
            # Its pages hold the code, line by line, against the rule for all inputs.
            raise UserError(
                f"check: {self.report.name}: a handout says nothing yet of what is assumed of inputs "
                f"({', '.join(map(str, self.report.assumptions))}); take the report (--json), or assume nothing"
            )
        from derive.document.check.compose import compose_check  # deferred: blocks and sections
        from derive.document.check.material import CheckMaterial

        options = document_options(**{**self.options.changed(), **chosen}) if chosen else self.options
        derivation, why = self._derivation(options)
        words = " ".join([self.command, "--pdf", *options.arguments()] if self.command else ["derive check"])
        material = CheckMaterial(self.account, derivation, why, options, words, self.command, __version__)
        try:
            return compose_check(material)
        except UserError as error:
            if derivation is None:
                raise
            # What cannot be told of the derivation hides nothing of the check.
            return compose_check(replace(material, derivation=None, why=str(error)))

    def _derivation(self, options: DocumentOptions) -> tuple[Material | None, str]:
        """How the rule is derived, or why that cannot be told."""
        from derive.api import Derived  # deferred: the same

        layer = self.account.layer
        if layer is None:
            return None, self.account.reason
        shown = (*SECTIONS[:2], *options.route) if options.route else SECTIONS
        asked = options if options.sections else replace(options, sections=shown, route=())
        # The code has arrays also where there is one sample.
        asked = replace(asked, samples="matrix")
        sizes = {letter: size for letter, size in self.account.sizes.items() if letter in layer.letters}
        try:
            derived = Derived.of(layer, sizes, asked)
            material = derived.material()
        except UserError as error:
            return None, str(error)
        derived.check_sections()
        return material, ""

    def latex(self, *, fragment: bool = False, **chosen: Any) -> str:
        """The handout as LaTeX; a fragment is its body alone, to input into a document of one's own."""
        from derive.render.latex import render_fragment, render_latex  # deferred: imports Jinja

        return (render_fragment if fragment else render_latex)(self.document(**chosen))

    def pdf(self, path: str | PathLike[str], *, engine: str = "auto", **chosen: Any) -> Path:
        """Writes the handout as PDF and returns where.

        Raises: EngineError if there is no engine or it fails; WriteError if the file cannot be written.
        """
        from derive.pdf import typeset  # deferred: only a PDF needs processes
        from derive.write import write_bytes

        return write_bytes(Path(path), typeset(self.latex(**chosen), engine=engine))


def check(
    backward: Any,
    forward: Any = None,
    *,
    shapes: Mapping[str, str] | None = None,
    sizes: Mapping[str, int] | None = None,
    returns: str = "",
    against: str | Layer | None = None,
    assume: Sequence[str] = (),
    seconds: float = SECONDS,
    options: DocumentOptions | None = None,
) -> Checked:
    """Checks a backward function, as `derive check` does; arguments as for derive.checking.check_backward.

    Raises: UserError if the functions cannot be matched, or forward cannot be run.
    """
    report = check_backward(
        *(backward, forward),
        shapes=shapes,
        sizes=sizes,
        returns=returns,
        against=against,
        assume=assume,
        seconds=seconds,
    )
    return Checked(
        *(report, backward, forward, shapes or {}, sizes or {}, returns, against, options or DocumentOptions())
    )
