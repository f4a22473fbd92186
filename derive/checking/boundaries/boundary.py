"""What is known on the boundaries of comparisons, where a proof by canonical forms or case by case says nothing.

On u = 0 code may take one of the gradients to both sides, or one between them: those are subgradients. It may also
take there what the derivative of forward is on the way that forward takes, as automatic differentiation does. What is
neither seen to be is no proof, however many points have been looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from derive.checking.boundaries.faces import Taken, taken
from derive.checking.boundaries.sides import Explored
from derive.checking.budget import Budget
from derive.checking.proofs.every_size import Traced
from derive.checking.proofs.exactly import Branch
from derive.checking.proofs.generic import is_piecewise
from derive.proof.evidence import Strength

__all__ = ["Boundary", "at_points", "settled"]

_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Boundary:
    """How it is known what code gives on boundaries; reason is why that is not known, "" if it is."""

    told: str = ""
    reason: str = ""


def settled(
    strengths: Mapping[str, Strength], traced: Traced | None, runs: Callable[[], Sequence[Branch]], budget: Budget
) -> dict[str, Boundary]:
    """What is proved about the boundaries of gradients that are proved away from them, by the names of inputs.

    What jumps is looked at together: if each of two inputs takes a side of its own, both are no gradient.
    """
    general = {name for name, found in strengths.items() if found is Strength.PROVED_FOR_ALL_SIZES}
    known = {name: Boundary() for name in general if traced is not None and not traced.jumps(name)}
    made = runs() if len(known) < len(strengths) else ()
    if not made:
        return known
    smooth = (name for name in strengths if name not in general and all(_is_smooth(run, name) for run in made))
    known |= {name: Boundary() for name in smooth}
    names = [name for name in strengths if name not in known]
    found = [taken(run, names, budget) for run in made if names]
    ways = [way for way in found if way is not None]
    if len(ways) < len(found):
        return known
    for name in names:
        told = max(ways, key=[*Taken].index)
        whole = name in general and traced is not None and traced.is_one_sided(name)
        at = "" if whole else ", exactly, at the sizes of proofs"
        known[name] = Boundary(f"at its boundary it takes {told.value}{at}")
    return known


def at_points(explored: Explored) -> Boundary:
    """What points on boundaries say, where nothing is proved: which is no proof."""
    if not explored.followed:
        why = explored.failure or "forward has no value"
        return Boundary(reason=f"what it gives at the boundaries of comparisons cannot be followed: {why}")
    if explored.unreached:
        places = "; ".join(map(str, explored.unreached[:_SHOWN]))
        told = "proved but for the boundary of a comparison, on which no input was found with gradients beside it"
        return Boundary(reason=f"{told}: {places}")
    many = explored.boundaries
    if not explored.started or not many:
        return Boundary(reason="proved but for the boundaries of comparisons, for which there was no time")
    points = f"at {many} point{'s' * (many != 1)} on which"
    return Boundary(
        reason=f"proved but for its boundary, {points} it takes one of the gradients nearby, with 100 digits"
    )


def _is_smooth(run: Branch, name: str) -> bool:
    """Whether the code compares nothing."""
    return not run.known and not any(is_piecewise(entry) for entry in run.got[name].data.ravel())
