"""The derivation by indices where it needs the names of values on the way: against what one finds on paper."""

import re

import pytest

import derive
from derive.document.blocks import Equation, Math, Prose, StepList
from derive.document.sections.index_names import by_names, forward_entries
from derive.notation.latex import print_latex
from derive.notation.tree import Listed


def chain(layer: str, name: str):
    found = by_names(derive.derive(layer).wrt(name).route)
    assert found is not None
    return found


def right(relation) -> str:
    return print_latex(relation.parts[-1])


def test_softmax_has_the_derivative_of_every_textbook():
    # Bishop, Pattern Recognition and Machine Learning, (4.106): ∂y_k/∂a_j = y_k (I_kj - y_j).
    found = chain("softmax", "Z")
    assert right(found.partial) == r"s_{ij} \delta_{im} \delta_{jn} - s_{ij} s_{in} \delta_{im}"
    # Σ_j g_mj (s_mj δ_jn - s_mj s_mn)
    assert right(found.loss) == (
        r"\frac{\partial L}{\partial y_{mn}} \, s_{mn} - \sum_{k=1}^{K} \frac{\partial L}{\partial y_{mk}} \, "
        r"s_{mk} s_{mn}"
    )


def test_layernorm_is_written_with_its_normalised_values():
    # x̂ = (x - μ)/σ: ∂x̂_j/∂x_n = (δ_jn - 1/D - x̂_j x̂_n / D) / σ, times γ_j.
    assert right(chain("layernorm", "X").partial) == (
        r"\frac{\gamma_{j} \delta_{im} \delta_{jn}}{\sigma_{i}} - \frac{\gamma_{j} \delta_{im}}{D \sigma_{i}} - "
        r"\frac{\gamma_{j} \hat{x}_{ij} \hat{x}_{in} \delta_{im}}{D \sigma_{i}}"
    )
    assert right(chain("layernorm", "gamma").partial) == r"\hat{x}_{ij} \delta_{jm}"


def test_attention_is_written_with_its_weights():
    # y_ij = Σ_l p_il v_lj and p_i = softmax(q_i Kᵀ / √D): only row m of V and of P belong to k_m.
    assert right(chain("attention", "K").partial) == (
        r"\frac{q_{in} p_{im} v_{mj}}{\sqrt{D}} - \sum_{l=1}^{M} \frac{q_{in} p_{im} p_{il} v_{lj}}{\sqrt{D}}"
    )
    assert [print_latex(item.parts[0]) for item in forward_entries(derive.derive("attention").layer)] == [
        "z_{ij}",
        "p_{ij}",
        "y_{ij}",
    ]


def test_a_value_of_every_column_has_the_letter_that_columns_have_in_the_output():
    # σ_j is the deviation of feature j, and the batch is summed over.
    relations = forward_entries(derive.derive("batchnorm").layer)
    assert [print_latex(item.parts[0]) for item in relations] == [r"\sigma_{j}", r"\hat{x}_{ij}", "y_{ij}"]
    assert "x_{kj}" in right(relations[0])


def test_no_letter_is_summed_over_twice():
    _, by_chain_rule, read = chain("conv2d", "F").loss.parts
    # Σ over every entry of the output, and then over samples and places of the output alone.
    for part, count in ((by_chain_rule, 4), (read, 3)):
        letters = re.findall(r"\\sum_\{(\w+)=", print_latex(part))
        assert len(set(letters)) == len(letters) == count
    # The window of x that the filter's entry meets.
    assert print_latex(read).endswith(r"x_{i,n,h+p-1,w+q-1}")


@pytest.mark.parametrize("name", ["softmax", "layernorm", "batchnorm", "attention", "log_softmax", "rmsnorm", "conv2d"])
def test_the_sums_of_these_layers_fit(name):
    document = derive.derive(name, sections="index").document()
    equations = {block.id for block in document.blocks if isinstance(block, Equation | StepList)}
    for node in derive.derive(name).layer.smooth:
        assert f"index.{node.name}.loss" in equations


def test_what_is_left_out_is_said_once():
    document = derive.derive("lstm_cell", sections="index").document()
    lists = [
        run.tree
        for block in document.blocks
        if isinstance(block, Prose)
        for run in block.runs
        if isinstance(run, Math) and isinstance(run.tree, Listed)
    ]
    assert [print_latex(item) for item in lists[-1].items] == [rf"\mathbf{{{letter}}}" for letter in "XHWUb"]


@pytest.mark.parametrize(("name", "count"), [("maxpool", 7), ("gru_cell", 9)])
def test_entries_are_told_where_only_their_derivatives_are_too_long(name, count):
    document = derive.derive(name, sections="index").document()
    (entry,) = (block for block in document.blocks if isinstance(block, Equation) and block.id == "index.entry")
    # As many as the values that have a name, and the output.
    assert len(entry.lines) == count
    assert not any(block.id.endswith(".partial") for block in document.blocks if isinstance(block, Equation))
