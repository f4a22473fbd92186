"""The route along the graph: rules from paper, sums where something is used twice, proofs that a false rule breaks."""

import numpy as np
import pytest

import derive
from derive.errors import UnknownNameError
from derive.forward.nodes import Add, Constant, Contract, Map, Select
from derive.forward.normal import contract
from derive.layers import load
from derive.notation.code import print_code
from derive.proof.evidence import Strength
from derive.proof.nodes import check_nodes, holds_for_all_sizes
from derive.proof.prove import check_sizes, prove
from derive.routes.graph import LocalRule, derive_graph
from derive.rules import adjoint
from derive.rules.naming import definitions
from tests.running import run


@derive.layer(defaults="N=2 D=3 K=4 M=5")
def network(X: "N D", V: "D K", a: "K", W: "K M", b: "M"):
    return np.tanh(X @ V + a) @ W + b


@derive.layer(defaults="N=2 D=3")
def gram(X: "N D"):
    return X.T @ X


@derive.layer(defaults="N=3")
def square(X: "N N", A: "N N"):
    return X @ X @ A + X


@derive.layer(defaults="N=2 D=3")
def mixed(X: "N D", s: "", Y: "N D"):
    return (np.exp(X) * s + X / Y - Y**2).sum(axis=1)


@derive.layer(defaults="N=2")
def form(x: "N", A: "N N"):
    return x @ A @ x


LAYERS = [load("affine"), network, gram, square, mixed, form]
CASES = [(layer, node.name) for layer in LAYERS for node in layer.inputs]


def ids(case):
    return case if isinstance(case, str) else getattr(case, "name", None) or case.__name__


def test_the_gradients_of_the_affine_layer_are_those_of_document_003():
    # Figures 1.4, 1.5 and 1.8, and section 1.2.4.
    route = derive_graph(load("affine"))
    assert [str(route.formula(name)) for name in "XWb"] == ["G @ W.T", "X.T @ G", "sum(G, axis=0)"]


def test_nothing_happens_at_a_sum_and_products_turn_their_operands():
    layer = load("affine")
    product, repeated = layer.output.operands
    route = derive_graph(layer)
    sends = {(node, place): str(send.sent) for (node, place), send in route.sends.items()}
    assert sends == {
        (layer.output, 0): "G",
        (layer.output, 1): "G",
        (product, 0): "G @ W.T",
        (product, 1): "X.T @ G",
        (repeated, 1): "sum(G, axis=0)",
    }
    assert all(send.arriving is layer.upstream for send in route.sends.values())


def test_a_node_by_itself_is_a_layer_of_fresh_inputs():
    product = load("affine").output.operands[0]
    rule = LocalRule.of(product, "L")
    assert [node.name for node in rule.layer.inputs] == ["A", "B"]
    assert {place: str(sent) for place, sent in rule.claimed.items()} == {0: "G @ B.T", 1: "A.T @ G"}
    assert {place: str(rule.derivation(place).node) for place in (0, 1)} == {0: "G @ B.T", 1: "A.T @ G"}


def test_what_arrives_at_an_input_that_is_used_twice_is_added():
    # d tr(Gᵀ XᵀX) = tr((G + Gᵀ)ᵀ Xᵀ dX) gives X (G + Gᵀ).
    route = derive_graph(gram)
    (X,) = gram.inputs
    assert sorted(str(node) for node in route.arriving(X)) == ["X @ G", "X @ G.T"]
    random = np.random.default_rng(0)
    X, G = random.normal(size=(2, 3)), random.normal(size=(3, 3))
    np.testing.assert_allclose(eval(str(route.formula("X"))), X @ (G + G.T))


def test_the_walk_goes_from_the_loss_to_the_inputs():
    steps = derive_graph(network).derivation.steps
    kinds = [type(step.before.node) for step in steps]
    assert kinds[0] is Add and kinds.index(Map) < len(kinds) - 1
    seen = {network.output}
    for step in steps:
        assert step.before.node in seen
        seen.add(step.before.node.operands[step.before.operand])
    assert seen >= set(network.inputs)


def test_only_what_leads_to_a_chosen_input_is_sent_anything():
    route = derive_graph(load("affine"), "b")
    assert {send.operand.name for send in route.sends.values() if not send.operand.operands} == {"b"}
    with pytest.raises(UnknownNameError, match="known: X, W, b"):
        derive_graph(load("affine"), "c")


def test_an_input_that_is_not_used_has_gradient_zero():
    @derive.layer()
    def first(X: "N D", Y: "N D"):
        return X

    assert print_code(derive_graph(first).formula("Y").tree) == "zeros((N, D))"
    assert str(derive_graph(first).formula("X")) == "G"


@pytest.mark.parametrize(("layer", "wrt"), CASES, ids=ids)
def test_every_gradient_is_proved_for_all_sizes(layer, wrt):
    evidence = check_nodes(layer, wrt, check_sizes(layer))
    assert (evidence.route, evidence.strength, evidence.sizes) == ("graph", Strength.PROVED_FOR_ALL_SIZES, ())


@pytest.mark.parametrize(("layer", "wrt"), CASES, ids=ids)
def test_the_formula_agrees_with_pytorch(layer, wrt):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    functions = {
        "affine": lambda X, W, b: X @ W + b,
        "network": lambda X, V, a, W, b: torch.tanh(X @ V + a) @ W + b,
        "gram": lambda X: X.T @ X,
        "square": lambda X, A: X @ X @ A + X,
        "mixed": lambda X, s, Y: (torch.exp(X) * s + X / Y - Y**2).sum(dim=1),
        "form": lambda x, A: x @ A @ x,
    }
    sizes = dict(zip(layer.letters, (4, 3, 2, 5), strict=False))
    generator = torch.Generator().manual_seed(0)
    arrays = {
        node.name: torch.rand(layer.shape(node, sizes), dtype=torch.float64, generator=generator) + 0.5
        for node in layer.inputs
    }
    arrays[wrt].requires_grad_()
    output = functions[layer.name](**arrays)
    G = torch.rand(output.shape, dtype=torch.float64, generator=generator) if output.ndim else torch.tensor(1.0)
    output.backward(G)
    names = {name: array.detach().numpy() for name, array in arrays.items()}
    found = run(derive_graph(layer).formula(wrt), {"G": G.numpy(), **names, **sizes})
    np.testing.assert_allclose(found, arrays[wrt].grad.numpy())


def half(node):
    from sympy import Rational

    return contract([Constant(Rational(1, 2)), node], [(), range(len(node.shape))], range(len(node.shape)))


def halved_sum(node, g):
    """ȳ / 2 for every term."""
    return tuple(half(sent) for sent in adjoint.adjoint_add(node, g))


def halved_slope(node, g):
    """ȳ ⊙ f' / 2."""
    return tuple(half(sent) for sent in adjoint.adjoint_map(node, g))


def other_way_round(node, g):
    """x̄_p in the place of x̄_q: the shapes fit where the operands are square."""
    return adjoint.adjoint_contract(node, g)[::-1]


FALSE = [
    (Add, halved_sum, square, "X"),
    (Add, halved_sum, load("affine"), "b"),
    (Map, halved_slope, network, "V"),
    (Contract, other_way_round, square, "A"),
]


@pytest.mark.parametrize(("kind", "rule", "layer", "wrt"), FALSE, ids=ids)
def test_a_false_rule_breaks_the_proof_and_is_named(monkeypatch, kind, rule, layer, wrt):
    monkeypatch.setitem(adjoint.RULES, kind, rule)
    evidence = check_nodes(layer, wrt, check_sizes(layer))
    assert evidence.strength is Strength.REFUTED
    assert evidence.counterexample.startswith(f"{rule.__name__}: entry (")
    (found,) = prove(layer, wrt, layer.sizes({}))
    assert rule.__name__ in found.counterexample


def test_a_sum_that_forgets_a_path_is_refuted(monkeypatch):
    real = adjoint.Sweep.gradient
    monkeypatch.setattr(
        adjoint.Sweep,
        "gradient",
        lambda self, node: self.arriving[node][0] if node.operands == () else real(self, node),
    )
    evidence = check_nodes(gram, "X", check_sizes(gram))
    assert (evidence.strength, evidence.counterexample[:21]) == (Strength.REFUTED, "sum of what arrives: ")


def test_what_the_rules_do_not_decide_is_said_to_be_checked_at_points(monkeypatch):
    from derive.proof import nodes

    monkeypatch.setattr(nodes, "same_for_all_sizes", lambda a, b: False)
    evidence = check_nodes(network, "X", check_sizes(network)[-1:])
    assert (evidence.strength, evidence.points, evidence.digits) == (Strength.CHECKED_AT_POINTS, 3, 20)
    assert [dict(at) for at in evidence.sizes] == [{"N": 2, "D": 2, "K": 2, "M": 2}]


def test_a_sum_of_many_terms_is_proved_term_by_term(monkeypatch):
    @derive.layer()
    def residual(X: "N N"):
        for _ in range(20):
            X = np.tanh(X) + X
        return X

    assert len(residual.output.operands) == 21
    assert check_nodes(residual, "X", ()).strength is Strength.PROVED_FOR_ALL_SIZES

    def one_lost(node, g):
        """ȳ for every term but one, which is sent half of it."""
        *sent, last = adjoint.adjoint_add(node, g)
        return (*sent, half(last)) if len(sent) > 8 else (*sent, last)

    monkeypatch.setitem(adjoint.RULES, Add, one_lost)
    assert not holds_for_all_sizes(derive_graph(residual))


def test_a_node_by_itself_has_letters_that_its_layer_leaves_free():
    route = derive_graph(load("attention"))
    # Q, K, V, Z and P are arrays of attention.
    assert route.letters == "abr"
    assert {route.local(node).layer.output_name.lower() for node in route.operations} == {"r"}


def test_a_slice_is_one_operation_and_no_product():
    route = derive_graph(load("lstm_cell"))
    slices = [node for node in route.operations if any(isinstance(operand, Select) for operand in node.operands)]
    assert len(slices) == 6
    assert all(len(route.local(node).places) == 1 for node in slices)


@pytest.mark.parametrize(
    ("name", "defined"),
    [
        # What the formulas of these pages call a value of the forward pass.
        ("rnn_cell", "Z"),
        ("maxout", "AB"),
        ("gru_cell", "ABPRSTVZ"),
        ("lstm_cell", "AFIOPRSVZ"),
        ("cosine", "rsuc"),
    ],
)
def test_a_node_by_itself_has_letters_that_no_formula_of_its_page_uses(name, defined):
    route = derive_graph(load(name))
    assert set(defined) <= {item.text for item in definitions(route.layer)}
    assert len(set(route.letters)) == 3
    assert not set(route.letters) & set(defined.lower())
