"""Finite differences in the manner of torch.autograd.gradcheck, with its default step and tolerances.

Source: PyTorch documentation, torch.autograd.gradcheck; its slow mode. The numerical Jacobian is made of central
differences, the analytical one of the backward's answers to unit vectors, and the two are compared by allclose. To an
upstream gradient of zeros the answer has to be zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.checking.case import Case, draw, evaluate, gradients

STEP = 1e-6
ABSOLUTE = 1e-5
RELATIVE = 1e-3


def typical(case: Case) -> dict[str, np.ndarray]:
    """The inputs with which somebody would run finite differences: drawn, but for what one would choose."""
    return draw(case, case.typical, given=case.inputs)


def passes(case: Case, inputs: Mapping[str, Any]) -> bool:
    """Whether finite differences at the default tolerances find nothing wrong at these inputs."""
    shape = np.shape(evaluate(case, inputs))
    # What is no number is no warning here: it differs from every number.
    with np.errstate(all="ignore"):
        answers = [gradients(case, inputs, g) for g in _unit_vectors(shape)]
        nothing = gradients(case, inputs, np.zeros(shape) if shape else 0.0)
    for name in case.wrt:
        if np.any(nothing[name] != 0):
            return False
        if any(np.shape(answer[name]) != np.shape(inputs[name]) for answer in answers):
            return False
        analytical = np.stack([np.ravel(answer[name]) for answer in answers], axis=1)
        if not np.allclose(analytical, _numerical(case, inputs, name), rtol=RELATIVE, atol=ABSOLUTE):
            return False
    return True


def _unit_vectors(shape: tuple[int, ...]) -> list[Any]:
    if not shape:
        return [1.0]
    return list(np.eye(int(np.prod(shape))).reshape(-1, *shape))


def _numerical(case: Case, inputs: Mapping[str, Any], name: str) -> np.ndarray:
    rows = []
    for place in np.ndindex(*np.shape(inputs[name])):
        ahead, behind = (np.array(inputs[name]) for _ in range(2))
        ahead[place] += STEP
        behind[place] -= STEP
        rise = evaluate(case, {**inputs, name: ahead}) - evaluate(case, {**inputs, name: behind})
        rows.append(np.ravel(rise) / (2 * STEP))
    return np.stack(rows)
