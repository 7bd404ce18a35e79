"""Test suites that libraries have written against IPython, unchanged, where IPython is not installed: our layer stands in for it.

The suites come with the libraries' wheels. They run in an environment of their own, made when it is missing; ``NUNCIUS_LAYER`` names its folder, ``.venv-layer`` in the repository by default.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from environments import environment
from ipython_suite import FAILING, FILES, LEFT_OUT, VERSION

LIMIT = 240

LIBRARIES = (
    "comm",
    "hypothesis",
    "jinja2",
    "jsonschema",
    "jupyterlab_widgets",
    "matplotlib",
    "pandas",
    "pip",
    "pytest",
    "pytest-asyncio",
    "pytz",
    "setuptools",
    "sympy",
    "testpath",
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


@pytest.fixture(scope="session")
def ipython_tests(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with IPython's own tests, from its source distribution."""
    kept = python.parents[1] / f"ipython-{VERSION}.tar.gz"
    if not kept.exists():
        command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run(
            [*command, "--no-build-isolation", "--dest", kept.parent, f"ipython=={VERSION}"],
            check=True,
            timeout=300,
        )
    folder = tmp_path_factory.mktemp("ipython")
    with tarfile.open(kept) as archive:
        tests = [m for m in archive.getmembers() if m.name.startswith(f"ipython-{VERSION}/tests/")]
        archive.extractall(folder, tests, filter="data")
    return folder / f"ipython-{VERSION}"


def _failed(said: str) -> set[str]:
    """Return the tests that pytest says have failed, as `FAILING` names them."""
    line = re.compile(
        r"^(?:FAILED|ERROR) tests/test_(\w+)\.py(?:::(?:[A-Z]\w+::)?(\w+))?", re.MULTILINE
    )
    return {f"{file}::{name}" for file, name in line.findall(said)}


def test_ipythons_own_suite_passes_but_for_what_is_known(python, ipython_tests, tmp_path) -> None:
    deselected = [f"--deselect=tests/test_{name.replace('::', '.py::', 1)}" for name in LEFT_OUT]
    done = subprocess.run(
        [
            *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull),
            *("--rootdir", ipython_tests, "-p", "nuncius.kernel.compat.provide_ipython"),
            *("--tb=short", *deselected),
            *(f"tests/test_{name}.py" for name in FILES.split()),
        ],
        cwd=ipython_tests,
        env=os.environ | {"NUNCIUS_DIR": str(tmp_path), "HOME": str(tmp_path), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LIMIT,
        check=False,
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None, done.stdout[-4000:] + done.stderr[-2000:]
    known = {name for names in FAILING.values() for name in names.split()}
    assert _failed(done.stdout) - known == set()
    assert int(passed.group(1)) >= 595
