"""Measures every promise and writes the table of README.md."""

from __future__ import annotations

import argparse
import compileall
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import derive
from benchmarks.measure import command, peak, processor
from derive.pdf import find_engine

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
SIZES = ("--n", "2", "--d", "2", "--m", "3")
LARGE = ("--n", "64", "--d", "4096", "--m", "4096")
TIMES = 7

Row = tuple[str, str, str, bool]


def start() -> Iterator[Row]:
    """`derive --help` against `import typer`."""
    ours, base = command((BIN / "derive", "--help"), (sys.executable, "-c", "import typer"), cwd=HERE, times=2 * TIMES)
    told = f"{ours / base:.2f}× ({ours:.3f} s)"
    yield "`derive --help` against `python -c 'import typer'`", "≤ 1.5×", told, ours <= 1.5 * base


def handout() -> Iterator[Row]:
    """The warm handout against `import sympy` and one plain pass of pdfTeX, and a large one against it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        engine = find_engine("auto")
        (place / "plain.tex").write_text(derive.derive("affine", n=2, d=2, m=3).latex(), encoding="utf-8")
        small = (BIN / "derive", "affine", *SIZES, "--pdf", "-o", place / "small.pdf")
        large = (BIN / "derive", "affine", *LARGE, "--pdf", "-o", place / "large.pdf")
        plain = (engine.executable, "-interaction=nonstopmode", "plain.tex")
        command(small, large, plain, cwd=place, times=1)
        ours, big, sympy, tex = command(
            small, large, (sys.executable, "-c", "import sympy"), plain, cwd=place, times=TIMES
        )
        base = sympy + tex
        yield (
            f"`derive affine {' '.join(SIZES)} --pdf`, warm, against `import sympy` + a plain pdflatex pass",
            "≤ 1.25×",
            f"{ours / base:.2f}× ({ours:.2f} s against {sympy:.2f} + {tex:.2f} s)",
            ours <= 1.25 * base,
        )
        yield "document at N=64, D=M=4096 against 2×2×3, time", "≤ 1.2×", f"{big / ours:.2f}×", big <= 1.2 * ours
        memory = [peak(words, cwd=place) for words in (small, large)]
        ratio = memory[1] / memory[0]
        yield "the same, peak memory", "≤ 1.2×", f"{ratio:.2f}× ({memory[0] / 1024:.0f} MB)", ratio <= 1.2


SLOWEST = ("conv2d", "gru_cell", "lstm_cell", "maxpool", "multihead_attention")
"""The layers of the catalogue whose derivation takes longest."""


def catalogue() -> Iterator[Row]:
    """The slowest layers as JSON, at their default sizes, against `import sympy`, in processor time."""
    ours = [(BIN / "derive", name, "--json") for name in SLOWEST]
    *found, base = command(*ours, (sys.executable, "-c", "import sympy"), cwd=HERE, times=TIMES, clock=processor)
    for name, seconds in zip(SLOWEST, found, strict=True):
        told = f"{seconds / base:.2f}× ({seconds:.2f} s against {base:.2f} s)"
        yield f"`derive {name} --json` against `import sympy`, processor time", "≤ 3×", told, seconds <= 3 * base


def jacobians() -> Iterator[Row]:
    """The affine layer's Jacobian against other libraries."""
    from benchmarks import jacobian  # deferred: imports CasADi and SymEngine, which nothing else needs

    return jacobian.rows()


GROUPS = {"start": start, "handout": handout, "catalogue": catalogue, "jacobians": jacobians}
"""The rows by what they are about, in the order of the table."""


def table_of(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| work | promise | measured | kept |", "|---|---|---|---|"]
    said = {True: "yes", False: "**no**"}
    lines += [f"| {work} | {promise} | {found} | {said[kept]} |" for work, promise, found, kept in rows]
    system = f"Python {platform.python_version()}, {platform.machine()}, least of {TIMES} runs that take turns."
    return "\n".join([*lines, "", system])


def write(table: str) -> None:
    """Puts the table between the marks of README.md."""
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    marked = re.sub(r"(<!-- table -->\n).*(\n<!-- end -->)", lambda m: m[1] + table + m[2], text, flags=re.DOTALL)
    readme.write_text(marked, encoding="utf-8")


def main() -> int:
    """Measures and writes; 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", help=f"measure and print these alone: {', '.join(GROUPS)}"
    )
    chosen = parser.parse_args().groups
    if unknown := [name for name in chosen if name not in GROUPS]:
        parser.error(f"no group {unknown[0]!r}; choose from {', '.join(GROUPS)}")
    compileall.compile_dir(str(Path(derive.__file__).parent), quiet=1)
    rows = [row for name in chosen or GROUPS for row in GROUPS[name]()]
    print(table_of(rows))
    if not chosen:
        write(table_of(rows))
    return 0 if all(row[3] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
