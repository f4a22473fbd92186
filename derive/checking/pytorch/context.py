"""What a torch.autograd.Function is handed on symbols, and what its two passes give, as PyTorch reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from derive.checking.pytorch.tensors import Torchlike
from derive.errors import UserError
from derive.forward.shape import same
from derive.forward.tensor import Tensor

__all__ = ["Applied", "Context", "Passes", "is_real_tensor", "shape_of", "summed_to"]


class Context:
    """What a Function keeps between its two passes."""

    def __init__(self, needed: Sequence[bool]) -> None:
        self.needs_input_grad = tuple(needed)
        self.saved_tensors: tuple[Any, ...] = ()
        self.unsmooth: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keeps tensors.

        Raises: TypeError for anything else, as PyTorch does.
        """
        for place, value in enumerate(tensors):
            if not (value is None or isinstance(value, Torchlike)):
                kind = type(value).__name__
                raise TypeError(f"save_for_backward can only save variables, but argument {place} is of type {kind}")
        self.saved_tensors = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Says that inputs were changed in place."""

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Says that outputs have no gradient."""
        self.unsmooth = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Says whether missing gradients become zeros."""


class Passes:
    """The two passes of a Function: with a context, or with one that is set up after the first."""

    def __init__(self, ahead: Callable[..., Any], setup: Callable[..., Any] | None, back: Callable[..., Any]) -> None:
        self._ahead, self._setup, self._back = ahead, setup, back

    @property
    def has_setup(self) -> bool:
        """Whether forward takes no context."""
        return self._setup is not None

    @property
    def asks_what_is_needed(self) -> bool:
        """Whether backward looks at needs_input_grad."""
        return "needs_input_grad" in getattr(getattr(self._back, "__code__", None), "co_names", ())

    @classmethod
    def of(cls, kind: Any) -> Passes:
        """Those of a class, as they are written.

        Raises: UserError if it has no backward.
        """
        from torch.autograd import Function  # deferred: an optional dependency, of which the class is

        back = kind.vjp if kind.backward is Function.backward else kind.backward
        if back is Function.vjp or back is Function.backward:
            raise UserError(f"check: {kind.__name__} has no backward; write one, or check what calls it")
        while hasattr(back, "__wrapped__") and back.__code__.co_filename.endswith("torch/autograd/function.py"):
            # What once_differentiable wraps is the pass itself.
            back = back.__wrapped__
        setup = None if kind.setup_context is Function.setup_context else kind.setup_context
        return cls(kind.forward, setup, back)

    def inside(self, world: Any) -> Passes:
        """The same in a world of stand-ins."""
        return Passes(world.bound(self._ahead), self._setup and world.bound(self._setup), world.bound(self._back))

    def forward(self, arguments: Sequence[Any]) -> tuple[Any, Context]:
        """What forward gives, and what it has kept."""
        context = Context([is_real_tensor(argument) for argument in arguments])
        if self._setup is None:
            return self._ahead(context, *arguments), context
        output = self._ahead(*arguments)
        self._setup(context, tuple(arguments), output)
        return output, context

    def backward(self, context: Context, upstream: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
        """One gradient for each argument; None where it gives none.

        Raises: RuntimeError, in PyTorch's words, if there are more or fewer.
        """
        found = self._back(context, *upstream)
        parts = list(found) if isinstance(found, tuple | list) else [found]
        while len(parts) > len(arguments) and parts[-1] is None:
            parts.pop()
        if len(parts) != len(arguments):
            raise RuntimeError(
                f"backward returned an incorrect number of gradients (expected {len(arguments)}, got {len(parts)})"
            )
        return [
            summed_to(part, argument) if isinstance(part, Torchlike) and is_real_tensor(argument) else part
            for part, argument in zip(parts, arguments, strict=True)
        ]


class Applied:
    """Stands for a Function in a world of stand-ins: tensors on symbols go through its passes as they are written."""

    def __init__(self, kind: Any, world: Any) -> None:
        self._kind, self._world = kind, world
        self._passes: Passes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kind, name)

    def apply(self, *arguments: Any) -> Any:
        """What PyTorch's apply gives; a tape takes down what was called."""
        if not any(isinstance(argument, Torchlike) for argument in arguments):
            return self._kind.apply(*arguments)
        if self._passes is None:
            self._passes = Passes.of(self._kind).inside(self._world)
        tape = self._world.tape
        return self._passes.forward(arguments)[0] if tape is None else tape.apply(self._passes, arguments)


def is_real_tensor(value: Any) -> bool:
    """Whether it is a tensor that has a gradient, which constants have not."""
    return isinstance(value, Torchlike) and not isinstance(value.array, np.ndarray) and value.is_floating_point()


def shape_of(array: Any) -> tuple[Any, ...]:
    """The shape of an array, in sizes that notice nothing."""
    return tuple(array.laid.shape if isinstance(array, Tensor) else array.shape)


def summed_to(gradient: Torchlike, argument: Torchlike) -> Torchlike:
    """The gradient in the shape of what it belongs to: PyTorch sums over the axes that were broadcast."""
    array, shape = gradient.array, shape_of(argument.array)
    own = shape_of(array)
    extra = len(own) - len(shape)
    if extra < 0 or (not extra and all(map(same, own, shape))):
        return gradient
    spread = [n for n, size in enumerate(shape) if same(size, 1) and not same(own[n + extra], 1)]
    kept = [n for n in range(len(shape)) if n not in spread]
    if not all(same(own[n + extra], shape[n]) for n in kept):
        return gradient
    if spread:
        array = np.sum(array, axis=tuple(n + extra for n in spread), keepdims=True)
    return Torchlike(np.sum(array, axis=tuple(range(extra))) if extra else array)
