"""jupyter_client, nbclient, jupyter_kernel_test and jupyter console drive our Python kernel as they drive their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from nuncius.kernel.embed import serve_in_thread

CONVERSATION = """
import json, queue, threading, time
from jupyter_client.manager import KernelManager

manager = KernelManager(kernel_name="nuncius-python")
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)

def run(code, answers=(), interrupt=False):
    outputs, answers = [], list(answers)
    def hook(message):
        kind, content = message["msg_type"], message["content"]
        if kind == "status":
            outputs.append(content["execution_state"])
            if interrupt and content["execution_state"] == "busy":
                threading.Timer(0.3, manager.interrupt_kernel).start()
        elif kind == "stream":
            if outputs and outputs[-1][0] == content["name"]:
                outputs[-1][1] += content["text"]
            else:
                outputs.append([content["name"], content["text"]])
        elif kind == "error":
            outputs.append([kind, content["ename"]])
        elif kind == "execute_input":
            outputs.append([kind, content["execution_count"]])
        else:
            outputs.append([kind, content.get("data", content)])
    reply = client.execute_interactive(
        code, output_hook=hook, stdin_hook=lambda message: client.input(answers.pop(0)),
        allow_stdin=True, timeout=60)
    content = reply["content"]
    return [content["status"], content.get("ename"), outputs]

def ask(msg_id):
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"]["msg_id"] == msg_id:
            return reply["content"]

results = {
    "value": run("x = 20\\nx + 1"),
    "streams": run("import sys\\nprint('out')\\nprint('err', file=sys.stderr)"),
    "error": run("1/0"),
    "await": run("import asyncio\\nawait asyncio.sleep(0.01, 'slept')"),
    "input": run("input('Name? ')", ["Ada"]),
    "shell": run("!echo from a child"),
    "child": run("import subprocess; subprocess.run(['echo', 'raw']);"),
    "display": run("from IPython.display import display, HTML\\ndisplay(HTML('<b>x</b>'))"),
    "loop": run("while True: pass", interrupt=True),
    "sleep": run("import time; time.sleep(60)", interrupt=True),
    "waiting": run("import asyncio; await asyncio.sleep(60)", interrupt=True),
    "after": run("'still here'"),
    "complete": ask(client.complete("import sys; sys.std"))["matches"],
    "is_complete": ask(client.is_complete("for i in x:")),
    "comm_info": ask(client.comm_info()),
}
client.shutdown(restart=False)
for _ in range(300):
    if not manager.is_alive():
        break
    time.sleep(0.02)
results["alive"] = manager.is_alive()
client.stop_channels()
manager.cleanup_resources()
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the peers find our kernel, and nothing of the person's."""
    folder = tmp_path_factory.mktemp("jupyter")
    spec = folder / "kernels" / "nuncius-python"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "nuncius.kernel", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Nuncius", "language": "python"})
    )
    return os.environ | {
        "JUPYTER_PATH": str(folder),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "IPYTHONDIR": str(folder / "ipython"),
        "NUNCIUS_DIR": str(folder / "nuncius"),
        "JUPYTER_PLATFORM_DIRS": "1",
    }


def run(python: Path, code: str, environment: dict[str, str], timeout: float = 120) -> str:
    """Run ``code`` by the peers' Python; returns what it prints."""
    done = subprocess.run(
        [python, "-W", "ignore", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_jupyter_client_holds_a_whole_conversation(peers, environment):
    results = json.loads(run(peers, CONVERSATION, environment))
    assert results["value"] == [
        "ok",
        None,
        ["busy", ["execute_input", 1], ["execute_result", {"text/plain": "21"}], "idle"],
    ]
    assert results["streams"][2][2:-1] == [["stdout", "out\n"], ["stderr", "err\n"]]
    assert results["error"][:2] == ["error", "ZeroDivisionError"]
    assert ["error", "ZeroDivisionError"] in results["error"][2]
    assert ["execute_result", {"text/plain": "'slept'"}] in results["await"][2]
    assert ["execute_result", {"text/plain": "'Ada'"}] in results["input"][2]
    assert ["stdout", "from a child\n"] in results["shell"][2]
    assert ["stdout", "raw\n"] in results["child"][2]
    assert results["display"][2][2][1]["text/html"] == "<b>x</b>"
    for name in ("loop", "sleep", "waiting"):
        assert results[name][:2] == ["error", "KeyboardInterrupt"], name
    assert ["execute_result", {"text/plain": "'still here'"}] in results["after"][2]
    assert "sys.stdout" in results["complete"] or "stdout" in results["complete"]
    assert results["is_complete"] == {"status": "incomplete", "indent": "    "}
    assert results["comm_info"] == {"status": "ok", "comms": {}}
    assert results["alive"] is False


def test_nbclient_executes_a_notebook(peers, environment):
    code = """
import nbformat
from nbclient import NotebookClient
v4 = nbformat.v4
sources = ["a = 1", "print('x'); a + 1", "from IPython.display import *\\nh = display('one', display_id=True)",
           "h.update('two')", "display(HTML('<b>')); clear_output(wait=True); display(Markdown('*m*'))"]
nb = v4.new_notebook(cells=[v4.new_code_cell(s) for s in sources])
NotebookClient(nb, kernel_name="nuncius-python", timeout=60).execute()
outputs = [[(o.output_type, o.get("text") or o.data["text/plain"]) for o in c.outputs] for c in nb.cells]
assert outputs[1] == [("stream", "x\\n"), ("execute_result", "2")], outputs
assert outputs[2] == [("display_data", "'two'")], outputs
assert [sorted(o.data) for o in nb.cells[4].outputs] == [["text/markdown", "text/plain"]]
assert [c.execution_count for c in nb.cells] == [1, 2, 3, 4, 5]
nbformat.validate(nb)
"""
    run(peers, code, environment)


def test_jupyter_kernel_test_passes_with_every_capability(peers, environment, tmp_path):
    (tmp_path / "test_kernel.py").write_text(
        """
import unittest
import jupyter_kernel_test as jkt

# The suite waits a tenth of a second for each message: a busy machine may take longer.
as_function = jkt.ensure_sync
jkt.ensure_sync = lambda get: lambda timeout: as_function(get)(timeout=60)


class NunciusTests(jkt.KernelTests):
    def flush_channels(self):
        asked = self.kc.kernel_info()
        while self.kc.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != asked:
            pass
        status = {}
        while (status.get("parent_header", {}).get("msg_id"), status.get("content", {}).get("execution_state")) != (asked, "idle"):
            status = self.kc.get_iopub_msg(timeout=60)

    kernel_name = "nuncius-python"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = [
        {"text": "zi", "matches": {"zip"}},
        {"text": "imp", "matches": {"import"}},
    ]
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\\n  return x*2\\n\\n", "%matplotlib inline"]
    incomplete_code_samples = ["print('''hello", "def f(x):\\n  x*2"]
    invalid_code_samples = ["import = 7q"]
    code_generate_error = "raise NameError('x')"
    code_execute_result = [{"code": "1+2+3", "result": "6"}, {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"}]
    code_display_data = [{"code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))", "mime": "text/html"}]
    code_page_something = "zip?"
    code_clear_output = "from IPython.display import clear_output; clear_output()"
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "zip"


class NunciusWelcomes(jkt.IopubWelcomeTests):
    kernel_name = "nuncius-python"
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main()
"""
    )
    done = subprocess.run(
        [peers, "-W", "ignore", "test_kernel.py", "-v"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "skipped" not in done.stderr


def test_jupyter_console_is_a_shell_over_our_kernel(peers, environment):
    console = pexpect.spawn(
        str(peers),
        ["-W", "ignore", "-m", "jupyter_console", "--kernel=nuncius-python", "--simple-prompt"],
        env=environment | {"TERM": "dumb"},
        encoding="utf-8",
        timeout=60,
    )
    try:
        console.expect(r"In \[1\]: ")
        console.sendline("6 * 7")
        console.expect(r"Out\[1\]: 42")
        console.expect(r"In \[2\]: ")
        console.sendline("input('say ')")
        console.expect("say ")
        console.sendline("hello")
        console.expect("'hello'")
        console.expect(r"In \[3\]: ")
        console.sendline("exit")
        console.expect(pexpect.EOF)
    finally:
        console.close(force=True)


ATTACHING = r"""
import sys
from jupyter_client.blocking import BlockingKernelClient

client = BlockingKernelClient(connection_file=sys.argv[1])
client.load_connection_file()
client.start_channels()
client.wait_for_ready(timeout=60)

def show(message):
    content = message["content"]
    if message["msg_type"] == "execute_result":
        print(content["data"]["text/plain"])
    elif message["msg_type"] == "stream":
        print(content["text"], end="")

for code in ("numbers", "print('in the cell')\nnumbers.append(2)", "numbers"):
    client.execute_interactive(code, output_hook=show, timeout=60)
client.stop_channels()
"""


def test_jupyter_client_attaches_to_a_kernel_within_a_program(peers, environment, tmp_path):
    numbers = [1]
    file = tmp_path / "kernel.json"
    with serve_in_thread({"numbers": numbers}, connection_file=str(file)):
        done = subprocess.run(
            [peers, "-W", "ignore", "-c", ATTACHING, str(file)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("[1]\nin the cell\n[1, 2]\n", "")
    assert numbers == [1, 2]
