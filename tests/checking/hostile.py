"""Backward functions that are hard to print: long lines, other alphabets, signs of TeX, tabs, hundreds of lines."""

# ruff: noqa
# fmt: off

from __future__ import annotations

import numpy as np


def forward(X: "N D", W: "D M"):
    return X @ W, (X, W)


def backward_signs(dout, cache):
    r"""Gives $\frac{\partial L}{\partial X}$ & 100 % of {W}: a_b^c ~ #1 \end{document} -- «quoted» 'x' "y" `z`, <<1>> ,, ??.

    \begin{verbatim} 漢字 🙂 δ_ij ∂L/∂X = Σ_k x̂ᵢₖ → ∞
    """
    X, W = cache  # $ % _ \ { } & # ~ ^ " ' ` -- --- |x|
    text = "\\\\ % not a comment { } $x$ \\end{minipage}"
    assert text
    return dout @ W.T, X.T @ dout


def backward_alphabets(dout, cache):
    X, W = cache
    δ = dout
    ΔX_neu_größe = δ @ W.T
    _tmp__ = X.T
    名前 = _tmp__ @ δ
    return ΔX_neu_größe, 名前


def backward_long(dout, cache):
    X, W = cache
    a_very_long_name_of_the_gradient_with_respect_to_the_inputs_of_this_layer = np.einsum("nm,dm->nd", dout, W) + 0 * np.einsum("nm,dm->nd", dout, W)
    another_very_long_name_that_does_not_fit_beside_anything_at_all = X.T @ dout * 1.0 + X.T @ dout * 0.0 + (X.T @ dout - X.T @ dout) * 3.0
    a_word_without_any_blank_in_it = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    assert a_word_without_any_blank_in_it
    return a_very_long_name_of_the_gradient_with_respect_to_the_inputs_of_this_layer, another_very_long_name_that_does_not_fit_beside_anything_at_all


def backward_tabs(dout, cache):
	X, W = cache
	if X.ndim == 2:
		dX = dout @ W.T
	else:
		dX = None
	return dX, \
		(
			X.T
			@ dout
		)


def backward_sides(dout, cache):
    X, W = cache
    dX, dW = np.zeros(X.shape), np.zeros(W.shape)
    n = 0
    while n < X.shape[0]:
        for d in range(X.shape[1]): dX[n, d] = (dout[n] * W[d]).sum()
        n += 1
    np.add.at(dW, np.arange(W.shape[0]), X.T @ dout)
    kept = {"dW": dW}
    kept["dX"] = dX
    return kept["dX"], kept["dW"]


def backward_lines(dout, cache):
    X, W = cache
    total = dout @ W.T
    # Every line of these is shown.
    # step 0
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 7
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 14
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 21
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 28
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 35
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 42
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 49
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 56
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 63
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 70
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 77
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 84
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 91
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 98
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 105
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 112
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 119
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 126
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 133
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 140
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 147
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 154
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 161
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 168
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 175
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 182
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 189
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 196
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 203
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 210
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 217
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 224
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 231
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 238
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 245
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 252
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 259
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 266
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 273
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 280
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    total = total + 0 * X
    # step 287
    total = total + 0 * X
    total = total + 0 * X
    return total, X.T @ dout
