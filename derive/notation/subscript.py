"""What stands in the brackets behind an array, in NumPy's words."""

from __future__ import annotations

from derive.notation.tree import Selection

__all__ = ["written_items", "written_places"]


def written_items(items: tuple[str, ...]) -> str:
    """What stands in the brackets of a slice: NumPy takes the whole of axes that are not mentioned at the end."""
    kept = list(items)
    while len(kept) > 1 and kept[-1] == ":":
        kept.pop()
    leading = next((place for place, item in enumerate(kept) if item != ":"), 0)
    if leading > 1 and len(kept) == len(items):
        kept[:leading] = ["..."]
    return ", ".join(kept)


def written_places(selection: Selection, module: str = "") -> str:
    """1:3, or 2*arange(P)[:, None] + arange(R): the numbers of the rows of the identity matrix."""
    if selection.rows:
        return selection.rows
    terms = []
    for axis, (count, stride) in enumerate(zip(selection.counts, selection.strides, strict=True)):
        stretched = "".join(", None" for _ in selection.counts[axis + 1 :])
        factor = "" if stride == "1" else f"{stride}*" if stride.isalnum() else f"({stride})*"
        terms.append(f"{factor}{module}arange({count}){f'[:{stretched}]' if stretched else ''}")
    offset = [] if selection.offset == "0" else [selection.offset]
    return " + ".join([*terms, *offset])
