from __future__ import annotations

import json
import subprocess
import sys


def derive(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "derive", "affine", *words], capture_output=True, text=True, check=False
    )


def test_every_entry_is_listed_on_request():
    sizes = ("--n", "4", "--d", "5", "--m", "20", "--wrt", "X", "--json")
    cut, whole = (json.loads(derive(*sizes, *more).stdout)["gradients"]["X"] for more in ((), ("--all-entries",)))
    assert cut["jacobian"]["nnz"] == whole["jacobian"]["nnz"] == 4 * 5 * 20
    assert len(cut["jacobian"]["entries"]) == 200
    assert len(whole["jacobian"]["entries"]) == 400


def test_more_than_a_hundred_thousand_entries_are_refused():
    done = derive("--n", "64", "--d", "64", "--m", "64", "--json", "--all-entries")
    assert (done.returncode, done.stdout) == (1, "")
    assert "100000" in done.stderr


def test_all_entries_goes_with_json():
    done = derive("--all-entries", "--formula")
    assert done.returncode == 2
    assert "--json" in done.stderr
