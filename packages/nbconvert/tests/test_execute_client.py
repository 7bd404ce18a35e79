"""`NotebookClient` and `ExecutePreprocessor`: the names, hooks and errors that nbclient and nbconvert have."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from execute_help import code, install_kernel, notebook, streams, text

from nuncius.nbconvert.nbclient import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
    NotebookClient,
    execute,
)
from nuncius.nbconvert.nodes import NotebookNode, nodes
from nuncius.nbconvert.preprocessors import ExecutePreprocessor
from nuncius.protocol.compat.manager import AsyncKernelManager
from nuncius.protocol.manager.manager import KernelManager


@pytest.fixture(autouse=True)
def kernel(folder: Path) -> None:
    install_kernel(folder)


def test_it_returns_the_notebook_that_it_was_given() -> None:
    nb = notebook("print(1)")
    assert NotebookClient(nb, timeout=60).execute() is nb
    assert streams(nb) == ["1\n"]
    assert execute(nb) is nb


def test_outputs_are_of_the_kind_that_the_notebook_is() -> None:
    nb = nodes(notebook("print(1)", "show('a', 'd')", "update('b', 'd')"))
    NotebookClient(nb).execute()
    assert type(nb.cells[0].outputs[0]) is NotebookNode
    assert nb.cells[0].outputs[0].text == "1\n"
    assert nb.cells[1].outputs[0].data["text/plain"] == "b"
    assert nb.metadata.language_info.name == "python"


def test_the_folder_is_that_of_the_resources(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    nb = notebook("import os; print(os.getcwd())")
    execute(nb, cwd=str(tmp_path / "here"))
    assert streams(nb) == [f"{tmp_path / 'here'}\n"]


def test_hooks_are_called_whether_they_await_or_not() -> None:
    called: list[tuple[str, Any]] = []

    def hook(name: str) -> Any:
        async def later(**said: Any) -> None:
            called.append((name, said.get("cell_index")))

        def now(**said: Any) -> None:
            called.append((name, said.get("cell_index")))

        return later if name.endswith("executed") else now

    names = ("notebook_start", "notebook_complete", "notebook_error", "cell_start", "cell_execute", "cell_complete", "cell_executed", "cell_error")  # fmt: skip
    client = NotebookClient(
        notebook(text("x"), "1", "1/0"), **{f"on_{n}": hook(f"on_{n}") for n in names}
    )
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        client.execute()
    assert called == [
        ("on_notebook_start", None),
        ("on_cell_start", 0),
        ("on_cell_start", 1),
        ("on_cell_execute", 1),
        ("on_cell_complete", 1),
        ("on_cell_executed", 1),
        ("on_cell_start", 2),
        ("on_cell_execute", 2),
        ("on_cell_complete", 2),
        ("on_cell_executed", 2),
        ("on_cell_error", 2),
        ("on_notebook_complete", None),
    ]


WAIT = "import threading\nthreading.Event().wait()"


def test_errors_have_the_kinds_that_nbclient_has() -> None:
    with pytest.raises(TimeoutError) as slow:
        NotebookClient(notebook(WAIT), timeout_func=lambda cell: 1).execute()
    assert isinstance(slow.value, CellTimeoutError)
    with pytest.raises(RuntimeError) as dead:
        NotebookClient(notebook("import os; os._exit(7)")).execute()
    assert isinstance(dead.value, DeadKernelError)
    assert dead.value.exit_code == 7 or "exit code 7" in str(dead.value)


def test_hooks_may_change_how_the_next_cells_are_run() -> None:
    def change(cell_index: int, **said: Any) -> None:
        if cell_index == 0:
            client.allow_error_names.append("ZeroDivisionError")  # in place
        elif cell_index == 1:
            client.allow_errors, client.record_timing = True, False

    nb = notebook("1", "1/0", "missing")
    client = NotebookClient(nb, on_cell_executed=change)
    client.execute()
    assert streams(nb) == ["", "!ZeroDivisionError", "!NameError"]
    assert ["execution" in cell["metadata"] for cell in nb["cells"]] == [True, True, False]


def test_errors_can_be_allowed() -> None:
    nb = notebook("1/0", "print(1)")
    NotebookClient(nb, allow_error_names=["ZeroDivisionError"]).execute()
    assert streams(nb) == ["!ZeroDivisionError", "1\n"]
    nb = notebook(code("1/0", "raises-exception"))
    with pytest.raises(CellExecutionError):
        NotebookClient(nb, force_raise_errors=True).execute()


def test_cells_can_be_run_one_by_one() -> None:
    nb = notebook("x = 1", "print(x)")
    client = NotebookClient(nb)
    with client.setup_kernel():
        for index, cell in enumerate(nb["cells"]):
            client.execute_cell(cell, index, execution_count=index + 10)
    assert streams(nb) == ["", "1\n"]
    assert [cell["execution_count"] for cell in nb["cells"]] == [10, 11]
    with pytest.raises(RuntimeError, match="within setup_kernel"):
        client.execute_cell(nb["cells"][0], 0)


def test_a_kernel_that_runs_already_is_left_running() -> None:
    async def main() -> None:
        for manager in (AsyncKernelManager(kernel_name="py"), KernelManager("py")):
            start = getattr(manager, "start_kernel", None) or manager.start
            await start()
            nb = notebook("x = 41", "x += 1; print(x)")
            client = NotebookClient(nb, km=manager)
            await client.async_execute()
            await client.kc.aclose()
            assert streams(nb) == ["", "42\n"]
            assert manager.has_kernel
            await (getattr(manager, "shutdown_kernel", None) or manager.shutdown)(now=True)

    asyncio.run(main())


def test_it_runs_where_a_loop_runs_already() -> None:
    nb = notebook("print(1)")

    async def main() -> None:
        NotebookClient(nb).execute()

    asyncio.run(main())
    assert streams(nb) == ["1\n"]


def test_a_subclass_sees_the_messages_as_dicts() -> None:
    class Watching(NotebookClient):
        seen: Any = []  # noqa: RUF012

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            output = super().process_message(msg, cell, cell_index)
            self.seen.append((msg["msg_type"], cell_index, output))
            return output

    Watching(notebook("print(1)", "show('x')")).execute()
    assert Watching.seen == [
        ("execute_input", 0, None),
        ("stream", 0, {"output_type": "stream", "name": "stdout", "text": "1\n"}),
        ("execute_input", 1, None),
        (
            "display_data",
            1,
            {"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}},
        ),
    ]


def test_a_hook_takes_the_outputs_of_a_request() -> None:
    class Hook:
        taken: Any = []  # noqa: RUF012

        def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> None:
            self.taken.append((msg["content"]["data"], display_id, cell_index))

        def clear_output(self, outs: Any, msg: Any, cell_index: int) -> None:
            self.taken.append("cleared")

    class Hooking(NotebookClient):
        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            if msg["msg_type"] == "execute_input":
                self.register_output_hook(msg["parent_header"]["msg_id"], hook)
            return super().process_message(msg, cell, cell_index)

    hook = Hook()
    nb = notebook("show('x', 'd')\nclear(False)")
    Hooking(nb).execute()
    assert (hook.taken, streams(nb)) == ([({"text/plain": "x"}, "d", 0), "cleared"], [""])


def test_questions_are_answered_by_a_function() -> None:
    nb = notebook("print(input('name? '))")
    NotebookClient(nb, on_input=lambda question: question.prompt.upper()).execute()
    assert streams(nb) == ["NAME? \n"]


def test_the_preprocessor_runs_the_notebook_cell_by_cell(tmp_path: Path) -> None:
    class Noting(ExecutePreprocessor):
        def preprocess_cell(self, cell: Any, resources: Any, index: int) -> Any:
            resources["seen"] = [*resources.get("seen", []), index]
            return super().preprocess_cell(cell, resources, index)

    nb = nodes(notebook("print(1)", "print(2)"))
    out, resources = Noting(timeout=60).preprocess(nb, {"metadata": {"path": str(tmp_path)}})
    assert streams(out) == ["1\n", "2\n"]
    assert resources["seen"] == [0, 1]
