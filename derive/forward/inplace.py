"""What +=, *= and the like do to an array that is traced: every name of it sees the change, as in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.errors import ShapeError, UnsupportedError
from derive.forward.nodes import Input
from derive.forward.shape import same, text

if TYPE_CHECKING:
    from derive.forward.tensor import Tensor

__all__ = ["changed"]


def changed(array: Tensor, sign: str, value: Tensor) -> Tensor:
    """The array itself, which holds the value now; a number is not changed, its name stands for another one.

    Raises: ShapeError if the value has another shape; UnsupportedError if other arrays lie in the same memory, which
    NumPy would change with it, or if it cannot hold the value.
    """
    remedy = f"write Y = Y {sign.removesuffix('=')} ..., which makes an array of its own"
    if not array.ndim and not isinstance(array.laid.core, Input):
        return value
    if array.shares or not array.ndim:
        raise UnsupportedError(
            f"{array.where}: {sign} on an array that shares its memory with others, such as a slice and what it is "
            f"taken from, is not supported; {remedy}"
        )
    if array.mask is not value.mask:
        raise UnsupportedError(f"{array.where}: {sign} of numbers on a comparison is not supported; {remedy}")
    if len(array.shape) != len(value.shape) or not all(map(same, array.shape, value.shape)):
        raise ShapeError(
            f"{array.where}: {sign}: expected a value of shape {text(array.shape)}, which stays, got one of shape "
            f"{text(value.shape)}; {remedy}"
        )
    array.laid = value.laid
    return array
