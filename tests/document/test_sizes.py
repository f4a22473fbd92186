"""Shapes, numbers of entries, zeros, memory and operations: those that one works out by hand."""

from __future__ import annotations

import pytest

import derive
from derive.document import amounts
from derive.document.blocks import Math, Prose, ShapeTable, Text
from derive.document.sections.sizes import real_sizes
from derive.layers import load
from derive.notation.plain import print_plain
from derive.render.latex import render_latex
from derive.render.text import render_text


def words(runs) -> str:
    """The runs as plain text; narrow blanks as ordinary ones."""

    def one(run) -> str:
        return run.text if isinstance(run, Text) else print_plain(run.tree, display=False).lines[0]

    return (
        "".join(one(run) for run in runs if isinstance(run, Text | Math)).replace("\u202f", " ").replace("\u00a0", " ")
    )


def tables(layer="affine", **sizes) -> list[dict[str, list[str]]]:
    """Each table as rows by their labels."""
    document = derive.derive(layer, sections="sizes", **sizes).document()
    found = [block for block in document.blocks if isinstance(block, ShapeTable)]
    return [{words(row.label): list(map(words, row.cells)) for row in table.rows} for table in found]


def test_the_shapes_of_the_affine_layer_are_those_of_its_indices():
    # ∂y_ij/∂x_kl has four indices, ∂y_ij/∂b_k has three: document 001 takes the latter for a matrix M × N.
    own, _ = tables(n=2, d=2, m=3)
    assert own["axes of the array"] == ["N × M × N × D", "N × M × D × M", "N × M × M"]
    assert own["axes of the Jacobian"] == ["N·M × N·D", "N·M × D·M", "N·M × M"]
    assert own["array"] == ["2 × 3 × 2 × 2", "2 × 3 × 2 × 3", "2 × 3 × 3"]
    assert own["Jacobian"] == ["6 × 4", "6 × 6", "6 × 3"]


def test_the_numbers_of_the_small_layer_are_those_counted_by_hand():
    own, _ = tables(n=2, d=2, m=3)
    assert own["entries"] == ["24", "36", "18"]
    # Every y_ij depends on the 2 entries of a row of X, on the 2 of a column of W, and on 1 of b: 12, 12, 6 of them.
    assert own["zeros among them"] == ["50 % (1 of 2)", "66.67 % (2 of 3)", "66.67 % (2 of 3)"]
    assert own["memory in float32"] == ["96 bytes", "144 bytes", "72 bytes"]
    # For each of 4, 6, 3 columns: 6 multiplications and 5 additions.
    assert own["operations, row times Jacobian"] == ["44", "66", "33"]
    # G Wᵀ: 4 entries of 3 products and 2 sums; Xᵀ G: 6 of 2 and 1; sums of 2 rows of 3.
    assert own["operations, formula"] == ["20", "18", "3"]


def test_the_numbers_at_real_sizes_are_those_of_the_source_document():
    _, real = tables(n=2, d=2, m=3)
    assert real["array"] == ["64 × 4096 × 64 × 4096", "64 × 4096 × 4096 × 4096", "64 × 4096 × 4096"]
    # "About 68 billion numbers": 64² · 4096² = 2¹² · 2²⁴ = 2³⁶; then 2⁶ · 2³⁶ = 2⁴², and 2⁶ · 2²⁴ = 2³⁰.
    assert real["entries"] == ["68 719 476 736", "4 398 046 511 104", "1 073 741 824"]
    assert real["memory in float32"] == ["256 GiB (275 GB)", "16 TiB (17.6 TB)", "4 GiB (4.29 GB)"]
    assert real["zeros among them"] == ["98.44 % (63 of 64)", "99.98 % (4095 of 4096)", "99.98 % (4095 of 4096)"]
    # 2¹⁸ (2 · 2¹⁸ - 1), 2²⁴ (2 · 2¹⁸ - 1), 2¹² (2 · 2¹⁸ - 1).
    assert real["operations, row times Jacobian"] == ["137 438 691 328", "8 796 076 244 992", "2 147 479 552"]
    # 2¹⁸ · 8191, 2²⁴ · 127, 2¹² · 63.
    assert real["operations, formula"] == ["2 147 221 504", "2 130 706 432", "258 048"]


def test_a_handout_at_real_sizes_has_one_table():
    assert len(tables(n=64, d=4096, m=4096)) == 1


def test_sizes_without_end_cost_nothing_and_stay_short():
    own, _ = tables(n=10**9, d=10**9, m=10**9)
    assert own["entries"] == ["10³⁶", "10³⁶", "10²⁷"]
    assert own["memory in float32"] == ["4 × 10³⁶ bytes", "4 × 10³⁶ bytes", "4 × 10²⁷ bytes"]
    assert own["zeros among them"] == ["over 99.99 %"] * 3


def test_zeros_are_not_counted_where_that_would_fill_the_memory():
    """[s = D n + d] for 64 × 1024 entries has 4 294 967 296 of its own, the Jacobian 65 536."""
    small, real = tables("sum(repeat(X, 3)**2)", shapes={"X": "N D"}, n=2, d=3)
    assert small["zeros among them"] == ["none"]
    assert real["entries"] == ["65 536"]
    assert "zeros among them" not in real


def test_other_layers_have_samples_and_features_of_their_own():
    @derive.layer(defaults="B=2 K=3")
    def scale(A: "B K", s: K):
        return A * s

    assert real_sizes(load("affine")) == {"N": 64, "D": 4096, "M": 4096}
    assert real_sizes(scale) == {"B": 64, "K": 1024}


def test_more_inputs_than_a_table_holds_go_into_several():
    @derive.layer(defaults="N=2")
    def four(a: N, b: N, c: N, d: N):
        return a * b + c * d

    assert [len(table["entries"]) for table in tables(four)] == [3, 1, 3, 1]


def test_a_layer_whose_jacobians_are_small_is_not_warned_about():
    @derive.layer(defaults="N=4")
    def total(x: N):
        return x.sum()

    text = render_text(derive.derive(total, sections="sizes").document(), width=100)
    assert "No Jacobian of this layer is larger" in text and "never forms" not in text


def test_single_numbers_have_no_such_section():
    @derive.layer()
    def number(a: "", b: ""):
        return a * b

    document = derive.derive(number, sections="sizes").document()
    assert not [block for block in document.blocks if isinstance(block, ShapeTable | Prose)]
    assert render_latex(document)


def same(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (4096, "4096"),
        (65536, "65 536"),
        (10**6, "10⁶"),
        (3 * 10**7, "3 × 10⁷"),
        (32 * 10**10, "320 000 000 000"),
        (10**13 + 1, "1.00 × 10¹³"),
        (2**42, "4 398 046 511 104"),
        (2**60, "1.15 × 10¹⁸"),
        (9_999_999_999_999_999, "1.00 × 10¹⁶"),
    ],
)
def test_numbers_are_grouped_or_rounded_to_three_digits(number, said):
    assert words(amounts.counted(number)) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1023, "1023 bytes"),
        (1024, "1 KiB (1.02 kB)"),
        (2**38, "256 GiB (275 GB)"),
        (1500, "1.46 KiB (1.50 kB)"),
        (2**80, "1 YiB (1.21 YB)"),
    ],
)
def test_memory_has_binary_and_decimal_units(count, said):
    assert words(amounts.memory(count, same)) == said


@pytest.mark.parametrize(
    ("nonzeros", "entries", "said"),
    [(6, 6, "none"), (0, 6, "all"), (1, 64, "98.44 % (63 of 64)"), (3, 5, "40 % (2 of 5)"), (1, 10**9, "over 99.99 %")],
)
def test_shares_never_round_to_all(nonzeros, entries, said):
    assert words(amounts.zeros(nonzeros, entries, same)) == said


def test_sizes_that_are_computed_are_written_as_mathematics():
    own, *_ = tables("lstm_cell")
    assert own["axes of the array"][0] == "N × 2M × N × D"
    # N · 2M rows and N · D columns.
    assert own["axes of the Jacobian"][0] == "2·N·M × N·D"
    own, *_ = tables("conv2d")
    assert own["axes of the array"][0] == "N × M × H × W × N × C × (H + K − 1) × (K + W − 1)"
    assert own["axes of the Jacobian"][1] == "N M H W × M·C·K²"
