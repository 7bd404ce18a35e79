"""Stories of cells: what a person types, and what the shell makes of it."""

from __future__ import annotations

import asyncio
import builtins
import contextvars
import inspect
import linecache
import sys
import weakref
from typing import Any

import pytest

from nuncius.kernel.current import get_shell
from nuncius.kernel.errors import InputRejected, TryNext, UsageError
from nuncius.kernel.namespace import Namespace
from nuncius.kernel.options import ShellOptions
from nuncius.kernel.shell import Shell
from nuncius.protocol.errors import OptionError


def texts(frontend: Any) -> list[str]:
    """Return the plain texts of the results that came."""
    return [content["data"]["text/plain"] for content in frontend.of("execute_result")]


def run(shell: Shell, code: str) -> Any:
    return shell.run_cell(code, store_history=True)


def test_the_value_of_the_last_expression_is_shown_and_remembered(shell, frontend):
    result = run(shell, "x = 20\nx + 1")
    assert (result.success, result.result, result.execution_count) == (True, 21, 1)
    assert frontend.take() == [
        ("execute_result", {"execution_count": 1, "data": {"text/plain": "21"}, "metadata": {}})
    ]
    run(shell, "_ * 2")
    run(shell, "[_1, Out[2], _, __, In[1]]")
    assert texts(frontend) == ["42", "[21, 42, 42, 21, 'x = 20\\nx + 1']"]


@pytest.mark.parametrize(
    "code", ["1 + 1;", "1 + 1;  # no", "1 + 1 ;\n", "'a;'; ", "x = ';'\nx;\n# comment\n"]
)
def test_a_semicolon_at_the_end_keeps_the_value_from_being_shown(shell, frontend, code):
    assert run(shell, code).success
    assert frontend.take() == []


@pytest.mark.parametrize("code", ["';'", "1  # ;", "('a;'\n'b')"])
def test_a_semicolon_elsewhere_does_not(shell, frontend, code):
    run(shell, code)
    assert len(texts(frontend)) == 1


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("all", ["1", "2", "3"]),
        ("last_expr", ["3"]),
        ("none", []),
        ("last_expr_or_assign", ["3"]),
    ],
)
def test_which_values_are_shown_is_an_option(shell, frontend, mode, expected):
    shell.ast_node_interactivity = mode
    run(shell, "1\ny = 5\n2\n3")
    assert texts(frontend) == expected


def test_assigned_values_and_blocks_can_be_shown_too(shell, frontend):
    shell.ast_node_interactivity = "last_expr_or_assign"
    run(shell, "a = 1\nb = a + 1")
    shell.ast_node_interactivity = "last"
    run(shell, "for i in range(2):\n    i * 10")
    assert texts(frontend) == ["2", "0", "10"]
    shell.ast_node_interactivity = "all"
    run(shell, "if 1:\n    5\nwith open('/dev/null'):\n    6\ndef f():\n    7\nclass A:\n    8\n9")
    assert texts(frontend) == ["5", "6", "9"]


def test_an_error_is_shown_counted_and_in_the_result(shell, frontend):
    result = run(shell, "1/0")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    (error,) = frontend.of("error")
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert "Cell In[1]" in "\n".join(error["traceback"])
    assert shell.execution_count == 2
    with pytest.raises(ZeroDivisionError):
        result.raise_error()


def test_a_cell_that_is_no_python_runs_nothing_of_itself(shell, frontend):
    result = run(shell, "x = 1\nreturn x")
    assert isinstance(result.error_before_exec, SyntaxError)
    assert "x" not in shell.user_ns
    assert frontend.of("error")[0]["ename"] == "SyntaxError"


@pytest.mark.parametrize("code", ["", "  \n ", "# only a comment", "\ufeff", "a" * 10, "(" * 300])
def test_odd_texts_never_raise(shell, code):
    run(shell, code)


def test_silent_cells_leave_no_trace(shell, frontend):
    events: list[str] = []
    shell.events.register("pre_run_cell", lambda info: events.append("pre"))
    shell.events.register("post_execute", lambda: events.append("post_execute"))
    result = shell.run_cell("y = 1\ny", store_history=True, silent=True)
    assert result.success
    assert (shell.execution_count, frontend.take(), events) == (1, [], ["post_execute"])
    assert shell.namespace.inputs == [""]


def test_events_tell_the_life_of_a_cell(shell):
    told: list[Any] = []
    shell.events.register("pre_execute", lambda: told.append("pre_execute"))
    shell.events.register("pre_run_cell", lambda info: told.append(info.raw_cell))
    shell.events.register("post_execute", lambda: told.append("post_execute"))
    shell.events.register("post_run_cell", lambda result: told.append(result.result))
    run(shell, "40 + 2")
    assert told == ["pre_execute", "40 + 2", "post_execute", 42]


def test_a_callback_that_fails_does_not_stop_the_cell(shell, frontend, capsys):
    def broken() -> None:
        raise ValueError("mine")

    shell.events.register("pre_execute", broken)
    assert run(shell, "1").success
    assert "pre_execute" in capsys.readouterr().err
    assert frontend.of("error")[0]["evalue"] == "mine"
    shell.events.unregister("pre_execute", broken)
    with pytest.raises(ValueError, match="not registered"):
        shell.events.unregister("pre_execute", broken)
    with pytest.raises(KeyError, match="pre_execute"):
        shell.events.register("nothing", broken)


def test_top_level_await_works_and_tasks_outlive_cells(shell, frontend):
    run(shell, "import asyncio\nasync def tick():\n    await asyncio.sleep(0)\n    return 7")
    run(shell, "task = asyncio.ensure_future(tick()) if False else None\nawait tick()")
    run(shell, "loop1 = asyncio.get_running_loop(); await tick();")
    run(shell, "loop1 is asyncio.get_running_loop() and await tick()")
    assert texts(frontend) == ["7", "7"]


def test_await_can_be_turned_off(shell, frontend):
    shell.set_option("autoawait", False)
    assert not shell.should_run_async("await x")
    assert isinstance(run(shell, "await x").error_before_exec, SyntaxError)
    shell.set_option("autoawait", True)
    assert shell.should_run_async("await x")
    assert not shell.should_run_async("async def f(): await x")


def test_the_sync_runner_drives_what_never_waits(shell, frontend):
    shell.set_option("loop_runner", "sync")
    run(shell, "async def f(): return 3")
    run(shell, "await f()")
    assert texts(frontend) == ["3"]
    assert not run(shell, "import asyncio; await asyncio.sleep(1)").success


def test_cells_run_on_a_loop_that_runs_already(shell):
    async def main() -> Any:
        return await shell.run_cell_async("import asyncio\nawait asyncio.sleep(0, 5)")

    assert asyncio.run(main()).result == 5

    async def nested() -> Any:
        return shell.run_cell("import asyncio\nawait asyncio.sleep(0)")

    assert "run_cell_async" in str(asyncio.run(nested()).error_before_exec)


def test_context_variables_stay_set(shell):
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)
    shell.user_ns["variable"] = variable
    run(shell, "variable.set(4);")
    assert run(shell, "variable.get()").result == 4


def test_future_imports_hold_for_later_cells(shell):
    run(shell, "from __future__ import annotations\nx = 1")
    run(shell, "def f(a: nothing): pass")
    assert run(shell, "f.__annotations__").result == {"a": "nothing"}
    shell.compile.reset_compiler_flags()
    assert not run(shell, "def g(a: nothing): pass").success


def test_the_source_of_cells_is_found(shell):
    run(shell, "def f():\n    return 'here'")
    function = shell.user_ns["f"]
    linecache.checkcache()
    assert inspect.getsource(function) == "def f():\n    return 'here'\n"
    assert "/ipykernel_" in function.__code__.co_filename.replace("\\", "/")
    assert shell.compile.format_code_name(function.__code__.co_filename) == ("Cell", "In[1]")


def test_ast_transformers_change_cells_and_can_refuse_them(shell, frontend, recwarn):
    import ast

    class Doubler(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.Constant(node.value * 2)

    class Refuser(ast.NodeTransformer):
        def visit_Name(self, node):
            raise InputRejected("no names here")

    class Broken(ast.NodeTransformer):
        def visit_Constant(self, node):
            raise ZeroDivisionError

    shell.ast_transformers.append(Doubler())
    assert run(shell, "21").result == 42
    shell.ast_transformers.append(Refuser())
    assert isinstance(run(shell, "x").error_before_exec, InputRejected)
    shell.ast_transformers[:] = [Broken()]
    assert run(shell, "5").result == 5
    assert shell.ast_transformers == []
    assert "it is taken out" in str(recwarn.pop().message)


def test_input_transformers_of_extensions_see_every_cell(shell):
    shell.input_transformers_cleanup.append(lambda lines: [x.replace("plus", "+") for x in lines])
    shell.input_transformers_post.append(lambda lines: [*lines, "z = 1\n"])
    run(shell, "y = 1 plus 2")
    assert (shell.user_ns["y"], shell.user_ns["z"]) == (3, 1)

    def broken(lines: list[str]) -> list[str]:
        raise SyntaxError("not today")

    shell.input_transformers_cleanup.append(broken)
    assert str(run(shell, "1").error_before_exec) == "not today"


def test_the_language_of_the_shell_reaches_the_namespace(shell, frontend):
    run(shell, "n = 3")
    assert run(shell, "files = !echo $n {n + 1} $$n").success
    assert shell.user_ns["files"] == ["3 4"]  # the doubled dollar was left to sh
    assert shell.user_ns["_exit_code"] == 0
    run(shell, "!exit 3")
    assert shell.user_ns["_exit_code"] == 3


@pytest.mark.parametrize("user_shell", [None, "/bin/sh", "/bin/bash"])
def test_a_command_that_a_signal_ends_tells_its_number(shell, monkeypatch, user_shell):
    if user_shell is None:
        monkeypatch.delenv("SHELL", raising=False)
    else:
        monkeypatch.setenv("SHELL", user_shell)
    program = f'{sys.executable} -c "import os; os.kill(os.getpid(), 14)"'
    for code, expected in {
        f"!{program}": -14,
        f"!{program}; exit $?": -14,  # the shell has waited for it
        f"said = !{program}; exit $?": -14,
        "!exit 255": 255,
        "!exit 128": 128,
    }.items():
        run(shell, code)
        assert (code, shell.user_ns["_exit_code"]) == (code, expected)


def test_output_of_commands_comes_as_it_is_written(shell, capsys):
    run(shell, "!printf 'a\\nb\\n'; echo c >&2")
    assert capsys.readouterr().out == "a\nb\nc\n"


def test_magics_are_found_run_and_missed(shell, frontend, capsys):
    shell.register_magic_function(lambda line: f"<{line}>", magic_name="mark")
    shell.register_magic_function(
        lambda line, cell: (line, cell), magic_kind="cell", magic_name="both"
    )
    shell.user_ns["v"] = 5
    assert run(shell, "%mark a $v").result == "<a 5>"
    assert run(shell, "mark b").result == "<b>"
    assert run(shell, "%%both x\ny\nz").result == ("x", "y\nz\n")
    error = run(shell, "%marc").error_in_exec
    assert isinstance(error, UsageError)
    assert "mark" in str(error)
    assert capsys.readouterr().err.startswith("UsageError: Line magic function `%marc`")


def test_a_variable_hides_the_magic_of_its_name(shell):
    shell.register_magic_function(lambda line: "magic", magic_name="mark")
    assert run(shell, "mark").result == "magic"
    run(shell, "mark = 1")
    assert run(shell, "mark").result == 1
    assert run(shell, "%mark").result == "magic"


def test_functions_are_called_automatically_when_asked_for(shell):
    run(shell, "def f(*a): return a")
    shell.autocall = 1
    assert run(shell, "f 1, 2").result == (1, 2)
    assert callable(run(shell, "f").result)
    assert run(shell, "f == 3").result is False
    shell.autocall = 2
    assert run(shell, "f").result == ()


@pytest.mark.parametrize(
    ("line", "call", "value"),
    [
        ("f 1, 2", "f(1, 2)", (1, 2)),
        ("f 'a' 'b'", "f('a' 'b')", ("ab",)),
        ("f [1]", "f([1])", ([1],)),
        ("f {1}", "f({1})", ({1},)),
        ("f .5", "f(.5)", (0.5,)),
        ("f 1 ;", "f(1);", None),
        ("f -1", None, TypeError),
        ("f . __name__", None, "f"),
        ("list [int]", None, list[int]),
        ("mapping [1]", None, 2),
        ("f (1)", None, (1,)),
        ("f == 1", None, False),
        ("f if f else 1", None, "the function"),
        ("f is None", None, False),
        ("f not 1", None, SyntaxError),
        ("nothing 1", None, SyntaxError),
    ],
)
def test_the_call_that_a_line_becomes_is_shown(shell, capsys, line, call, value):
    run(shell, "def f(*a): return a\nmapping = {1: 2}")
    shell.autocall = 1
    result = run(shell, line)
    if isinstance(value, type) and issubclass(value, Exception):
        assert isinstance(result.error_before_exec or result.error_in_exec, value)
    else:
        assert result.result == (shell.user_ns["f"] if value == "the function" else value)
    shown = [line for line in capsys.readouterr().out.splitlines() if line.startswith("-----")]
    assert shown == ([f"------> {call}"] if call else [])


def test_a_question_mark_alone_says_what_this_is(shell):
    run(shell, "?")
    (payload,) = shell.payload_manager.take()
    assert payload["data"]["text/plain"].startswith("Interactive Python\n")


def test_hooks_take_pages_and_the_places_of_errors(shell, tmp_path):
    pages, places = [], []

    def pager(shell, data, start, screen_lines):
        if "Interactive" not in data["text/plain"]:
            raise TryNext
        pages.append((data["text/plain"][:11], start))

    shell.set_hook("show_in_pager", pager)
    shell.set_hook("synchronize_with_editor", lambda shell, *place: places.append(place))
    run(shell, "?")
    assert (pages, shell.payload_manager.take()) == ([("Interactive", 0)], [])
    run(shell, "text = 'long'\n%page text")
    assert [each["source"] for each in shell.payload_manager.take()] == ["page"]
    program = tmp_path / "program.py"
    program.write_text("\n1 / 0\n")
    run(shell, f"%run {program}")
    program.write_text("\n\nx y\n")
    run(shell, f"%run {program}")
    assert places == [(str(program), 2, 0), (str(program), 3, 0)]


def test_libraries_learn_that_they_run_in_cells(shell):
    assert run(shell, "__IPYTHON__ and 'IPYTHON' not in dir()").result is True


def test_exit_asks_the_frontend(shell):
    run(shell, "exit")
    assert shell.payload_manager.take() == [{"source": "ask_exit", "keepkernel": False}]
    run(shell, "quit(True)")
    assert shell.payload_manager.take() == [{"source": "ask_exit", "keepkernel": True}]


def test_sys_exit_does_not_end_the_shell(shell, frontend, capsys):
    result = run(shell, "import sys; sys.exit('bye')")
    assert isinstance(result.error_in_exec, SystemExit)
    assert frontend.of("error")[0]["evalue"] == "bye"
    assert run(shell, "1").success


def test_macros_run_when_they_are_named(shell):
    shell.define_macro("m", "a = 1\nb = 2\n")
    run(shell, "m")
    assert (shell.user_ns["a"], shell.user_ns["b"]) == (1, 2)


def test_nothing_of_a_failed_cell_is_held_after_the_next_success(shell):
    class Big:
        pass

    shell.user_ns["Big"] = Big
    run(
        shell, "def f():\n    big = Big()\n    refs.append(__import__('weakref').ref(big))\n    1/0"
    )
    refs: list[weakref.ref[Any]] = []
    shell.user_ns["refs"] = refs
    run(shell, "f()")
    assert refs[0]() is not None  # a debugger can still look at it
    assert sys.last_traceback is not None
    run(shell, "1")
    assert refs[0]() is None  # at once: the collector may come much later


def test_the_cache_of_values_is_limited(frontend):
    shell = Shell(ShellOptions(cache_size=5))
    for number in range(20):
        run(shell, f"{number}")
    assert len(shell.user_ns["Out"]) <= 5
    assert shell.user_ns["Out"][20] == 19
    assert "_1" not in shell.user_ns
    inputs = [name for name in shell.user_ns if name.startswith("_i") and name[2:].isdigit()]
    assert inputs == ["_i16", "_i17", "_i18", "_i19", "_i20"]
    assert shell.user_ns["In"][1] == "0"
    shell.close()


def test_an_underscore_that_is_taken_is_left_alone(shell):
    run(shell, "_ = 'mine'")
    run(shell, "5")
    assert shell.user_ns["_"] == "mine"
    run(shell, "del _")
    run(shell, "6")
    assert shell.user_ns["_"] == 6


def test_reset_gives_a_fresh_namespace(shell):
    run(shell, "x = 1\n5")
    shell.reset()
    assert "x" not in shell.user_ns
    assert shell.execution_count == 1
    assert shell.user_ns["Out"] == {}
    assert run(shell, "len(In), get_ipython() is not None").result == (2, True)


def test_deleting_a_value_forgets_it_everywhere(shell):
    run(shell, "x = [1]\nx")
    run(shell, "y = x")
    shell.del_var("x")
    assert not {"x", "y", "_1"} & set(shell.user_ns)
    assert shell.user_ns["Out"] == {}
    with pytest.raises(NameError, match="'nothing' is not defined"):
        shell.del_var("nothing")


def test_push_takes_mappings_and_names(shell):
    a_local = 5
    shell.push({"b": 6}, interactive=False)
    shell.push("a_local")
    assert (shell.user_ns["a_local"], shell.user_ns["b"]) == (a_local, 6)
    assert shell.namespace.names() == ["a_local"]
    shell.drop_by_id({"b": 6})
    assert "b" not in shell.user_ns
    with pytest.raises(TypeError, match="mapping"):
        shell.push(3)  # type: ignore[arg-type]


def test_user_expressions_are_evaluated_each_on_its_own(shell):
    shell.user_ns["x"] = 3
    answers = shell.user_expressions({"a": "x + 1", "b": "1/0"})
    assert answers["a"] == {"status": "ok", "data": {"text/plain": "4"}, "metadata": {}}
    assert (answers["b"]["status"], answers["b"]["ename"]) == ("error", "ZeroDivisionError")


def test_custom_handlers_take_their_exceptions(shell, frontend):
    seen: list[Any] = []

    def handler(shell, etype, value, tb, tb_offset=None):
        seen.append(etype)
        return ["handled"]

    shell.set_custom_exc((ZeroDivisionError,), handler)
    run(shell, "1/0")
    assert (seen, frontend.of("error")[0]["traceback"]) == ([ZeroDivisionError], ["handled"])
    run(shell, "nothing")
    assert len(seen) == 1

    def broken(shell, etype, value, tb, tb_offset=None):
        raise RuntimeError("mine")

    shell.set_custom_exc((ZeroDivisionError,), broken)
    run(shell, "1/0")
    assert shell.custom_exceptions == ()


def test_input_asks_the_frontend(shell, frontend):
    frontend.answers = ["Ada", "secret"]
    run(shell, "name = input('Name? ')\nimport getpass\nword = getpass.getpass('Word? ')")
    assert (shell.user_ns["name"], shell.user_ns["word"]) == ("Ada", "secret")
    assert frontend.of("input_request") == [
        {"prompt": "Name? ", "password": False},
        {"prompt": "Word? ", "password": True},
    ]


def test_several_shells_live_side_by_side(frontend):
    one, two = Shell(), Shell()
    run(one, "x = 1\nmine = get_ipython()")
    run(two, "x = 2\nmine = get_ipython()")
    assert (one.user_ns["x"], two.user_ns["x"]) == (1, 2)
    assert (one.user_ns["mine"], two.user_ns["mine"]) == (one, two)
    two.user_ns["one"] = one
    run(two, "one.run_cell('inner = get_ipython_builtin()')")
    assert get_shell() is two
    two.close()
    assert get_shell() is one
    one.close()
    assert get_shell() is None
    assert not hasattr(builtins, "get_ipython")
    assert not hasattr(builtins, "display")


def test_a_cell_can_run_cells(shell, frontend):
    run(shell, "r = get_ipython().run_cell('1/0')")
    assert isinstance(shell.user_ns["r"].error_in_exec, ZeroDivisionError)
    assert run(shell, "get_ipython().run_cell('7').result + 1").result == 8


def test_options_change_at_run_time(shell):
    shell.set_option("xmode", "Plain")
    assert shell.tracebacks.mode == "Plain"
    shell.set_option("float_precision", "3")
    assert shell.display_formatter.format(1 / 3)[0] == {"text/plain": "0.333"}
    with pytest.raises(OptionError, match="xmode"):
        shell.set_option("xmod", "Plain")


def test_pickles_find_what_cells_define(frontend):
    before = sys.modules["__main__"]
    shell = Shell(own_main=True)
    run(shell, "import pickle\nclass C: pass\nback = pickle.loads(pickle.dumps(C()))")
    assert type(shell.user_ns["back"]).__name__ == "C"
    shell.close()
    assert sys.modules["__main__"] is before


def test_a_shell_over_a_given_dictionary():
    ns = {"a": 1}
    namespace = Namespace(user_ns=ns)
    assert namespace.user_ns is ns
    shell = Shell(user_ns=ns)
    assert run(shell, "b = a + 1").success
    assert ns["b"] == 2
    shell.close()


@pytest.mark.parametrize(
    ("code", "ename"),
    [
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise BaseException('x')", "BaseException"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f(): f()\nf()", "RecursionError"),
        ("class E(Exception):\n    def __str__(self): 1/0\nraise E", "E"),
        ("class R:\n    def __repr__(self): raise ValueError('r')\nR()", "ValueError"),
        ("raise ExceptionGroup('g', [ValueError(1), TypeError(2)])", "ExceptionGroup"),
        ("x = '\\ud800'\nraise ValueError(x)", "ValueError"),
        ("a\0b", "SyntaxError"),
        ("del __builtins__\nlen = None\n1/0", "ZeroDivisionError"),
        ("x = 1\n  y = 2", "IndentationError"),
    ],
)
def test_odd_errors_are_shown_and_survived(shell, frontend, code, ename):
    run(shell, code)
    assert [content["ename"] for content in frontend.of("error")] == [ename]
    assert run(shell, "'alive'").result == "alive"


def test_a_cell_may_break_its_own_streams(shell, frontend, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert not run(shell, "1/0").success
    assert frontend.of("error")[0]["ename"] == "ZeroDivisionError"
    assert not run(shell, "%no_such_magic").success
