from __future__ import annotations

import pytest
from sympy import SparseMatrix

import derive
from derive.errors import UnknownNameError, UserError


def test_the_formulas_are_those_of_the_source_document():
    found = derive.derive("affine", n=2, d=2, m=3)
    formulas = [found.wrt(name).formula for name in "XWb"]
    assert [str(formula) for formula in formulas] == ["G @ W.T", "X.T @ G", "sum(G, axis=0)"]
    assert [formula.definitions for formula in formulas] == [(), (), ()]
    assert formulas[0].latex() == (
        r"\frac{\partial L}{\partial \mathbf{X}} = \frac{\partial L}{\partial \mathbf{Y}} \, \mathbf{W}^{\top}"
    )
    assert formulas[1]._repr_latex_().startswith("$\\displaystyle \\frac{\\partial L}{\\partial \\mathbf{W}}")


def test_every_part_gives_entries_and_sympy():
    w = derive.derive("affine", n=2, d=2, m=3).wrt("W")
    assert str(w.map[0]) == "b_1 + w_1_1*x_1_1 + w_2_1*x_1_2"
    assert isinstance(w.jacobian.sympy(), SparseMatrix)
    assert w.jacobian.shape == (6, 6)
    assert w.chain_rule.sympy().shape == (1, 6)
    assert w.gradient.sympy().shape == (2, 3)
    assert derive.derive("affine", n=2, d=2, m=3).wrt("b").gradient[1] == w.chain_rule.jacobian.map.concrete.value(
        derive.derive("affine").layer.upstream, (0, 1)
    ) + w.chain_rule.jacobian.map.concrete.value(derive.derive("affine").layer.upstream, (1, 1))


def test_unknown_names_list_the_known_ones():
    with pytest.raises(UnknownNameError, match="did you mean affine"):
        derive.derive("afine")
    with pytest.raises(UnknownNameError, match="X, W, b"):
        derive.derive("affine").wrt("Z")
    with pytest.raises(UnknownNameError, match="X, W, b"):
        derive.derive("affine", wrt="Z").latex()
    with pytest.raises(UnknownNameError, match=r"option 'papr'.*did you mean paper"):
        derive.derive("affine", papr="a4")
    with pytest.raises(UnknownNameError, match="a4, letter"):
        derive.derive("affine", paper="a5")
    with pytest.raises(UserError, match="expected the name of a layer or a traced layer, got int"):
        derive.derive(3)  # type: ignore[arg-type]


def test_a_document_renders_itself(tmp_path, monkeypatch):
    found = derive.derive("affine", n=1, d=2, m=3)
    assert found.latex().startswith("\\documentclass")
    path = found.pdf(tmp_path / "folder" / "handout.pdf")
    assert path.read_bytes().startswith(b"%PDF")


def test_the_command_makes_the_document_again():
    found = derive.derive("affine", n=1, d=2, m=3, depth="brief", wrt="W", title="Let's see")
    assert found.command == r"derive affine --n 1 --d 2 --m 3 --wrt W --depth brief --title 'Let'\''s see'"


@pytest.mark.parametrize("text", ["x" * 501, "two\nlines", "a\x00b", "汉字", "\u202e"])
def test_text_that_cannot_be_set_is_refused_with_a_reason(text):
    with pytest.raises(UserError):
        derive.derive("affine", title=text).latex()


def test_an_expression_gives_what_a_layer_gives():
    shapes = {"X": "N D", "W": "(D, M)", "b": "M"}
    text, layer = derive.derive("X @ W + b", shapes=shapes, n=2, d=2, m=3), derive.derive("affine", n=2, d=2, m=3)
    for name in "XWb":
        assert str(text.wrt(name).formula) == str(layer.wrt(name).formula)
        assert text.wrt(name).gradient.sympy() == layer.wrt(name).gradient.sympy()
        assert [item.strength for item in text.wrt(name).evidence] == [
            item.strength for item in layer.wrt(name).evidence
        ]
    assert text.sizes == layer.sizes
    assert text.command == "derive expr 'X @ W + b' --shape X=N,D --shape W=D,M --shape b=M --n 2 --d 2 --m 3"
    assert text.latex().startswith("\\documentclass")


def test_sizes_of_an_expression_are_small_and_distinct_unless_given():
    shapes = {"X": "N D", "W": "D M"}
    assert derive.derive("X @ W", shapes=shapes).sizes == {"N": 2, "D": 3, "M": 4}
    assert derive.derive("X @ W", {"D": 7}, shapes=shapes, n=5).sizes == {"N": 5, "D": 7, "M": 4}


def test_an_expression_goes_with_shapes_and_a_layer_without():
    with pytest.raises(UserError, match=r"X @ W is no name of a layer; give the shapes of an expression"):
        derive.derive("X @ W")
    with pytest.raises(UserError, match="shapes and let go with an expression"):
        derive.derive("affine", let={"S": "X"})
    with pytest.raises(UserError, match="shapes and let go with an expression"):
        derive.derive(derive.derive("affine").written, shapes={"X": "N"})
    with pytest.raises(UnknownNameError, match="did you mean affine"):
        derive.derive("afine")


def test_intermediate_values_of_an_expression_are_named():
    shapes = {"X": "N D", "W": "D M"}
    found = derive.derive("sum(S**2)", shapes=shapes, let={"Z": "X @ W", "S": "tanh(Z)"})
    assert [name for name, _ in found.written.named] == ["Z", "S"]
    assert found.command.startswith("derive expr 'Z = X @ W; S = tanh(Z); sum(S**2)' --shape X=N,D")
