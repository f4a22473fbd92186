"""Prints trees that share parts, as forms of one formula and entries of one array do, each part once."""

from __future__ import annotations

from dataclasses import dataclass, field

from derive.notation.code import CodePrinter
from derive.notation.tree import Tree

__all__ = ["SharingPrinter"]


@dataclass(frozen=True)
class SharingPrinter(CodePrinter):
    """Prints as `CodePrinter` does; what it has printed it keeps, and recognises by identity."""

    kept: list[Tree] = field(default_factory=list)

    def bound(self, tree: Tree) -> tuple[str, int]:
        """The text, and how tightly it binds."""
        if id(tree) not in self.printed:
            self.printed[id(tree)] = self.rule(tree)
            # No other tree may take its place.
            self.kept.append(tree)
        return self.printed[id(tree)]
