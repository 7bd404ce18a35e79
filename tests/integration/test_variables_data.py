"""Arrays and tables in the lists of variables: what is said of them, their pages, and how the debugger shows and changes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.kernel.variables import list_variables
from nuncius.protocol.manager.blocking import BlockingKernelManager

sys.path.insert(0, str(Path(__file__).parents[2] / "packages/kernel/tests"))

from debug_session import LIMIT, Session


@pytest.mark.parametrize(
    ("value", "kind", "text", "parts"),
    [
        (numpy.arange(100), "ndarray", f"array({[*range(20)]}".replace("]", ", ...], dtype=int64)"), 100),
        (numpy.arange(4.0).reshape(2, 2), "ndarray", "array([[0.0, 1.0], [2.0, 3.0]], dtype=float64)", 2),
        (numpy.array(7), "ndarray", "array(7, dtype=int64)", 0),
        (numpy.float32(0.5), "float32", "0.5", 0),
        (pandas.Series([1, 2], name="n"), "Series", "Series([1, 2], dtype=int64)", 2),
        (pandas.DataFrame({"a": [1, 2], 3: 0}), "DataFrame", "DataFrame(2 rows: a, 3)", 2),
        (pandas.Timestamp("2020-01-02"), "Timestamp", "Timestamp('2020-01-02 00:00:00')", 0),
        (pandas.RangeIndex(3), "RangeIndex", "RangeIndex([0, 1, 2], dtype=int64)", 3),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_said_of_a_value(value: Any, kind: str, text: str, parts: int) -> None:
    [found] = list_variables({"v": value})["variables"]
    json.dumps(found, allow_nan=False)
    assert (found["type"], found["value"], found["parts"]) == (kind, text, parts)


def test_the_data_that_arrays_and_tables_hold() -> None:
    names = {
        "a": numpy.zeros((3, 5), numpy.int16),
        "f": pandas.DataFrame({"x": [1.5]}),
        "s": pandas.Series([True]),
        "t": "text",
    }
    facts = ("shape", "dtype", "bytes")
    found = list_variables(names)["variables"]
    assert [{fact: each[fact] for fact in facts if fact in each} for each in found] == [
        {"shape": [3, 5], "dtype": "int16", "bytes": 30},
        {"shape": [1, 1]},
        {"shape": [1], "dtype": "bool"},
        {"bytes": sys.getsizeof("text")},
    ]


def test_pages_of_a_table() -> None:
    frame = pandas.DataFrame({"number": [1, 2, 3], "a b": list("xyz")})
    same = pandas.DataFrame([[1, 2]], columns=["twice", "twice"])
    names = {"frame": frame, "same": same, "grid": numpy.arange(9).reshape(3, 3)}

    def look(*path: str | int, **page: int) -> list[tuple[int, str, str, str | None]]:
        found = list_variables(names, path, **page)["variables"]
        return [(v["position"], v["name"], v["value"], v.get("expression")) for v in found]

    assert look("frame", 1, offset=1) == [
        (1, "1", "'y'", "frame['a b'].iloc[1]"),
        (2, "2", "'z'", "frame['a b'].iloc[2]"),
    ]
    assert [expression for _, _, _, expression in look("same")] == [
        "same.iloc[:, 0]",
        "same.iloc[:, 1]",
    ]
    assert look("grid", 2, offset=2) == [(2, "2", "8", "grid[2][2]")]
    large = {"grid": numpy.zeros((1000, 1000))}
    assert len(list_variables(large)["variables"][0]["value"]) < 250


class Trap:
    """Whatever runs of it fails the test, but for what a failing test shows."""

    armed = False

    def trap(self, *_: Any) -> Any:
        if Trap.armed:
            raise SystemExit("the program's code was run")
        return ""

    __repr__ = __str__ = __len__ = __bool__ = trap  # type: ignore[assignment]


class TrapFrame(pandas.DataFrame):
    shape = columns = iloc = property(Trap.trap)  # type: ignore[assignment]


def test_none_of_the_programs_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    things = numpy.empty(2, dtype=object)
    things[0] = Trap()
    column = pandas.Series(things)
    names = {"things": things, "column": column, "frame": TrapFrame({"a": [1]})}
    monkeypatch.setattr(Trap, "armed", True)
    shown = {each["name"]: each["value"] for each in list_variables(names)["variables"]}
    assert shown["things"] == "array(shape=(2,), dtype=object)"
    assert shown["column"] == "Series([<Trap object>, None], dtype=object)"
    for name in names:
        for each in list_variables(names, [name])["variables"]:
            list_variables(names, [name, each["position"]])


DEBUGGED = """\
import numpy, pandas, matplotlib.pyplot as plt
figure, _ = plt.subplots()
grid = numpy.arange(600.0).reshape(300, 2)
table = pandas.DataFrame({'number': range(400), 'a word': 'x'})
float(grid[299, 1]), int(table['number'][399])"""


def test_the_debugger_pages_arrays_and_tables(tmp_path: Path) -> None:
    with (
        BlockingKernelManager(kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})) as manager,
        manager.client() as client,
    ):
        client.wait_until_ready(timeout=LIMIT)
        session = Session(client)
        assert client.execute("%matplotlib inline").result(LIMIT).ok
        session.body("initialize", clientID="test", adapterID="", supportsVariablePaging=True)
        assert session.ask("attach")["success"]
        session.breakpoints(DEBUGGED, {"line": 5})
        cell = client.execute(DEBUGGED)
        thread, _ = session.stopped()
        found = session.variables()
        assert (found["grid"]["indexedVariables"], found["table"]["indexedVariables"]) == (300, 2)
        rows = session.page(found["grid"]["variablesReference"], 299, 1)
        assert rows == [("299", "array([598., 599.])", "grid[299]")]
        row = session.inside["grid[299]"]
        assert [each[2] for each in session.page(row, 0, 9)] == ["grid[299][0]", "grid[299][1]"]
        columns = session.page(found["table"]["variablesReference"], 0, 9)
        assert [(name, expression) for name, _, expression in columns] == [
            ("number", "table['number']"),
            ("a word", "table['a word']"),
        ]
        column = session.inside["table['number']"]
        assert session.page(column, 399, 1) == [("399", "399", "table['number'].iloc[399]")]

        frame = session.frames[0]["id"]
        for name, kind in (("table", "text/html"), ("figure", "image/png")):
            for asked in ({"frameId": frame}, {}):
                rich = session.body("richInspectVariables", variableName=name, **asked)
                assert kind in rich["data"]

        session.put(row, "1", "-1")
        # pandas 3 gives out copies of columns: what cannot be set says so
        asked = {"variablesReference": column, "name": "399", "value": "-5"}
        done = session.ask("setVariable", **asked)
        assert done["success"] or "is a copy" in done["message"]
        session.body("continue", threadId=thread)
        expected = (-1.0, -5 if done["success"] else 399)
        assert cell.result(LIMIT).data == {"text/plain": str(expected)}
        session.ask("disconnect", restart=False, terminateDebuggee=False)
