"""Magics over ZeroMQ: pages and questions reach the frontend, output belongs to its cell, interrupts reach programs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client

LIMIT = 60


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Client]]:
    """A kernel process with a client."""
    folder = tmp_path_factory.mktemp("nuncius")
    spec = kernel_spec(env={"NUNCIUS_DIR": str(folder)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        yield manager, client


@pytest.fixture
def client(process: tuple[Any, Client]) -> Client:
    return process[1]


def run(client: Client, code: str, **options: Any) -> Any:
    return client.execute(code, **options).result(LIMIT)


def test_help_is_a_page_of_the_frontend(client):
    (page,) = run(client, "len?").reply.content["payload"]
    assert page["source"] == "page"
    assert "Return the number of items" in page["data"]["text/plain"]


def test_questions_of_magics_are_answered_by_the_frontend(client):
    run(client, "precious = 1")
    questions = []

    def answer(question: Any) -> str:
        questions.append(question.prompt)
        return "n"

    run(client, "%reset", on_input=answer)
    assert questions == ["Once deleted, variables cannot be recovered. Proceed (y/[n])? "]
    assert run(client, "precious").data["text/plain"] == "1"
    assert run(client, "%reset", allow_stdin=False).ok
    assert run(client, "precious").error.ename == "NameError"


def test_output_of_programs_comes_while_they_run(client, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    seen = []

    def on_output(message: Any) -> None:
        if message.msg_type == "stream":
            seen.append(message.content["text"])
            if len(seen) == 1:
                gate.write_text("go on\n")

    code = f"%%bash\necho first\nread line < {gate}\necho $line\n"
    assert client.execute(code, on_output=on_output).result(LIMIT).ok
    assert "".join(seen) == "first\ngo on\n"


def test_an_interrupt_reaches_the_program(process):
    manager, client = process

    def on_output(message: Any) -> None:
        if message.msg_type == "stream" and "started" in message.content["text"]:
            manager.interrupt()

    code = "%%bash\necho started\nsleep 1000\n"
    result = client.execute(code, on_output=on_output).result(LIMIT)
    assert result.error.ename == "KeyboardInterrupt"
    assert run(client, "1").ok


def test_capture_and_time_together(client):
    result = run(
        client, "%%capture kept\n%time print(1)\nfrom IPython.display import HTML\nHTML('x')"
    )
    assert (result.ok, result.text(), result.outputs) == (True, "", ())
    assert run(client, "kept.stdout.startswith('1\\nCPU times')").data["text/plain"] == "True"
    assert "text/html" in run(client, "kept.outputs[0]").data


def test_the_debugger_talks_through_the_frontend(client):
    run(client, "def f(x):\n    y = x * 2\n    raise ValueError(y)\nf(21)")
    answers = ["p y", "q"]
    result = run(client, "%debug", on_input=lambda question: answers.pop(0))
    assert "\n42\n" in f"\n{result.text()}"
    assert answers == []


def test_connect_info_leads_to_this_kernel(process):
    _, client = process
    printed = run(client, "%connect_info").text()
    told = json.loads(printed[: printed.index("}") + 1])
    assert told["key"]
    name = printed.rsplit("--existing ", 1)[1].strip()
    assert name.endswith(".json")
    assert Path(name).name == name


def test_autoreload_in_a_kernel(client, tmp_path):
    module = tmp_path / "k3_served.py"
    module.write_text("def f():\n    return 1\n")
    run(
        client,
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n%load_ext autoreload\n%autoreload 2",
    )
    assert run(client, "from k3_served import f\nf()").data["text/plain"] == "1"
    module.write_text("def f():\n    return 2222\n")
    assert run(client, "f()").data["text/plain"] == "2222"


def test_the_history_of_this_and_other_kernels(tmp_path):
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        for cell in ("a = 1", "b = !echo 2", "a = 1", "a + 1"):
            run(client, cell)
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        run(client, "a = 5\na")

        def asked(**request: Any) -> list[Any]:
            return list(client.history(**request, timeout=LIMIT).content["history"])

        assert asked(hist_access_type="tail", n=2) == [[1, 4, "a + 1"], [2, 1, "a = 5\na"]]
        assert asked(hist_access_type="range", session=0, output=True) == [
            [0, 1, ["a = 5\na", "5"]]
        ]
        assert asked(hist_access_type="range", session=0) == [[0, 1, "a = 5\na"]]
        assert asked(hist_access_type="range", session=-1, start=2, stop=3, raw=False) == [
            [1, 2, "b = get_ipython().getoutput('echo 2')"]
        ]
        assert asked(hist_access_type="range", session=1, start=3) == [
            [1, 3, "a = 1"],
            [1, 4, "a + 1"],
        ]
        assert asked(hist_access_type="search", pattern="a = ?") == [
            [1, 1, "a = 1"],
            [1, 3, "a = 1"],
        ]
        assert asked(hist_access_type="search", pattern="a = ?", unique=True) == [[1, 3, "a = 1"]]
        assert asked(hist_access_type="search", pattern="a*", n=1) == [[2, 1, "a = 5\na"]]
        assert asked(hist_access_type="search", pattern="nothing*") == []
