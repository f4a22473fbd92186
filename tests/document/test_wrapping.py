"""Code that is too wide for a page is broken where Python allows it, and stays the same code."""

import ast

import pytest

from derive.code import numpy_class
from derive.document.wrapping import CODE_WIDTH, wrapped
from derive.layers import index, load
from derive.rules.naming import formulas


@pytest.mark.parametrize(
    ("line", "width", "expected"),
    [
        ("    x = f(a, b, c)", 40, "    x = f(a, b, c)"),
        ("    x = f(aaaa, bbbb, cccc)", 20, "    x = f(aaaa,\n        bbbb, cccc)"),
        ("    x = aaaa + bbbb * cccc", 20, "    x = (\n        aaaa + bbbb\n        * cccc\n    )"),
        ("    a, b, c = d, e, f", 16, "    a, b = d, e\n    c = f"),
        ('    """aaaa bbbb cccc."""', 18, '    """aaaa bbbb\n    cccc."""'),
    ],
)
def test_a_line_goes_on_inside_its_brackets(line, width, expected):
    assert wrapped(line, width) == expected


QUICK = {"softmax", "rnn_cell", "conv1d"}
NAMES = [listing.name for listing in index()]


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.thorough) for n in NAMES])
def test_the_code_of_a_layer_fits_and_stays_the_same_code(name):
    layer = load(name)
    text = numpy_class(layer, list(formulas(layer).values()))
    broken = wrapped(text)
    assert max(map(len, broken.split("\n"))) <= CODE_WIDTH
    assert normal(broken) == normal(text)


def normal(text: str) -> str:
    """The program without the line breaks of its docstrings, a statement that assigns several names apart."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.FunctionDef) and isinstance(body, list):
            node.body = [
                *(ast.Expr(ast.Constant(" ".join(s.value.value.split()))) for s in body[:1] if isinstance(s, ast.Expr)),
                *(part for statement in body if not isinstance(statement, ast.Expr) for part in apart(statement)),
            ]
    return ast.unparse(tree)


def apart(statement: ast.stmt) -> list[ast.stmt]:
    match statement:
        case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)):
            return [ast.Assign([t], v, lineno=0) for t, v in zip(targets, values, strict=True)]
    return [statement]
