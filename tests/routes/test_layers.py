"""The route by the Jacobian on layers of every kind: all steps hold, and Kronecker products are read right."""

import numpy as np
import pytest

import derive
from derive.notation.code import print_code
from derive.proof.symbolic import check_steps
from derive.routes.jacobian import KRONECKER, derive_jacobian

SIZES = {"N": 2, "D": 3, "M": 4, "K": 5}


def traced(signature, body):
    arguments = ", ".join(f"{part.partition(':')[0]}: '{part.partition(':')[2]}'" for part in signature.split("; "))
    namespace = {"np": np}
    exec(f"def f({arguments}):\n    return {body}\n", namespace)
    return derive.layer()(namespace["f"])


KRONECKERS = [
    ("X:N D; W:D M", "X @ W", "X", "kron(eye(N), W.T)"),
    ("X:N D; W:D M", "X @ W", "W", "kron(X, eye(M))"),
    ("X:N D; W:M D", "X @ W.T", "X", "kron(eye(N), W)"),
    ("W:M D; X:D N", "W @ X", "W", "kron(eye(M), X.T)"),
    ("W:M D; X:D N", "W @ X", "X", "kron(W, eye(N))"),
    ("X:N D; b:D", "X + b", "b", "kron(ones((N, 1)), eye(D))"),
    ("X:N D; b:D", "X + b", "X", "kron(eye(N), eye(D))"),
    ("X:N D; V:D M; W:D M", "X @ V + X @ W", "X", "kron(eye(N), V.T + W.T)"),
    ("X:N D; W:D M", "3 * (X @ W)", "W", "kron(3 * X, eye(M))"),
    ("X:N D; W:D M; V:M K", "X @ W @ V", "X", "kron(eye(N), V.T @ W.T)"),
]


@pytest.mark.parametrize(
    ("signature", "body", "wrt", "text"), KRONECKERS, ids=[f"{k[1]} by {k[2]}" for k in KRONECKERS]
)
def test_a_jacobian_is_read_as_the_kronecker_product_that_it_is(signature, body, wrt, text):
    layer = traced(signature, body)
    sizes = {letter: SIZES[letter] for letter in layer.letters}
    route = derive_jacobian(layer, wrt, sizes)
    tree = route.derivation.step(KRONECKER.name).after
    assert print_code(tree) == text
    random = np.random.default_rng(0)
    arrays = {node.name: random.normal(size=layer.shape(node, sizes)) for node in layer.inputs}

    def column(array):
        return array.reshape(-1, 1) if array.ndim == 1 else array

    product = eval(
        text, {"kron": lambda a, b: np.kron(column(a), column(b)), "eye": np.eye, "ones": np.ones, **sizes, **arrays}
    )
    values = {
        symbol: float(number)
        for node in layer.inputs
        for symbol, number in zip(
            derive_jacobian(layer, node.name, sizes).map.variables, arrays[node.name].flat, strict=True
        )
    }
    explicit = np.array(route.jacobian.sympy().subs(values).tolist(), dtype=float)
    np.testing.assert_allclose(explicit, product)


@pytest.mark.parametrize(
    ("signature", "body", "wrt"),
    [
        ("X:N D", "X * X", "X"),
        ("X:N D", "X.T", "X"),
        ("X:N D", "X @ X.T", "X"),
        ("X:N D; s:", "X * s", "s"),
        ("X:N D; W:D M", "np.exp(X) @ W + (X @ W) ** 2", "X"),
        ("X:N N", "X + X.T", "X"),
        ("X:N D; Y:N D", "X * Y", "X"),
        ("X:N D; Y:D", "X @ Y", "X"),
    ],
)
def test_what_is_no_such_product_is_not_read_as_one(signature, body, wrt):
    layer = traced(signature, body)
    sizes = {letter: SIZES[letter] for letter in layer.letters}
    with pytest.raises(KeyError):
        derive_jacobian(layer, wrt, sizes).derivation.step(KRONECKER.name)
    for at in (sizes, dict.fromkeys(sizes, 2), dict.fromkeys(sizes, 1)):
        assert isinstance(check_steps(layer, wrt, at), int)


@pytest.mark.parametrize("number", range(len(KRONECKERS)))
def test_all_steps_hold_where_sizes_differ_and_where_they_are_equal(number):
    signature, body, wrt, _ = KRONECKERS[number]
    layer = traced(signature, body)
    for sizes in ({"N": 3, "D": 2, "M": 1, "K": 4}, {"N": 1, "D": 3, "M": 2, "K": 2}, dict.fromkeys("NDMK", 2)):
        assert check_steps(layer, wrt, {letter: sizes[letter] for letter in layer.letters}) == 0


def test_sources_lead_from_every_entry_back_to_the_map():
    route = derive_jacobian(derive.derive("affine").layer, "W", {"N": 2, "D": 2, "M": 3})
    assert route.sources("W.gradient.entries", 1, 2) == (("W.row.entries", 0, 5),)
    # Column w_23 is not zero in the rows y_13 and y_23.
    assert route.sources("W.row.entries", 0, 5) == (
        ("W.upstream", 0, 2),
        ("W.jacobian.values", 2, 5),
        ("W.upstream", 0, 5),
        ("W.jacobian.values", 5, 5),
    )
    assert route.sources("W.jacobian.values", 5, 5) == (("W.jacobian.partials", 5, 5),)
    assert route.sources("W.jacobian.partials", 5, 5) == (("W.map.components", 5, 0), ("W.map.variables", 5, 0))
    assert route.sources("W.map.names", 4, 0) == (("W.map.components", 4, 0),)
    for name in ("X.row.entries", "W.row.nothing", "W"):
        with pytest.raises(KeyError):
            route.sources(name, 0, 0)
