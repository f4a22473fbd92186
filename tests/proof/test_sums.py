"""Sums of products of exact entries, against NumPy's own with whole numbers."""

import numpy as np
import pytest
from sympy import Integer, Symbol

from derive.proof import sums
from derive.proof.field import Field

RANDOM = np.random.default_rng(2)


def exact(array):
    """Whole numbers as elements of a field."""
    return np.vectorize(Field().element, otypes=[object])(array)


def ints(array):
    return np.vectorize(lambda value: value if isinstance(value, int) else value.terms.get(0, 0), otypes=[int])(array)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (2, 1), (0, 1, 2)])
def test_sums_along_axes(axis, kept):
    array = RANDOM.integers(-1, 2, (2, 3, 4))
    expected = np.sum(array, axis=axis, keepdims=kept)
    found = np.asarray(sums.total(exact(array), axis, kept=kept))
    assert found.shape == expected.shape
    np.testing.assert_array_equal(ints(found), expected)


def test_sums_of_nothing_and_of_a_scalar():
    assert sums.total(np.empty((0, 2), dtype=object), 0).tolist() == [0, 0]
    assert sums.total(np.array(Integer(3), dtype=object), None) == 3


@pytest.mark.parametrize(("left", "right"), [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,))])
def test_products_of_matrices_and_vectors(left, right):
    a, b = RANDOM.integers(-1, 3, left), RANDOM.integers(-1, 3, right)
    for first, second in ((exact(a), exact(b)), (a, exact(b)), (exact(a), b)):
        found = np.asarray(sums.matmul(first, second))
        assert found.shape == (a @ b).shape
        np.testing.assert_array_equal(ints(found), a @ b)


@pytest.mark.parametrize("pattern", ["ij,jk->ik", "ij,ij,j->i", "ii,j->", "ij,k->jik"])
def test_contractions_with_whole_numbers_among_them(pattern):
    sizes = dict(zip("ijk", (2, 3, 4), strict=True))
    arrays = [RANDOM.integers(-1, 3, [sizes[letter] for letter in row]) for row in pattern.split("->")[0].split(",")]
    found = np.asarray(sums.einsum(pattern, [arrays[0], *map(exact, arrays[1:])]))
    assert found.shape == np.einsum(pattern, *arrays).shape
    np.testing.assert_array_equal(ints(found), np.einsum(pattern, *arrays))


def test_scalars_of_sympy_are_added_as_such():
    x, y = Symbol("x"), Symbol("y")
    assert sums.added([x, y, x]) == 2 * x + y
    assert sums.total(np.array([[x, y], [x, -y]], dtype=object), 0).tolist() == [2 * x, 0]
