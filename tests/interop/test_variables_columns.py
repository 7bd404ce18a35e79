"""Tables and columns of polars and pyarrow, and arrays of xarray, in the lists of variables and in the debugger: what is said of them, and their pages.

They run in an environment of their own, made when it is missing; ``NUNCIUS_COLUMNS`` names its folder, ``.venv-columns`` in the repository by default.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "packages/kernel/tests"))

from debug_session import LIMIT, Session
from environments import environment

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

LIBRARIES = ("polars", "pyarrow", "xarray")

VALUES = """\
import polars, pyarrow, xarray
class Own(polars.DataFrame):
    columns = height = property(lambda self: 1 / 0)
frame = polars.DataFrame({'number': range(300), 'word': 'x'})
column = frame['number']
lazy = frame.lazy()
own = Own({'a': [1]})
table = pyarrow.table([[1, 2], ['x', None], [3, 4]], names=['number', 'twice', 'twice'])
words = table.column(1)
array = xarray.DataArray([[1, 2], [3, 4]], dims=('u', 'v'))
data = xarray.Dataset({'q': array})
0"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    python = environment("NUNCIUS_COLUMNS", ".venv-columns", LIBRARIES)
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path_factory.mktemp("nuncius"))})
    spec = replace(spec, argv=(str(python), *spec.argv[1:]))
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        assert client.execute(VALUES).result(LIMIT).data == {"text/plain": "0"}
        yield client


def test_what_is_said_of_values(client: Any) -> None:
    listed = client.variables(timeout=LIMIT).content["variables"]
    found = {v["name"]: (v["value"], v["parts"], v.get("shape"), v.get("dtype")) for v in listed}
    del found["Own"]
    assert found == {
        "frame": ("DataFrame(300 rows: number, word)", 2, [300, 2], None),
        "column": (f"Series({[*range(20)]}, dtype=Int64)".replace("],", ", ...],"), 300, [300], "Int64"),
        "lazy": ("LazyFrame(_ldf=<PyLazyFrame>)", 1, None, None),
        "own": ("Own(_df=<PyDataFrame>)", 1, None, None),
        "table": ("Table(2 rows: number, twice, twice)", 3, [2, 3], None),
        "words": ("ChunkedArray(['x', None], dtype=string)", 2, None, "string"),
        "array": (
            "DataArray([array([1, 2], dtype=int64), array([3, 4], dtype=int64)], dtype=int64)",
            2, [2, 2], "int64",
        ),
        "data": ("Dataset(u: 2, v: 2: q)", 1, None, None),
        "polars": ("<module polars>", 0, None, None),
        "pyarrow": ("<module pyarrow>", 0, None, None),
        "xarray": ("<module xarray>", 0, None, None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "offset", "page"),
    [
        (["frame", 0], 298, [("298", "298", "frame['number'][298]"), ("299", "299", "frame['number'][299]")]),
        (["column"], 299, [("299", "299", "column[299]")]),
        (["table"], 1, [
            ("twice", "ChunkedArray(['x', None], dtype=string)", "table.column(1)"),
            ("twice", "ChunkedArray([3, 4], dtype=int64)", "table.column(2)"),
        ]),
        (["table", 0], 1, [("1", "2", "table['number'][1].as_py()")]),
        (["words"], 0, [("0", "'x'", "words[0].as_py()"), ("1", "None", "words[1].as_py()")]),
        (["array", 1], 1, [("1", "4", "array.values[1][1]")]),
        (["data", 0, 1], 0, [("0", "3", "data['q'].values[1][0]"), ("1", "4", "data['q'].values[1][1]")]),
    ],
    ids=lambda value: "/".join(map(str, value)) if isinstance(value, list) else None,
)  # fmt: skip
def test_pages(client: Any, path: list[Any], offset: int, page: list[Any]) -> None:
    found = client.variables(path, offset=offset, timeout=LIMIT).content["variables"]
    json.dumps(found, allow_nan=False)
    assert [(v["name"], v["value"], v["expression"]) for v in found] == page
    # what it says is Python
    for _, text, expression in page:
        if "Array(" not in text:
            shown = client.execute(f"print({expression})").result(LIMIT).text()
            assert shown.strip() == text.strip("'")


def test_pages_in_the_debugger(client: Any) -> None:
    session = Session(client)
    session.body("initialize", clientID="test", adapterID="", supportsVariablePaging=True)
    assert session.ask("attach")["success"]
    code = "last = frame['number'][299]\nlast"
    session.breakpoints(code, {"line": 2})
    cell = client.execute(code)
    thread, _ = session.stopped()
    found = session.variables()
    sizes = {name: found[name].get("indexedVariables") for name in ("frame", "column", "table")}
    assert sizes == {"frame": 2, "column": 300, "table": 3}
    columns = session.page(found["frame"]["variablesReference"], 0, 9)
    assert [(name, expression) for name, _, expression in columns] == [
        ("number", "frame['number']"),
        ("word", "frame['word']"),
    ]
    column = session.inside["frame['number']"]
    assert session.page(column, 299, 1) == [("299", "299", "frame['number'][299]")]
    # what a table gives out is a copy
    done = session.ask("setVariable", variablesReference=column, name="299", value="-5")
    assert (done["success"], "is a copy" in done["message"]) == (False, True)
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {"text/plain": "299"}
    session.ask("disconnect", restart=False, terminateDebuggee=False)
