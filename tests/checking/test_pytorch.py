"""PyTorch's classes: traced on symbols as far as those answer to its names, else checked in numbers of 64 bits."""

from __future__ import annotations

import pytest

from derive.checking import check_backward
from derive.errors import UserError
from derive.proof.evidence import Strength

torch = pytest.importorskip("torch")

from tests.checking import torch_layers as layers  # noqa: E402 -- it imports PyTorch

ALL, AT, POINTS, REFUTED = Strength


def strengths(kind, forward=None, **options):
    return {v.name: v.strength for v in check_backward(kind, forward, **options).gradients}


def test_a_function_is_proved():
    assert strengths(layers.Affine) == {"X": ALL, "W": ALL, "b": ALL}
    assert strengths(layers.Softmax) == {"X": ALL}
    assert strengths(layers.Scaled) == {"X": ALL}


def test_a_function_that_is_wrong_is_refuted():
    report = check_backward(layers.FirstSample)
    assert {v.name: v.strength for v in report.gradients} == {"X": ALL, "W": ALL, "b": REFUTED}
    assert report.name == "torch_layers.FirstSample.backward"
    assert report.words[:2] == ("check", "torch_layers.py:FirstSample")


def test_a_module_with_a_backward_of_its_own_is_proved():
    assert strengths(layers.LayerNorm, shapes={"gamma": "D"}) == {"X": ALL, "gamma": ALL}


def test_the_variance_is_divided_by_one_less_unless_it_is_told_otherwise():
    assert strengths(layers.Unbiased, shapes={"gamma": "D"}) == {"X": REFUTED, "gamma": ALL}


def test_what_pytorch_derives_is_checked_in_numbers():
    report = check_backward(layers.Plain)
    assert {v.name: v.strength for v in report.gradients} == {"X": POINTS, "W": POINTS}
    assert all("PyTorch's own backward pass" in v.reason for v in report.gradients)


def test_what_symbols_cannot_do_is_checked_in_numbers():
    (verdict,) = check_backward(layers.Sorted).gradients
    assert verdict.strength is POINTS
    assert "torch.sort is not supported on symbols" in verdict.reason
    assert "in floats" in verdict.method


def test_a_numpy_backward_against_a_module():
    assert strengths(layers.plain_backward, layers.Plain) == {"X": ALL, "W": ALL}


def test_what_changes_from_run_to_run_is_refused_with_the_remedy():
    for kind, words in (
        (layers.Dropped, r"drop is Dropout\(p=0.5\) in training mode, which is random; check the module in evaluation"),
        (layers.Batched, r"norm is BatchNorm1d in training mode, whose running statistics are changed by forward"),
        (layers.Sized, r"can be made without arguments .*; make one in the file, layer = Sized\(...\)"),
    ):
        with pytest.raises(UserError, match=words):
            check_backward(kind)
    with pytest.raises(UserError, match="forward changes the buffer seen, so that it computes something else each"):
        check_backward(layers.Counting)


def test_a_module_that_was_made_is_checked_as_it_is():
    names = {"X": ALL, "inner.weight": ALL, "inner.bias": ALL}
    assert strengths(layers.Sized(3, 2)) == names
    assert strengths(layers.Dropped().eval()) == names
    # Arrays of numbers, such as running statistics, have sizes of their own.
    own = {"norm.weight": POINTS, "norm.bias": POINTS}
    assert strengths(layers.Batched().eval()) == {**dict.fromkeys(names, AT), **own}


def test_shapes_of_parameters_in_letters():
    shapes = {"X": "N D", "inner.weight": "M D", "inner.bias": "M"}
    assert strengths(layers.Sized(3, 2), shapes=shapes) == {"X": ALL, "inner.weight": ALL, "inner.bias": ALL}


def test_one_parameter_at_two_places():
    assert strengths(layers.Tied) == {"X": ALL, "inner.weight": ALL}


def test_what_is_detached_gets_nothing_back():
    assert strengths(layers.Detached) == {"X": REFUTED, "inner.weight": REFUTED, "inner.bias": REFUTED}


def test_hooks_are_not_passed_over():
    assert set(strengths(layers.Hooked).values()) == {POINTS}


def test_modules_around_what_pytorch_computes_alone_are_checked_in_numbers():
    report = check_backward(layers.Recurrent)
    assert {v.strength for v in report.gradients} == {POINTS}
    assert all("not supported on symbols" in v.reason for v in report.gradients)


def test_apply_that_is_called_by_another_file_is_not_passed_over():
    """The module's forward reaches the Function by a way that no stand-in is on, so only its passes tell what it is."""
    assert strengths(layers.Elsewhere)["X"] is REFUTED


def test_the_default_type_is_left_alone():
    before = torch.get_default_dtype()
    check_backward(layers.Affine)
    assert torch.get_default_dtype() is before


DRAWN = torch.Generator().manual_seed(0)
NUMBERS = {
    "x": torch.rand(3, generator=DRAWN).double() + 0.1,
    "A": torch.randn(2, 3, generator=DRAWN).double(),
    "B": torch.randn(2, 3, generator=DRAWN).double(),
}


@pytest.mark.parametrize(
    "function",
    [
        lambda t, A: t.sum(A, dim=1, keepdim=True),
        lambda t, A: A.sum(0),
        lambda t, A: A.mean((0, 1)),
        lambda t, A: A.var(dim=1),
        lambda t, A: t.var(A, dim=1, unbiased=False),
        lambda t, A: A.std(dim=0, correction=0, keepdim=True),
        lambda t, A: t.amax(A, dim=1),
        lambda t, A: t.max(A),
        lambda t, A, B: t.max(A, B),
        lambda t, A, B: A.mm(B.t()),
        lambda t, A, x: A.mv(x),
        lambda t, A, B: t.addmm(A @ B.T, A, B.T),
        lambda t, A, B: t.einsum("ij,kj->ik", A, B),
        lambda t, A, B: t.einsum("ij,kj->ik", [A, B]),
        lambda t, A, B: t.cat([A, B], dim=1),
        lambda t, A, B: t.stack((A, B), dim=2),
        lambda t, A, B: t.where(A > 0, A, B),
        lambda t, A: A.masked_fill(A < 0, 0.5),
        lambda t, A: A.clamp(min=-0.5, max=0.5),
        lambda t, A: t.clamp(A, min=0),
        lambda t, A: (A > 0).to(A.dtype) * A,
        lambda t, A: (A > 0).double().sum(),
        lambda t, A: (A > 0).sum(dim=0),
        lambda t, A: t.softmax(A, dim=0),
        lambda t, A: A.log_softmax(1),
        lambda t, A: t.sigmoid(A) + t.relu(A) + A.tanh(),
        lambda t, x: t.rsqrt(x) + x.reciprocal() + x.log() + t.sqrt(x) + x.pow(3) + x**2,
        lambda t, A: A.view(3, 2).transpose(0, 1).reshape(-1),
        lambda t, A: A.permute(1, 0).unsqueeze(1).squeeze(1),
        lambda t, A: A.flatten() * A.numel() + A.size(1) + A.dim(),
        lambda t, x: x.unsqueeze(0).expand(2, -1),
        lambda t, x, A: x.expand_as(A),
        lambda t, A: 2 - A / 3 + 1 / (A * A) - abs(-A),
        lambda t, A: A.clone().mul_(2).add_(1).sub_(A),
        lambda t, A: t.zeros_like(A) + t.ones(2, 3) + t.zeros((2, 3)) + t.eye(3)[:2],
        lambda t, A: t.outer(A[0], A[:, 1]),
        lambda t, A, B: t.nn.functional.linear(A, B),
    ],
)
def test_pytorchs_names_mean_on_symbols_what_they_mean_on_tensors(function):
    from derive.checking.arrays.numbers import stand_ins
    from derive.checking.arrays.scalars import Digits
    from derive.checking.arrays.sheet import Sheet, objects
    from derive.checking.budget import Budget
    from derive.checking.pytorch.tensors import unwrapped, wrapped

    scalars = Digits(Budget(60))
    anchor = Sheet(objects(scalars.number(0)), scalars)
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    stand_in = Symbolic(stand_ins(scalars)[0]["torch"])
    got = unwrapped(function(stand_in, *(wrapped(anchor.of(NUMBERS[n].numpy().copy())) for n in names)))
    expected = function(torch, *(NUMBERS[n].clone() for n in names)).double()
    assert got.shape == tuple(expected.shape)
    values = [float(entry) for entry in got.data.ravel()]
    torch.testing.assert_close(torch.tensor(values).double().reshape(expected.shape), expected, rtol=1e-6, atol=1e-9)


class Symbolic:
    """What stands for torch, with its part torch.nn.functional."""

    def __init__(self, found):
        self.found = found
        self.nn = self
        self.functional = found

    def __getattr__(self, name):
        return getattr(self.found, name)


@pytest.mark.parametrize(
    "function",
    [
        lambda t, A: t.sort(A),
        lambda t, A: A.gather(0, 1),
        lambda t, A: A.sum(dim=0, out=A),
        lambda t, A: A.to(t.int64),
        lambda t, A: t.randn(2),
    ],
)
def test_what_tensors_on_symbols_cannot_do_is_refused(function):
    from derive.checking.arrays.numbers import stand_ins
    from derive.checking.arrays.scalars import Digits
    from derive.checking.arrays.sheet import Sheet, objects
    from derive.checking.budget import Budget
    from derive.checking.pytorch.tensors import wrapped
    from derive.errors import UnsupportedError

    scalars = Digits(Budget(60))
    A = wrapped(Sheet(objects(scalars.number(0)), scalars).of(NUMBERS["A"].numpy()))
    with pytest.raises(UnsupportedError, match="not supported on symbols"):
        function(stand_ins(scalars)[0]["torch"], A)
