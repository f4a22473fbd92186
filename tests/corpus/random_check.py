"""Checks random expressions against PyTorch, and counts.

`python -m tests.corpus.random_check 20000` is the long search, in as many processes as there are cores; a second
number is the seed to begin with. It prints how many were accepted, what the others were refused for, and every
expression whose printed gradient is wrong, or that breaks a promise of our own, with what it takes to derive it again.
Exit code 1 if there is one, or if fewer than 98 % are accepted.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from random import Random
from typing import Any

import numpy as np

import derive
from derive.errors import DeriveError, InternalError
from derive.notation.code import print_code
from tests.corpus.corpus import run
from tests.corpus.derivation import lines
from tests.corpus.libraries import numpy_scope, torch_scope
from tests.corpus.random_text import Example, example

ACCEPTED = 0.98

_AT_ONCE = 1000


def by_torch(case: Example, upstream: np.ndarray) -> dict[str, np.ndarray]:
    """The gradients that PyTorch finds."""
    import torch  # deferred: not everybody who runs the tests has it

    leaves = {name: torch.tensor(array, requires_grad=True) for name, array in case.arrays.items()}
    output = run(case.text, torch_scope(torch, {**case.sizes, **leaves}))
    if not output.requires_grad:
        return {name: np.zeros(array.shape) for name, array in case.arrays.items()}
    loss = (output * torch.tensor(upstream)).sum()
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return {
        name: np.zeros(leaf.shape) if gradient is None else gradient.numpy()
        for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
    }


def failures(case: Example) -> list[str]:
    """What is wrong with the printed gradients; nothing, if all is well.

    Raises: DeriveError if the expression is refused.
    """
    found = derive.derive(case.text, shapes=case.shapes, **case.sizes)
    scope = numpy_scope({**case.sizes, **case.arrays})
    output = np.asarray(run(case.text, scope))
    upstream = np.random.default_rng(1).normal(size=output.shape) if output.shape else np.ones(())
    known = {**scope, "G": upstream, found.layer.upstream.name: upstream}
    wrong = []
    for name, expected in by_torch(case, upstream).items():
        formula = found.wrt(name).formula
        # As text it stands alone; on a page it has the names that all gradients share.
        for printed in dict.fromkeys((lines(formula), (*formula.lines[:-1], print_code(formula.tree)))):
            said = _difference("\n".join(printed), known, expected)
            wrong += [f"gradient of {name}, {'; '.join(printed)}: {said}"] if said else []
    return wrong


def _difference(text: str, known: Mapping[str, Any], expected: np.ndarray) -> str:
    """In what the value of a printed text is not the one expected; nothing, if it is."""
    try:
        # exp(-x) may overflow where 1 / (1 + exp(-x)) is right all the same.
        with np.errstate(over="ignore"):
            got = np.asarray(run(text, known))
    except Exception as error:  # whatever the printed text does instead of running is what is wrong with it
        return str(error)
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    if got.shape == expected.shape and np.allclose(got, expected, rtol=1e-8, atol=1e-8 * scale):
        return ""
    return f"shape {got.shape} and {expected.shape}, {got} instead of {expected}"


def outcome(seed: int) -> tuple[int, str, list[str]]:
    """A seed, what its expression is refused for, if it is, and what is wrong."""
    warnings.simplefilter("ignore")
    case = example(Random(seed))
    try:
        return seed, "", failures(case)
    except InternalError as error:
        return seed, "", [str(error)]
    except DeriveError as error:
        return seed, str(error).splitlines()[0][:100], []
    except Exception as error:  # the search goes on, and tells
        return seed, "", [repr(error)]


def search(seeds: Sequence[int], report: Any = print) -> tuple[int, int]:
    """How many of these expressions are accepted, and how many are wrong."""
    refused: Counter[str] = Counter()
    wrong = 0
    for start in range(0, len(seeds), _AT_ONCE):
        some = seeds[start : start + _AT_ONCE]
        # New processes now and then: SymPy keeps what it has met.
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
            for seed, said, found in processes.map(outcome, some, chunksize=5):
                if said:
                    refused[said] += 1
                if found:
                    wrong += 1
                    report(f"seed {seed}: {example(Random(seed))}\n  " + "\n  ".join(found))
        report(f"seeds {some[0]} to {some[-1]}: {wrong} wrong so far")
    for said, times in refused.most_common():
        report(f"refused {times} times: {said}")
    accepted = len(seeds) - refused.total()
    report(f"{len(seeds)} random expressions: {accepted} accepted, {wrong} wrong")
    return accepted, wrong


def main() -> int:
    """Searches as long as the command line says."""
    count, first = (*map(int, sys.argv[1:]), 0)[:2]
    accepted, wrong = search(range(first, first + count), partial(print, flush=True))
    return int(wrong > 0 or accepted < ACCEPTED * count)


if __name__ == "__main__":
    sys.exit(main())
