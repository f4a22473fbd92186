"""Equalities of entries, where an axis is summed over: they hold only if the rest of the product leaves it alone."""

from __future__ import annotations

from sympy import Integer, tanh

from derive.forward.functions import abs as absolute
from derive.forward.functions import sign, step
from derive.forward.nodes import Constant, Input, Ones, placeholder
from derive.forward.normal import add, apply, contract
from derive.forward.shape import parse_shape
from derive.rules.build import build
from derive.rules.equalities.functions import function_opened
from derive.rules.equalities.masks import bounded
from derive.rules.known import Forward
from derive.rules.terms import Power, Term, Terms

X = placeholder(0)
(N,) = parse_shape("N")
U, V, G = (Input(name, (N,), name.lower()) for name in ("U", "V", "G"))
A = Input("A", (N, N), "a")
ROW, COLUMN = 0, 1


def test_a_bounded_value_is_multiplied_by_one_and_the_same_matrix():
    """Σ_jk [|u_j| ≤ 1] u_j a_jk + Σ_jk [|u_j| > 1] sign(u_j) a_kj is no product with clip(u)."""
    large = apply(step(X - 1), [apply(absolute(X), [U])])
    near = add([contract([Ones(N)], [[0]], [0]), contract([Constant(Integer(-1)), large], [[], [0]], [0])])
    signs = apply(sign(X), [U])

    def made(far_matrix: tuple[int, int]) -> Terms:
        inside = Term(Integer(1), (Power(near, (COLUMN,)), Power(U, (COLUMN,)), Power(A, (COLUMN, ROW))))
        outside = Term(Integer(1), (Power(large, (COLUMN,)), Power(signs, (COLUMN,)), Power(A, far_matrix)))
        return Terms((inside, outside), (), ())

    assert bounded(made((COLUMN, ROW)), Forward(G)) is not None
    assert bounded(made((ROW, COLUMN)), Forward(G)) is None


def test_a_function_of_a_sum_is_opened_with_all_its_terms():
    """g (w - tanh w) + g tanh w is g w, also where w = u + v is not kept whole."""
    w = add([U, V])
    opened, inner = apply(X - tanh(X), [w]), apply(tanh(X), [w])
    product = [Term(Integer(1), (Power(G, (ROW,)), Power(node, (ROW,)))) for node in (opened, inner)]
    terms = Terms(tuple(product), (ROW,), (N,))
    whole = function_opened(terms, Forward(w))
    assert whole is not None and build(whole) is contract([G, w], [[0], [0]], [0])
    assert function_opened(terms, Forward(G)) is None
