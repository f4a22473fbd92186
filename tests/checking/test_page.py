"""docs/check.md is what its script prints, but for the words of derive, which test_corpus.py looks at."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.check import page

PAGE = Path(__file__).parents[2] / "docs" / "check.md"


def without_derive(text: str) -> list[str]:
    """The lines; of a table's all cells but the last, since how much is proved depends on how fast the machine is."""
    return [line.rstrip("|").rpartition("|")[0] if line.startswith("| ") else line for line in text.splitlines()]


@pytest.mark.thorough
def test_the_page_is_what_the_script_prints():
    assert without_derive(page()) == without_derive(PAGE.read_text()), "make check-page writes it again"
