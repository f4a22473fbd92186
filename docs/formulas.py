"""Prints docs/formulas.md: what derive prints for the expressions of the corpus beside what the literature has.

`python -m docs.formulas > docs/formulas.md` writes it again; a test holds the file to it. Lengths are characters after
Python's own parser and printer have been over both sides, so that spaces and needless brackets count for nobody.
Definitions that a formula uses count with it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.errors import DeriveError
from tests.corpus.corpus import Entry, entries, sources
from tests.corpus.derivation import derived, lines

INTRODUCTION = """\
# Formulas

What `derive` prints for the expressions of the corpus, `tests/corpus/`, beside the formula of the literature. Both are
checked against PyTorch at two sizes. Where the literature assumes something of an input, such as a symmetric matrix, it
stands beside the expression; `derive` is told so (`--assume`), and both are checked at inputs that are so. G is the
upstream gradient; the value of many expressions is a number, and then there is none. Lengths are in characters,
definitions included, after Python's own parser and printer have been over both. `python -m docs.formulas >
docs/formulas.md` makes this page.
"""


@dataclass(frozen=True)
class Row:
    """One gradient of one expression, as derive prints it and as the literature has it."""

    entry: Entry
    wrt: str
    ours: str
    theirs: str

    @property
    def is_short(self) -> bool:
        """Whether ours is as short or shorter."""
        return len(self.ours) <= len(self.theirs)


def rows() -> Iterator[Row]:
    """Every gradient of the corpus, but for what is refused."""
    for entry in entries():
        try:
            found = derived(entry, entry.bound()[0])
        except DeriveError:
            continue
        for name, theirs in entry.gradient.items():
            ours = normal(lines(found.wrt(name).formula))
            yield Row(entry, name, ours, normal((*entry.where, theirs)))


def normal(written: Sequence[str]) -> str:
    """The last line and the definitions that it uses, as Python prints them."""
    kept: list[str] = []
    used: set[str] = set()
    for line in reversed(written):
        tree = ast.parse(line)
        (statement,) = tree.body
        if isinstance(statement, ast.Assign) and not any(target.id in used for target in statement.targets):
            continue
        used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        kept.append(ast.unparse(tree))
    return "; ".join(reversed(kept))


def page() -> str:
    """The whole page."""
    found = list(rows())
    topics = dict.fromkeys(row.entry.topic for row in found)
    parts = [INTRODUCTION]
    for topic in topics:
        parts.append(_table(topic, [row for row in found if row.entry.topic == topic]))
    parts += [_sources(), _summary(found)]
    return "\n".join(parts)


def _table(topic: str, found: Sequence[Row]) -> str:
    lines = [
        f"## {topic.replace('_', ' ').capitalize()}",
        "",
        "| expression | with respect to | ours | literature | lengths | source |",
        "|---|---|---|---|---|---|",
    ]
    for row in found:
        expression = "; ".join(line for line in row.entry.expr.strip().splitlines())
        assumed = f" ({', '.join(row.entry.assume)})" if row.entry.assume else ""
        lengths = f"{len(row.ours)} : {len(row.theirs)}"
        cells = (f"`{expression}`{assumed}", row.wrt, f"`{row.ours}`", f"`{row.theirs}`", lengths, row.entry.source)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join((*lines, ""))


def _sources() -> str:
    return "\n".join(("## Sources", "", *(f"- {key}: {work}" for key, work in sorted(sources().items())), ""))


def _summary(found: Sequence[Row]) -> str:
    short = sum(row.is_short for row in found)
    refused = len(entries()) - len({row.entry.id for row in found})
    lines = [
        "## Lengths",
        "",
        f"{len(found)} gradients of {len(entries()) - refused} expressions; {refused} expressions are refused. "
        f"Ours is as short or shorter in {short} of {len(found)}, {100 * short / len(found):.1f} %.",
    ]
    return "\n".join((*lines, ""))


if __name__ == "__main__":
    sys.stdout.write(page())
