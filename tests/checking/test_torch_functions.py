"""What PyTorch makes of a Function: contexts, arguments that are no tensors, None, several outputs, work in place."""

from __future__ import annotations

import pytest

from derive.checking import check_backward
from derive.errors import UserError
from derive.proof.evidence import Strength

torch = pytest.importorskip("torch")
Function, fn = torch.autograd.Function, torch.nn.functional

ALL, AT, POINTS, REFUTED = Strength


def strengths(kind, **options):
    return {v.name: v.strength for v in check_backward(kind, **options).gradients}


def causes(kind):
    return {v.name: v.cause for v in check_backward(kind).gradients if not v.ok}


class Weighted(Function):
    """A number between the tensors, and a gradient that PyTorch sums to the shape of what was broadcast."""

    @staticmethod
    def forward(ctx, x: "N D", factor=3.0, w: "D" = None):
        ctx.save_for_backward(x, w)
        ctx.factor = factor
        return x * w * factor

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g * w * ctx.factor, None, g * x * ctx.factor


class WeightedTwice(Weighted):
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g * w * ctx.factor, None, 2 * g * x * ctx.factor


def test_gradients_belong_to_the_arguments_at_their_places():
    assert strengths(Weighted) == {"x": ALL, "w": ALL}
    assert strengths(WeightedTwice) == {"x": ALL, "w": REFUTED}


def test_pytorch_sums_over_what_was_broadcast():
    x = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    w = torch.randn(2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w: Weighted.apply(x, 3.0, w), (x, w))


class Several(Function):
    @staticmethod
    def forward(ctx, x: "N D"):
        ctx.save_for_backward(x)
        return x * x, x.sum(1)

    @staticmethod
    def backward(ctx, first, second):
        (x,) = ctx.saved_tensors
        return 2 * x * first + second.unsqueeze(1)


class SeveralFirst(Several):
    @staticmethod
    def backward(ctx, first, second):
        (x,) = ctx.saved_tensors
        return 2 * x * first


class Beside(Function):
    @staticmethod
    def forward(ctx, x: "N D", y: "N M"):
        ctx.save_for_backward(x, y)
        return x.exp(), (y * y).tanh()

    @staticmethod
    def backward(ctx, gx, gy):
        x, y = ctx.saved_tensors
        return gx * x.exp(), gy * (1 - (y * y).tanh() ** 2) * 2 * y


def test_several_outputs():
    assert strengths(Several) == {"x": ALL}
    assert strengths(SeveralFirst) == {"x": REFUTED}
    assert strengths(Beside) == {"x": ALL, "y": ALL}


class Largest(Function):
    """An output that has no gradient."""

    @staticmethod
    def forward(ctx, x: "N 3"):
        values, places = x.max(dim=1)
        ctx.mark_non_differentiable(places)
        ctx.save_for_backward(places)
        ctx.shape = x.shape
        return values, places

    @staticmethod
    def backward(ctx, g, _):
        (places,) = ctx.saved_tensors
        return g.new_zeros(ctx.shape).scatter_(1, places.unsqueeze(1), g.unsqueeze(1))


def test_an_output_without_a_gradient():
    assert strengths(Largest) == {"x": AT}


class InPlace(Function):
    @staticmethod
    def forward(ctx, x: "N D"):
        x.exp_()
        ctx.mark_dirty(x)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


def test_an_input_that_is_changed_in_place():
    assert strengths(InPlace) == {"x": ALL}


class Product(Function):
    @staticmethod
    def forward(ctx, x: "N D", w: "D M"):
        ctx.save_for_backward(x, w)
        return x @ w

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        dx = g @ w.mT if ctx.needs_input_grad[0] else None
        dw = x.mT @ g if ctx.needs_input_grad[1] else None
        return dx, dw


class ProductOtherPlace(Product):
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        dx = g @ w.mT if ctx.needs_input_grad[0] else None
        dw = x.mT @ g if ctx.needs_input_grad[0] else None
        return dx, dw


def test_what_is_needed_alone_is_asked_for_at_its_own_place():
    assert strengths(Product) == {"x": ALL, "w": ALL}
    told = causes(ProductOtherPlace)
    assert list(told) == ["w"]
    assert "where w alone needs a gradient: needs_input_grad" in told["w"]


class Loss(Function):
    @staticmethod
    def forward(ctx, p: "N D", t: "N D"):
        ctx.save_for_backward(p, t)
        return fn.mse_loss(p, t)

    @staticmethod
    def backward(ctx, g):
        p, t = ctx.saved_tensors
        return g * 2 * (p - t) / p.numel(), None


def test_none_is_no_gradient_unless_it_is_said_that_none_is_needed():
    with pytest.raises(UserError, match=r"gives no gradient of t; say what it returns with returns \(--returns dp,_\)"):
        check_backward(Loss)
    assert strengths(Loss, returns="dp,_") == {"p": ALL}


class SavesANumber(Function):
    @staticmethod
    def forward(ctx, x: "N D"):
        ctx.save_for_backward(x, 2.0)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


class TooMany(Function):
    @staticmethod
    def forward(ctx, x: "N D"):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2, g


class ChangesWhatComes(Function):
    @staticmethod
    def forward(ctx, x: "N D"):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g.mul_(2)


class OnlyAhead(Function):
    @staticmethod
    def forward(ctx, x: "N D"):
        return x * 2


class NoDefault(Function):
    @staticmethod
    def forward(ctx, x: "N D", k):
        return x * k

    @staticmethod
    def backward(ctx, g):
        return g, None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (SavesANumber, "save_for_backward can only save variables, but argument 1 is of type float"),
        (TooMany, "incorrect number of gradients (expected 1, got 2)"),
        (OnlyAhead, "OnlyAhead has no backward"),
        (NoDefault, "what is no array needs a value by default"),
    ],
)
def test_what_pytorch_forbids_is_refused_in_its_words(kind, words):
    with pytest.raises(UserError) as refused:
        check_backward(kind)
    assert words in str(refused.value)


def test_a_backward_that_changes_what_comes_is_refuted_in_pytorchs_words():
    report = check_backward(ChangesWhatComes)
    assert [verdict.strength for verdict in report.verdicts] == [REFUTED]
    assert "changes the upstream gradient in place, which PyTorch forbids" in str(report)


class Spread(Function):
    @staticmethod
    def forward(ctx, x: "N D"):
        ctx.columns = x.size(1)
        return x.sum(dim=1, keepdim=True)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return g.expand(-1, ctx.columns)


def test_expand_and_once_differentiable():
    assert strengths(Spread) == {"x": ALL}
