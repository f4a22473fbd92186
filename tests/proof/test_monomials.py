"""Numbers of monomials: equal monomials have one, and products are those of exponents added up."""

from sympy import QQ

from derive.proof.monomials import Monomials, rational


def test_equal_monomials_have_one_number():
    monomials = Monomials()
    first = monomials.number(((0, 2), (3, -1)))
    assert monomials.number(((3, -1), (0, 2))) == first
    assert monomials.number(((0, 2),)) != first
    assert monomials[first] == ((0, 2), (3, -1))
    assert monomials.number(()) == 0 and monomials[0] == ()


def test_exponents_are_added():
    monomials = Monomials()
    a, b = monomials.number(((0, 2), (1, 1))), monomials.number(((1, -1), (2, QQ(1, 2))))
    product, apart = monomials.product(a, b, ())
    assert monomials[product] == ((0, 2), (2, QQ(1, 2)))
    assert apart == []
    square, _ = monomials.product(product, product, ())
    assert monomials[square] == ((0, 4), (2, 1))


def test_generators_that_obey_a_relation_are_apart_where_they_meet_and_nowhere_else():
    monomials = Monomials()
    a, b = monomials.number(((0, 1), (1, QQ(1, 2)))), monomials.number(((1, QQ(1, 2)), (2, 3)))
    product, apart = monomials.product(a, b, {1, 2})
    assert monomials[product] == ((0, 1), (2, 3))
    assert apart == [(1, 1)]
    inverse = monomials.number(((1, QQ(-1, 2)),))
    assert monomials.product(a, inverse, {1}) == (monomials.number(((0, 1),)), [])


def test_monomials_that_share_a_generator_are_told_from_others():
    monomials = Monomials()
    one, other = monomials.number(((0, 1), (1, 2))), monomials.number(((2, 1),))
    assert not monomials.rivals[one] & other
    met_later = monomials.number(((1, QQ(-1, 2)), (2, 1)))
    assert monomials.rivals[one] & met_later


def test_a_power_is_left_out():
    monomials = Monomials()
    both = monomials.number(((4, 3), (7, QQ(-2, 3))))
    assert monomials[monomials.without(both, 4)] == ((7, QQ(-2, 3)),)
    assert monomials.without(monomials.without(both, 4), 7) == 0


def test_whole_numbers_are_ints():
    assert rational(QQ(6, 3)) == 2 and type(rational(QQ(6, 3))) is int
    assert rational(QQ(1, 3)) == QQ(1, 3)
