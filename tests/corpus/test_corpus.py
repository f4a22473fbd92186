"""The corpus: literature, PyTorch and derive find the same gradients, at two sizes whose letters all differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import derive
from derive.errors import DeriveError
from tests.corpus import corpus
from tests.corpus.corpus import Entry
from tests.corpus.derivation import derived, lines
from tests.corpus.libraries import Scope, numpy_scope, torch_scope

ENTRIES = corpus.entries()
HOSTILE = corpus.hostile()
SIZE = 400
ACCEPTED = 0.98

REFUSED: dict[str, str] = {}
"""What derive refuses by now, by the name of the entry, and what it says."""

SURFACE = {
    *("MatMult", "Add", "Sub", "Mult", "Div", "Pow", "USub", "Gt", "GtE", "Lt", "LtE", "T", "np"),
    *("exp", "log", "sqrt", "tanh", "sin", "cos", "abs", "sign", "maximum", "minimum", "where", "sum", "mean", "var"),
    *("max", "logsumexp", "softmax", "sigmoid", "relu", "erf", "trace", "det", "logdet", "inv", "diag", "outer"),
    *("kron", "norm", "eye", "ones", "zeros", "swapaxes", "transpose", "reshape", "einsum", "concatenate", "stack"),
    *("clip", "slice", "integer index", "None index", "axis", "keepdims", "ddof", "std", "range"),
}
"""What can be written: every word of it occurs in the corpus, most of them several times."""

RARE = {"GtE", "LtE", "np", "range", "zeros", "kron", "std", "ddof", "erf", "stack", "transpose", "swapaxes"}


def by_name(entry: Entry) -> str:
    return entry.id.replace(" ", "-")


every_entry = pytest.mark.parametrize("entry", ENTRIES, ids=by_name)


def numbers(entry: Entry) -> list[tuple[dict[str, int], dict[str, np.ndarray], np.ndarray, Scope]]:
    """For both choices of sizes the arrays, the upstream gradient, and all that a formula may use."""
    found = []
    for seed, sizes in enumerate(entry.bound()):
        arrays = entry.arrays(sizes, seed)
        scope = numpy_scope({**sizes, **arrays})
        output = np.asarray(corpus.run(entry.expr, scope))
        assert np.all(np.isfinite(output))
        upstream = np.random.default_rng(seed).normal(size=output.shape) if output.shape else np.ones(())
        found.append((sizes, arrays, upstream, {**scope, "G": upstream}))
    return found


def close(got: Any, expected: np.ndarray, digits: float = 1e-9) -> None:
    got = np.asarray(got, dtype=float)
    assert got.shape == expected.shape
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(got, expected, rtol=digits, atol=digits * scale)


def by_torch(entry: Entry, sizes: dict[str, int], arrays: dict[str, np.ndarray], upstream: np.ndarray) -> dict:
    torch = pytest.importorskip("torch")
    leaves = {name: torch.tensor(array, requires_grad=array.dtype == float) for name, array in arrays.items()}
    output = corpus.run(entry.expr, torch_scope(torch, {**sizes, **leaves}))
    found = torch.autograd.grad((output * torch.tensor(upstream)).sum(), [leaves[name] for name in entry.gradient])
    return {name: value.numpy() for name, value in zip(entry.gradient, found, strict=True)}


def test_the_corpus_is_as_large_as_it_says():
    assert len(ENTRIES) >= SIZE
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)
    assert len({(entry.expr, *entry.shapes.items(), entry.assume) for entry in ENTRIES}) == len(ENTRIES)
    assert len({entry.topic for entry in ENTRIES}) >= 9
    assert sum(len(entry.gradient) for entry in ENTRIES) >= 1.4 * SIZE
    ranks = {len(shape.split()) for entry in ENTRIES for shape in entry.shapes.values()}
    assert ranks == {0, 1, 2, 3, 4}


def test_all_that_can_be_written_occurs():
    count = Counter(word for entry in ENTRIES for word in corpus.words(entry.expr))
    assert {word: count[word] for word in SURFACE if not count[word]} == {}
    assert {word: count[word] for word in SURFACE - RARE if count[word] < 3} == {}


def test_every_entry_has_a_source_and_sizes_that_differ():
    assert ENTRIES
    cited = {entry.source.partition(",")[0] for entry in ENTRIES}
    assert cited == set(corpus.sources())
    for entry in ENTRIES:
        assert entry.gradient and set(entry.gradient) <= set(entry.shapes)
        for sizes in entry.bound():
            assert set(sizes) == set(entry.letters)
            assert len(set(sizes.values())) == len(sizes)


def test_the_numbers_satisfy_what_is_assumed():
    assuming = [entry for entry in ENTRIES if entry.assume]
    assert len(assuming) >= 20
    for entry in assuming:
        for seed, sizes in enumerate(entry.bound()):
            arrays = entry.arrays(sizes, seed)
            for said in entry.assume:
                name, _, rest = said.partition(" ")
                array = arrays[name]
                holds = {
                    "symmetric": lambda array=array: np.allclose(array, array.T),
                    "rows sum to 1": lambda array=array: np.allclose(array.sum(axis=1), 1),
                    "sums to 1": lambda array=array: np.isclose(array.sum(), 1),
                }
                assert holds[rest](), f"{entry.id}: {said}"


@every_entry
def test_the_literature_gives_the_slope(entry):
    """Central differences along one direction, at two widths and extrapolated; NumPy alone."""
    for _, arrays, _, scope in numbers(entry):
        for name in entry.gradient:
            gradient = np.asarray(corpus.literature(entry, name, scope), dtype=float)
            assert gradient.shape == arrays[name].shape
            direction = np.random.default_rng(7).normal(size=gradient.shape)
            slope = central_difference(entry, name, scope, direction)
            scale = max(1.0, float(np.sum(np.abs(gradient * direction))))
            assert slope == pytest.approx(np.sum(gradient * direction), rel=1e-6, abs=1e-6 * scale)


def central_difference(entry: Entry, name: str, scope: Scope, direction: np.ndarray) -> float:
    """d/dt Σ G · f(x + t·direction), from differences over two widths, extrapolated."""

    def moved(distance: float) -> float:
        return float(np.sum(scope["G"] * corpus.run(entry.expr, {**scope, name: scope[name] + distance * direction})))

    wide, narrow = ((moved(h) - moved(-h)) / (2 * h) for h in (2e-4, 1e-4))
    return (4 * narrow - wide) / 3


@every_entry
def test_the_literature_gives_the_gradient_that_torch_finds(entry):
    for sizes, arrays, upstream, scope in numbers(entry):
        for name, expected in by_torch(entry, sizes, arrays, upstream).items():
            close(corpus.literature(entry, name, scope), expected)


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.id not in REFUSED], ids=by_name)
def test_the_printed_formula_is_the_gradient(entry):
    """The literature's formula stands for PyTorch's gradient here: the test above finds them equal."""
    for sizes, _, upstream, scope in numbers(entry):
        found = derived(entry, sizes)
        for name in entry.gradient:
            names = {**scope, found.layer.upstream.name: upstream}
            got = corpus.run("\n".join(lines(found.wrt(name).formula)), names)
            close(got, np.asarray(corpus.literature(entry, name, scope), dtype=float))


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.assume], ids=by_name)
def test_what_the_literature_assumes_may_be_kept_back(entry):
    """Of the inputs nothing is known then; where they are as assumed all the same, the gradient is PyTorch's."""
    for sizes, arrays, upstream, scope in numbers(entry):
        found = derived(replace(entry, assume=()), sizes)
        assert found.assumed is found.layer
        for name, expected in by_torch(entry, sizes, arrays, upstream).items():
            names = {**scope, found.layer.upstream.name: upstream}
            close(corpus.run("\n".join(lines(found.wrt(name).formula)), names), expected)


def test_nearly_all_of_the_corpus_is_accepted():
    assert set(REFUSED) <= {entry.id for entry in ENTRIES}
    assert len(REFUSED) <= (1 - ACCEPTED) * len(ENTRIES)
    for entry in ENTRIES:
        if entry.id in REFUSED:
            with pytest.raises(DeriveError, match=REFUSED[entry.id]):
                derived(entry, entry.bound()[0])


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile["id"].replace(" ", "-"))
def test_what_cannot_be_done_is_refused_with_a_reason(hostile):
    assert len(HOSTILE) >= 30
    letters = {axis for shape in hostile["shapes"].values() for axis in shape.split() if not axis.isdecimal()}
    with pytest.raises(DeriveError, match=hostile["said"]):
        derive.derive(hostile["expr"].strip(), shapes=hostile["shapes"], **dict.fromkeys(letters, 2))


def test_words_are_found_where_they_stand():
    """The list of what occurs would say nothing if it were full by itself."""
    assert corpus.words("np.sum(X[1:, None], axis=-1) @ W.T") == {
        *("np", "sum", "X", "slice", "None index", "axis", "USub", "MatMult", "W", "T")
    }
    assert "integer index" in corpus.words("x[-1]") and "integer index" not in corpus.words("x[:1]")
