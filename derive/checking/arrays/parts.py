"""Parts of arrays of exact scalars: what an index means, and a mask whose values depend on the entries.

What is known of a mask is read as NumPy reads it; otherwise its values are decided in the branch that is being run, or
all entries are kept and the mask with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from derive.checking.arrays.scalars import Scalars
from derive.checking.arrays.sheet import Data, Sheet, objects

__all__ = ["Picked", "chosen", "decided", "part", "set_part"]


def part(array: Sheet, index: Any) -> Sheet:
    """array[index]: a view as NumPy's, or what a mask picks that depends on the entries."""
    items = _places(array, index)
    if len(items) == 1 and isinstance(items[0], Sheet) and items[0].shape == array.shape:
        return Picked(array.data.copy(), array.scalars, items[0])
    return array.view(array.data[_joined(index, items)])


def set_part(array: Sheet, index: Any, value: Any) -> None:
    """array[index] = value."""
    items = _places(array, index)
    if len(items) == 1 and isinstance(items[0], Sheet):
        _set_picked(array, items[0], value)
        return
    given = array.of(value)
    if array.mask and not given.mask:
        array.refuse("numbers in an array of truth values")
    array.data[_joined(index, items)] = given.data if given.ndim else given.data[()]


def decided(array: Sheet, mask: Any) -> Any:
    """A mask as an array of truth values, in the branch that is being run."""
    return _decided(_place(array, mask))


def chosen(mask: Sheet, yes: Sheet, no: Sheet) -> Sheet:
    """np.where, for which no value is computed where it is not taken."""
    arrays = np.broadcast_arrays(mask.data, yes.data, no.data)
    made = np.empty(arrays[0].shape, dtype=object)
    for place in np.ndindex(made.shape):
        m, a, b = (array[place] for array in arrays)
        held = mask.scalars.holds(m)
        made[place] = m * a + (1 - m) * b if held is None else a if held else b
    return Sheet(made, mask.scalars, mask=yes.mask and no.mask)


def _places(array: Sheet, index: Any) -> list[Any]:
    return [_place(array, item) for item in (index if isinstance(index, tuple) else (index,))]


def _joined(index: Any, items: list[Any]) -> Any:
    """The items as one index, every mask among several of them decided."""
    return tuple(map(_decided, items)) if isinstance(index, tuple) else items[0]


def _place(array: Sheet, item: Any) -> Any:
    """An index as NumPy reads it; a mask whose values depend on the entries stays a Sheet."""
    if isinstance(item, Sheet):
        if not item.mask:
            array.refuse("an index that is computed from real numbers")
        known = [array.scalars.holds(entry) for entry in item.data.ravel()]
        return item if None in known else np.array(known, dtype=bool).reshape(item.shape)
    if isinstance(item, list) and any(isinstance(part, Sheet) for part in item):
        return _place(array, array.of(item))
    return item


def _decided(item: Any) -> Any:
    """The same with every value of a mask decided."""
    if not isinstance(item, Sheet):
        return item
    return np.array([item.scalars.decide(entry) for entry in item.data.ravel()], dtype=bool).reshape(item.shape)


def _set_picked(array: Sheet, mask: Sheet, value: Any) -> None:
    """X[mask] = V, for a number or for what the same mask picks of another array."""
    if isinstance(value, Picked):
        if value.picks.shape != mask.shape or any(
            a != b for a, b in zip(value.picks.data.ravel(), mask.data.ravel(), strict=True)
        ):
            array.refuse("entries that another mask picks")
        given = Sheet(value.data, array.scalars)
    else:
        given = array.of(value)
        if given.ndim:
            array[_decided(mask)] = value
            return
    wide = mask.data.reshape(mask.shape + (1,) * (array.ndim - mask.ndim))
    array.changed(chosen(array.truths(wide), given, array))


class Picked(Sheet):
    """X[mask] where the values of the mask depend on the entries: all entries, and which of them are meant.

    Operations with numbers and with other entries that the same mask picks are those of all entries.
    """

    __slots__ = ("picks",)

    def __init__(self, data: Data, scalars: Scalars, picks: Sheet) -> None:
        super().__init__(data, scalars)
        self.picks = picks

    @property
    def shape(self) -> tuple[int, ...]:
        """Not known."""
        self.refuse("the number of entries that a mask picks")
        raise AssertionError

    def view(self, data: Data) -> Sheet:
        return Picked(objects(data), self.scalars, self.picks)

    numbers = view

    def truths(self, data: Data) -> Sheet:
        self.refuse("a comparison of the entries that a mask picks")
        raise AssertionError

    def of(self, value: Any) -> Sheet:
        if isinstance(value, Picked):
            same = all(a == b for a, b in zip(value.picks.data.ravel(), self.picks.data.ravel(), strict=True))
            if not same:
                self.refuse("an operation between the entries that two masks pick")
            return value
        given = Sheet(self.data, self.scalars).of(value)
        if given.ndim:
            self.refuse("an operation between the entries that a mask picks and other arrays")
        return given

    def _operand(self) -> Sheet:
        self.refuse("an operation between the entries that a mask picks and other arrays")
        raise AssertionError

    def changed(self, value: Any) -> Sheet:
        """X[mask] += V puts back what this gives, at the same places."""
        given = self.of(value)
        return self.view(np.broadcast_to(given.data, self.data.shape).copy())

    def __getitem__(self, index: Any) -> Sheet:
        self.refuse("a part of the entries that a mask picks")
        raise AssertionError

    def __setitem__(self, index: Any, value: Any) -> None:
        self.refuse("a part of the entries that a mask picks")
