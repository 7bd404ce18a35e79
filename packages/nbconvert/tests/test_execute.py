"""Run notebooks in a real kernel: what comes into the cells, and what happens when something goes wrong."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from execute_help import code, install_kernel, notebook, read, streams, text

from nuncius.nbconvert.execute.events import (
    CellFinished,
    CellSkipped,
    CellStarted,
    Published,
    RunFinished,
    RunStarted,
)
from nuncius.nbconvert.execute.job import Job, Stopper, run_job
from nuncius.nbconvert.execute.journal import Journal, journal_path
from nuncius.nbconvert.execute.kernels import KernelChoice, new_pool
from nuncius.nbconvert.execute.settings import OnError, Settings
from nuncius.nbconvert.nbclient import CellExecutionError, CellTimeoutError, DeadKernelError
from nuncius.protocol.errors import NoSuchKernel

if TYPE_CHECKING:
    from nuncius.nbconvert.execute.executor import RunResult


@pytest.fixture(autouse=True)
def kernel(folder: Path) -> None:
    install_kernel(folder)


def run(
    nb: dict[str, Any], listeners: Any = (), stopper: Any = None, **arguments: Any
) -> RunResult:
    given = {key: arguments.pop(key) for key in ("kernel", "answers", "target") if key in arguments}
    job = Job(source="nb", nb=nb, settings=Settings(**arguments), **given)

    async def main() -> RunResult:
        async with new_pool() as pool:
            result = (await run_job(job, pool, listeners, stopper)).run
        assert result is not None
        return result

    return asyncio.run(main())


def test_outputs_numbers_and_times_come_into_the_cells() -> None:
    nb = notebook(text("# Title"), "print('one')", "result('two')", "")
    result = run(nb)
    assert (result.status, result.executed, result.error) == ("ok", 2, None)
    assert nb["cells"][1]["outputs"] == [
        {"output_type": "stream", "name": "stdout", "text": "one\n"}
    ]
    assert nb["cells"][2]["outputs"] == [
        {
            "output_type": "execute_result",
            "data": {"text/plain": "two"},
            "metadata": {},
            "execution_count": 2,
        }
    ]
    assert [cell.get("execution_count") for cell in nb["cells"]] == [None, 1, 2, None]
    assert sorted(nb["cells"][1]["metadata"]["execution"]) == [
        "iopub.execute_input",
        "iopub.status.busy",
        "iopub.status.idle",
        "shell.execute_reply",
    ]
    assert nb["metadata"]["language_info"]["name"] == "python"


def test_times_are_left_out_when_they_are_not_wanted() -> None:
    nb = notebook("1")
    run(nb, record_timing=False)
    assert nb["cells"][0]["metadata"] == {}


def test_a_display_is_updated_wherever_it_stands_and_clearing_may_wait() -> None:
    nb = notebook(
        "show('old', 'd')",
        "update('new', 'd')\nprint(1)",
        "show('a')\nclear(True)\nshow('b')",
        "show('a')\nclear(False)",
        "show('newest', 'd')",
    )
    run(nb)
    assert streams(nb) == ["=newest", "1\n", "=b", "", "=newest"]


def test_an_output_widget_takes_what_is_written_in_it_and_its_state_is_kept() -> None:
    nb = notebook(
        "state = {'_model_name': 'OutputModel', '_model_module': '@jupyter-widgets/output', "
        "'_model_module_version': '1', 'msg_id': '', 'outputs': []}\n"
        "comm('open', comm_id='w', target_name='jupyter.widget', data={'state': state, 'buffer_paths': []})\n"
        "comm('msg', comm_id='w', data={'method': 'update', 'state': {'msg_id': io.request.msg_id}})\n"
        "show('inside')\n"
        "comm('msg', comm_id='w', data={'method': 'update', 'state': {'msg_id': ''}})\n"
        "show('outside')",
        "comm('open', comm_id='b', target_name='jupyter.widget', buffers=[b'xyz'],\n"
        "     data={'state': {'_model_name': 'ImageModel'}, 'buffer_paths': [['value']]})",
        "print(heard[0]['comm_id'], len(heard[0]['data']['state']['outputs']))",
    )
    run(nb)
    assert streams(nb) == ["=outside", "", "w 1\n"]
    kept = nb["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]
    inside = {"output_type": "display_data", "data": {"text/plain": "inside"}, "metadata": {}}
    assert kept["state"]["w"]["state"]["outputs"] == [inside]
    assert kept["state"]["b"]["buffers"] == [
        {"data": "eHl6", "encoding": "base64", "path": ["value"]}
    ]


def test_the_first_exception_ends_the_run_and_what_ran_is_there() -> None:
    nb = notebook("print('before')", "print('in'); 1/0", "print('after')")
    result = run(nb)
    assert (result.status, result.failed_cell, result.executed) == ("failed", 1, 2)
    assert streams(nb) == ["before\n", "in\n!ZeroDivisionError", ""]
    with pytest.raises(CellExecutionError) as caught:
        result.check()
    assert (caught.value.ename, caught.value.evalue) == ("ZeroDivisionError", "division by zero")
    assert "print('in'); 1/0" in str(caught.value)
    assert "----- stdout -----\nin" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "status", "ran"),
    [
        ({"allow_errors": True}, "ok", 3),
        ({"allow_error_names": frozenset({"ZeroDivisionError"})}, "ok", 3),
        ({"allow_error_names": frozenset({"ValueError"})}, "failed", 2),
        ({"on_error": OnError.CONTINUE}, "failed", 3),
        ({"allow_errors": True, "force_raise_errors": True}, "failed", 2),
    ],
)
def test_what_happens_after_an_exception(settings: Any, status: str, ran: int) -> None:
    result = run(notebook("1", "1/0", "2"), **settings)
    assert (result.status, result.executed) == (status, ran)


def test_tags_allow_an_exception_and_leave_cells_out() -> None:
    nb = notebook(code("1/0", "raises-exception"), code("print(1)", "skip-execution"), "print(2)")
    assert run(nb).status == "ok"
    assert streams(nb) == ["!ZeroDivisionError", "", "2\n"]


def test_leaving_by_exit_is_an_end_where_that_is_wanted() -> None:
    cells = ("print(1)", "import sys; sys.exit()", "print(2)")
    assert run(notebook(*cells), exit_ends=True).status == "ok"
    assert run(notebook(*cells)).status == "failed"
    assert run(notebook("import sys; sys.exit(3)"), exit_ends=True).status == "failed"


WAIT = "import threading\nprint('waiting', flush=True)\nthreading.Event().wait()"


def test_a_cell_that_takes_too_long_ends_the_run() -> None:
    nb = notebook(WAIT, "print(2)")
    result = run(nb, timeout=0.3)
    assert (result.status, result.executed) == ("timeout", 1)
    assert streams(nb) == ["waiting\n", ""]
    with pytest.raises(CellTimeoutError, match=r"after 0\.3 seconds"):
        result.check()


def test_a_cell_that_takes_too_long_is_interrupted() -> None:
    nb = notebook(WAIT, "print(2)")
    result = run(nb, timeout_of=lambda cell: 0.3 if "wait" in cell["source"] else None, interrupt_on_timeout=True, allow_errors=True)  # fmt: skip
    assert (result.status, result.executed) == ("ok", 2)
    assert streams(nb) == ["waiting\n!KeyboardInterrupt", "2\n"]


def test_an_interrupted_cell_may_count_as_another_error() -> None:
    error = {"ename": "TooSlow", "evalue": "hurry", "traceback": ["TooSlow: hurry"]}
    result = run(notebook(WAIT), timeout=0.3, interrupt_on_timeout=True, error_on_timeout=error)
    with pytest.raises(CellExecutionError) as caught:
        result.check()
    assert (caught.value.ename, caught.value.evalue) == ("TooSlow", "hurry")


def test_a_kernel_that_dies_is_told_of_with_the_reason() -> None:
    nb = notebook(
        "print(1)",
        "import os, signal\nprint('x', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)",
    )
    result = run(nb)
    assert (result.status, result.failed_cell) == ("dead", 1)
    with pytest.raises(DeadKernelError, match=r"cell 2: the kernel died: it was killed by SIGKILL"):
        result.check()
    assert streams(nb)[0] == "1\n"


def test_questions_are_answered_from_a_list() -> None:
    nb = notebook("print(input('name? '))", "print(input('more? '))", "print(3)")
    result = run(nb, answers=["bob"])
    assert streams(nb) == ["bob\n", "", ""]
    assert result.failed_cell == 1
    assert "no answer left after 1" in str(result.error)


def test_an_interrupt_from_outside_keeps_what_ran() -> None:
    stopper = Stopper()

    def stop(event: Any) -> None:
        if isinstance(event, Published) and event.message.msg_type == "stream":
            stopper.stop()

    nb = notebook("1", WAIT, "print(3)")
    result = run(nb, [stop], stopper)
    assert (result.status, result.executed) == ("interrupted", 2)
    assert streams(nb) == ["", "waiting\n!KeyboardInterrupt", ""]
    with pytest.raises(KeyboardInterrupt):
        result.check()


def test_a_second_interrupt_ends_a_kernel_that_does_not_listen() -> None:
    stopper = Stopper()

    def stop(event: Any) -> None:
        if isinstance(event, Published) and event.message.msg_type == "stream":
            stopper.stop()

    deaf = "while True:\n    try:\n        print('deaf', flush=True)\n        threading.Event().wait()\n    except KeyboardInterrupt: pass"
    result = run(notebook("import threading", deaf), [stop], stopper)
    assert result.status == "interrupted"


def test_what_happens_is_told_in_order() -> None:
    told: list[Any] = []
    nb = notebook(text("x"), "print(1)")
    run(nb, [told.append])
    kinds = [type(event) for event in told if not isinstance(event, Published)]
    assert kinds == [RunStarted, CellSkipped, CellStarted, CellFinished, RunFinished]
    assert [event.message.msg_type for event in told if isinstance(event, Published)] == [
        "execute_input",
        "stream",
    ]


def test_a_thread_of_an_earlier_cell_writes_into_that_cell() -> None:
    nb = notebook(
        "import threading\ngo = threading.Event()\nout = io\n"
        "t = threading.Thread(target=lambda: (go.wait(), out.stream('stdout', 'late'), out.flush()))\nt.start()",
        "go.set()\nt.join()",
        "print('end')",
    )
    run(nb)
    assert streams(nb) == ["late", "", "end\n"]


def test_a_kernel_that_does_not_exist() -> None:
    with pytest.raises(NoSuchKernel, match="choose one with --kernel"):
        run(notebook("1"), kernel=KernelChoice(name="nope"))


def test_a_notebook_that_names_no_kernel_gets_one_for_its_language(folder: Path) -> None:
    spec = json.loads((folder / "data" / "kernels" / "py" / "kernel.json").read_text())
    (folder / "data" / "kernels" / "other").mkdir()
    (folder / "data" / "kernels" / "other" / "kernel.json").write_text(
        json.dumps({**spec, "language": "Other"})
    )
    nb = notebook("print(1)")
    nb["metadata"] = {"language_info": {"name": "other"}}
    run(nb)
    assert streams(nb) == ["1\n"]
    assert nb["metadata"]["kernelspec"] == {
        "display_name": "Py",
        "language": "Other",
        "name": "other",
    }
    nb["metadata"] = {"language_info": {"name": "cobol"}}
    with pytest.raises(NoSuchKernel, match="none is for cobol"):
        run(nb)


def test_the_folder_belongs_to_the_kernel(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    nb = notebook("import os; print(os.getcwd())")
    run(nb, kernel=KernelChoice(cwd=str(tmp_path / "here"), name=""))
    assert streams(nb) == [f"{tmp_path / 'here'}\n"]


def test_a_hundred_thousand_lines() -> None:
    nb = notebook("for n in range(100_000): print(n)")
    run(nb)
    assert nb["cells"][0]["outputs"] == [
        {
            "output_type": "stream",
            "name": "stdout",
            "text": "".join(f"{n}\n" for n in range(100_000)),
        }
    ]
    assert json.dumps(nb)


def test_what_a_run_left_that_was_cut_off_is_the_result_until_the_next_one_ends(
    tmp_path: Path,
) -> None:
    target = tmp_path / "out.ipynb"
    left = notebook("print('earlier')")
    left["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "earlier\n"}]
    Journal(journal_path(target), left).close()
    seen: list[Any] = []

    def look(event: Any) -> None:
        if isinstance(event, CellStarted):
            seen.append(streams(read(target)))

    run(notebook("print('now')"), [look], target=str(target))
    assert seen == [["earlier\n"]]
    assert streams(read(target)) == ["now\n"]
    assert sorted(path.name for path in tmp_path.glob(".*")) == []
