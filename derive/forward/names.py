"""Which names the text of an expression uses. Imports no mathematics."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from derive.forward.syntax import Source

__all__ = ["CONSTANTS", "MODULES", "dotted", "free_names"]

CONSTANTS = ("pi",)
"""Names of numbers that NumPy gives, unless an array is called so."""

MODULES = frozenset(("np", "numpy", "np.linalg", "numpy.linalg", "linalg"))
"""What may stand before a function."""


def free_names(source: Source, arrays: Collection[str]) -> dict[str, ast.Name]:
    """The names that the text uses and does not define, each with its first place.

    Functions and modules are none of them, unless one of the arrays is called so.
    """
    defined: set[str] = set()
    found: dict[str, ast.Name] = {}
    for statement in source.statements:
        functions = {id(node) for part in ast.walk(statement) for node in _of_function(part)}
        names = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
        for node in sorted(names, key=lambda node: (node.lineno, node.col_offset)):
            if node.id not in defined and (node.id in arrays or id(node) not in functions):
                found.setdefault(node.id, node)
        if isinstance(statement, ast.Assign):
            defined |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return found


def _of_function(part: ast.AST) -> Iterator[ast.AST]:
    """The name in softmax(X), and np in np.linalg.norm and np.pi; the array of a method is none."""
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
        yield part.func
    if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in MODULES:
        yield part.value


def dotted(node: ast.AST) -> list[str]:
    """['np', 'linalg', 'norm'], or [] if it is not made of names and dots."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    return [*([node.id] if isinstance(node, ast.Name) else []), *words[::-1]] if isinstance(node, ast.Name) else []
