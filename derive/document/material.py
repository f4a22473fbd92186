"""What a document is composed from: a layer at sizes, the derivations, the evidence, and what the reader chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.options import DocumentOptions
from derive.proof.evidence import Evidence
from derive.routes.jacobian import JacobianRoute
from derive.rules.naming import formula

if TYPE_CHECKING:
    from derive.proof.worked import Worked
    from derive.routes.second import SecondRoute

__all__ = ["Material"]


@dataclass(frozen=True, slots=True)
class Material:
    """The inputs of composition; routes and evidence go by the name of the input, in the order of the document.

    The routes assume nothing. assumed is the layer with what is assumed of its inputs, which the formulas of the result
    use; None where nothing is.

    worked is the example in numbers, and second are the second derivatives, if the reader asked for them.
    """

    layer: Layer
    sizes: Mapping[str, int]
    routes: Mapping[str, JacobianRoute]
    evidence: Mapping[str, tuple[Evidence, ...]]
    options: DocumentOptions
    command: str
    version: str
    worked: Worked | None = None
    assumed: Layer | None = None
    second: Mapping[str, SecondRoute] = field(default_factory=dict)

    @property
    def formulas(self) -> Mapping[str, Formula]:
        """The formulas of the result, by the name of the input."""
        layer = self.layer if self.assumed is None else self.assumed
        return {name: formula(layer, name) for name in self.routes}

    def has(self, section: str) -> bool:
        """Whether the document has this section, so that another may refer to it."""
        return section in self.sections

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections of the document, in their order."""
        return self.options.chosen_sections(network=bool(self.layer.stages))
