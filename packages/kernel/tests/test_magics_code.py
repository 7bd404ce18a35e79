"""Magics that run, time, keep and bring back code."""

from __future__ import annotations

import ast
import json
import pickle
import pstats
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.errors import UsageError
from nuncius.kernel.macro import Macro
from nuncius.kernel.magics.code import line_ranges, symbols
from nuncius.kernel.magics.rewriting import Wrapper
from nuncius.kernel.magics.timing import format_time
from nuncius.kernel.options import ShellOptions
from nuncius.kernel.past import ranges_of
from nuncius.kernel.shell import Shell


def run(shell, cell):
    """Run a cell, and return its value."""
    result = shell.run_cell(cell, store_history=True)
    result.raise_error()
    return result.result


def usage_error(shell, cell):
    """Return what a cell that is called in a wrong way says."""
    error = shell.run_cell(cell).error_in_exec
    assert isinstance(error, UsageError), repr(error)
    return str(error)


# -- time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ns"),
        (2.5e-8, "25 ns"),
        (9.9999e-7, "1 μs"),
        (1.2345e-6, "1.23 μs"),
        (0.00123, "1.23 ms"),
        (1.5, "1.5 s"),
        (59.99, "60 s"),
        (125.0, "2min 5s"),
        (90061.0, "1d 1h 1min 1s"),
    ],
)
def test_times_are_written_for_people(seconds, text):
    assert format_time(seconds) == text


def test_time_prints_the_time_and_returns_the_value(shell, capsys):
    assert run(shell, "y = %time x = 2; x + 1\ny, x") == (3, 2)
    assert re.fullmatch(
        r"CPU times: user \S+ \S+, sys: \S+ \S+, total: \S+ \S+\nWall time: \S+ \S+\n",
        capsys.readouterr().out,
    )
    assert run(shell, "%%time\nz = 5\nz * 2") == 10
    assert run(shell, "%time 3;") is None
    assert run(shell, "def f(a):\n    r = %time a + 1\n    return r\nf(41)") == 42
    assert usage_error(shell, "%%time 1\n2").startswith("Can't use statement directly")


def test_an_error_under_time_is_that_of_the_cell(shell, frontend, capsys):
    result = shell.run_cell("%%time\nx = 1\n1 / 0")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert "Wall time" in capsys.readouterr().out
    (error,) = frontend.of("error")
    assert "1 / 0" in re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error["traceback"]))
    assert shell.run_cell("%time --no-raise-error 1 / 0").success


def test_timeit_measures_the_code_and_nothing_else(shell, capsys):
    assert run(shell, "calls = []\n%timeit -n 3 -r 2 calls.append(1)\nlen(calls)") == 6
    assert re.match(
        r"\S+ [nμm]?s ± \S+ [nμm]?s per loop \(mean ± std. dev. of 2 runs, 3 loops each\)\n",
        capsys.readouterr().out,
    )
    assert (
        run(shell, "%%timeit -q -n 2 -r 1 setup = [0]\nsetup[0] += 1\ncalls.append(setup[0])")
        is None
    )
    assert run(shell, "calls[-2:]") == [1, 2]
    assert "loop" not in capsys.readouterr().out
    result = run(shell, "%timeit -o -q -n 2 -r 3 -v kept 1 + 1")
    assert result is run(shell, "kept")
    assert (result.loops, result.repeat, len(result.timings)) == (2, 3, 3)
    assert result.best <= result.average <= result.worst
    local = run(
        shell,
        "def f(n):\n    return get_ipython().run_line_magic('timeit', '-o -q -n1 -r1 n + 1')\nf(1).loops",
    )
    assert local == 1
    assert "whole number" in usage_error(shell, "%timeit -n x 1")
    error = shell.run_cell("%timeit -n1 -r1 break").error_in_exec
    assert isinstance(error, SyntaxError)


def test_timeit_finds_the_number_of_loops(shell, capsys):
    result = run(shell, "import time\n%timeit -o -c -r1 -q sum(range(20000))")
    assert result.loops in (10, 100, 1000, 10_000)


def test_prun_shows_where_the_time_goes(shell, tmp_path):
    run(shell, "def slow():\n    return sorted(range(1000))")
    stats = run(shell, "%prun -r -q slow()")
    assert isinstance(stats, pstats.Stats)
    report, dump = tmp_path / "r.txt", tmp_path / "r.prof"
    run(shell, f"%prun -s cumulative -l slow -T {report} -D {dump} slow()")
    (page,) = shell.payload_manager.take()
    assert page["source"] == "page"
    assert "(slow)" in page["data"]["text/plain"]
    assert report.read_text() == page["data"]["text/plain"]
    assert pstats.Stats(str(dump)).total_calls > 1


# -- %run ------------------------------------------------------------------------------------------------


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(source, name="script.py"):
        (tmp_path / name).write_text(source, encoding="utf-8")
        return name

    return write


def test_run_gives_a_program_a_clean_namespace_and_its_arguments(shell, script):
    script(
        "import sys\nnames = [n for n in dir() if not n.startswith('__')]\n"
        "args = sys.argv[1:]\nmain = __name__\ndef function():\n    return args\n"
    )
    script("", "a.txt")
    script("", "b.txt")
    run(shell, "mine = 1\n%run script one 'two three' *.txt \"*.txt\" -x")
    assert run(shell, "names, main, mine") == (["sys"], "__main__", 1)
    assert run(shell, "args") == ["one", "two three", "a.txt", "b.txt", "*.txt", "-x"]
    assert run(shell, "function() is args, __name__") == (True, "__main__")
    run(shell, "%run -G script *.txt")
    assert run(shell, "args") == ["*.txt"]
    assert "File `nothing` not found" in usage_error(shell, "%run nothing")


def test_run_options(shell, script, capsys, frontend):
    script(
        "import sys\nseen = 'mine' in globals()\nwhere = __name__\nif 'mine' in globals(): mine += 1\n"
    )
    run(shell, "mine = 1\n%run -i script.py")
    assert run(shell, "seen, mine, where") == (True, 2, "__main__")
    run(shell, "%run -n script.py")
    assert run(shell, "seen, where") == (False, "script")
    capsys.readouterr()
    run(shell, "%run -t -N 3 script.py")
    printed = capsys.readouterr().out
    assert "Total runs performed: 3" in printed
    assert "Wall time:" in printed
    script("import sys\nsys.exit(3)\n", "leaves.py")
    script("import sys\nsys.exit(0)\n", "ends.py")
    frontend.take()
    run(shell, "%run -e leaves.py\n%run ends.py")
    assert frontend.of("error") == []
    run(shell, "%run leaves.py")
    assert [error["evalue"] for error in frontend.of("error")] == ["3"]
    script("profiled = 1\n", "counts.py")
    run(shell, "%run -p -q counts.py")
    assert run(shell, "profiled") == 1
    script("import pickle\nclass C: pass\nback = pickle.loads(pickle.dumps(C()))\n", "pickles.py")
    run(shell, "%run pickles.py")
    assert run(shell, "type(back) is C") is True


def test_run_a_module_a_notebook_and_cells(shell, script, tmp_path):
    script("import sys\nprogram_args = sys.argv[1:]\n", "k3_program.py")
    sys.path.insert(0, str(tmp_path))
    run(shell, "%run -m k3_program -x --flag=1 y")
    assert run(shell, "program_args") == ["-x", "--flag=1", "y"]
    run(shell, "%run -m k3_program -- -m test")
    sys.path.remove(str(tmp_path))
    assert run(shell, "program_args") == ["-m", "test"]
    script("lines = !echo from cells\n", "cells.ipy")
    run(shell, "%run cells.ipy")
    assert run(shell, "list(lines)") == ["from cells"]
    cells = [
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "source": ["a = 1\n", "b = %sx echo x\n"]},
    ]
    script(json.dumps({"cells": cells, "nbformat": 4}), "book.ipynb")
    run(shell, "%run book.ipynb")
    assert run(shell, "a, list(b), '__file__' in globals()") == (1, ["x"], False)


def test_an_error_in_a_program_is_shown_with_its_lines(shell, script, frontend):
    script("def f():\n    return 1 / 0\nf()\n")
    shell.run_cell("%run script.py")
    (error,) = frontend.of("error")
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error["traceback"]))
    assert error["ename"] == "ZeroDivisionError"
    assert "script.py" in text
    assert "return 1 / 0" in text


# -- the debugger -----------------------------------------------------------------------------------------


def plain(capsys: Any) -> str:
    """What was printed, without its colors."""
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)


def test_debug_looks_at_the_last_exception(shell, frontend, capsys):
    shell.run_cell("def f(x):\n    inner = x + 1\n    raise ValueError(inner)\nf(1)")
    frontend.answers = ["p inner", "up", "p f.__name__", "q"]
    run(shell, "%debug")
    printed = plain(capsys)
    assert "raise ValueError(inner)" in printed
    assert "\n2\n" in printed
    assert "'f'" in printed
    shell.run_cell("1 / 0")
    shell.run_cell("%no_such_magic")
    frontend.answers = ["q"]
    run(shell, "%debug")
    assert "1 / 0" in plain(capsys)
    run(shell, "x = 1")
    assert "there is no exception to look at" in usage_error(shell, "%debug")


def test_pdb_on_starts_the_debugger_by_itself(shell, frontend, capsys):
    run(shell, "%pdb on")
    frontend.answers = ["p 40 + 2", "q"]
    shell.run_cell("1 / 0")
    assert frontend.answers == []
    assert "\n42\n" in capsys.readouterr().out
    run(shell, "%pdb off")
    shell.run_cell("1 / 0")
    assert "Automatic pdb calling has been turned OFF" in capsys.readouterr().out
    assert "Incorrect argument" in usage_error(shell, "%pdb maybe")


def test_debug_and_run_step_through_code(shell, frontend, script, capsys):
    run(shell, "def g():\n    a = 1\n    return a")
    frontend.answers = ["step", "step", "p __name__", "c"]
    run(shell, "%debug g()")
    assert frontend.answers == []
    script("first = 1\nsecond = 2\nthird = first + second\n")
    frontend.answers = ["p second", "c"]
    run(shell, "%run -d -b 3 script.py")
    assert "\n2\n" in capsys.readouterr().out
    assert run(shell, "third") == 3
    said = "no line to stop at from line 4 of script.py on"
    assert said in usage_error(shell, "%run -d -b 4 script.py")
    assert capsys.readouterr().out == ""
    script("first = 1\n\n# a comment\nsecond = 2\n")
    frontend.answers = ["p first", "q"]
    run(shell, "%run -d -b script.py:2 script.py")
    assert "\n1\n" in capsys.readouterr().out


def test_tb_shows_the_traceback_again(shell, capsys, frontend):
    run(shell, "%tb")
    assert "No traceback available" in capsys.readouterr().out
    shell.run_cell("1 / 0")
    run(shell, "%tb Minimal")
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert "expected one of Plain, Context" in usage_error(shell, "%xmode Loud")
    run(shell, "%xmode plain")
    assert shell.options.xmode == "Plain"


# -- history, files, macros ----------------------------------------------------------------------------------


def test_history_prints_ranges_in_several_ways(shell, capsys, tmp_path):
    run(shell, "a = 1")
    run(shell, "b = %sx echo 1")
    run(shell, "if a:\n    c = 3\n'value'")
    capsys.readouterr()
    run(shell, "%history -n 1-2 3")
    assert capsys.readouterr().out == (
        "   1: a = 1\n   2: b = %sx echo 1\n   3:\nif a:\n    c = 3\n'value'\n"
    )
    run(shell, "%hist -o -p 3")
    assert capsys.readouterr().out == ">>> if a:\n...     c = 3\n... 'value'\n...\n'value'\n"
    run(shell, "%hist -t 2")
    assert capsys.readouterr().out == "b = get_ipython().run_line_magic('sx', 'echo 1')\n"
    run(shell, "%hist -g echo")
    assert capsys.readouterr().out.startswith("   2: b = %sx echo 1\n")
    run(shell, "%hist -l 1")
    assert capsys.readouterr().out == "%hist -g echo\n"
    target = tmp_path / "h.py"
    run(shell, f"%hist -f {target} 1")
    assert target.read_text() == "a = 1\n"


def test_sessions_before_this_one_are_at_hand(tmp_path, capsys):
    options = ShellOptions(history_file=str(tmp_path / "history.sqlite"))
    first = Shell(options)
    run(first, "from_before = 42")
    run(first, "other = 1")
    first.close()
    later = Shell(options)
    run(later, "%history -n ~1/1")
    run(later, "%history -g from_bef* -l 1")
    run(later, "%rerun ~1/1-2")
    assert run(later, "from_before + other") == 43
    run(later, "%recall ~1/2")
    assert later.payload_manager.take()[0]["text"] == "other = 1"
    run(later, f"%save {tmp_path}/old ~1/1")
    assert (tmp_path / "old.py").read_text() == "# coding: utf-8\nfrom_before = 42\n"
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip().endswith("/1: from_before = 42")
    later.close()


@given(st.text(alphabet="~0123456789-/: x", max_size=20))
def test_any_text_is_ranges_or_none(text):
    for session, start, stop in ranges_of(text):
        assert isinstance(session, int)
        assert start >= 0
        assert stop is None or stop >= 0


def test_rerun_and_recall(shell, capsys, frontend):
    run(shell, "n = 1")
    run(shell, "n = n + 1")
    run(shell, "%rerun 2")
    assert run(shell, "n") == 3
    run(shell, "n += 10")
    capsys.readouterr()
    run(shell, "%rerun")
    assert capsys.readouterr().out == "=== Executing: ===\nn += 10\n=== Output: ===\n"
    run(shell, "%rerun -g 'n + 1'")
    assert run(shell, "n") == 24
    run(shell, "%recall 1-2")
    run(shell, "%recall")
    payloads = [(p["source"], p["text"]) for p in shell.payload_manager.take()]
    assert payloads == [("set_next_input", "24")]
    run(shell, "%rep 2")
    assert shell.payload_manager.take()[0]["text"] == "n = n + 1"
    assert "couldn't evaluate or find" in usage_error(shell, "%recall nowhere_at_all")


def test_macros_run_again_and_can_be_saved(shell, capsys, tmp_path):
    run(shell, "count = 0")
    run(shell, "count += 1")
    run(shell, "%macro -q more 2")
    assert isinstance(shell.user_ns["more"], Macro)
    run(shell, "more")
    run(shell, "more")
    assert run(shell, "count") == 3
    assert run(shell, "%macro") == ["more"]
    assert "insufficient args" in usage_error(shell, "%macro alone")
    path = tmp_path / "saved"
    run(shell, f"%save {path} 1-2")
    assert path.with_suffix(".py").read_text() == "# coding: utf-8\ncount = 0\ncount += 1\n"
    run(shell, f"%save -a {path} more")
    assert path.with_suffix(".py").read_text().endswith("count += 1\ncount += 1\n")
    run(shell, f"%save -f -r {path} 2")
    assert path.with_suffix(".ipy").read_text() == "# coding: utf-8\ncount += 1\n"
    assert "not found" in usage_error(shell, f"%save -f {path} nothing_there")


def test_load_puts_code_into_the_cell(shell, script):
    script("import os\n\n@staticmethod\ndef f():\n    return 1\n\nclass C:\n    a = 1\n\nend = 1\n")

    def loaded(line):
        run(shell, f"%load {line}")
        (payload,) = shell.payload_manager.take()
        assert payload["replace"] is True
        return payload["text"]

    assert loaded("script.py").startswith("# %load script.py\nimport os\n")
    assert loaded("-r 1,8 script.py") == "# %load -r 1,8 script.py\nimport os\n    a = 1"
    assert loaded("-s f,C script.py").endswith(
        "\n@staticmethod\ndef f():\n    return 1\nclass C:\n    a = 1"
    )
    run(shell, "text = 'some = code'")
    assert loaded("text") == "# %load text\nsome = code"
    assert "was not found" in usage_error(shell, "%load no_such_thing")
    assert "expected ranges" in usage_error(shell, "%load -r x script.py")


def test_ranges_and_symbols():
    lines = list("abcdefghij")
    picked = [lines[part] for part in line_ranges("2-4,6 8: :2")]
    assert picked == [["b", "c", "d"], ["f"], ["h", "i", "j"], ["a"]]
    assert symbols("def a(): pass\nb = 1\n", ["a", "b"]) == (["def a(): pass"], ["b"])


def test_writefile(shell, tmp_path, capsys):
    path = tmp_path / "out put.txt"
    run(shell, f"%%writefile '{path}'\nhéllo $x {{y}}\n")
    run(shell, f"%%file -a '{path}'\nmore\n")
    assert path.read_text(encoding="utf-8") == "héllo $x {y}\nmore\n"
    run(shell, f"%%writefile '{path}'\nnew\n")
    assert capsys.readouterr().out == f"Writing {path}\nAppending to {path}\nOverwriting {path}\n"
    assert "cannot write" in usage_error(shell, f"%%writefile {tmp_path}/no/such\nx\n")


def test_edit_asks_the_frontend_or_runs_what_the_editor_leaves(shell, script, capsys):
    script("edited = 1\n")
    run(shell, "%edit -n 3 script.py")
    (payload,) = shell.payload_manager.take()
    assert (payload["source"], payload["line_number"]) == ("edit_magic", 3)
    assert payload["filename"] == str(Path("script.py").absolute())

    def editor(shell, filename, line):
        path = Path(filename)
        path.write_text(path.read_text() + "edited = 'by hand'\n")

    shell.set_hook("editor", editor)
    run(shell, "%edit script.py")
    assert run(shell, "edited") == "by hand"
    run(shell, "before = 1")
    text = run(shell, "%edit -x 4")
    assert text == "before = 1edited = 'by hand'\n"
    run(shell, "%macro -q mac 4")
    run(shell, "%edit mac")
    assert str(shell.user_ns["mac"]).endswith("edited = 'by hand'\n")
    assert run(shell, "%edit -x") == run(shell, "%edit -x -p")[: -len("edited = 'by hand'\n")]


def test_a_macro_follows_the_file_that_a_frontend_edits(frontend):
    shell = Shell()
    run(shell, "count = 0")
    run(shell, "count += 1")
    run(shell, "%macro -q more 2")
    run(shell, "%edit more")
    (payload,) = shell.payload_manager.take()
    assert (payload["source"], payload["execute"]) == ("edit_magic", False)
    path = Path(payload["filename"])
    assert path.read_text() == "count += 1\n"
    run(shell, "more")
    path.write_text("# coding: utf-8\ncount += 100\n")  # somebody saves it
    run(shell, "more")
    assert run(shell, "count") == 102
    kept = pickle.loads(pickle.dumps(shell.user_ns["more"]))
    assert repr(kept) == repr(shell.user_ns["more"])
    run(shell, "%edit -p")
    assert shell.payload_manager.take()[0]["filename"] == str(path)
    run(shell, "both = more + 'count += 1000'")
    path.unlink()
    run(shell, "more")
    run(shell, "both")
    assert run(shell, "count") == 1302
    run(shell, "%edit more")
    path = Path(shell.payload_manager.take()[0]["filename"])
    assert path.read_text() == "count += 100\n"
    shell.close()
    assert not path.exists()


def test_a_session_becomes_a_notebook(shell, tmp_path):
    run(shell, "1 + 1")
    run(shell, f"%notebook {tmp_path}/s.ipynb")
    document = json.loads((tmp_path / "s.ipynb").read_text())
    (cell,) = document["cells"]
    assert (document["nbformat"], cell["source"], cell["outputs"][0]["data"]) == (
        4,
        ["1 + 1"],
        {"text/plain": ["2"]},
    )


def test_cells_can_be_wrapped(shell, capsys):
    run(shell, "%%code_wrap around\nprint('before')\n__code__\nprint('after')\n__ret__\n")
    capsys.readouterr()
    assert run(shell, "print('cell')\n42") == 42
    assert capsys.readouterr().out.startswith("before\ncell\nafter\n")
    run(shell, "%code_wrap --remove around")
    capsys.readouterr()
    run(shell, "print('cell')")
    assert capsys.readouterr().out == "cell\n"
    assert "no wrapper 'around'" in usage_error(shell, "%code_wrap --remove around")


def test_libraries_wrap_cells_by_templates(shell, capsys):
    template = "import time as ___clock\ndef ___note(___x): print('took', ___x)\ntry:\n    __code__\nfinally:\n    ___note(1)\n    EXTRA\n__ret__\n"
    extra = ast.parse("print('extra')").body
    plain = Wrapper.from_string(template, {"EXTRA": extra})
    renamed = Wrapper(ast.parse(template), {"EXTRA": extra}, lambda name: name.startswith("_"))
    for wrapper in (plain, renamed):
        shell.ast_transformers[:] = [wrapper]
        assert run(shell, "print('in')\n6 * 7") == 42
        assert capsys.readouterr().out.startswith("in\ntook 1\nextra\n")
        assert run(shell, "%who_ls") == []
        capsys.readouterr()
    assert "_mangled____clock" in shell.user_ns
    renamed.enabled = False
    assert run(shell, "3") == 3
    assert capsys.readouterr().out == ""


def test_pasted_lines_run_without_their_prompts(shell, frontend, capsys):
    frontend.answers = [">>> pasted = 1", ">>> for i in range(2):", "...     pasted += i", "--"]
    run(shell, "%cpaste")
    assert run(shell, "pasted") == 2
    frontend.answers = ["> quoted = 1", "> quoted += 1", "END"]
    run(shell, "%cpaste -q -s END")
    assert run(shell, "quoted") == 2
    run(shell, "%cpaste -r")
    assert run(shell, "quoted") == 2
    mails = [
        "    from_clipboard = 3\n",
        "    >> def f(x):\n    >>     return x + 1\n    >> mailed = f(1)",
        "    > > def f(x):\n    > >     return x + 2\n    > > mailed = f(1)   ",
        "  >> >>> def f(x):\n  >> ...   return x + 3\n  >> ...\n  >> >>> mailed = f(1)",
        ">>> mailed = 5",
    ]
    shell.set_hook("clipboard_get", lambda shell: mails[0])
    run(shell, "%paste")
    assert run(shell, "from_clipboard") == 3
    run(shell, "%paste text")
    assert run(shell, "text") == "from_clipboard = 3\n"
    for value in (2, 3, 4, 5):
        del mails[0]
        run(shell, "%paste -q")
        assert run(shell, "mailed") == value
