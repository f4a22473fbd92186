"""The façade: `derive(...)` gives the mathematics of a layer at concrete sizes, which renders itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derive.document.material import Material
from derive.document.spelling import speller
from derive.errors import RefutedError, UserError
from derive.forward.assumption import moved as moved_assumptions
from derive.forward.assumption import read_assumptions
from derive.forward.layer import Layer
from derive.forward.parse import parse
from derive.forward.single import single
from derive.forward.transpose import transpose
from derive.gradient import DerivedGradient
from derive.layers import listing, load
from derive.notation.latex import print_latex
from derive.options import TAKEN, DocumentOptions, document_option_names, document_options, quoted
from derive.proof.at_numbers import at_numbers
from derive.proof.evidence import Evidence, Strength
from derive.proof.prove import check_sizes
from derive.proof.symbolic import Exact
from derive.proof.values import Given, given_values
from derive.proof.vector import check_vector
from derive.proof.worked import Worked, work
from derive.routes.jacobian import derive_jacobian
from derive.routes.vector import derive_vector
from derive.rules.assumed import assuming
from derive.rules.networks import StageGradients, stage_gradients
from derive.version import __version__

if TYPE_CHECKING:
    from derive.document.blocks import Document

__all__ = ["Derived", "DerivedGradient", "derive"]


@dataclass(frozen=True, eq=False)
class Derived:
    """A layer at concrete sizes, with the derivation of each of its gradients.

    written is the layer as its author wrote it; `layer` is it with samples as the options want them, and without what
    is assumed of its inputs, which `assumed` has. given are the numbers of the worked example, if one was asked for.

    Example:
        >>> d = derive("affine", n=2, d=2, m=3)
        >>> str(d.wrt("X").formula)
        'G @ W.T'
        >>> d.wrt("W").jacobian[0, 0]
        x_1_1
    """

    written: Layer
    layer: Layer
    sizes: Mapping[str, int]
    options: DocumentOptions
    assumed: Layer
    given: Given | None = None
    _found: dict[str, DerivedGradient] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(written: Layer, sizes: Mapping[str, int], options: DocumentOptions) -> Derived:
        """The derivation at the sizes given, which are completed by those of the worked example, or by defaults.

        Raises: SizeError and ShapeError for sizes that cannot be; UserError for values that cannot be read.
        """
        stated = read_assumptions(options.assume, written.inputs, written.name)
        own = {str(item) for item in written.assumptions}
        assumptions = (*written.assumptions, *(item for item in stated if str(item) not in own))
        plain = replace(written, assumptions=()) if written.assumptions else written
        columns = transpose(plain) if options.convention == "columns" else None
        given = given_values(columns or written, sizes, options.numbers()) if options.numbers() else None
        complete = written.sizes(sizes) if given is None else given.sizes
        alone = options.samples == "auto" and complete.get(written.sample_size) == 1
        layer = columns or (single(plain) if alone and not written.stages else None) or plain
        turned = layer.samples == "columns"
        moved = moved_assumptions(assumptions, written.inputs, layer.inputs, written.name, turned=turned)
        assumed = assuming(layer, moved) if moved else layer
        return Derived(written, layer, complete, options, assumed, given)

    @cached_property
    def worked(self) -> Worked | None:
        """The example in numbers, if one was asked for.

        Raises: RefutedError if Jacobian and formula differ there.
        """
        if self.given is None:
            return None
        # The numbers of an example need not satisfy what is assumed.
        formulas = {name: gradient.route.formula for name, gradient in self.gradients.items()}
        return work(self.layer, self.given.laid_out(self.layer, self._bound), formulas)

    @cached_property
    def _bound(self) -> dict[str, int]:
        """A number for each size letter that the layer still has."""
        return {letter: number for letter, number in self.sizes.items() if letter in self.layer.letters}

    @cached_property
    def _exact(self) -> Exact:
        return Exact(self.layer)

    def _called(self, name: str) -> str:
        """What the layer calls an input of the layer as it was written: X may have become x."""
        names = {node.name: now.name for node, now in zip(self.written.inputs, self.layer.inputs, strict=True)}
        return names.get(name, name)

    @cached_property
    def gradients(self) -> Mapping[str, DerivedGradient]:
        """The chosen inputs by name, in the order of the layer's arguments."""
        chosen = tuple(map(self._called, self.options.wrt)) or tuple(node.name for node in self.layer.smooth)
        for name in chosen:
            self.layer.variable(name)
        return {node.name: self.wrt(node.name) for node in self.layer.inputs if node.name in chosen}

    def wrt(self, name: str) -> DerivedGradient:
        """The derivation with respect to one input.

        Raises: UnknownNameError if the layer has no input of that name; UnsupportedError if it holds whole numbers.
        """
        name = self._called(name)
        self.layer.variable(name)
        if name not in self._found:
            route = derive_jacobian(self.layer, name, self._bound)
            assumed = self.assumed if self.assumed.assumptions else None
            options = self.options
            chosen = "jacobians" in options.chosen_sections(), "second" in options.chosen_sections()
            self._found[name] = DerivedGradient(route, options.oracle, self._exact, assumed, *chosen)
        return self._found[name]

    @property
    def stages(self) -> tuple[StageGradients, ...]:
        """The stages of a network, what each receives and what it sends; none if the layer is no network."""
        return stage_gradients(self.layer) if self.layer.stages else ()

    def evaluate(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the forward pass that have a name, the output, and all gradients, at these arrays.

        Shapes: those of the layer; the upstream gradient, G, is among the arrays unless the output is the loss itself.
        Raises: UnknownNameError for an array that is not known; UserError if one is missing; ShapeError for one of
        another shape.

        Example:
            >>> found = derive("mse", n=2, d=1).evaluate({"P": [[1], [2]], "T": [[0], [0]]})
            >>> found["dP"].tolist()
            [[1.0], [2.0]]
        """
        formulas = {name: gradient.formula for name, gradient in self.gradients.items()}
        return at_numbers(self.layer, formulas, arrays, self._bound)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What NumPy does here and was perhaps not meant, a sentence each: a column stretched against a vector."""
        return tuple(f"{self.written.name}: {item}" for item in self.written.stretched)

    @property
    def assumption_notes(self) -> tuple[str, ...]:
        """What is assumed, a line each, and which of the chosen gradients use it; () if nothing is."""
        gradients = self.gradients.items()
        used = {item: [f"d{k}" for k, g in gradients if item in g.assumptions] for item in self.assumed.assumptions}
        notes = tuple(
            f"assumed{' by the layer' if item.author else ''}: {item} "
            f"({'used in ' + ', '.join(names) if names else 'not used'})"
            for item, names in used.items()
        )
        asked = (("jacobians", "J_"), ("second", "H_"), ("second", "hvp_"))
        sections = self.options.chosen_sections()
        without = [f"{before}{name}" for section, before in asked if section in sections for name in self.gradients]
        return (*notes, f"{', '.join(without)}: hold without what is assumed") if notes and without else notes

    @property
    def command(self) -> str:
        """The command that makes the document again: sizes, and options that are not their defaults."""
        words = ["derive", *map(quoted, self.written.words or (self.written.name,))]
        folded = [letter.casefold() for letter in self.sizes]
        taken = {*TAKEN, *document_option_names(), *(option for option, _ in self.written.variant)}
        stated = dict(self.written.stated)
        for letter, number in self.sizes.items():
            if stated.get(letter) == number:
                continue
            alone = folded.count(letter.casefold()) == 1 and letter.casefold() not in taken
            words += [f"--{letter.lower()}", str(number)] if alone else ["--size", f"{letter}={number}"]
        for option, value in self.written.variant:
            words += [f"--{option}", value]
        return " ".join([*words, *self.options.arguments()])

    def document(self, **chosen: Any) -> Document:
        """The document as a value; options as for `derive`.

        Raises: UserError for an option that cannot be; RefutedError if a step of a derivation is false.
        """
        if chosen:
            return self._with(document_options(**{**self.options.changed(), **chosen})).document()
        self.check_sections()
        from derive.document.compose import compose  # deferred: blocks and sections, which data does without

        return compose(self.material())

    def check_sections(self) -> None:
        """Refuses a section that this layer has not.

        Raises: UserError with what to ask for instead.
        """
        if "vector" in self.options.chosen_sections() and not self.layer.output.shape:
            raise UserError(
                f"--end vector: the output of {self.layer.name} is a number, the loss itself, so nothing follows it; "
                f"leave the option out"
            )
        if "network" in self.options.sections and not self.layer.stages:
            raise UserError(
                f"--sections network: {self.layer.name} is one layer and no network; write derive network "
                f"'affine(3) > relu', or leave the section out"
            )

    def _with(self, options: DocumentOptions) -> Derived:
        """The same with other options; what they do not touch is not derived again."""
        old = self.options
        same = [
            (one.convention, one.samples, one.oracle, one.assume, one.jacobian, one.order, one.numbers())
            for one in (old, options)
        ]
        return replace(self, options=options) if same[0] == same[1] else Derived.of(self.written, self.sizes, options)

    def material(self) -> Material:
        """What a document is composed from.

        Raises: RefutedError if a step of a derivation is false.
        """
        return Material(
            layer=self.layer,
            assumed=self.assumed if self.assumed.assumptions else None,
            second={name: g.second for name, g in self.gradients.items() if g.with_second},
            sizes=self._bound,
            routes={name: gradient.route for name, gradient in self.gradients.items()},
            evidence={
                name: (*gradient.page_evidence, *self._of_vector(gradient)) for name, gradient in self.gradients.items()
            },
            options=self.options,
            command=self.command,
            version=__version__,
            worked=self.worked,
        )

    def _of_vector(self, gradient: DerivedGradient) -> tuple[Evidence, ...]:
        """What is known of a vector at the end, if the document speaks of one."""
        if "vector" not in self.options.chosen_sections():
            return ()
        route = derive_vector(self.layer, gradient.route.map.input.name)
        found = check_vector(route, gradient.route.formula, check_sizes(self.layer))
        if found is not None and found.strength is Strength.REFUTED:
            raise RefutedError(f"{self.layer.name}: {found.counterexample}")
        return (found,) if found else ()

    def code(self, language: str = "numpy", *, function: bool = False) -> str:
        """Source of the forward and the backward pass that runs as it is.

        In numpy it is a class, in torch a torch.autograd.Function, in jax a function with a jax.custom_vjp; or, in
        each, one function `backward(X, W, b, G)` that computes the chosen gradients from its arguments alone.

        Raises: UnknownNameError for another language; UnsupportedError for what it cannot say; RefutedError if a step
        of a derivation is false.
        """
        from derive.code import function_source, layer_source  # deferred: only this needs it

        for gradient in self.gradients.values():
            # Nothing is written that was not verified.
            _ = gradient.page_evidence
        formulas = [gradient.formula for gradient in self.gradients.values()]
        if function:
            return function_source(self.layer, formulas, "backward", language)
        return layer_source(self.layer, formulas, language)

    def json(self, *, all_entries: bool = False) -> str:
        """The derivation as JSON; `derive/render/schema/derive-1.json` says what is in it.

        Lists are cut at 200 entries, their true lengths beside them, unless all_entries is set.

        Raises: SizeError if all of more than 100 000 entries are asked for; RefutedError if a step is false.
        """
        from derive.render.json import render_json  # deferred: a document does not need it

        return render_json(self.material(), all_entries=all_entries)

    def svg(self) -> tuple[str, ...]:
        """The computational graph as SVG files, in as few as it fits in; none if it is too large to be drawn."""
        from derive.document.drawing.pages import draw  # deferred: a document does not need it
        from derive.document.drawing.picture import picture
        from derive.render.svg import render_svg
        from derive.routes.graph import derive_graph

        drawn = picture(derive_graph(self.layer, *self.gradients))
        drawings = () if drawn is None else draw(drawn)
        gradients = "; ".join(f"d{name} = {gradient.formula}" for name, gradient in self.gradients.items())
        return tuple(
            render_svg(drawing, title=f"Computational graph of {self.layer.name}", description=gradients)
            for drawing in drawings
        )

    def latex(self, *, fragment: bool = False) -> str:
        """The document as LaTeX; a fragment is its body alone, to input into a document of one's own."""
        from derive.render.latex import render_fragment, render_latex  # deferred: imports Jinja

        return (render_fragment if fragment else render_latex)(self.document())

    def pdf(self, path: str | PathLike[str], *, engine: str = "auto") -> Path:
        """Writes the document as PDF and returns where.

        Raises: EngineError if there is no engine or it fails; WriteError if the file cannot be written.
        """
        from derive.pdf import typeset  # deferred: only a PDF needs processes
        from derive.write import write_bytes

        return write_bytes(Path(path), typeset(self.latex(), engine=engine))

    def _repr_latex_(self) -> str:
        spell = speller(self.options.names, self.layer.loss)
        equations = (print_latex(spell(gradient.formula.equation)) for gradient in self.gradients.values())
        lines = r" \\ ".join(equation.replace("=", "&=", 1) for equation in equations)
        return rf"$\displaystyle \begin{{aligned}}{lines}\end{{aligned}}$"


def derive(
    layer: str | Layer,
    sizes: Mapping[str, int] | None = None,
    /,
    *,
    shapes: Mapping[str, str] | None = None,
    let: Mapping[str, str] | None = None,
    **chosen: Any,
) -> Derived:
    """The derivation of the gradients of a layer, or of an expression, at concrete sizes.

    Args:
        layer: the name of a layer of the catalogue, a traced layer, or NumPy-style text; see `derive.forward.parse`.
        sizes: sizes by letter, for letters that differ only in case or are also the name of an option.
        shapes: for a text, the shape of every array in it, {"X": "N D", "w": "D"}; sizes not given are 2, 3, 4, ...
        let: for a text, expressions of intermediate values by name, {"S": "softmax(X @ W)"}.
        **chosen: sizes by letter in either case (n=2), the variant of a layer of the catalogue (bias="none"), and the
            options of DocumentOptions (wrt="X,W", depth="brief"); values may be arrays by name, values={"X": [[1, 2]],
            ...}.

    Raises: UnknownNameError for a layer, size or option that does not exist; SizeError for a size that is no positive
    integer; ExpressionError, ShapeError and UnsupportedError for a text that cannot be derived.

    Example:
        >>> derive("affine", n=2, d=2, m=3).wrt("b").gradient[1]
        g_1_2 + g_2_2
        >>> str(derive("A @ x", shapes={"A": "M N", "x": "N"}).wrt("x").formula)
        'A.T @ G'
    """
    found = _found(layer, shapes, let, chosen)
    letters = {letter.casefold() for letter in found.letters}
    given = {name: value for name, value in chosen.items() if name.casefold() in letters}
    options = document_options(**{name: value for name, value in chosen.items() if name not in given})
    return Derived.of(found, {**(sizes or {}), **given}, options)


def _found(
    layer: str | Layer, shapes: Mapping[str, str] | None, let: Mapping[str, str] | None, chosen: dict[str, Any]
) -> Layer:
    """The layer that is meant; what says which variant of it leaves the options."""
    if isinstance(layer, str) and (shapes is not None or not layer.isidentifier()):
        if shapes is None:
            raise UserError(
                f"derive: {layer:.60} is no name of a layer; give the shapes of an expression, as in "
                f'shapes={{"X": "N D"}}, or write derive(network("affine(3) > relu"))'
            )
        return parse(layer, shapes, let=let)
    if shapes is not None or let is not None:
        raise UserError("derive: shapes and let go with an expression, as in derive('X @ w', shapes={'X': 'N D', ...})")
    if isinstance(layer, str):
        varied = dict(listing(layer).variants)
        return load(layer, {name: chosen.pop(name) for name in [*chosen] if name in varied})
    if not isinstance(layer, Layer):
        raise UserError(
            f"derive: expected the name of a layer or a traced layer, got {type(layer).__name__}; "
            f"decorate the function with @derive.layer(...)"
        )
    return layer
