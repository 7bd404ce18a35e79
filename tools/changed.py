#!/usr/bin/env python3
"""Say which packages a change concerns: their own files changed, or what they all stand on.

python3 tools/changed.py [BASE]          one name a line; BASE is origin/main by default
python3 tools/changed.py [BASE] --json   a list, as a workflow's matrix takes it
python3 tools/changed.py [BASE] --news   the packages whose sources changed without a news fragment; fails if any
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
#: What every package is tested with: a change here concerns all.
SHARED = ("packages/protocol/", "pyproject.toml", "noxfile.py", "tools/", ".github/", ".ci/")
#: What no package's tests depend on.
NEITHER = ("docs/", "bench/", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff")


def main(argv: list[str]) -> int:
    base = next((word for word in argv if not word.startswith("-")), "origin/main")
    files = changed_files(base)
    if "--news" in argv:
        missing = without_news(files)
        for name in missing:
            print(f"packages/{name}: add changes/ISSUE.added.md (or .changed, .fixed, .removed)")
        return 1 if missing else 0
    packages = concerned(files)
    print(json.dumps(packages) if "--json" in argv else "\n".join(packages))
    return 0


def concerned(files: Iterable[str]) -> list[str]:
    """The packages whose tests have to run for a change of ``files``."""
    found: set[str] = set()
    for file in files:
        if file.startswith(SHARED):
            return PACKAGES
        if file.startswith("packages/"):
            found.add(file.split("/")[1])
        elif not file.startswith(NEITHER) and not file.startswith("tests/"):
            return PACKAGES  # nobody said what it is: be careful
    return sorted(found & set(PACKAGES))


def without_news(files: Iterable[str]) -> list[str]:
    """The packages with changed sources and no news fragment among ``files``."""
    files = list(files)
    return [
        name
        for name in PACKAGES
        if any(file.startswith(f"packages/{name}/src/") for file in files)
        and not any(file.startswith(f"packages/{name}/changes/") for file in files)
    ]


def changed_files(base: str) -> list[str]:
    """The files that differ from where this branch left ``base``."""
    command = ["git", "diff", "--name-only", f"{base}...HEAD"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
