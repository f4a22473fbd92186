"""The named equalities that make a formula short, one family a file."""

from __future__ import annotations

from derive.rules.equalities.forward import forward_factor, forward_function, forward_power, forward_value
from derive.rules.equalities.fractions import common_denominator
from derive.rules.equalities.functions import (
    double_angle,
    function_opened,
    negative_sigmoid,
    own_mask,
    own_sign,
    quotient_of_functions,
)
from derive.rules.equalities.inverses import cancelled_inverse, double_inverse
from derive.rules.equalities.masks import bounded, bounds, rectified
from derive.rules.equalities.matrices import symmetric
from derive.rules.equalities.sums import constant_sum, like_terms
from derive.rules.known import Rewrite
from derive.steps import Reason

__all__ = ["REWRITES"]


REWRITES: dict[Reason, Rewrite] = {
    Reason("own mask", "relu(u) [u > 0] = relu(u), u sign(u) = |u|"): own_mask,
    Reason("bounds", "[2 u + 1 > 0] = [u > -1/2], [u > -c] [u < c] = [|u| < c]"): bounds,
    Reason("rectified", "u [u > 0] = relu(u)"): rectified,
    Reason("bounded", "[|u| ≤ c] u + [|u| > c] c sign(u) = clip(u, -c, c)"): bounded,
    Reason("own sign", "|u|² = u², sign(u) |u|² = u |u|, sign(u) / |u| = 1 / u"): own_sign,
    Reason("quotient of functions", "sinh(u) / cosh(u) = tanh(u)"): quotient_of_functions,
    Reason("double angle", "2 sin(u) cos(u) = sin(2 u)"): double_angle,
    Reason("negative argument", "1 - sigmoid(-u) = sigmoid(u)"): negative_sigmoid,
    Reason("function opened", "a - (1 - tanh(u)²) a = tanh(u)² a"): function_opened,
    Reason("like terms", "a b + b a = 2 a b"): like_terms,
    Reason("double inverse", "(X⁻¹)⁻¹ = X"): double_inverse,
    Reason("cancelled inverse", "(A B)⁻¹ A = B⁻¹, X⁻¹ X = I"): cancelled_inverse,
    Reason("forward function", "1 - tanh(u)² = 1 - T²"): forward_function,
    Reason("forward value", "exp(u) / s = P"): forward_value,
    Reason("symmetric matrix", "S_ji = S_ij for S = Xᵀ X, Z + Zᵀ and their inverses"): symmetric,
    Reason("forward factor", "a / (a b) = 1 / b"): forward_factor,
    Reason("constant sum", "Σ_j (x_j - Σ_k x_k / N) = 0"): constant_sum,
    Reason("common denominator", "1 / (1 + a) - a / (1 + a)² = 1 / (1 + a)²"): common_denominator,
    Reason("forward power", "u^(-1/2) = 1 / s"): forward_power,
}
"""The equalities, in the order in which they are tried."""
