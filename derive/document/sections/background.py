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
    Transpose,
    Tree,
)

__all__ = ["write"]

_x = Name("x", "vector")


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    draft.heading("background", N_("Background"))
    draft.prose(
        N_(
            "The three facts that the derivation rests on. A function is *differentiable* at a point if near it the "
            "function is a linear map up to an error that is small compared with the distance; it is, if its partial "
            "derivatives exist around the point and are continuous there. [Rudin, *Principles of Mathematical "
            "Analysis*, chapter 9]"
        )
    )
    _gradient(draft)
    _jacobian(draft)
    _chain_rule(draft)


def _at(of: Tree, by: Tree) -> Tree:
    return At(Partial(of, by), _x)


def _gradient(draft: Draft) -> None:
    f = Name("f")
    inner = draft.apart()
    inner.prose(
        N_("Let {f} be differentiable at {x}. Its gradient there is the vector of its partial derivatives:"),
        f=Signature(f, Space(("n",)), Space(())),
        x=_x,
    )
    row = (_at(f, Entry("x", (0,))), _at(f, Entry("x", (1,))), Dots(), _at(f, Entry("x", ("n",))))
    inner.equation("background.gradient", Relation.equal(At(Nabla(f), _x), Transpose(Grid((row,)))))
    draft.definition("background.gradient.block", N_("Definition"), N_("gradient"), inner)


def _jacobian(draft: Draft) -> None:
    f = Name("f", "vector")
    inner = draft.apart()
    inner.prose(
        N_(
            "Let {f} be differentiable at {x}, with components {parts}. Its Jacobian matrix there has a row for each "
            "component and a column for each variable; the rows are the gradients of the components, transposed:"
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
    inner.equation("background.jacobian", Relation.equal(At(JacobianOf(f), _x), Grid(cells), Grid(gradients)))
    draft.definition("background.jacobian.block", N_("Definition"), N_("Jacobian matrix"), inner)


def _chain_rule(draft: Draft) -> None:
    u, v, w = Name("u", "vector"), Name("v", "vector"), Name("w", "vector")
    inner = draft.apart()
    inner.prose(
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
    inner.equation(
        "background.chain",
        Relation.equal(At(JacobianOf(w), _x), MatMul((At(JacobianOf(v), At(u, _x)), At(JacobianOf(u), _x)))),
    )
    draft.definition("background.chain.block", N_("Theorem"), N_("chain rule in several dimensions"), inner)
