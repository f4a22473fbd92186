"""Which values of summed indices a product with Select operands leaves: solved, not tried one by one.

s = offset + Σ_k stride_k i_k        one equation an operand; one unknown of an equation follows from the others
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.notation.tree import Index

__all__ = ["Equation", "linear", "solutions"]


@dataclass(frozen=True, slots=True)
class Equation:
    """s = offset + Σ_k stride_k i_k, in labels; label s is the last one."""

    labels: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    def residual(self, at: Mapping[int, int]) -> int:
        """offset + Σ stride_k i_k - s, over the labels that are known."""
        known = sum(stride * at[i] for i, stride in zip(self.labels, self.strides, strict=False) if i in at)
        return self.offset + known - at.get(self.labels[-1], 0)

    def coefficient(self, label: int) -> int:
        """What the label is multiplied by in the residual."""
        inner = sum(stride for i, stride in zip(self.labels, self.strides, strict=False) if i == label)
        return inner - (label == self.labels[-1])


def solutions(
    equations: Sequence[Equation], unknown: Mapping[int, int], at: Mapping[int, int]
) -> Iterator[dict[int, int]]:
    """Every choice of the unknown labels, each below its size, that satisfies all the equations."""
    for equation in equations:
        left = [label for label in dict.fromkeys(equation.labels) if label in unknown]
        if not left and equation.residual(at) != 0:
            return
        if len(left) == 1 and (coefficient := equation.coefficient(left[0])):
            value, rest = divmod(-equation.residual(at), coefficient)
            if rest == 0 and 0 <= value < unknown[left[0]]:
                yield from _with(left[0], value, equations, unknown, at)
            return
    if not unknown:
        yield {}
        return
    # The shortest axis is tried out, so that the longest follows.
    label = min(unknown, key=unknown.__getitem__)
    for value in range(unknown[label]):
        yield from _with(label, value, equations, unknown, at)


def _with(
    label: int, value: int, equations: Sequence[Equation], unknown: Mapping[int, int], at: Mapping[int, int]
) -> Iterator[dict[int, int]]:
    rest = {other: size for other, size in unknown.items() if other != label}
    for found in solutions(equations, rest, {**at, label: value}):
        yield {label: value, **found}


_TERM = re.compile(r"([+-]?)([0-9]*)([A-Za-z][A-Za-z0-9]*)?")


def linear(positions: Sequence[Index], strides: Sequence[int], offset: int) -> Index:
    """offset + Σ_k stride_k i_k, of positions counted from 0; letters run from 1, and so does what is written, 2k+1."""
    letters: dict[str, int] = {}
    number = offset
    for position, stride in zip(positions, strides, strict=True):
        if isinstance(position, int):
            number += stride * position
            continue
        # What is written is one more than the position.
        number -= stride
        for sign, digits, letter in _TERM.findall(position):
            count = stride * (-1 if sign == "-" else 1) * int(digits or 1)
            if letter:
                letters[letter] = letters.get(letter, 0) + count
            elif digits:
                number += count
    letters = {letter: count for letter, count in letters.items() if count}
    if not letters:
        return number
    number += 1
    written = "".join(
        f"{'-' if count < 0 else '+'}{abs(count) if abs(count) != 1 else ''}{letter}"
        for letter, count in letters.items()
    ).removeprefix("+")
    return written + (f"{number:+d}" if number else "")
