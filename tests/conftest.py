"""What all tests share: a cache, golden files that a person reads once, and names for the cases of a test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from derive.forward.layer import Layer

_GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files; read the difference")


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nobody's cache is touched, and a preamble is dumped once, by whichever process of a run needs it first."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "derive-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DERIVE_CACHE", str(folder))
        yield folder


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
