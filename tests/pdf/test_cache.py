import gzip
import os
import sys
import time
from pathlib import Path

import pytest

from derive.pdf import cache_entries, cache_folder, cache_size, clear_cache
from derive.pdf.cache import (
    FORMATS_KEPT,
    discard_format,
    fetch_format,
    keep_executable,
    read_note,
    store_format,
    write_note,
)


@pytest.fixture(autouse=True)
def cache(empty_cache: Path) -> Path:
    return empty_cache


def payload(key: str) -> bytes:
    path = fetch_format(key)
    assert path is not None
    return path.read_bytes()


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.mark.skipif(sys.platform != "linux", reason="the custom of Linux")
def test_the_folder_follows_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DERIVE_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "derive"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "derive"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / ".cache" / "derive"


def test_a_stored_format_is_fetched_unpacked() -> None:
    store_format("key", gzip.compress(b"state of TeX"))
    assert payload("key").startswith(b"state of TeX")


def test_a_format_that_is_not_compressed_is_kept_as_it_is() -> None:
    store_format("key", b"state of TeX")
    assert payload("key").startswith(b"state of TeX")


def test_nothing_is_fetched_before_it_is_stored_or_after_it_is_discarded() -> None:
    assert fetch_format("key") is None
    store_format("key", b"state of TeX")
    discard_format("key")
    assert fetch_format("key") is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
        pytest.param(lambda data: data[:-1], id="one byte short"),
        pytest.param(lambda data: data[:5000] + bytes(4096) + data[9096:], id="a page of zeros"),
        pytest.param(lambda data: bytes([data[0] ^ 1]) + data[1:], id="one bit"),
    ],
)
def test_a_damaged_format_is_not_fetched(cache: Path, damage: "type[bytes]") -> None:
    store_format("key", bytes(range(1, 256)) * 3000)
    path = cache / "key.fmt"
    path.write_bytes(damage(path.read_bytes()))
    assert fetch_format("key") is None


def test_the_formats_used_least_recently_go(cache: Path) -> None:
    for number in range(FORMATS_KEPT):
        store_format(f"key{number}", b"state of TeX")
        age(cache / f"key{number}.fmt", 1000 - number)
    fetch_format("key0")
    store_format("new", b"state of TeX")
    kept = {path.stem for path in cache.glob("*.fmt")}
    assert kept == {"key0", "new", *(f"key{number}" for number in range(2, FORMATS_KEPT))}


def test_leavings_of_a_killed_process_go(cache: Path) -> None:
    store_format("key", b"state of TeX")
    old, young = cache / "old.part", cache / "young.part"
    old.write_text("x")
    young.write_text("x")
    age(old, 7200)
    store_format("other", b"state of TeX")
    assert not old.exists()
    assert young.exists()


def test_writing_leaves_nothing_beside(cache: Path) -> None:
    store_format("key", b"state of TeX")
    write_note("key", "text")
    assert {path.name for path in cache.iterdir()} == {"key.fmt", "key.note"}


def test_a_bad_note_is_forgotten_after_an_hour_and_a_good_one_is_not(cache: Path) -> None:
    assert read_note("bad") is None
    write_note("bad", "tikz.sty")
    write_note("good", "")
    for seconds, expected in ((3500, "tikz.sty"), (3700, None)):
        age(cache / "bad.note", seconds)
        age(cache / "good.note", seconds)
        assert read_note("bad") == expected
        assert read_note("good") == ""


def test_clearing_removes_what_is_ours_alone(cache: Path, tmp_path: Path) -> None:
    store_format("key", b"12345678")
    write_note("note", "123")
    program = tmp_path / "pdflatex"
    program.write_bytes(b"12345")
    assert keep_executable(program) is not None
    foreign = cache / "somebody.txt"
    foreign.write_text("else")
    # Eight bytes and their checksum of four, three, five.
    assert cache_size() == 12 + 3 + 5
    assert len(cache_entries()) == 3
    assert clear_cache() == 20
    assert list(cache.iterdir()) == [foreign]


def test_an_absent_cache_is_empty() -> None:
    assert cache_entries() == ()
    assert cache_size() == 0
    assert clear_cache() == 0


def test_a_cache_that_refuses_is_no_error(refusing_cache: None, tmp_path: Path) -> None:
    store_format("key", b"state of TeX")
    write_note("key", "text")
    assert fetch_format("key") is None
    assert read_note("key") is None
    program = tmp_path / "pdflatex"
    program.write_bytes(b"x")
    assert keep_executable(program) is None
    assert cache_entries() == ()
    assert clear_cache() == 0


def test_a_kept_program_has_its_name_and_the_run_bit(tmp_path: Path) -> None:
    program = tmp_path / "pdflatex"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    copy = keep_executable(program)
    assert copy is not None
    assert copy.name == "pdflatex"
    assert os.access(copy, os.X_OK)
    assert not os.access(program, os.X_OK)
    assert keep_executable(program) == copy
