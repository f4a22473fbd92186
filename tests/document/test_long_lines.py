"""A sum that is too wide for the page goes on in the next line, with its signs."""

from derive.document.layout import LINE_WIDTH, fit, fits
from derive.notation.measure import width
from derive.notation.tree import Entry, Gradient, Negative, Product, Relation, Sum


def product(number: int) -> Product:
    return Product((Gradient(Entry("y", (number, 0)), "g"), Entry("w", (number, 0)), Entry("v", (number, 0))))


def test_a_sum_goes_on_in_the_next_line_with_its_signs():
    terms = [product(n) if n % 3 else Negative(product(n)) for n in range(1, 16)]
    whole = Relation.equal(Entry("x"), Sum(tuple(terms)))
    assert width(whole) > 1.5 * LINE_WIDTH
    first, *rest = fit(whole)
    assert first.sign == "="
    assert rest
    assert {line.sign for line in rest} <= {"plus", "minus"}
    assert all(width(line.right) <= LINE_WIDTH for line in (first, *rest))
    counted = sum(len(line.right.terms) if isinstance(line.right, Sum) else 1 for line in (first, *rest))
    assert counted == len(terms)
    assert fits(whole)


def test_a_sum_that_fits_stays_in_one_line():
    (line,) = fit(Relation.equal(Entry("x"), Sum((product(1), product(2)))))
    assert line.sign == "="
