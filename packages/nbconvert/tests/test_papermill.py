"""Parameters: read, written in the notebook's language, put in, asked for; and `execute_notebook`."""

from __future__ import annotations

import ast
import base64
import json
import math
import shlex
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from execute_help import code, install_kernel, notebook, read, save, streams, text
from hypothesis import given, settings
from hypothesis import strategies as st

from nuncius.nbconvert import papermill as pm
from nuncius.nbconvert.parametrize.errors import ParameterError
from nuncius.nbconvert.parametrize.inject import Builtin, fill_path, inject
from nuncius.nbconvert.parametrize.inspect import Parameter, infer, python_parameters
from nuncius.nbconvert.parametrize.sources import guess, read_base64, read_file, read_yaml
from nuncius.nbconvert.parametrize.translate import translate

VALUES = {"t": 'a"b\\c\n\u00e9$', "n": None, "yes": True, "i": 2**31, "f": 1.5, "l": [1, "x"], "m": {"k": 2}}  # fmt: skip


def written(language: str, **parameters: Any) -> list[str]:
    return translate("", language, parameters).splitlines()


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "python",
            [
                "# Parameters",
                't = "a\\"b\\\\c\\n\u00e9$"',
                "n = None",
                "yes = True",
                "i = 2147483648",
                "f = 1.5",
                'l = [1, "x"]',
                'm = {"k": 2}',
            ],
        ),
        (
            "R",
            [
                "# Parameters",
                't = "a\\"b\\\\c\\n\u00e9$"',
                "n = NULL",
                "yes = TRUE",
                "i = 2147483648",
                "f = 1.5",
                'l = list(1, "x")',
                'm = list("k" = 2)',
            ],
        ),
        (
            "scala",
            [
                "// Parameters",
                'val t = "a\\"b\\\\c\\n\u00e9$"',
                "val n = None",
                "val yes = true",
                "val i = 2147483648L",
                "val f = 1.5",
                'val l = Seq(1, "x")',
                'val m = Map("k" -> 2)',
            ],
        ),
        (
            "julia",
            [
                "# Parameters",
                't = "a\\"b\\\\c\\n\u00e9\\$"',
                "n = nothing",
                "yes = true",
                "i = 2147483648",
                "f = 1.5",
                'l = [1, "x"]',
                'm = Dict("k" => 2)',
            ],
        ),
        (
            "matlab",
            [
                "% Parameters",
                't = compose("a""b\\\\c\\n\u00e9$");',
                "n = NaN;",
                "yes = true;",
                "i = 2147483648;",
                "f = 1.5;",
                'l = {1, "x"};',
                "m = containers.Map({'k'}, {2});",
            ],
        ),
        (
            "F#",
            [
                "(* Parameters *)",
                'let t = "a\\"b\\\\c\\n\u00e9$"',
                "let n = None",
                "let yes = true",
                "let i = 2147483648L",
                "let f = 1.5",
                'let l = [ 1; "x" ]',
                'let m = [ ("k", 2 :> IComparable) ] |> Map.ofList',
            ],
        ),
        (
            "PowerShell",
            [
                "# Parameters",
                '$t = "a`"b\\c`n\u00e9`$"',
                "$n = $Null",
                "$yes = $True",
                "$i = 2147483648",
                "$f = 1.5",
                '$l = @(1, "x")',
                '$m = @{"k" = 2}',
            ],
        ),
    ],
)
def test_each_language_spells_values_its_own_way(language: str, lines: list[str]) -> None:
    assert written(language, **VALUES) == lines


def test_csharp_and_bash_have_no_words_for_everything() -> None:
    assert written("C#", i=2**31, l=[1], m={"k": True}) == [
        "// Parameters",
        "var i = 2147483648L;",
        "var l = new [] { 1 };",
        'var m = new Dictionary<string,Object>{ { "k" , true } };',
    ]
    assert written("bash", t="a b", n=None, l=["x", 1]) == [
        "# Parameters",
        "t='a b'",
        "n=",
        "l=(x 1)",
    ]
    for language, value in (("C#", None), ("bash", {"k": 1})):
        with pytest.raises(ParameterError, match="cannot be written in"):
            written(language, x=value)


def test_infinity_and_what_is_no_number() -> None:
    assert written("python", a=math.inf, b=-math.inf, c=math.nan)[1:] == [
        "a = float('inf')",
        "b = float('-inf')",
        "c = float('nan')",
    ]


def test_a_kernel_decides_before_the_language_and_unknown_ones_are_told() -> None:
    assert translate(".net-fsharp", "python", {}) == "(* Parameters *)\n"
    assert translate("python3", "python", {"_a": 1}) == "# Parameters\n_a = 1\n"
    assert translate("ir", "R", {"__a": 1}) == "# Parameters\na = 1\n"
    with pytest.raises(ParameterError, match="cannot be written in 'cobol'"):
        translate("k", "cobol", {})


@pytest.mark.parametrize("name", ["a b", "1a", "", "a;import os", "a\nb", "a="])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="cannot be the name of a parameter"):
        translate("", "python", {name: 1})


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(trees)
def test_what_is_written_in_python_is_the_value(value: Any) -> None:
    source = translate("", "python", {"x": value})
    names: dict[str, Any] = {}
    exec(source, names)
    assert names["x"] == value


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_bash_reads_back_what_is_quoted(value: str) -> None:
    line = translate("", "bash", {"x": value}).partition("\n")[2]
    assert shlex.split(line) == [f"x={value}"]


def test_words_on_the_command_line() -> None:
    assert [guess(word) for word in ("True", "None", "3", "1e3", "x", "")] == [True, None, 3, 1000.0, "x", ""]  # fmt: skip


def test_parameters_from_texts_and_files(tmp_path: Path) -> None:
    assert read_yaml("a: 2020-01-01\nb: [1, x]") == {"a": "2020-01-01", "b": [1, "x"]}
    assert read_base64(base64.b64encode(b"a: 1").decode()) == {"a": 1}
    (tmp_path / "p.json").write_text('{"a": {"b": null}}')
    assert read_file(tmp_path / "p.json") == {"a": {"b": None}}
    assert read_yaml("") == {}
    for call, said in (
        (lambda: read_yaml("a: [", "-y"), "-y: not YAML"),
        (lambda: read_yaml("- 1"), "expected names with values"),
        (lambda: read_base64("???"), "not base64"),
        (lambda: read_file(tmp_path / "none"), "cannot read the parameters"),
        (lambda: read_yaml("!!python/object/apply:os.system ['false']"), "not YAML"),
    ):
        with pytest.raises(ParameterError, match=said):
            call()


def test_the_cell_goes_after_the_defaults_and_replaces_that_of_an_earlier_run() -> None:
    nb = notebook(text("x"), code("a = 1", "parameters"), "a")
    assert inject(nb, {"a": 2}) is True
    assert inject(nb, {"a": 3}, hide=True) is True
    assert [cell["source"] for cell in nb["cells"]] == ["x", "a = 1", "# Parameters\na = 3\n", "a"]
    assert nb["cells"][2]["metadata"] == {
        "tags": ["injected-parameters"],
        "jupyter": {"source_hidden": True},
    }
    nb = notebook("a")
    assert inject(nb, {"a": 2}) is False
    assert [cell["source"] for cell in nb["cells"]] == ["# Parameters\na = 2\n", "a"]


def test_paths_take_parameters() -> None:
    builtin = Builtin()
    assert fill_path("out/{r}-{n:03}.ipynb", {"r": "x", "n": 5}) == "out/x-005.ipynb"
    assert fill_path("{pm[run_uuid]}", {}, builtin) == builtin.run_uuid
    assert fill_path("{pm.run_uuid}", {}, builtin) == builtin.run_uuid
    with pytest.raises(pm.PapermillMissingParameterException, match="needs the parameter 'r'"):
        fill_path("{r}", {})
    with pytest.raises(ParameterError, match="not a template"):
        fill_path("{", {})


def test_what_parameters_there_are() -> None:
    source = "a = 1\nb: int = 2  # how many\nc = [1,  # one\n     2]  # type: list[int] # the list\n%matplotlib inline\nd: 'str' = 'x'\nx.y = 3\nnot python = "
    assert python_parameters(source) == []
    assert python_parameters(source.rpartition("\n")[0]) == [
        Parameter("a", "None", "1", ""),
        Parameter("b", "int", "2", "how many"),
        Parameter("c", "list[int]", "[1,  # one      2]", "the list"),
        Parameter("d", "str", "'x'", ""),
    ]
    assert infer(notebook("a = 1")) == []
    nb = notebook(code("a <- 1", "parameters"))
    nb["metadata"] = {"language_info": {"name": "R"}}
    assert infer(nb) is None


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_asked_for_its_parameters(source: str) -> None:
    for item in python_parameters(source):
        assert item.name.isidentifier()
        assert item.default


# -- the real thing


@pytest.fixture
def place(folder: Path) -> Path:
    install_kernel(folder)
    return folder


def test_a_notebook_is_run_with_parameters(place: Path) -> None:
    save(place / "in.ipynb", notebook(code("a = 1", "parameters"), "print(a)"))
    out = StringIO()
    nb = pm.execute_notebook(
        place / "in.ipynb", place / "{a}.ipynb", {"a": 2}, stdout_file=out, cwd=place
    )
    assert nb.cells[2].outputs[0].text == "2\n"
    assert out.getvalue() == "2\n"
    assert streams(read(place / "2.ipynb")) == ["", "", "2\n"]
    assert nb.metadata.papermill.parameters == {"a": 2}
    assert nb.metadata.papermill.duration >= 0
    assert nb.cells[2].metadata.papermill.status == "completed"


def test_what_a_failure_leaves(place: Path) -> None:
    save(place / "in.ipynb", notebook("print(1)", "1/0", "print(3)"))
    with pytest.raises(pm.PapermillExecutionError) as caught:
        pm.execute_notebook("in.ipynb", "out.ipynb")
    error = caught.value
    assert (error.cell_index, error.exec_count, error.source, error.ename) == (1, 2, "1/0", "ZeroDivisionError")  # fmt: skip
    nb = read(place / "out.ipynb")
    marks = [cell["metadata"].get("tags") for cell in nb["cells"]]
    assert marks == [["papermill-error-cell-tag"], None, ["papermill-error-cell-tag"], None, None]
    states = [cell["metadata"]["papermill"]["status"] for cell in nb["cells"] if cell["cell_type"] == "code"]  # fmt: skip
    assert states == ["completed", "failed", "pending"]
    assert nb["metadata"]["papermill"]["exception"] is True
    save(place / "out.ipynb", {**nb, "cells": [c for c in nb["cells"] if c["source"] != "1/0"]})
    again = pm.execute_notebook("out.ipynb", None)
    assert [cell.cell_type for cell in again.cells] == ["code", "code"]


def test_leaving_with_zero_is_success(place: Path) -> None:
    save(place / "in.ipynb", notebook("import sys; sys.exit(0)", "print(3)"))
    nb = pm.execute_notebook("in.ipynb", "out.ipynb")
    assert streams(nb) == ["!SystemExit", ""]


def test_only_preparing_and_asking(place: Path) -> None:
    save(place / "in.ipynb", notebook(code("a = 1  # how many", "parameters")))
    nb = pm.execute_notebook("in.ipynb", "out.ipynb", {"a": "x"}, prepare_only=True)
    assert ast.parse(nb.cells[1].source).body
    assert json.loads((place / "out.ipynb").read_text())["cells"][1]["outputs"] == []
    assert pm.inspect_notebook("in.ipynb") == {
        "a": {"name": "a", "inferred_type_name": "None", "default": "1", "help": "how many"}
    }


def test_an_engine_that_nobody_registered(place: Path) -> None:
    save(place / "in.ipynb", notebook("1"))
    with pytest.raises(pm.PapermillException, match="no engine 'spark'"):
        pm.execute_notebook("in.ipynb", None, engine_name="spark")
