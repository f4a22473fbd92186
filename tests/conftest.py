"""Golden files, read by a person once and compared ever after; and names for the cases of a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from derive.forward.layer import Layer

_GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files; read the difference")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the golden file of that name, or rewrites the file."""

    def compare(name: str, text: str) -> None:
        path = _GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"{path} is missing; pytest --update-golden writes it"
        assert text == path.read_bytes().decode()

    return compare


def pytest_make_parametrize_id(config, val, argname):
    """A layer is called by its name: its repr holds an address, and differs between the processes of a run."""
    return val.name if isinstance(val, Layer) else None
