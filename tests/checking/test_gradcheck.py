"""The finite differences of the page say what PyTorch's say, and let through what they are said to let through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.checking.case import Case, cases, evaluate, gradients
from tests.checking.gradcheck import passes, typical
from tests.checking.labelled import RIGHT_ONES, WRONG_ONES, by_name


def pytorchs(torch: Any, case: Case) -> bool:
    """What torch.autograd.gradcheck says of a backward, made a function of PyTorch's."""
    names = list(case.shapes)

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *tensors):
            ctx.inputs = {name: x.detach().numpy() for name, x in zip(names, tensors, strict=True)}
            return torch.as_tensor(evaluate(case, ctx.inputs), dtype=torch.float64)

        @staticmethod
        def backward(ctx, g):
            with np.errstate(all="ignore"):
                found = gradients(case, ctx.inputs, g.numpy() if g.ndim else g.item())
            return tuple(torch.as_tensor(np.asarray(found[name])) if name in found else None for name in names)

    inputs = [torch.tensor(x, requires_grad=name in case.wrt) for name, x in typical(case).items()]
    return torch.autograd.gradcheck(Wrapped.apply, inputs, raise_exception=False)


@pytest.mark.parametrize("case", cases(), ids=by_name)
def test_finite_differences_say_what_pytorchs_say(case):
    torch = pytest.importorskip("torch")
    assert passes(case, typical(case)) == pytorchs(torch, case)


def test_finite_differences_pass_all_that_are_right():
    assert all(passes(case, typical(case)) for case in RIGHT_ONES)


def test_finite_differences_pass_many_that_are_wrong():
    assert sum(passes(case, typical(case)) for case in WRONG_ONES) >= 60
