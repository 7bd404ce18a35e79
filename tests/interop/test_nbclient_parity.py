"""The same notebook, the same kernel: what we put into the cells is what nbclient puts there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nuncius.nbconvert.nbclient import CellExecutionError, NotebookClient

CELLS: dict[str, list[str]] = {
    "streams and results": [
        "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')",
        "1 + 1",
        "None",
        "# only a comment",
        "",
    ],
    "displays": [
        "from IPython.display import HTML, clear_output, display, update_display\nh = display('old', display_id='x')",
        "display(HTML('<b>x</b>'), metadata={'text/html': {'isolated': True}})",
        "h.update('new')\ndisplay('again', display_id='x')",
        "print('gone'); clear_output(wait=True); print('kept')",
        "print('gone'); clear_output()",
        "for n in range(3):\n    clear_output(wait=True); display(n)",
    ],
    "errors": ["1/0", "raise ValueError('x')", "print('after')", "import sys; sys.exit(3)"],
    "long output": ["for n in range(5000): print(n)", "'x' * 100_000"],
    "magics": ["%%writefile /dev/null\nx", "!echo hi", "_ = 5\n_", "import time\ntime.sleep(0)"],
    "late output": ["import threading\nt = threading.Thread(target=print, args=('late',)); t.start(); t.join()"],
}  # fmt: skip

#: What ends with an error in a cell, instead of going on.
FAILING = "1/0"

#: Run by the peers' Python: reads notebooks, runs all of them at the same time, and writes how each ended, and it.
THEIRS = f"""
import asyncio, json, sys, nbformat
from nbclient import NotebookClient
async def run(name, nb):
    client = NotebookClient(nb, kernel_name="peer", allow_errors=name != {FAILING!r}, timeout=120)
    try:
        await client.async_execute()
    except Exception as error:
        return [[type(error).__name__, error.ename, error.evalue], nb]
    return [None, nb]
async def main():
    given = {{name: nbformat.from_dict(nb) for name, nb in json.loads(sys.stdin.read()).items()}}
    done = await asyncio.gather(*(run(name, nb) for name, nb in given.items()))
    print(json.dumps(dict(zip(given, done))))
asyncio.run(main())
"""


def notebook(sources: list[Any]) -> dict[str, Any]:
    """A notebook of code cells; one that is a pair has tags."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {} if isinstance(source, str) else {"tags": source[1]},
            "source": source if isinstance(source, str) else source[0],
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    spec = {"name": "peer", "display_name": "Peer", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def data(peers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of Jupyter with the peers' kernel as ``peer``."""
    folder = tmp_path_factory.mktemp("data")
    argv = [str(peers), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Peer", "language": "python"}
    (folder / "kernels" / "peer").mkdir(parents=True)
    (folder / "kernels" / "peer" / "kernel.json").write_text(json.dumps(spec))
    return folder


@pytest.fixture
def kernel(peers: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The peers' Python; both sides know the kernel ``peer``."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(data))
    monkeypatch.setenv("IPYTHONDIR", str(data / "ipython"))
    return peers


def joined(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell for comparing: texts as one, times and what differs from run to run left out."""
    outputs = []
    for output in cell["outputs"]:
        output = json.loads(json.dumps(output))
        for name in ("text", "traceback"):
            if isinstance(output.get(name), list):
                output[name] = "".join(output[name])
        for mime, value in output.get("data", {}).items():
            output["data"][mime] = "".join(value) if isinstance(value, list) else value
        outputs.append(output)
    return {
        "outputs": outputs,
        "timing": sorted(cell["metadata"].get("execution", {})),
        "count": cell["execution_count"],
    }


def split(outputs: list[dict[str, Any]]) -> dict[str, str]:
    """The streams of a cell: which of two comes first is up to the kernel's threads."""
    streams: dict[str, str] = {}
    for output in outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + output["text"]
    return streams


@pytest.fixture(scope="module")
def run_by_peer(peers: Path, data: Path) -> dict[str, Any]:
    """How the peer's runs ended, and the notebooks, by name."""
    given = {name: notebook(sources) for name, sources in {**CELLS, FAILING: [FAILING]}.items()}
    return answer_of(peers, THEIRS, given, data)


def answer_of(peers: Path, script: str, given: dict[str, Any], data: Path) -> dict[str, Any]:
    """What a script says, run by the peers' Python, which knows the kernel ``peer``."""
    done = subprocess.run(
        [str(peers), "-c", script],
        input=json.dumps(given),
        env={**os.environ, "JUPYTER_DATA_DIR": str(data), "IPYTHONDIR": str(data / "ipython")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", CELLS)
def test_the_cells_are_the_same(kernel: Path, run_by_peer: dict[str, Any], name: str) -> None:
    ours, (ended, theirs) = notebook(CELLS[name]), run_by_peer[name]
    assert ended is None
    NotebookClient(ours, allow_errors=True, timeout=60).execute()
    assert len(ours["cells"]) == len(theirs["cells"])
    for mine, other in zip(ours["cells"], theirs["cells"], strict=True):
        left, right = joined(mine), joined(other)
        assert split(left["outputs"]) == split(right["outputs"])
        rest = [
            [o for o in side["outputs"] if o["output_type"] != "stream"] for side in (left, right)
        ]
        assert rest[0] == rest[1]
        assert left["timing"] == right["timing"]
        # nbclient counts for itself; the kernel's own number is what the outputs have.
        assert left["count"] == right["count"]


def test_failures_have_the_same_name_and_text(kernel: Path, run_by_peer: dict[str, Any]) -> None:
    with pytest.raises(CellExecutionError) as caught:
        NotebookClient(notebook([FAILING]), timeout=60).execute()
    error = caught.value
    assert [type(error).__name__, error.ename, error.evalue] == run_by_peer[FAILING][0]


HOOKS = ["on_notebook_start", "on_notebook_complete", "on_notebook_error", "on_cell_start", "on_cell_execute", "on_cell_complete", "on_cell_executed", "on_cell_error"]  # fmt: skip

#: Run on both sides: what the hooks were told, how the run ended, and the notebook.
STORY = """
def story(NotebookClient, nb, traits):
    said = []
    def hook(name):
        def take(**about):
            said.append([name, about.get("cell_index"), sorted(about)])
        return take
    hooks = {name: hook(name) for name in HOOKS}
    try:
        NotebookClient(nb, kernel_name="peer", **{"timeout": 60, **traits}, **hooks).execute()
        end = None
    except Exception as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        end = [type(error).__name__, getattr(error, "ename", None), "TimeoutError" in kinds, "RuntimeError" in kinds]
    return said, end
"""
THEIR_STORY = f"""
import json, sys, nbformat
from concurrent.futures import ThreadPoolExecutor
from nbclient import NotebookClient
HOOKS = {HOOKS!r}
{STORY}
def told(given):
    nb = nbformat.from_dict(given["nb"])
    said, end = story(NotebookClient, nb, given["traits"])
    return [said, end, nb]
given = json.loads(sys.stdin.read())
with ThreadPoolExecutor(2) as pool:
    print(json.dumps(dict(zip(given, pool.map(told, given.values())))))
"""

SLOW = "import time\nprint('begun', flush=True)\ntime.sleep(30)"
WIDGETS = "import ipywidgets as w\nslider = w.IntSlider(value=3)\nslider"
OUTPUT = "out = w.Output()\nout"
INTO = "with out:\n    print('inside')\n    display('shown')\nprint('outside')"
STORIES: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "an exception": (["1", "1/0", "2"], {}),
    "allowed by a tag": ([("1/0", ["raises-exception"]), "2"], {}),
    "allowed by name": (["1/0", "int('x')", "3"], {"allow_error_names": ["ZeroDivisionError"]}),
    "all allowed": (["1/0", "int('x')"], {"allow_errors": True}),
    "none allowed": ([("1/0", ["raises-exception"])], {"force_raise_errors": True}),
    "left out": ([("print(1)", ["skip-execution"]), "print(2)"], {}),
    "left out by another tag": ([("print(1)", ["not"]), ("print(2)", ["skip-execution"])], {"skip_cells_with_tag": "not"}),
    "too long": ([SLOW, "2"], {"timeout": 1}),
    "too long, interrupted": ([SLOW, "2"], {"timeout": 1, "interrupt_on_timeout": True}),
    "too long, another error": ([SLOW, "2"], {"timeout": 1, "interrupt_on_timeout": True, "allow_errors": True, "error_on_timeout": {"ename": "Slow", "evalue": "x", "traceback": ["t"]}}),
    "a dead kernel": (["1", "import os; os._exit(3)", "2"], {}),
    "no times": (["1"], {"record_timing": False}),
    "streams as one": (["import sys\nfor n in range(3):\n    print(n); sys.stdout.flush()"], {"coalesce_streams": True}),
    "widgets": ([WIDGETS, OUTPUT, INTO], {}),
    "widgets without state": ([WIDGETS], {"store_widget_state": False}),
}  # fmt: skip

#: What else of the last cell has come when the kernel goes is chance.
CUT_OFF = ("too long", "a dead kernel")


def widgets(nb: dict[str, Any]) -> list[Any]:
    """The saved state without ids: what kinds of models, and what the output widget holds."""
    saved = nb["metadata"].get("widgets")
    if saved is None:
        return []
    models = saved["application/vnd.jupyter.widget-state+json"]["state"].values()
    return sorted([m["model_name"], m["state"].get("value"), json.dumps(m["state"].get("outputs"), sort_keys=True)] for m in models)  # fmt: skip


def without_ids(cell: dict[str, Any]) -> str:
    """A cell as text, the ids of its widgets left out."""
    text = json.dumps(joined(cell), sort_keys=True)
    return re.sub(r"[0-9a-f]{32}|0x[0-9a-f]+", "ID", text)


@pytest.fixture(scope="module")
def theirs(peers: Path, data: Path) -> dict[str, Any]:
    """All stories as nbclient tells them, by name."""
    given = {
        name: {"nb": notebook(sources), "traits": traits}
        for name, (sources, traits) in STORIES.items()
    }
    return answer_of(peers, THEIR_STORY, given, data)


@pytest.mark.parametrize("name", STORIES)
def test_a_run_goes_the_same_way(kernel: Path, theirs: dict[str, Any], name: str) -> None:
    sources, traits = STORIES[name]
    said, end, nb = theirs[name]
    space: dict[str, Any] = {"HOOKS": HOOKS}
    exec(STORY, space)
    ours = notebook(sources)
    my_said, my_end = space["story"](NotebookClient, ours, traits)
    assert my_end == end
    assert my_said == said
    assert widgets(ours) == widgets(nb)
    if name in CUT_OFF:
        assert [split(cell["outputs"]) for cell in ours["cells"]] == [split(cell["outputs"]) for cell in nb["cells"]]  # fmt: skip
        return
    assert [without_ids(cell) for cell in ours["cells"]] == [
        without_ids(cell) for cell in nb["cells"]
    ]
