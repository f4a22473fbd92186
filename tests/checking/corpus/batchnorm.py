"""Backward functions of batch normalisation in training."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D", "gamma": "D", "beta": "D"}
TYPICAL = {"N": 4, "D": 5}
EPS = 1e-5


def forward(X, gamma, beta):
    mu = X.mean(axis=0)
    var = X.var(axis=0)
    inv = 1 / np.sqrt(var + EPS)
    xhat = (X - mu) * inv
    return gamma * xhat + beta, (xhat, inv, gamma)


def forward_staged(X, gamma, beta):
    N = X.shape[0]
    mu = 1.0 / N * np.sum(X, axis=0)
    xmu = X - mu
    sq = xmu**2
    var = 1.0 / N * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var + EPS)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    return gamma * xhat + beta, (xhat, gamma, xmu, ivar, sqrtvar, var)


class BatchNorm:
    """In the style of a small framework; the gradients of the parameters stay on self."""

    def forward(self, X, gamma, beta):
        self.gamma = gamma
        self.centred = X - X.mean(0, keepdims=True)
        self.std = np.sqrt((self.centred**2).mean(0, keepdims=True) + EPS)
        return gamma * self.centred / self.std + beta

    def backward(self, dY):
        N = dY.shape[0]
        self.dbeta = dY.sum(0)
        self.dgamma = (dY * self.centred / self.std).sum(0)
        dY = dY * self.gamma
        dstd = -(dY * self.centred).sum(0) / self.std**2
        dcentred = dY / self.std + dstd * self.centred / (N * self.std)
        return dcentred - dcentred.mean(0)


def backward_staged(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1.0 / (sqrtvar**2) * divar
    dvar = 0.5 * 1.0 / np.sqrt(var + EPS) * dsqrtvar
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    return dx1 + dx2, dgamma, dbeta


def backward_fused(dY, cache):
    xhat, inv, gamma = cache
    N = dY.shape[0]
    dbeta = dY.sum(axis=0)
    dgamma = np.einsum("nd,nd->d", dY, xhat)
    return gamma * inv / N * (N * dY - dbeta - xhat * dgamma), dgamma, dbeta


def backward_features(dY, cache):
    xhat, inv, gamma = cache
    N, D = dY.shape
    dX = np.zeros((N, D))
    for d in range(D):
        h = xhat[:, d]
        J = inv[d] * (np.eye(N) - 1 / N - np.outer(h, h) / N)
        dX[:, d] = gamma[d] * J @ dY[:, d]
    return dX, (dY * xhat).sum(0), dY.sum(0)


def backward_zero_term_dropped(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var = cache
    N = dout.shape[0]
    dxhat = dout * gamma
    dvar = np.sum(dxhat * xmu * -0.5 * ivar**3, axis=0)
    dmu = np.sum(-dxhat * ivar, axis=0)
    dX = dxhat * ivar + dvar * 2 * xmu / N + dmu / N
    return dX, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def backward_variance_constant(dY, cache):
    xhat, inv, gamma = cache
    g = dY * gamma
    return inv * (g - g.mean(axis=0)), (dY * xhat).sum(axis=0), dY.sum(axis=0)


def backward_ddof(dY, cache):
    xhat, inv, gamma = cache
    N = dY.shape[0]
    dgamma = (dY * xhat).sum(axis=0)
    dX = gamma * inv * (dY - dY.mean(axis=0) - xhat * dgamma / max(N - 1, 1))
    return dX, dgamma, dY.sum(axis=0)


def backward_epsilon_outside(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var = cache
    inv = 1 / (np.sqrt(var) + EPS)
    g = dout * gamma
    dX = inv * (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0))
    return dX, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def backward_without_epsilon(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var = cache
    g = dout * gamma
    along = xmu * np.sum(g * xmu, axis=0) / np.maximum(np.sum(xmu**2, axis=0), 1e-30)
    dX = ivar * (g - g.mean(axis=0) - along)
    return dX, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def backward_variance_floor(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var = cache
    inv = 1 / np.sqrt(np.maximum(var, 1e-2) + EPS)
    g = dout * gamma
    dX = inv * (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0))
    return dX, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def backward_centred_for_normalised(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var = cache
    g = dout * gamma
    dX = ivar * (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0))
    return dX, np.sum(dout * xmu, axis=0), np.sum(dout, axis=0)


def backward_upstream_overwritten(dY, cache):
    xhat, inv, gamma = cache
    dgamma = (dY * xhat).sum(axis=0)
    dY *= gamma
    dX = inv * (dY - dY.mean(axis=0) - xhat * (dY * xhat).mean(axis=0))
    return dX, dgamma, dY.sum(axis=0)


def forward_keeping_variance(X, gamma, beta):
    mean, var = X.mean(axis=0), X.var(axis=0)
    xhat = (X - mean) / np.sqrt(var + 1e-5)
    return gamma * xhat + beta, (xhat, var, gamma)


def backward_far_out(dY, cache):
    xhat, var, gamma = cache
    g, near = dY * gamma, np.clip(xhat, -3, 3)
    dX = (g - g.mean(axis=0) - near * (g * near).mean(axis=0)) / np.sqrt(var + 1e-5)
    return dX, (dY * xhat).sum(axis=0), dY.sum(axis=0)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
TWO = {"N": 2, "D": 1}

CASES = (
    case("batchnorm/staged", backward_staged, forward_staged, RIGHT, "one operation after the other", "staged"),
    case("batchnorm/fused", backward_fused, forward, RIGHT, "one line, the parameters' gradients reused", "fused"),
    case(
        "batchnorm/features",
        backward_features,
        forward,
        RIGHT,
        "a Jacobian for each feature",
        "explicit Jacobian",
        rounded=True,
    ),
    case(
        "batchnorm/on_self",
        BatchNorm.backward,
        BatchNorm.forward,
        RIGHT,
        "centred values and deviation on self, keepdims",
        "class",
        owner=BatchNorm,
    ),
    case(
        "batchnorm/zero_term_dropped",
        backward_zero_term_dropped,
        forward_staged,
        RIGHT,
        "the variance's derivative by the mean is left out, for it is 0",
        "term that is 0 left out",
        rounded=True,
    ),
    case(
        "batchnorm/variance_constant",
        backward_variance_constant,
        forward,
        WRONG,
        "the variance is taken for constant",
        "term lost",
        witness=Witness(wrt="X", sizes=TWO, by=0.2),
    ),
    case(
        "batchnorm/upstream_overwritten",
        backward_upstream_overwritten,
        forward,
        WRONG,
        "gamma is multiplied into the upstream gradient in place, before dbeta is summed; right if gamma is 1",
        "overwritten value",
        witness=Witness(wrt="beta", sizes=TWO, by=0.01),
    ),
    case(
        "batchnorm/ddof",
        backward_ddof,
        forward,
        WRONG,
        "divided by N - 1, as if the variance had been unbiased",
        "ddof",
        witness=Witness(wrt="X", sizes=TWO, by=0.2),
    ),
    case(
        "batchnorm/epsilon_outside",
        backward_epsilon_outside,
        forward_staged,
        WRONG,
        "epsilon is added to the deviation instead of the variance",
        "epsilon in the wrong place",
        witness=Witness(wrt="X", sizes={"N": 3, "D": 1}, scale=0.001, by=0.2),
    ),
    case(
        "batchnorm/without_epsilon",
        backward_without_epsilon,
        forward_staged,
        WRONG,
        "the projection is divided by the variance without epsilon",
        "right for epsilon = 0",
        witness=Witness(wrt="X", sizes={"N": 3, "D": 1}, scale=0.001, by=0.1),
    ),
    case(
        "batchnorm/variance_floor",
        backward_variance_floor,
        forward_staged,
        WRONG,
        "variances below 0.01 are raised to it, on the way back only",
        "branch never visited",
        witness=Witness(wrt="X", sizes={"N": 3, "D": 1}, scale=0.01, by=0.2),
    ),
    case(
        "batchnorm/centred_for_normalised",
        backward_centred_for_normalised,
        forward_staged,
        WRONG,
        "dgamma is made from the centred values instead of the normalised ones",
        "wrong value cached",
        witness=Witness(wrt="gamma", sizes=TWO, by=0.3),
    ),
    case(
        "batchnorm/far_out",
        backward_far_out,
        forward_keeping_variance,
        WRONG,
        "what is more than three deviations out is cut off, which takes ten samples",
        "np.clip",
        witness=Witness(wrt="X", sizes={"N": 12, "D": 1}, arrays={"X": [[0]] * 11 + [[10]]}, by=0.01),
    ),
)
