import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from derive.errors import WriteError
from derive.pdf.process import TAIL, run, tail, workspace

# A child that is alive writes a letter every 20 ms.
BUSY = "(while :; do printf x >> alive; /bin/sleep 0.02; done) & /bin/sleep 300"


def stops_growing(path: Path) -> bool:
    """Whether nobody writes to path any more."""
    time.sleep(0.05)
    size = path.stat().st_size
    time.sleep(0.15)
    return path.stat().st_size == size


def shell(script: str, folder: Path, limit: float = 20.0) -> tuple[int | None, bytes]:
    outcome = run(("/bin/sh", "-c", script), folder=folder, environment=os.environ, limit=limit)
    return outcome.code, outcome.printed


def test_both_streams_and_the_exit_code_are_returned(tmp_path: Path) -> None:
    assert shell("echo out; echo err >&2; exit 7", tmp_path) == (7, b"out\nerr\n")


def test_a_process_has_nobody_to_ask(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"an answer\n")
    os.close(writing)
    kept = os.dup(0)
    os.dup2(reading, 0)
    try:
        assert shell("read answer || echo nobody", tmp_path) == (0, b"nobody\n")
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reading)


def test_a_process_is_stopped_at_the_limit_with_its_children(tmp_path: Path) -> None:
    start = time.monotonic()
    code, _ = shell(BUSY, tmp_path, limit=0.25)
    assert code is None
    assert 0.25 <= time.monotonic() - start < 5
    assert stops_growing(tmp_path / "alive")


def test_a_child_that_is_left_behind_does_not_delay_the_end(tmp_path: Path) -> None:
    start = time.monotonic()
    assert shell("/bin/sleep 3 & exit 0", tmp_path) == (0, b"")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_stops_the_process_with_its_children(tmp_path: Path, interruption: type[BaseException]) -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise interruption

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.25)
    try:
        with pytest.raises(interruption):
            shell(BUSY, tmp_path)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert stops_growing(tmp_path / "alive")


def test_only_the_end_of_much_output_is_kept(tmp_path: Path) -> None:
    code, printed = shell("/usr/bin/head -c 300000 /dev/zero; printf end", tmp_path)
    assert code == 0
    assert len(printed) == TAIL
    assert printed.endswith(b"\0end")


def test_a_missing_command_is_an_operating_system_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run((str(tmp_path / "none"),), folder=tmp_path, environment={}, limit=1)


def test_a_workspace_is_gone_after_an_exception(temporary_folder: Path) -> None:
    def fill() -> None:
        with workspace() as folder:
            (folder / "sub").mkdir()
            (folder / "sub" / "file").write_text("x")
            assert folder.parent == temporary_folder
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fill()
    assert list(temporary_folder.iterdir()) == []


def test_no_place_for_a_workspace_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(WriteError, match=r"no temporary folder can be made: .*none.*; set TMPDIR"), workspace():
        pass


def test_a_file_that_a_workspace_does_not_take_is_told() -> None:
    with pytest.raises(WriteError, match=r"No space left.*; set TMPDIR"), workspace():
        raise OSError(errno.ENOSPC, "No space left on device")


def test_two_workspaces_are_two_folders() -> None:
    with workspace() as first, workspace() as second:
        assert first != second


@pytest.mark.parametrize("write", [lambda path: None, lambda path: path.mkdir()])
def test_the_tail_of_what_cannot_be_read_is_empty(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path / "log")
    assert tail(tmp_path / "log") == b""
