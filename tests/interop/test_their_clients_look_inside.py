"""jupyter_client looks into programs on our kernel: it asks for variables while a cell computes, and answers the debugger's prompt. Nothing of ours is needed in the frontend."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

LIMIT = 60

ASKS = """
import json, sys
from jupyter_client import BlockingKernelClient

client = BlockingKernelClient()
client.load_connection_file(sys.argv[1])
client.start_channels()

def ask(msg_type, **content):
    message = client.session.msg(msg_type, content)
    client.control_channel.send(message)
    while True:
        reply = client.get_control_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            return reply["content"]

print(json.dumps([
    ask("kernel_info_request")["supported_features"],
    ask("variables_request"),
    ask("variables_request", path=["table"], limit=1),
    ask("variables_request", path=["table", 1], offset=2),
    ask("variables_request", path=["table", 9]),
]))
client.stop_channels()
"""

DEBUGS = """
import json, sys
from jupyter_client import BlockingKernelClient

client = BlockingKernelClient()
client.load_connection_file(sys.argv[1])
client.start_channels()

def run(code, *answers):
    shown, asked, answers = [], [], list(answers)
    def ask(message):
        asked.append((message["content"]["prompt"], message["metadata"].get("kind")))
        client.input(answers.pop(0))
    def show(message):
        content = message["content"]
        shown.append(content.get("text") or content.get("data", {}).get("text/plain", ""))
    reply = client.execute_interactive(
        code, output_hook=show, stdin_hook=ask, allow_stdin=True, timeout=60)
    assert set(asked) == {("ipdb> ", "debugger")} or not asked, asked
    return reply["content"].get("ename"), "".join(shown), answers

print(json.dumps([
    run("def f(n):\\n    breakpoint()\\n    return n\\nf(3)", "p n * 14", "n = 'changed'", "n", "c"),
    run("[1][f]"),
    run("%debug", "p f", "w", "q"),
    run("async def g():\\n    breakpoint()\\n    return 5\\nawait g()", "q"),
]))
client.stop_channels()
"""

CELL = """\
import pandas, pathlib
table = pandas.DataFrame({'number': [1, 2, 3], 'word': list('abc')})
stop = pathlib.Path(stop)
print('begun', flush=True)
while not stop.exists(): pass
del pandas, pathlib, stop
"""


def test_the_stock_client_lists_a_table_while_a_cell_computes(peers: Path, tmp_path: Path) -> None:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        flag = tmp_path / "stop"
        assert client.execute(f"stop = {str(flag)!r}").result(LIMIT).ok
        outputs: list[Any] = []
        cell = client.execute(CELL, on_output=outputs.append)
        while not any(message.msg_type == "stream" for message in outputs):
            client.poll(LIMIT)
        command = [peers, "-W", "ignore", "-c", ASKS, manager.connection_file]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        assert not cell.finished
        flag.touch()
        assert cell.result(LIMIT).ok
    features, every, columns, column, nothing = json.loads(done.stdout)
    assert "variables" in features
    assert [(v["name"], v["type"], v["parts"]) for v in every["variables"]] == [
        ("pandas", "module", 0),
        ("pathlib", "module", 0),
        ("stop", "PosixPath", 0),
        ("table", "DataFrame", 2),
    ]
    assert every["variables"][3]["shape"] == [3, 2]
    assert (columns["total"], columns["variables"]) == (
        2,
        [
            {
                "name": "number",
                "position": 0,
                "type": "Series",
                "value": "Series([1, 2, 3], dtype=int64)",
                "parts": 3,
                "shape": [3],
                "dtype": "int64",
                "expression": "table['number']",
            }
        ],
    )
    assert [(v["value"], v["expression"]) for v in column["variables"]] == [
        ("'c'", "table['word'].iloc[2]")
    ]
    assert (nothing["status"], nothing["ename"]) == ("error", "NoSuchVariable")


def test_the_stock_client_answers_the_debugger(peers: Path, tmp_path: Path) -> None:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager:
        command = [peers, "-W", "ignore", "-c", DEBUGS, manager.connection_file]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    stopped, failed, looked, awaited = json.loads(done.stdout)
    assert (stopped[0], stopped[2]) == (None, [])
    assert "\n42\n" in stopped[1]
    assert "'changed'" in stopped[1]
    assert failed[0] == "TypeError"
    assert (looked[0], looked[2]) == (None, [])
    assert "<function f at " in looked[1]
    assert (awaited[0], awaited[2]) == ("BdbQuit", [])
