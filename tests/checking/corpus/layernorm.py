"""Backward functions of layer normalisation."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D", "gamma": "D", "beta": "D"}
TYPICAL = {"N": 4, "D": 5}
EPS = 1e-5


def forward(X, gamma, beta):
    mu = X.mean(axis=-1, keepdims=True)
    rstd = (((X - mu) ** 2).mean(axis=-1, keepdims=True) + EPS) ** -0.5
    xhat = (X - mu) * rstd
    return xhat * gamma + beta, {"xhat": xhat, "rstd": rstd, "gamma": gamma, "X": X}


def backward_three_terms(dY, cache):
    xhat, g = cache["xhat"], dY * cache["gamma"]
    dX = g - g.mean(axis=-1, keepdims=True) - xhat * (g * xhat).mean(axis=-1, keepdims=True)
    return dX * cache["rstd"], (dY * xhat).sum(axis=0), dY.sum(axis=0)


def backward_jacobian_of_each(dY, cache):
    xhat, rstd, gamma = cache["xhat"], cache["rstd"], cache["gamma"]
    N, D = dY.shape
    dX, dgamma, dbeta = np.zeros((N, D)), np.zeros(D), np.zeros(D)
    for n in range(N):
        J = (np.eye(D) - np.ones((D, D)) / D - np.outer(xhat[n], xhat[n]) / D) * rstd[n]
        dX[n] = (dY[n] * gamma) @ J
        dgamma += dY[n] * xhat[n]
        dbeta += dY[n]
    return dX, dgamma, dbeta


def backward_einsum(dY, cache):
    xhat, rstd, gamma = cache["xhat"], cache["rstd"], cache["gamma"]
    D = gamma.shape[0]
    first = np.einsum("nd,d->n", dY, gamma)[:, None]
    second = np.einsum("nd,nd,d->n", dY, xhat, gamma)[:, None]
    dX = rstd / D * (D * dY * gamma - first - xhat * second)
    return dX, np.einsum("nd,nd->d", dY, xhat), np.einsum("nd->d", dY)


def backward_centring_matrix(dY, X, gamma, beta):
    D = X.shape[1]
    C = np.eye(D) - np.full((D, D), 1.0 / D)
    Z = X @ C
    s = np.sqrt(np.sum(Z * Z, axis=1, keepdims=True) / D + EPS)
    g = dY * gamma
    dZ = g / s - Z * np.sum(g * Z, axis=1, keepdims=True) / (D * s**3)
    return dZ @ C.T, (dY * Z / s).sum(axis=0), dY.sum(axis=0)


class LayerNorm:
    """A layer that owns gamma and beta."""

    def __init__(self, gamma, beta):
        self.gamma = gamma
        self.beta = beta

    def forward(self, X):
        centred = X - X.mean(-1, keepdims=True)
        self.sigma = np.sqrt(np.square(centred).mean(-1, keepdims=True) + EPS)
        self.xhat = centred / self.sigma
        return self.xhat * self.gamma + self.beta

    def backward(self, dout):
        self.dgamma = np.sum(dout * self.xhat, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        dxhat = dout * self.gamma
        dxhat -= self.xhat * np.mean(dxhat * self.xhat, axis=-1, keepdims=True)
        dxhat -= np.mean(dxhat, axis=-1, keepdims=True)
        return dxhat / self.sigma


def backward_gamma_late(dY, cache):
    xhat = cache["xhat"]
    dX = dY - dY.mean(axis=-1, keepdims=True) - xhat * (dY * xhat).mean(axis=-1, keepdims=True)
    return cache["gamma"] * dX * cache["rstd"], (dY * xhat).sum(axis=0), dY.sum(axis=0)


def backward_unit_variance(dY, cache):
    X, xhat, g = cache["X"], cache["xhat"], dY * cache["gamma"]
    centred = X - X.mean(axis=-1, keepdims=True)
    var = np.maximum((centred**2).mean(axis=-1, keepdims=True), 1e-30)
    dX = g - g.mean(axis=-1, keepdims=True) - centred * (g * centred).mean(axis=-1, keepdims=True) / var
    return dX * cache["rstd"], (dY * xhat).sum(axis=0), dY.sum(axis=0)


def backward_epsilon_outside(dY, cache):
    X, xhat, g = cache["X"], cache["xhat"], dY * cache["gamma"]
    rstd = 1 / (X.std(axis=-1, keepdims=True) + EPS)
    dX = g - g.mean(axis=-1, keepdims=True) - xhat * (g * xhat).mean(axis=-1, keepdims=True)
    return dX * rstd, (dY * xhat).sum(axis=0), dY.sum(axis=0)


def backward_mean_lost(dY, cache):
    xhat, g = cache["xhat"], dY * cache["gamma"]
    dX = g - xhat * (g * xhat).mean(axis=-1, keepdims=True)
    return dX * cache["rstd"], (dY * xhat).sum(axis=0), dY.sum(axis=0)


def backward_batch_mean(dY, cache):
    xhat, g = cache["xhat"], dY * cache["gamma"]
    dX = g - g.mean(axis=-1, keepdims=True) - xhat * (g * xhat).mean(axis=-1, keepdims=True)
    return dX * cache["rstd"], (dY * xhat).mean(axis=0), dY.mean(axis=0)


def backward_features_by_samples(dY, cache):
    xhat, g = cache["xhat"], dY * cache["gamma"]
    D = g.shape[0]
    dX = g - g.sum(axis=-1, keepdims=True) / D - xhat * (g * xhat).sum(axis=-1, keepdims=True) / D
    return dX * cache["rstd"], (dY * xhat).sum(axis=0), dY.sum(axis=0)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)

CASES = (
    case("layernorm/three_terms", backward_three_terms, forward, RIGHT, "the three-term form", "dict as cache"),
    case(
        "layernorm/jacobian_of_each",
        backward_jacobian_of_each,
        forward,
        RIGHT,
        "the Jacobian of every sample, parameters accumulated",
        "explicit Jacobian",
        rounded=True,
    ),
    case("layernorm/einsum", backward_einsum, forward, RIGHT, "three operands in one contraction", "einsum"),
    case(
        "layernorm/centring_matrix",
        backward_centring_matrix,
        forward,
        RIGHT,
        "the mean is taken off by a projection matrix; everything computed again",
        "inputs by name",
        rounded=True,
    ),
    case(
        "layernorm/layer",
        LayerNorm.backward,
        LayerNorm.forward,
        RIGHT,
        "two projections one after the other, in place",
        "class with parameters",
        owner=LayerNorm,
    ),
    case(
        "layernorm/gamma_late",
        backward_gamma_late,
        forward,
        WRONG,
        "gamma multiplies after the means; right if all its entries are equal",
        "factor in the wrong place",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 2}, by=0.0001),
    ),
    case(
        "layernorm/unit_variance",
        backward_unit_variance,
        forward,
        WRONG,
        "the projection is divided by the variance without epsilon",
        "right for epsilon = 0",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 3}, scale=0.001, by=0.004),
    ),
    case(
        "layernorm/epsilon_outside",
        backward_epsilon_outside,
        forward,
        WRONG,
        "epsilon is added to the deviation instead of the variance",
        "epsilon in the wrong place",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 3}, scale=0.001, by=1),
    ),
    case(
        "layernorm/mean_lost",
        backward_mean_lost,
        forward,
        WRONG,
        "the mean's own gradient is missing",
        "term lost",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 2}, by=0.8),
    ),
    case(
        "layernorm/batch_mean",
        backward_batch_mean,
        forward,
        WRONG,
        "the gradients of the parameters are means over the batch; right for one sample",
        "mean for sum",
        witness=Witness(wrt="beta", also=("gamma",), sizes={"N": 2, "D": 2}, by=0.3),
    ),
    case(
        "layernorm/features_by_samples",
        backward_features_by_samples,
        forward,
        WRONG,
        "the number of samples stands for the number of features; right if they are equal",
        "right when square",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 2}, by=1),
    ),
)
