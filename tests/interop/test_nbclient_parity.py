"""The same notebook, the same kernel: what we put into the cells is what nbclient puts there."""

from __future__ import annotations

import json
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

#: Run by the peers' Python: reads a notebook, runs it, writes it.
THEIRS = """
import json, sys, nbformat
from nbclient import NotebookClient
nb = nbformat.reads(sys.stdin.read(), 4)
NotebookClient(nb, kernel_name="peer", allow_errors=True, timeout=60).execute()
print(nbformat.writes(nb))
"""


def notebook(sources: list[str]) -> dict[str, Any]:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    spec = {"name": "peer", "display_name": "Peer", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def kernel(peers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The peers' kernel, known to both sides as ``peer``."""
    folder = tmp_path / "data" / "kernels" / "peer"
    folder.mkdir(parents=True)
    argv = [str(peers), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Peer", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
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


@pytest.mark.parametrize("name", CELLS)
def test_the_cells_are_the_same(kernel: Path, name: str) -> None:
    ours, given = notebook(CELLS[name]), notebook(CELLS[name])
    done = subprocess.run(
        [str(kernel), "-c", THEIRS], input=json.dumps(given), capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
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


def test_failures_have_the_same_name_and_text(kernel: Path) -> None:
    script = THEIRS.replace("allow_errors=True, ", "").replace(
        "timeout=60).execute()",
        "timeout=60)\ntry: nb_ = _.execute()\nexcept Exception as e: print(json.dumps([type(e).__name__, e.ename, e.evalue])); sys.exit()",
    ).replace("NotebookClient(nb,", "_ = NotebookClient(nb,", 1)  # fmt: skip
    done = subprocess.run(
        [str(kernel), "-c", script],
        input=json.dumps(notebook(["1/0"])),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    with pytest.raises(CellExecutionError) as caught:
        NotebookClient(notebook(["1/0"]), timeout=60).execute()
    error = caught.value
    assert [type(error).__name__, error.ename, error.evalue] == json.loads(done.stdout)
