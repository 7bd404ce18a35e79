"""IPython's tools around the shell: the prefilter, demos, jobs in the background, histories, editors, crashes."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from nuncius.kernel.compat import files, inputs, machine, pagers, texts, utilities
from nuncius.kernel.compat.backgroundjobs import BackgroundJobManager
from nuncius.kernel.compat.coloring import Parser, TermColors
from nuncius.kernel.compat.completion import (
    CompletionSplitter,
    compress_user,
    cursor_to_position,
    expand_user,
    has_open_quotes,
    position_to_cursor,
    protect_filename,
)
from nuncius.kernel.compat.crashes import CrashHandler
from nuncius.kernel.compat.histories import HistoryAccessor
from nuncius.kernel.compat.prefiltering import EmacsChecker, split_user_input
from nuncius.kernel.compat.printing import CallExpression, RawStringLiteral, RawText
from nuncius.kernel.display.pretty import pretty
from nuncius.kernel.errors import ShellError

# -- the prefilter ---------------------------------------------------------------------------------

RULES = """
from IPython.core.prefilter import PrefilterChecker, PrefilterHandler, PrefilterTransformer
ip = get_ipython()
manager = ip.prefilter_manager

class Dollars(PrefilterTransformer):
    def transform(self, line, continue_prompt):
        return line.replace("$$", "21")

class Ask(PrefilterHandler):
    handler_name = "ask"
    esc_strings = ["@@"]
    def handle(self, line_info):
        return f"answer({line_info.the_rest!r})"

class Asks(PrefilterChecker):
    priority = 50
    def check(self, line_info):
        if line_info.ifun == "ask" and not line_info.the_rest.startswith("="):
            return self.prefilter_manager.get_handler_by_name("ask")

def answer(question): return f"<{question}>"
"""


def test_extensions_add_transformers_checkers_and_handlers(kernel):
    shell = kernel.shell
    assert kernel.execute(RULES)["status"] == "ok"
    assert kernel.execute("dollars = Dollars(ip, manager); asks = Asks(ip, manager); a = Ask(ip, manager)")["status"] == "ok"  # fmt: skip
    manager = shell.user_ns["manager"]
    assert shell.prefilter is manager is shell.prefilter_manager
    assert shell.run_cell("x = $$ * 2\nx").error_before_exec is not None  # several lines: not asked
    assert shell.run_cell("$$ * 2").result == 42
    assert shell.run_cell("ask why not").result == "<why not>"
    assert shell.run_cell("ask = 3").success
    assert (manager.get_handler_by_esc("@@").handler_name, shell.user_ns["ask"]) == ("ask", 3)
    assert shell.run_cell("pwd").success  # magics are what they were
    kernel.execute(
        "manager.unregister_checker(asks); manager.unregister_transformer(dollars)\n"
        "manager.unregister_handler('ask', a, ['@@'])"
    )
    assert (manager.checkers, manager.transformers, manager.get_handler_by_name("ask")) == (
        [],
        [],
        None,
    )
    assert manager.prefilter_line("pwd") == "get_ipython().run_line_magic('pwd', '')"


def test_the_options_of_the_prefilter_stay(kernel):
    shell = kernel.shell
    shell.autocall = 1
    shell.automagic = False
    manager = shell.prefilter_manager
    assert (manager.autocall, manager.automagic) == (1, False)
    shell.automagic = True
    assert manager.automagic
    kernel.execute("def f(x): return x + 1")
    assert shell.run_cell("f 1").result == 2


def test_handlers_of_the_shell_can_be_used_by_others(kernel):
    kernel.execute("from IPython.core.splitinput import LineInfo\nm = get_ipython().define_macro")
    info, manager = kernel.shell.user_ns["LineInfo"], kernel.shell.prefilter_manager
    handled = {
        line: manager.get_handler_by_name(name).handle(info(line))
        for name, line in (
            ("auto", "f a b"),
            ("auto", ",f a b"),
            ("auto", ";f a b"),
            ("auto", "/f a b"),
            ("magic", "%time f"),
            ("normal", " x"),
        )
    }
    assert handled == {
        "f a b": "f(a b)",
        ",f a b": "f('a', 'b')",
        ";f a b": "f('a b')",
        "/f a b": "f(a, b)",
        "%time f": "get_ipython().run_line_magic('time', 'f')",
        " x": " x",
    }
    kernel.shell.define_macro("twice", "a = 1\nb = 2\n")
    assert manager.get_handler_by_name("macro").handle(info("  twice")) == "  a = 1\n  b = 2"
    EmacsChecker(kernel.shell, manager)
    assert manager.find_handler(info("x # PYTHON-MODE")).handler_name == "emacs"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("f x", ("", "", "f", " x")),
        ("  !ls -l", ("  ", "!", "ls", " -l")),
        ("%%time it", ("", "%", "%time", " it")),
        ("?a.b*", ("", "?", "a.b*", "")),
        ("", ("", "", "", "")),
        ("(1)", ("", "", "", "(1)")),
    ],
)
def test_lines_are_split(line: str, parts: tuple[str, ...]):
    assert split_user_input(line) == parts


# -- jobs in the background ------------------------------------------------------------------------


def test_jobs_run_while_the_person_works(kernel, frontend, capsys):
    assert kernel.shell is not None
    jobs = BackgroundJobManager()
    gate = threading.Event()
    slow = jobs.new(lambda n: gate.wait(60) and n, 7, daemon=True)
    x = 20  # noqa: F841 - the expression's
    value = jobs.new("x + 1")
    broken = jobs.new(lambda: 1 / 0)
    for job in (value, broken):
        job.join(60)
    assert jobs.running == [slow]
    gate.set()
    slow.join(60)
    assert (jobs.result(0), jobs[1].result, slow.daemon, value.daemon) == (7, 21, True, False)
    assert (jobs.completed, jobs.dead) == ([slow, value], [broken])
    capsys.readouterr()
    assert jobs()
    assert capsys.readouterr().out == (
        f"Completed jobs:\n0 : {slow}\n1 : x + 1\n\nDead jobs:\n2 : {broken}\n\n"
    )
    assert not jobs.status()  # each is told once
    jobs.traceback()
    assert frontend.of("error")[0]["ename"] == "ZeroDivisionError"
    jobs.remove(1)
    jobs.flush()
    assert jobs.all == {}
    with pytest.raises(TypeError, match="something that can be called"):
        jobs.new(3)


# -- demos -----------------------------------------------------------------------------------------

TALK = """\
# <demo> auto_all
print("first")
# <demo> --- stop ---
# <demo> silent
y = 2
# <demo> stop
print(y + 1)
1/0
# <demo> stop
z = 5
"""


def test_a_talk_is_shown_block_by_block(kernel, frontend, tmp_path: Path, capsys):
    (tmp_path / "talk.py").write_text(TALK)
    kernel.shell.user_ns["path"] = str(tmp_path / "talk.py")
    kernel.shell.colors = "nocolor"
    assert kernel.execute("from IPython.lib.demo import *\nd = Demo(path, title='Talk')")["status"] == "ok"  # fmt: skip
    demo = kernel.shell.user_ns["d"]
    capsys.readouterr()
    demo()
    assert capsys.readouterr().out.split("\n")[1:] == ['print("first")', "", "first", ""]
    demo()
    assert "y = 2" not in capsys.readouterr().out
    demo()
    assert capsys.readouterr().out.endswith("3\n")
    assert frontend.of("error")[0]["ename"] == "ZeroDivisionError"
    demo()
    assert (demo.finished, kernel.shell.user_ns["z"], demo.nblocks) == (True, 5, 4)
    demo()
    assert "Demo finished" in capsys.readouterr().out
    demo.seek(-1)
    demo.back(1)
    assert demo.block_index == 2
    with pytest.raises(ShellError, match="a block from 0 to 3, got 7"):
        demo.seek(7)
    demo.reset()
    assert "y" not in demo.user_ns
    demo.show_all()
    assert capsys.readouterr().out.count("remaining)") == 4


def test_a_block_is_changed_in_the_editor(kernel, tmp_path: Path, monkeypatch):
    (tmp_path / "talk.py").write_text("v = 1\n# <demo> stop\nv = v + 1\n")
    script = tmp_path / "editor.sh"
    script.write_text('#!/bin/sh\necho "v = 40" > "$2"\n')
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    kernel.shell.user_ns["path"] = str(tmp_path / "talk.py")
    reply = kernel.execute(
        "from IPython.lib.demo import Demo\nd = Demo(path, auto_all=True)\nd.edit(0); d(); d()"
    )
    assert (reply["status"], kernel.shell.user_ns["v"]) == ("ok", 41)


def test_blocks_may_be_cells_or_lines_and_may_wait(kernel, frontend, tmp_path: Path, capsys):
    (tmp_path / "cells.py").write_text("%pwd\n# <demo> stop\nw = 1\n")
    (tmp_path / "lines.py").write_text("a = 1\nb = a + 1\n")
    kernel.shell.user_ns["folder"] = tmp_path
    frontend.answers = ["", "q"]
    reply = kernel.execute(
        "from IPython.lib.demo import IPythonDemo, LineDemo, ClearIPDemo, slide\n"
        "cells = ClearIPDemo(folder / 'cells.py')\n"
        "cells(); cells()\n"
        "lines = LineDemo(folder / 'lines.py')\n"
        "lines(); lines()\n"
        "total = a + b"
    )
    assert reply["status"] == "ok", reply
    assert (kernel.shell.user_ns["total"], "w" in kernel.shell.user_ns) == (3, False)


# -- modules ---------------------------------------------------------------------------------------


def test_a_module_is_reloaded_with_those_that_it_imports(kernel, tmp_path: Path, monkeypatch):
    (tmp_path / "deep_low.py").write_text("value = 1\ndef f(): return value\n")
    (tmp_path / "deep_mid.py").write_text("from deep_low import f\n")
    (tmp_path / "deep_top.py").write_text("import deep_mid, json\nresult = deep_mid.f()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    kernel.execute(
        "import deep_top, json\nbefore = json.loads\nfrom IPython.lib.deepreload import reload as dreload"
    )
    (tmp_path / "deep_low.py").write_text("value = 2\ndef f(): return value + 1\n")
    kernel.execute("again = dreload(deep_top)")
    ns = kernel.shell.user_ns
    assert (ns["again"] is ns["deep_top"], ns["deep_top"].result) == (True, 3)
    assert ns["json"].loads is ns["before"]
    (tmp_path / "deep_low.py").write_text("value = 10\ndef f(): return value + 1\n")
    kernel.execute("dreload(deep_top, exclude=('deep_low',))")
    assert ns["deep_top"].result == 3
    for name in ("deep_low", "deep_mid", "deep_top"):
        del sys.modules[name]


def test_a_module_is_patched_by_superreload(kernel, tmp_path: Path, monkeypatch):
    (tmp_path / "patched_mod.py").write_text("def f(): return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    kernel.execute("from IPython.extensions.autoreload import superreload\nimport patched_mod\nf = patched_mod.f")  # fmt: skip
    (tmp_path / "patched_mod.py").write_text("def f(): return 2\n")
    kernel.execute("superreload(patched_mod)\nr = f()")
    assert kernel.shell.user_ns["r"] == 2
    del sys.modules["patched_mod"]


# -- history, pages, crashes -----------------------------------------------------------------------


def test_a_program_reads_the_history_of_a_shell(tmp_path: Path):
    from nuncius.kernel.options import ShellOptions
    from nuncius.kernel.shell import Shell

    path = tmp_path / "history.sqlite"
    for cells in (["a = 1", "b = 2"], ["c = 3"]):
        shell = Shell(ShellOptions(history_file=str(path)))
        for cell in cells:
            shell.run_cell(cell, store_history=True)
        shell.close()
    past = HistoryAccessor(hist_file=str(path))
    try:
        assert past.get_last_session_id() == 2
        assert list(past.get_range(0)) == [(2, 1, "c = 3")]
        assert list(past.get_range(-1)) == [(1, 1, "a = 1"), (1, 2, "b = 2")]
        assert list(past.get_range(-5)) == []
        assert past.get_tail(2, include_latest=True) == [(1, 2, "b = 2"), (2, 1, "c = 3")]
        assert past.search("a*") == [(1, 1, "a = 1")]
        info = past.get_session_info(-2)
        assert info is not None
        assert (info[0], info[3], info[1] is not None) == (1, 2, True)
        assert past.get_session_info(9) is None
    finally:
        past.close()


def test_long_texts_are_shown_a_screen_at_a_time(kernel, frontend):
    frontend.answers = ["", "q"]
    kernel.shell.user_ns["text"] = "\n".join(str(n) for n in range(10))
    kernel.execute("from IPython.core.page import page_dumb\npage_dumb(text, screen_lines=4)")
    asked = [c["prompt"] for c in frontend.of("input_request")]
    assert asked == ["---Return to continue, q to quit--- "] * 2
    assert (pagers.get_pager_cmd("most"), pagers.get_pager_start("less", 7)) == ("most", "+7")
    assert pagers.as_hook(lambda text, start: text * start)("shell", "a", 2) == "aa"


def test_a_crash_leaves_a_report(tmp_path: Path, monkeypatch, capsys):
    class App:
        name = "mine"
        ipython_dir = str(tmp_path)
        config = {"A": {"b": 1}}  # noqa: RUF012 - as an application has it

    handler = CrashHandler(App(), contact_name="Ada", bug_tracker="the tracker")
    try:
        raise KeyError("lost")
    except KeyError as error:
        handler(KeyError, error, error.__traceback__)
    report = (tmp_path / "Crash_report_mine.txt").read_text()
    assert "KeyError: 'lost'" in report
    assert "{'A': {'b': 1}}" in report
    told = capsys.readouterr().err
    assert str(tmp_path / "Crash_report_mine.txt") in told
    assert "Ada" in told


# -- editors and shells ----------------------------------------------------------------------------


def test_an_editor_is_installed_for_edit(kernel, tmp_path: Path, monkeypatch):
    script = tmp_path / "edit.sh"
    script.write_text('#!/bin/sh\necho "edited = $2" > "$1"\n')
    script.chmod(0o755)
    kernel.shell.user_ns["command"] = f"{script} {{filename}} {{line}}"
    kernel.execute("from IPython.lib.editorhooks import install_editor\ninstall_editor(command)")
    (tmp_path / "new.py").write_text("")
    assert kernel.execute(f"%edit -n 7 {tmp_path / 'new.py'}")["status"] == "ok"
    assert kernel.shell.user_ns["edited"] == 7
    monkeypatch.setenv("VISUAL", str(script))
    kernel.execute(
        "from IPython.core.hooks import editor\nget_ipython().editor = ''\nget_ipython().set_hook('editor', editor, 0)"
    )
    target = tmp_path / "other.py"
    target.write_text("x = 1\n")
    script.write_text('#!/bin/sh\nfor last; do :; done\necho "other = \\"$1\\"" > "$last"\n')
    kernel.shell.hooks.editor(str(target), 3)
    assert target.read_text() == 'other = "+3"\n'


def test_embedding_needs_the_terminal_or_says_so():
    code = (
        "import nuncius.kernel.compat.provide_ipython\n"
        "import importlib.metadata as m\n"
        "from IPython import embed, start_ipython\n"
        "from IPython.terminal.embed import InteractiveShellEmbed, embed as same, KillEmbedded\n"
        "assert embed is same and issubclass(KillEmbedded, Exception)\n"
        "m.entry_points = lambda **which: ()\n"
        "try:\n    embed()\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == (
        "a shell in a terminal is not installed: pip install nuncius-terminal\n",
        "",
    )


# -- small ones ------------------------------------------------------------------------------------


def test_printers_for_repr_pretty():
    call = CallExpression.factory("Point")
    assert (
        pretty(call(1, RawText("<two>"), z=RawStringLiteral("\\d"))) == "Point(1, <two>, z=r'\\d')"
    )
    wide = pretty(call(*["x" * 30] * 3))
    assert [len(line) for line in wide.splitlines()] == [39, 39, 39]


def test_helpers_of_completers(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [has_open_quotes(t) for t in ("a", 'a "b', "it's")] == [False, '"', "'"]
    assert protect_filename("a b(1)") == r"a\ b\(1\)"
    expanded = expand_user("~/x")
    assert expanded == (f"{tmp_path}/x", True, f"{tmp_path}/")
    assert compress_user(*expanded) == "~/x"
    assert CompletionSplitter().split_line("print(a.b", 9) == "a.b"
    text = "ab\ncd\n"
    assert [position_to_cursor(text, cursor_to_position(text, *at)) for at in ((0, 1), (1, 2), (2, 0))] == [(0, 1), (1, 2), (2, 0)]  # fmt: skip
    with pytest.raises(ValueError, match="offset from 0 to 6"):
        position_to_cursor(text, 7)


def test_helpers_of_commands(kernel, tmp_path: Path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "run.py").write_text("")
    (tmp_path / "note.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    kernel.execute(
        "from IPython.core.completerlib import *\n"
        "from IPython.core.completerlib import quick_completer, module_completion, magic_run_completer, cd_completer, try_import\n"
        "quick_completer('make', 'all clean')"
    )
    ns = kernel.shell.user_ns

    class Event:
        symbol = ""
        line = "import emai"

    assert ns["magic_run_completer"](None, Event()) == ["folder/", "run.py"]
    assert ns["cd_completer"](None, Event()) == ["folder/"]
    assert "email" in ns["module_completion"]("import emai")
    assert "email.mime" in ns["module_completion"]("import email.mi")
    assert ns["module_completion"]("from email ") == ["import "]
    assert "policy" in ns["module_completion"]("from email import pol")
    assert "loads" in ns["try_import"]("json")
    assert ns["try_import"]("not_there_at_all") == []
    assert kernel.shell.complete("make c")[1] == ["clean"]


def test_helpers_of_transformers():
    import re

    strip = inputs.PromptStripper(re.compile(r"\[\d+\] "))
    assert strip(["[1] a\n", "[2] b\n"]) == ["a\n", "b\n"]
    assert strip(["a\n"]) == ["a\n"]
    lines = ["x = %run a \\\n", "  b\n", "y\n"]
    end = inputs.find_end_of_continued_line(lines, 0)
    assert (end, inputs.assemble_continued_line(lines, (0, 5), end)) == (1, "run a    b")
    assert inputs.find_last_indent(["if x:\n", "\ty\n"]) == 4


def test_helpers_on_files_and_texts(tmp_path: Path, monkeypatch):
    (tmp_path / "a.py").write_bytes("# coding: latin-1\nx = 'é'\n".encode("latin-1"))
    assert files.read_py_file(str(tmp_path / "a.py")) == "x = 'é'\n"
    assert files.read_py_url((tmp_path / "a.py").as_uri()) == "x = 'é'\n"
    (tmp_path / "to").mkdir()
    files.link_or_copy(str(tmp_path / "a.py"), str(tmp_path / "to"))
    assert (tmp_path / "to" / "a.py").samefile(tmp_path / "a.py")
    monkeypatch.chdir(tmp_path / "to")
    assert files.abbrev_cwd().endswith("/to")
    assert texts.strip_email_quotes("> > a\n> > b") == "a\nb"
    assert texts.strip_email_quotes("> a\nb") == "> a\nb"
    flagged: Any = utilities.flag_calls(lambda: 1)
    assert (flagged.called, flagged(), flagged.called) == (False, 1, True)
    assert machine.timing(sum, [1]) >= 0
    assert TermColors.Red == "\033[0;31m"  # type: ignore[attr-defined]
    assert Parser(theme_name="nocolor").format("x = 1") == "x = 1"
    assert "\033[" in str(Parser(theme_name="linux").format("def f(): pass"))
