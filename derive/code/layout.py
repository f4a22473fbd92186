"""Lays a program out as lines of code: what the languages have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from derive.code.printer import Printer
from derive.code.program import Array, Program
from derive.code.sizes import arrays_for, size_lines, words_of

__all__ = ["Function", "Passes", "camel", "indented", "shape_text", "signature", "told"]


@dataclass(frozen=True, slots=True)
class Passes:
    """The lines of both passes, without those that keep values between them.

    kept are the names of inputs and forward values that the backward pass uses; the lines that find sizes are among
    those of each pass.
    """

    forward: tuple[str, ...]
    output: str
    backward: tuple[str, ...]
    results: tuple[str, ...]
    kept: tuple[str, ...]

    @staticmethod
    def of(program: Program, ahead: Printer, behind: Printer) -> Passes:
        """Forward as one printer prints it, backward as the other does."""
        forward = [ahead.statement(item) for item in program.forward]
        output = _output(program, ahead)
        backward = [behind.statement(item) for item in program.backward]
        backward += [behind.statement(r.statement, r.wrt.name) for r in program.results]
        words = words_of(backward)
        inputs = [array for array in program.inputs if array.name in words]
        arrived = [] if program.is_loss else [program.upstream]
        letters = _letters(program, backward)
        inputs += [a for a in arrays_for(letters, program.inputs, [*inputs, *arrived]) if a not in inputs]
        inputs = [array for array in program.inputs if array in inputs]
        values = [item.name for item in program.forward if item.name in words]
        return Passes(
            (*_sizes(program, program.inputs, [*forward, output]), *forward),
            output,
            (*_sizes(program, [*inputs, *arrived], backward), *backward),
            tuple(result.statement.name for result in program.results),
            (*(array.name for array in inputs), *values),
        )


@dataclass(frozen=True, slots=True)
class Function:
    """The lines of one function that computes gradients from inputs and the upstream gradient."""

    program: Program
    body: tuple[str, ...]

    @staticmethod
    def of(program: Program, printer: Printer) -> Function:
        """Both passes, one after the other; what only the output needs is left out."""
        backward = [printer.statement(item) for item in program.backward]
        results = [(result, printer.whole(result.statement, result.wrt.name)) for result in program.results]
        needed = words_of([*backward, *(text for _, text in results)])
        forward: list[str] = []
        for item in reversed(program.forward):
            if item.name in needed:
                line = printer.statement(item)
                needed |= words_of([line])
                forward.insert(0, line)
        if len(results) == 1:
            last = [f"return {results[0][1]}"]
        else:
            last = [f"{result.statement.name} = {text}" for result, text in results]
            last.append(f"return {', '.join(result.statement.name for result, _ in results)}")
        lines = [*forward, *backward, *last]
        arrived = [] if program.is_loss else [program.upstream]
        return Function(program, (*_sizes(program, [*program.inputs, *arrived], lines), *lines))

    def lines(self, name: str) -> list[str]:
        """The function with this name, and the shapes in its docstring."""
        program = self.program
        arrived = () if program.is_loss else (program.upstream,)
        arguments = (*program.inputs, *arrived)
        described = (told(program), shape_text(program.inputs))
        results = ", ".join(f"d{program.loss}/d{r.wrt.name} {_shape(r.wrt)}" for r in program.results)
        return [
            f"def {name}({signature(arguments)}):",
            f'    """{results}.',
            "",
            *(f"    {line}" for line in described),
            '    """',
            *indented(self.body, 1),
        ]


def _output(program: Program, printer: Printer) -> str:
    """The output; in the shape that it has, if NumPy would stretch what is written."""
    item = program.output
    if item.full or not program.upstream.shape:
        return printer.whole(item)
    same = next((a.name for a in program.inputs if a.shape == program.upstream.shape and not a.whole), "")
    if same:
        return printer.whole(item, same)
    return printer.zeros(_shape(program.upstream)) + f" + {printer.whole(replace(item, full=True))}"


def _letters(program: Program, lines: Iterable[str]) -> list[str]:
    arrays = {array.name for array in program.inputs}
    words = words_of(lines)
    return [letter for letter in program.letters if letter in words and letter not in arrays]


def _sizes(program: Program, arrays: Sequence[Array], lines: Sequence[str]) -> list[str]:
    return size_lines(_letters(program, lines), arrays)


def indented(lines: Iterable[str], depth: int) -> list[str]:
    """The lines further to the right."""
    return [f"{'    ' * depth}{line}" for line in lines]


def camel(name: str) -> str:
    """LstmCell for lstm_cell."""
    return "".join(part.capitalize() for part in name.split("_"))


def signature(arrays: Iterable[Array]) -> str:
    """X, W, b."""
    return ", ".join(array.name for array in arrays)


def shape_text(arrays: Sequence[Array]) -> str:
    """X (N, D), b (D,)."""
    return ", ".join(f"{array.name} {_shape(array)}" for array in arrays) + "."


def told(program: Program) -> str:
    """What the upstream gradient is."""
    if program.is_loss:
        return f"The output is the loss {program.loss} itself."
    output = program.output.name
    return f"{program.upstream.name} = d{program.loss}/d{output}, shape {_shape(program.upstream)}."


def _shape(array: Array) -> str:
    inner = ", ".join(map(str, array.shape))
    return f"({inner},)" if len(array.shape) == 1 else f"({inner})"
