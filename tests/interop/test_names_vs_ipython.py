"""Each public name of IPython and ipykernel can be imported through our layer, or stands in the migration page's table of what is left out, with the reason."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "migrating-from-ipython.md"

#: Prints module -> the names that it defines or exports; modules that cannot be imported there are left out.
THEIRS = """
import importlib, json, pkgutil, sys, types, typing, warnings
warnings.simplefilter("ignore")
found = {}
for package in ("IPython", "ipykernel"):
    root = importlib.import_module(package)
    names = [package, *(m.name for m in pkgutil.walk_packages(root.__path__, package + ".", onerror=lambda name: None))]
    for name in names:
        if "tests" in name or name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(name)
        except BaseException:
            continue
        found[name] = [
            key for key, value in vars(module).items()
            if not key.startswith("_") and not isinstance(value, (types.ModuleType, typing.TypeVar))
            and (getattr(value, "__module__", None) == name or key in getattr(module, "__all__", ())
                 or name in ("IPython", "IPython.display") and str(getattr(value, "__module__", "")).startswith(package))
        ]
json.dump(found, open(sys.argv[1], "w"))
"""

#: Prints those that our layer has not; a module that is missing as a whole has an asterisk.
OURS = """
import importlib, json, sys
import nuncius.kernel.compat.provide_ipython
missing = {}
for name, names in json.load(open(sys.argv[1])).items():
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert error.name == name or name.startswith(str(error.name)), error
        missing[name] = ["*"]
        continue
    if absent := [each for each in names if not hasattr(module, each)]:
        missing[name] = absent
json.dump(missing, open(sys.argv[2], "w"))
"""


def run(python: object, code: str, *arguments: Path) -> None:
    command = [str(python), "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def left_out() -> dict[str, set[str]]:
    """Return the first column of the table: module or pattern -> names, an asterisk for all."""
    rows = re.findall(r"^\| (`I.*?|`ip.*?) \| \S", PAGE.read_text(), re.MULTILINE)
    entries = [entry for row in rows for entry in re.findall(r"`([^`]+)`", row)]
    return {
        module: set(names.split()) or {"*"}
        for module, _, names in (entry.partition(":") for entry in entries)
    }


def is_covered(module: str, name: str, rows: Mapping[str, set[str]]) -> bool:
    return any(
        fnmatchcase(module, pattern) and (name in names or names == {"*"})
        for pattern, names in rows.items()
    )


def test_every_public_name_is_there_or_left_out_with_a_reason(peers: Path, tmp_path: Path) -> None:
    theirs, missing_file = tmp_path / "theirs.json", tmp_path / "missing.json"
    run(peers, THEIRS, theirs)
    names = json.loads(theirs.read_text())
    assert len(names) > 150
    assert {"display", "HTML"} <= set(names["IPython.display"])
    run(sys.executable, OURS, theirs, missing_file)
    missing = json.loads(missing_file.read_text())
    rows = left_out()
    unexplained = {
        module: [name for name in absent if not is_covered(module, name, rows)]
        for module, absent in missing.items()
    }
    assert {module: absent for module, absent in unexplained.items() if absent} == {}
    # and nothing is said to be left out that is there
    present = {(m, n) for m, found in names.items() for n in found} - {
        (m, n) for m, absent in missing.items() for n in absent
    }
    assert present & {(module, name) for module, listed in rows.items() for name in listed} == set()
