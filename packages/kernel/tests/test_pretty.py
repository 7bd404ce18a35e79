"""The pretty printer: what containers, classes and odd objects look like as text."""

from __future__ import annotations

import collections
import re
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.display.pretty import for_type, for_type_by_name, pprint, pretty


class Plain:
    pass


class Own:
    def _repr_pretty_(self, p, cycle):
        if cycle:
            p.text("Own(...)")
            return
        with p.group(4, "Own(", ")"):
            for number in range(3):
                if number:
                    p.text(",")
                    p.breakable()
                p.pretty("x" * 30)


class Ids(set[int]):
    pass


class Meta(type):
    def __repr__(cls):
        return "a class"


class WithMeta(metaclass=Meta):
    pass


class BrokenName:
    __qualname__ = "odd"  # not used by type.__qualname__


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 - what is printed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "[]"),
        ((1,), "(1,)"),
        ({3, 1, 2}, "{1, 2, 3}"),
        (set(), "set()"),
        (frozenset({1}), "frozenset({1})"),
        ({"b": 1, "a": (2,)}, "{'b': 1, 'a': (2,)}"),
        (Point(1, 2), "Point(x=1, y=2)"),
        (collections.OrderedDict(a=1), "OrderedDict([('a', 1)])"),
        (collections.defaultdict(list, a=[1]), "defaultdict(list, {'a': [1]})"),
        (collections.Counter("baa"), "Counter({'a': 2, 'b': 1})"),
        (Ids(), "Ids()"),
        (Ids({2, 1}), "{1, 2}"),
        (collections.deque([1], 3), "deque([1], maxlen=3)"),
        (types.SimpleNamespace(a=1), "namespace(a=1)"),
        (types.MappingProxyType({1: 2}), "mappingproxy({1: 2})"),
        (re.compile(r"a\d", re.IGNORECASE), r"re.compile(r'a\d', re.IGNORECASE|re.UNICODE)"),
        (ValueError("x", 1), "ValueError('x', 1)"),
        (int, "int"),
        (collections.OrderedDict, "collections.OrderedDict"),
        (WithMeta, "a class"),
        (len, "<function len(obj, /)>"),
        (None, "None"),
        ("a\nb", r"'a\nb'"),
    ],
)
def test_values(value, text):
    assert pretty(value) == text


def test_what_does_not_fit_is_broken_from_outside_in():
    value = {"numbers": list(range(30)), "short": [1, 2]}
    assert pretty(value, max_width=40) == (
        "{'numbers': [0,\n"
        + "".join(f"  {number},\n" for number in range(1, 29))
        + "  29],\n 'short': [1, 2]}"
    )


def test_objects_lay_themselves_out():
    text = "'" + "x" * 30 + "'"
    assert pretty(Own()) == f"Own({text},\n    {text},\n    {text})"
    assert pretty(Own(), max_width=200) == f"Own({text}, {text}, {text})"


def test_cycles_and_sizes_are_guarded():
    loop: list[Any] = [1]
    loop.append(loop)
    assert pretty(loop) == "[1, [...]]"
    mapping: dict[str, Any] = {}
    mapping["me"] = mapping
    assert pretty(mapping) == "{'me': {...}}"
    assert pretty(list(range(5)), max_seq_length=3) == "[0, 1, 2, ...]"
    assert pretty(list(range(2000))).endswith("...]")


def test_plain_objects_name_their_class_and_place():
    assert re.fullmatch(r"<\S+\.Plain at 0x[0-9a-f]+>", pretty(Plain()))
    plain = Plain()
    plain.attribute = 3
    assert "attribute=3" in pretty(plain, verbose=True)


def test_a_repr_of_several_lines_is_indented():
    class Lines:
        def __repr__(self):
            return "one\ntwo"

    assert pretty([Lines(), 1]) == "[one\n two,\n 1]"


def test_types_can_be_taught(capsys):
    class Mine: ...

    def show(obj, p, cycle):
        p.text("mine!")

    try:
        assert for_type(Mine, show) is None
        assert pretty([Mine()]) == "[mine!]"
        assert for_type(Mine, None) is show
        assert for_type_by_name("nowhere", "Nothing", show) is None
        pprint(Mine())
        assert capsys.readouterr().out == "mine!\n"
    finally:
        from nuncius.kernel.display import pretty as module

        module._TYPES.pop(Mine, None)
        module._DEFERRED.pop(("nowhere", "Nothing"), None)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=20,
)


@given(values, st.integers(1, 100))
def test_the_text_of_builtin_values_evaluates_to_them(value, width):
    assert eval(pretty(value, max_width=width)) == value
