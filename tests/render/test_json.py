"""The JSON document: its numbers against NumPy, and what is cut."""

import json
import os
import subprocess
import sys
from itertools import product

import numpy as np
import pytest

import derive
from derive.document.material import Material
from derive.errors import SizeError
from derive.render.json import render_json
from tests.render.read_json import (
    dense,
    dense_jacobian,
    evaluated,
    made,
    numbers,
    rendered,
    validate,
    value,
    with_values,
)


@derive.layer(defaults="N=2 D=3")
def summed_twice(X: "N D", v: "D"):
    return np.tanh(X) @ v + np.exp(v).sum()


@derive.layer(defaults="N=2 D=3")
def scaled(X: "N D", a: ""):
    return X * a


@derive.layer(defaults="N=2 D=3")
def energy(X: "N D"):
    return np.sum(X * X)


@derive.layer(defaults="N=2 D=3")
def gram(X: "N D"):
    return X @ X.T


def by_hand(name, x, w):
    """The Jacobians of Y = X W + b, written down from y_ij = Σ_k x_ik w_kj + b_j."""
    (samples, features), outputs = x.shape, w.shape[1]
    entries = {
        "X": lambda i, j, row, column: w[column, j] if row == i else 0.0,
        "W": lambda i, j, row, column: x[i, row] if column == j else 0.0,
        "b": lambda i, j, column: 1.0 if column == j else 0.0,
    }[name]
    shape = {"X": (samples, features), "W": (features, outputs), "b": (outputs,)}[name]
    rows = product(range(samples), range(outputs))
    return np.array([[entries(*row, *column) for column in product(*map(range, shape))] for row in rows])


@pytest.mark.parametrize("name", ["X", "W", "b"])
@pytest.mark.parametrize("sizes", [{"n": 2, "d": 2, "m": 3}, {"n": 1, "d": 1, "m": 1}, {"n": 3, "d": 4, "m": 5}])
def test_the_jacobian_of_the_affine_layer_is_the_one_written_by_hand(sizes, name) -> None:
    document = made("affine", **sizes)
    arrays = numbers(document)
    found = dense_jacobian(document["gradients"][name], arrays)
    np.testing.assert_allclose(found, by_hand(name, arrays["x"], arrays["w"]))
    assert document["gradients"][name]["jacobian"]["nnz"] == np.count_nonzero(found)


@pytest.mark.parametrize("sizes", [{"n": 2, "d": 2, "m": 3}, {"n": 1, "d": 1, "m": 1}, {"n": 3, "d": 4, "m": 5}])
def test_components_rows_and_matrices_of_the_affine_layer_are_what_numpy_computes(sizes) -> None:
    document = made("affine", **sizes)
    arrays = numbers(document)
    x, w, b, g = (arrays[letter] for letter in "xwbg")
    expected = {"X": np.einsum("nm,dm->nd", g, w), "W": np.einsum("nm,nd->dm", g, x), "b": np.einsum("nm->m", g)}
    assert list(document["gradients"]) == list(expected)
    for name, gradient in document["gradients"].items():
        np.testing.assert_allclose(
            evaluated(gradient["map"]["components"], arrays), (np.einsum("nd,dm->nm", x, w) + b).ravel()
        )
        np.testing.assert_allclose(evaluated(gradient["row"], arrays), expected[name].ravel())
        np.testing.assert_allclose(evaluated(gradient["matrix"], arrays), expected[name])
        assert gradient["shape"] == list(expected[name].shape)


def test_the_gradients_of_a_layer_with_tanh_are_what_numpy_computes() -> None:
    document = made(dense, n=2, d=3, m=4)
    arrays = numbers(document)
    x, w, b, g = (arrays[letter] for letter in "xwbg")
    slope = 1 - np.tanh(np.einsum("nd,dm->nm", x, w) + b) ** 2
    expected = {
        "X": np.einsum("nm,nm,dm->nd", g, slope, w),
        "W": np.einsum("nm,nm,nd->dm", g, slope, x),
        "b": np.einsum("nm,nm->m", g, slope),
    }
    jacobians = {
        "X": np.einsum("nm,dm,nk->nmkd", slope, w, np.eye(2)).reshape(8, 6),
        "W": np.einsum("nm,nd,mk->nmdk", slope, x, np.eye(4)).reshape(8, 12),
        "b": np.einsum("nm,mk->nmk", slope, np.eye(4)).reshape(8, 4),
    }
    for name, gradient in document["gradients"].items():
        np.testing.assert_allclose(evaluated(gradient["matrix"], arrays), expected[name])
        np.testing.assert_allclose(dense_jacobian(gradient, arrays), jacobians[name])


def test_formulas_run_in_numpy() -> None:
    document = made(dense, n=2, d=3, m=4)
    arrays = numbers(document)
    names = {item["name"]: arrays[item["letter"]] for item in document["inputs"]}
    names[document["conventions"]["upstream"]] = arrays["g"]
    known = {"__builtins__": {}, "sum": np.sum, "tanh": np.tanh}
    assert any(gradient["definitions"] for gradient in document["gradients"].values())
    for gradient in document["gradients"].values():
        for item in gradient["definitions"]:
            names[item["name"]] = eval(item["formula"], known, names)
        found = eval(gradient["formula"], known, names)
        np.testing.assert_allclose(found, evaluated(gradient["matrix"], arrays))


def test_the_gradient_of_a_scalar_is_one_expression() -> None:
    document = made(scaled)
    arrays = numbers(document)
    validate(document)
    assert document["gradients"]["a"]["shape"] == []
    np.testing.assert_allclose(value(document["gradients"]["a"]["matrix"], arrays), np.sum(arrays["g"] * arrays["x"]))


def test_a_scalar_output_has_a_jacobian_of_one_row() -> None:
    document = made(energy)
    arrays = numbers(document)
    validate(document)
    gradient = document["gradients"]["X"]
    assert gradient["jacobian"]["shape"] == [1, 6]
    np.testing.assert_allclose(dense_jacobian(gradient, arrays), 2 * arrays["x"].reshape(1, 6))
    validate(made(energy, all_entries=True))


def test_an_entry_to_which_two_terms_contribute_is_listed_once() -> None:
    document = made(gram)
    arrays = numbers(document)
    x = arrays["x"]
    jacobian = document["gradients"]["X"]["jacobian"]
    places = [(row, column) for row, column, _ in jacobian["entries"]]
    expected = np.einsum("ik,jl->ijkl", np.eye(2), x) + np.einsum("jk,il->ijkl", np.eye(2), x)
    assert places == sorted(set(places))
    # Rows 11 and 22 depend on one row of X, rows 12 and 21 on both.
    assert jacobian["nnz"] == len(places) == 3 + 6 + 6 + 3
    np.testing.assert_allclose(dense_jacobian(document["gradients"]["X"], arrays), expected.reshape(4, 6))


@pytest.mark.parametrize(
    ("sizes", "place", "terms"),
    [
        ({"n": 2, "d": 40, "m": 3}, ("map", "components"), 41),
        ({"n": 2, "d": 3, "m": 40}, ("X", "row"), 40),
        ({"n": 40, "d": 2, "m": 3}, ("W", "row"), 40),
        ({"n": 40, "d": 2, "m": 3}, ("b", "row"), 40),
    ],
)
def test_a_long_sum_is_a_text_with_a_sigma_and_the_number_of_its_terms(sizes, place, terms) -> None:
    document = made("affine", **sizes)
    arrays = numbers(document)
    x, w, b, g = (arrays[letter] for letter in "xwbg")
    gradients = document["gradients"]
    listed = gradients["X"]["map"]["components"] if place[0] == "map" else gradients[place[0]]["row"]
    expected = {
        "map": np.einsum("nd,dm->nm", x, w) + b,
        "X": np.einsum("nm,dm->nd", g, w),
        "W": np.einsum("nm,nd->dm", g, x),
        "b": np.einsum("nm->m", g),
    }[place[0]]
    assert {item["terms"] for item in listed} == {terms}
    assert all(len(item["text"]) < 60 for item in listed)
    np.testing.assert_allclose(evaluated(listed, arrays), expected.ravel()[: len(listed)])


def test_a_long_sum_within_a_function_counts_as_well() -> None:
    document = made(dense, n=1, d=40, m=2)
    arrays = numbers(document)
    arrays["w"] /= 100
    arrays = with_values(document, arrays)
    gradient = document["gradients"]["b"]
    validate(document)
    # tanh(40 products + b): 41 terms within the function.
    components = gradient["map"]["components"]
    assert components[0]["terms"] == 41
    np.testing.assert_allclose(evaluated(components, arrays), np.tanh(arrays["x"] @ arrays["w"] + arrays["b"])[0])
    slope = 1 - np.tanh(arrays["x"] @ arrays["w"] + arrays["b"]) ** 2
    np.testing.assert_allclose(evaluated(gradient["matrix"], arrays), (arrays["g"] * slope)[0])


@pytest.mark.parametrize(("d", "is_written_out"), [(32, True), (33, False)])
def test_sums_are_written_out_up_to_the_stated_number_of_terms(d, is_written_out) -> None:
    document = made("affine", n=1, d=d, m=1)
    component = document["gradients"]["X"]["map"]["components"][0]
    assert document["limits"]["terms"] == 32
    assert isinstance(component, str) is is_written_out


def test_lists_are_cut_at_the_stated_cap_beside_their_true_lengths() -> None:
    document = made("affine", n=4, d=20, m=60)
    gradient = document["gradients"]["W"]
    assert document["limits"]["entries"] == 200
    assert (gradient["map"]["domain"], gradient["map"]["codomain"]) == (1200, 240)
    assert gradient["jacobian"]["shape"] == [240, 1200]
    assert gradient["jacobian"]["nnz"] == 4 * 20 * 60
    assert gradient["shape"] == [20, 60]
    lists = (gradient["map"]["components"], gradient["jacobian"]["entries"], gradient["row"])
    assert [len(items) for items in lists] == [200, 200, 200]
    matrix = gradient["matrix"]
    assert [len(row) for row in matrix] == [14] * 14
    assert matrix[1][0] == "g_1_1*x_1_2 + g_2_1*x_2_2 + g_3_1*x_3_2 + g_4_1*x_4_2"


def test_a_long_vector_is_cut_to_its_beginning() -> None:
    matrix = made("affine", n=1, d=1, m=300)["gradients"]["b"]["matrix"]
    assert matrix == [f"g_1_{number}" for number in range(1, 201)]


def test_a_narrow_matrix_is_cut_along_its_long_side_only() -> None:
    matrix = made("affine", n=2, d=150, m=1)["gradients"]["X"]["matrix"]
    assert [len(row) for row in matrix] == [100, 100]


def test_all_entries_lifts_the_cap() -> None:
    document = made("affine", n=4, d=20, m=60, all_entries=True)
    gradient = document["gradients"]["W"]
    assert document["limits"]["entries"] is None
    assert len(gradient["map"]["components"]) == 240
    assert len(gradient["jacobian"]["entries"]) == 4800
    assert len(gradient["row"]) == 1200
    assert np.shape(gradient["matrix"]) == (20, 60)


def test_too_many_entries_are_refused_with_the_remedy() -> None:
    with pytest.raises(SizeError, match=r"at most 100000 are listed \(N=64, D=4096, M=4096\).*leave out --all-entries"):
        derive.derive("affine", n=64, d=4096, m=4096).json(all_entries=True)


def test_a_layer_of_real_size_gives_a_small_document() -> None:
    text = rendered("affine", n=64, d=4096, m=4096)
    document = json.loads(text)
    validate(document)
    assert len(text) < 300_000
    gradient = document["gradients"]["X"]
    assert gradient["jacobian"]["shape"] == [262144, 262144]
    assert gradient["jacobian"]["nnz"] == 64 * 4096 * 4096
    assert gradient["jacobian"]["entries"][:2] == [[0, 0, "w_1_1"], [0, 1, "w_2_1"]]
    assert gradient["map"]["components"][0]["terms"] == 4097
    assert gradient["row"][0]["terms"] == 4096


def test_only_the_chosen_inputs_are_listed() -> None:
    assert list(made("affine", n=1, d=1, m=1, wrt="b,X")["gradients"]) == ["X", "b"]


def test_evidence_is_that_of_the_derivation() -> None:
    derived = derive.derive("affine", n=2, d=2, m=3)
    listed = json.loads(derived.json())["gradients"]["X"]["evidence"]
    strengths = ["proved at sizes"] * 2 + ["proved for all sizes"] * 2 + ["checked at points"]
    assert [item["strength"] for item in listed] == strengths
    assert [item["route"] for item in listed] == ["jacobian", "entry", "index", "graph", "numpy"]
    assert listed[0]["sizes"][0] == {"N": 2, "D": 2, "M": 3}
    assert listed[0]["points"] is None
    assert listed[2]["sizes"] == listed[3]["sizes"] == []
    assert listed[4]["points"] == derived.wrt("X").evidence[4].points == 3


def test_the_text_is_ascii_in_lines_that_can_be_read() -> None:
    text = rendered("affine", n=2, d=40, m=3)
    assert text.isascii()
    assert text.endswith("}\n")
    assert '"sizes": {"N": 2, "D": 40, "M": 3},' in text
    assert '          [0, 0, "w_1_1"],' in text


def test_entries_that_were_asked_for_before_change_nothing() -> None:
    fresh, used = (derive.derive(dense, n=2, d=40, m=40, wrt="X") for _ in range(2))
    used.wrt("X").chain_rule.listed(0, 5)
    texts = [
        render_json(
            Material(
                derived.layer, derived.sizes, {"X": derived.wrt("X").route}, {"X": ()}, derived.options, "derive", "0"
            )
        )
        for derived in (fresh, used)
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(("layer", "count"), [(dense, 3), (summed_twice, 2)])
def test_the_letters_of_sums_begin_anew_with_every_gradient(layer, count) -> None:
    sizes = {"n": 3, "d": 40}
    together = made(layer, **sizes)["gradients"]
    assert len(together) == count
    for wrt, gradient in together.items():
        assert "\\u03a3(" in json.dumps(gradient)
        assert made(layer, **sizes, wrt=wrt)["gradients"] == {wrt: gradient}


def test_the_same_input_gives_the_same_bytes_in_another_process() -> None:
    program = """
import numpy as np
import derive

@derive.layer(defaults="N=1 D=2 M=33")
def dense(X: "N D", W: "D M", b: "M"):
    return np.tanh(X @ W + b)

print(derive.derive(dense, wrt="X").json() + derive.derive("affine", wrt="X").json())
"""
    texts = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(texts[0]) > 10_000
    assert texts[0] == texts[1]
