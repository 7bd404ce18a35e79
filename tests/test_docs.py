"""The documentation tells the truth: its Python runs, and its commands exist."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nuncius.protocol.app import Group, Program
from nuncius.protocol.app.cli import KNOWN_COMMANDS
from nuncius.protocol.entrypoints import entry_points

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("packages/*/README.md")]
    + [path for path in ROOT.glob("docs/**/*.md") if "_build" not in path.parts]
)
DISTRIBUTIONS = {
    "nuncius",
    *(f"nuncius-{path.parent.name}" for path in ROOT.glob("packages/*/src")),
}
_FENCE = re.compile(r"^(`{3,})(\w*)[^\n]*\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)

#: Runs the blocks of a page (argument 1) in one namespace; a failure shows the page and its line.
RUNNER = """
import sys
path, source = sys.argv[1], sys.stdin.read()
exec(compile(source, path, "exec"), {"__name__": "__docs__"})
"""


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """The line and the text of each block of a language."""
    text = page.read_text("utf-8")
    return [
        (text.count("\n", 0, found.start(3)) + 1, found[3])
        for found in _FENCE.finditer(text)
        if found[2] == language
    ]


def page_source(page: Path) -> str:
    """All Python of a page, each line where it is on the page."""
    source = ""
    for line, text in blocks(page, "python"):
        source += "\n" * (line - 1 - source.count("\n")) + text
    return source


def commands() -> list[tuple[str, str]]:
    return [
        (f"{page.relative_to(ROOT)}:{line}", found)
        for page in PAGES
        for line, text in blocks(page, "console")
        for found in re.findall(r"^\$ (.+)$", text, re.MULTILINE)
    ]


def with_python() -> list[Path]:
    return [page for page in PAGES if blocks(page, "python")]


@pytest.mark.parametrize("page", with_python(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path):
    # The notebook that pages about conversion work on; a block marked "py" waits for a person and is not run.
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    (tmp_path / "report.ipynb").write_text(json.dumps(notebook))
    own = {"NUNCIUS_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER, str(page)],
        input=page_source(page),
        cwd=tmp_path,
        env={**os.environ, **{name: str(tmp_path / name) for name in own}},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("where", "command"), commands(), ids=str)
def test_a_command_of_the_documentation_exists(where: str, command: str):
    """What a person copies into a terminal is understood; it is not run."""
    words = shlex.split(command, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    words = words[: words.index("|")] if "|" in words else words
    match words:
        case ["nuncius", name, *rest] if not name.startswith("-") and "." not in name:
            check_nuncius(where, name, rest)
        case ["pip", "install", *names]:
            ours = {name.partition("[")[0] for name in names if name.startswith("nuncius")}
            assert ours <= DISTRIBUTIONS, where
        case ["python3" | "python", "tools/dev.py", verb, *_]:
            assert verb in ("run", "test", "nox", "setup"), where
        case ["python3" | "python", path, *_] if path.endswith(".py") and "/" in path:
            assert (ROOT / path).is_file(), where


def check_nuncius(where: str, name: str, rest: list[str]) -> None:
    entry = entry_points("nuncius.commands").get(name)
    assert entry or name in KNOWN_COMMANDS, f"{where}: there is no command {name!r}"
    command = entry.load() if entry else None
    if isinstance(command, Group) and rest:
        assert rest[0] in command.verbs, f"{where}: there is no {name} {rest[0]}"
        command, rest = command.verbs[rest[0]], rest[1:]
    if isinstance(command, Program) and not {"--help", "--help-all"} & set(rest):
        # A profile of the example need not exist here.
        command.parse([word for word in rest if not word.startswith("--profile")])


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_a_page_that_fails_is_noticed(tmp_path: Path):
    """The check itself: blocks share a namespace, and a wrong one is found on its line."""
    page = tmp_path / "page.md"
    page.write_text("# A\n\n```python\nx = 1\n```\ntext\n```python\nassert x == 2\n```\n")
    source = page_source(page)
    assert source.splitlines()[3] == "x = 1"
    with pytest.raises(AssertionError) as caught:
        exec(compile(source, str(page), "exec"), {})
    assert caught.traceback[-1].lineno == 7


def test_the_page_of_commands_is_what_the_commands_say(monkeypatch: pytest.MonkeyPatch):
    spec = importlib.util.spec_from_file_location("gen_commands", ROOT / "tools/gen_commands.py")
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    monkeypatch.setenv("COLUMNS", "100")
    assert generator.PAGE.read_text("utf-8") == generator.page(), "python tools/gen_commands.py"
