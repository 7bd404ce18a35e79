"""Magics over ZeroMQ: pages and questions reach the frontend, output belongs to its cell, interrupts reach programs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.serving import CallHost, find_kernel
from nuncius.protocol.transport.memory import MemoryChannels

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


def test_a_session_becomes_a_notebook_with_all_that_was_shown(client, tmp_path):
    run(client, "%reset -f")
    cells = [
        "import sys\nprint('one')\nprint('two', file=sys.stderr)\nprint('three')",
        "from IPython.display import HTML, JSON, clear_output, display, update_display\nHTML('<b>\\n1</b>')",
        "handle = display('early', display_id='mine')\ndisplay(JSON({'a': [1]}), metadata={'m': 1})",
        "update_display('late', display_id='mine')",
        "print('gone'); clear_output(); print('50%\\r100%')",
        "1 / 0",
        "'a value'",
    ]
    for cell in cells:
        run(client, cell)
    result = run(client, f"%notebook {tmp_path}/n.ipynb")
    document = json.loads((tmp_path / "n.ipynb").read_text())
    made = {"".join(cell["source"]): cell for cell in document["cells"]}
    number = result.reply.content["execution_count"]
    outputs = [made[cell]["outputs"] for cell in cells]
    failed = outputs.pop(5)
    assert [made[cell]["execution_count"] for cell in cells] == list(range(number - 7, number))
    assert (failed[0]["ename"], failed[0]["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert failed[0]["traceback"][-1].endswith("division by zero")
    html = {"text/plain": ["<IPython.core.display.HTML object>"], "text/html": ["<b>\n", "1</b>"]}
    data = {"text/plain": ["<IPython.core.display.JSON object>"], "application/json": {"a": [1]}}

    def value(number: int, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "output_type": "execute_result",
            "execution_count": number,
            "data": data,
            "metadata": {},
        }

    def stream(name: str, *lines: str) -> dict[str, Any]:
        return {"output_type": "stream", "name": name, "text": list(lines)}

    assert outputs == [
        [stream("stdout", "one\n"), stream("stderr", "two\n"), stream("stdout", "three\n")],
        [value(number - 6, html)],
        [
            {
                "output_type": "display_data",
                "data": {"text/plain": ["'late'"]},
                "metadata": {},
            },
            {
                "output_type": "display_data",
                "data": data,
                "metadata": {"application/json": {"expanded": False, "root": "root"}, "m": 1},
            },
        ],
        [],
        [stream("stdout", "100%\n")],
        [value(number - 1, {"text/plain": ["'a value'"]})],
    ]


def test_cells_that_overlap_have_numbers_of_their_own(client):
    subshell = client.create_subshell(timeout=LIMIT).content["subshell_id"]
    run(client, "%reset -f\nimport threading\nbegun, free = threading.Event(), threading.Event()")
    first = client.execute("begun.set(); free.wait(60); get_ipython().execution_count")
    run(client, "begun.wait(60)", subshell_id=subshell, store_history=False)
    second = run(client, "free.set(); 'sub'", subshell_id=subshell)
    nested = "get_ipython().run_cell('6 * 7', store_history=True).execution_count"
    results = [first.result(LIMIT), second, run(client, nested), run(client, "'last'")]
    client.delete_subshell(subshell, timeout=LIMIT)
    number = results[0].execution_count
    assert [result.execution_count for result in results] == [number + k for k in (0, 1, 2, 4)]
    announced = [
        (output["execution_count"], output["data"]["text/plain"])
        for result in results
        for output in result.outputs
    ]
    assert announced == [
        (number, str(number)),
        (number + 1, "'sub'"),
        (number + 3, "42"),
        (number + 2, str(number + 3)),
        (number + 4, "'last'"),
    ]
    typed = run(client, f"[In[n].split('(')[0] for n in range({number}, {number + 5})]")
    assert typed.data["text/plain"] == (
        "['begun.set', 'free.set', 'get_ipython', '6 * 7', \"'last'\"]"
    )
    values = run(client, f"[Out[n] for n in range({number}, {number + 5})]")
    assert values.data["text/plain"] == f"[{number}, 'sub', {number + 3}, 42, 'last']"
    history = run(client, f"%history -n {number}-{number + 3}").text()
    assert [int(line.split(":")[0]) for line in history.splitlines()] == list(
        range(number, number + 4)
    )


def test_what_is_too_much_to_be_kept_leaves_the_texts_of_values(tmp_path):
    kernel = find_kernel("python")(startup=False)
    kernel.replay_bytes = 20_000
    with CallHost(kernel) as host, Client(MemoryChannels(host)) as client:
        run(client, "'old'")
        run(client, "print('x' * 15_000)")
        run(client, "class Pair:\n    def _repr_html_(self): return '<i>' + 9_000 * '2'\nPair()")
        run(client, "import numbers; {'a': [1] * 9}")
        said = run(client, f"%notebook {tmp_path}/n.ipynb").outputs
    document = json.loads((tmp_path / "n.ipynb").read_text())
    first, long, pair, last = (cell["outputs"] for cell in document["cells"])
    assert said[0]["text"] == (
        "The outputs of 2 cells are not kept any more: of their values, the texts were written.\n"
    )
    assert (first[0]["data"], long) == ({"text/plain": ["'old'"]}, [])
    assert sorted(pair[0]["data"]) == ["text/html", "text/plain"]
    assert last[0]["data"] == {"text/plain": ["{'a': [1, 1, 1, 1, 1, 1, 1, 1, 1]}"]}


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
