"""Layout: nothing overlaps, edges go forward, few crossings, the same picture every time."""

from itertools import combinations, pairwise, permutations, product

import numpy as np
import pytest

import derive
from derive.document.drawing.columns import in_columns
from derive.document.drawing.drawing import Arc, Drawing, Vertex, label_height, label_width
from derive.document.drawing.layout import lay_out, layers_of
from derive.document.drawing.order import crossings, ordered
from derive.document.drawing.pages import HIGHEST, draw
from derive.document.drawing.picture import WIDEST, picture
from derive.document.drawing.position import placed, spread
from derive.document.layout import TEXT_WIDTH
from derive.layers import load
from derive.notation.measure import width
from derive.notation.tree import Name
from derive.routes.graph import derive_graph
from derive.rules.naming import definitions


@derive.layer()
def network(X: "N D", V: "D K", a: "K", W: "K M", b: "M"):
    return np.tanh(X @ V + a) @ W + b


@derive.layer()
def gram(X: "N D"):
    return X.T @ X


@derive.layer()
def mixed(X: "N D", s: "", Y: "N D"):
    return (np.exp(X) * s + X / Y - Y**2).sum(axis=1)


@derive.layer()
def twelve(X: "N D", V: "D K", a: "K", W: "K M", b: "M", Y: "N M"):
    H = np.tanh(X @ V + a)
    Z = np.exp(H @ W + b) + H @ W
    return (Z * Y + np.sqrt(Y**2 + Z)) @ W.T + H


@derive.layer()
def wide(A: "N N", B: "N N", C: "N N", E: "N N", F: "N N", H: "N N", K: "N N", P: "N N", Q: "N N"):
    return A @ B + C @ E + F @ H + K @ P + Q


@derive.layer()
def same(X: "N D"):
    return X


@derive.layer()
def number(x: "", y: ""):
    return x * y + y


LAYERS = [load("affine"), network, gram, mixed, twelve, wide, same, number, load("batchnorm"), load("layernorm")]


def drawings() -> list[Drawing]:
    return [drawing for layer in LAYERS for drawing in draw(picture(derive_graph(layer)))]


def boxes(drawing: Drawing) -> list[tuple[float, float, float, float]]:
    """Everything that is written or framed: left, top, right, bottom."""

    def around(label, middle):
        wide, high = label_width(label) / 2, label_height(label) / 2
        return middle[0] - wide, middle[1] - high, middle[0] + wide, middle[1] + high

    found = []
    for box in drawing.boxes:
        (x, y), (wide, high) = box.middle, box.half
        found.append((x - wide, y - high, x + wide, y + high))
    for edge in drawing.edges:
        if not edge.arc.plain:
            found.append(around(edge.arc.forward, edge.forward_at))
        if edge.arc.backward is not None:
            found.append(around(edge.arc.backward, edge.backward_at))
    return found


def points(edge, count=20):
    for a, b, c, d in edge.path:
        for step in range(count + 1):
            t = step / count
            yield tuple(
                (1 - t) ** 3 * a[k] + 3 * (1 - t) ** 2 * t * b[k] + 3 * (1 - t) * t**2 * c[k] + t**3 * d[k]
                for k in (0, 1)
            )


@pytest.fixture(scope="module", params=range(len(LAYERS)), ids=[layer.name for layer in LAYERS])
def parts(request):
    found = draw(picture(derive_graph(LAYERS[request.param])))
    assert found
    return found


def test_nothing_that_is_written_overlaps(parts):
    for drawing in parts:
        for (a, b, c, d), (e, f, g, h) in combinations(boxes(drawing), 2):
            assert c <= e + 1e-9 or g <= a + 1e-9 or d <= f + 1e-9 or h <= b + 1e-9


def test_no_edge_runs_through_what_is_written(parts):
    for drawing in parts:
        written = boxes(drawing)
        for edge in drawing.edges:
            ends = {edge.arc.source, edge.arc.target}
            for x, y in points(edge):
                for number, (a, b, c, d) in enumerate(written):
                    if number not in ends:
                        assert not (a < x - 1e-6 < c - 2e-6 and b < y - 1e-6 < d - 2e-6)


def test_every_edge_goes_forward_from_the_rim_of_one_box_to_that_of_another(parts):
    for drawing in parts:
        along = 1 if drawing.downwards else 0
        for edge in drawing.edges:
            places = [point[along] for point in points(edge)]
            assert all(after >= before - 1e-9 for before, after in pairwise(places))
            source, target = drawing.boxes[edge.arc.source], drawing.boxes[edge.arc.target]
            assert edge.path[0][0][along] == pytest.approx(source.middle[along] + source.half[along])
            end = edge.path[-1][-1]
            assert target.middle[along] - target.half[along] - 1e-9 <= end[along] < target.middle[along]
            assert all(curve[3] == following[0] for curve, following in pairwise(edge.path))


def test_everything_lies_within_the_picture_and_the_picture_within_the_page(parts):
    for drawing in parts:
        assert drawing.width <= TEXT_WIDTH and drawing.height <= HIGHEST
        for left, top, right, bottom in boxes(drawing):
            assert left >= -1e-9 and top >= -1e-9
            assert right <= drawing.width + 1e-9 and bottom <= drawing.height + 1e-9


@pytest.mark.thorough
def test_the_same_graph_gives_the_same_picture():
    assert drawings() == drawings()


def test_the_affine_layer_reads_from_left_to_right_as_in_figure_1_8():
    (drawing,) = draw(picture(derive_graph(load("affine"))))
    assert not drawing.downwards
    labels = [box.vertex.label for box in drawing.boxes]
    x = dict(zip(map(str, labels), (box.middle[0] for box in drawing.boxes), strict=True))
    assert labels.count("dot") == 2 and labels.count("+") == 1
    assert x["dot"] < x["+"] < x[str(Name("h"))] < x[str(Name("L"))]
    heights = [box.middle[1] for box in drawing.boxes if box.vertex.kind == "value"][:4]
    assert heights == sorted(heights)


@pytest.mark.thorough
def test_a_network_goes_downwards_and_a_large_graph_is_cut_into_parts():
    assert [part.downwards for part in draw(picture(derive_graph(network)))] == [True]
    assert len(draw(picture(derive_graph(twelve)))) > 1


def test_what_leaves_a_part_enters_a_later_one():
    parts = draw(picture(derive_graph(twelve)))
    for number, part in enumerate(parts[:-1]):
        sources = {edge.arc.source for edge in part.edges}
        ends = [box.vertex.value for place, box in enumerate(part.boxes) if place not in sources]
        later = [box.vertex.value for following in parts[number + 1 :] for box in following.boxes]
        assert ends and all(end in later for end in ends)


def test_a_graph_that_is_too_large_is_not_drawn():
    @derive.layer()
    def long(X: "N D"):
        for _ in range(70):
            X = np.tanh(X)
        return X

    assert picture(derive_graph(long)) is None


def test_nothing_on_an_edge_is_wider_than_it_may_be():
    for layer in LAYERS:
        made = picture(derive_graph(layer))
        assert all(width(tree) <= WIDEST for tree in made.backward.values())
        assert all(width(tree) <= WIDEST for node, tree in made.forward.items() if node is not layer.output)


def value(letter: str) -> Vertex:
    return Vertex("value", Name(letter), Name(letter))


def test_layers_are_by_longest_path():
    # a → b → c → d, a → d: d is three steps away, whatever the short way.
    arcs = [Arc(0, 1, Name("a"), None), Arc(1, 2, Name("b"), None), Arc(2, 3, Name("c"), None)]
    assert layers_of(4, [*arcs, Arc(0, 3, Name("a"), None)]) == [0, 1, 2, 3]
    # What is used late stands late.
    assert layers_of(5, [*arcs, Arc(4, 3, Name("e"), None)]) == [0, 1, 2, 3, 2]
    with pytest.raises(ValueError, match="no circle"):
        layers_of(2, [Arc(0, 1, Name("a"), None), Arc(1, 0, Name("b"), None)])


def test_a_circle_of_four_can_be_drawn_without_a_crossing():
    assert crossings([[0, 1], [2, 3]], [(0, 2), (0, 3), (1, 3), (1, 2)]) == 1
    assert crossings(ordered([[0, 1], [3, 2]], [(0, 2), (1, 3)]), [(0, 2), (1, 3)]) == 0


@pytest.mark.parametrize("seed", range(12))
def test_crossings_of_small_graphs_are_the_fewest_possible(seed):
    random = np.random.default_rng(seed)
    layers = [list(range(4)), list(range(4, 8)), list(range(8, 11))]
    links = [(a, b) for first, second in pairwise(layers) for a in first for b in second if random.random() < 0.4]
    fewest = min(crossings(choice, links) for choice in product(*(list(permutations(layer)) for layer in layers)))
    found = ordered(layers, links)
    assert [sorted(layer) for layer in found] == layers
    assert crossings(found, links) == fewest


def test_places_keep_their_distance_and_are_nearest_to_those_wanted():
    assert spread([0.0, 0.0, 0.0], [1.0, 1.0]) == [-1.0, 0.0, 1.0]
    assert spread([0.0, 5.0], [1.0]) == [0.0, 5.0]
    # Minimise 3 p² + (p + 2)²: p = -1/2.
    assert spread([0.0, 0.0], [2.0], [3.0, 1.0]) == [-0.5, 1.5]


def test_a_chain_is_straight():
    found = placed([[0], [1], [2]], [(0, 1), (1, 2)], {0: (1, 1), 1: (3, 1), 2: (1, 2)}, 1.0)
    assert found == {0: 3.0, 1: 3.0, 2: 3.0}


def test_a_picture_goes_downwards_when_it_is_asked_to():
    arcs = [Arc(0, 1, Name("a"), Name("g"))]
    across = lay_out([value("a"), value("b")], arcs)
    down = lay_out([value("a"), value("b")], arcs, downwards=True)
    assert across.boxes[0].middle[0] < across.boxes[1].middle[0]
    assert down.boxes[0].middle[1] < down.boxes[1].middle[1]
    (edge,) = down.edges
    assert edge.forward_at[0] < edge.at[0] < edge.backward_at[0]
    assert edge.arrow[0][1] > edge.arrow[1][1]


def drawn(width: float, height: float, *, downwards: bool = True) -> Drawing:
    return Drawing((), (), width, height, downwards)


def test_parts_that_go_downwards_stand_beside_each_other_where_they_fit():
    (both,) = in_columns([drawn(10, 30), drawn(20, 40)], room=40)
    assert (both.columns, both.height) == (2, 40)
    assert 30 < both.width <= 40
    assert [part.columns for part in in_columns([drawn(10, 30), drawn(29.5, 40)], room=40)] == [1, 1]


def test_a_part_from_left_to_right_stays_alone_and_in_its_place():
    parts = [drawn(10, 30), drawn(15, 5, downwards=False), drawn(10, 31), drawn(10, 32)]
    assert [(part.columns, part.height) for part in in_columns(parts, room=40)] == [(1, 30), (1, 5), (2, 32)]


def test_the_picture_of_a_normalising_layer_has_columns():
    assert [part.columns for part in draw(picture(derive_graph(load("batchnorm"))))] == [1, 2]


def named_in(layer) -> list[Name]:
    """What is called by a name in the picture, values and gradients alike."""
    drawn = picture(derive_graph(layer))
    found = [item.parts[0] for item in (*drawn.forward_names, *drawn.backward_names)]
    return [item for item in found if isinstance(item, Name)]


@pytest.mark.parametrize("name", ["maxout", "cosine", "gru_cell", "lstm_cell", "batchnorm"])
def test_a_name_in_the_picture_is_that_of_a_formula_or_begins_with_a_letter_of_its_own(name):
    layer = load(name)
    words = {item.text for item in definitions(layer)} | {node.name for node in layer.inputs}
    new = [item.text for item in named_in(layer) if item.text not in words]
    assert not {word[0].upper() for word in new} & {word.upper() for word in words}


def test_a_value_has_the_name_that_it_has_in_formulas():
    # Ioffe and Szegedy: the deviation of a feature, and what is normalised.
    assert {"sigma", "Xhat"} <= {item.text for item in named_in(load("batchnorm"))}
    assert {"r", "s", "u", "c"} & {item.text for item in named_in(load("cosine"))}


def test_a_gradient_of_a_vector_that_has_a_name_is_written_as_a_vector():
    names = [item.parts[0] for item in picture(derive_graph(load("bce_with_logits"))).backward_names]
    assert Name("c_1", "vector") in names
