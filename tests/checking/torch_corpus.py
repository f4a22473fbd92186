"""Modules and Functions of PyTorch's style, right and wrong, as people write them.

A right one gives the gradients that central differences in float64 give, a wrong one does not: test_torch_corpus.py
establishes it. Each is made without arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

torch = pytest.importorskip("torch")
fn, nn, Function = torch.nn.functional, torch.nn, torch.autograd.Function
once_differentiable = torch.autograd.function.once_differentiable


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g


class HalfSquare(Square):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return x * g


class Clamp(Function):
    """A mask in place, and a number that is no tensor."""

    @staticmethod
    def forward(ctx, x, low):
        ctx.low = low
        ctx.save_for_backward(x)
        return x.clamp(min=low)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        g = g.clone()
        g.masked_fill_(x < ctx.low, 0)
        return g, None


class ClampOfOutput(Clamp):
    @staticmethod
    def forward(ctx, x, low):
        ctx.low = 0.0
        y = x.clamp(min=low)
        ctx.save_for_backward(y)
        return y


class Scale(Function):
    """A broadcast vector, whose gradient PyTorch sums over the batch by itself."""

    @staticmethod
    def forward(ctx, x, s):
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * s, g * x


class ScaleMean(Scale):
    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * s, (g * x).mean(dim=0)


class Norm(Function):
    """Two outputs."""

    @staticmethod
    def forward(ctx, x, eps=1e-3):
        mean = x.mean(dim=-1, keepdim=True)
        inv = torch.rsqrt(x.var(dim=-1, keepdim=True, correction=0) + eps)
        y = (x - mean) * inv
        ctx.save_for_backward(y, inv)
        return y, inv

    @staticmethod
    def backward(ctx, gy, ginv):
        y, inv = ctx.saved_tensors
        gx = inv * (gy - gy.mean(-1, keepdim=True) - y * (gy * y).mean(-1, keepdim=True))
        return gx - ginv * inv**2 * y / y.size(-1), None


class NormOneOutput(Norm):
    @staticmethod
    def backward(ctx, gy, ginv):
        y, inv = ctx.saved_tensors
        return inv * (gy - gy.mean(-1, keepdim=True) - y * (gy * y).mean(-1, keepdim=True)), None


class Lookup(Function):
    """index_add_ into zeros."""

    @staticmethod
    def forward(ctx, table, index):
        ctx.save_for_backward(index)
        ctx.rows = table.shape
        return table[index]

    @staticmethod
    def backward(ctx, g):
        (index,) = ctx.saved_tensors
        return g.new_zeros(ctx.rows).index_add_(0, index, g), None


class LookupLast(Lookup):
    @staticmethod
    def backward(ctx, g):
        (index,) = ctx.saved_tensors
        table = g.new_zeros(ctx.rows)
        table[index] = g
        return table, None


class TwoLayers(nn.Module):
    function: Any = Square

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 2)
        self.second = nn.Linear(2, 2)

    def forward(self, x: "N 3"):
        return self.second(self.function.apply(torch.tanh(self.first(x))))


class TwoLayersHalf(TwoLayers):
    function = HalfSquare


square = Square.apply


class Nested(nn.Module):
    """A Sequential, a module of one's own in it, and apply under a name of its own."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(2, 2, bias=False)

        def forward(self, x):
            return square(self.lin(x)) + x

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), self.Block())

    def forward(self, x: "N 2"):
        return self.body(x)


class Thresholds(nn.Module):
    function: Any = Clamp

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 2)

    def forward(self, x: "N 2"):
        return self.function.apply(self.lin(x), 0.25)


class ThresholdsOfOutput(Thresholds):
    function = ClampOfOutput


class Scaled(nn.Module):
    function: Any = Scale

    def __init__(self):
        super().__init__()
        self.s = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.register_buffer("shift", torch.tensor([0.5, -0.5]))

    def forward(self, x: "N 2"):
        return self.function.apply(x + self.shift, self.s)


class ScaledMean(Scaled):
    function = ScaleMean


class Normed(nn.Module):
    function: Any = Norm

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(3))

    def forward(self, x: "N 3"):
        y, inv = self.function.apply(x)
        return y * self.gain + inv


class NormedOneOutput(Normed):
    function = NormOneOutput


class Words(nn.Module):
    function: Any = Lookup

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(3, 2)
        self.lin = nn.Linear(2, 2, bias=False)

    def forward(self, index: "N in 3"):
        return self.lin(self.function.apply(self.table.weight, index))


class WordsLast(Words):
    function = LookupLast


class ByHand(nn.Module):
    """A backward method, which leaves the gradients where PyTorch keeps them."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 3)

    def forward(self, x: "N 2"):
        self.x, self.y = x, torch.sigmoid(self.lin(x))
        return self.y

    def backward(self, g):
        g = g * self.y * (1 - self.y)
        self.lin.weight.grad = g.mT @ self.x
        self.lin.bias.grad = g.sum(dim=0)
        return g @ self.lin.weight


class ByHandInput(ByHand):
    """The input of the sigmoid where its value should be."""

    def backward(self, g):
        g = g * self.y * (1 - self.x @ self.lin.weight.T - self.lin.bias)
        self.lin.weight.grad = g.mT @ self.x
        self.lin.bias.grad = g.sum(dim=0)
        return g @ self.lin.weight


@dataclass(frozen=True)
class Entry:
    """A module with its label: the inputs whose gradients are wrong, and those that PyTorch derives alone."""

    kind: type
    wrong: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


ENTRIES = (
    Entry(TwoLayers, own=("second.weight", "second.bias")),
    Entry(TwoLayersHalf, ("x", "first.weight", "first.bias"), ("second.weight", "second.bias")),
    Entry(Nested),
    Entry(Thresholds),
    Entry(ThresholdsOfOutput, ("x", "lin.weight", "lin.bias")),
    Entry(Scaled),
    Entry(ScaledMean, ("s",)),
    Entry(Normed, own=("gain",)),
    Entry(NormedOneOutput, ("x",), ("gain",)),
    Entry(Words, own=("lin.weight",)),
    Entry(WordsLast, ("table.weight",), ("lin.weight",)),
    Entry(ByHand),
    Entry(ByHandInput, ("x", "lin.weight", "lin.bias")),
)
