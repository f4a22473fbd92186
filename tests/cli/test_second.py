"""--assume, --jacobian and --order on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import derive

LEAST_SQUARES = ["expr", "sum((X @ w - y)**2) / N", "--shape", "X=N,D", "--shape", "w=D", "--shape", "y=N"]
QUADRATIC = ["expr", "x @ A @ x", "--shape", "x=N", "--shape", "A=N,N"]
SCHEMA = json.loads((Path(derive.__file__).parent / "render" / "schema" / "derive-1.json").read_text())


def test_assumptions_are_printed_beside_the_formulas(command):
    shown = command(*QUADRATIC, "--assume", "A symmetric", "--assume", "x > 0", "--formula")
    assert (shown.code, shown.stderr) == (0, "")
    assert shown.stdout == (
        "dx = 2 * A @ x\ndA = outer(x, x)\n# assumed: A symmetric (used in dx)\n# assumed: x > 0 (not used)\n"
    )


def test_assumptions_may_stand_in_one_option(command):
    assert command(*QUADRATIC, "--assume", "x > 0, A symmetric", "--formula").stdout.startswith("dx = 2 * A @ x\n")


def test_what_cannot_be_assumed_is_refused_with_what_can(command):
    shown = command(*QUADRATIC, "--assume", "A positive definite", "--formula")
    assert (shown.code, shown.stdout) == (1, "")
    assert "none of what can be assumed" in shown.stderr
    assert '"A symmetric"' in shown.stderr


def test_the_text_says_where_an_assumption_is_used(command):
    text = " ".join(command(*QUADRATIC, "--assume", "A symmetric", "--sections", "result,conventions").stdout.split())
    assert "A is symmetric; used in ∂L/∂x." in text
    assert "nothing else: A is symmetric." in text
    assert "--assume 'A symmetric'" in text


def test_without_the_option_nothing_is_said_of_assumptions(command):
    text = " ".join(command(*QUADRATIC, "--sections", "result,conventions").stdout.split())
    assert "symmetric" not in text
    assert "Nothing else." in text


def test_files_are_called_by_what_they_assume(command):
    shown = command("cross_entropy", "--assume", "T rows sum to 1", "--depth", "brief", "--fragment")
    [path] = shown.paths
    assert path.name == "cross_entropy-2x3-brief-T-rows-sum-to-1-fragment.tex"


def test_jacobians_are_lines_of_the_formulas(command):
    assert command("affine", "--jacobian", "--formula").stdout.splitlines()[3:] == [
        "J_X = kron(eye(N), W.T)",
        "J_W = kron(X, eye(M))",
        "J_b = kron(ones((N, 1)), eye(M))",
    ]


def test_a_jacobian_without_a_form_is_said_to_have_none(command):
    shown = command("expr", "X.T", "--shape", "X=N,D", "--jacobian", "--formula")
    assert shown.stdout == "dX = G.T\n# J_X: no product or sum of Kronecker products and diagonal matrices\n"


def test_second_derivatives_are_lines_of_the_formulas(command):
    assert command(*LEAST_SQUARES, "--wrt", "w", "--order", "2", "--formula").stdout.splitlines()[-2:] == [
        "H_w = 2 * X.T @ X / N",
        "hvp_w = 2 * X.T @ X @ v / N  # H_w times v",
    ]


def test_an_order_that_does_not_exist_is_refused(command):
    assert command("affine", "--order", "3", "--formula").code == 2


def test_sections_are_added_where_they_are_asked_for(command):
    text = command(*LEAST_SQUARES, "--wrt", "w", "--jacobian", "--order", "2", "--depth", "brief").stdout
    assert "The Jacobians as formulas" in text
    assert "Second derivatives" in text
    assert "Second derivatives" not in command(*LEAST_SQUARES, "--wrt", "w", "--depth", "brief").stdout


@pytest.mark.parametrize("more", [[], ["--jacobian"], ["--order", "2"], ["--assume", "w > 0"]])
def test_json_follows_the_schema(command, more):
    shown = command(*LEAST_SQUARES, "--wrt", "w", *more, "--json")
    document = json.loads(shown.stdout)
    jsonschema.validate(document, SCHEMA)
    gradient = document["gradients"]["w"]
    assert (gradient["jacobian"]["formula"] is not None) == ("--jacobian" in more)
    assert (gradient["second"] is not None) == ("--order" in more)
    if "--order" in more:
        assert gradient["second"]["hessian"]["formula"]["text"] == "2 * X.T @ X / N"
        assert gradient["second"]["hessian"]["shape"] == [3, 3]
    assert document["assumptions"] == (
        [{"text": "w > 0", "stated_by": "user", "used_in": []}] if "--assume" in more else []
    )


def test_jacobians_and_hessians_are_said_to_use_no_assumption(command):
    shown = command("expr", "x @ A @ x", "--shape", "x=N", "--shape", "A=N,N", "--wrt", "x", "--assume", "A symmetric",
                    "--jacobian", "--order", "2", "--formula")  # fmt: skip
    # For any A, H = A + Aᵀ: what is printed needs no symmetry.
    assert "# J_x, H_x, hvp_x: hold without what is assumed\n" in shown.stdout
    assert "H_x = A.T + A" in shown.stdout
