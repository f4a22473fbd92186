"""Ctrl-C at any moment: exit code 130, no traceback, no part of a file."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are a matter of POSIX")

# Sends itself a signal when a module is about to be imported.
AT_IMPORT = """
import os, signal, sys

moment, number = sys.argv[1], getattr(signal, sys.argv[2])

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == moment:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), number)

sys.meta_path.insert(0, Interrupter())
from derive.cli import main
sys.argv[:] = ["derive", *sys.argv[3:]]
sys.exit(main())
"""

# Sends itself a signal when a function is called that a file is written with.
AT_WRITE = """
import os, pathlib, signal, sys
from derive.cli import main

def interrupted(*arguments, **options):
    os.kill(os.getpid(), signal.SIGINT)
    return original(*arguments, **options)

if sys.argv[1] == "open":
    original, pathlib.Path.open = pathlib.Path.open, interrupted
else:
    original = getattr(os, sys.argv[1])
    setattr(os, sys.argv[1], interrupted)
sys.argv[:] = ["derive", *sys.argv[2:]]
sys.exit(main())
"""

SECOND = """
remove = pathlib.Path.unlink

def interrupted_again(*arguments, **options):
    os.kill(os.getpid(), signal.SIGINT)
    return remove(*arguments, **options)

pathlib.Path.unlink = interrupted_again
"""

MOMENTS = ["derive.cli.run", "typer", "derive.cli.layer", "derive.api", "sympy", "sympy.core.mul", "jinja2"]


@pytest.mark.parametrize("module", MOMENTS)
def test_an_interrupt_while_a_module_is_imported(process, here, written, module):
    (here / "old.tex").write_text("old")
    ended = process("-c", AT_IMPORT, module, "SIGINT", "affine", "--tex", "-o", "old.tex")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "derive: interrupted\n")
    assert written() == ["old.tex"]
    assert (here / "old.tex").read_text() == "old"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_other_ways_to_stop_a_process_clean_up_too(process, written, name):
    ended = process("-c", AT_IMPORT, "derive.api", name, "affine", "--tex")
    assert ended.returncode == 128 + getattr(signal, name)
    assert "Traceback" not in ended.stderr
    assert written() == []


@pytest.mark.parametrize("function", ["open", "replace"])
def test_an_interrupt_while_a_file_is_written(process, here, written, function):
    (here / "old.tex").write_text("old")
    ended = process("-c", AT_WRITE, function, "affine", "--tex", "-o", "old.tex")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "derive: interrupted\n")
    assert written() == ["old.tex"]
    assert (here / "old.tex").read_text() == "old"


def test_a_second_interrupt_does_not_disturb_the_clean_up(process, here, written):
    # The first comes while the file is put into its place, the second while what is left of it is removed.
    program = AT_WRITE.replace("sys.argv[:]", SECOND + "sys.argv[:]")
    ended = process("-c", program, "replace", "affine", "--tex", "-o", "old.tex")
    assert (ended.returncode, ended.stderr) == (130, "derive: interrupted\n")
    assert written() == []


def test_an_interrupt_that_a_library_swallows_is_told_by_the_exit_code(process, written):
    program = AT_IMPORT.replace(
        "            os.kill(os.getpid(), number)\n",
        "            try: os.kill(os.getpid(), number)\n            except KeyboardInterrupt: pass\n",
    )
    ended = process("-c", program, "sympy", "SIGINT", "affine", "--tex")
    assert ended.returncode == 130
    assert written() in ([], ["output/affine-2x2x3.tex"])


def test_a_signal_that_is_to_be_ignored_stays_ignored(process):
    program = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + AT_IMPORT
    ended = process("-c", program, "derive.api", "SIGHUP", "affine", "--formula")
    assert (ended.returncode, ended.stdout.count("\n")) == (0, 3)


def test_an_interrupt_from_a_terminal_ends_the_command(here, written):
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "derive", "affine", "--tex"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.endswith(" sympy.core.cache\n"):
                break
        child.send_signal(signal.SIGINT)
        told = child.stderr.read()
        child.wait(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in told
    assert written() == []
