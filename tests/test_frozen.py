"""Frozen dataclasses against those of the standard library, which say what is right."""

import copy
import dataclasses
import pickle
import weakref
from typing import ClassVar

import pytest

from derive import frozen


def of(decorator, **options):
    """The same classes by either decorator."""

    @decorator(frozen=True, **options)
    class Point:
        """A class with every kind of field."""

        x: int
        y: int = 2
        seen: int = dataclasses.field(default=0, compare=False)
        hidden: int = dataclasses.field(default=3, repr=False)
        made: int = dataclasses.field(init=False, default=7)
        kept: list[int] = dataclasses.field(default_factory=list, compare=False)
        fresh: dict[int, int] = dataclasses.field(init=False, repr=False, default_factory=dict, compare=False)
        last: int = dataclasses.field(default=9, kw_only=True)
        common: ClassVar[int] = 5

        def __post_init__(self):
            self.kept.append(self.x)

    @decorator(frozen=True, **options)
    class Further(Point):
        z: int = 4

    @decorator(frozen=True, **options)
    class Named:
        x: int

        def __repr__(self):
            return "named"

    @decorator(frozen=True, **options)
    class Empty:
        pass

    return Point, Further, Named, Empty


OPTIONS = [{}, {"slots": True}, {"eq": False}, {"slots": True, "weakref_slot": True}, {"kw_only": True}]


@pytest.fixture(params=OPTIONS, ids=str)
def pair(request):
    return list(zip(of(frozen.dataclass, **request.param), of(dataclasses.dataclass, **request.param), strict=True))


CALLS = [
    ((), {}),
    ((1,), {}),
    ((), {"x": 1}),
    ((1, 3), {}),
    ((1, 3, 5, 6), {"last": 8}),
    ((1,), {"kept": [4]}),
    ((1,), {"made": 1}),
    ((1,), {"common": 1}),
    ((1, 2, 3, 4, [], 6, 7, 8), {}),
]


def outcome(kind, arguments, named):
    """What becomes of the call: all that can be seen of the object, or that the arguments are refused."""
    try:
        made = kind(*copy.deepcopy(arguments), **copy.deepcopy(named))
    except TypeError:
        return TypeError
    values = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    return values, repr(made), dataclasses.astuple(made)


@pytest.mark.parametrize(("arguments", "named"), CALLS)
def test_objects_are_made_as_by_the_standard_library(pair, arguments, named):
    for ours, theirs in pair:
        assert outcome(ours, arguments, named) == outcome(theirs, arguments, named)


def test_objects_are_equal_and_hashed_as_by_the_standard_library(pair):
    for ours, theirs in pair:
        if not dataclasses.fields(ours):
            assert (ours() == ours()) == (theirs() == theirs())
            continue
        changes = [{}, {"x": 2}] + ([{"seen": 1}, {"last": 1}] if len(dataclasses.fields(ours)) > 1 else [])
        for one in changes:
            for other in changes:
                a, b = (kind(**{"x": 1, **one}) for kind in (ours, theirs))
                c, d = (kind(**{"x": 1, **other}) for kind in (ours, theirs))
                assert (a == c) == (b == d)
                assert (hash(a) == hash(c)) == (hash(b) == hash(d))
                assert a != b and a != (1,)


def test_subclasses_are_not_equal_to_their_class(pair):
    (point, _), (further, _), *_ = pair
    assert point(x=1) != further(x=1)


def test_nothing_can_be_set_or_deleted(pair):
    for kind, _ in pair:
        made = kind(x=1) if dataclasses.fields(kind) else kind()
        with pytest.raises(dataclasses.FrozenInstanceError):
            made.x = 2
        with pytest.raises(dataclasses.FrozenInstanceError):
            del made.x


def test_objects_are_replaced_copied_and_matched():
    point, *_ = of(frozen.dataclass, slots=True)
    made = point(1, last=8)
    assert dataclasses.replace(made, y=5) == point(1, 5, last=8)
    assert copy.copy(made) == made == copy.deepcopy(made)
    match made:
        case point(x, y, last=last):
            assert (x, y, last) == (1, 2, 8)
    assert not hasattr(made, "__dict__")
    weak, *_ = of(frozen.dataclass, slots=True, weakref_slot=True)
    made = weak(1)
    assert weakref.ref(made)() is made


@frozen.dataclass(frozen=True, slots=True)
class Pickled:
    """A class that pickle finds by its name."""

    x: int
    y: tuple[int, ...] = ()


def test_objects_with_slots_are_pickled():
    assert pickle.loads(pickle.dumps(Pickled(1, (2, 3)))) == Pickled(1, (2, 3))


def test_others_than_frozen_classes_are_refused():
    with pytest.raises(AssertionError):
        frozen.dataclass(frozen=False)
