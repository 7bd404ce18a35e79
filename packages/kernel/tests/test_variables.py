"""The list of variables that a frontend asks for: what it says of values of all kinds, pages and paths, while a cell runs, and that none of the program's code runs for it."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import functools
import json
import pathlib
import sys
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.app import build
from nuncius.kernel.errors import NoSuchVariable
from nuncius.kernel.install import kernel_spec
from nuncius.kernel.variables import list_variables, parts_of, short_text
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.messages import Channel
from nuncius.protocol.serving.host import CallHost
from nuncius.protocol.testing import EchoKernel
from nuncius.protocol.transport.memory import MemoryChannels

#: Seconds for anything.
LIMIT = 60


def table(**names: Any) -> list[tuple[str, str, str, int]]:
    found = list_variables(names)["variables"]
    json.dumps(found, allow_nan=False)
    return [(each["name"], each["type"], each["value"], each["parts"]) for each in found]


class Color(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int
    y: Any


class Pair(NamedTuple):
    left: int
    right: str


class Slots:
    __slots__ = ("first", "never")

    def __init__(self) -> None:
        self.first = 3


@pytest.mark.parametrize(
    ("value", "kind", "text", "parts"),
    [
        (5, "int", "5", 0),
        (10**5000, "int", "<an int of 16610 bits>", 0),
        (None, "NoneType", "None", 0),
        ("a'b", "str", '"a\'b"', 0),
        (b"abc", "bytes", "b'abc'", 0),
        ([1, [2]], "list", "[1, [2]]", 2),
        ({"b": 1, "a": [2]}, "dict", "{'b': 1, 'a': [2]}", 2),
        ({3, 1, 2}, "set", "{1, 2, 3}", 3),
        (range(10**9), "range", "range(0, 1000000000)", 10**9),
        (collections.Counter("aab"), "Counter", "Counter({'a': 2, 'b': 1})", 2),
        (collections.deque(range(30)), "deque", f"deque({[*range(20)]}".replace("]", ", ...])"), 30),
        (Pair(1, "r"), "Pair", "Pair(left=1, right='r')", 2),
        (Color.RED, "Color", "<Color.RED: 1>", 0),
        (Point(1, Point(2, [Point(3, 4)])), "Point", "Point(x=1, y=<Point>)", 2),
        (Slots(), "Slots", "Slots(first=3)", 1),
        (object(), "object", "<object object>", 0),
        (ValueError("no", 1), "ValueError", "ValueError('no', 1)", 0),
        (datetime.date(2020, 1, 2), "date", "datetime.date(2020, 1, 2)", 0),
        (pathlib.PurePosixPath("/x"), "PurePosixPath", "PurePosixPath('/x')", 0),
        (sys, "module", "<module sys>", 0),
        (Point, "type", f"<class {Point.__module__}.Point>", 0),
        (table, "function", "<function table>", 0),
        (Slots().__init__, "method", "<method Slots.__init__>", 0),
        (functools.partial(int, base=2), "partial", "<partial object>", 0),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_said_of_a_value(value: Any, kind: str, text: str, parts: int) -> None:
    assert table(v=value) == [("v", kind, text, parts)]


def test_pages_and_paths() -> None:
    names = {"d": {"k": [Point(1, {4})], (1, 2): 0}, "many": list(range(5000))}

    def look(*path: str | int, **page: int) -> list[tuple[int, str, str, str | None]]:
        found = list_variables(names, path, **page)["variables"]
        return [(v["position"], v["name"], v["value"], v.get("expression")) for v in found]

    assert [name for _, name, _, _ in look()] == ["d", "many"]
    assert look("d") == [(0, "'k'", "[Point(x=1, y=<set>)]".replace("<set>", "{4}"), "d['k']"), (1, "(1, 2)", "0", None)]  # fmt: skip
    assert look("d", 0, 0) == [(0, "x", "1", "d['k'][0].x"), (1, "y", "{4}", "d['k'][0].y")]
    assert look("d", 0, 0, 1) == [(0, "0", "4", None)]
    assert look("many", offset=4999, limit=10) == [(4999, "4999", "4999", "many[4999]")]
    page = list_variables(names, ["many"], 10**9, 5)
    assert page == {"status": "ok", "variables": [], "offset": 5000, "total": 5000}
    assert len(list_variables(names, ["many"], 0, 10**9)["variables"]) == 1000
    assert list_variables(names, ["many"], -3, -1)["variables"] == []
    for path in (["none"], ["d", 2], ["d", -1], ["d", "k"], ["many", 0, 0], [0]):
        with pytest.raises(NoSuchVariable):
            list_variables(names, path)


class Trap:
    """Whatever runs of it fails the test, but for what a failing test shows."""

    armed = False

    def __init__(self) -> None:
        object.__getattribute__(self, "__dict__")["held"] = 1

    def trap(self, *_: Any) -> Any:
        if Trap.armed:
            raise SystemExit("the program's code was run")
        return ""

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __eq__ = __lt__ = __format__ = trap  # type: ignore[assignment]
    __getattr__ = __getattribute__ = __dir__ = __getitem__ = __contains__ = __sizeof__ = trap  # type: ignore[assignment]
    computed = property(trap)
    __class__ = property(lambda self: Trap.trap(self) or type(self))  # type: ignore[assignment]

    def __hash__(self) -> int:
        return 3


class TrapDict(Trap, dict):  # type: ignore[type-arg]
    keys = items = values = get = Trap.trap  # type: ignore[assignment]


class TrapList(Trap, list):  # type: ignore[type-arg]
    pass


def test_none_of_the_programs_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    trapped = TrapDict()
    dict.__setitem__(trapped, "k", Trap())
    items = TrapList()
    list.append(items, Trap())
    names = {
        "one": Trap(),
        "keyed": {Trap(): Trap()},
        "members": {Trap()},
        "trapped": trapped,
        "items": items,
        "point": Point(1, Trap()),
        "error": ValueError(Trap()),
        "kind": Trap,
    }
    monkeypatch.setattr(Trap, "armed", True)
    shown = {each["name"]: each["value"] for each in list_variables(names)["variables"]}
    assert shown["one"] == "Trap(held=1)"
    assert shown["keyed"] == "{Trap(held=1): Trap(held=1)}"
    assert shown["trapped"] == "TrapDict({'k': Trap(held=1)})"
    for name in names:
        for each in list_variables(names, [name])["variables"]:
            list_variables(names, [name, each["position"]])


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
        | st.tuples(inner, inner)
        | st.builds(Point, st.integers(), inner)
    ),
    max_leaves=12,
)


@given(_values, st.lists(st.integers(-1, 4), max_size=4), st.integers(-1, 5), st.integers(-1, 5))
def test_any_path_into_any_value(value: Any, path: list[int], offset: int, limit: int) -> None:
    try:
        found = list_variables({"v": value}, ["v", *path], offset, limit)
    except NoSuchVariable:
        return
    assert found["total"] >= found["offset"] + len(found["variables"])
    json.dumps(found, allow_nan=False)
    for each in found["variables"]:
        assert len(each["value"]) <= 250
        if "expression" in each:
            given = eval(each["expression"], {"v": value, "inf": float("inf"), "nan": float("nan")})
            assert short_text(given) == each["value"]


@pytest.mark.parametrize("size", [10**6])
def test_large_values_cost_nothing(size: int) -> None:
    """All that is large is cut before it is looked at."""
    names = {
        "numbers": list(range(size)),
        "keys": dict.fromkeys(range(size)),
        "members": set(range(size)),
        "text": "x" * size,
    }
    assert all(len(each["value"]) < 250 for each in list_variables(names)["variables"])
    assert parts_of(names["keys"]).take(size - 1, size)[0].name == str(size - 1)


RUNS = """\
import pathlib
class Thing:
    def __repr__(self): raise SystemExit
thing, steps, _hidden = Thing(), [], 1
print('begun', flush=True)
while not pathlib.Path(stop).exists():
    steps.append(len(steps))
"""


def test_a_client_looks_while_a_cell_computes(tmp_path: pathlib.Path) -> None:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        assert "variables" in client.kernel_info(timeout=LIMIT).content["supported_features"]
        flag = tmp_path / "stop"
        assert client.execute(f"stop = {str(flag)!r}").result(LIMIT).ok
        outputs: list[Any] = []
        cell = client.execute(RUNS, on_output=outputs.append)
        while not any(message.msg_type == "stream" for message in outputs):
            client.poll(LIMIT)
        before = client.variables(timeout=LIMIT).content
        while (now := client.variables(timeout=LIMIT).content) == before:
            continue
        assert not cell.finished
        assert [(v["name"], v["type"]) for v in now["variables"]] == [
            ("Thing", "type"),
            ("pathlib", "module"),
            ("steps", "list"),
            ("stop", "str"),
            ("thing", "Thing"),
        ]
        page = client.variables(["steps"], offset=1, limit=2, timeout=LIMIT).content
        assert [each["expression"] for each in page["variables"]] == ["steps[1]", "steps[2]"]
        assert client.variables(["steps", 0], timeout=LIMIT).content["total"] == 0
        refused = client.variables(["nothing"], timeout=LIMIT).content
        assert (refused["status"], refused["ename"]) == ("error", "NoSuchVariable")
        assert refused["evalue"] == "there is no variable 'nothing'"
        wrong = client.request(
            "variables_request", {"path": 3}, timeout=LIMIT, channel=Channel.CONTROL
        )
        assert (wrong.content["status"], wrong.content["ename"]) == ("error", "Malformed")
        flag.touch()
        assert cell.result(LIMIT).ok


def test_in_this_process_and_of_a_kernel_that_does_not_know_how() -> None:
    with closing(CallHost(build(startup=False))) as host, Client(MemoryChannels(host)) as client:
        assert client.execute("found = {'k': [1, 2]}").result(LIMIT).ok
        [found] = client.variables(timeout=LIMIT).content["variables"]
        assert (found["name"], found["value"]) == ("found", "{'k': [1, 2]}")
        [inside] = client.variables(["found"], timeout=LIMIT).content["variables"]
        assert (inside["expression"], inside["parts"]) == ("found['k']", 2)
    with closing(CallHost(EchoKernel())) as host, Client(MemoryChannels(host)) as client:
        refused = client.variables(timeout=LIMIT).content
        assert (refused["status"], refused["ename"]) == ("error", "NotImplementedError")
