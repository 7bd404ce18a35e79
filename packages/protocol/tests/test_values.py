"""Value classes are what dataclasses would make of the same lines, and cost less to define."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.protocol.values import Value, field, replace


class Place(Value):
    """Where something stands."""

    kind: ClassVar[str] = "place"

    line: int
    column: int = 0

    def below(self) -> Place:
        """The next line."""
        return replace(self, line=self.line + 1)


class Named(Place):
    """A place with a name, on another default column."""

    column: int = 4
    name: str = field(default="", compare=False)
    secret: str = field(default="", repr=False)


class Choices(Value, kw_only=True):
    """Taken by name."""

    names: list[str] = field(default_factory=list, metadata={"help": "Some names."})
    most: int = 3


class Counter(Value, frozen=False):
    """One that changes."""

    count: int = 0


class Even(Value):
    """One that checks what it gets."""

    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError(f"{self.number} is odd")


class Wide(Value):
    """More fields than there are ready-made constructors for."""

    a: int
    b: int = 0
    c: int = 0
    d: int = 0
    e: int = 0
    f: int = 0
    g: int = 0
    h: int = 0
    i: list[int] = field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Twin:
    """`Place` by dataclasses."""

    line: int
    column: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class WideTwin:
    """`Wide` by dataclasses."""

    a: int
    b: int = 0
    c: int = 0
    d: int = 0
    e: int = 0
    f: int = 0
    g: int = 0
    h: int = 0
    i: list[int] = dataclasses.field(default_factory=list)


def test_a_value_is_made_by_place_and_by_name():
    assert (Place(1).line, Place(1).column, Place.kind) == (1, 0, "place")
    assert Place(1, 2) == Place(line=1, column=2) == Place(1, column=2)
    assert Place(1).below() == Place(2)
    assert Named(1) == Named(1, 4, "any name")
    assert Choices(most=1) == Choices(names=[], most=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Place(), "Place.__init__() missing 1 required positional argument: 'line'"),
        (lambda: Choices(1), "Choices.__init__() takes 1 positional argument but 2 were given"),
        (
            lambda: replace(Place(1), row=2),
            "Place.__init__() got an unexpected keyword argument 'row'",
        ),
        (lambda: Wide(), "Wide() needs 'a'"),
        (lambda: Wide(*range(10)), "Wide() takes 9 arguments without a name, got 10"),
        (lambda: Wide(1, a=2), "Wide() got 'a' twice"),
        (lambda: Wide(1, row=2), "Wide() has no field 'row'"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(TypeError) as caught:
        make()
    assert str(caught.value) == message


def test_a_value_does_not_change():
    place: Any = Place(1)
    with pytest.raises(
        FrozenInstanceError, match=r"Place\.line cannot be changed: use replace\(\)"
    ):
        place.line = 2
    with pytest.raises(FrozenInstanceError):
        place.other = 2
    with pytest.raises(FrozenInstanceError):
        del place.line
    assert place == Place(1)
    assert not hasattr(place, "__dict__")


def test_one_that_may_change_has_no_hash():
    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)


def test_what_is_compared_and_shown_is_declared():
    assert repr(Named(1, 2, "a", "b")) == "Named(line=1, column=2, name='a')"
    assert Named(1, 2, "a") == Named(1, 2, "b") != Named(1, 2, secret="c")
    assert hash(Named(1, 2, "a")) == hash(Named(1, 2, "b"))
    assert Place(1, 4) != Named(1, 4)
    assert Place(1) != (1, 0)
    match Place(3, 4):
        case Place(line, column):
            assert (line, column) == (3, 4)


def test_a_default_that_could_be_shared_is_refused():
    with pytest.raises(ValueError, match="a default of 'names' that can change is shared"):
        type(Value)("Bad", (Value,), {"__annotations__": {"names": "list"}, "names": []})
    assert Choices().names is not Choices().names


def test_a_class_may_check_its_values():
    assert replace(Even(2), number=4) == Even(4)
    with pytest.raises(ValueError, match="3 is odd"):
        Even(3)


def test_dataclasses_and_copies_know_them():
    place = Named(1, 2, "a", "b")
    assert dataclasses.replace(place, line=9) == replace(place, line=9) == Named(9, 2, "a", "b")
    assert dataclasses.asdict(place) == {"line": 1, "column": 2, "name": "a", "secret": "b"}
    assert [each.name for each in dataclasses.fields(Named)] == ["line", "column", "name", "secret"]
    assert dataclasses.fields(Choices)[0].metadata == {"help": "Some names."}
    assert dataclasses.is_dataclass(Named)
    assert not dataclasses.is_dataclass(Value)
    for again in (copy.copy(place), copy.deepcopy(place), pickle.loads(pickle.dumps(place))):
        assert again == place
        assert again is not place
        assert again.name == "a"
    assert place.__replace__(line=3) == Named(3, 2, "a", "b")


def test_help_shows_the_constructor():
    assert str(inspect.signature(Place)) == str(inspect.signature(Twin))
    assert list(inspect.signature(Choices).parameters.values())[1].kind is inspect.Parameter.KEYWORD_ONLY  # fmt: skip


_NAMED = st.dictionaries(
    st.sampled_from(["line", "column", "a", "c", "i", "row"]), st.integers(0, 3)
)


@pytest.mark.parametrize(("ours", "theirs"), [(Place, Twin), (Wide, WideTwin)])
@given(st.lists(st.integers(0, 3), max_size=10), _NAMED)
def test_arguments_mean_what_they_mean_to_a_dataclass(ours, theirs, positional, named):
    def made(cls: Any) -> Any:
        try:
            value = cls(*positional, **named)
        except TypeError:
            return None
        return [getattr(value, name) for name in cls.__slots__]

    assert made(ours) == made(theirs)


def test_a_required_field_comes_before_those_with_a_default():
    body = {"__annotations__": {"a": "int", "b": "int"}, "a": 1}
    with pytest.raises(TypeError, match=r"Bad\.b has no default, but a field before it has one"):
        type(Value)("Bad", (Value,), body)


def test_defining_them_loads_nothing():
    code = "import sys, nuncius.protocol.messages; sys.exit({'dataclasses', 'inspect'} & set(sys.modules) or 0)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
