"""Notebooks of real libraries, unmodified, on this kernel and on ipykernel: cell by cell the outputs have the same types and the same shape.

They run in an environment of their own, made when it is missing; ``NUNCIUS_LIBRARIES`` names its folder, ``.venv-libraries`` in the repository by default.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from environments import environment

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

if TYPE_CHECKING:
    from nuncius.protocol.kernelspec import KernelSpec

LIMIT = 120

LIBRARIES = (
    "altair",
    "bokeh",
    "cython",
    "debugpy",
    "ipykernel",
    "ipython-autotime",
    "ipdb",
    "ipywidgets",
    "jupysql",
    "line_profiler",
    "matplotlib",
    "matplotlib-inline",
    "memory_profiler",
    "nbformat",
    "numpy",
    "pandas",
    "plotly",
    "polars",
    "rich",
    "setuptools",
    "sympy",
    "tqdm",
)

#: Library -> the cells of its notebook.
NOTEBOOKS = {
    "matplotlib": [
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])",
        "%matplotlib inline\n%config InlineBackend.figure_formats = ['svg']\nplt.plot([1]);",
        "fig",
        "import matplotlib; matplotlib.get_backend()",
        "%config InlineBackend.figure_formats = ['retina']\nplt.plot([1]);",
        "%config InlineBackend.figure_formats = ['jpeg']\nplt.plot([1]);",
        "%config InlineBackend.figure_formats = ['pdf']\nfig",
        "%config InlineBackend.figure_formats = {'png', 'svg'}\nfig",
        "%config InlineBackend.close_figures = False\nfig, ax = plt.subplots()",
    ],
    "ipywidgets": [
        "import ipywidgets as w\nslider = w.IntSlider(3)\nslider",
        "output = w.Output()\nwith output:\n    print('inside')\noutput",
        "@w.interact(x=(0, 5))\ndef f(x=2):\n    print(x)",
        "display(w.Button(description='go'), w.HBox([slider]))",
        "slider.value = 4\nslider.close()",
    ],
    "tqdm": [
        "from tqdm.auto import tqdm\nfor i in tqdm(range(3)): pass",
        "import sys\nfrom tqdm import tqdm as plain\nfor i in plain(range(3), file=sys.stdout, mininterval=99): pass",
        "from tqdm.notebook import trange\nfor i in trange(3): pass",
    ],
    "rich": [
        "from rich import print as rprint\nrprint('[bold]x[/]')",
        "from rich.table import Table\nt = Table('a')\nt.add_row('1')\nt",
        "%load_ext rich\n{'a': 1}",
        "from rich.progress import track\nfor i in track(range(3)): pass",
        "1/0",
    ],
    "plotly": [
        "import plotly.graph_objects as go\nfig = go.Figure(go.Bar(y=[1, 2]))\nfig",
        "fig.show()",
        "import plotly.io\nplotly.io.renderers.default",
        "class Half:\n    def _ipython_display_(self): raise ValueError\n    def __repr__(self): return 'half'\nHalf()",
    ],
    "pandas": [
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\ndf",
        "df.style.highlight_max()",
        "df.a",
        "pd.set_option('display.html.table_schema', True)\ndf",
        "df.missing",
    ],
    "polars": [
        "import polars as pl\npl.DataFrame({'a': [1]})",
        "pl.LazyFrame({'a': [1]})",
        "pl.Series([1])",
    ],
    "altair": [
        (
            "import altair as alt\nimport pandas as pd\ndata = pd.DataFrame({'x': [1], 'y': [2]})\n"
            "chart = alt.Chart(data).mark_point().encode(x='x', y='y')\nchart"
        ),
        "alt.renderers.enable('mimetype')\nchart",
    ],
    "bokeh": [
        "from bokeh.plotting import figure, show, output_notebook\noutput_notebook()",
        "p = figure()\np.line([1, 2], [3, 4])\nshow(p)",
    ],
    "sympy": [
        "from sympy import *\ninit_printing()\nx = symbols('x')\nIntegral(x**2, x)",
        "solve(x**2 - 2)",
        "init_printing(use_latex='mathjax')\nx**2",
    ],
    "jupysql": [
        "%load_ext sql\n%config SqlMagic.displaylimit = 5\n%sql sqlite://",
        "%%sql\nCREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2);\nSELECT * FROM t",
        "r = %sql SELECT * FROM t\nr.DataFrame()",
        "%%sql kept <<\nSELECT a FROM t",
        "kept",
        "%sql SELECT nothing FROM t",
    ],
    "line_profiler": [
        "%load_ext line_profiler\ndef f(n):\n    s = 0\n    for i in range(n): s += i\n    return s",
        "%lprun -f f f(10)",
        "%lprun -r -f f f(10)",
    ],
    "memory_profiler": [
        "%load_ext memory_profiler\n%memit 1 + 1",
        "%%memit\nx = [1] * 10",
    ],
    "cython": [
        "%load_ext cython",
        "%%cython\ndef plus(int x): return x + 1",
        "plus(3)",
    ],
    "autotime": ["%load_ext autotime", "1 + 1", "%unload_ext autotime", "3"],
}


@pytest.fixture(scope="session")
def python() -> Path:
    """The python of the environment with the libraries."""
    return environment("NUNCIUS_LIBRARIES", ".venv-libraries", LIBRARIES)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("libraries")


@pytest.fixture
def run_notebook(
    python: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[str], bool], list[Any]]:
    """Run cells on our kernel, or on the peer's; returns the shapes of their outputs."""
    monkeypatch.chdir(folder)
    environment = {
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "NUNCIUS_DIR": str(folder / "nuncius"),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONWARNINGS": "ignore",
    }
    ours = kernel_spec(env=environment)
    peers = ("-m", "ipykernel_launcher", "-f", "{connection_file}")

    def run(cells: list[str], peer: bool) -> list[Any]:
        argv = (str(python), *(peers if peer else ours.argv[1:]))
        return _run(replace(ours, argv=argv), cells)

    return run


def _run(spec: KernelSpec, cells: list[str]) -> list[Any]:
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        return [_shape(client.execute(cell).result(LIMIT).outputs) for cell in cells]


def _shape(outputs: list[dict[str, Any]]) -> list[Any]:
    """Return what is the same each time: types, and texts without numbers."""
    shapes: list[Any] = []
    for output in outputs:
        match output["output_type"]:
            case "stream":
                shapes.append((output["name"], _words(output["text"])))
            case "error":
                shapes.append(("error", output["ename"]))
            case kind:
                data = output["data"]
                shapes.append((kind, sorted(data), _words(data.get("text/plain", ""))))
    return shapes


def _words(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.sub(r"0x[0-9a-fA-F]+", "0x…", text)
    return re.sub(r"\d[\d.,:]*( ?[mµμn]?s\b|it/s)?", "9", text)


@pytest.mark.parametrize("library", NOTEBOOKS)
def test_a_notebook_has_the_outputs_that_it_has_on_ipykernel(library, run_notebook):
    cells = NOTEBOOKS[library]
    ours = run_notebook(cells, False)
    theirs = run_notebook(cells, True)
    assert dict(zip(cells, ours, strict=True)) == dict(zip(cells, theirs, strict=True))
    assert any(ours), "the notebook has shown nothing"


def test_ipdb_opens_our_debugger(python: Path, folder: Path) -> None:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(folder / "nuncius")})
    spec = replace(spec, argv=(str(python), *spec.argv[1:]))
    answers = ["p x + 1", "c"]
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        code = "import ipdb\nx = 41\nipdb.set_trace()\nx"
        cell = client.execute(code, on_input=lambda question: answers.pop(0))
        result = cell.result(LIMIT)
    assert (result.data["text/plain"], answers) == ("41", [])
    assert "42" in result.text()
