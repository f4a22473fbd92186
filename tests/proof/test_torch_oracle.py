"""PyTorch as an oracle: against its own reverse mode on layers written by hand, and what happens without it."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

import derive
from derive.document.blocks import Equation, EvidenceTable, Text
from derive.errors import RefutedError, UserError
from derive.forward.formula import Formula
from derive.forward.normal import add
from derive.layers import load
from derive.pdf import find_engine, typeset_with_log
from derive.pdf.log import overfull
from derive.proof import numeric, torch_oracle
from derive.proof.evidence import Strength
from derive.proof.prove import prove
from derive.render.text import render_text


@derive.layer(defaults="N=2 D=3 H=4 M=2")
def network(X: "N D", W: "D H", b: "H", V: "H M"):
    return np.tanh(X @ W + b) @ V


@derive.layer(defaults="N=3 D=2")
def gram(X: "N D"):
    return X.T @ X


@derive.layer(defaults="D=3")
def mean_product(x: "D", z: "D"):
    return np.sum(x * z) / x.shape[0]


@derive.layer(defaults="N=2 D=3")
def functions(X: "N D"):
    return np.exp(X) * np.sin(X) + np.sqrt(X**2) + np.cosh(X) / (2 + np.cos(X)) - 3


@derive.layer(defaults="N=2 D=3")
def rectified(X: "N D"):
    return np.maximum(X, 0.25 * X) * (X < 2) + np.clip(abs(X), 0.5, 1.5)


@derive.layer()
def scalars(a: "", c: ""):
    return a * c


LAYERS = [load("affine"), network, gram, mean_product, functions, rectified, scalars]


def by_hand(torch, name: str):
    return {
        "affine": lambda X, W, b: X @ W + b,
        "network": lambda X, W, b, V: torch.tanh(X @ W + b) @ V,
        "gram": lambda X: X.T @ X,
        "mean_product": lambda x, z: (x * z).mean(),
        "functions": lambda X: X.exp() * X.sin() + (X**2).sqrt() + X.cosh() / (2 + X.cos()) - 3,
        "rectified": lambda X: torch.maximum(X, 0.25 * X) * (X < 2) + X.abs().clamp(0.5, 1.5),
        "scalars": lambda a, c: a * c,
    }[name]


class TestWithPyTorch:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch", reason="PyTorch is not installed: its oracle is not tested here")

    @pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
    @pytest.mark.parametrize("seed", range(2))
    def test_gradients_are_those_of_a_layer_written_for_pytorch(self, torch, layer, seed):
        at = numeric.sample(layer, layer.sizes({}), seed)
        given = {node.name: torch.tensor(at.arrays[node.name], requires_grad=True) for node in layer.inputs}
        output = by_hand(torch, layer.name)(*given.values())
        output.backward(torch.tensor(at.arrays[layer.upstream.name]))
        for name, tensor in given.items():
            np.testing.assert_allclose(torch_oracle.gradient(layer, name, at), tensor.grad.numpy(), rtol=1e-12)

    @pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
    def test_it_is_evidence_beside_numpys(self, torch, layer):
        for node in layer.inputs:
            *_, numbers, framework = prove(layer, node.name, layer.sizes({}), oracle="torch")
            assert (numbers.route, framework.route) == ("numpy", "torch")
            assert framework.strength is Strength.CHECKED_AT_POINTS
            assert (framework.points, framework.digits) == (3, 9)

    def test_large_layers_are_compared_at_smaller_sizes(self, torch):
        *_, framework = prove(load("affine"), "W", {"N": 64, "D": 4096, "M": 4096}, oracle="torch")
        assert [dict(sizes) for sizes in framework.sizes] == [{"N": 2, "D": 3, "M": 4}]

    def test_a_formula_that_is_wrong_is_told(self, torch):
        layer = load("affine")
        right = derive.derive(layer).wrt("W").formula
        at = numeric.sample(layer, layer.sizes({}), 0)
        assert torch_oracle.disagreement(layer, right, at) == ""
        told = torch_oracle.disagreement(layer, Formula(right.wrt, add([right.node, right.node])), at)
        assert told.startswith("entry (1, 1): the formula gives 14.0, PyTorch gives 7.0")
        told = torch_oracle.disagreement(layer, Formula(layer.input("b"), layer.upstream), at)
        assert told == "the formula gives shape (2, 3), PyTorch gives (3,)"

    def test_a_formula_that_is_slightly_wrong_is_refuted(self, torch, monkeypatch):
        # Central differences would let it pass.
        honest = torch_oracle.value_of
        monkeypatch.setattr(torch_oracle, "value_of", lambda *given: honest(*given) + 1e-7)
        *_, framework = prove(load("affine"), "W", {"N": 2, "D": 2, "M": 3}, oracle="torch")
        assert framework.strength is Strength.REFUTED
        assert "PyTorch gives" in framework.counterexample
        with pytest.raises(RefutedError, match="PyTorch gives"):
            derive.derive("affine", oracle="torch").latex()

    def test_a_graph_that_is_not_the_code_is_refuted(self, torch):
        layer = replace(load("affine"), function=lambda X, W, b: X @ W - b)
        at = numeric.sample(layer, layer.sizes({}), 0)
        with pytest.raises(RefutedError, match="the graph, run by PyTorch, gives"):
            torch_oracle.gradient(layer, "X", at)

    def test_a_kink_decides_nothing(self, torch):
        @derive.layer(defaults="N=2")
        def modulus(x: "N"):
            return np.sqrt(x**2)

        assert prove(modulus, "x", {"N": 2}, oracle="torch")[-1].strength is Strength.CHECKED_AT_POINTS

    def test_it_is_in_the_table_beside_the_numbers_and_in_the_json(self, torch):
        found = derive.derive("affine", oracle="torch", sections="check")
        (table,) = (block for block in found.document().blocks if isinstance(block, EvidenceTable))
        said = ["".join(run.text for run in row.where if isinstance(run, Text)) for row in table.rows[-2:]]
        assert [text.split(",")[1].strip() for text in said] == ["6 digits", "9 digits"]
        ids = [block.id for block in found.document().blocks if isinstance(block, Equation)]
        assert ids.index("check.torch") == ids.index("check.gradients") + 1
        assert "torch.autograd.functional.jacobian" in " ".join(render_text(found.document()).split())
        routes = [item["route"] for item in json.loads(found.json())["gradients"]["W"]["evidence"]]
        assert routes[-2:] == ["numpy", "torch"]
        assert found.command.endswith("--oracle torch")

    @pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 2, 3), (64, 4096, 4096)], ids=str)
    def test_no_page_overflows(self, torch, sizes, tmp_path, monkeypatch):
        try:
            engine = find_engine("auto").name
        except derive.errors.EngineMissingError:
            pytest.skip("no PDF engine is installed on this machine")
        latex = derive.derive("affine", dict(zip("NDM", sizes, strict=True)), oracle="torch", sections="check").latex()
        log = typeset_with_log(latex, engine=engine).log
        assert overfull(log) == () and "set below 80 percent" not in log


class TestWithoutPyTorch:
    @pytest.fixture(autouse=True)
    def _missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "torch", None)

    def test_the_message_tells_the_one_command(self):
        with pytest.raises(
            UserError, match=r"--oracle torch: PyTorch cannot be imported .*; install it with pip install"
        ):
            derive.derive("affine", oracle="torch").latex()

    def test_nothing_else_needs_it(self):
        assert derive.derive("affine").wrt("X").evidence[-1].route == "numpy"
