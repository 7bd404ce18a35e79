"""Kernels within programs: where the cells run, that they see the program's variables as they are, and that the program goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nuncius.kernel.embed import serve_in_gui, serve_in_thread, serve_on_loop
from nuncius.kernel.errors import GuiUnavailable
from nuncius.kernel.live import LiveVariables
from nuncius.kernel.shell import Shell
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import load_connection_file
from nuncius.protocol.transport.zmq import ZmqChannels

LIMIT = 60


@contextmanager
def connected(path: str | Path) -> Iterator[Client]:
    """A client that knows nothing but the connection file."""
    with Client(ZmqChannels(load_connection_file(path))) as client:
        client.wait_until_ready(timeout=LIMIT)
        yield client


def run(client: Client, code: str, **options: Any) -> Any:
    return client.execute(code, **options).result(LIMIT)


def value(client: Client, code: str) -> str:
    return run(client, code).data["text/plain"]


@contextmanager
def program(source: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A program that embeds a kernel, and the kernel's connection file."""
    with subprocess.Popen(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"NUNCIUS_DIR": str(folder)},
    ) as process:
        assert process.stderr is not None
        try:
            hint = process.stderr.readline()
            yield process, Path(hint.partition("--existing ")[2].strip())
        finally:
            process.kill()


def test_a_thread_serves_while_the_program_goes_on(tmp_path, capsys):
    names = {"numbers": [1]}
    file = str(tmp_path / "kernel.json")
    with serve_in_thread(names, connection_file=file) as kernel, connected(file) as client:
        assert value(client, "numbers") == "[1]"
        names["numbers"].append(2)
        names["late"] = "new"
        print("the program's own")
        result = run(client, "print('of the cell')\nmine = 3\nnumbers, late")
        assert (result.data["text/plain"], result.text()) == ("([1, 2], 'new')", "of the cell\n")
        assert (names["mine"], kernel.connection_file) == (3, file)
        assert value(client, "import threading; threading.current_thread().name") == (
            "'nuncius-kernel'"
        )
        assert '"shell_port"' in run(client, "%connect_info").text()
    assert capsys.readouterr().out == "the program's own\n"
    assert not Path(file).exists()
    assert "nuncius-kernel" not in [thread.name for thread in threading.enumerate()]


#: The first interrupt comes where it cannot be passed on.
FINALIZES = """
class Value:
    def __del__(self):
        print("go", flush=True)
        while True: pass
value = Value()
del value
while True: pass
"""


@pytest.mark.parametrize(
    "code",
    [
        "print('go', flush=True)\nwhile True: pass",
        "import asyncio\nprint('go', flush=True)\nawait asyncio.sleep(60)",
        FINALIZES,
    ],
    ids=["computes", "awaits", "finalizes"],
)
def test_cells_in_a_thread_are_interrupted_and_the_program_is_not(tmp_path, code):
    file = tmp_path / "kernel.json"
    with (
        serve_in_thread({}, connection_file=str(file)),
        connected(file) as client,
        connected(file) as other,
    ):
        started = threading.Event()

        def interrupt() -> None:
            started.wait(LIMIT)
            other.interrupt(timeout=LIMIT)

        def on_output(message: Any) -> None:
            if message.msg_type == "stream":
                started.set()

        thread = threading.Thread(target=interrupt)
        thread.start()
        result = client.execute(code, on_output=on_output).result(LIMIT)
        thread.join(LIMIT)
        assert result.error.ename == "KeyboardInterrupt"
        assert run(client, "1").ok


def test_a_frontend_ends_the_kernel_and_not_the_program(tmp_path):
    file = tmp_path / "kernel.json"
    kernel = serve_in_thread({}, connection_file=str(file))
    with connected(file) as client:
        client.shutdown(timeout=LIMIT)
    kernel.stop()
    assert not file.exists()


def test_on_a_running_loop_cells_and_the_programs_tasks_take_turns(tmp_path):
    import asyncio

    file = tmp_path / "kernel.json"
    names: dict[str, Any] = {"ticks": 0}

    def talk() -> list[str]:
        with connected(file) as client:
            seen = [
                value(client, "import asyncio\nawait asyncio.sleep(0.03)\nticks > 0"),
                value(client, "asyncio.get_running_loop() is loop"),
                value(client, "await queue.get()"),
            ]
            run(client, "asked = True")
            return seen

    async def main() -> list[str]:
        async def tick() -> None:
            while True:
                names["ticks"] += 1
                await asyncio.sleep(0.001)

        names["loop"] = asyncio.get_running_loop()
        names["queue"] = queue = asyncio.Queue()
        queue.put_nowait("from the program")
        ticking = asyncio.create_task(tick())
        kernel = serve_on_loop(names, connection_file=str(file))
        seen = await asyncio.to_thread(talk)
        kernel.stop()
        await kernel.wait()
        ticking.cancel()
        return seen

    handler = signal.getsignal(signal.SIGINT)
    assert asyncio.run(main()) == ["True", "True", "'from the program'"]
    assert names["asked"] is True
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_programs_own_interrupt_reaches_the_program(tmp_path):
    source = (
        "import asyncio, os, signal\n"
        "from nuncius.kernel.embed import serve_on_loop\n"
        "async def main():\n"
        "    kernel = serve_on_loop()\n"
        "    await ready.wait()\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    await asyncio.sleep(60)\n"
        "ready = asyncio.Event()\n"
        "try: asyncio.run(main())\n"
        "except KeyboardInterrupt: print('the program is interrupted')\n"
    )
    with program(source, tmp_path) as (process, file):
        with connected(file) as client:
            client.execute("ready.set()")
        assert process.communicate(timeout=LIMIT)[0] == "the program is interrupted\n"


def test_exit_lets_the_program_that_waits_go_on(tmp_path):
    source = (
        "from nuncius.kernel.embed import embed_kernel\n"
        "def main():\n    local = [1]\n    embed_kernel()\n    return local\n"
        "print(main())\n"
    )
    with program(source, tmp_path) as (process, file):
        with connected(file) as client:
            run(client, "local.append(2)")
            reply = run(client, "exit").reply.content
            assert reply["payload"] == [{"source": "ask_exit", "keepkernel": False}]
        assert process.communicate(timeout=LIMIT) == ("[1, 2]\n", "")
    assert not file.exists()


def test_the_variables_of_the_callers_module_are_the_cells(tmp_path):
    source = (
        "from nuncius.kernel.embed import serve_in_thread\n"
        "import threading\n"
        "done = threading.Event()\nword = 'here'\n"
        "def main():\n"
        "    kernel = serve_in_thread()\n"
        "    done.wait()\n"
        "    kernel.stop()\n"
        "main()\nprint(word)\n"
    )
    with program(source, tmp_path) as (process, file):
        with connected(file) as client:
            assert value(client, "word, __name__") == "('here', '__main__')"
            run(client, "word = 'changed'\ndone.set()")
        assert process.communicate(timeout=LIMIT)[0] == "changed\n"


class View:
    """What Python gives of a function's variables since 3.13: nothing can be removed."""

    def __init__(self, **variables: Any) -> None:
        self.variables = variables

    def __getitem__(self, name: str) -> Any:
        return self.variables[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.variables[name] = value

    def __contains__(self, name: object) -> bool:
        return name in self.variables

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)


def test_variables_that_cannot_be_removed_are_a_dictionary_all_the_same():
    view = View(a=1, b=2)
    live = LiveVariables(view)
    live["a"], live["c"] = 10, 3
    assert (view.variables, dict(live)) == ({"a": 10, "b": 2}, {"a": 10, "b": 2, "c": 3})
    assert (live.pop("b"), live.pop("c"), live.pop("d", None)) == (2, 3, None)
    assert (dict(live), "b" in live, len(live)) == ({"a": 10}, False, 1)
    with pytest.raises(KeyError):
        live["b"]
    live["b"] = 5
    assert (view.variables["b"], repr(live)) == (5, "{'a': 10, 'b': 5}")


def test_a_function_s_variables_are_a_shell_s_namespace(frontend):
    def function() -> tuple[Any, Any]:
        local = [1]
        shell = Shell(user_ns=sys._getframe().f_locals)
        shell.run_cell("local.append(2)\nnew = 5\ndel local", store_history=True)
        shell.run_cell("'local' in dir(), new", store_history=True)
        found = shell.user_ns["_"]
        shell.close()
        return local, found

    assert function() == ([1, 2], (False, 5))


def test_without_windows_there_is_no_loop_to_serve_on():
    with pytest.raises(GuiUnavailable, match="make the application first"):
        serve_in_gui("gtk", {})
