"""Small pieces of notation, and the lines that the terminal shows of them."""

from derive.notation.plain import print_plain
from derive.notation.tree import (
    Entry,
    Gradient,
    Name,
    Tree,
)

X, Y, W, A, B = (Name(letter, "matrix") for letter in "XYWAB")
b = Name("b", "vector")
gradient, G = Gradient(X, "dX"), Gradient(Y, "G")
L = Name("L")


def x(*index: int | str) -> Entry:
    return Entry("x", index)


def w(*index: int | str) -> Entry:
    return Entry("w", index)


def g(*index: int | str) -> Gradient:
    return Gradient(Entry("y", index), "g")


def drawn(tree: Tree, **options: object) -> str:
    return "\n".join(line.rstrip() for line in print_plain(tree, **options).lines)
