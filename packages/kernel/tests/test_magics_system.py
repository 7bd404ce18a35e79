"""Magics around the code: folders, commands, variables, output, options, logs."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from pathlib import Path

import pytest

from nuncius.kernel.app import build
from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.store import Database
from nuncius.kernel.shell import Shell

LIMIT = 60


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home and a profile of the test's own."""
    for name in ("home", "nuncius"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NUNCIUS_DIR", str(tmp_path / "nuncius"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


# -- folders -------------------------------------------------------------------------------------------


def test_cd_goes_and_comes_back(shell, home, capsys):
    (home / "home" / "a b").mkdir()
    (home / "work" / "deep").mkdir(parents=True)
    run(shell, f"%cd {home}/work/deep")
    run(shell, "cd ~/a b")
    run(shell, "%cd -q -")
    assert run(shell, "%pwd") == f"{home}/work/deep"
    run(shell, "%cd")
    assert run(shell, "%pwd") == f"{home}/home"
    run(shell, "%cd --deep")
    run(shell, "%cd -0")
    assert run(shell, "pwd") == str(home)
    assert capsys.readouterr().out.splitlines() == [
        f"{home}/work/deep",
        f"{home}/home/a b",
        f"{home}/home",
        f"{home}/work/deep",
        str(home),
    ]
    assert run(shell, "len(_dh)") == 7
    run(shell, "%dhist 2")
    assert capsys.readouterr().out == (
        f"Directory history (kept in _dh)\n5: {home}/work/deep\n6: {home}\n"
    )
    assert "No such file" in usage_error(shell, "%cd /no/such/folder")
    assert "not found in history: 99" in usage_error(shell, "%cd -99")
    assert "No matching directory" in usage_error(shell, "%cd --zzz")
    run(shell, f"%cd -q {home}/work/deep\n%cd -q {home}/work\n%cd -q {home}\n%cd --work")
    assert Path.cwd() == home / "work"  # it has the word in its own name


def test_pushd_popd_and_bookmarks(shell, home, capsys):
    (home / "one").mkdir()
    run(shell, "%pushd one")
    assert run(shell, "%dirs") == [str(home)]
    assert run(shell, "%pushd") == [str(home / "one"), str(home)]
    run(shell, "%popd\n%popd")
    assert run(shell, "%pwd") == str(home)
    assert usage_error(shell, "%popd") == "%popd on empty stack"
    run(shell, "%bookmark here")
    run(shell, "%bookmark uno one")
    run(shell, "%cd uno")
    assert run(shell, "%pwd") == str(home / "one")
    later = Shell()
    run(later, "%cd -b here")
    assert Path.cwd() == home
    capsys.readouterr()
    run(later, "%bookmark -d uno")
    run(later, "%bookmark -l")
    assert capsys.readouterr().out == f"Current bookmarks:\nhere -> {home}\n"
    assert "Bookmark 'uno' not found" in usage_error(later, "%cd -b uno")
    run(later, "%bookmark -r")
    assert "Can't delete bookmark 'here'" in usage_error(later, "%bookmark -d here")
    later.close()


# -- environment, aliases, commands --------------------------------------------------------------------


def test_environment_variables(shell, capsys, monkeypatch):
    monkeypatch.setenv("K3_TOKEN", "xyz")
    monkeypatch.setenv("K3_VALUE", "1")
    every = run(shell, "%env")
    assert (every["K3_TOKEN"], every["K3_VALUE"]) == ("<hidden>", "1")
    run(shell, "v = 'a b'\n%env K3_VALUE=$v")
    run(shell, "%set_env K3_VALUE x=y")
    assert run(shell, "%env K3_VALUE") == "x=y"
    run(shell, "%env K3_VALUE = 3")
    assert os.environ["K3_VALUE"] == "3"
    assert capsys.readouterr().out.splitlines()[0] == "env: K3_VALUE=a b"
    assert usage_error(shell, "%env K3_NONE") == "Environment does not have key: K3_NONE"
    assert usage_error(shell, "%set_env") == "%set_env: expected NAME=VALUE or NAME VALUE"


def test_aliases(shell, capsys):
    run(shell, "%alias parts echo first %s second %s")
    run(shell, "%alias bracket echo '<%l>'")
    run(shell, "%parts A B and more")
    run(shell, "bracket hello world")
    assert capsys.readouterr().out == "first A second B and more\n<hello world>\n"
    assert "requires 2 arguments, 1 given" in usage_error(shell, "%parts A")
    assert ("parts", "echo first %s second %s") in run(shell, "%alias")
    run(shell, "%unalias parts")
    assert "not found" in usage_error(shell, "%parts A B")
    assert "'cd' cannot be an alias" in usage_error(shell, "%alias cd echo")
    assert "there is a magic of this name" in usage_error(shell, "%alias timeit echo")
    assert "not an alias" in usage_error(shell, "%unalias parts")
    capsys.readouterr()
    run(shell, "%alias percent echo 100%% of %s")
    run(shell, "percent it")
    assert capsys.readouterr().out == "100% of it\n"


def test_rehashx_makes_commands_of_the_path(shell, home, monkeypatch, capsys):
    folder = home / "bin"
    folder.mkdir()
    program = folder / "k3.greet"
    program.write_text("#!/bin/sh\necho hello $1\n")
    program.chmod(0o755)
    (folder / "who").write_text("#!/bin/sh\n")
    (folder / "who").chmod(0o755)
    (folder / "data.txt").write_text("")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    run(shell, "%rehashx")
    run(shell, "k3greet you")
    assert capsys.readouterr().out == "hello you\n"
    assert not shell.alias_manager.is_alias("who")
    assert not shell.alias_manager.is_alias("datatxt")


def test_output_of_commands_is_a_list_of_lines(shell, home):
    (home / "b.txt").write_text("")
    (home / "a.py").write_text("")
    run(shell, "files = !ls\nfolder = 'home'")
    assert run(shell, "files.grep('txt|py').s") == "a.py b.txt"
    assert run(shell, "files.grep(lambda f: f == 'home', prune=True).n") == "a.py\nb.txt\nnuncius"
    assert run(shell, "[p.suffix for p in files.p]") == [".py", ".txt", "", ""]
    run(shell, "table = %sx printf 'x 10\\ny 9\\n'")
    assert run(shell, "table.fields(1, 0), table.fields()") == (
        ["10 x", "9 y"],
        [["x", "10"], ["y", "9"]],
    )
    assert run(shell, "list(table.sort(1, nums=True))") == ["y 9", "x 10"]
    assert run(shell, "!!echo $folder {1 + 1} $$HOME") == ["home 2 " + os.environ["HOME"]]
    assert run(shell, "%%sx\necho a\necho b\n") == ["a", "b"]
    run(shell, "%sc -l lines=echo 1; echo 2")
    assert run(shell, "lines") == ["1", "2"]
    assert run(shell, "%system echo x; false\n") == ["x"]
    assert run(shell, "_exit_code") == 1


# -- variables -------------------------------------------------------------------------------------------


def test_who_lists_what_the_person_made(shell, capsys):
    run(shell, "%who")
    assert capsys.readouterr().out == "Interactive namespace is empty.\n"
    run(shell, "alpha = 123\nbeta = 'x' * 60\ngamma = [1, 2]\n_hidden = 1\ndef f(): pass")
    assert run(shell, "%who_ls") == ["alpha", "beta", "f", "gamma"]
    assert run(shell, "%who_ls int list") == ["alpha", "gamma"]
    run(shell, "del f\n%whos")
    assert capsys.readouterr().out == (
        "Variable   Type    Data/Info\n"
        "----------------------------\n"
        "alpha      int     123\n"
        f"beta       str     {'x' * 25}<...>{'x' * 25}\n"
        "gamma      list    n=2\n"
    )
    run(shell, "%who float")
    assert capsys.readouterr().out == "No variables match your requested type.\n"


def test_reset_asks_and_clears(shell, frontend, capsys):
    run(shell, "a = 1; b1 = 2; b2 = 3")
    frontend.answers = ["n"]
    run(shell, "%reset")
    assert capsys.readouterr().out == "Nothing done.\n"
    run(shell, "%reset_selective -f b[1]")
    assert run(shell, "%who_ls") == ["a", "b2"]
    run(shell, "a")
    run(shell, "%reset -f out")
    assert run(shell, "len(Out), _") == (0, "")
    run(shell, "%reset -f in dhist")
    assert run(shell, "set(In[:-1]), _dh, '_i1' in globals()") == ({""}, [], False)
    run(shell, "%reset -s -f")
    assert run(shell, "%who_ls") == []
    frontend.answers = ["y"]
    run(shell, "kept = 1\n%reset")
    assert run(shell, "%who_ls") == []
    assert "there are out, in, dhist, array" in usage_error(shell, "%reset -f nothing")
    assert "no regular expression" in usage_error(shell, "%reset_selective -f (")


def test_reset_works_where_nobody_can_be_asked(shell):
    run(shell, "a = 1\n%reset")
    assert run(shell, "%who_ls") == []


def test_reset_aggressive_has_modules_read_again(shell, home, monkeypatch):
    monkeypatch.syspath_prepend(str(home))
    (home / "k3_forgotten.py").write_text("value = 1\n")
    run(shell, "import k3_forgotten, json")
    run(shell, "%reset -f --aggressive")
    assert "k3_forgotten" not in sys.modules
    assert "json" in sys.modules


def test_xdel_reaches_what_a_program_holds(shell, home):
    (home / "program.py").write_text("class A: pass\na = A()\n")
    run(shell, "%run program.py\nimport weakref\nkept = weakref.ref(a)")
    run(shell, "a")
    run(shell, "%xdel -n a\nagain = kept()")
    assert run(shell, "again is not None")
    run(shell, "%xdel again")
    assert run(shell, "kept() is None")


def test_xdel_removes_all_references(shell):
    run(shell, "a = b = object()\nc = a\na")
    run(shell, "%xdel a")
    assert run(shell, "%who_ls") == []
    run(shell, "a = b = []\n%xdel -n a")
    assert run(shell, "%who_ls") == ["b"]
    assert "not defined" in usage_error(shell, "%xdel nothing")


def test_store_keeps_variables_for_later_sessions(shell, home, capsys):
    run(shell, "a = [1, 2]; b = {'x': 1.5}\nclass C: pass\nc = C()\ndef f(): pass")
    run(shell, "%alias k3hi echo hi")
    capsys.readouterr()
    run(shell, "%store a b k3hi")
    run(shell, "%store c C f")
    assert capsys.readouterr().out == (
        "Stored 'a' (list)\nStored 'b' (dict)\nAlias stored: k3hi (echo hi)\n"
    )
    run(shell, "%cd -q home\n%cd -q ..")
    later = Shell()
    kept = Database(home / "nuncius" / "profiles" / "default" / "db")
    assert kept.keys("autorestore/*") == ["autorestore/a", "autorestore/b"]
    assert kept.keys() == list(kept)
    run(later, "%store -r")
    assert run(later, "a, b, _dh") == ([1, 2], {"x": 1.5}, [str(home / "home"), str(home)])
    run(later, "%k3hi")
    run(later, "%store")
    assert capsys.readouterr().out.splitlines() == [
        "hi",
        "Stored variables and their in-db values:",
        "a -> [1, 2]",
        "b -> {'x': 1.5}",
    ]
    run(later, "%store -d a")
    run(later, "%store a >out.txt")
    run(later, "%store b >> out.txt")
    assert (home / "out.txt").read_text() == "[1, 2]\n{'x': 1.5}\n"
    assert "no stored variable 'a'" in usage_error(later, "%store -d a")
    run(later, "%unalias k3hi\n%store -z\n%store")
    assert capsys.readouterr().out.endswith("Stored variables and their in-db values:\n")
    assert "Unknown variable 'zzz'" in usage_error(later, "%store zzz")
    later.close()


def test_the_database_keeps_what_others_stored(tmp_path):
    one, other = Database(tmp_path / "db"), Database(tmp_path / "db")
    one["a/x"] = 1
    other["a/y"] = 2
    one["plain"] = {"k": [1]}
    assert dict(other) == {"a/x": 1, "a/y": 2, "plain": {"k": [1]}}
    del other["a/x"]
    assert sorted(one) == ["a/y", "plain"]
    for wrong in ("", "../x", "a//b"):
        with pytest.raises(KeyError):
            one[wrong] = 1
    with pytest.raises(KeyError):
        del one["none"]


# -- output ----------------------------------------------------------------------------------------------


def test_capture_keeps_the_output(shell, frontend, capsys):
    run(
        shell,
        "%%capture kept\nimport sys\nprint('out'); print('err', file=sys.stderr)\n"
        "from nuncius.kernel.display import display, HTML\ndisplay(HTML('<b>x</b>'))\n6 * 7",
    )
    assert (capsys.readouterr(), frontend.take()) == (("", ""), [])
    assert run(shell, "kept.stdout, kept.stderr") == ("out\n", "err\n")
    assert run(shell, "[o.data for o in kept.outputs]")[0]["text/html"] == "<b>x</b>"
    assert run(shell, "kept.outputs[1].data") == {"text/plain": "42"}
    frontend.take()
    run(shell, "kept()")
    assert capsys.readouterr() == ("out\n", "err\n")
    assert [m[1]["data"].get("text/html") for m in frontend.take() if m[0] == "display_data"] == [
        "<b>x</b>",
        None,
    ]
    run(shell, "%%capture --no-stdout kept\nprint('shown')\n7;")
    assert capsys.readouterr().out == "shown\n"
    assert run(shell, "kept.outputs") == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%capture a b\n1", "%%capture: expected one name of a variable, got 'a b'"),
        ("%%writefile kept.txt", "%%writefile is a cell magic, but the cell body is empty."),
        (
            "%%time",
            "%%time is a cell magic, but the cell body is empty. Did you mean the line magic %time (single %)?",
        ),
        ("%pfile", "%pfile: the name of an object or a file is required"),
        ("%edit -n x", "%edit: -n takes the number of a line, got 'x'"),
        ("%cd -b", "Bookmark '' not found.  Use '%bookmark -l' to see your bookmarks."),
    ],
)
def test_what_is_wrong_is_said_and_does_nothing(shell, home, cell, said):
    (home / "kept.txt").write_text("as it was")
    assert usage_error(shell, cell) == said
    assert (home / "kept.txt").read_text() == "as it was"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%bookmark x", "bookmarks cannot be kept: cannot write"),
        ("%load_ext storemagic\na = 1\n%store a", "autorestore/a cannot be kept: cannot write"),
        ("%store a > /dev/null/x", "%store: cannot write /dev/null/x: Not a directory"),
        ("%save /dev/null/x 1", "%save: cannot write /dev/null/x.py: Not a directory"),
        ("%history -f /dev/null/x", "%history: cannot write /dev/null/x: Not a directory"),
        ("%notebook /dev/null/x", "%notebook: cannot write /dev/null/x: Not a directory"),
        ("%prun -q -T /dev/null/x 1", "%prun: cannot write /dev/null/x: Not a directory"),
        ("%prun -q -D /dev/null/x 1", "%prun: cannot write /dev/null/x: Not a directory"),
        ("%prun -s length 1", "%prun: -s cannot sort by 'length'; Sort by calls,"),
        ("%%writefile a\0b\nx", "%%writefile: cannot write a\0b: embedded null byte"),
        ("%logstart ''", "%logstart: Couldn't start log: PosixPath('.') has an empty name"),
        ("%cd a\0b", "%cd: a\0b: "),  # each Python has its own words for it
        ("%dhist 1 2 3", "%dhist: expected no, one or two numbers"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_line(shell, monkeypatch, cell, said):
    monkeypatch.setenv("NUNCIUS_DIR", "/dev/null/nuncius")
    run(shell, "a = 1")
    assert said in usage_error(shell, cell)


def test_numbers_may_be_larger_than_any(shell, capsys):
    huge = "9" * 30
    run(shell, "a = 1")
    for cell in (
        f"%history -l {huge}",
        f"%history {huge}",
        f"%history ~1/{huge}",
        f"%rerun {huge}",
    ):
        run(shell, cell)
    run(shell, f"%dhist -5 {huge}")
    assert capsys.readouterr().out.endswith(f"Directory history (kept in _dh)\n0: {Path.cwd()}\n")


def test_an_error_under_capture_is_that_of_the_cell(shell, frontend, capsys):
    result = shell.run_cell("%%capture kept\nprint('before')\n1 / 0")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert len(frontend.of("error")) == 1
    assert run(shell, "kept.stdout") == "before\n"


@pytest.mark.parametrize(
    ("magic", "mime"),
    [
        ("html", "text/html"),
        ("HTML", "text/html"),
        ("js", "application/javascript"),
        ("javascript", "application/javascript"),
        ("latex", "text/latex"),
        ("markdown", "text/markdown"),
        ("svg", "image/svg+xml"),
    ],
)
def test_cells_of_other_kinds_are_shown(shell, frontend, magic, mime):
    body = "<svg><g>$x {y}</g></svg>"
    run(shell, f"%%{magic}\n{body}")
    (message,) = frontend.of("display_data")
    assert message["data"][mime].strip() == body


def test_isolated_html(shell, frontend):
    run(shell, "%%html --isolated\n<style></style>")
    (message,) = frontend.of("display_data")
    assert message["metadata"] == {"text/html": {"isolated": True}}


def test_how_values_look(shell, capsys):
    assert run(shell, "%precision 3") == "%.3f"
    assert shell.display_formatter.format(3.14159)[0]["text/plain"] == "3.142"
    assert run(shell, "%precision %.2e") == "%.2e"
    run(shell, "%precision")
    assert shell.display_formatter.format(3.14159)[0]["text/plain"] == "3.14159"
    run(shell, "%pprint")
    wide = list(range(50))
    assert shell.display_formatter.format(wide)[0]["text/plain"] == repr(wide)
    run(shell, "%pprint on\n%doctest_mode")
    assert shell.options.xmode == "Plain"
    run(shell, "%doctest_mode")
    assert shell.options.xmode == "Context"
    assert capsys.readouterr().out.splitlines() == [
        "Pretty printing has been turned OFF",
        "Pretty printing has been turned ON",
        "Doctest mode is: ON",
        "Doctest mode is: OFF",
    ]


# -- scripts ---------------------------------------------------------------------------------------------


def test_cells_of_other_programs(shell, capsys):
    run(shell, "%%bash\necho out $0; echo err >&2\n")
    assert capsys.readouterr() == ("out bash\n", "err\n")
    run(shell, "%%sh --out o --err e\necho x; echo y >&2\n")
    assert run(shell, "o, e") == ("x\n", "y\n")
    run(shell, "%%script --out o python -c 'print(1)'\n" + "y" * 300_000)
    assert run(shell, "o") == "1\n"


def test_scripts_in_the_background(shell):
    run(shell, "%%bash --bg --out pipe --proc process\necho started; exec sleep 1000")
    assert run(shell, "pipe.readline()") == b"started\n"
    assert run(shell, "process.poll()") is None
    run(shell, "%killbgscripts")
    assert run(shell, "process.wait(60) != 0")
    assert shell.magics_manager.registry["ScriptMagics"].bg_processes == []


def test_what_runs_in_the_background_may_be_awaited(shell):
    run(shell, "%%script --bg --out pipe --proc process cat\nline\nmore")
    assert run(shell, "await pipe.readline(), pipe.at_eof()") == (b"line\n", False)
    assert run(shell, "await pipe.read(), pipe.at_eof()") == (b"more\n", True)
    assert run(shell, "process.stdout is pipe, await process.stderr.read()") == (True, b"")
    assert run(shell, "await process.wait(), process.returncode") == (0, 0)
    assert run(shell, "await process.communicate()") == (b"", b"")


def test_an_interrupt_ends_the_program(shell, capfd):
    read, write = os.pipe()
    pid = os.getpid()

    def interrupt():
        os.read(read, 1)
        os.kill(pid, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    result = shell.run_cell(f"%%bash\necho x > /proc/{pid}/fd/{write}\nsleep 1000\n")
    thread.join(LIMIT)
    os.close(read)
    os.close(write)
    assert isinstance(result.error_in_exec, KeyboardInterrupt)


# -- the shell itself ------------------------------------------------------------------------------------


def test_config_shows_and_sets_options(shell, capsys):
    run(shell, "%config ShellOptions.ast_node_interactivity = 'all'")
    assert run(shell, "%config InteractiveShell.ast_node_interactivity") == "all"
    assert shell.ast_node_interactivity == "all"
    run(shell, "%config InteractiveShell.autocall = 1 + 1\n%config IPCompleter.use_jedi=False")
    assert shell.autocall == 2
    run(shell, "%config ShellOptions.xmode = Verbose")
    assert shell.tracebacks.mode == "Verbose"
    capsys.readouterr()
    run(shell, "%config")
    assert "    ShellOptions\n" in capsys.readouterr().out
    run(shell, "%config ShellOptions")
    printed = capsys.readouterr().out
    assert "ShellOptions.autocall: 0 or 1 or 2\n" in printed
    assert "    Current: 2\n" in printed
    assert "did you mean 'autocall'?" in usage_error(shell, "%config ShellOptions.autocal = 1")
    assert "did you mean 'ShellOptions'?" in usage_error(shell, "%config ShelOptions")
    assert "expected" in usage_error(shell, "%config ShellOptions.autocall = 'x'")
    assert "Invalid config statement" in usage_error(shell, "%config a b")


def test_config_reaches_completion_and_forgives_options_of_ipython(shell, capsys):
    run(shell, "class A:\n    def __getitem__(self, n): return 'text'\na = A()")
    assert shell.complete("a[0].upp")[1] == []
    run(shell, "%config IPCompleter.greedy = True")
    assert shell.complete("a[0].upp")[1] == ["upper"]
    run(shell, "_mine = 1\n%config IPCompleter.omit__names = 0")
    assert "_mine" in shell.complete("")[1]
    run(shell, "%config IPCompleter.disable_matchers = ['IPCompleter.latex_name_matcher']")
    assert shell.complete("\\alpha")[1] == []
    run(shell, "%config IPCompleter.jedi_compute_type_timeout = 400")
    assert run(shell, "%config ShellOptions.completion_timeout") == 0.4
    assert "IPCompleter.omit__names" in shell.complete("%config IPCompleter.omit")[1]
    capsys.readouterr()
    run(shell, "%config IPCompleter.merge_completions = False\n%config InteractiveShell.quiet = 0")
    assert capsys.readouterr() == (
        "",
        "IPCompleter.merge_completions changes nothing here\nInteractiveShell.quiet changes nothing here\n",
    )
    assert "expected 0, 1 or 2" in usage_error(shell, "%config IPCompleter.omit__names = 5")
    assert "did you mean 'greedy'?" in usage_error(shell, "%config IPCompleter.gredy")
    run(shell, "%config IPCompleter")
    assert "    Current: True\n" in capsys.readouterr().out


def test_options_of_ipython_do_what_they_do_there(shell, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    run(
        shell,
        f"""
%config ScriptMagics.script_magics = ["mine", "bash"]
%config ScriptMagics.script_paths = dict(mine={sys.executable!r})
%config AliasManager.user_aliases = [("mumble", "echo mumbled")]
%config OSMagics.cd_force_quiet = True
%config LoggingMagics.quiet = True
%config InteractiveShell.logfile = "log.py"
%config InteractiveShell.system_raise_on_error = True
%config PlainTextFormatter.max_width = 20
%config InteractiveShell.wildcards_case_sensitive = False
%config InteractiveShell.pdb = True
""",
    )
    assert run(shell, "%config InteractiveShell.pdb") is True
    run(shell, "%config InteractiveShell.pdb = False")
    assert capsys.readouterr() == ("", "")
    run(shell, "%%mine - arg\nimport sys\nprint(sys.argv[1:], '{shell}')")
    run(shell, "mumble loudly")
    run(shell, "cd sub")
    assert capsys.readouterr().out == "['arg'] {shell}\nmumbled loudly\n"
    assert "'mumble', 'loudly'" in (tmp_path / "log.py").read_text()
    assert shell.display_formatter.format([1] * 7)[0]["text/plain"] == (
        "[1,\n 1,\n 1,\n 1,\n 1,\n 1,\n 1]"
    )
    for failing in ("!exit 3", "x = !exit 3"):
        error = shell.run_cell(failing).error_in_exec
        assert (type(error).__name__, error.returncode) == ("CalledProcessError", 3)
    run(shell, "Needle = 1\n%psearch needle*")
    assert "Needle" in str(shell.payload_manager.take())
    run(shell, "%config ScriptMagics.script_magics = []")
    assert not shell.run_cell("%%mine\n1").success
    assert run(shell, "%config ScriptMagics.script_magics") == []
    assert "there is a magic" in usage_error(
        shell, "%config AliasManager.user_aliases = [('run', 'x')]"
    )
    assert "expected int, got 'x'" in usage_error(
        shell, "%config PlainTextFormatter.max_width = 'x'"
    )


def test_a_configuration_that_was_written_for_ipython_holds(home, frontend, capsys):
    (home / "nuncius" / "config.py").write_text(
        """
c = get_config()
c.InteractiveShellApp.exec_lines.append("begun = 1")
c.IPKernelApp.extensions = ["storemagic"]
c.InteractiveShell.xmode = "Verbose"
c.InteractiveShell.colors = "NoColor"
c.InteractiveShell.ast_node_interactivity = "all"
c.TerminalInteractiveShell.editing_mode = "vi"
c.HistoryManager.enabled = False
c.PlainTextFormatter.float_precision = "%.2f"
c.ZMQInteractiveShell.colors = 3
c.AliasManager.user_aliases = [("mumble", "echo mumbled"), ("cd", "never")]
c.IPCompleter.omit__names = 0
c.SqlMagic.autocommit = 5
c.KernelOptions.exec_files = []
"""
    )
    kernel = build(shell_class="InteractiveShell")
    try:
        kernel.start(frontend)
        shell = kernel.shell
        assert shell.user_ns["begun"] == 1
        assert shell.extension_manager.loaded == {"storemagic"}
        assert (shell.tracebacks.mode, shell.options.colors) == ("Verbose", "nocolor")
        assert (shell.ast_node_interactivity, shell.options.history) == ("all", False)
        assert shell.display_formatter.format(1.2345)[0] == {"text/plain": "1.23"}
        assert capsys.readouterr() == (
            "",
            (
                "The configuration of ZMQInteractiveShell.colors is not used: ShellOptions.colors: expected text, got 3\n"
                "The configuration of AliasManager.user_aliases is not used: 'cd' cannot be an alias: it is a magic of its own\n"
            ),
        )
        assert shell.alias_manager.is_alias("mumble")
        assert shell.completer.hide == 0
        assert shell.config.SqlMagic.autocommit == 5
        assert shell.config["TerminalInteractiveShell"] == {"editing_mode": "vi"}
    finally:
        kernel.shutdown(restart=False)


def test_switches(shell, capsys):
    run(shell, "%automagic off")
    assert not shell.magics_manager.auto_magic
    assert not shell.run_cell("pwd").success
    run(shell, "%automagic")
    assert run(shell, "who_ls") == []
    run(shell, "%autocall 1")
    assert run(shell, "len 'abc'") == 3
    run(shell, "%autocall")
    assert shell.autocall == 0
    run(shell, "%autocall 2\n%autocall\n%autocall")
    assert shell.autocall == 2  # as it was before it was turned off
    run(shell, "%autocall 0")
    run(shell, "%autoawait")
    run(shell, "%autoawait off")
    assert not shell.autoawait
    run(shell, "%autoawait sync")
    assert (shell.autoawait, shell.uses_asyncio) == (True, False)
    assert "there is no event loop runner" in usage_error(shell, "%autoawait nonsense")
    assert "Valid modes" in usage_error(shell, "%autocall 7")
    assert "autoawait is `on`, and set to use `asyncio`\n" in capsys.readouterr().out


def test_extensions(shell, home, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(home))
    (home / "k3_ext.py").write_text(
        "def load_ipython_extension(ip): ip.user_ns['loaded'] = 1\n"
        "def unload_ipython_extension(ip): del ip.user_ns['loaded']\n"
    )
    (home / "k3_none.py").write_text("")
    run(shell, "%load_ext k3_ext\n%load_ext k3_ext\n%load_ext k3_none")
    assert run(shell, "loaded") == 1
    run(shell, "%reload_ext k3_ext\n%unload_ext k3_ext\n%unload_ext k3_ext")
    assert "loaded" not in shell.user_ns
    assert [line.partition(".")[0] for line in capsys.readouterr().out.splitlines()] == [
        "The k3_ext extension is already loaded",
        "  %reload_ext k3_ext",
        "The k3_none module is not an extension: it has no function load_ipython_extension",
        "The k3_ext extension is not loaded",
    ]
    assert usage_error(shell, "%load_ext") == "%load_ext: Missing module name."
    assert isinstance(shell.run_cell("%load_ext k3_missing").error_in_exec, ModuleNotFoundError)


def test_logging_writes_a_script(shell, home, capsys):
    run(shell, "a = 1")
    run(shell, "%logstart -o -r session.py over")
    run(shell, "a + 1")
    run(shell, "%logoff")
    run(shell, "hidden = 1")
    run(shell, "%logon\n%logstate")
    run(shell, "%logstop")
    text = (home / "session.py").read_text()
    assert text == (
        "# nuncius log file\n\na = 1\n%logstart -o -r session.py over\na + 1\n#[Out]# 2\n%logon\n%logstate\n"
    )
    printed = capsys.readouterr().out
    assert "State          : active" in printed
    assert printed.count("Filename       : session.py") == 2  # of %logstart and of %logstate
    run(shell, "%logstart -q -t session.py rotate")
    run(shell, "b = %sx true")
    run(shell, "%logstop")
    assert (home / "session.py.001~").read_text() == text
    run(shell, "%logstart -q -o session.py")
    run(shell, "%logstop")
    assert "a + 1\n#[Out]# 2\n" in (home / "session.py").read_text()
    assert "\nb = get_ipython()" in (home / "session.py~").read_text()
    assert re.search(r"# \w+, .*\nb = get_ipython\(\)", (home / "session.py~").read_text())
    assert "hadn't been started" in usage_error(shell, "%logstop")
    assert "invalid log mode" in usage_error(shell, "%logstart x.py nonsense")


def test_help_in_the_pager(shell, capsys):
    def page(cell):
        run(shell, cell)
        (payload,) = shell.payload_manager.take()
        return re.sub(r"\x1b\[[0-9;]*m", "", payload["data"]["text/plain"])

    Path("mod.py").write_text("def f(a, b=1):\n    'Doc of f.'\n    return a\n")
    sys.path.insert(0, str(Path.cwd()))
    run(shell, "import mod, re")
    sys.path.remove(str(Path.cwd()))
    assert "Doc of f." in page("mod.f?")
    assert "return a" in page("mod.f??")
    assert "def f(a, b=1)" in page("%psource mod.f")
    assert page("%pfile mod.f").startswith("def f(a, b=1):")
    assert page("%pycat mod.py") == page("%less mod.py") == Path("mod.py").read_text()
    assert "Class docstring:\n    Doc of f." in page("%pdoc mod.f")
    assert page("%psearch mod.*") == "mod.f"
    assert page("re.comp*?") == "re.compile"
    assert page("%psearch -i MOD* module") == "mod"
    assert "KeyError" in page("%psearch -e user *Error")
    assert "function" in page("%psearch -l").split("\n")
    run(shell, "big = {'a': list(range(3))}")
    assert page("%page big") == "{'a': [0, 1, 2]}"
    assert page("%page -r big") == "{'a': [0, 1, 2]}"
    assert "%timeit:" in page("%magic")
    assert "A quick reference" in page("%quickref")
    run(shell, "%pdef mod.f")
    assert capsys.readouterr().out == " mod.f(a, b=1)\n"
    run(shell, "%pinfo no_such_name")
    assert capsys.readouterr().out == "Object `no_such_name` not found.\n"
    assert "required" in usage_error(shell, "%psource")
    assert "-n N: Run the code so often" in page("%timeit?")
    assert "Keep the output of the cell" in page("%%capture?")
    assert "Keep the output of the cell" in page("%capture?")


def test_lsmagic_is_text_and_json(shell):
    listed = run(shell, "%lsmagic")
    data, _ = shell.display_formatter.format(listed)
    assert "%timeit" in data["text/plain"]
    assert data["application/json"]["cell"]["timeit"] == "TimingMagics"


def test_package_managers_run_for_this_python(shell, capsys, monkeypatch, home):
    fake = home / "uv"
    fake.write_text('#!/bin/sh\necho uv "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("UV", str(fake))
    run(shell, "%pip --version")
    out = capsys.readouterr().out
    assert out.endswith("Note: you may need to restart the kernel to use updated packages.\n")
    run(shell, "%uv pip install 'a b' -q")
    assert f"uv pip install --python {sys.executable} a b -q\n" in capsys.readouterr().out
    with monkeypatch.context() as patch:  # an environment that uv has made
        patch.setitem(sys.modules, "pip", None)
        run(shell, "%pip install 'a b'")
        assert f"uv pip install --python {sys.executable} a b\n" in capsys.readouterr().out
        patch.delenv("UV")
        patch.setenv("PATH", "")
        patch.setattr(sys, "executable", str(home / "elsewhere" / "python"))
        assert "-m ensurepip` installs it" in usage_error(shell, "%pip install x")
    assert "does not appear to be a conda environment" in usage_error(shell, "%conda install x")
    monkeypatch.setattr(sys, "prefix", str(home))
    (home / "conda-meta").mkdir()
    monkeypatch.setenv("CONDA_EXE", str(home / "conda"))
    fake.rename(home / "conda")
    run(shell, "%conda install x")
    assert f"uv install --yes --prefix {home} x\n" in capsys.readouterr().out


def test_figures_and_loops(shell, capsys):
    run(shell, "%matplotlib --list")
    assert "'inline'" in capsys.readouterr().out
    assert "nonsense" in usage_error(shell, "%gui nonsense")
    run(shell, "%gui asyncio")
    run(shell, "%gui")


def test_the_kernel_is_described(shell, home, capsys):
    assert "cannot be connected to" in usage_error(shell, "%connect_info")

    class Served:
        connection_file = str(home / "kernel-1.json")

    Path(Served.connection_file).write_text('{"ip": "127.0.0.1"}')
    shell.kernel = Served()
    run(shell, "%connect_info")
    printed = capsys.readouterr().out
    assert printed.startswith('{\n  "ip": "127.0.0.1"\n}\n')
    assert "nuncius console --existing kernel-1.json" in printed
    run(shell, "%subshell")
    assert capsys.readouterr().out.startswith("subshell id: None\n")
    run(shell, "%autosave 60")
    assert "Autosaving every 60 seconds" in capsys.readouterr().out
    assert "requires an integer" in usage_error(shell, "%autosave x")


# -- files ---------------------------------------------------------------------------------------------


def test_open_leaves_the_streams_of_the_process_alone(kernel, home):
    def run(code):
        return kernel.execute(f"%reset -f\nimport builtins, io, inspect, os\n{code}")

    for call in ("open(1)", "open(2, 'w')", "open(0, 'rb', 0, None, None, None, True)"):
        reply = run(call)
        assert reply["evalue"].startswith(f"{call[:6]}) would close the process' own stream")
        assert "closefd=False, or sys.std" in reply["evalue"]
    codes = [
        "assert open is not builtins.open and builtins.open is io.open",
        "with open(1, 'w', closefd=False) as out: out.write('')",
        "with open(os.open('f.txt', os.O_CREAT | os.O_RDWR), 'w') as file: file.write('text')",
        "with open('f.txt') as file: assert file.read() == 'text'",
        "assert inspect.signature(open) == inspect.signature(io.open), open.__name__ == 'open'",
        "assert get_ipython().run_line_magic('who_ls', '') == ['builtins', 'inspect', 'io', 'os']",
    ]
    assert [run(code)["status"] for code in codes] == ["ok"] * len(codes)


# -- what meets other code -------------------------------------------------------------------------------


def test_a_value_that_was_shown_is_gone_after_xdel(shell):
    run(shell, "class Heavy:\n    freed = []\n    def __del__(self): self.freed.append(1)")
    run(shell, "heavy = Heavy()")
    run(shell, "heavy")
    run(shell, "%xdel heavy")
    assert run(shell, "import gc; gc.collect(); Heavy.freed") == [1]


def test_the_underscore_of_gettext_is_meant_once_it_is_installed(shell):
    run(shell, "'shown before'")
    run(shell, "import builtins, gettext; gettext.install('foo')")
    try:
        assert run(shell, "_('text')") == "text"
        assert run(shell, "_.__name__") == "gettext"
        run(shell, "_")
        assert run(shell, "_('again')") == "again"
    finally:
        run(shell, "del builtins._")
    run(shell, "'as ever'")
    assert run(shell, "_") == "as ever"


@pytest.mark.parametrize("command", ["cd /", "pip --version"])
def test_commands_that_are_better_as_magics_say_so(shell, home, monkeypatch, command):
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    with pytest.warns(
        UserWarning, match=f"%{command[:3].strip()} is meant for this session"
    ) as told:
        shell.run_cell(f"!{command}")
    assert told[0].filename.startswith("<ipython-input-") or "ipykernel_" in told[0].filename
    assert Path.cwd() == home


def test_names_of_any_language_are_called_by_themselves(shell):
    run(shell, "%autocall 1")
    run(shell, "größe = lambda x: x * 2")
    assert run(shell, "größe 21") == 42
    run(shell, "%autocall 0")


def test_a_module_that_was_run_leaves_builtins_as_they_are(shell, home, monkeypatch):
    (home / "runnable.py").write_text("made = 1")
    monkeypatch.syspath_prepend(home)
    run(shell, "%run -m runnable")
    assert run(shell, "made, type(__builtins__).__name__") == (1, "module")


def test_a_coroutine_that_an_error_kept_from_being_awaited_is_let_go_silently(shell, recwarn):
    run(shell, "async def main(): pass\ndef fail(coroutine): raise ValueError('no')")
    for _ in range(2):
        assert not shell.run_cell("fail(main())", store_history=True).success
    run(shell, "import gc; gc.collect()")
    assert [str(each.message) for each in recwarn] == []
    run(shell, "main()\n1")
    assert [str(each.message) for each in recwarn] == ["coroutine 'main' was never awaited"]
