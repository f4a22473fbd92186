"""The Jacobians as formulas for all sizes, and written out."""

from __future__ import annotations

from derive.document.draft import Draft
from derive.document.layout import fits
from derive.document.material import Material
from derive.document.words import array_name
from derive.engine import Jacobian, tables
from derive.locale import N_
from derive.notation.tree import Diagonal, Explicit, Name, Relation, Tree
from derive.notation.walk import children
from derive.routes.jacobian_formula import JacobianFormula

__all__ = ["formula_of", "write"]


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    draft.heading("jacobians", N_("The Jacobians as formulas"))
    draft.prose(
        N_(
            "The Jacobian of the flattened output with respect to a flattened input, a row for each entry of {Y} and a "
            "column for each entry of the input, is put together here of the arrays of the layer. The formulas hold "
            "for all sizes."
        )
    )
    if material.assumed is not None:
        draft.prose(N_("They hold without what is assumed of the inputs, and are not shortened by it."))
    explained = False
    for name, route in material.routes.items():
        found = route.jacobian.formula
        if found is None:
            draft.prose(
                N_(
                    "With respect to {array} there is no such form: in the derivative an axis of the output stands "
                    "beside more than one axis of {array}, or in another order."
                ),
                array=array_name(route.map.input),
            )
            continue
        explained = formula_of(draft, f"jacobians.{name}", found, route.jacobian, explained=explained)


def formula_of(draft: Draft, id: str, found: JacobianFormula, jacobian: Jacobian, *, explained: bool) -> bool:
    """Adds a matrix as a formula and written out, its signs explained before; whether they have been explained."""
    in_notation = fits(draft.spell(found.equation))
    if in_notation and not explained and _has_vec(found.tree):
        draft.prose(
            N_("{diag} is the diagonal matrix of the entries of {A}, read row by row."),
            diag=Diagonal(Name("A", "matrix"), 2),
            A=Name("A", "matrix"),
        )
        explained = True
    values = Explicit(tables.values(jacobian))
    whole = Relation.equal(found.name, values)
    # The page would shrink entries that are too long until nobody can read them.
    written = fits(draft.spell(whole))
    if in_notation:
        if found.definitions:
            draft.display(f"{id}.names", *(item.equation for item in found.definitions))
        draft.equation(id, Relation.equal(found.name, found.tree, *([values] if written else [])))
    else:
        draft.code(f"{id}.code", "\n".join(found.statements))
        if written:
            draft.equation(id, whole)
    if not written:
        draft.prose(N_("Its entries are too long to be written out here."))
    return explained


def _has_vec(tree: Tree) -> bool:
    return (isinstance(tree, Diagonal) and tree.rank > 1) or any(map(_has_vec, children(tree)))
