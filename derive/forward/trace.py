"""Turns a NumPy-style Python function into a Layer, by running it on arrays that record what is done to them.

Its annotations are the shapes of its arguments. A name that would make two things look the same is refused.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import chain, combinations, count
from typing import Any, TypeVar

from derive.errors import DeriveError, ShapeError, UnsupportedError, UserError
from derive.forward.algebra import share_symbols
from derive.forward.assumption import read_assumptions
from derive.forward.functions import ELEMENTWISE
from derive.forward.layer import Layer, Prose, Stack, axes_of
from derive.forward.library import FUNCTIONS
from derive.forward.nodes import Constant, Input, Node, topological
from derive.forward.shape import Shape, Size, letters, parse_shape, size
from derive.forward.stretch import noticing
from derive.forward.tensor import SUPPORTED, Tensor, node_of

__all__ = ["layer", "let", "trace"]

Value = TypeVar("Value")

_CALLED = frozenset({*FUNCTIONS, *ELEMENTWISE, "arange", "eye", "identity", "np", "ones", "self", "zeros"})
"""What printed formulas and code call; an input of such a name would hide it from them."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*\Z")


def layer(
    *,
    defaults: str = "",
    name: str = "",
    prose: Prose | None = None,
    variant: str = "",
    plain: Layer | None = None,
    stacks: str = "",
    assume: Sequence[str] = (),
) -> Callable[[Callable[..., Any]], Layer]:
    """Makes a Layer of the function below, whose annotations are the shapes of its arguments.

    Args:
        defaults: the sizes to take when none are given, "N=2 D=2 M=3".
        name: what to call it; the function's name otherwise.
        prose: what its author says about it.
        variant: which one of several layers of one name it is, "bias=none"; the usual one is called as its function.
        plain: the layer whose inputs are put together to the inputs of this one.
        stacks: how they are, beside each other and below each other: "A=X|1 V=W/b".
        assume: what its author assumes of inputs, ["T rows sum to 1"]; see `derive.forward.assumption`.

    Raises: ShapeError if an annotation is no shape, or shapes do not fit; UnsupportedError for what cannot be traced;
    UserError for a name that would be ambiguous.

    Example:
        >>> @layer(defaults="N=2 D=3")
        ... def scale(X: "N D", s: "D"):
        ...     return X * s
        >>> scale.output.shape
        (N, D)
    """

    def decorate(function: Callable[..., Any]) -> Layer:
        made = trace(function, defaults=defaults, name=name, prose=prose, variant=variant)
        assumed = read_assumptions([assume] if isinstance(assume, str) else assume, made.inputs, made.name, author=True)
        made = replace(made, assumptions=assumed) if assumed else made
        return made if plain is None else replace(made, plain=plain, stacks=_stacks(stacks, plain))

    return decorate


def let(name: str, value: Value) -> Value:
    """The value, which formulas and pages call by this name.

    Where the forward code runs on numbers, it gives back the value and does nothing else.

    Raises: UserError for a name that cannot be one, or that is another value's already.

    Example:
        >>> import numpy as np
        >>> @layer(defaults="N=2 D=3 M=4")
        ... def tanh_layer(X: "N D", W: "D M"):
        ...     Z = let("Z", X @ W)
        ...     return np.tanh(Z)
        >>> [(name, str(node)) for name, node in tanh_layer.named]
        [('Z', 'X @ W')]
    """
    if isinstance(value, Tensor):
        if not _NAME.match(name):
            raise UserError(f"{value.where}: let: {name!r}: expected a name of the letters A to Z, such as S or mu_1")
        if value.named.setdefault(name, value.laid.core) is not value.laid.core:
            raise UserError(f"{value.where}: let: {name} is the name of another value already; choose another")
    return value


def trace(
    function: Callable[..., Any], *, defaults: str = "", name: str = "", prose: Prose | None = None, variant: str = ""
) -> Layer:
    """The layer that a function computes; see `layer` for the arguments and what is raised."""
    name = name or function.__name__
    inputs = _inputs(function, name)
    sizes = letters(axes_of(node) for node in inputs)
    with noticing() as stretched:
        output, named = _traced(function, inputs, name, sizes)
    for word in named:
        _refuse_taken(word, inputs, sizes, name)
    names = {node.name for node in inputs} | set(sizes) | set(named)
    taken = names | {node.letter for node in inputs} | {word.lower() for word in named}
    output_name = _free(("Y", "Z", "Out"), lambda n: n not in names and n.lower() not in taken)
    if len(output.shape) < 2:
        output_name = output_name.lower()
    return Layer(
        name=name,
        inputs=inputs,
        output=output,
        output_name=output_name,
        output_letter=output_name.lower(),
        loss=_free(("L", "J", "Loss"), lambda n: n not in names),
        defaults=_defaults(defaults, name, sizes),
        prose=prose or Prose(),
        function=function,
        variant=_variant(variant) if function.__name__ != name else (),
        named=tuple(named.items()),
        stretched=tuple(dict.fromkeys(stretched)),
    )


def _refuse_taken(word: str, inputs: Iterable[Input], sizes: Collection[str], where: str) -> None:
    """An intermediate value must not be called like anything else."""
    names = {node.name for node in inputs}
    what = "a size" if word in sizes else "an argument" if word in names else ""
    if what:
        raise UserError(f"{where}: let: {word} is {what} already; call the value otherwise")
    if word in _CALLED or (word[1:] in names and word[0] == "d"):
        meant = "a name that formulas call" if word in _CALLED else f"what the gradient of {word[1:]} is called"
        raise UserError(f"{where}: let: {word} is {meant}; call the value otherwise")


def _stacks(written: str, plain: Layer) -> tuple[Stack, ...]:
    places: dict[str, int | None] = {node.name: number for number, node in enumerate(plain.inputs)} | {"1": None}
    pairs = (item.split("=") for item in written.split())
    return tuple(
        Stack(name, tuple(places[part] for part in re.split(r"[|/]", parts)), int("|" in parts))
        for name, parts in pairs
    )


def _variant(written: str) -> tuple[tuple[str, str], ...]:
    pairs = (item.partition("=") for item in written.split())
    return tuple((option, value) for option, _, value in pairs)


def _traced(
    function: Callable[..., Any], inputs: Iterable[Input], name: str, sizes: Collection[str]
) -> tuple[Node, dict[str, Node]]:
    """What the function returns, and the values that it names and that lead there."""
    named: dict[str, Node] = {}
    try:
        result = function(*(Tensor(node, name, named) for node in inputs))
    except DeriveError:
        raise
    except Exception as error:
        # The function is the user's, and so are its errors; Python's words name what arrays or sizes cannot do here.
        raise UnsupportedError(
            f"{name}: cannot be traced: {error}; {SUPPORTED}; sizes are letters here, so nothing can depend on their "
            f"values; the root of one is written X.shape[0] ** 0.5"
        ) from error
    output = node_of(result)
    if output is None:
        raise UnsupportedError(
            f"{name}: expected the function to return one array that is computed from its arguments, or a number, got "
            f"{type(result).__name__}"
        )
    for node in topological(output):
        strange = {str(s) for s in node.value.free_symbols} - set(sizes) if isinstance(node, Constant) else ()
        if strange:
            raise UnsupportedError(
                f"{name}: {', '.join(sorted(strange))} is no size of the layer; give it as an argument"
            )
    leading = set(topological(output))
    return output, {word: node for word, node in named.items() if node in leading and not isinstance(node, Input)}


def _inputs(function: Callable[..., Any], name: str) -> tuple[Input, ...]:
    shapes: dict[str, Shape] = {}
    bounds: dict[str, Size] = {}
    for argument, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise UnsupportedError(f"{name}: argument {parameter}: expected plain arguments, without * and **")
        if not _NAME.match(argument):
            raise UserError(f"{name}: argument {argument}: expected a name of the letters A to Z, such as theta or W_1")
        written = parameter.annotation
        if written is parameter.empty or not isinstance(written, str):
            raise ShapeError(
                f'{name}: argument {argument} has no shape; write it as its annotation, {argument}: "N D" (and "" for '
                f'a scalar, "N in V" for whole numbers below V)'
            )
        # Under `from __future__ import annotations` the annotation "N D" arrives with its quotes.
        axes, _, below = written.strip("'\"").partition(" in ")
        shapes[argument] = parse_shape(axes)
        if below:
            bounds[argument] = size(below.strip())
    lowered = [argument.lower() for argument in shapes]
    inputs = tuple(
        Input(
            argument,
            shape,
            argument.lower() if lowered.count(argument.lower()) == 1 else argument,
            below=bounds.get(argument),
        )
        for argument, shape in shapes.items()
    )
    _refuse_ambiguous(inputs, name)
    return inputs


def _refuse_ambiguous(inputs: tuple[Input, ...], name: str) -> None:
    for node in inputs:
        if node.name in letters(axes_of(other) for other in inputs):
            raise UserError(f"{name}: {node.name} is both an argument and a size; rename one")
    for first, second in combinations(inputs, 2):
        if share_symbols(first, second):
            raise UserError(
                f"{name}: an entry of {first.name} would have the same name as one of {second.name}; rename one of them"
            )
    names = {node.name for node in inputs}
    for node in inputs:
        if node.name in _CALLED:
            raise UserError(f"{name}: {node.name} is a name that formulas call; rename that input")
        if f"d{node.name}" in names:
            raise UserError(
                f"{name}: d{node.name} is what the gradient with respect to {node.name} is called; rename that input"
            )


def _free(preferred: Iterable[str], is_free: Callable[[str], bool]) -> str:
    """The first preferred name that is free, or the last with a number."""
    *_, last = preferred
    return next(n for n in chain(preferred, (f"{last}_{k}" for k in count(1))) if is_free(n))


def _defaults(written: str, name: str, sizes: Collection[str]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for item in written.split():
        letter, _, number = item.partition("=")
        if letter not in sizes or letter in found or not (number.isdecimal() and int(number) > 0):
            raise ShapeError(
                f'{name}: defaults: expected each of the sizes {", ".join(sizes)} at most once, as in "N=2 D=3", got '
                f"{item!r}"
            )
        found[letter] = int(number)
    return tuple(found.items())
