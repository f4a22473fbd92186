"""The table of engines, and which of them is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from derive.errors import EngineFailedError, EngineMissingError, UnknownNameError
from derive.pdf import system, tinytex
from derive.pdf.cache import read_note, write_note
from derive.pdf.engine import Absent, Engine
from derive.pdf.process import workspace

__all__ = ["ENGINES", "examine", "find_engine"]

# In the order in which `auto` tries them.
ENGINES: dict[str, Callable[[], Engine | Absent]] = {
    "system": system.find,
    "tinytex": tinytex.find,
}


def find_engine(choice: str = "auto", *, needs: Iterable[str] = ()) -> Engine:
    """The engine of that name; for "auto" the first one that works and has the files of needs.

    Only an engine that has another behind it is examined, and what was found is remembered.

    Args:
        choice: A name in ENGINES, or "auto".
        needs: File names such as "tikz.sty" that LaTeX must find.

    Raises:
        UnknownNameError: There is no engine of that name.
        EngineMissingError: It is not on this machine; the message holds one command that installs it.
    """
    if choice != "auto" and choice not in ENGINES:
        raise UnknownNameError("engine", choice, ("auto", *ENGINES))
    finds = ENGINES.values() if choice == "auto" else (ENGINES[choice],)
    results = [find() for find in finds]
    engines = [result for result in results if isinstance(result, Engine)]
    if not engines:
        absent = [result for result in results if isinstance(result, Absent)]
        raise EngineMissingError(
            f"no PDF engine: {' and '.join(result.reason for result in absent)}; {absent[-1].remedy}"
        )
    needs = tuple(sorted(needs))
    for engine in engines[:-1]:
        if is_fit(engine, needs):
            return engine
    return engines[-1]


def is_fit(engine: Engine, needs: tuple[str, ...]) -> bool:
    key = hashlib.sha256("\n".join([engine.identity(), *needs]).encode()).hexdigest()[:32]
    note = read_note(key)
    if note is None:
        try:
            note = " ".join(examine(engine, needs))
        except EngineFailedError as error:
            note = str(error)
        write_note(key, note)
    return not note


def examine(engine: Engine, needs: Iterable[str] = (), *, limit: float = 5.0) -> tuple[str, ...]:
    """The files of needs that the engine does not find; it is asked itself, in one run of LaTeX.

    Raises:
        EngineFailedError: LaTeX does not run to its end within limit seconds.
    """
    lines = [f"\\IfFileExists{{{name}}}{{}}{{\\typeout{{missing: {name}}}}}" for name in needs]
    probe = "\n".join([*lines, "\\typeout{examined}", "\\csname @@end\\endcsname", ""])
    with workspace() as folder:
        (folder / "probe.tex").write_text(probe, encoding="utf-8")
        outcome = engine.run("-no-shell-escape", "-interaction=nonstopmode", "probe.tex", folder=folder, limit=limit)
    printed = outcome.printed.decode("utf-8", "replace").splitlines()
    if "examined" not in printed:
        ending = f"within {limit:g} s" if outcome.code is None else f"(exit code {outcome.code})"
        raise EngineFailedError(
            f"{engine.name}: {engine.executable} does not run LaTeX to its end {ending}; {engine.remedy}",
            outcome.printed,
        )
    found_missing = {line.removeprefix("missing: ") for line in printed if line.startswith("missing: ")}
    return tuple(name for name in needs if name in found_missing)
