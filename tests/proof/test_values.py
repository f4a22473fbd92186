"""What --values reads: seeds and JSON, and what it says of everything that is neither."""

import json
from fractions import Fraction

import numpy as np
import pytest

import derive
from derive.errors import ShapeError, SizeError, UnknownNameError, UnsupportedError, UserError
from derive.layers import load
from derive.proof.values import LARGEST_FILE, given_values

AFFINE = load("affine")
SIZES = {"N": 2, "D": 2, "M": 3}
ARRAYS = {"X": [[1, 2], [3, 4]], "W": [[1, 0, 2], [0, 1, 3]], "b": [5, 6, 7]}


@pytest.fixture
def file(tmp_path):
    def write(content: object) -> str:
        path = tmp_path / "numbers.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    return write


def lists(array) -> list:
    return [lists(item) for item in array] if np.ndim(array) else Fraction(int(array.p), int(array.q))


def test_a_seed_gives_the_raw_output_of_pcg64_input_by_input():
    given = given_values(AFFINE, SIZES, "seed:7")
    choices = (-3, -2, -1, 1, 2, 3)
    drawn = [choices[int(n) % 6] for n in np.random.PCG64(7).random_raw(4 + 6 + 3 + 6)]
    found = [int(n) for name in ("X", "W", "b", "G") for n in given.arrays[name].flat]
    # The stream goes on from one array to the next.
    assert found == drawn
    assert set(given.arrays) == {"X", "W", "b", "G"} and given.upstream


def test_a_seed_gives_small_whole_numbers_and_never_0():
    found = {
        int(n)
        for seed in range(20)
        for a in given_values(AFFINE, SIZES, f"seed:{seed}").arrays.values()
        for n in a.flat
    }
    assert found == {-3, -2, -1, 1, 2, 3}


def test_a_seed_stays_where_the_forward_pass_is_defined():
    @derive.layer(defaults="N=3")
    def logarithm(x: "N"):
        return np.log(x)

    assert all(n > 0 for n in given_values(logarithm, {}, "seed:1").arrays["x"])


def test_a_seed_at_which_nothing_is_defined_is_refused():
    @derive.layer(defaults="N=3")
    def nowhere(x: "N"):
        return np.log(-1 - x * x)

    with pytest.raises(UnsupportedError, match="no finite numbers for seed 1"):
        given_values(nowhere, {}, "seed:1")


def test_a_file_gives_its_numbers_and_sizes(file):
    given = given_values(AFFINE, {}, file(ARRAYS))
    assert given.sizes == {"N": 2, "D": 2, "M": 3}
    assert {name: lists(array) for name, array in given.arrays.items()} == {**ARRAYS, "G": [[1, 1, 1], [1, 1, 1]]}
    assert (given.kind, given.label, given.upstream) == ("file", "numbers.json", False)


def test_decimals_are_kept_exactly_as_they_are_written(file):
    given = given_values(AFFINE, {}, file(b'{"X": [[0.1]], "W": [[-2.50e1]], "b": [1e-3], "G": [[3]]}'))
    assert lists(given.arrays["X"]) == [[Fraction(1, 10)]]
    assert lists(given.arrays["W"]) == [[Fraction(-25)]]
    assert lists(given.arrays["b"]) == [Fraction(1, 1000)]
    assert given.upstream


def test_sizes_that_are_given_have_to_agree(file):
    assert given_values(AFFINE, {"n": 2, "M": 3}, file(ARRAYS)).sizes == SIZES
    with pytest.raises(ShapeError, match=r"numbers\.json: W: axis 2 is 3, expected M=4 by the sizes given"):
        given_values(AFFINE, {"m": 4}, file(ARRAYS))


def test_a_byte_order_mark_is_no_number(file):
    assert given_values(AFFINE, {}, file(b"\xef\xbb\xbf" + json.dumps(ARRAYS).encode())).sizes == SIZES


def test_scalars_and_arrays_of_three_axes_are_read():
    @derive.layer()
    def scaled(a: "", T: "N D M"):
        return a * T

    given = given_values(scaled, {}, '{"a": 2, "T": [[[1, 2]], [[3, 4]]]}')
    assert given.sizes == {"N": 2, "D": 1, "M": 2}
    assert given.arrays["a"].shape == () and given.arrays["a"][()] == 2


@pytest.mark.parametrize("seed", ["", "x", "-1", "1.5", "٣", str(2**63), "9" * 5000])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(UserError, match="expected a whole number from 0 to 9223372036854775807 behind seed:"):
        given_values(AFFINE, SIZES, f"seed:{seed}")


@pytest.mark.parametrize("sizes", [{"N": 64, "D": 4096, "M": 4096}, dict.fromkeys("NDM", 10**9)])
def test_sizes_that_nobody_follows_are_refused(sizes):
    with pytest.raises(SizeError, match=r"has at most 10000; choose smaller sizes, or leave out --values"):
        given_values(AFFINE, sizes, "seed:1")


REFUSED = [
    ({**ARRAYS, "b": [5, 6, "7"]}, r"b, entry 3: expected a number, got the text '7'; write a number"),
    ({**ARRAYS, "b": [5, 6, True]}, r"b, entry 3: expected a number, got true"),
    ({**ARRAYS, "b": [5, None, 7]}, r"b, entry 2: expected a number, got null"),
    ({**ARRAYS, "b": [5, {}, 7]}, r"b, entry 2: expected a number, got names with values"),
    ({**ARRAYS, "W": [[1, 0, 2], [0, float("nan"), 3]]}, r"W, row 2, entry 2: expected a finite number, got NaN"),
    ({**ARRAYS, "W": [[1, 0, 2], [0, float("-inf"), 3]]}, r"W, row 2, entry 2: expected a finite number, got -Infin"),
    ({**ARRAYS, "b": [5, 6, 1e300]}, r"b, entry 3: expected a number between 1e-30 and 1e30, or 0, got 1e\+300"),
    ({**ARRAYS, "b": [5, 6, 10**70]}, r"b, entry 3: expected a number of at most 60 characters"),
    ({**ARRAYS, "X": [[1, 2], [3]]}, r"X, row 2: expected 2 entries as in the one before it, got 1"),
    ({**ARRAYS, "X": [[1, 2], 3]}, r"X, row 2: expected a list of 2 like the one before it, got 3"),
    ({**ARRAYS, "X": [[], []]}, r"X: an empty list; every axis has at least one entry"),
    ({**ARRAYS, "X": []}, r"X: an empty list"),
    ({**ARRAYS, "X": 1}, r"X: expected a list of rows \(N, D\), such as \[\[1, 2\], \[3, 4\]\], got a number"),
    ({**ARRAYS, "b": [[5, 6, 7]]}, r"b: expected a list \(M,\), such as \[1, 2\], got a list of rows \(1, 3\)"),
    ({**ARRAYS, "X": [[1, 2, 3]]}, r"W: axis 1 is 2, expected D=3 by X \(W has shape \(D, M\)\)"),
    ({**ARRAYS, "G": [[1, 2], [3, 4]]}, r"G: expected the shape \(2, 3\) of Y, got \(2, 2\)"),
    ({"X": [[1]]}, r"expected an array for each of X, W, b, W and b are missing; add \"W\": \[\[1, 2\], \[3, 4\]\]"),
    ([1, 2], r"expected names with arrays, .*, got a list of 2"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "told"), REFUSED, ids=[told[:30] for _, told in REFUSED])
def test_what_does_not_fit_is_refused_with_its_place(file, content, told):
    with pytest.raises(UserError, match=r"numbers\.json: " + told):
        given_values(AFFINE, {}, file(content))


def test_an_unknown_array_lists_the_known_ones(file):
    with pytest.raises(
        UnknownNameError, match=r"unknown array in numbers\.json: 'B', did you mean b\?; known: X, W, b, G"
    ):
        given_values(AFFINE, {}, file({**ARRAYS, "B": [1]}))


def test_a_name_that_stands_twice_is_refused(file):
    with pytest.raises(UserError, match=r"'X' is given twice"):
        given_values(AFFINE, {}, file(b'{"X": [[1]], "X": [[2]]}'))


def test_no_json_is_told_with_line_and_column(file):
    with pytest.raises(UserError, match=r"numbers\.json: line 2, column 9: no JSON"):
        given_values(AFFINE, {}, file(b'{"X": [[1, 2]],\n "W": [[,]]}'))


def test_lists_too_deep_to_be_an_array_are_refused(file):
    with pytest.raises(UserError, match="too deep to be an array"):
        given_values(AFFINE, {}, file(b'{"X": ' + b"[" * 100_000))
    deep = b'{"X": ' + b"[" * 900 + b'"a"' + b"]" * 900 + b', "W": [[1]], "b": [1]}'
    with pytest.raises(UserError, match="lists 900 deep"):
        given_values(AFFINE, {}, file(deep))


def test_a_file_that_cannot_be_read_is_told(tmp_path, file):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(UserError, match=r"cannot be read: .*; expected seed:7, or a JSON file such as"):
            given_values(AFFINE, {}, str(path))
    with pytest.raises(UserError, match="cannot be read"):
        given_values(AFFINE, {}, "null\x00byte.json")
    with pytest.raises(UserError, match=r"expected UTF-8, got the byte 0xff at 1; save the file as UTF-8"):
        given_values(AFFINE, {}, file(b"{\xff}"))
    with pytest.raises(UserError, match=f"expected a file of at most {LARGEST_FILE} bytes"):
        given_values(AFFINE, {}, file(b" " * (LARGEST_FILE + 1)))


def test_python_gives_arrays_by_name():
    given = derive.derive(
        "affine", values={"X": np.array([[1, 2]]), "W": np.array([[0.5], [1]]), "b": [Fraction(1, 4)]}
    ).given
    assert given is not None and given.sizes == {"N": 1, "D": 2, "M": 1}
    assert lists(given.arrays["b"]) == [Fraction(1, 4)]
    with pytest.raises(UserError, match="short decimal form, got Fraction"):
        derive.derive("affine", values={"b": [Fraction(1, 3)]})
    with pytest.raises(UserError, match="expected seed:7, the name of a JSON file, or arrays by name, got int"):
        derive.derive("affine", values=7)
