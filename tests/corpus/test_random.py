"""Random expressions in everything that can be written: of what is accepted, nothing is wrong. PyTorch decides."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derive.errors import DeriveError, InternalError
from tests.corpus.corpus import run, words
from tests.corpus.libraries import numpy_scope
from tests.corpus.random_check import ACCEPTED, failures
from tests.corpus.random_text import example

COUNT = 500
PART = 50
WRITTEN = {
    *("MatMult", "Add", "Sub", "Mult", "Div", "Pow", "USub", "Gt", "GtE", "Lt", "LtE", "T", "exp", "log", "sqrt"),
    *("tanh", "sin", "cos", "abs", "sign", "maximum", "minimum", "where", "sum", "mean", "var", "max", "logsumexp"),
    *("softmax", "sigmoid", "relu", "erf", "trace", "det", "logdet", "inv", "diag", "outer", "norm", "eye", "ones"),
    *("zeros", "swapaxes", "transpose", "reshape", "einsum", "concatenate", "stack", "clip", "slice", "None index"),
    *("integer index", "axis", "keepdims", "np"),
}


def test_the_random_expressions_are_of_every_kind():
    cases = [example(Random(seed)) for seed in range(COUNT)]
    count = Counter(word for case in cases for word in words(case.text))
    assert {word: count[word] for word in WRITTEN if count[word] < 3} == {}
    ranks = Counter(len(shape.split()) for case in cases for shape in case.shapes.values())
    assert set(ranks) >= {0, 1, 2, 3}
    assert sum(len(set(case.sizes.values())) == len(case.sizes) > 1 for case in cases) > COUNT / 4


def test_numpy_computes_the_random_expressions():
    for seed in range(COUNT):
        case = example(Random(seed))
        assert np.all(np.isfinite(run(case.text, numpy_scope({**case.sizes, **case.arrays}))))


@pytest.mark.parametrize("part", range(COUNT // PART))
def test_no_gradient_of_a_random_expression_is_wrong(part):
    pytest.importorskip("torch")
    accepted = []

    @settings(
        max_examples=PART, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.integers(0, 2**32).map(lambda seed: example(Random(f"{part} {seed}"))))
    def check(case):
        try:
            wrong = failures(case)
        except InternalError:
            raise
        except DeriveError:
            accepted.append(False)
            return
        accepted.append(True)
        assert not wrong, f"{case}\n" + "\n".join(wrong)

    check()
    assert len(accepted) >= PART
    assert sum(accepted) >= ACCEPTED * len(accepted) - 1
