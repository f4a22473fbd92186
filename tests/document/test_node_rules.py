"""The rule of every kind of node is told once, for the first of the kind, whatever operands the others have."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.document.sections.node_rules import kinds
from derive.forward.nodes import Add
from derive.render.latex import render_latex
from derive.routes.graph import derive_graph


@derive.layer(defaults="N=2 D=3 M=4")
def indexed(X: "N D M", W: "N D M", V: "N D M"):
    return np.exp(1 + X) * (X + W + V) + np.exp(W)


@derive.layer(defaults="N=2 D=3")
def flat(X: "N D", W: "N D", V: "N D"):
    return np.exp(1 + X) * (X + W + V) + np.exp(W)


@pytest.mark.parametrize("layer", [indexed, flat], ids=lambda layer: layer.name)
def test_sums_of_other_operands_are_alike(layer):
    route = derive_graph(layer)
    sums = [(node, places) for node, places in kinds(route).values() if isinstance(node, Add)]
    assert len(sums) == 1
    ((node, places),) = sums
    assert places and set(places) <= set(route.local(node).places)
    assert render_latex(derive.derive(layer).document())
