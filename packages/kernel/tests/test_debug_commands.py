"""What the debugger's prompt can do beyond `pdb`: statements of several lines, linked exceptions, hidden frames, completion in the frame, threads and coroutines."""

from __future__ import annotations

import bdb
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.debug.chain import linked_exceptions
from nuncius.kernel.debug.statements import Ended, evaluate, execute, read_whole
from nuncius.kernel.install import kernel_spec
from nuncius.kernel.selection import selected
from nuncius.protocol.manager.blocking import BlockingKernelManager

LIMIT = 60


@pytest.fixture
def cell(kernel, frontend, capsys):
    """Run a cell with answers for the debugger; returns what was shown, without colors."""

    def run(code, *answers):
        frontend.answers = list(answers)
        reply = kernel.execute(code)
        assert frontend.answers == [], reply
        text = "".join(c["text"] for kind, c in frontend.take() if kind == "stream")
        return re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out + text)

    return run


@pytest.fixture
def prompts(frontend):
    """The prompts that were shown, each with its metadata."""
    asked = []
    ask = frontend.input

    def remember(prompt="", *, password=False, **metadata):
        asked.append((prompt, metadata))
        return ask(prompt, password=password)

    frontend.input = remember
    return asked


IN_FUNCTION = "def f(factor):\n    items = [1, 2]\n    breakpoint()\n    return items\nf(10)"


def test_a_statement_of_several_lines_is_asked_for_line_by_line(cell, prompts):
    text = cell(
        IN_FUNCTION, "for item in items:", "    print(item * factor)", "", "!items.append(3)", "c"
    )
    assert "10\n20\n" in text
    assert [(prompt, "continuation" in metadata) for prompt, metadata in prompts] == [
        ("ipdb> ", False),
        ("...   ", True),
        ("...   ", True),
        ("ipdb> ", False),
        ("ipdb> ", False),
    ]


def test_an_answer_may_have_several_lines(cell, prompts):
    text = cell(
        IN_FUNCTION, "total = 0\nfor item in items:\n    total += item\ntotal; 'semi;;colon'", "c"
    )
    assert "3\n'semi;;colon'\n" in text
    assert len(prompts) == 2


def test_comprehensions_see_the_variables_of_the_function(cell):
    text = cell(
        IN_FUNCTION,
        "p [item * factor for item in items]",
        "sorted(items, key=lambda item: -item * factor)",
        "items = [item + factor for item in items]",
        "c",
    )
    assert text.count("[10, 20]\n") == 1
    assert "[2, 1]\n" in text


def test_what_uses_a_variable_is_no_command(cell):
    code = "def f():\n    n, c, l = 1, {'k': 2}, [3]\n    breakpoint()\n    return n\nf()"
    text = cell(code, "n = 5", "p n", "c['k']", "l[0]", "n", "c")
    assert "5\n" in text
    assert "2\n" in text
    assert "3\n" in text
    assert "----> 4        return n" in text


def test_errors_of_what_was_typed_are_one_line(cell):
    text = cell(
        IN_FUNCTION, "1 / 0", "nothing", "p nothing.at.all", "def (", "raise SystemExit(3)", "c"
    )
    lines = [line for line in text.splitlines() if line.startswith("***")]
    assert lines == [
        "*** ZeroDivisionError: division by zero",
        "*** NameError: name 'nothing' is not defined",
        "*** NameError: name 'nothing' is not defined",
        "*** SyntaxError: invalid syntax",
        "*** SystemExit: 3",
    ]


def test_question_marks_and_their_commands_tell_of_the_frame_s_names(cell):
    code = "def f(thing):\n    breakpoint()\nclass Thing:\n    'A thing.'\n    def method(self, a=1): pass\nf(Thing())"
    text = cell(
        code,
        "thing?",
        "thing.method??",
        "pdef thing.method",
        "pdoc thing",
        "pfile thing",
        "nothing?",
        "c",
    )
    assert re.search(r"Docstring: +A thing\.", text)
    assert "def method(self, a=1): pass" in text
    assert "thing.method(a=1)" in text or "method(a=1)" in text
    assert "*** there is no object 'nothing' here" in text


def test_python_can_be_typed_until_exit(cell, prompts):
    text = cell(
        IN_FUNCTION,
        "interact",
        "total = sum(items)",
        "if total:",
        "    print(total * factor)",
        "",
        "1 / 0",
        "exit",
        "p 'total' in dir()",
        "c",
    )
    assert "30\n" in text
    assert "*** ZeroDivisionError: division by zero" in text
    assert "False\n" in text
    assert [prompt for prompt, _ in prompts][1:6] == [">>> ", ">>> ", "... ", "... ", ">>> "]


HIDDEN = """\
def outer():
    middle()
def middle():
    __tracebackhide__ = True
    inner()
def inner():
    1 / 0
outer()"""


def test_hidden_frames_are_skipped_until_they_are_asked_for(cell):
    cell(HIDDEN)
    text = cell("%debug", "u", "where 1", "skip_hidden no", "d", "d", "d", "q")
    up = text.index("[... 1 hidden frame]")
    assert "middle()" not in text[:up].replace("    middle()", "")
    assert text.count("[... 1 hidden frame]") == 2
    assert "Hidden frames are shown." in text
    assert "Cell In[1]:5 middle()" in text.partition("Hidden frames are shown.")[2]
    assert "*** Newest frame" in text


def test_where_list_and_longlist_show_the_source_of_a_cell(cell):
    cell(HIDDEN)
    text = cell("%debug", "ll", "u", "l 1, 3", "w 1", "q")
    assert "  6  \tdef inner():\n  7  ->\t    1 / 0" in text
    assert "  1  \tdef outer():\n  2  ->\t    middle()" in text
    assert "Cell In[1]:8\n----> 8    outer()" in text


GROUP = """\
def fail(n):
    raise ValueError(n)
def collect():
    errors = []
    for n in (1, 2):
        try:
            fail(n)
        except ValueError as error:
            errors.append(error)
    errors.append(KeyError('never raised'))
    raise ExceptionGroup('several', errors)
try:
    collect()
except ExceptionGroup as group:
    raise RuntimeError('all of it') from group"""


def test_each_exception_of_a_group_can_be_looked_at(cell):
    cell(GROUP)
    text = cell("%debug", "exceptions", "exceptions 3", "p n", "exceptions 4", "exceptions 9", "q")
    assert "5 exceptions are linked" in text
    listed = [line for line in text.splitlines() if re.match(r"[>\- ] {3}\d ", line)]
    assert listed == [
        ">   0 RuntimeError: all of it",
        "    1 [the cause] ExceptionGroup: several (3 sub-exceptions)",
        "    2   [1 of 3] ValueError: 1",
        "    3   [2 of 3] ValueError: 2",
        "-   4   [3 of 3] KeyError: 'never raised'",
    ]
    assert "----> 2        raise ValueError(n)" in text
    assert "\n2\n" in text
    assert "*** that exception was never raised" in text
    assert "*** expected the number of an exception, 0 to 4" in text


def test_linked_exceptions_with_a_cycle_end():
    one, two = ValueError(1), ValueError(2)
    one.__context__, two.__context__ = two, one
    assert [linked.error for linked in linked_exceptions(one)] == [one, two]


def test_completion_answers_from_the_frame_while_the_debugger_waits(kernel, frontend):
    found = {}

    def look(prompt="", **metadata):
        def matches(code):
            return kernel.shell.complete_reply(code, len(code))["matches"]

        found["names"] = matches("p fact")
        found["attributes"] = matches("p things.cou")
        found["keys"] = matches("p settings['")
        found["commands"] = matches("longl")
        found["magics"] = [match for match in matches("%t") if match.startswith("%")]
        found["inspect"] = kernel.shell.inspect_reply("things", 6, 0, ())["data"]["text/plain"]
        return "c"

    frontend.input = look
    kernel.shell.user_ns["factory_of_the_session"] = 1
    code = "def f(factor):\n    things, settings = [1], {'key': 1}\n    breakpoint()\n    return things\nf(1)"
    assert kernel.execute(code)["status"] == "ok"
    assert selected(kernel.shell) is None
    assert "Type:" in found.pop("inspect")
    assert found == {
        "names": ["factor", "factory_of_the_session"],
        "attributes": ["count"],
        "keys": ["key"],
        "commands": ["longlist"],
        "magics": [],
    }
    assert "fact" not in "".join(kernel.shell.complete_reply("factor", 6)["matches"]).replace(
        "factory_of_the_session", ""
    )


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=4))
def test_reading_a_statement_always_ends(first, lines):
    rest = iter(lines)
    try:
        text = read_whole(first, lambda: next(rest, ""))
    except Ended:
        return
    assert text.startswith(first)


def test_statements_reach_the_namespaces_that_they_should():
    global_ns, local_ns = {"g": 1, "gone": 0}, {"a": 2, "dropped": 3}
    execute("global g\ng = [a for _ in 'x'][0]\nb = [a + g]\ndel dropped", global_ns, local_ns)
    global_ns.pop("__builtins__", None)
    assert (global_ns, local_ns) == ({"g": 2, "gone": 0}, {"a": 2, "b": [4]})
    assert evaluate("[a + c for c in b]", global_ns, local_ns) == [6]


def test_threads_and_coroutines_stop_for_the_frontend(tmp_path):
    """Two threads stop at the same time: each has its turn; a coroutine stops while others wait."""
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        seen = []

        def answer(question):
            seen.append((question.prompt, question.message.metadata))
            return "c" if len(seen) % 2 == 0 else "p where"

        code = """\
import threading
def work(where):
    breakpoint()
    print(f'went on in {where}')
threads = [threading.Thread(target=work, args=(n,)) for n in (1, 2)]
for thread in threads: thread.start()
for thread in threads: thread.join()"""
        result = client.execute(code, on_input=answer).result(LIMIT)
        assert result.ok
        assert seen == [("ipdb> ", {"kind": "debugger"})] * 4
        shown = "".join(output.get("text", "") for output in result.outputs)
        assert sorted(re.findall(r"went on in (\d)", shown)) == ["1", "2"]
        code = """\
import asyncio
async def work(where):
    await asyncio.sleep(0)
    breakpoint()
    return where
await asyncio.gather(work('here'), work('there'))"""
        result = client.execute(code, on_input=answer).result(LIMIT)
        assert result.data["text/plain"] == "['here', 'there']"


def test_a_client_completes_while_the_debugger_waits(tmp_path):
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with (
        BlockingKernelManager(spec) as manager,
        manager.client() as client,
        manager.client() as other,
    ):
        client.wait_until_ready(timeout=LIMIT)
        other.wait_until_ready(timeout=LIMIT)
        matches = []

        def answer(question):
            content = {"code": "p only_h", "cursor_pos": 8}
            reply = other.request("complete_request", content, channel="control", timeout=LIMIT)
            matches.extend(reply.content["matches"])
            return "c"

        code = "def f(only_here):\n    breakpoint()\n    return only_here\nf(1)"
        assert client.execute(code, on_input=answer).result(LIMIT).ok
        assert matches == ["only_here"]


MODULE = """\
def work(n):
    total = 0
    for i in range(n):
        total += i
    return total
if __name__ == '__main__':
    print('worked', work(3))
"""


def test_run_and_debug_stop_at_a_line_first(cell, kernel, tmp_path):
    path = tmp_path / "a_module_to_debug.py"
    path.write_text(MODULE)
    text = cell(f"%run -d -b 4 {path}", "p 'i is', i", "c", "cl 1", "c")
    assert text.startswith("> ")  # no stop before the breakpoint
    assert text.count("---->") == 2
    assert "('i is', 0)" in text
    assert "worked 3" in text
    kernel.shell.user_ns["path"] = str(tmp_path)
    cell("import sys; sys.path.insert(0, path); import a_module_to_debug as module")
    text = cell(f"%debug -b {path}:5 module.work(4)", "p 'total is', total", "q")
    assert "----> 5        return total" in text
    assert "('total is', 6)" in text
    cell("sys.path.remove(path)")
    assert not bdb.Breakpoint.bplist


def test_a_breakpoint_that_is_left_slows_nothing_down_after_the_cell(cell, tmp_path):
    path = tmp_path / "left.py"
    path.write_text(MODULE)
    cell("breakpoint()\nx = 1", f"b {path}:4", "c")
    assert sys.gettrace() is None or not isinstance(sys.gettrace().__self__, bdb.Bdb)
    text = cell("breakpoint()\nx = 2", "b", f"cl {path}:4", "c")
    assert "left.py:4" in text
    assert not bdb.Breakpoint.bplist


def test_one_can_look_at_an_error_again_until_another_cell_succeeds(cell, kernel):
    cell("1 / 0")
    for looking in ("%debug", "%debug"):
        assert "1 / 0" in cell(looking, "q")
    cell("%xmode Plain")
    assert "ZeroDivisionError" in cell("%tb")
    assert "1 / 0" in cell("%debug", "q")
    assert kernel.execute("'a success'")["status"] == "ok"
    assert kernel.execute("%debug")["ename"] == "UsageError"
    assert not hasattr(sys, "last_value")


COMMANDS = """\
def f(n):
    total = 0
    for i in range(n):
        total += i
    return total
def g():
    value = f(5)
    return value
breakpoint()
g()"""


@pytest.fixture
def stories(cell):
    """The breakpoints of a story are its own."""
    bdb.Breakpoint.clearBreakpoints()
    yield lambda *commands: cell(COMMANDS, *commands)
    bdb.Breakpoint.clearBreakpoints()


@pytest.mark.parametrize(
    ("commands", "shown"),
    [
        (["tbreak f", "c", "b", "c"], ["Breakpoint 1 at Cell In[1]:", "Deleted breakpoint 1 at Cell In[1]:", "> Cell In[1]:2 f()"]),
        (["b 4, i == 3", "c", "p i * 11", "condition 1 i == 4", "c", "p i * 11", "c"], ["33", "New condition set for breakpoint 1.", "44"]),
        (["b 4", "ignore 1 2", "c", "p i * 11", "disable 1", "b", "enable 1", "c", "p i * 11", "cl 1", "c"], ["22", "33", "breakpoint   keep no    at Cell In[1]:4"]),
        (["b 4", "commands 1", "silent", "p i * 11", "end", "c", "c", "cl 1", "c"], ["0\n11"]),
        (["b f", "c", "n", "display total", "n", "n", "n", "n", "display", "undisplay total", "display", "c"], ["display total: 0", "display total: 1  [old: 0]", "Currently displaying:\ntotal: 1"]),
        (["b f", "c", "n", "until 5", "p total * 11", "c"], ["110"]),
        (["b f", "c", "r", "retval", "rv", "c"], ["--Return--", "10\n10"]),
        (["b 4", "c", "j 5", "r", "retval", "c"], ["--Return--", "\n0\n"]),
        (["alias plus p %1 + 1", "plus 41", "alias", "unalias plus", "plus 1", "c"], ["42", "plus = p %1 + 1", "*** SyntaxError"]),
        (["debug f(3)", "s", "s", "p n * 11", "r", "retval", "c", "p 'back'", "c"], ["ENTERING RECURSIVE DEBUGGER", "33", "LEAVING RECURSIVE DEBUGGER", "'back'"]),
        (["debug 1 / 0", "c", "debug", "c"], ["*** ZeroDivisionError: division by zero", "*** debug takes code"]),
        (["run", "restart", "p 'still'", "c"], ["there is no program to start again", "'still'"]),
        (["b f", "c", "a", "args", "whatis n", "pp {'n': n}", "source g", "c"], ["n = 5\nn = 5", "<class 'int'>", "{'n': 5}", "value = f(5)"]),
        (["b f", "c", "list 1,3", "list .", "ll", "c"], ["\tdef f(n):", "->\t    total = 0"]),
        (["b f", "c", "w 1", "u", "p 'value' in dir()", "d", "u 99", "d 0", "up x", "c"], ["Cell In[1]:7 g()", "False", "*** Invalid frame count (x)"]),
        (["skip_predicates", "skip_predicates tbhide no", "skip_predicates", "skip_predicates what yes", "c"], ["tbhide            yes", "debuggerskip      yes", "tbhide            no", "*** skip_predicates takes one of tbhide,"]),
        (["ignore_module json.*", "ignore_module", "unignore_module json.*", "unignore_module json.*", "c"], ["Ignored modules: json.*", "*** 'json.*' is not ignored\nIgnored modules: none"]),
        (["?", "help until", "h skip_predicates", "c"], ["Documented commands", "skip_predicates [REASON yes | no]"]),
        (["context 1", "s", "context x", "context 0", "c"], ["*** context takes a number of lines; it is 1"]),
        (["jump 99", "retval", "exceptions", "undisplay x", "condition 7", "tbreak nothing", "c"], ["*** Jump failed", "*** Not yet returned!", "*** there is no exception here"]),
        (["x = 3; y = x * 14", "p y", "!y += 1", "y", "del x", "p x", "c"], ["42", "43", "*** NameError"]),
    ],
    ids=lambda value: value[0].split()[0] if isinstance(value, list) and value and value[-1] in ("c", "q") else "",
)  # fmt: skip
def test_what_commands_do(stories, commands, shown):
    text = stories(*commands)
    for expected in shown:
        assert expected in text
    assert "/ipykernel_" not in text


def test_code_is_run_step_by_step_after_an_error(cell):
    cell("1 / 0")
    text = cell("%debug", "debug [n for n in (1, 2)]", "q", "p 'looks at', 'the error'", "q")
    assert text.endswith("LEAVING RECURSIVE DEBUGGER\n('looks at', 'the error')\n")


SKIPS = """\
def helper():
    return 1
def decorated(function):
    def wrapper():
        __debuggerskip__ = True
        helper()
        __debuggerskip__ = False
        result = function()
        __debuggerskip__ = True
        helper()
        return result
    return wrapper
@decorated
def inner():
    return 'inner'
breakpoint()
inner()
last = 1"""


def test_what_asks_to_be_skipped_is_stepped_over_unless_it_is_wanted(cell):
    text = cell(SKIPS, "s", "s", "w 1", "c")
    assert "Cell In[1]:15 inner()" in text
    assert "> Cell In[1]:2 helper()" not in text
    text = cell(SKIPS, "skip_predicates debuggerskip no", "s", "s", "s", "s", "c")
    assert "wrapper()" in text
    text = cell(SKIPS, "b helper", "c", "cl 1", "y", "q")
    assert ":2 helper()" in text
    bdb.Breakpoint.clearBreakpoints()


def test_breakpoint_says_something_first_and_shows_as_much_as_is_wanted(cell, kernel):
    text = cell("x = 1\nbreakpoint(header='look here', context=1)\nx = 2\nx = 3", "n", "c")
    assert text.splitlines() == [
        "look here",
        "> Cell In[1]:3",
        "----> 3    x = 2",
        "> Cell In[1]:4",
        "----> 4    x = 3",
    ]
    refused = kernel.execute("breakpoint(1, what=2)")
    assert (refused["ename"], "header=" in refused["evalue"]) == ("TypeError", True)
