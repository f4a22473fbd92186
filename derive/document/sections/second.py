"""Second derivatives: the Hessian with respect to each input, and its product with a direction."""

from __future__ import annotations

from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.sections.jacobians import formula_of
from derive.document.words import array_name, is_loss
from derive.locale import N_
from derive.notation.tree import Gradient, Inner, Name, Number, Relation

__all__ = ["write"]


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    layer = material.layer
    draft.heading("second", N_("Second derivatives"))
    draft.prose(
        N_(
            "The gradient is differentiated once more. The Hessian of the loss with respect to one input has a row and "
            "a column for each of its entries, in the order of the flattened input, and is symmetric."
        )
    )
    if not is_loss(layer):
        draft.prose(
            N_(
                "What follows the layer is not known here, so {G} is held fixed: these are the derivatives of the sum "
                "of all entries of {Y}, each times its entry of {G}."
            )
        )
    if material.assumed is not None:
        draft.prose(N_("They hold without what is assumed of the inputs, and are not shortened by it."))
    explained = material.has("jacobians")
    for name, route in material.second.items():
        array, direction = array_name(route.wrt), array_name(route.direction)
        found = route.hessian.formula
        if found is not None:
            explained = formula_of(draft, f"second.{name}.hessian", found, route.hessian, explained=explained)
        else:
            draft.prose(
                N_("The Hessian with respect to {array} is no product or sum of Kronecker products."), array=array
            )
        loss = Name(route.directional.loss)
        draft.prose(
            N_(
                "Its product with a direction {V} of the shape of {array} is how the gradient changes along {V}. No "
                "matrix is needed for it: it is the gradient of the number {number}."
            ),
            array=array,
            V=direction,
            number=Relation.equal(loss, Inner(Gradient(array, f"d{name}", layer.loss), direction)),
        )
        product = route.product
        if draft.fits(product.equation):
            if product.definitions:
                draft.display(f"second.{name}.product.names", *(item.equation for item in product.definitions))
            draft.equation(f"second.{name}.product", product.equation)
        else:
            *before, _ = product.statements
            draft.code(f"second.{name}.product", "\n".join([*before, f"hvp_{name} = {product}"]))
    if any(route.hessian.nnz == 0 for route in material.second.values()):
        draft.prose(N_("Where the gradient does not depend on an input, its Hessian is {zero}."), zero=Number(0))
