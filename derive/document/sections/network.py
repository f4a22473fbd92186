"""A network stage by stage: what each computes, and on the way back what each receives and sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derive.document.blocks import Line, Math, Run, Runs, Text, Verbatim
from derive.document.draft import Draft
from derive.document.layout import reason_room
from derive.document.material import Material
from derive.document.notations import shown_definition, shown_formula
from derive.document.numeric_table import equation
from derive.document.sections import composition
from derive.document.words import array_name
from derive.forward.formula import Definition
from derive.forward.layer import Layer
from derive.forward.shape import Shape
from derive.forward.stage import Stage
from derive.locale import N_
from derive.notation.tree import Beside, Gradient, Listed, Name, Number, Relation, Tree
from derive.proof.evaluate import evaluate
from derive.proof.worked import Worked
from derive.rules.naming import definitions
from derive.rules.networks import StageGradients, stage_gradients

__all__ = ["write"]

_REASON = 9.0
"""Beside equations that leave less room, in em, nothing is said."""

_MOST = 16
"""The stages that are shown of a longer network; those in its middle are passed over."""

_TOGETHER = 5
"""So many matrices of numbers stand under one number."""


def write(draft: Draft, material: Material) -> None:
    """Adds the section; a layer that is no network has none."""
    layer = material.layer
    if not layer.stages:
        return
    draft.heading("network", N_("Stage by stage"))
    stages = list(enumerate(stage_gradients(layer), start=1))
    shown = stages if len(stages) <= _MOST else [*stages[: _MOST // 2], *stages[-(_MOST // 2) :]]
    _forward(draft, layer, [item for _, item in shown], left_out=len(stages) - len(shown))
    _backward(draft, layer, shown, count=len(stages))
    if material.worked is not None:
        _numbers(draft, layer, material.worked)
    if material.options.depth == "full":
        composition.write(draft, material)


def _forward(draft: Draft, layer: Layer, stages: Sequence[StageGradients], *, left_out: int) -> None:
    draft.prose(
        N_(
            "A network is a chain of stages: each computes from what the stage before it has computed, and from arrays "
            "of its own. What stands between two stages has a name here. On the way forward:"
        )
    )
    lines = [
        (_line(layer, item), _told(draft, stage.stage, item))
        for stage in stages
        for item in (*stage.inner, stage.value)
    ]
    if reason_room([line for line, _ in lines]) >= _REASON:
        draft.steps("network.forward", lines)
    else:
        for number, stage in enumerate(stages, start=1):
            told = _told(draft, stage.stage, stage.value)
            draft.prose(N_("{stage} computes"), stage=told)
            draft.equation(
                f"network.forward.{number}", *(shown_definition(layer, item) for item in (*stage.inner, stage.value))
            )
    _passed_over(draft, left_out)


def _line(layer: Layer, item: Definition) -> Line:
    name, tree = shown_definition(layer, item).parts
    return Line(name, "=", tree)


def _told(draft: Draft, stage: Stage, item: Definition) -> Runs:
    """`affine(3)`, N × M_1; nothing beside a value inside of a stage."""
    if item.text != stage.layer.output_name:
        return ()
    shape = _times(stage.layer.output.shape)
    if not shape:
        return draft.runs(N_("{stage}, a number"), stage=Verbatim(stage.text))
    return draft.runs(N_("{stage}, {shape}"), stage=Verbatim(stage.text), shape=shape)


def _times(shape: Shape) -> Runs:
    """N × M_1."""
    runs: list[Run] = []
    for axis in shape:
        runs += [*([Text(" × ")] if runs else []), Math(Number(str(axis)))]
    return tuple(runs)


def _passed_over(draft: Draft, count: int) -> None:
    if count:
        draft.prose(N_("The {count} stages in the middle are written alike, and are left out here."), count=count)


def _backward(draft: Draft, layer: Layer, stages: Sequence[tuple[int, StageGradients]], *, count: int) -> None:
    draft.prose(
        N_(
            "On the way back every stage *receives* one gradient: that of {L} with respect to what it has computed, in "
            "the shape of that. It *sends* one gradient to the stage before it, with respect to what came in, and one "
            "to each of its own arrays. For that it needs nothing but itself: which stages lie before and behind, it "
            "need not know."
        )
    )
    before = count + 1
    for number, stage in reversed(stages):
        _passed_over(draft, before - number - 1)
        before = number
        _introduce(draft, stage, number)
        _shown(draft, f"network.back.{number}", [shown_definition(layer, item) for item in stage.needed])
        equations = [shown_formula(layer, formula) for formula in stage.sends]
        draft.equation(f"network.sends.{number}", *_beside(draft, equations))
    draft.prose(
        N_(
            "What reaches {X} would be sent on if there were a stage before the first one. Nothing was computed twice: "
            "each gradient that arrives is used for all that a stage sends."
        ),
        X=array_name(layer.inputs[0]),
    )


def _introduce(draft: Draft, stage: StageGradients, number: int) -> None:
    entering = Gradient(array_name(stage.stage.input), f"d{stage.stage.input.name}", stage.stage.layer.loss)
    own = [Gradient(array_name(node), f"d{node.name}", entering.loss) for node in stage.stage.own]
    values: dict[str, Any] = {
        "number": number,
        "stage": Verbatim(stage.stage.text),
        "received": stage.receives if stage.receives is not None else Number(1),
        "back": entering,
        "own": Listed(tuple(own)),
        "loss": Relation.equal(Name(stage.stage.layer.loss), stage.value.name),
    }
    if stage.receives is None:
        message = (
            N_(
                "Stage {number}, {stage}, is the loss itself, {loss}, so that what it receives is {received}. It sends "
                "{back} back; {own} belongs to its own array:"
            )
            if len(own) == 1
            else N_(
                "Stage {number}, {stage}, is the loss itself, {loss}, so that what it receives is {received}. It sends "
                "{back} back:"
            )
        )
    elif len(own) == 1:
        message = N_(
            "Stage {number}, {stage}, receives {received}. It sends {back} back; {own} belongs to its own array:"
        )
    elif own:
        message = N_(
            "Stage {number}, {stage}, receives {received}. It sends {back} back; {own} belong to its own arrays:"
        )
    else:
        message = N_("Stage {number}, {stage}, receives {received} and sends {back} back:")
    draft.prose(message, **values)


def _shown(draft: Draft, id: str, equations: Sequence[Tree]) -> None:
    if equations:
        draft.display(id, *_beside(draft, equations))


def _beside(draft: Draft, equations: Sequence[Tree]) -> Sequence[Tree]:
    """The equations in one line, if they fit."""
    together = Beside(tuple(equations))
    return (together,) if len(equations) > 1 and draft.fits(together) else equations


def _numbers(draft: Draft, layer: Layer, worked: Worked) -> None:
    """Every value and every gradient, in the order in which they are computed."""
    draft.prose(
        N_("With the numbers of the example, the stages compute, one after the other, and send back from the last on:")
    )
    values: dict[str, Any] = dict(worked.arrays)
    made: list[tuple[Tree, Any]] = []
    for item in definitions(layer):
        values[item.text] = evaluate(item.tree, values, worked.given.sizes)
        made.append((item.name, values[item.text]))
    made += [(_name(layer, name), found.formula) for name, found in worked.gradients.items()]
    equations = [equation(name, value, layer) for name, value in made]
    for start in range(0, len(equations), _TOGETHER):
        draft.equation(f"network.numbers.{start // _TOGETHER + 1}", *equations[start : start + _TOGETHER])


def _name(layer: Layer, name: str) -> Gradient:
    return Gradient(array_name(layer.input(name)), f"d{name}", layer.loss)
