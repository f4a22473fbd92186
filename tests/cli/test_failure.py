"""What goes wrong: exit codes, messages, and files that stay as they were."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest

from derive.api import Derived, DerivedGradient
from derive.cli.run import run
from derive.errors import RefutedError

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of this kind are a matter of POSIX")


@pytest.fixture
def regular_file(here):
    path = here / "regular"
    path.write_text("a file, not a folder\n")
    return path


@pytest.mark.usefixtures("small_document")
def test_a_missing_folder_is_made(command, here):
    assert command("affine", "--tex", "-o", "a/b/c/x.tex").code == 0
    assert (here / "a/b/c/x.tex").is_file()


@pytest.mark.usefixtures("small_document")
@pytest.mark.parametrize("place", ["regular/x.tex", "regular/there/", "regular/"])
def test_a_folder_that_cannot_be_is_exit_1_with_the_reason(command, regular_file, place, written):
    ended = command("affine", "--tex", "-o", place)
    assert (ended.code, ended.stdout) == (1, "")
    assert "cannot write regular/" in ended.stderr
    assert "Not a directory" in ended.stderr or "File exists" in ended.stderr
    assert "-o" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert written() == ["regular"]
    assert regular_file.read_text() == "a file, not a folder\n"


@pytest.mark.usefixtures("small_document")
@posix
def test_a_folder_without_permission_is_exit_1_with_the_reason(command, here, monkeypatch):
    (here / "locked").mkdir(mode=0o500)
    if os.geteuid() == 0:
        # The system lets root write anywhere; the refusal is the one that it gives others.
        opened = Path.open

        def refuse(path, *arguments, **options):
            if path.parent.name == "locked":
                raise PermissionError(13, "Permission denied", str(path))
            return opened(path, *arguments, **options)

        monkeypatch.setattr(Path, "open", refuse)
    ended = command("affine", "--tex", "-o", "locked/x.tex")
    assert (ended.code, ended.stdout) == (1, "")
    assert "cannot write locked/x.tex: Permission denied" in ended.stderr


@posix
def test_a_full_disk_is_exit_1_and_the_old_file_is_unharmed(process, here, written):
    (here / "old").write_text("what was there before\n")
    program = (
        "import resource, sys\n"
        "from derive.cli.run import run\n"
        # Files may grow to 2000 bytes and no further; writing more fails in the middle.
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    ended = process("-B", "-c", program, "affine", "--tex", "-o", "old")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "cannot write old: File too large" in ended.stderr
    assert (here / "old").read_text() == "what was there before\n"
    assert written() == ["old"]


@posix
@pytest.mark.parametrize("words", [["affine", "--formula"], ["list"], ["--help"], ["affine", "--help"]])
def test_a_full_device_behind_stdout_is_exit_1_with_the_reason(process, words):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "wb") as full:
        ended = process("-m", "derive", *words, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


@pytest.mark.usefixtures("small_document")
@posix
def test_a_full_device_is_exit_1_and_stays_a_device(command, here):
    device = Path("/dev/full")
    if not device.is_char_device():
        pytest.skip("there is no /dev/full here")
    if os.access("/dev", os.W_OK):
        # Who may replace the device of the machine tests with one of their own.
        device = here / "full"
        try:
            os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
            device.write_bytes(b"")
        except PermissionError:
            pytest.skip("devices cannot be made here")
    ended = command("affine", "--tex", "-o", device)
    assert ended.code == 1
    assert "No space left on device" in ended.stderr
    assert device.is_char_device()


@pytest.mark.usefixtures("small_document")
@pytest.mark.parametrize("function", ["replace", "urandom"])
def test_a_write_that_fails_leaves_no_part_behind(command, here, written, monkeypatch, function):
    (here / "old.tex").write_text("old")

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, function, fail)
    ended = command("affine", "--tex", "-o", "old.tex")
    assert ended.code == 1
    assert "cannot write old.tex: Input/output error" in ended.stderr
    assert written() == ["old.tex"]
    assert (here / "old.tex").read_text() == "old"


@posix
@pytest.mark.parametrize("words", [["affine"], ["list"], ["--help"]])
def test_a_reader_who_has_seen_enough_sees_no_traceback(words):
    with subprocess.Popen(
        [sys.executable, "-m", "derive", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        told = child.stderr.read()
        code = child.wait(timeout=60)
    assert (code, told) == (1, b"")


def test_a_stdout_that_takes_a_part_at_a_time_gets_everything(command, monkeypatch):
    whole = command("affine", "--tex", "-o", "-").product

    class Narrow(io.RawIOBase):
        received = b""

        def writable(self):
            return True

        def write(self, block):
            self.received += bytes(block[:1000])
            return min(len(block), 1000)

    narrow = Narrow()
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=narrow, isatty=lambda: False))
    assert run(["affine", "--tex", "-o", "-"]) == 0
    assert narrow.received == whole


@posix
@pytest.mark.parametrize(
    ("closed", "words", "code"), [(1, "list", 1), (1, "affine --n 0", 2), (2, "list", 0), (2, "affine --n 0", 2)]
)
def test_closed_streams_are_no_bug(process, closed, words, code):
    close = (
        f"import os, sys; os.close({closed}); os.execv(sys.executable, [sys.executable, '-m', 'derive', *sys.argv[1:]])"
    )
    ended = process("-c", close, *words.split())
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr
    # A message never lands on stdout because stderr is not there.
    assert ended.stdout == "" or (words == "list" and ended.stdout.startswith("affine "))


@pytest.mark.parametrize("words", ["--wrt Z", "--title \a"])
def test_debug_shows_where_a_user_error_came_from(command, words):
    ended = command("affine", "--formula", *words.split(" "))
    assert ended.code == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("derive: ")
    ended = command("affine", "--formula", "--debug", *words.split(" "))
    assert ended.code == 1
    assert "Traceback" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("derive: ")


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("division"),
        RecursionError("too deep"),
        MemoryError(),
        RefutedError("a step is false"),
        jinja2.TemplateNotFound("Heading.tex"),
        KeyError("x"),
    ],
)
def test_a_bug_of_ours_is_exit_70_with_a_traceback_and_how_to_report_it(command, monkeypatch, written, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Derived, "latex", fail)
    ended = command("affine", "--tex")
    assert (ended.code, ended.stdout) == (70, "")
    assert "Traceback" in ended.stderr
    assert type(error).__name__ in ended.stderr
    assert "please report it" in ended.stderr.splitlines()[-1]
    assert written() == []


def test_a_false_formula_is_not_printed(command, monkeypatch):
    def refuted(gradient):
        raise RefutedError("the gradient of X is false")

    monkeypatch.setattr(DerivedGradient, "evidence", property(refuted))
    ended = command("affine", "--formula")
    assert (ended.code, ended.stdout) == (70, "")
    assert "the gradient of X is false" in ended.stderr


def test_an_error_of_the_file_system_is_exit_1_with_its_reason(command, monkeypatch):
    def fail(*_, **__):
        raise FileNotFoundError(2, "No usable temporary directory found", "/tmp")

    monkeypatch.setattr(Derived, "latex", fail)
    ended = command("affine", "--tex")
    assert ended.code == 1
    assert ended.stderr == "derive: No usable temporary directory found: /tmp\n"
