#!/usr/bin/env python3
"""Release one package: raise its version, gather its news, commit and tag.

    python3 tools/release.py PACKAGE major|minor|patch [--dry-run]

PACKAGE is a folder below packages/, or `nuncius` for the distribution that installs them all.
The tag PACKAGE-vVERSION starts the workflow that builds and publishes. Nothing is pushed here.

A minor release of protocol also moves the bound that the other packages have on it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("major", "minor", "patch")


def main(argv: list[str]) -> int:
    dry = "--dry-run" in argv
    words = [word for word in argv if word != "--dry-run"]
    if len(words) != 2 or words[1] not in PARTS:
        print(__doc__, file=sys.stderr)
        return 2
    name, part = words
    folder = ROOT if name == "nuncius" else ROOT / "packages" / name
    if not (folder / "pyproject.toml").is_file():
        known = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
        print(
            f"there is no package {name!r} (there are: nuncius, {', '.join(known)})",
            file=sys.stderr,
        )
        return 2
    if problem := not_ready():
        print(problem, file=sys.stderr)
        return 1
    old = version_of(folder)
    new = raised(old, part)
    tag = f"{name}-v{new}"
    print(f"{name}: {old} -> {new}, tag {tag}")
    edits = planned_edits(name, folder, old, new)
    for path, text in edits.items():
        print(f"  {path.relative_to(ROOT)}")
        if not dry:
            path.write_text(text, encoding="utf-8")
    gather_news(folder, new, dry=dry)
    if dry:
        return 0
    git("add", "--all")
    git("commit", "--quiet", "--message", f"Release {name} {new}")
    git("tag", "--annotate", tag, "--message", f"{name} {new}")
    print(f"Look at it (git show {tag}), then: git push origin HEAD {tag}")
    return 0


def raised(version: str, part: str) -> str:
    """The next version: ``raised("0.1.2", "minor") == "0.2.0"``."""
    numbers = [int(number) for number in version.split(".")]
    index = PARTS.index(part)
    return ".".join(map(str, [*numbers[:index], numbers[index] + 1, *[0] * (2 - index)]))


def planned_edits(name: str, folder: Path, old: str, new: str) -> dict[Path, str]:
    """The files that the new version is written into, and their new text."""
    path = folder / "pyproject.toml"
    edits = {path: replaced_once(path, f'version = "{old}"', f'version = "{new}"')}
    if name == "nuncius":
        path = ROOT / "CITATION.cff"
        edits[path] = replaced_once(path, f"version: {old}", f"version: {new}")
    if name == "protocol" and bound(old) != bound(new):
        before, after = f"nuncius-protocol{bound(old)}", f"nuncius-protocol{bound(new)}"
        for path in (ROOT / "pyproject.toml", *sorted(ROOT.glob("packages/*/pyproject.toml"))):
            text = edits.get(path) or path.read_text("utf-8")
            if before in text:
                edits[path] = text.replace(before, after)
    return edits


def bound(version: str) -> str:
    """What others require of this version: ``bound("0.1.2") == ">=0.1,<0.2"``."""
    major, minor, _ = (int(number) for number in version.split("."))
    return f">={major}.{minor},<{major}.{minor + 1}"


def replaced_once(path: Path, old: str, new: str) -> str:
    text, count = re.subn(f"(?m)^{re.escape(old)}$", new, path.read_text("utf-8"))
    if count != 1:
        sys.exit(f"{path.relative_to(ROOT)}: expected one line {old!r}, found {count}")
    return text


def gather_news(folder: Path, version: str, *, dry: bool) -> None:
    """Move the fragments in changes/ into CHANGELOG.md."""
    if not (folder / "towncrier.toml").is_file():
        return
    if not list(folder.glob("changes/*.*.md")):
        print("  no news fragments: the changelog stays as it is")
        return
    command = [
        sys.executable,
        "-m",
        "towncrier",
        "build",
        "--dir",
        str(folder),
        "--version",
        version,
    ]
    subprocess.run([*command, "--draft" if dry else "--yes"], check=True, cwd=ROOT)


def not_ready() -> str:
    """Why nothing can be released now, or nothing."""
    if git("status", "--porcelain"):
        return "there are changes that are not committed: commit or stash them first"
    return ""


def version_of(folder: Path) -> str:
    data = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    version: str = data["project"]["version"]
    return version


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
