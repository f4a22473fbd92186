"""Trees that share parts are printed as each by itself would be."""

from derive.notation.sharing import SharingPrinter
from derive.notation.tree import Entry, Name, Negative, Product, Sum


def test_a_shared_part_has_its_brackets_only_where_it_needs_them() -> None:
    part = Sum((Entry("x", (0,)), Entry("y", (0,))))
    printer = SharingPrinter()
    assert printer.text(part) == "x_1 + y_1"
    assert printer.text(Product((part, Entry("z", (0,))))) == "(x_1 + y_1) * z_1"
    assert printer.text(Sum((part, Entry("z", (0,))))) == "x_1 + y_1 + z_1"


def test_trees_that_nobody_else_keeps_do_not_lend_each_other_their_texts() -> None:
    # Python gives the place of a tree that is gone to the next one.
    printer = SharingPrinter()
    texts = [printer.text(Negative(Name(f"A{number}", "matrix"))) for number in range(100)]
    assert texts == [f"-A{number}" for number in range(100)]
