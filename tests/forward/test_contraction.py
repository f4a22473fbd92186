"""Sums of products of arrays without their zeros, against `np.einsum` and by hand."""

from operator import mul

import numpy as np
import pytest

from derive.forward.contraction import contracted

RANDOM = np.random.default_rng(5)

PATTERNS = [
    "ij,jk->ik",
    "ij,jk,kl->il",
    "ij,ij->",
    "ij->ji",
    "ij->j",
    "ij->",
    "i,j->ij",
    "i,j->",
    "ii->i",
    "ii->",
    "ij,jj,j->i",
    "iij,jk->ik",
    "nd,ndm,m->nm",
    "bhnd,bhmd->bhnm",
    "ij,jk,ki->",
    ",ij->ij",
    "ij,k,k->ji",
    "ij,ik,il->jkl",
]


def entries(array, *, short):
    """The entries that are not 0; ones are left to be understood if they are to be short."""
    found = {place: int(value) for place, value in np.ndenumerate(array) if value}
    return {place: None if short and value == 1 else value for place, value in found.items()}


def labels(row):
    return [ord(letter) for letter in row]


def contraction(pattern, arrays, *, short=True):
    rows, output = pattern.split("->")
    factors = [(entries(array, short=short), labels(row)) for row, array in zip(rows.split(","), arrays, strict=True)]
    return contracted(factors, labels(output), count=int, total=sum, times=mul)


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_sums_of_products_are_those_of_numpy(pattern, short):
    sizes = {letter: size for size, letter in enumerate(sorted(set(pattern) - set(",->")), start=2)}
    rows, output = pattern.split("->")
    for _ in range(5):
        arrays = [RANDOM.integers(-1, 3, [sizes[letter] for letter in row]) for row in rows.split(",")]
        expected = np.einsum(pattern, *arrays)
        found = np.zeros([sizes[letter] for letter in output], dtype=int)
        for place, value in contraction(pattern, arrays, short=short).items():
            found[place] = value
        np.testing.assert_array_equal(found, expected)


def test_a_product_by_hand():
    """[[1, 2], [0, 3]] times [[4, 0], [5, 6]]."""
    found = contraction("ij,jk->ik", [np.array([[1, 2], [0, 3]]), np.array([[4, 0], [5, 6]])])
    assert found == {(0, 0): 14, (0, 1): 12, (1, 0): 15, (1, 1): 18}


def test_what_has_no_term_is_left_out():
    assert contraction("ij,jk->ik", [np.array([[1, 0]]), np.array([[0, 0], [7, 7]])]) == {}


def test_ones_are_counted():
    assert contraction("ij->i", [np.ones((2, 3), dtype=int)]) == {(0,): 3, (1,): 3}


def test_a_chain_of_products_is_multiplied_one_by_one():
    """Of four 6 × 6 matrices: three products of 6³ multiplications, where all indices at once need 3 · 6⁵."""
    done = []

    def times(left, right):
        done.append(1)
        return left * right

    arrays = [np.full((6, 6), 2)] * 4
    factors = [(entries(array, short=False), row) for array, row in zip(arrays, ("ij", "jk", "kl", "lm"), strict=True)]
    factors = [(found, labels(row)) for found, row in factors]
    found = contracted(factors, labels("im"), count=int, total=sum, times=times)
    assert found[0, 0] == 2**4 * 6**3
    assert len(done) == 3 * 6**3
