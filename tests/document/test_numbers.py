"""The section with the worked example: what it shows, at which sizes, for which layers, and that no page overflows."""

from fractions import Fraction

import numpy as np
import pytest
from sympy import Rational

import derive
from derive.document.blocks import Document, Equation, Heading
from derive.document.layout import grids
from derive.document.numeric_table import number
from derive.errors import UserError
from derive.notation.latex import print_latex
from derive.notation.tree import Grid, Number
from derive.options import SECTIONS
from derive.pdf import find_engine, typeset_with_log
from derive.pdf.log import overfull, warnings
from derive.render.latex import render_latex
from derive.render.text import render_text

EXERCISE = {"X": [[0, 1], [2, 3]], "W": [[1, 1], [1, 1]]}


@derive.layer(defaults="N=2 D=2 M=2")
def squared(X: "N D", W: "D M"):
    return (X @ W) ** 2


@derive.layer(defaults="N=2 D=3 H=4 M=2")
def network(X: "N D", W: "D H", b: "H", V: "H M"):
    return np.tanh(X @ W + b) @ V


@derive.layer(defaults="N=3 D=2")
def gram(X: "N D"):
    return X.T @ X


@derive.layer(defaults="M=2 D=3")
def neuron(W: "M D", x: "D", c: "M"):
    return W @ x + c


@derive.layer(defaults="D=3")
def mean_product(x: "D", z: "D"):
    return np.sum(x * z) / x.shape[0]


@derive.layer(defaults="N=3 D=2")
def centred(X: "N D"):
    return X - X.sum(axis=0) / X.shape[0]


@derive.layer()
def scalars(a: "", c: ""):
    return a * c


LAYERS = [squared, network, gram, neuron, mean_product, centred, scalars]


def document(layer="affine", **chosen) -> Document:
    return derive.derive(layer, **{"values": "seed:1", "sections": "numbers", **chosen}).document()


def shown(made: Document, id: str) -> list[list[list[Fraction]]]:
    """The matrices of an equation, in the order in which they stand there."""
    equation = next(block for block in made.blocks if isinstance(block, Equation) and block.id == id)
    found = []
    for line in equation.lines:
        found += [
            [[Fraction(str(cell.value)) for cell in row] for row in grid.cells] for grid in reversed([*grids(line)])
        ]
    return found


def test_the_exercise_of_matrix_derivatives_is_on_the_page():
    made = document(squared, values=EXERCISE)
    # XW, then its square; the loss is 52; ones; the two solutions.
    assert [[4, 4], [20, 20]] in shown(made, "numbers.X.formula")
    assert shown(made, "numbers.forward")[-1] == [[1, 1], [25, 25]]
    assert shown(made, "numbers.upstream") == [[[1, 1], [1, 1]]]
    assert [[2, 2], [10, 10]] in shown(made, "numbers.X.formula")
    assert shown(made, "numbers.X.gradient") == [[[4, 4], [20, 20]]]
    assert shown(made, "numbers.W.gradient") == [[[20, 20], [32, 32]]]
    assert "= 52" in render_text(made)


def test_the_jacobian_of_the_first_source_document_in_numbers():
    # Two blocks Wᵀ on the diagonal; X ⊗ I; two identities under each other.
    values = {"X": [[1, 2], [3, 4]], "W": [[5, 6, 7], [8, 9, 10]], "b": [0, 0, 0]}
    made = document(values=values)
    W_T, zeros = [[5, 8], [6, 9], [7, 10]], [[0, 0]] * 3
    assert shown(made, "numbers.X.jacobian") == [
        [[*a, *z] for a, z in zip(W_T, zeros, strict=True)] + [[*z, *a] for a, z in zip(W_T, zeros, strict=True)]
    ]
    assert shown(made, "numbers.W.jacobian") == [np.kron([[1, 2], [3, 4]], np.eye(3, dtype=int)).tolist()]
    assert shown(made, "numbers.b.jacobian") == [[[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 2]
    assert shown(made, "numbers.X.row") == [[[1] * 6], [[18, 27, 18, 27]]]
    assert shown(made, "numbers.forward")[0] == [[1, 2], [3, 4]]


def test_a_structural_zero_is_marked_and_an_accidental_one_is_not():
    made = document(values={"X": [[0, 1], [1, 0]], "W": [[0], [2]], "b": [0]})
    grid: Grid = next(grids(next(b for b in made.blocks if getattr(b, "id", "") == "numbers.X.jacobian").lines[0]))
    assert grid.sparse
    assert grid.column_rules == (2,)


@pytest.mark.thorough
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_any_layer_is_worked_out(layer):
    made = document(layer)
    text = render_text(made, width=100)
    ids = [block.id for block in made.blocks if isinstance(block, Equation)]
    # A number is the loss itself: nothing arrives, and its Jacobian is the gradient already.
    arrives = ["numbers.upstream"] if layer.output.shape else []
    assert ids[: 2 + len(arrives)] == ["numbers.inputs", "numbers.forward", *arrives]
    parts = ("jacobian", "row", "gradient", "formula") if arrives else ("jacobian", "gradient", "formula")
    assert ids[2 + len(arrives) :] == [f"numbers.{node.name}.{part}" for node in layer.inputs for part in parts]
    assert "the outputs change at the rates in its column, to 6 digits" in text
    assert ("every number below is exact" in text) == (layer is not network)
    assert ("rounded to 4 decimals" in text) == (layer is network)


def test_the_section_is_there_if_values_are_given_and_only_then():
    assert "numbers" in SECTIONS
    assert SECTIONS.index("jacobian") < SECTIONS.index("numbers") < SECTIONS.index("check")
    for depth in ("brief", "full"):
        assert "numbers" not in derive.derive("affine", depth=depth).options.chosen_sections()
        assert "numbers" in derive.derive("affine", depth=depth, values="seed:1").options.chosen_sections()
    assert document(values="").blocks == document(values="seed:1").blocks
    with pytest.raises(UserError, match="--values: expected numbers among --sections"):
        document(values="seed:1", sections="result")


def test_only_the_inputs_that_are_asked_for_are_worked_out():
    ids = [block.id for block in document(wrt="b").blocks if isinstance(block, Equation)]
    assert "numbers.b.jacobian" in ids and "numbers.X.jacobian" not in ids


def test_the_full_document_holds_the_section_at_its_place():
    headings = [block.id for block in document(sections="").blocks if isinstance(block, Heading)]
    assert headings.index("b") < headings.index("numbers") < headings.index("check")


def test_a_missing_upstream_gradient_is_said_to_be_ones():
    assert "No upstream gradient is given" in render_text(document(squared, values=EXERCISE))
    given = render_text(document(squared, values={**EXERCISE, "G": [[1, 1], [1, 2]]}))
    assert "No upstream gradient" not in given and "with fixed numbers" in given


def test_the_command_names_the_file_without_its_folder(tmp_path):
    path = tmp_path / "my numbers.json"
    path.write_text('{"X": [[0, 1]], "W": [[1], [1]], "b": [2]}')
    made = derive.derive("affine", values=str(path))
    assert made.command == "derive affine --n 1 --d 2 --m 1 --values 'my numbers.json'"
    assert derive.derive("affine", values="seed:7").command == "derive affine --n 2 --d 2 --m 3 --values seed:7"


NUMBERS = [
    (3, "3"),
    (Rational(-3), "-3"),
    (Rational(5, 4), "1.25"),
    (Rational(-1, 3), r"-\frac{1}{3}"),
    (Rational(1, 10**6), "0.000001"),
    (Rational(10**9), r"1.0000 \cdot 10^{9}"),
    (Rational(-(10**9)), r"-1.0000 \cdot 10^{9}"),
    (Rational(123456789, 1000), r"1.2346 \cdot 10^{5}"),
    (Rational(12345, 67891), "0.1818"),
    (2.0, "2"),
    (1.25, "1.25"),
    (-0.5, "-0.5"),
    (0.96402758, "0.9640"),
    (-1e-9, "0.0000"),
    (1e-9, "0.0000"),
    (0.99999999, "1.0000"),
    (1.5e300, r"1.5000 \cdot 10^{300}"),
    (-0.0, "0"),
]


@pytest.mark.parametrize(("value", "latex"), NUMBERS, ids=[str(value) for value, _ in NUMBERS])
def test_numbers_are_exact_where_they_are_short(value, latex):
    assert print_latex(number(value)) == latex


def test_no_number_is_long():
    for value in (Rational(10**30 + 1), Rational(1, 10**30), Rational(10**29, 3), 1 / 3, 1e30, -1e30):
        tree = number(value)
        assert len(str(tree.value) if isinstance(tree, Number) else print_latex(tree)) <= 22


TYPESET = [
    *[("affine", sizes, "seed:7") for sizes in ((1, 1, 1), (1, 2, 3), (2, 2, 3), (3, 4, 5), (2, 30, 2), (10, 20, 30))],
    *[(layer, (), "seed:1") for layer in LAYERS],
    ("affine", (), {"X": [[1e29, -1e-29]], "W": [[0.123456789], [-98765.4321]], "b": [1e15]}),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("layer", "sizes", "values"), TYPESET)
def test_no_page_overflows(layer, sizes, values):
    try:
        engine = find_engine("auto").name
    except derive.errors.EngineMissingError:
        pytest.skip("no PDF engine is installed on this machine")
    made = document(layer, values=values, **dict(zip("ndm", sizes, strict=False)))
    log = typeset_with_log(render_latex(made), engine=engine).log
    assert overfull(log) == () and warnings(log) == ()
    assert "set below 80 percent" not in log
