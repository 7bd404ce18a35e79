"""The small parts of the shell: expansion, aliases, hooks, extensions, files, lists of lines, hashes, late hooks of imports."""

from __future__ import annotations

import linecache
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.compile import Compiler, murmur2
from nuncius.kernel.errors import InvalidAlias, TryNext, UsageError
from nuncius.kernel.expand import expand
from nuncius.kernel.hooks import CommandChain, Hooks
from nuncius.kernel.macro import Macro
from nuncius.kernel.payload import PayloadManager
from nuncius.kernel.slist import LSString, SList


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("$x and {x + 1}", "5 and 6"),
        ("{x:03d} {name!r}", "005 'Ada'"),
        ("$obj.a and $x", "7 and 5"),
        ("$HOME stays", "$HOME stays"),
        ("$$x", "$x"),
        ("$x.txt", "5.txt"),
        ("awk '{print $1}' $x", "awk '{print $1}' $x"),
        ("echo '$x' $x", "echo '$x' 5"),
        ("{d['k']}", "v"),
        ("{nothing}", "{nothing}"),
        ("{", "{"),
        ("${x}", "$5"),
        ("{{x}}", "{x}"),
        ("""curl -d '{"a":5}' $x""", """curl -d '{"a":5}' $x"""),
        ("echo {'a':5} {x}", "echo {'a':5} {x}"),
        ("{1:2}", "{1:2}"),
        ("{[1, x, 3][0:2]} {x:>3}", "[1, 5]   5"),
    ],
)
def test_variables_in_lines(text, expanded):
    class Obj:
        a = 7

    assert expand(text, {"x": 5, "name": "Ada", "obj": Obj, "d": {"k": "v"}}) == expanded


@given(st.text())
def test_no_text_breaks_the_expansion(text):
    assert isinstance(expand(text, {"x": 1}), str)


def test_locals_of_the_caller_are_expanded(shell):
    def inner() -> str:
        local = "here"
        assert local
        return shell.var_expand("$local")

    assert inner() == "here"


def test_aliases_run_commands(shell, capsys):
    manager = shell.alias_manager
    manager.define_alias("say", "echo <%s> said %s")
    assert manager.retrieve_alias("say") == "echo <%s> said %s"
    manager.define_alias("show", "echo [%l] end")
    shell.run_cell("%show a b", store_history=True)
    assert capsys.readouterr().out == "[a b] end\n"
    assert manager.get_alias("say").expand("a b c") == "echo <a> said b c"
    with pytest.raises(UsageError, match="requires 2 arguments, 1 given"):
        manager.get_alias("say").expand("a")
    with pytest.raises(InvalidAlias, match="either %s or %l"):
        manager.define_alias("bad", "echo %s %l")
    with pytest.raises(InvalidAlias, match="a magic of its own"):
        manager.define_alias("cd", "ls")
    with pytest.raises(InvalidAlias, match="as text"):
        manager.define_alias("bad", 3)
    assert ("say", "echo <%s> said %s") in manager.aliases
    manager.undefine_alias("say")
    assert not manager.is_alias("say")
    with pytest.raises(ValueError, match="not an alias"):
        manager.undefine_alias("say")
    manager.clear_aliases()
    assert manager.aliases == []


def test_hooks_pass_on_until_one_takes_the_call():
    chain = CommandChain()

    def first(x: int) -> int:
        raise TryNext(x + 1)

    chain.add(first, 1)
    chain.add(lambda x: x * 10, 2)
    assert chain(1) == 20
    with pytest.raises(TryNext):
        CommandChain()(1)


def test_hooks_of_commands_and_unknown_ones(shell):
    shell.set_hook("complete_command", lambda self, event: ["a"], str_key="mine")
    shell.set_hook("complete_command", lambda self, event: ["b"], re_key="mi.*")
    found = [hook(None, None) for hook in shell.hooks.complete_command.flat_matches("mine")]
    assert found == [["a"], ["b"]]
    with pytest.raises(ValueError, match="str_key or a re_key"):
        shell.set_hook("complete_command", len)
    with pytest.raises(AttributeError, match="there is no hook 'nothing'"):
        _ = Hooks().nothing
    shell.set_hook("editor", lambda *a: "edited")
    assert shell.hooks.editor() == "edited"


def test_extensions_load_reload_and_unload(shell, tmp_path, monkeypatch):
    (tmp_path / "my_ext.py").write_text(
        "log = []\n"
        "def load_ipython_extension(ip): ip.user_ns.setdefault('log', []).append('load')\n"
        "def unload_ipython_extension(ip): ip.user_ns['log'].append('unload')\n"
    )
    (tmp_path / "no_ext.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    manager = shell.extension_manager
    assert manager.load_extension("my_ext") is None
    assert manager.load_extension("my_ext") == "already loaded"
    manager.reload_extension("my_ext")
    assert manager.unload_extension("my_ext") is None
    assert manager.unload_extension("my_ext") == "not loaded"
    assert shell.user_ns["log"] == ["load", "unload", "load", "unload"]
    assert manager.load_extension("no_ext") == "no load function"
    with pytest.raises(ModuleNotFoundError):
        manager.load_extension("not_there_at_all")
    for name in ("my_ext", "no_ext"):
        sys.modules.pop(name)


def test_files_are_run_in_the_namespace(shell, frontend, tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text("import helper\nz = helper.y + 1\n")
    (tmp_path / "helper.py").write_text("y = 1\n")
    shell.safe_execfile(str(script), shell.user_ns)
    assert shell.user_ns["z"] == 2
    assert str(tmp_path) not in sys.path
    sys.modules.pop("helper")
    cells = tmp_path / "cells.ipy"
    cells.write_text("a = !echo 1\nb = 2\n")
    shell.safe_execfile_ipy(str(cells))
    notebook = tmp_path / "n.ipynb"
    notebook.write_text(
        '{"cells": [{"cell_type": "code", "source": ["c = 3\\n", "d = 4"]}, {"cell_type": "markdown", "source": "x"}]}'
    )
    shell.safe_execfile_ipy(str(notebook))
    assert [shell.user_ns[name] for name in "abcd"] == [["1"], 2, 3, 4]
    script.write_text("1/0")
    shell.safe_execfile(str(script))
    assert frontend.of("error")[0]["ename"] == "ZeroDivisionError"
    with pytest.raises(ZeroDivisionError):
        shell.safe_execfile(str(script), raise_exceptions=True)
    shell.safe_execfile(str(tmp_path / "gone.py"))
    shell.safe_execfile_ipy(str(tmp_path / "gone.ipy"))
    assert capsys.readouterr().err.count("Could not open file") == 2


def test_lists_of_lines_can_be_searched_and_sorted():
    lines = SList(["b 2 x", "a 10 y", "c"])
    assert lines.grep("A") == ["a 10 y"]
    assert lines.grep("a", prune=True) == ["b 2 x", "c"]
    assert lines.grep("1", field=1) == ["a 10 y"]
    assert lines.grep(str.isalpha) == ["c"]
    assert lines.fields(1, 0) == ["2 b", "10 a", "c"]
    assert lines.fields() == [["b", "2", "x"], ["a", "10", "y"], ["c"]]
    assert lines.sort() == ["a 10 y", "b 2 x", "c"]
    assert lines.sort(1, nums=True) == ["c", "b 2 x", "a 10 y"]
    assert (lines.s, lines.n, lines.l) == ("b 2 x a 10 y c", "b 2 x\na 10 y\nc", lines)
    text = LSString(f"{__file__}\nnowhere")
    assert (text.l, text.p) == ([__file__, "nowhere"], [Path(__file__)])
    assert text.s == f"{__file__} nowhere"


def test_macros_are_added_and_lose_their_encoding_lines():
    macro = Macro("# -*- coding: utf-8 -*-\na = 1") + "b = 2"
    assert str(macro) == "a = 1\nb = 2\n"
    with pytest.raises(TypeError, match="expected a Macro or text"):
        _ = macro + 3  # type: ignore[operator]


def test_payloads_replace_those_of_the_same_source():
    manager = PayloadManager()
    manager.write_payload({"source": "page", "data": 1})
    manager.write_payload({"source": "page", "data": 2})
    manager.write_payload({"source": "page", "data": 3}, single=False)
    assert [p["data"] for p in manager.read_payload()] == [2, 3]
    manager.clear_payload()
    assert manager.take() == []
    with pytest.raises(TypeError, match="mapping"):
        manager.write_payload(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value"),
    # computed by ipykernel's murmur2_x86 with the same seed
    [("", 3990065800), ("1", 224161117), ("abcd", 804720481), ("print('hé')", 3031500587)],
)
def test_cells_have_the_names_that_debuggers_compute(text, value):
    assert murmur2(text.encode()) == value


def test_a_cells_name_can_be_set_from_outside(monkeypatch):
    monkeypatch.setenv("IPYKERNEL_CELL_NAME", "mine.py")
    assert Compiler().get_filename("x") == "mine.py"


def test_a_function_waits_for_an_import():
    code = (
        "import sys\n"
        "from nuncius.kernel.posthooks import when_imported\n"
        "seen = []\n"
        "when_imported('colorsys', lambda m: seen.append(m.rgb_to_hsv.__name__))\n"
        "assert 'colorsys' not in sys.modules and seen == []\n"
        "import colorsys\n"
        "assert seen == ['rgb_to_hsv'], seen\n"
        "when_imported('colorsys', seen.append)\n"
        "assert seen[1] is colorsys\n"
        "when_imported('not_there', seen.append)\n"
        "try:\n    import not_there\nexcept ModuleNotFoundError:\n    pass\n"
        "else:\n    raise AssertionError\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == 0


def test_code_is_found_by_many_names(shell, tmp_path, monkeypatch):
    path = tmp_path / "code_here.py"
    path.write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(type(shell), "extract_input_lines", lambda *a, **k: "")
    shell.user_ns |= {"text": "y = 2", "macro": Macro("z = 3"), "number": 5}
    assert shell.find_user_code("code_here") == "x = 1\n"
    assert shell.find_user_code(str(path)) == "x = 1\n"
    assert shell.find_user_code("text") == "y = 2"
    assert shell.find_user_code("macro") == "z = 3\n"
    assert "def getsource" in shell.find_user_code("inspect")
    with pytest.raises(TypeError, match="neither a string nor a macro"):
        shell.find_user_code("number")
    with pytest.raises(ValueError, match="was not found"):
        shell.find_user_code("nothing.at.all")


def test_results_of_magics_can_be_silenced(shell):
    from nuncius.kernel.magics.registry import output_can_be_silenced

    @output_can_be_silenced
    def quiet(line: str, cell: str = "") -> Any:
        return 5

    shell.register_magic_function(quiet, "line_cell")
    assert shell.run_line_magic("quiet", "x;") is None
    assert shell.run_line_magic("quiet", "x") == 5
    assert shell.run_cell_magic("quiet", "", "y;") is None
    assert shell.magic("%quiet x") == 5


def test_sources_are_kept_for_what_lives_on_and_for_the_last_cells():
    """Long sessions do not fill the memory with the sources of cells that nothing refers to any more."""
    compiler = Compiler()
    kept = compiler.cache("def f(): return 1\n", 1)
    again = compiler.cache("again\n", 2)
    first = compiler.cache("x = 1\n", 3)
    for number in range(4, 1010):
        compiler.cache(f"x = {number}\n", number)
        compiler.cache("again\n", number)
    assert [bool(linecache.getline(name, 1)) for name in (kept, again, first)] == [
        True,
        True,
        False,
    ]
    assert (compiler.is_cell(kept), compiler.is_cell(first)) == (True, False)
