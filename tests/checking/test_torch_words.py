"""PyTorch's names mean on symbols what they mean on tensors: the expected values are PyTorch's own."""

from __future__ import annotations

import pytest

from derive.checking.arrays.numbers import stand_ins
from derive.checking.arrays.scalars import Digits
from derive.checking.arrays.sheet import Sheet, objects
from derive.checking.budget import Budget
from derive.checking.pytorch.tensors import Torchlike, unwrapped, wrapped
from derive.errors import UnsupportedError

torch = pytest.importorskip("torch")

DRAWN = torch.Generator().manual_seed(0)
NUMBERS = {
    "x": torch.rand(3, generator=DRAWN).double() + 0.1,
    "A": torch.randn(2, 3, generator=DRAWN).double(),
    "B": torch.randn(2, 3, generator=DRAWN).double(),
    "P": torch.rand(2, 3, generator=DRAWN).double() * 0.8 + 0.1,
    "C": torch.randn(2, 3, 4, generator=DRAWN).double(),
    "W": torch.randn(2, 3, 2, generator=DRAWN).double(),
    "k": torch.tensor([1, 0, 1]),
    "r": torch.tensor([2, 0]),
    "J": torch.tensor([[1, 0, 1], [0, 1, 1]]),
}


def tensors(function):
    """The stand-in, and the arguments that a function names, on numbers of many digits."""
    scalars = Digits(Budget(60))
    anchor = Sheet(objects(scalars.number(0)), scalars)
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    given = (NUMBERS[n].numpy().copy() for n in names)
    made = [wrapped(anchor.of(array)) if array.dtype.kind == "f" else Torchlike(array) for array in given]
    return stand_ins(scalars)[0]["torch"], made


def agree(function):
    stand_in, made = tensors(function)
    got = unwrapped(function(stand_in, *made))
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    expected = function(torch, *(NUMBERS[n].clone() for n in names)).double()
    assert tuple(got.shape) == tuple(expected.shape)
    data = got.data if isinstance(got, Sheet) else got
    values = [float(entry) for entry in data.ravel()]
    torch.testing.assert_close(torch.tensor(values).double().reshape(expected.shape), expected, rtol=1e-6, atol=1e-9)


def changed(t, A, change):
    """What is left of a tensor after something was done to it in place."""
    change(A)
    return A


@pytest.mark.parametrize(
    "function",
    [
        lambda t, A: A.mT @ A,
        lambda t, A: A.type_as(A).detach().clone() + A.data,
        lambda t, A: A.sum(dim=-1, keepdim=True) - A.sum(axis=1, keepdims=True) + A,
        lambda t, A: changed(t, A, lambda z: z.masked_fill_(z > 0, 0.25)),
        lambda t, A, B: changed(t, A, lambda z: z.add_(B, alpha=2)),
        lambda t, A: changed(t, A, lambda z: z.clamp_(min=-0.5).mul_(2).exp_()),
        lambda t, A: changed(t, A, lambda z: z.relu_().sub_(1).div_(3)),
        lambda t, A: changed(t, A, lambda z: z.unsqueeze_(0).squeeze_(0)),
        lambda t, A, J: A.new_zeros(2, 3).scatter_add_(0, J, A),
        lambda t, A, J: A.new_zeros(2, 3).scatter_add(1, J, A),
        lambda t, A, J: t.zeros_like(A).scatter_(1, J, 1.0),
        lambda t, A, r: A.new_zeros(3, 3).index_add_(0, r, A),
        lambda t, A, r: A.new_zeros(3, 3).index_add(0, r, A, alpha=2),
        lambda t, A, k: A.index_select(0, k),
        lambda t, A, J: A.gather(0, J) + t.gather(A, 1, J),
        lambda t, A, k, x: A.index_put((k,), A[:1] * x, accumulate=True),
        lambda t, A, k: A[k] * k.view(-1, 1).double(),
        lambda t, A: A.max(dim=1).values + A.max(1)[0] - A.min(dim=1, keepdim=False).values,
        lambda t, A: A.argmax(dim=1).double(),
        lambda t, A: t.gather(A, 1, A.max(dim=1, keepdim=True).indices),
        lambda t, A: A.squeeze(1).squeeze(0) + A[None].squeeze(0),
        lambda t, C: C.flatten(1) @ C.flatten(start_dim=1).mT,
        lambda t, A: t.cat([part * 2 for part in A.chunk(2, dim=1)], dim=1),
        lambda t, A: t.cat([a * 3 for a in t.split(A, [1, 2], dim=1)], dim=1),
        lambda t, A: t.stack([row * 2 for row in A.unbind(0)]),
        lambda t, A: A.narrow(1, 1, 2),
        lambda t, A, B: t.inner(A, B) + A.inner(B[0])[:, None],
        lambda t, C: t.diff(C, 1) - C.diff(1, 2),
        lambda t, C: C.diff(dim=0) + t.diff(C, n=2, dim=2)[:1, :, :1],
        lambda t, x: x.std(False) + x.var(False) + x.var(True) + x.std(0, False),
        lambda t, A, x: t.linalg.norm(A) + t.linalg.norm(x, 1) + t.linalg.norm(A, 2, 1)[0] + t.linalg.norm(A, "fro"),
        lambda t, A: t.norm(A, 2) + t.norm(A, 1) + t.linalg.vector_norm(A, 1) + A.norm(1, dim=(0, 1)),
        lambda t, A: A.norm() + A.norm(dim=1, keepdim=True) + A.norm(p=1, dim=0),
        lambda t, A: A.logsumexp(dim=1, keepdim=True) + t.logsumexp(A, 0),
        lambda t, A: A.new_zeros(2, 2) + A.new_ones((2, 2)) + A.new_full((2, 2), 3.0),
        lambda t, A, B: t.addcmul(A, A, B, value=2) + t.lerp(A, B, 0.25) + t.addcdiv(A, B, B * B + 1),
        lambda t, A, B, x: t.addmm(x, A, B.T @ B, beta=2, alpha=3),
        lambda t, A: A.tril() + t.triu(A, 1) + t.cumsum(A, dim=1) + A.flip(1) + A.roll(1, 0),
        lambda t, A: t.special.erf(A) + t.erf(A),
        lambda t, A, B: t.where(A.gt(0) & B.le(0.5), A, B.neg()),
        lambda t, A: (A > 0).sum(dim=1, keepdim=True) * A.bool().long().sum(),
        lambda t, A: t.full((2, 3), 2.0) * t.full_like(A, 3.0) + t.ones(size=(2, 3)),
        lambda t, A, r: t.nn.functional.one_hot(r, 4).double(),
        lambda t, A, k: t.nn.functional.embedding(k, A),
        lambda t, A: t.nn.functional.gelu(A) + t.nn.functional.gelu(A, approximate="tanh"),
        lambda t, A: t.nn.functional.silu(A) + t.nn.functional.mish(A) + t.nn.functional.softsign(A),
        lambda t, A: t.nn.functional.elu(A, 0.5) + t.nn.functional.selu(A) + t.nn.functional.leaky_relu(A, 0.2),
        lambda t, A: t.nn.functional.hardtanh(4 * A) + t.nn.functional.hardsigmoid(4 * A),
        lambda t, A: t.nn.functional.hardswish(3 * A) + t.nn.functional.relu6(5 * A),
        lambda t, A: t.nn.functional.softplus(A, beta=2) + t.nn.functional.logsigmoid(A),
        lambda t, A: t.nn.functional.tanhshrink(A) + t.nn.functional.threshold(A, 0.1, -2.0),
        lambda t, A: t.nn.functional.softmin(A, dim=1) + t.nn.functional.normalize(A, dim=0),
        lambda t, C: t.nn.functional.glu(C, dim=2),
        lambda t, A, x: t.nn.functional.prelu(A, x),
        lambda t, A, x: t.nn.functional.layer_norm(A, (3,), x, x + 1, 1e-3),
        lambda t, A, x: t.nn.functional.rms_norm(A, (3,), x, 1e-3),
        lambda t, A, x: t.nn.functional.batch_norm(A, None, None, x, x, True),
        lambda t, C, x: t.nn.functional.batch_norm(C, x, x + 1, x, None, False, 0.1, 1e-3),
        lambda t, A: t.nn.functional.dropout(A, 0.5, training=False),
        # The axis that PyTorch chooses by itself, with a warning, is another for three axes.
        lambda t, A: t.nn.functional.softmax(A, None, _stacklevel=5),
        lambda t, C: t.nn.functional.softmax(C) + t.nn.functional.softmin(C) + t.nn.functional.log_softmax(C),
        lambda t, C, x: t.nn.functional.prelu(C[:, :, :3], x),
        lambda t, A, B: t.nn.functional.cosine_similarity(A, B),
        lambda t, A, B: t.nn.functional.mse_loss(A, B) + t.nn.functional.l1_loss(A, B, reduction="sum"),
        lambda t, A, B: t.nn.functional.huber_loss(A, B, delta=0.5) + t.nn.functional.smooth_l1_loss(A, B, beta=0.5),
        lambda t, P, A: t.nn.functional.binary_cross_entropy(P, (A > 0).double()),
        lambda t, A, P: t.nn.functional.binary_cross_entropy_with_logits(A, P, reduction="none"),
        lambda t, A, P: t.nn.functional.kl_div(A, P, reduction="sum"),
        lambda t, A, P: t.nn.functional.kl_div(A, P, reduction="batchmean"),
        lambda t, A, B: t.nn.functional.kl_div(A, B, reduction="batchmean", log_target=True),
        lambda t, A, B, P: t.nn.functional.mse_loss(A, B, weight=P) + t.nn.functional.l1_loss(A, B, weight=P),
        lambda t, A, B, P: t.nn.functional.mse_loss(A, B, weight=P, reduction="sum"),
        lambda t, A, B, P: t.nn.functional.huber_loss(A, B, weight=P),
        lambda t, A, r: t.nn.functional.cross_entropy(A, r),
        lambda t, A, P: t.nn.functional.cross_entropy(A, P, reduction="sum"),
        lambda t, A, r: t.nn.functional.nll_loss(A.log_softmax(1), r, reduction="none"),
        lambda t, C: t.nn.functional.scaled_dot_product_attention(C, C, C * 2),
        lambda t, C, W: t.nn.functional.conv1d(C, W, stride=2, padding=1),
        lambda t, C, W: t.nn.functional.conv1d(C, W, W[:, 0, 0]),
        lambda t, C, W: t.nn.functional.conv2d(C[None], W[:1, :2].reshape(1, 2, 2, 1)),
        lambda t, A, C, x: t.nn.functional.bilinear(A, A[:, :2], C.permute(2, 1, 0), t.cat([x, x[:1]])),
    ],
)
@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
def test_on_symbols_as_on_tensors(function):
    agree(function)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda t, A: A.sum(dtype=t.int64), "torch.sum with dtype"),
        (lambda t, A: A.to(t.int64), "real numbers as whole ones"),
        (lambda t, A: A.long(), "real numbers as whole ones"),
        (lambda t, A: t.nn.functional.dropout(A), "F.dropout(p=0.5) in training mode, which is random"),
        (lambda t, A, x: t.nn.functional.batch_norm(A, x, x, training=True), "changes its running statistics"),
        (lambda t, A, r: t.nn.functional.one_hot(r), "give it"),
        (lambda t, A, r: t.nn.functional.cross_entropy(A, r, label_smoothing=0.1), "label_smoothing"),
        (lambda t, A, r: t.nn.functional.embedding(r, A, padding_idx=0), "padding_idx"),
        (lambda t, C, W: t.nn.functional.conv1d(C, W, dilation=2), "dilation"),
        (lambda t, A: t.nn.functional.softplus(A, threshold=3), "threshold=3"),
        (lambda t, A: A.topk(1), ".topk of a tensor"),
        (lambda t, A: t.linalg.norm(A, 2), "torch.linalg.norm of matrices with ord=2"),
        (lambda t, A: t.linalg.norm(A, ord=1, dim=(0, 1)), "torch.linalg.norm of matrices with ord=1"),
        (lambda t, A, B: t.nn.functional.mse_loss(A, B, reduction="batchmean"), "reduction='batchmean'"),
        (lambda t, A: t.linalg.svd(A), "torch.svd is not supported on symbols"),
        (lambda t, A, J: A.scatter(1, J, A, reduce="multiply"), "reduce='multiply'"),
    ],
)
def test_what_means_something_else_is_refused_by_name(function, words):
    stand_in, made = tensors(function)
    with pytest.raises(UnsupportedError) as refused:
        function(stand_in, *made)
    assert words in str(refused.value)


def test_a_function_in_place_changes_its_argument():
    stand_in, (A,) = tensors(lambda t, A: None)
    before = A.clone()
    made = stand_in.nn.functional.relu(A, inplace=True)
    assert made is A
    assert [float(a) for a in A.array.data.ravel()] == [max(0.0, float(b)) for b in before.array.data.ravel()]
