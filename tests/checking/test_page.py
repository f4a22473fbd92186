"""docs/check.md is what its script prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.check import page

PAGE = Path(__file__).parents[2] / "docs" / "check.md"


@pytest.mark.thorough
def test_the_page_is_what_the_script_prints():
    assert page() == PAGE.read_text(), "python -m docs.check > docs/check.md writes it again"
