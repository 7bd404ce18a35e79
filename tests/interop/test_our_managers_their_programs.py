"""nbclient and papermill run notebooks with our manager and our client in the place of jupyter_client's, and are not patched for it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "packages" / "protocol" / "src"

NBCLIENT = """
import json, os, sys
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook
from nuncius.protocol.compat import AsyncKernelManager

def run(*sources, **options):
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    manager = AsyncKernelManager(kernel_name="python3")
    client = NotebookClient(notebook, km=manager, **options)
    try:
        client.execute(env={**os.environ, "GIVEN": "yes"})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        outcome = type(error).__name__
    else:
        outcome = "ok"
    return outcome, [cell.outputs for cell in notebook.cells]

results = {
    "ok": run("print(6 * 7)", "import os; os.environ['GIVEN']", "1 + 1"),
    "error": run("1/0", "print('never')")[0],
    "allowed": run("1/0", "print('still')", allow_errors=True)[1][1],
    "timeout": run("import time; time.sleep(60)", timeout=1)[0],
    "interrupted": run("import time; time.sleep(60)", "2 + 2", timeout=1,
                       interrupt_on_timeout=True, allow_errors=True)[1][1],
    "dead": run("import os; os._exit(3)", timeout=60)[0],
    "widget": run("from IPython.display import display, clear_output\\n"
                  "print('a'); clear_output(); h = display('b', display_id=True); h.update('c')"),
}
print(json.dumps(results))
"""

PAPERMILL = """
import json, sys
import nbformat, papermill
from nbformat.v4 import new_code_cell, new_notebook
from nuncius.protocol.compat import AsyncKernelManager

notebook = new_notebook(
    cells=[new_code_cell("name = 'nobody'", metadata={"tags": ["parameters"]}),
           new_code_cell("print('hello', name)"), new_code_cell("raise ValueError(name)")],
    metadata={"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}})
nbformat.write(notebook, "in.ipynb")
try:
    papermill.execute_notebook("in.ipynb", "out.ipynb", {"name": "Ada"}, progress_bar=False,
                               km=AsyncKernelManager(kernel_name="python3"))
except papermill.PapermillExecutionError as error:
    print(json.dumps([error.ename, error.evalue]))
"""


@pytest.fixture
def run(peers, peer_environment, tmp_path):
    """Run a program with the peers' Python, in which our protocol package can be imported."""

    def run(program: str):
        done = subprocess.run(
            [str(peers), "-c", program],
            env={**peer_environment, "PYTHONPATH": str(SOURCE)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_nbclient_runs_notebooks_with_our_manager(run):
    results = run(NBCLIENT)
    stream = {"output_type": "stream", "name": "stdout"}
    value = {"output_type": "execute_result", "metadata": {}}
    assert results["ok"] == [
        "ok",
        [
            [{**stream, "text": "42\n"}],
            [{**value, "execution_count": 2, "data": {"text/plain": "'yes'"}}],
            [{**value, "execution_count": 3, "data": {"text/plain": "2"}}],
        ],
    ]
    assert (results["error"], results["timeout"], results["dead"]) == (
        "CellExecutionError",
        "CellTimeoutError",
        "DeadKernelError",
    )
    assert results["allowed"] == [{**stream, "text": "still\n"}]
    assert results["interrupted"][0]["data"] == {"text/plain": "4"}
    assert [output["data"] for output in results["widget"][1][0]] == [{"text/plain": "'c'"}]


def test_papermill_runs_notebooks_with_our_manager(run, tmp_path):
    assert run(PAPERMILL) == ["ValueError", "Ada"]
    cells = json.loads((tmp_path / "out.ipynb").read_text())["cells"]
    texts = [output.get("text") for cell in cells for output in cell.get("outputs", [])]
    assert ["hello Ada\n"] in texts
