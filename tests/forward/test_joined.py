"""Which sums are arrays beside each other: those whose parts cover an axis, each place once."""

from __future__ import annotations

import re

import pytest

import derive
from derive.forward.joined import joined

SHAPES = {"x": "N", "y": "N", "A": "N 2", "B": "N 3", "t": "", "u": "4"}

YES = [
    ("concatenate([A, B, A], axis=1)", ["A", "B", "A"], 1, False, False),
    ("stack([x, 2 * y], axis=1)", ["x", "2 * y"], 1, True, False),
    ("pad(B, ((0, 0), (2, 0))) + pad(A, ((0, 0), (0, 3)))", ["A", "B"], 1, False, False),
    ("stack([t, 1 - t])", ["t", "1 - t"], 0, True, False),
    ("concatenate([x, y, x])", ["x", "y", "x"], 0, False, False),
]

NO = {
    "a gap": "pad(A, ((0, 0), (0, 4))) + pad(B, ((0, 0), (3, 0)))",
    "an overlap": "pad(A, ((0, 0), (0, 2))) + pad(B, ((0, 0), (1, 0)))",
    "two axes": "pad(u, ((0, 4),)) + concatenate([zeros(4), u]) + pad(u, ((2, 2),))",
    "one place twice": "concatenate([t * ones(1), zeros(1)]) + concatenate([zeros(1), ones(1)]) + ones(2)",
    "no parts": "A + 1",
}


@pytest.mark.parametrize(("text", "parts", "axis", "stacked", "interleaved"), YES, ids=[row[0] for row in YES])
def test_parts_that_cover_an_axis_are_known_in_their_order(text, parts, axis, stacked, interleaved):
    found = joined(output(text))
    assert found is not None
    assert [str(part) for part in found.parts] == parts
    assert (found.axis, found.stacked, found.interleaved) == (axis, stacked, interleaved)


@pytest.mark.parametrize("text", NO.values(), ids=NO)
def test_other_sums_are_no_parts(text):
    assert joined(output(text)) is None


def output(text):
    shapes = {name: shape for name, shape in SHAPES.items() if re.search(rf"\b{name}\b", text)}
    sizes = {"N": 3} if any("N" in shape.split() for shape in shapes.values()) else {}
    return derive.derive(text, shapes=shapes, **sizes).layer.output
