"""Completion of what the cell itself defines, before it has run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuncius.kernel.complete import Completer, plain_completer

CLASS = """class Tank(Base):
    fuel: str = ""
    def __init__(self, size):
        self.size = [size]
    @property
    def level(self) -> int: return 1
    @classmethod
    def full(cls):
        return |
    def fill(self, amount: str, *rest, **more):
        near = {'key': 1}
        |
    def later(self): pass
"""


class Base:
    """A class that has run already."""

    def drain(self) -> None:
        """Only a name here."""

    def __init_subclass__(cls) -> None:
        raise AssertionError("a class of the cell was made")


@pytest.fixture
def names() -> dict[str, Any]:
    return {"Base": Base, "table": {"known": 1}, "stale": "text"}


@pytest.fixture
def completer(names: dict[str, Any]) -> Iterator[Completer]:
    made = plain_completer(lambda: (names,), deadline=None)
    yield made
    made.close()


def matches(completer: Completer, code: str) -> list[str]:
    at = code.find("|")
    return completer.complete(code.replace("|", ""), at if at >= 0 else None).matches


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("measured = 1\nmeas", ["measured"]),
        ("measured = 1; meas", ["measured"]),
        ("xs = [1]\nxs.app", ["append"]),
        ("stale = [1]\nstale.app", ["append"]),
        ("stale = unknown()\nstale.upp", ["upper"]),  # what it was before is the best guess
        ("stale = stale.split()\nstale.app", ["append"]),
        ("copy = table\ncopy['", ["known"]),
        ("import json as js, os\njs.dum", ["dump", "dumps"]),
        ("from os import path as way\nway.joi", ["join"]),
        ("with open('f') as file:\n    file.readl", ["readline", "readlines"]),
        ("try:\n    1\nexcept OSError as failed:\n    failed.strer", ["strerror"]),
        ("try:\n    part = 'x'\n    part.upp", ["upper"]),
        ("for index, each in y:\n    ind", ["index"]),
        ("while (line := 'x'):\n    line.upp", ["upper"]),
        ("one, other = 1, 2\noth", ["other"]),
        ("count: int\ncount.bit_l", ["bit_length"]),
        ("count: int = 5\ncount.bit_l", ["bit_length"]),
        ("def near(alpha, /, beta=1, *, gamma): ...\nnear(", ["beta=", "gamma="]),
        ("near = lambda beta: beta\nnear(", ["beta="]),
        ("def near() -> str: ...\nnear().upp", ["upper"]),
        ("async def far(delta): ...\nfar(", ["delta="]),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    xx: int\nP(", ["xx="]),
        ("%matplotlib inline\nsquare = 1\n!ls\nthing?\nsqu", ["square"]),
        ("listing = !ls\nlisti", ["listing"]),
        ("def broken:\nfound = 1\nfou", ["found"]),
        ("head = 1\nif hea|:\n    body = 2\n", ["head"]),
        (CLASS.replace("return |", "pass").replace("|", "self.|"), ["drain", "fill", "fuel", "full", "later", "level", "size"]),
        (CLASS.replace("return |", "return cls.§").replace("|", "").replace("§", "|"), ["drain", "fill", "fuel", "full", "later", "level", "size"]),
        (CLASS.replace("return |", "pass").replace("|", "amount.upp|"), ["upper"]),
        (CLASS.replace("return |", "pass").replace("|", "near['|"), ["key"]),
        (CLASS.replace("return |", "pass").replace("|", "more.ke|"), ["keys"]),
        (CLASS.replace("|", "1") + "tank = Tank(1)\ntank.lev", ["level"]),
        (CLASS.replace("|", "1") + "Tank(", ["size="]),
    ],
)  # fmt: skip
def test_a_name_is_known_before_its_cell_has_run(
    completer: Completer, code: str, expected: list[str]
) -> None:
    found = matches(completer, code)
    assert [text for text in found if not text.startswith("_")][: len(expected)] == expected
    if not code.endswith("("):  # there, all names follow
        assert len(found) == len(expected)


def test_kinds_and_signatures_are_told(completer: Completer) -> None:
    code = "def near(alpha, beta=1): ...\nclass nearer: ...\nimport os as nearest\nnearby = 1\nnear"
    found = completer.complete(code).completions
    assert [(c.text, c.type, c.signature) for c in found] == [
        ("near", "function", "(alpha, beta=1)"),
        ("nearby", "instance", ""),
        ("nearer", "class", ""),
        ("nearest", "module", ""),
    ]


def test_nothing_of_the_cell_runs(completer: Completer, names: dict[str, Any]) -> None:
    ran: list[str] = []
    names["ran"] = ran
    code = (
        "value = ran.append(1)\nclass Meta(type):\n    def __new__(*a): ran.append(2)\n"
        "@ran.append\nclass C(metaclass=Meta):\n    x = ran.append(3)\n    def f(self, a=ran.append(4)): ...\n"
        "@ran.append\ndef g(a=ran.append(5)): ...\n"
    )
    for end in ("value.", "C.", "C().", "g(", "Meta.", "ran.app"):
        matches(completer, code + end)
    assert ran == []


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            ["class A:", "def f(self, x=1):", "    x = [1]", "    self.y = x", "try:", "if x.", "x.", "%time x", "'''", "a = (", ")", "    pass", "\t", "é😀", "y: int", "f(", "lambda x:"]
        )
    ),
    st.integers(0, 200),
)  # fmt: skip
def test_any_cell_is_read(lines: list[str], cursor: int) -> None:
    completer = plain_completer(lambda: ({"x": 1},), deadline=None)
    code = "\n".join(lines)
    result = completer.complete(code, min(cursor, len(code)))
    completer.close()
    assert result.errors == ()
