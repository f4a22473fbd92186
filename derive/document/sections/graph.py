"""The computational graph: drawn, with the values that flow forward and back, and the rule of each of its nodes."""

from __future__ import annotations

from collections.abc import Sequence

from derive.document.blocks import Figure, Verbatim
from derive.document.draft import Draft
from derive.document.drawing.pages import draw
from derive.document.drawing.picture import Picture, array, picture
from derive.document.drawing.sign import sign_of
from derive.document.entrywise import Entrywise, is_indexed, shown_formula
from derive.document.layout import LINE_WIDTH
from derive.document.local import LocalText
from derive.document.material import Material
from derive.document.words import is_loss
from derive.forward.nodes import Add, Constant, Contract, Input, Map, MatrixFunction, Node, Reduce, Select
from derive.forward.normal import replaced
from derive.locale import N_
from derive.notation.code import print_code
from derive.notation.measure import width
from derive.notation.tree import (
    Beside,
    Broadcast,
    Gradient,
    Hadamard,
    MatMul,
    Name,
    Number,
    Relation,
    Sum,
    SumAxis,
    Transpose,
    Tree,
)
from derive.notation.tree import Ones as OnesTree
from derive.routes.graph import GraphRoute, derive_graph, is_given

__all__ = ["write", "write_brief"]

_TOGETHER = 7
"""So many equations stand under one number; more would not fit on the rest of a page."""


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
    _rules(draft, route)
    _gradients(draft, route, drawn)


def write_brief(draft: Draft, material: Material) -> None:
    """Adds the picture and the formulas that can be read off it."""
    route = derive_graph(material.layer, *material.routes)
    if is_indexed(material.layer):
        _indexed(draft, material, route)
        return
    drawn = picture(route)
    draft.heading("graph", N_("The computational graph"))
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
            "are called a and b and whose result z, what an entry of the result is, and what it sends back."
        )
    )
    for number, (node, places) in enumerate(_kinds(route).values(), start=1):
        local = route.local(node)
        reader = Entrywise(local.layer)
        given: dict[Node, Node] = {
            fresh: node.operands[place]
            for fresh, place in zip(local.layer.inputs, local.places, strict=True)
            if isinstance(node.operands[place], Select)
        }
        statements = [reader.value("z", replaced(local.layer.output, given))]
        for place in places:
            fresh = local.layer.inputs[local.places.index(place)]
            if fresh not in given:
                statements.append(reader.gradient(fresh.letter, replaced(local.claimed[place], given)))
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
                vector=draft.words[operand.name],
                product=Broadcast(draft.words[operand.name], 0, ""),
            )
            return


def _figure(draft: Draft, route: GraphRoute, drawn: Picture | None) -> None:
    parts = () if drawn is None else draw(drawn, draft.spell)
    if not parts:
        draft.prose(
            N_("The graph of this layer, of {count} operations, is too large for a picture."),
            count=len(route.operations),
        )
    for number, part in enumerate(parts, start=1):
        caption = (
            N_("Forward values are black. Gradients, in colour beside dashed arrows, flow back.")
            if len(parts) == 1
            else N_("Part {number} of {count} of the graph. Values that leave one part enter a later one.")
        )
        header = draft.translate(N_("forward")), draft.translate(N_("backward"))
        said = draft.runs(caption, number=number, count=len(parts))
        draft.add(Figure(f"graph.picture.{number}", part, said, header))
    if drawn is not None and drawn.forward_names:
        draft.prose(N_("Values that are too long for their edge have names in the picture:"))
        _equations(draft, "graph.values", drawn.forward_names)


def _equations(draft: Draft, id: str, equations: Sequence[Tree]) -> None:
    for start in range(0, len(equations), _TOGETHER):
        name = id if start == 0 else f"{id}.{start // _TOGETHER + 1}"
        draft.equation(name, *equations[start : start + _TOGETHER])


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


def _rules(draft: Draft, route: GraphRoute) -> None:
    """The rule of every kind of node in the graph, once, with its derivation."""
    for number, (node, places) in enumerate(_kinds(route).values(), start=1):
        text = LocalText(route.local(node))
        result = Relation.equal(text.name, text.tree)
        values = {"result": result, "entry": text.definition()}
        # The first sentence says what is common to all nodes; the others need not.
        if isinstance(node, Add):
            draft.prose(N_("The node + computes {result}, that is {entry}."), **values)
        elif isinstance(text.tree, MatMul | Broadcast):
            draft.prose(N_("The node `dot` computes {result}, that is {entry}."), **values)
        elif isinstance(node, Map) and isinstance(label := sign_of(node), str):
            values["name"] = Verbatim(label)  # type: ignore[assignment]  # code is a value of a message, too
            draft.prose(N_("The node {name} computes {result}, entry by entry."), **values)
        else:
            draft.prose(N_("One node computes {result}, that is {entry}."), **values)
        lines = [
            Beside((text.partial(place), text.entry(place), text.matrix(place)))
            for place in (places[:1] if isinstance(node, Add) else places)
        ]
        _equations(draft, f"graph.rule.{number}", lines)
        _why(draft, node, text)


def _kinds(route: GraphRoute) -> dict[object, tuple[Node, tuple[int, ...]]]:
    """A node of each kind that sends something, and the operands to which any of its kind does."""
    found: dict[object, tuple[Node, set[int]]] = {}
    for node, place in route.sends:
        found.setdefault(_kind(node), (node, set()))[1].add(place)
    return {kind: (node, tuple(sorted(places))) for kind, (node, places) in found.items()}


def _kind(node: Node) -> object:
    """What nodes have in common whose rules look the same."""
    operands = tuple(
        operand.value if isinstance(operand, Constant) else type(operand) if is_given(operand) else len(operand.shape)
        for operand in node.operands
    )
    match node:
        case Contract():
            return Contract, node.indices, node.output, operands
        case Map():
            return Map, node.function, operands
        case Reduce():
            return Reduce, node.name, node.axes, operands
        case MatrixFunction():
            return MatrixFunction, node.name
    return Add, operands


def _why(draft: Draft, node: Node, text: LocalText) -> None:
    """What the rule of such a node means, in words."""
    match text.tree:
        case _ if isinstance(node, Add):
            draft.prose(
                N_(
                    "The derivative with respect to each term is 1, so a sum passes on what arrives, unchanged, to "
                    "every branch: nothing happens at it."
                )
            )
        case MatMul((Name(_, "matrix"), Name(_, "matrix"))):
            draft.prose(
                N_(
                    "To the left operand goes what arrives times the transposed right one; to the right operand, the "
                    "transposed left one times what arrives."
                )
            )
        case Broadcast(_, 0):
            gradient = Gradient(Name(text.rule.layer.output_name, "matrix"), text.rule.layer.upstream.name)
            draft.prose(
                N_(
                    "This is the rule of a product again, with ones for the left operand. {ones} times a matrix adds "
                    "up its rows; in NumPy, with {upstream} for what arrives, it is {code}."
                ),
                ones=Transpose(OnesTree("")),
                upstream=gradient,
                code=Verbatim(print_code(SumAxis(gradient, 0, 2), module="np.")),
            )
        case Hadamard():
            draft.prose(N_("Each operand is sent what arrives times the other ones, entry by entry."))
        case SumAxis():
            draft.prose(N_("Every entry that was added up is sent what arrives at the sum it went into."))
        case _ if isinstance(node, Map):
            draft.prose(N_("What arrives is multiplied, entry by entry, by the derivative of the function."))


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
            draft.prose(N_("From right to left, the coloured names stand for"))
            _equations(draft, "graph.gradients", drawn.backward_names)
        sums = [_sum(drawn, node) for node in shared if isinstance(node, Input)]
        if sums:
            _equations(draft, "graph.sums", sums)
    formulas = [route.formula(node.name) for node in route.inputs]
    if drawn is None or all(width(formula.equation) <= LINE_WIDTH for formula in formulas):
        draft.prose(
            N_("What arrives at the inputs is, with the names of the values between the stages,")
            if route.layer.stages
            else N_("What arrives at the inputs is, in terms of the inputs alone,")
        )
        draft.result("graph.formulas", *(formula.equation for formula in formulas))
        return
    draft.prose(N_("What arrives at the inputs is, with the names above,"))
    named = (drawn.gradient.get(node, formula.tree) for node, formula in zip(route.inputs, formulas, strict=True))
    draft.result(
        "graph.formulas",
        *(Relation.equal(formula.name, tree) for formula, tree in zip(formulas, named, strict=True)),
    )


def _sum(drawn: Picture, node: Input) -> Tree:
    """∂L/∂X as the sum of what stands on the edges that leave X."""
    uses = [key for key, send in drawn.route.sends.items() if send.operand is node]
    name = Gradient(Name(node.name, array(node)), f"d{node.name}", drawn.route.layer.loss)
    return Relation.equal(name, Sum(tuple(drawn.backward[key] for key in uses)))
