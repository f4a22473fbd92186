"""A document of any choice of sections holds together: numbers in order, no reference that leads nowhere."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations

import pytest

import derive
from derive.document.blocks import Document, Heading
from derive.document.compose import compose
from derive.document.material import Material
from derive.errors import UnknownNameError, UserError
from derive.options import ROUTES, SECTIONS, document_options
from derive.render.latex import render_latex
from derive.render.text import render_text


def document(**chosen) -> Document:
    return derive.derive("affine", n=2, d=2, m=3, **chosen).document()


@cache
def material() -> Material:
    """Everything that a document can be composed from, derived once."""
    return derive.derive("affine", n=2, d=2, m=3, values="seed:1").material()


def numbers(blocks) -> list[int]:
    found = [block.number for block in blocks if isinstance(getattr(block, "number", None), int)]
    return [n for n in found if n is not None]


@pytest.mark.parametrize("pair", [*combinations(SECTIONS, 2), *((name,) for name in SECTIONS)], ids="-".join)
def test_any_choice_of_sections_holds_together(pair):
    made = compose(replace(material(), options=document_options(sections=",".join(pair))))
    assert render_latex(made) and render_text(made, width=80)
    headings = [block.number for block in made.blocks if isinstance(block, Heading)]
    assert headings == list(range(1, len(headings) + 1))


def test_sections_keep_the_order_of_the_handout_whatever_the_order_of_their_names():
    assert document(sections="check,result").blocks == document(sections="result,check").blocks


def test_the_depth_decides_where_no_section_is_named():
    chosen = derive.derive("affine").options.chosen_sections()
    assert chosen[0] == "result" and set(ROUTES) <= set(chosen)
    assert derive.derive("affine", depth="brief").options.chosen_sections() == ("result", "conventions", "jacobian")


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_takes_the_place_of_the_others(route):
    for depth in ("brief", "full"):
        chosen = derive.derive("affine", route=route, depth=depth).options.chosen_sections()
        assert [name for name in chosen if name in ROUTES] == [route]


def test_what_does_not_exist_is_refused():
    with pytest.raises(UnknownNameError, match="unknown section 'indx'"):
        derive.derive("affine", sections="indx")
    with pytest.raises(UnknownNameError, match="unknown route 'jacobi', did you mean jacobian"):
        derive.derive("affine", route="jacobi")
    with pytest.raises(UserError, match="--route: expected without --sections"):
        derive.derive("affine", route="jacobian", sections="result")
