"""The gradients of a case in 50 digits: what the backward gives there, and differences of the forward, so fine that
fewer digits are lost than are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np

from tests.checking.case import Case, evaluate, gradients
from tests.checking.real import Real, in_objects, reals

DIGITS = 50
STEP = mpmath.mpf(10) ** -50


def precise_gradients(case: Case, inputs: Mapping[str, Any], g: Any) -> dict[str, Any]:
    """What the backward gives, run on numbers of 50 digits."""
    with mpmath.workdps(DIGITS), in_objects(case.backward):
        return gradients(case, {name: reals(x) for name, x in inputs.items()}, reals(g))


def differences(case: Case, inputs: Mapping[str, Any], g: Any, wrt: str) -> Any:
    """The gradient for one input from central differences of the forward: steps of 1e-50 in 160 digits."""
    shape = np.shape(inputs[wrt])
    found = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        direction = np.zeros(shape)
        direction[place] = 1
        ahead, behind = one_sided(case, inputs, g, wrt, direction)
        with mpmath.workdps(DIGITS):
            found[place] = (ahead + behind) / 2
    return found


def one_sided(case: Case, inputs: Mapping[str, Any], g: Any, wrt: str, direction: Any) -> tuple[Real, Real]:
    """How fast the value, times the upstream gradient, grows ahead along a direction, and how fast from behind."""
    with mpmath.workdps(160), in_objects(case.backward):
        exact = {name: reals(x) for name, x in inputs.items()}
        g, step = reals(g), Real(STEP)
        moved = [{**exact, wrt: exact[wrt] + sign * step * direction} for sign in (-1, 0, 1)]
        low, here, high = (np.sum(g * evaluate(case, x)) for x in moved)
        return (high - here) / step, (here - low) / step
