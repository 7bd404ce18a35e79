"""The kernel's answers to requests: the contents of replies, as the protocol wants them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from nuncius.kernel.app import build, create, main
from nuncius.kernel.install import kernel_spec
from nuncius.kernel.python_kernel import kernel_info
from nuncius.protocol.errors import OptionError
from nuncius.protocol.kernel import CompleteRequest, HistoryRequest, InspectRequest


def test_the_kernel_says_what_it_is_before_it_has_a_shell():
    kernel = build(startup=False)
    info = kernel.info.reply()
    assert info["language_info"]["name"] == "python"
    assert info["language_info"]["version"] == sys.version.split()[0]
    assert info["language_info"]["codemirror_mode"] == {"name": "ipython", "version": 3}
    assert kernel._shell is None


def test_a_cell_is_announced_and_answered(kernel, frontend):
    reply = kernel.execute("print('x')\n1 + 1", user_expressions={"a": "_ + 1"})
    assert reply == {
        "status": "ok",
        "execution_count": 1,
        "payload": [],
        "user_expressions": {"a": {"status": "ok", "data": {"text/plain": "3"}, "metadata": {}}},
    }
    assert frontend.take() == [
        ("execute_input", {"code": "print('x')\n1 + 1", "execution_count": 1}),
        ("execute_result", {"execution_count": 1, "data": {"text/plain": "2"}, "metadata": {}}),
    ]


def test_an_error_is_published_and_in_the_reply(kernel, frontend):
    reply = kernel.execute("1/0", user_expressions={"a": "1"})
    assert (reply["status"], reply["ename"], reply["evalue"]) == (
        "error",
        "ZeroDivisionError",
        "division by zero",
    )
    assert reply["user_expressions"] == {}
    (published,) = frontend.of("error")
    assert published["traceback"] == reply["traceback"]


def test_what_is_not_stored_is_not_counted(kernel, frontend):
    assert kernel.execute("1", store_history=False)["execution_count"] == 1
    assert frontend.of("execute_result")[0]["execution_count"] == 1
    assert kernel.execute("1", silent=True, store_history=False)["execution_count"] == 1
    assert frontend.take() == []
    assert kernel.execute("2")["execution_count"] == 1
    assert kernel.execute("3")["execution_count"] == 2


def test_awaiting_cells_are_awaited_by_the_server(kernel):
    reply = kernel.execute("import asyncio\nx = await asyncio.sleep(0, 'done')")
    assert (reply["status"], kernel.shell.user_ns["x"]) == ("ok", "done")
    assert (
        kernel.execute("import asyncio\nawait asyncio.sleep(0)\n1/0")["ename"]
        == "ZeroDivisionError"
    )


def test_payloads_travel_once(kernel):
    kernel.shell.set_next_input("next", replace=True)
    reply = kernel.execute("get_ipython().set_next_input('x'); get_ipython().show_page('long')")
    assert [payload["source"] for payload in reply["payload"]] == ["set_next_input", "page"]
    assert kernel.execute("1")["payload"] == []
    assert kernel.execute("exit")["payload"] == [{"source": "ask_exit", "keepkernel": False}]


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        ("1", {"status": "complete"}),
        ("for i in x:", {"status": "incomplete", "indent": "    "}),
        ("%%bash\nls", {"status": "incomplete", "indent": ""}),
        ("x = )", {"status": "invalid"}),
        ("!ls", {"status": "complete"}),
    ],
)
def test_whether_code_is_complete(kernel, frontend, code, reply):
    assert kernel.kernel.is_complete(code, frontend) == reply


def test_completion_inspection_and_history_answer(kernel, frontend):
    kernel.execute("variable = [1]")
    reply = kernel.kernel.complete(CompleteRequest("print(varia", 11), frontend)
    assert "variable" in reply["matches"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (6, 11)
    found = kernel.kernel.inspect(InspectRequest("variable", 3), frontend)
    assert found["status"] == "ok"
    history = kernel.kernel.history(HistoryRequest("tail", n=1), frontend)
    assert history["history"][-1][2] == "variable = [1]"


def test_the_kernel_reports_its_usage(kernel, frontend):
    report: dict[str, Any] = dict(kernel.kernel.usage(frontend))
    assert report["pid"] == os.getpid()
    assert report["kernel_memory"] > 1_000_000
    assert report["status"] == "ok"


def test_cells_are_the_main_module_while_the_kernel_lives(frontend):
    before = sys.modules["__main__"]
    kernel = create(startup=False)
    assert kernel.shell.user_module is sys.modules["__main__"]
    kernel.shutdown(restart=False)
    kernel.shutdown(restart=False)
    assert sys.modules["__main__"] is before


def test_options_are_read_from_the_command_line(frontend, capsys):
    kernel = build(["--ShellOptions.cache_size=7", "--no-history"], startup=False)
    assert kernel.shell.options.cache_size == 7
    assert not kernel.shell.options.history
    kernel.shutdown(restart=False)
    with pytest.raises(OptionError, match="cache_size"):
        build(["--ShellOptions.cache_siz=7"])
    assert main(["--nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_startup_runs_what_the_profile_and_the_options_say(frontend, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NUNCIUS_DIR", str(tmp_path))
    startup = tmp_path / "profiles" / "default" / "startup"
    startup.mkdir(parents=True)
    (startup / "10-one.py").write_text("one = 1", encoding="utf-8")
    (startup / "20-two.ipy").write_text("two = !echo 2", encoding="utf-8")
    (startup / "30-bad.py").write_text("1/0", encoding="utf-8")
    python_startup = tmp_path / "start.py"
    python_startup.write_text("zero = 0", encoding="utf-8")
    monkeypatch.setenv("PYTHONSTARTUP", str(python_startup))
    kernel = build(["-c", "three = one + 2", "--ext", "no_such_extension"])
    kernel.start(frontend)
    ns = kernel.shell.user_ns
    assert (ns["zero"], ns["one"], ns["two"], ns["three"]) == (0, 1, ["2"], 3)
    assert kernel.shell.namespace.names() == ["three"]
    errors = [content["ename"] for kind, content in frontend.take() if kind == "error"]
    assert errors == ["ModuleNotFoundError", "ZeroDivisionError"]
    kernel.shutdown(restart=False)


def test_stored_variables_come_back_at_the_start(frontend, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NUNCIUS_DIR", str(tmp_path))
    for arguments, code in (
        ([], "kept = [1]\n%store kept"),
        (["--KernelOptions.autorestore=true"], "kept"),
    ):
        kernel = build(arguments)
        kernel.start(frontend)
        assert kernel.shell.run_cell(code).success
        kernel.shutdown(restart=False)
    assert frontend.of("execute_result")[-1]["data"] == {"text/plain": "[1]"}


def test_installing_writes_a_kernelspec(tmp_path, capsys):
    from nuncius.protocol.kernelspec import KernelSpec

    arguments = ["install", "--prefix", str(tmp_path), "--display-name=Mine", "--env", "A", "b"]
    assert main(arguments) == 0
    spec = KernelSpec.load(tmp_path / "share" / "jupyter" / "kernels" / "nuncius-python")
    assert spec.argv[:4] == (sys.executable, "-P", "-m", "nuncius.kernel")
    assert (spec.display_name, dict(spec.env)) == ("Mine", {"A": "b"})
    assert main(["install", "--wrong"]) == 2
    assert "'--wrong' is not understood" in capsys.readouterr().err
    assert main(["install", "--help"]) == 0


def test_a_mistake_in_a_configuration_file_is_told_and_survived(
    frontend, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("NUNCIUS_DIR", str(tmp_path))
    (tmp_path / "config.py").write_text("c.ShellOptions.cache_siz = 3", encoding="utf-8")
    kernel = build()
    kernel.start(frontend)
    assert kernel.shell.options.cache_size == 1000
    message = capsys.readouterr().err
    assert "config.py" in message
    assert "cache_size" in message
    kernel.shutdown(restart=False)
    (tmp_path / "config.py").write_text("c.ShellOptions.cache_size = 3", encoding="utf-8")
    kernel = build()
    assert kernel.shell.options.cache_size == 3
    kernel.shutdown(restart=False)


def test_the_spec_in_the_wheel_says_what_the_kernel_can_do():
    """It is a file, while `kernel_spec` looks: debugpy comes with the kernel."""
    shipped = Path(__file__).parents[1] / "share/jupyter/kernels/nuncius-python/kernel.json"
    made = kernel_spec().to_dict()
    made["argv"][0] = "python"
    assert made.pop("env") == {}
    assert json.loads(shipped.read_text()) == made


def test_without_debugpy_nothing_is_promised(monkeypatch):
    assert kernel_info().supported_features == ("debugger", "variables")
    monkeypatch.setattr(sys, "path", [p for p in sys.path if "site-packages" not in p])
    assert kernel_info().supported_features == ("variables",)
    assert kernel_spec().metadata["debugger"] is False


def test_sections_that_a_frontend_omits_are_not_told(kernel, frontend):
    kernel.execute("def documented(x):\n    'words'")

    def shown(*omitted: str) -> str:
        request = InspectRequest("documented", 10, 0, omitted)
        return str(kernel.kernel.inspect(request, frontend)["data"]["text/plain"])

    assert "words" in shown()
    assert "words" not in shown("docstring")
    assert "documented(x)" in shown("docstring")
