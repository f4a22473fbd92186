"""How many terms derivatives have, counted by hand, and what is spared where they are many."""

from fractions import Fraction

import pytest

import derive
from derive.proof.cost import slope_terms
from derive.proof.evidence import Strength
from derive.proof.field import Field


def counted(make) -> int:
    field = Field()
    return slope_terms(make(field, *(field.variable(name) for name in "xyz")))


COUNTED = [
    (lambda field, x, y, z: x, 1),
    (lambda field, x, y, z: x * y * z, 3),
    # x² + 2xy + y²
    (lambda field, x, y, z: (x + y) ** 2, 4),
    # x (y + z)^(1/2): 1, and one for each of the summands under the root
    (lambda field, x, y, z: x * (y + z) ** Fraction(1, 2), 3),
    # a number has no derivatives
    (lambda field, x, y, z: x - x + 7, 0),
]


@pytest.mark.parametrize(("make", "terms"), COUNTED)
def test_every_generator_of_a_monomial_gives_a_term_for_each_term_of_its_slope(make, terms):
    assert counted(make) == terms


LONG = [("batchnorm", {"N": 32, "D": 3}), ("batchnorm", {"N": 64, "D": 3}), ("layernorm", {"N": 2, "D": 20})]


@pytest.mark.parametrize(("name", "sizes"), LONG)
def test_a_loss_too_long_to_be_written_out_is_proved_at_smaller_sizes(name, sizes):
    for gradient in derive.derive(name, sizes).gradients.values():
        exact = [item for item in gradient.evidence if item.route == "jacobian"]
        assert [item.strength for item in exact] == [Strength.PROVED_AT_SIZES]
        assert tuple(sizes.items()) not in exact[0].sizes
        assert Strength.PROVED_FOR_ALL_SIZES in {item.strength for item in gradient.evidence}


def test_a_short_one_is_proved_at_its_own_sizes():
    for gradient in derive.derive("softmax", {"N": 2, "K": 20}).gradients.values():
        (exact,) = (item for item in gradient.evidence if item.route == "jacobian")
        assert (("N", 2), ("K", 20)) in exact.sizes
