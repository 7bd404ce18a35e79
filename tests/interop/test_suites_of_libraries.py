"""Test suites that libraries have written against IPython, unchanged, where IPython is not installed: our layer stands in for it.

The suites come with the libraries' wheels. They run in an environment of their own, made when it is missing; ``NUNCIUS_LAYER`` names its folder, ``.venv-layer`` in the repository by default.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from environments import environment

LIMIT = 240

LIBRARIES = (
    "comm",
    "hypothesis",
    "jinja2",
    "jsonschema",
    "jupyterlab_widgets",
    "pandas",
    "pytest",
    "pytz",
    "sympy",
    "traitlets",
    "widgetsnbextension",
)

#: Those that would bring IPython.
WITHOUT_DEPENDENCIES = ("ipywidgets", "matplotlib-inline")

#: Suite -> arguments of pytest, files below the installed packages; and how many tests have to pass.
SUITES = {
    "sympy": (["sympy/interactive/tests/test_ipython.py"], 7),
    "ipywidgets": (["ipywidgets"], 300),
    "pandas": (
        [
            "-k",
            "tab_complet",
            "pandas/tests/frame/test_api.py",
            "pandas/tests/indexes/test_base.py",
            "pandas/tests/resample/test_resampler_grouper.py",
        ],
        5,
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def python() -> Path:
    """The python of the environment with the libraries, and without IPython."""
    return environment("NUNCIUS_LAYER", ".venv-layer", LIBRARIES, WITHOUT_DEPENDENCIES)


@pytest.mark.parametrize("library", SUITES)
def test_a_suite_written_against_ipython_passes(library: str, python: Path, tmp_path: Path) -> None:
    arguments, at_least = SUITES[library]
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()
    assert not Path(found, "IPython").exists()
    done = subprocess.run(
        [
            *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-c", os.devnull, "--rootdir", found, "-p", "nuncius.kernel.compat.provide_ipython"),
            *(str(Path(found, word)) if "/" in word or word == library else word for word in arguments),
        ],
        cwd=tmp_path,
        env=os.environ | {"NUNCIUS_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed.group(1)) >= at_least
    assert "skipped" not in done.stdout
