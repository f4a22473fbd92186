"""The route by single entries: the matrices of document 002, and a false step caught by its name."""

from itertools import product

import numpy as np
import pytest
from sympy import Symbol

import derive
from derive.engine.jacobian import Jacobian
from derive.engine.single import SingleEntry
from derive.layers import load
from derive.notation.code import print_code
from derive.notation.tree import Explicit, MatMul
from derive.proof.entries import check_entries
from derive.proof.evidence import Strength
from derive.proof.prove import prove
from derive.routes import entry as route
from derive.routes.entry import CHAIN, ENTRIES, FACTOR, FORMULA, PRODUCTS, SUM, VALUES, derive_entry
from derive.steps import Derivation

SIZES = {"N": 2, "D": 2, "M": 3}
"""Those of document 002."""


@derive.layer(defaults="N=2 D=2 M=3")
def product_of_document_002(X: "N D", W: "D M"):
    return X @ W


@derive.layer(defaults="N=2 D=3 M=4 K=5")
def two_layers(X: "N D", W: "D M", b: "M", V: "M K"):
    return np.tanh(X @ W + b) @ V


@derive.layer(defaults="N=3 D=2")
def gram(x: "N D"):
    return x.T @ x


@derive.layer(defaults="N=3")
def dot(u: "N", v: "N"):
    return np.sum(u * v)


@derive.layer()
def line(a: "", x: "", b: ""):
    return a * x + b


@derive.layer(defaults="N=3 D=2")
def scaled(X: "N D", s: "", v: "D"):
    return s * (X @ v)


@derive.layer(defaults="N=2 D=3")
def reverse_sign(X: "N D"):
    return -X


def texts(side) -> list[list[str]]:
    rows, columns = side.table.shape
    return [[print_code(side.table.tree(i, j)) for j in range(columns)] for i in range(rows)]


def step_of(derivation, reason, number=0):
    return Derivation("entry", "", derivation.steps_of(number)).step(reason.name)


def test_the_matrices_of_the_source_document():
    of_w = derive_entry(product_of_document_002, "W", SIZES)
    chain = step_of(of_w, CHAIN)
    # (16)
    assert texts(chain.before) == [["dw_1_1"]]
    assert texts(chain.after.left) == [["g_1_1", "g_1_2", "g_1_3"], ["g_2_1", "g_2_2", "g_2_3"]]
    assert texts(chain.after.right) == [
        ["dy_1_1_dw_1_1", "dy_1_2_dw_1_1", "dy_1_3_dw_1_1"],
        ["dy_2_1_dw_1_1", "dy_2_2_dw_1_1", "dy_2_3_dw_1_1"],
    ]
    # (17)
    assert texts(step_of(of_w, VALUES).after) == [["x_1_1", "0", "0"], ["x_2_1", "0", "0"]]
    assert texts(step_of(of_w, PRODUCTS).after) == [["g_1_1*x_1_1", "0", "0"], ["g_2_1*x_2_1", "0", "0"]]
    # (18)
    assert texts(step_of(of_w, SUM).after) == [["g_1_1*x_1_1 + g_2_1*x_2_1"]]
    # (14) and (19)
    every = of_w.derivation.step(ENTRIES.name)
    assert texts(every.before) == [["dw_1_1", "dw_1_2", "dw_1_3"], ["dw_2_1", "dw_2_2", "dw_2_3"]]
    assert texts(every.after) == [
        ["g_1_1*x_1_1 + g_2_1*x_2_1", "g_1_2*x_1_1 + g_2_2*x_2_1", "g_1_3*x_1_1 + g_2_3*x_2_1"],
        ["g_1_1*x_1_2 + g_2_1*x_2_2", "g_1_2*x_1_2 + g_2_2*x_2_2", "g_1_3*x_1_2 + g_2_3*x_2_2"],
    ]
    # (20)
    transposed, upstream = of_w.derivation.step(FACTOR.name).after.factors
    assert texts(transposed) == [["x_1_1", "x_2_1"], ["x_1_2", "x_2_2"]]
    assert texts(upstream) == [["g_1_1", "g_1_2", "g_1_3"], ["g_2_1", "g_2_2", "g_2_3"]]
    assert print_code(of_w.derivation.step(FORMULA.name).after) == "X.T @ G"
    # (21)
    of_x = derive_entry(product_of_document_002, "X", SIZES)
    assert texts(step_of(of_x, VALUES).after) == [["w_1_1", "w_1_2", "w_1_3"], ["0", "0", "0"]]
    assert print_code(of_x.derivation.step(FORMULA.name).after) == "G @ W.T"


def test_the_gradient_of_the_bias_sums_its_column():
    of_b = derive_entry(load("affine"), "b", SIZES)
    assert texts(step_of(of_b, VALUES, 2).after) == [["0", "0", "1"], ["0", "0", "1"]]
    assert texts(step_of(of_b, SUM, 2).after) == [["g_1_3 + g_2_3"]]


@pytest.mark.parametrize("wrt", "XWb")
def test_every_sum_is_what_numpy_finds_by_differences(wrt):
    sizes = {"N": 3, "D": 4, "M": 5}
    random = np.random.default_rng(1)
    arrays = {"X": random.normal(size=(3, 4)), "W": random.normal(size=(4, 5)), "b": random.normal(size=5)}
    upstream = random.normal(size=(3, 5))
    values = {
        Symbol("_".join((name.lower(), *(str(i + 1) for i in place))), real=True): number
        for name, array in {**arrays, "G": upstream}.items()
        for place, number in np.ndenumerate(array)
    }
    of = derive_entry(load("affine"), wrt, sizes)
    for number, place in enumerate(np.ndindex(arrays[wrt].shape)):
        moved = {name: array.copy() for name, array in arrays.items()}
        moved[wrt][place] += 1
        # The layer is affine, so a step of 1 gives the derivative but for rounding.
        change = moved["X"] @ moved["W"] + moved["b"] - arrays["X"] @ arrays["W"] - arrays["b"]
        assert float(of.single(number).value.subs(values)) == pytest.approx(float(np.sum(upstream * change)))


LAYERS = [load("affine"), product_of_document_002, two_layers, gram, dot, line, scaled, reverse_sign]
CASES = [(layer, node.name) for layer in LAYERS for node in layer.inputs]


@pytest.mark.parametrize(("layer", "wrt"), CASES, ids=[f"{layer.name} by {wrt}" for layer, wrt in CASES])
def test_all_steps_hold_for_layers_of_every_shape(layer, wrt):
    for sizes in (layer.sizes({}), dict.fromkeys(layer.letters, 1), dict.fromkeys(layer.letters, 2)):
        assert check_entries(layer, wrt, sizes) == 0


def test_scalars_are_matrices_with_one_entry():
    of = derive_entry(line, "a", {})
    assert texts(step_of(of, CHAIN).after.right) == [["dy_da"]]
    assert texts(step_of(of, VALUES).after) == [["x"]]
    assert texts(of.derivation.step(ENTRIES.name).after) == [["x"]]
    of = derive_entry(dot, "u", {"N": 3})
    assert texts(of.derivation.step(ENTRIES.name).after) == [["v_1", "v_2", "v_3"]]


def test_an_entry_that_takes_part_twice_collects_both():
    # y_11 = x_11² + x_21², y_12 = y_21 = x_11 x_12 + x_21 x_22
    of = derive_entry(gram, "x", {"N": 2, "D": 2})
    assert check_entries(gram, "x", {"N": 2, "D": 2}) == 0
    g11, g12, g21, x11, x12 = (Symbol(name, real=True) for name in ("g_1_1", "g_1_2", "g_2_1", "x_1_1", "x_1_2"))
    assert (of.single(0).value - (2 * g11 * x11 + (g12 + g21) * x12)).expand() == 0


def test_what_a_page_shows_costs_the_same_at_every_size():
    billion = 10**9
    of = derive_entry(load("affine"), "W", {"N": billion, "D": billion, "M": billion})
    assert texts_of_corner(of) == "g_1_1*x_1_1 + g_2_1*x_2_1 + ... + g_1000000000_1*x_1000000000_1"
    entries = of.derivation.step(ENTRIES.name).after.table
    assert print_code(entries.tree(billion - 1, billion - 1)).endswith(
        "+ ... + g_1000000000_1000000000*x_1000000000_1000000000"
    )
    assert step_of(of, VALUES).after.table.shape == (billion, billion)
    assert of.single(0).moved() == (0, billion, None, billion * (billion - 1))


def texts_of_corner(of) -> str:
    return print_code(step_of(of, SUM).after.table.tree(0, 0))


def refuted(wrt: str = "W") -> str:
    (found,) = prove(load("affine"), wrt, {"N": 2, "D": 3, "M": 4})
    assert (found.route, found.strength) == ("entry", Strength.REFUTED)
    return found.counterexample


def test_a_wrong_entry_of_the_derivative_is_caught(monkeypatch):
    right = Jacobian.__getitem__

    def wrong(self, place):
        value = right(self, place)
        return value + value if place == (1, 1) else value

    monkeypatch.setattr(Jacobian, "__getitem__", wrong)
    # Entry (1, 2) of ∂Y/∂w_12 is x_11.
    assert refuted() == "partial derivatives by one entry, w_1_2: entry (1, 2): x_1_1 is not 2*x_1_1 (N=2, D=3, M=4)"


def test_a_wrong_sum_is_caught(monkeypatch):
    right = SingleEntry.value.func
    monkeypatch.setattr(SingleEntry, "value", property(lambda self: -right(self) if self.number == 2 else right(self)))
    assert refuted().startswith("sum of all products, w_1_3: entry (1, 1): ")


def test_a_forgotten_output_is_caught(monkeypatch):
    right = Jacobian.rows_of
    monkeypatch.setattr(Jacobian, "rows_of", lambda self, column: list(right(self, column))[1:])
    assert refuted().startswith("partial derivatives by one entry, w_1_1: entry (1, 1): x_1_1 is not 0")


def test_a_wrong_factorisation_is_caught(monkeypatch):
    right = route.tables.explicit

    def wrong(tree, concrete):
        written = right(tree, concrete)
        if not isinstance(written, MatMul):
            return written
        first, second = written.factors
        return MatMul((first, Explicit(_shifted(second.table))))

    # The other route would find it first.
    monkeypatch.setattr("derive.proof.prove._symbolic", lambda *_: prove_nothing())
    monkeypatch.setattr(route.tables, "explicit", wrong)
    assert refuted().startswith("factorisation of all entries: entry (1, 1): ")


def prove_nothing():
    return derive.proof.evidence.Evidence("jacobian", Strength.PROVED_AT_SIZES, "", ())


def _shifted(table):
    columns = table.shape[1]

    def nonzeros():
        return {(i, (j + 1) % columns): value for (i, j), value in table.nonzeros().items()}

    return type(table)(table.name, table.shape, table.tree, nonzeros)


def test_every_entry_of_every_input_is_proved_with_the_other_routes():
    for wrt in "XWb":
        evidence = prove(load("affine"), wrt, SIZES)
        assert [item.route for item in evidence] == ["jacobian", "entry", "index", "graph", "numpy"]
        assert evidence[0].sizes == evidence[1].sizes


def test_the_last_row_of_a_column_is_found_without_the_others():
    for layer, wrt in CASES:
        jacobian = derive_entry(layer, wrt, layer.sizes({})).jacobian
        for column in range(jacobian.shape[1]):
            rows = [row for row, at in product(range(jacobian.shape[0]), (column,)) if not jacobian.is_zero(row, at)]
            assert jacobian.last_row_of(column) == max(rows, default=None)
