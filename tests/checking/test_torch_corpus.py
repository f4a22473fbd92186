"""Modules, with others in them and with Functions that they call: the labels are PyTorch's, and derive finds them."""

from __future__ import annotations

import pytest

from derive.checking import check_backward
from derive.proof.evidence import Strength

torch = pytest.importorskip("torch")

from tests.checking.torch_corpus import ENTRIES  # noqa: E402 -- it imports PyTorch

POINTS, REFUTED = Strength.CHECKED_AT_POINTS, Strength.REFUTED


def by_name(entry):
    return entry.kind.__name__


def differing(entry, seed):
    """The inputs whose gradients are not the central differences of the output, contracted with random numbers."""
    torch.manual_seed(seed)
    module = entry.kind().double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))
    (name, written), *_ = entry.kind.forward.__annotations__.items()
    written = written.strip("'\"")
    if " in " in written:
        given = torch.tensor([2, 0, 2, 1])
    else:
        given = torch.randn(4, int(written.split()[1]), dtype=torch.float64, requires_grad=True)
    inputs = dict(module.named_parameters()) | ({name: given} if given.is_floating_point() else {})
    output = module(given)
    upstream = torch.randn_like(output)
    if hasattr(module, "backward"):
        with torch.no_grad():
            found = {name: module.backward(upstream)}
        found |= {key: value.grad for key, value in module.named_parameters()}
    else:
        found = dict(zip(inputs, torch.autograd.grad(output, list(inputs.values()), upstream), strict=True))
    wrong = set()
    for key, tensor in inputs.items():
        for place in range(tensor.numel()):
            losses = []
            for step in (1e-5, -1e-5):
                with torch.no_grad():
                    tensor.view(-1)[place] += step
                    losses.append((module(given) * upstream).sum())
                    tensor.view(-1)[place] -= step
            difference = (losses[0] - losses[1]) / 2e-5
            if abs(difference - found[key].reshape(-1)[place]) > 1e-6:
                wrong.add(key)
    return wrong


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_labels_are_those_of_central_differences(entry):
    assert differing(entry, 0) | differing(entry, 1) == set(entry.wrong)


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_derive_proves_what_is_right_and_refutes_what_is_wrong(entry):
    found = {verdict.name: verdict for verdict in check_backward(entry.kind).gradients}
    assert {name for name, verdict in found.items() if not verdict.ok} == set(entry.wrong)
    assert all(found[name].strength is REFUTED for name in entry.wrong)
    own = {name for name, verdict in found.items() if "PyTorch derives this gradient by itself" in verdict.reason}
    assert own == set(entry.own)
    assert all(found[name].strength is POINTS for name in own)
    assert all(verdict.proved for name, verdict in found.items() if name not in {*entry.wrong, *entry.own})
