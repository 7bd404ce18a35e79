"""Programs in the terminal of a frontend that lends it, and beside the kernel where none does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client

LIMIT = 60


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("nuncius")
    spec = kernel_spec(env={"NUNCIUS_DIR": str(folder)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        yield client


def run(
    client: Client, code: str, answer: str, *, lends: bool = True
) -> tuple[str, list[tuple[str, Any, Any]]]:
    """Run a cell; return what it has printed, and what it has asked: command, kind and folder."""
    asked = []

    def on_input(question: Any) -> str:
        about = question.message.metadata
        asked.append((question.prompt, about.get("kind"), about.get("cwd")))
        return answer

    metadata = {"lends_terminal": True} if lends else None
    result = client.execute(code, metadata=metadata, on_input=on_input).result(LIMIT)
    assert result.ok, result.error
    return "".join(output.get("text", "") for output in result.outputs).strip(), asked


@pytest.mark.parametrize(
    ("code", "answer", "printed", "asks"),
    [
        ("!exit 3\nprint(_exit_code)", "7", "7", ["exit 3"]),
        ("!exit 3\nprint(_exit_code)", "-15", "-15", ["exit 3"]),
        ("for n in 'ab':\n    !echo $n", "0", "", ["echo a", "echo b"]),
        ("!echo back &", "0", "", ["echo back &"]),
        # The frontend does not run it.
        ("!echo here; exit 3\nprint(_exit_code)", "", "here\n3", ["echo here; exit 3"]),
        # The output is wanted by the program.
        ("x = !echo kept\nprint(x)", "7", "['kept']", []),
        ("%%capture out\n!echo kept", "7", "", []),
        ("import threading\nt = threading.Thread(target=get_ipython().system, args=['exit 3']); t.start(); t.join(); print(_exit_code)", "7", "3", []),
    ],
)  # fmt: skip
def test_a_frontend_that_lends_its_terminal_runs_programs(
    client: Client, code: str, answer: str, printed: str, asks: list[str]
) -> None:
    asked = [(command, "program", os.getcwd()) for command in asks]  # noqa: PTH109
    assert run(client, code, answer) == (printed, asked)


@pytest.mark.parametrize("lends", [True, False])
def test_standard_input_is_asked_for_where_a_frontend_lends_its_own(
    client: Client, lends: bool
) -> None:
    lines = iter(["one\n", "two\n", "three\n", "", "four\nfive"])
    asked = []

    def on_input(question: Any) -> str:
        asked.append((question.prompt, dict(question.message.metadata)))
        return next(lines, "")

    code = "import sys\nprint(sys.stdin.readline(4), list(sys.stdin), sys.stdin.buffer.read(), sys.stdin.isatty())"
    result = client.execute(code, metadata={"lends_stdin": lends}, on_input=on_input).result(LIMIT)
    answers = ("one\n", ["two\n", "three\n"], b"four\nfive") if lends else ("", [], b"")
    assert result.text() == " ".join(map(str, (*answers, False))) + "\n"
    asks = [("", {"kind": "stdin", "all": False})] * 4 + [("", {"kind": "stdin", "all": True})]
    assert asked == (asks if lends else [])


def test_elsewhere_a_program_that_waits_for_keys_is_ended(client: Client) -> None:
    said, asked = run(client, "!echo be''gun; stty -icanon <&1; exec sleep 60", "0", lends=False)
    assert said.startswith("begun")
    assert "The program waits for keys" in said
    assert asked == []
    assert run(client, "print(_exit_code)", "0", lends=False)[0] == "-1"
