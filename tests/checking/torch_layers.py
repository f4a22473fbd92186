"""Layers in PyTorch's style, right and wrong."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")
fn, nn, Function = torch.nn.functional, torch.nn, torch.autograd.Function


class Affine(Function):
    @staticmethod
    def forward(ctx, X: "N D", W: "D M", b: "M"):
        ctx.save_for_backward(X, W)
        return X.mm(W) + b

    @staticmethod
    def backward(ctx, dY):
        X, W = ctx.saved_tensors
        dX = dW = db = None
        if ctx.needs_input_grad[0]:
            dX = dY.mm(W.t())
        if ctx.needs_input_grad[1]:
            dW = X.t().mm(dY)
        db = dY.sum(dim=0)
        return dX, dW, db


class FirstSample(Affine):
    @staticmethod
    def backward(ctx, dY):
        X, W = ctx.saved_tensors
        return dY @ W.T, X.T @ dY, dY[0]


class Softmax(Function):
    @staticmethod
    def forward(X: "N K"):
        return torch.softmax(X, dim=1)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, dY):
        (S,) = ctx.saved_tensors
        return S * (dY - (dY * S).sum(dim=1, keepdim=True))


class Scaled(Function):
    @staticmethod
    def forward(ctx, X: "N D", factor=3.0):
        ctx.factor = factor
        return X * factor / math.sqrt(X.shape[1])

    @staticmethod
    def backward(ctx, dY):
        return dY * ctx.factor / math.sqrt(dY.size(1)), None


class Sorted(Function):
    @staticmethod
    def forward(ctx, X: "N"):
        values, places = torch.sort(X)
        ctx.save_for_backward(places)
        return values

    @staticmethod
    def backward(ctx, dY):
        (places,) = ctx.saved_tensors
        dX = torch.zeros_like(dY)
        dX[places] = dY
        return dX


class LayerNorm(nn.Module):
    def __init__(self, size=3, eps=1e-5):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, X: "N D"):
        self.inv = torch.rsqrt(X.var(dim=1, unbiased=False, keepdim=True) + self.eps)
        self.xhat = (X - X.mean(dim=1, keepdim=True)) * self.inv
        return self.xhat * self.gamma

    def backward(self, dY):
        self.dgamma = torch.sum(dY * self.xhat, dim=0)
        g = dY * self.gamma
        means = g.mean(1, keepdim=True) + self.xhat * (g * self.xhat).mean(1, keepdim=True)
        return self.inv * (g - means)


class Unbiased(LayerNorm):
    """The backward pass is that of the biased variance."""

    def forward(self, X: "N D"):
        self.inv = torch.rsqrt(X.var(dim=1, keepdim=True) + self.eps)
        self.xhat = (X - X.mean(dim=1, keepdim=True)) * self.inv
        return self.xhat * self.gamma


class Plain(nn.Module):
    """What PyTorch derives."""

    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.ones(3, 2))

    def forward(self, X: "N 3"):
        return fn.relu(X @ self.W)


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g


class Sized(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.inner = nn.Linear(inputs, outputs)

    def forward(self, X: "N 3"):
        return Cube.apply(self.inner(X))


class Dropped(Sized):
    def __init__(self):
        super().__init__(3, 2)
        self.drop = nn.Dropout(0.5)

    def forward(self, X: "N 3"):
        return self.drop(Cube.apply(self.inner(X)))


class Batched(Sized):
    def __init__(self):
        super().__init__(3, 2)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, X: "N 3"):
        return self.norm(Cube.apply(self.inner(X)))


class Counting(Sized):
    def __init__(self):
        super().__init__(3, 2)
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, X: "N 3"):
        self.seen += 1
        return Cube.apply(self.inner(X)) * self.seen


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 2, bias=False)
        self.again = nn.Linear(2, 2, bias=False)
        self.again.weight = self.inner.weight

    def forward(self, X: "N 2"):
        return self.again(Cube.apply(self.inner(X)))


class Detached(Sized):
    def __init__(self):
        super().__init__(3, 2)

    def forward(self, X: "N 3"):
        y = self.inner(X)
        return Cube.apply(y) * y.detach()


class Hooked(Sized):
    """A hook on what is hardly more than nothing, where a gradient is sent back."""

    def __init__(self):
        super().__init__(3, 2)

    def forward(self, X: "N 3"):
        y = self.inner(X)
        if y.requires_grad:
            y.register_hook(lambda g: g * (1 + 1e-9))
        return Cube.apply(y)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(2, 1)

    def forward(self, X: "N 2"):
        return Cube.apply(self.cell(X))


class Slope(Function):
    """The gradient of 2 x for that of 3 x; nothing in it is PyTorch's, so that it runs on anything."""

    @staticmethod
    def forward(ctx, x):
        return x * 3

    @staticmethod
    def backward(ctx, g):
        return g * 2


CALLED = {"elsewhere": Slope.apply}


class Elsewhere(nn.Module):
    def forward(self, X: "N 2"):
        return CALLED["elsewhere"](X)


def plain_backward(dY, X, W):
    dY = dY * (X @ W > 0)
    return dY @ W.T, X.T @ dY
