"""The computational graph: drawn, with the values that flow forward and back, and the rule of each of its nodes."""

from __future__ import annotations

from collections.abc import Sequence

from derive.document.blocks import Figure
from derive.document.draft import Draft
from derive.document.drawing.pages import draw
from derive.document.drawing.picture import Picture, picture
from derive.document.entrywise import Entrywise
from derive.document.layout import LINE_WIDTH
from derive.document.local import LocalText
from derive.document.material import Material
from derive.document.notations import is_indexed, shown_formula
from derive.document.sections import node_rules
from derive.document.sections.node_rules import stacked
from derive.document.words import array_name, is_loss, output_name
from derive.errors import UnsupportedError
from derive.forward.formula import Formula
from derive.forward.nodes import Input, Node, Select
from derive.forward.normal import replaced
from derive.locale import N_
from derive.notation.measure import width
from derive.notation.tree import (
    Beside,
    Broadcast,
    Gradient,
    Name,
    Number,
    Relation,
    Sum,
    Tree,
)
from derive.routes.graph import GraphRoute, derive_graph

__all__ = ["write", "write_brief"]


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    route = derive_graph(material.layer, *material.routes)
    if is_indexed(material.layer):
        _indexed(draft, material, route)
        return
    drawn = picture(route)
    draft.heading("graph", N_("The computational graph"))
    draft.prose(
        N_(
            "A *computational graph* takes the layer apart into operations, each simple enough to be differentiated at "
            "a glance. A circle is an operation, and an edge carries a value from one operation to the next. The last "
            "of them gives {Y}, which is the loss."
        )
        if is_loss(material.layer)
        else N_(
            "A *computational graph* takes the layer apart into operations, each simple enough to be differentiated at "
            "a glance. A circle is an operation, and an edge carries a value from one operation to the next. The node "
            "{h} stands for all following layers, which turn {Y} into the loss."
        )
    )
    _bias(draft, route)
    _figure(draft, route, drawn)
    _walk(draft, material)
    node_rules.write(draft, route)
    _gradients(draft, route, drawn)


def write_brief(draft: Draft, material: Material) -> None:
    """Adds the picture and the formulas that can be read off it."""
    route = derive_graph(material.layer, *material.routes)
    if is_indexed(material.layer):
        _indexed(draft, material, route)
        return
    drawn = picture(route)
    draft.heading("graph", N_("The computational graph"))
    # Above the picture a paragraph keeps the heading on the page, which else would follow the next text.
    draft.prose(N_("A circle is an operation, and an edge carries a value from one operation to the next."))
    _figure(draft, route, drawn)
    _gradients(draft, route, drawn)


def _indexed(draft: Draft, material: Material, route: GraphRoute) -> None:
    """The operations and what each sends back, entry by entry, without a picture."""
    draft.heading("graph", N_("The computational graph"))
    draft.prose(
        N_(
            "A *computational graph* takes the layer apart into operations, each simple enough to be differentiated at "
            "a glance; each is given the gradient of its result, and sends one to each of its operands. Its edges "
            "would carry arrays of many axes, so here it is no picture, but a list: for each operation, whose operands "
            "are called {a} and {b} and whose result {z}, what an entry of the result is, and what it sends back."
        ),
        **dict(zip("abz", map(Name, route.letters), strict=True)),
    )
    for number, (node, places) in enumerate(node_rules.kinds(route).values(), start=1):
        local = route.local(node)
        reader = Entrywise(local.layer)
        given: dict[Node, Node] = {
            fresh: node.operands[place]
            for fresh, place in zip(local.layer.inputs, local.places, strict=True)
            if isinstance(node.operands[place], Select)
        }
        wanted = [(local.layer.inputs[local.places.index(place)], local.claimed[place]) for place in places]
        wanted = [(fresh, claimed) for fresh, claimed in wanted if fresh not in given]
        try:
            statements = [reader.value(local.layer.output_letter, replaced(local.layer.output, given))]
            statements += (reader.gradient(fresh.letter, replaced(claimed, given)) for fresh, claimed in wanted)
        except UnsupportedError:
            # The largest of several entries is no sum of products: such an operation is told for whole arrays.
            statements = [Relation.equal(output_name(local.layer), local.layer.read(local.layer.output))]
            statements += (
                Relation.equal(
                    Gradient(array_name(fresh), f"d{fresh.name}", local.layer.loss), local.layer.read(claimed)
                )
                for fresh, claimed in wanted
            )
        in_one_line = Beside(tuple(statements))
        shown = [in_one_line] if draft.fits(in_one_line) else statements
        draft.equation(f"graph.rule.{number}", *shown)
    draft.prose(
        N_("Put together from the last operation to the first, with sums where a value is used twice, they give")
    )
    draft.result("graph.formulas", *(shown_formula(material.layer, route.formula(node.name)) for node in route.inputs))


def _bias(draft: Draft, route: GraphRoute) -> None:
    """That a vector which is added to every row is multiplied by ones first."""
    for node in route.operations:
        value = LocalText(route.local(node)).tree
        operand = next((operand for operand in node.operands if isinstance(operand, Input)), None)
        if isinstance(value, Broadcast) and value.axis == 0 and operand is not None:
            draft.prose(
                N_(
                    "Adding {vector} to every row hides an operation of its own: a column of ones times a row makes "
                    "the matrix {product}, and only that is added."
                ),
                vector=array_name(operand),
                product=Broadcast(array_name(operand), 0, ""),
            )
            return


_CAPTIONS = {
    (False, False): N_("Forward values are black. Gradients, in colour beside dashed arrows, flow back."),
    (False, True): N_(
        "The graph, column by column. Values that leave one column enter a later one. Gradients, in colour beside "
        "dashed arrows, flow back."
    ),
    (True, False): N_("Part {number} of {count} of the graph. Values that leave one part enter a later one."),
    (True, True): N_(
        "Part {number} of {count} of the graph, column by column. Values that leave one part or column enter a later "
        "one."
    ),
}
"""What is said of a picture: by whether it is one of several, and whether it has columns."""


def _figure(draft: Draft, route: GraphRoute, drawn: Picture | None) -> None:
    parts = () if drawn is None else draw(drawn, draft.spell)
    if not parts:
        draft.prose(
            N_("The graph of this layer, of {count} operations, is too large for a picture."),
            count=len(route.operations),
        )
    for number, part in enumerate(parts, start=1):
        caption = _CAPTIONS[len(parts) > 1, part.columns > 1]
        header = draft.translate(N_("forward")), draft.translate(N_("backward"))
        said = draft.runs(caption, number=number, count=len(parts))
        draft.add(Figure(f"graph.picture.{number}", part, said, header))
    if drawn is not None and drawn.forward_names:
        draft.prose(N_("Values that are too long for their edge have names in the picture:"))
        stacked(draft, "graph.values", drawn.forward_names)


def _walk(draft: Draft, material: Material) -> None:
    layer = material.layer
    loss = Name(layer.loss)
    if is_loss(layer):
        draft.prose(
            N_(
                "Now walk from the loss back to the inputs. On every edge belongs the gradient of {L} with respect to "
                "the value that the edge carries, in the shape of that value. It begins with {one}, since {Y} is the "
                "loss, and from there on a node has to know nothing but itself: given the gradient of its result, it "
                "sends one to each of its operands."
            ),
            one=Relation.equal(draft.words["G"], Number(1)),
        )
        return
    draft.prose(
        N_(
            "Now walk from the loss back to the inputs. On every edge belongs the gradient of {L} with respect to the "
            "value that the edge carries, in the shape of that value. It begins with {one}. Node {h} multiplies this "
            "by its own derivative, which is {G}, and from there on a node has to know nothing but itself: given the "
            "gradient of its result, it sends one to each of its operands."
        ),
        one=Relation.equal(Gradient(loss, f"d{layer.loss}", layer.loss), Number(1)),
    )


def _gradients(draft: Draft, route: GraphRoute, drawn: Picture | None) -> None:
    """The gradients that the walk ends with, and the sums where something is used more than once."""
    shared = [node for node in (*route.operations, *route.inputs) if len(route.arriving(node)) > 1]
    if shared:
        draft.prose(
            N_(
                "Where several edges leave a value, a small change of it reaches the loss along each of them, and the "
                "effects add up. So its gradient is the sum of all that arrives."
            )
        )
    if drawn is not None:
        if drawn.backward_names:
            draft.prose(N_("From the loss back to the inputs, the coloured names stand for"))
            stacked(draft, "graph.gradients", drawn.backward_names)
        sums = [_sum(drawn, node) for node in shared if isinstance(node, Input)]
        if sums:
            stacked(draft, "graph.sums", sums)
    formulas = [route.formula(node.name) for node in route.inputs]
    if drawn is None or all(width(formula.equation) <= LINE_WIDTH for formula in formulas):
        draft.prose(_arriving(route, formulas), X=array_name(route.inputs[0]))
        draft.result("graph.formulas", *(formula.equation for formula in formulas))
        return
    draft.prose(N_("What arrives at the inputs is, with the names above,"))
    named = (drawn.gradient.get(node, formula.tree) for node, formula in zip(route.inputs, formulas, strict=True))
    draft.result(
        "graph.formulas",
        *(Relation.equal(formula.name, tree) for formula, tree in zip(formulas, named, strict=True)),
    )


def _arriving(route: GraphRoute, formulas: Sequence[Formula]) -> str:
    """What introduces the gradients at the end of the walk."""
    if route.layer.stages:
        return N_("What arrives at the inputs is, with the names of the values between the stages,")
    if len(formulas) == 1:
        return N_("What arrives at {X} is, in short,")
    return N_("What arrives at the inputs is, in short,")


def _sum(drawn: Picture, node: Input) -> Tree:
    """∂L/∂X as the sum of what stands on the edges that leave X."""
    uses = [key for key, send in drawn.route.sends.items() if send.operand is node]
    name = Gradient(array_name(node), f"d{node.name}", drawn.route.layer.loss)
    return Relation.equal(name, Sum(tuple(drawn.backward[key] for key in uses)))
