"""Every step of the derivation is an equality, and a false one is caught by its name."""

from __future__ import annotations

import sys

import pytest
from sympy import Integer, Symbol

import derive
from derive.engine import pattern
from derive.engine.jacobian import Jacobian
from derive.forward.nodes import Constant
from derive.forward.normal import contract
from derive.layers import load
from derive.notation.code import print_code
from derive.notation.tree import Explicit, MatMul
from derive.proof.prove import prove
from derive.proof.symbolic import check_steps
from derive.routes import jacobian as route
from derive.routes.jacobian import KRONECKER, derive_jacobian

SIZES = {"N": 2, "D": 3, "M": 4}


@pytest.mark.parametrize("wrt", "XWb")
@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 2, 3), (2, 3, 4), (4, 3, 2), (2, 2, 2), (3, 1, 2)], ids=str)
def test_all_steps_hold(sizes, wrt):
    assert check_steps(load("affine"), wrt, dict(zip("NDM", sizes, strict=True))) == 0


def test_the_steps_are_those_of_the_source_document():
    names = [step.reason.name for step in derive_jacobian(load("affine"), "X", SIZES).derivation.steps]
    assert names == [
        "chain rule",
        "partial derivatives",
        "Kronecker product",
        "row times Jacobian",
        "regrouping",
        "factorisation",
        "formula",
    ]


@pytest.mark.parametrize(
    ("wrt", "product"), [("X", "kron(eye(N), W.T)"), ("W", "kron(X, eye(M))"), ("b", "kron(ones((N, 1)), eye(M))")]
)
def test_the_jacobian_is_read_as_a_kronecker_product(wrt, product):
    derivation = derive_jacobian(load("affine"), wrt, SIZES).derivation
    assert print_code(derivation.step(KRONECKER.name).after) == product


def failing(wrt="X"):
    found = check_steps(load("affine"), wrt, SIZES)
    assert not isinstance(found, int)
    return found.name


def test_a_wrong_value_of_the_jacobian_is_caught(monkeypatch):
    right = Jacobian.entries
    monkeypatch.setattr(Jacobian, "entries", lambda self: {p: v + v for p, v in right(self).items()})
    assert failing() == "partial derivatives"


def test_a_wrong_coefficient_is_caught(monkeypatch):
    right = pattern.differentiate

    def wrong(node, wrt):
        two = Constant(Integer(2))
        return tuple(
            pattern.Term(t.output, t.input, t.value, contract([two, t.coefficient], [(), t.value], t.value))
            for t in right(node, wrt)
        )

    # The package gives the verb, which hides the module of the same name.
    monkeypatch.setattr(sys.modules["derive.engine.jacobian"], "differentiate", wrong)
    assert failing() == "partial derivatives"


def test_a_wrong_order_of_regrouping_is_caught(monkeypatch):
    right = route.tables.square

    def wrong(row, gradient, tree):
        table = right(row, gradient, tree)
        if not table.name.endswith("entries"):
            return table
        rows, columns = table.shape

        def nonzeros():
            return {((j * rows + i) // columns, (j * rows + i) % columns): v for (i, j), v in table.nonzeros().items()}

        return type(table)(table.name, table.shape, table.tree, nonzeros)

    monkeypatch.setattr(route.tables, "square", wrong)
    assert failing() == "regrouping"


def test_a_wrong_factorisation_is_caught(monkeypatch):
    right = route.tables.explicit

    def wrong(tree, concrete):
        product = right(tree, concrete)
        if not isinstance(product, MatMul):
            return product
        first, second = product.factors
        return MatMul((first, Explicit(second.table.transposed())))

    monkeypatch.setattr(route.tables, "explicit", wrong)
    found = check_steps(load("affine"), "X", {"N": 2, "D": 2, "M": 2})
    assert not isinstance(found, int)
    assert found.name == "factorisation"


def test_an_entry_knows_what_it_was_made_from():
    x = derive.derive("affine", n=2, d=2, m=3).wrt("X")
    assert x.sources("X.row.entries", 0, 3) == tuple(
        source for k in (3, 4, 5) for source in (("X.upstream", 0, k), ("X.jacobian.values", k, 3))
    )
    assert x.sources("X.gradient.entries", 1, 0) == (("X.row.entries", 0, 2),)
    with pytest.raises(KeyError):
        x.sources("X.nothing", 0, 0)


def test_evidence_names_its_sizes_and_stays_at_smaller_ones_for_large_layers():
    small, *_ = prove(load("affine"), "X", {"N": 2, "D": 2, "M": 3})
    assert [dict(sizes) for sizes in small.sizes] == [
        {"N": 2, "D": 2, "M": 3},
        {"N": 2, "D": 3, "M": 4},
        {"N": 2, "D": 2, "M": 2},
    ]
    large, *_, numbers = prove(load("affine"), "X", {"N": 64, "D": 4096, "M": 4096})
    assert [dict(sizes) for sizes in large.sizes] == [
        {"N": 2, "D": 3, "M": 4},
        {"N": 4, "D": 3, "M": 2},
        {"N": 2, "D": 2, "M": 2},
    ]
    assert (numbers.points, numbers.digits) == (3, 6)


def test_single_entries_are_lazy_and_right():
    w = derive.derive("affine", n=2, d=2, m=3).wrt("W")
    g13, g23, x12, x22 = (Symbol(n, real=True) for n in ("g_1_3", "g_2_3", "x_1_2", "x_2_2"))
    assert w.gradient[1, 2] == g13 * x12 + g23 * x22
    assert w.chain_rule[0, 5] == w.gradient[1, 2]
