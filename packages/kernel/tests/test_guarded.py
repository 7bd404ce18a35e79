"""Evaluation without side effects: what each policy allows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.guarded import POLICIES, Evaluator, Instance, Refused


class Box:
    """Has an attribute that is computed."""

    plain = 3

    def __init__(self) -> None:
        self.own = [1, 2]

    @property
    def computed(self) -> str:
        return "made"

    def __getitem__(self, key: Any) -> str:
        return "item"

    def method(self) -> "Box | None":  # noqa: UP037 - annotations may be texts
        return self


NAMES = {"box": Box(), "data": {"a": [1, 2]}}


def outcome(source: str, policy: str) -> Any:
    try:
        return Evaluator([NAMES], policy).evaluate(source)
    except Refused:
        return Refused


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        #                       forbidden  minimal            limited            unsafe     dangerous
        ("data['a'][1]", [Refused, 2, 2, 2, 2]),
        ("box.plain", [Refused, 3, 3, 3, 3]),
        ("box.own", [Refused, [1, 2], [1, 2], [1, 2], [1, 2]]),
        ("box.computed", [Refused, Instance(str), Instance(str), Instance(str), "made"]),
        ("box['x']", [Refused, Refused, Refused, "item", "item"]),
        ("box.method().plain", [Refused, Refused, 3, 3, 3]),
        ("'a,b'.split(',')", [Refused, Refused, ["a", "b"], ["a", "b"], ["a", "b"]]),
        ("1 + 2", [Refused, Refused, Instance(int), Instance(int), 3]),
        ("missing", [Refused] * 5),
        ("1 +", [Refused] * 5),
        ("x = 1", [Refused] * 5),
    ],
)
def test_policies(source: str, expected: list[Any]) -> None:
    assert [outcome(source, policy) for policy in POLICIES] == expected


def test_nothing_large_is_made() -> None:
    assert outcome("'x' * 10**12", "limited") == Instance(str)
    assert outcome("'x'.ljust(10**12)", "limited") is Refused
    assert outcome("(" * 5000 + ")" * 5000, "limited") is Refused


def test_an_unknown_policy_names_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="expected one of forbidden, minimal, limited, unsafe, dangerous"
    ):
        Evaluator([], "careless")


_ATOMS = st.sampled_from(["box", "data", "'s'", "1", "[1]", "{}", "missing", "int", "str", "len"])


@st.composite
def expressions(draw: st.DrawFn) -> str:
    source = draw(_ATOMS)
    for _ in range(draw(st.integers(0, 4))):
        pattern = draw(
            st.sampled_from(
                [
                    "{}.own",
                    "{}.computed",
                    "{}['a']",
                    "{}[0]",
                    "{}()",
                    "{}.upper()",
                    "({} + 1)",
                    "-{}",
                    "[{}]",
                    "({} or 2)",
                ]
            )
        )
        source = pattern.format(source)
    return source


@given(expressions())
def test_any_expression_is_evaluated_or_refused(source: str) -> None:
    before = repr(NAMES["data"]), vars(NAMES["box"]).copy()
    outcome(source, "limited")
    assert (repr(NAMES["data"]), vars(NAMES["box"])) == before
