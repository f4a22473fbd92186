"""The cache folder: dumped formats, notes about engines. Losing or refusing it costs time, never a PDF."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

__all__ = [
    "cache_entries",
    "cache_folder",
    "cache_size",
    "clear_cache",
    "discard_format",
    "fetch_format",
    "keep_executable",
    "read_note",
    "store_format",
    "write_note",
]

# Formats are kept uncompressed, some 20 MB each.
FORMATS_KEPT = 6
NOTES_KEPT = 32
# Seconds. What is wrong with an engine can be mended without a trace in the files that we look at.
BAD_NOTE_AGE = 3600.0
PART_AGE = 3600.0

PATTERNS = ("*.fmt", "*.note", "*.part", "program-*/pdflatex*")

# The CRC-32 of any data followed by its own CRC-32, low byte first: it no longer depends on the data.
RESIDUE = 0x2144DF1C


def cache_folder() -> Path:
    """Where derive keeps what it can make again; DERIVE_CACHE overrides the system's custom."""
    if chosen := os.environ.get("DERIVE_CACHE"):
        return Path(chosen).absolute()
    try:
        home = Path.home()
    except RuntimeError:
        # No home at all: a path that cannot be written, which every caller already copes with.
        return Path(os.devnull) / "derive"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "derive" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "derive"
    custom = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification has relative paths ignored.
    return (custom if custom.is_absolute() else home / ".cache") / "derive"


def cache_entries() -> tuple[Path, ...]:
    """The files in the cache, by name."""
    folder = cache_folder()
    return tuple(sorted(path for pattern in PATTERNS for path in folder.glob(pattern)))


def cache_size() -> int:
    """Bytes that the cache holds."""
    return sum(status.st_size for _, status in existing(cache_entries()))


def clear_cache() -> int:
    """Remove what derive has put into the cache, and nothing else; return the bytes removed."""
    freed = 0
    for path, status in existing(cache_entries()):
        if remove(path):
            freed += status.st_size
        if path.parent.name.startswith("program-"):
            try:
                path.parent.rmdir()
            except OSError:
                # Another process put its copy back; it will be cleared next time.
                continue
    return freed


def fetch_format(key: str) -> Path | None:
    """The format stored under key, if it is there and whole."""
    path = cache_folder() / f"{key}.fmt"
    # TeX notices a truncated format, but reads one with a page of zeros in it without complaint.
    remainder = 0
    block = memoryview(bytearray(1 << 18))
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(block):
                remainder = zlib.crc32(block[:count], remainder)
    except OSError:
        return None
    if remainder != RESIDUE:
        return None
    try:
        os.utime(path)
    except OSError:
        # Only the order in which old formats go depends on it.
        return path
    return path


def store_format(key: str, dumped: bytes) -> None:
    """Put a format that TeX wrote under key, and let the oldest go; a cache that refuses is no error."""
    # TeX compresses formats and reads either kind: unpacking was a third of the time of a warm pass.
    data = zlib.decompress(dumped, wbits=31) if dumped.startswith(b"\x1f\x8b") else dumped
    if write(f"{key}.fmt", data, zlib.crc32(data).to_bytes(4, "little")):
        prune("*.fmt", FORMATS_KEPT)


def discard_format(key: str) -> None:
    """Forget the format stored under key."""
    remove(cache_folder() / f"{key}.fmt")


def read_note(key: str) -> str | None:
    """What was noted under key: "" for good, else what is wrong; None if nothing, or too long ago."""
    path = cache_folder() / f"{key}.note"
    try:
        text = path.read_text(encoding="utf-8")
        stale = text != "" and time.time() - path.stat().st_mtime > BAD_NOTE_AGE
    except (OSError, UnicodeDecodeError):
        return None
    return None if stale else text


def write_note(key: str, text: str) -> None:
    """Note text under key; a cache that refuses is no error."""
    if write(f"{key}.note", text.encode()):
        prune("*.note", NOTES_KEPT)


def keep_executable(program: Path) -> Path | None:
    """A copy of program that may be run, or None if the cache takes none."""
    try:
        data = program.read_bytes()
        digest = hashlib.sha256(data).hexdigest()[:16]
        # TeX tells by its own file name which format to load, so the folder carries the digest.
        copy = cache_folder() / f"program-{digest}" / program.name
        if copy.exists() and os.access(copy, os.X_OK):
            return copy
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return copy if write(f"{copy.parent.name}/{copy.name}", data, mode=0o700) else None


def write(name: str, *pieces: bytes, mode: int = 0o600) -> bool:
    """Write beside and rename, so that nobody ever reads half a file; False if that is refused."""
    folder = cache_folder()
    part = ""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(suffix=".part", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
        os.chmod(part, mode)
        os.replace(part, folder / name)
    except OSError:
        return False
    finally:
        if part:
            remove(Path(part))
    return True


def prune(pattern: str, kept: int) -> None:
    folder = cache_folder()
    by_age = sorted(existing(folder.glob(pattern)), key=lambda entry: entry[1].st_mtime_ns, reverse=True)
    for path, _ in by_age[kept:]:
        remove(path)
    # Left by a process that was killed while it wrote; younger ones may be somebody's work.
    for path, status in existing(folder.glob("*.part")):
        if time.time() - status.st_mtime > PART_AGE:
            remove(path)


def existing(paths: Iterator[Path] | tuple[Path, ...]) -> Iterator[tuple[Path, os.stat_result]]:
    for path in paths:
        try:
            yield path, path.stat()
        except OSError:
            # Another process removed it.
            continue


def remove(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
