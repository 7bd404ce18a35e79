"""What awaits: on which loop cells run, and ``await`` under magics that run code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

LIMIT = 60


def texts(frontend: Any) -> list[str]:
    return [content["data"]["text/plain"] for content in frontend.of("execute_result")]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("%time await asyncio.sleep(0, 7)", "7"),
        ("%%time\nx = await asyncio.sleep(0, 7)\nx + 1", "8"),
        ("y = %time await asyncio.sleep(0, 7)\ny", "7"),
        ("%timeit -qo -n 2 -r 3 await asyncio.sleep(0)\n_.loops, _.repeat", "(2, 3)"),
        ("%%timeit -n 1 -r 1 -qo n = await asyncio.sleep(0, 3)\nassert n == 3", "<TimeitResult"),
        ("%%prun -q -r\nawait asyncio.sleep(0)", "<pstats.Stats"),
        ("%%capture out\nprint(await asyncio.sleep(0, 'hi'))\n12", None),
        ("%%capture out\n%%time\nawait asyncio.sleep(0)", None),
        ("async def f(n):\n    %time await asyncio.sleep(0)\n    return n\nawait f(4)", "4"),
        ("%time await asyncio.sleep(0, 5);", None),
    ],
)
def test_magics_await_what_their_code_awaits(shell, frontend, code, value):
    if "_.loops" in code:
        first, _, code = code.partition("\n")
        code = f"result = {first}\n{code.replace('_.', 'result.')}"
    shell.run_cell("import asyncio")
    assert shell.run_cell(code, store_history=True).success
    shown = texts(frontend)
    assert shown == [] if value is None else shown[0].startswith(value), shown


def test_captured_output_of_awaiting_code(shell, frontend):
    shell.run_cell("import asyncio")
    shell.run_cell("%%capture out\nprint(await asyncio.sleep(0, 'hi'))\n12")
    out = shell.user_ns["out"]
    assert (out.stdout, [o.data for o in out.outputs]) == ("hi\n", [{"text/plain": "12"}])


def test_what_awaiting_code_under_a_magic_raises_comes_out(shell, frontend, capsys):
    result = shell.run_cell("import asyncio\n%time await asyncio.sleep(0, 1 / 0)")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert "Wall time" in capsys.readouterr().out


def test_a_frontend_is_told_that_such_a_cell_awaits(shell):
    asks = shell.should_run_async
    assert [asks("%time await x"), asks("%%capture\nawait x"), asks("%time x")] == [
        True,
        True,
        False,
    ]
    shell.run_cell("%autoawait off")
    assert not asks("%time await x")


def test_the_word_alone_changes_nothing(shell, frontend, capsys):
    shell.run_cell("def f(x):\n    %time print(x, 'await')\nf(1)")
    assert capsys.readouterr().out.startswith("1 await\n")


def test_on_a_loop_that_runs_already_tasks_go_on_meanwhile(kernel):
    kernel.execute("import asyncio\nseen = []")
    code = "task = asyncio.ensure_future(asyncio.sleep(0, 1))\n%time await asyncio.sleep(0.01)\ntask.done()"
    kernel.execute(code)
    assert texts(kernel.frontend) == ["True"]


def test_a_function_of_ones_own_runs_coroutines(shell, frontend, capsys):
    shell.run_cell(
        "import asyncio\nused = []\n"
        "def mine(coroutine):\n    used.append('mine')\n    return asyncio.run(coroutine)\n"
        "%autoawait mine\n%autoawait"
    )
    assert "set to use `mine`" in capsys.readouterr().out
    shell.run_cell("await asyncio.sleep(0, used)", store_history=True)
    assert texts(frontend) == ["['mine']"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("curio", "curio is not installed here: %pip install curio"),
        ("nonsense", "no event loop runner 'nonsense': use asyncio, trio, curio, sync"),
        ("missing.module", "No module named 'missing'"),
    ],
)
def test_a_loop_that_is_not_there_is_told_at_once(shell, frontend, capsys, monkeypatch, word, said):
    monkeypatch.setitem(sys.modules, "curio", None)
    shell.run_cell(f"%autoawait {word}")
    assert said in capsys.readouterr().err
    assert shell.loop_runner == "asyncio"


def test_a_loop_that_cannot_be_imported_says_why(
    shell, frontend, capsys, monkeypatch, tmp_path: Path
):
    (tmp_path / "curio.py").write_text("raise AttributeError('no CHALLENGE')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "curio", raising=False)
    shell.run_cell("%autoawait curio")
    version = ".".join(map(str, sys.version_info[:3]))
    assert capsys.readouterr().err == (
        f"UsageError: %autoawait: curio is installed, but cannot be imported by Python {version}: "
        "AttributeError: no CHALLENGE; use %autoawait asyncio or trio\n"
    )
    assert shell.loop_runner == "asyncio"


@pytest.fixture(scope="module")
def trio_kernel(tmp_path_factory: pytest.TempPathFactory) -> Any:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path_factory.mktemp("nuncius"))})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        assert client.execute("%autoawait trio\nimport trio").result(LIMIT).ok
        yield manager, client


def test_cells_await_trio(trio_kernel):
    _, client = trio_kernel
    code = (
        "seen = []\nasync with trio.open_nursery() as nursery:\n"
        "    nursery.start_soon(trio.sleep, 0.001)\n"
        "async def late(n):\n    await trio.sleep(0.001)\n    seen.append(n)\n"
        "async with trio.open_nursery() as nursery:\n    nursery.start_soon(late, 1)\n"
        "%time await late(2)\nseen"
    )
    result = client.execute(code).result(LIMIT)
    assert result.data["text/plain"] == "[1, 2]"
    assert "Wall time" in result.text()


def test_a_cell_may_start_trio_itself(trio_kernel):
    """Without a warning of signals that somebody else wants to hear of."""
    _, client = trio_kernel
    result = client.execute("trio.run(trio.sleep, 0)").result(LIMIT)
    assert (result.status, tuple(result.outputs)) == ("ok", ())


@pytest.mark.parametrize("waits", ["await trio.sleep(60)", "await trio.sleep(0)\nwhile True: pass"])
@pytest.mark.parametrize("before", ["", "import asyncio"])
def test_an_interrupt_reaches_a_cell_on_trio(trio_kernel, waits: str, before: str) -> None:
    manager, client = trio_kernel
    client.execute(before).result(LIMIT)
    cell = interrupted_when_it_says_so(manager, client, f"print('here', flush=True)\n{waits}")
    assert cell.error.ename == "KeyboardInterrupt"
    assert client.execute("await trio.sleep(0)\n1").result(LIMIT).data["text/plain"] == "1"


def interrupted_when_it_says_so(manager: Any, client: Any, code: str) -> Any:
    def on_output(message: Any) -> None:
        if message.msg_type == "stream" and "here" in message.content["text"]:
            manager.interrupt()

    return client.execute(code, on_output=on_output).result(LIMIT)
