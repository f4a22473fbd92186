"""What PyTorch's own backward pass gives on symbols, where a forward pass calls Functions that have one by hand.

    y = h(x, u),  u = F(a),  a = k(x)        gives        x̄ = ȳ ∂h/∂x + ā ∂k/∂x,  ā = F.backward(ȳ ∂h/∂u)

Forward is run with a new variable in the place of what each Function gives. Between them the gradient is derived; what
a Function gets is handed to its own backward. In the end the variables become what they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derive.checking.arrays.live import Live
from derive.checking.arrays.scalars import Symbols
from derive.checking.arrays.sheet import Sheet
from derive.checking.numbers.places import entry_name
from derive.checking.proofs.generic import substituted
from derive.checking.pytorch.context import Context, Passes, is_real_tensor
from derive.checking.pytorch.kinds import Own
from derive.checking.pytorch.tensors import Torchlike, held
from derive.errors import UnsupportedError
from derive.forward.nodes import Input, Node, topological
from derive.forward.normal import replaced
from derive.proof.ring import Element
from derive.rules.adjoint import sweep

__all__ = ["Tape"]

Array = Any
"""A Live or a Sheet, both of which the tape works on."""

_OWN = "PyTorch derives this gradient by itself: no backward pass written by hand takes part in it"
_NOTHING = "PyTorch's own backward pass is not checked on symbols: nothing in it is written by hand"


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of a Function: its arguments as they came in, what it gave, and what stands for that.

    values and cuts are None for what has no gradient; others are what backward is handed for it.
    """

    passes: Passes
    context: Context
    arguments: Sequence[Any]
    values: Sequence[Array | None]
    cuts: Sequence[Array | None]
    others: Sequence[Any]


@dataclass(slots=True)
class Tape:
    """The calls of Functions in a forward pass; is_cut is whether new variables stand for what they give."""

    is_cut: bool = False
    calls: list[_Call] = field(default_factory=list)

    def apply(self, passes: Passes, arguments: Sequence[Any]) -> Any:
        """A Function, applied."""
        before = [Torchlike(_copy(a.array)) if isinstance(a, Torchlike) else a for a in arguments]
        # Inside of a Function nothing is derived.
        token = held.set(None)
        try:
            found, context = passes.forward(arguments)
        finally:
            held.reset(token)
        if not self.is_cut:
            return found
        given = list(found) if isinstance(found, tuple) else [found]
        unsmooth = {id(tensor) for tensor in context.unsmooth}
        values: list[Array | None] = []
        cuts: list[Array | None] = []
        others: list[Any] = []
        for value in given:
            smooth = is_real_tensor(value) and id(value) not in unsmooth
            others.append(Torchlike(value.array * 0.0) if isinstance(value, Torchlike) and not smooth else None)
            values.append(_copy(value.array) if smooth else None)
            cuts.append(_variable(value.array, f"cut {len(self.calls)} {len(cuts)}") if smooth else None)
            if smooth:
                # What was changed in place is the result from now on.
                value.array = _copy(cuts[-1])
        self.calls.append(_Call(passes, context, before, values, cuts, others))
        return found

    def stop(self, tensor: Torchlike) -> Torchlike:
        """What a tensor is where nothing is sent back to it: a variable of its own."""
        if not self.is_cut:
            return tensor
        cut = _variable(tensor.array, f"cut {len(self.calls)} 0")
        self.calls.append(_Call(_NO_PASSES, Context(()), (), [_copy(tensor.array)], [cut], [None]))
        return Torchlike(_copy(cut))

    def back(self, output: Array, upstream: Array, inputs: Mapping[str, Array]) -> dict[str, Any]:
        """The gradients of the inputs.

        Raises: UnsupportedError if no Function was called.
        """
        if not any(call.arguments for call in self.calls):
            raise UnsupportedError(_NOTHING)
        variables = [*inputs.values(), *(cut for call in self.calls for cut in call.cuts if cut is not None)]
        sums = _Sums(variables)
        sums.send(output, upstream)
        written: set[int] = set()
        for call in reversed(self.calls):
            if not call.arguments or not any(sums.has(cut) for cut in call.cuts if cut is not None):
                continue
            sent = [
                other if cut is None else Torchlike(sums.of(cut))
                for cut, other in zip(call.cuts, call.others, strict=True)
            ]
            gradients = call.passes.backward(call.context, sent, call.arguments)
            for argument, part in zip(call.arguments, gradients, strict=True):
                if is_real_tensor(argument):
                    written |= sums.below(argument.array)
                    if isinstance(part, Torchlike):
                        sums.send(argument.array, part.array)
        meant = self._meant()
        found: dict[str, Any] = {}
        for place, (name, array) in enumerate(inputs.items()):
            found[name] = meant(sums.of(array)) if place in written else Own(_OWN)
        return found

    def _meant(self) -> Callable[[Array], Array]:
        """Puts what they stand for in the place of the variables."""
        pairs: list[tuple[Array, Array]] = [
            (cut, value)
            for call in self.calls
            for cut, value in zip(call.cuts, call.values, strict=True)
            if cut is not None
        ]
        if all(isinstance(cut, Live) for cut, _ in pairs):
            nodes: dict[Node, Node] = {}
            for cut, value in pairs:
                nodes[cut.node] = replaced(value.node, nodes)
            return lambda array: array.lift(replaced(array.node, nodes))
        elements: dict[int, Element] = {}
        for cut, value in pairs:
            for number, entry in zip(_numbers(cut), value.data.ravel(), strict=True):
                elements[number] = substituted(entry, elements)
        return lambda array: _each(array, lambda entry: substituted(entry, elements))


class _Sums:
    """What has been sent back to each variable so far."""

    def __init__(self, variables: Sequence[Array]) -> None:
        self._variables = variables
        self._sums: dict[int, Array] = {}
        self._places = {_key(variable): place for place, variable in enumerate(variables)}

    def has(self, variable: Array) -> bool:
        """Whether anything has."""
        return self._places[_key(variable)] in self._sums

    def of(self, variable: Array) -> Array:
        """What has, in sum."""
        place = self._places[_key(variable)]
        return self._sums[place] if place in self._sums else np.zeros_like(variable)

    def below(self, array: Array) -> set[int]:
        """The places of the variables that an array depends on."""
        if isinstance(array, Live):
            inside = set(topological(array.node))
            return {place for place, variable in enumerate(self._variables) if variable.node in inside}
        numbers = {number for entry in array.data.ravel() for number in entry.gradient()}
        return {place for place, variable in enumerate(self._variables) if numbers & set(_numbers(variable))}

    def send(self, array: Array, upstream: Array) -> None:
        """Sends the upstream gradient of an array back to the variables that it depends on."""
        places = sorted(self.below(array))
        if isinstance(array, Live):
            swept = sweep(array.node, upstream.node, [self._variables[place].node for place in places])
            parts: list[Array] = [array.lift(swept.gradient(self._variables[place].node)) for place in places]
        else:
            parts = list(_slopes(array, upstream, [self._variables[place] for place in places]))
        for place, part in zip(places, parts, strict=True):
            self._sums[place] = self._sums[place] + part if place in self._sums else part


def _slopes(array: Sheet, upstream: Sheet, variables: Sequence[Sheet]) -> list[Sheet]:
    """Σ g ∂y/∂x, where g is held, whatever it depends on."""
    given = array.of(upstream)
    ring = array.data.ravel()[0].field
    terms: dict[int, list[Element]] = {}
    for entry, g in zip(array.data.ravel(), np.broadcast_to(given.data, array.shape).ravel(), strict=True):
        for number, slope in entry.gradient().items():
            terms.setdefault(number, []).append(g * Element(ring, dict(slope)))
    made = []
    for variable in variables:
        entries = np.empty(variable.size, dtype=object)
        for place, number in enumerate(_numbers(variable)):
            entries[place] = ring.add(terms.get(number, []))
        made.append(variable.numbers(entries.reshape(variable.shape)))
    return made


def _each(array: Sheet, function: Callable[[Element], Element]) -> Sheet:
    made = np.empty(array.shape, dtype=object)
    for place in np.ndindex(made.shape):
        made[place] = function(array.data[place])
    return array.numbers(made)


def _numbers(variable: Sheet) -> list[int]:
    """The numbers of the generators of an array of variables."""
    found = []
    for entry in variable.data.ravel():
        ((monomial, _),) = entry.terms.items()
        ((number, _),) = entry.field.monomials[monomial]
        found.append(number)
    return found


def _key(variable: Array) -> Any:
    return variable.node if isinstance(variable, Live) else tuple(_numbers(variable))


def _copy(array: Array) -> Array:
    return array.copy()


def _variable(array: Array, name: str) -> Array:
    """An array of new variables in the shape of another.

    Raises: UnsupportedError for arrays of numbers.
    """
    if isinstance(array, Live):
        return array.lift(Input(name, array.laid.shape, name))
    if not isinstance(array, Sheet) or not isinstance(array.scalars, Symbols):
        raise UnsupportedError("PyTorch's own backward pass is not supported on numbers of many digits")
    field = array.scalars.field
    made = np.empty(array.shape, dtype=object)
    for place in np.ndindex(made.shape):
        made[place] = field.variable(entry_name(name, place))
    return array.numbers(made)


_NO_PASSES = Passes(lambda *arguments: None, None, lambda *arguments: None)
