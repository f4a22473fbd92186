"""Four routes to the gradients of the affine layer: they agree with the definition, at all 64 sizes from 1 to 4."""

from __future__ import annotations

from itertools import product

import pytest
from sympy import Add, Expr, Symbol

from derive.engine.concrete import positions
from derive.forward.algebra import SympyAlgebra
from derive.forward.entry import Entries
from derive.layers import load
from derive.proof.canonical import same_for_all_sizes
from derive.routes.entry import derive_entry
from derive.routes.graph import derive_graph
from derive.routes.index import derive_index
from derive.routes.jacobian import derive_jacobian

SIZES = [dict(zip("NDM", sizes, strict=True)) for sizes in product(range(1, 5), repeat=3)]


def symbol(letter: str, *index: int) -> Symbol:
    return Symbol("_".join((letter, *(str(i + 1) for i in index))), real=True)


def by_definition(wrt: str, position: tuple[int, ...], N: int, D: int, M: int) -> Expr:
    """∂L/∂x_ik = Σ_j g_ij w_kj, ∂L/∂w_kj = Σ_i g_ij x_ik, ∂L/∂b_j = Σ_i g_ij, written out."""
    if wrt == "X":
        i, k = position
        return Add(*(symbol("g", i, j) * symbol("w", k, j) for j in range(M)))
    if wrt == "W":
        k, j = position
        return Add(*(symbol("g", i, j) * symbol("x", i, k) for i in range(N)))
    (j,) = position
    return Add(*(symbol("g", i, j) for i in range(N)))


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "x".join(map(str, sizes.values())))
def test_all_routes_reach_the_sum_of_the_definition(sizes):
    assert len(SIZES) == 64
    layer = load("affine")
    entries = Entries(sizes, SympyAlgebra())
    for node in layer.inputs:
        places = list(positions(layer.shape(node, sizes)))
        expected = [by_definition(node.name, place, **sizes) for place in places]
        jacobian = derive_jacobian(layer, node.name, sizes)
        single = derive_entry(layer, node.name, sizes)
        assert [jacobian.gradient[place] for place in places] == expected
        assert [single.single(number).value for number in range(len(places))] == expected
        assert entries.many(derive_index(layer, node.name).node, places) == expected
        assert entries.many(derive_graph(layer, node.name).formula(node.name).node, places) == expected


@pytest.mark.parametrize("wrt", "XWb")
def test_the_routes_without_sizes_agree_for_all_of_them(wrt):
    layer = load("affine")
    index, graph = derive_index(layer, wrt).node, derive_graph(layer, wrt).formula(wrt).node
    assert same_for_all_sizes(index, graph)
    assert same_for_all_sizes(index, derive_jacobian(layer, wrt, {"N": 2, "D": 3, "M": 4}).formula.node)
