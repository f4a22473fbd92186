"""Prints docs/check.md: what derive and finite differences say of backward functions that are right or subtly wrong.

`python -m docs.check > docs/check.md` writes it again; a test holds the file to it. The labels are established by
PyTorch and in 50 digits, in tests/checking/test_labels.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.checking import Report, Verdict
from derive.errors import UserError
from tests.checking.case import RIGHT, WRONG, Case, cases
from tests.checking.gradcheck import passes, typical
from tests.checking.verdict import checked

INTRODUCTION = """\
# Checking backward functions

What `derive check` says of the backward functions in `tests/checking/corpus/`, written by hand: about half of them
right in some unusual way, the others subtly wrong. Beside it stands what finite differences say, made as
`torch.autograd.gradcheck` makes them: central differences with a step of 10^-6 against the answers to unit vectors, an
absolute tolerance of 10^-5 and a relative one of 10^-3, at sizes and inputs that are usual. Which are right is
established by PyTorch in float64 and by arithmetic of 50 digits; each wrong one comes with an input that shows it.
`python -m docs.check > docs/check.md` makes this page.

Code that compares values branches. Its branches are proved one by one, and on the boundary of every comparison, and
where several meet, the gradient has to be one of those nearby, which is a single one where the forward is smooth; or
that of one of the ways of the forward, as automatic differentiation gives it. A gradient is called proved only if that
is proved as well. Points that are computed to lie on boundaries are looked at with 100 digits, which may refute it, but
proves nothing. For what is not proved, inputs are sought on every side of every comparison, up to a million.

**Bold** is what misses a mistake, or objects to what is right.
"""


@dataclass(frozen=True)
class Row:
    """One backward function, and what is said of it."""

    case: Case
    differences: bool
    report: Report | UserError

    @property
    def is_found_by_differences(self) -> bool:
        """Whether finite differences say what is true."""
        return self.differences == (self.case.label == RIGHT)

    @property
    def is_found(self) -> bool:
        """Whether derive refutes the gradients that are wrong, and no other."""
        if isinstance(self.report, UserError):
            return False
        return {verdict.name for verdict in self.report.gradients if not verdict.ok} == set(self.case.wrong)

    @property
    def gradients(self) -> tuple[Verdict, ...]:
        """The verdicts; none of what is refused."""
        return () if isinstance(self.report, UserError) else self.report.gradients


def rows() -> Iterator[Row]:
    """Every case of the set."""
    for case in cases():
        yield Row(case, passes(case, typical(case)), checked(case))


def page() -> str:
    """The whole page."""
    found = list(rows())
    layers = dict.fromkeys(row.case.layer for row in found)
    tables = [_table(layer, [row for row in found if row.case.layer == layer]) for layer in layers]
    return "\n".join((INTRODUCTION, _summary(found), *tables))


def _table(layer: str, found: Sequence[Row]) -> str:
    lines = [
        f"## {layer.replace('_', ' ').capitalize()}",
        "",
        "| backward | what it is | style | label | finite differences | derive |",
        "|---|---|---|---|---|---|",
    ]
    for row in found:
        differences = _stressed("pass" if row.differences else "fail", row.is_found_by_differences)
        cells = (
            row.case.name.partition("/")[2],
            "; ".join((row.case.why, *(f"assumed: {item}" for item in row.case.assume))),
            row.case.style,
            row.case.label,
            differences,
            _stressed(_said(row.gradients), row.is_found),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join((*lines, ""))


def _stressed(text: str, is_true: bool) -> str:
    return text if is_true else f"**{text}**"


def _said(verdicts: Sequence[Verdict]) -> str:
    """The verdicts, those in the same words together."""
    together: dict[str, list[str]] = {}
    for verdict in verdicts:
        words = "wrong at a kink" if verdict.kink_is_wrong else verdict.strength.value
        together.setdefault(words, []).append(f"d{verdict.name}")
    if not together:
        return "refused"
    if len(together) == 1:
        return next(iter(together))
    return "; ".join(f"{', '.join(names)} {words}" for words, names in together.items())


def _summary(found: Sequence[Row]) -> str:
    right = [row for row in found if row.case.label == RIGHT]
    wrong = [row for row in found if row.case.label == WRONG]
    verdicts = [verdict for row in right for verdict in row.gradients]
    proved, count = sum(verdict.proved for verdict in verdicts), sum(len(row.case.wrt) for row in right)
    lines = [
        "| | finite differences | derive |",
        "|---|---|---|",
        f"| wrong ones that pass, of {len(wrong)} | {sum(row.differences for row in wrong)} "
        f"| {sum(all(verdict.ok for verdict in row.gradients) for row in wrong if row.gradients)} |",
        f"| right ones that fail, of {len(right)} | {sum(not row.differences for row in right)} "
        f"| {sum(not all(verdict.ok for verdict in row.gradients) for row in right)} |",
        f"| what is refused | none | {sum(not row.gradients for row in found)} |",
        f"| gradients proved, of {count} in right ones | none | {proved}, {100 * proved / count:.1f} % |",
    ]
    return "\n".join((*lines, ""))


if __name__ == "__main__":
    sys.stdout.write(page())
