"""Gradient, Jacobian matrix and the chain rule in several dimensions, stated precisely."""

from __future__ import annotations

from derive.document.draft import Draft
from derive.document.material import Material
from derive.locale import N_
from derive.notation.tree import (
    At,
    Composition,
    Dots,
    Entry,
    Grid,
    JacobianOf,
    Listed,
    MatMul,
    Nabla,
    Name,
    Partial,
    Relation,
    Signature,
    Space,
    Sum,
    Transpose,
    Tree,
)

__all__ = ["write"]

_x = Name("x", "vector")


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    draft.heading("background", N_("Background"))
    f, v, A = Name("f", "vector"), Name("v", "vector"), Name("A", "matrix")
    rest = At(Name("r", "vector"), v)
    draft.prose(
        N_(
            "Two definitions and a theorem carry the derivation. A function {f} is *differentiable* at {x} if near it "
            "a linear map describes how it changes: {change}, where the length of {rest}, divided by that of {v}, "
            "tends to 0 with {v}. Continuous partial derivatives around {x} suffice. [Rudin, *Principles of "
            "Mathematical Analysis*, chapter 9]"
        ),
        f=Signature(f, Space(("n",)), Space(("m",))),
        x=_x,
        v=v,
        rest=rest,
        change=Relation.equal(At(f, Sum((_x, v))), Sum((At(f, _x), MatMul((A, v)), rest))),
    )
    _gradient(draft)
    _jacobian(draft)
    _chain_rule(draft)


def _at(of: Tree, by: Tree) -> Tree:
    return At(Partial(of, by), _x)


def _gradient(draft: Draft) -> None:
    f = Name("f")
    statement = draft.runs(
        N_("Let {f} be differentiable at {x}. Its gradient there is the vector of its partial derivatives:"),
        f=Signature(f, Space(("n",)), Space(())),
        x=_x,
    )
    row = (_at(f, Entry("x", (0,))), _at(f, Entry("x", (1,))), Dots(), _at(f, Entry("x", ("n",))))
    inner = draft.apart()
    inner.equation("background.gradient", Relation.equal(At(Nabla(f), _x), Transpose(Grid((row,), large=True))))
    draft.definition("background.gradient.block", N_("Definition"), N_("gradient"), statement, inner)


def _jacobian(draft: Draft) -> None:
    f = Name("f", "vector")
    statement = draft.runs(
        N_(
            "Let {f} be differentiable at {x}, with components {parts}. Its Jacobian matrix there has a row for each "
            "component and a column for each variable. The rows are the gradients of the components, transposed; the "
            "matrix is the linear map above:"
        ),
        f=Signature(f, Space(("n",)), Space(("m",))),
        x=_x,
        parts=Listed((Entry("f", (0,)), Dots(), Entry("f", ("m",)))),
    )

    def row(component: int | str) -> tuple[Tree, ...]:
        of = Entry("f", (component,))
        return (_at(of, Entry("x", (0,))), Dots(), _at(of, Entry("x", ("n",))))

    cells = (row(0), (Dots("column"), Dots("both"), Dots("column")), row("m"))
    gradients: tuple[tuple[Tree, ...], ...] = (
        (Transpose(At(Nabla(Entry("f", (0,))), _x)),),
        (Dots("column"),),
        (Transpose(At(Nabla(Entry("f", ("m",))), _x)),),
    )
    inner = draft.apart()
    parts = (At(JacobianOf(f), _x), Grid(cells, large=True), Grid(gradients))
    inner.equation("background.jacobian", Relation.equal(*parts))
    draft.definition("background.jacobian.block", N_("Definition"), N_("Jacobian matrix"), statement, inner)


def _chain_rule(draft: Draft) -> None:
    u, v, w = Name("u", "vector"), Name("v", "vector"), Name("w", "vector")
    statement = draft.runs(
        N_(
            "Let {u} be differentiable at {x}, and let {v} be differentiable at {ux}. Then {w} is differentiable at "
            "{x}, and its Jacobian matrix is the product of the two:"
        ),
        u=Signature(u, Space(("n",)), Space(("m",))),
        v=Signature(v, Space(("m",)), Space(("p",))),
        w=Relation.equal(w, Composition((v, u))),
        x=_x,
        ux=At(u, _x),
    )
    inner = draft.apart()
    inner.equation(
        "background.chain",
        Relation.equal(At(JacobianOf(w), _x), MatMul((At(JacobianOf(v), At(u, _x)), At(JacobianOf(u), _x)))),
    )
    draft.definition("background.chain.block", N_("Theorem"), N_("chain rule in several dimensions"), statement, inner)
