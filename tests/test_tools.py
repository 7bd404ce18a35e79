"""The tools of the repository, run on a copy of it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A small repository with our pyproject files and tools."""
    for path in (ROOT / "pyproject.toml", ROOT / "CITATION.cff", *ROOT.glob("tools/*.py")):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    for package in ROOT.glob("packages/*/pyproject.toml"):
        target = tmp_path / package.parent.relative_to(ROOT)
        (target / "changes").mkdir(parents=True)
        for name in ("pyproject.toml", "towncrier.toml", "CHANGELOG.md"):
            shutil.copy(package.parent / name, target)
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "start"]):
        git(tmp_path, *arguments)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}  # fmt: skip
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **who},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def release(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}  # fmt: skip
    return subprocess.run(
        [sys.executable, "tools/release.py", *arguments],
        cwd=folder,
        env={**os.environ, **who},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release_bumps_gathers_the_news_commits_and_tags(copy: Path):
    fragment = copy / "packages" / "kernel" / "changes" / "12.added.md"
    fragment.write_text("Cells can be counted.\n")
    git(copy, "add", "-A")
    git(copy, "commit", "-qm", "news")

    done = release(copy, "kernel", "minor")

    assert done.returncode == 0, done.stderr
    assert 'version = "0.2.0"' in (copy / "packages/kernel/pyproject.toml").read_text()
    assert "Cells can be counted. (#12)" in (copy / "packages/kernel/CHANGELOG.md").read_text()
    assert not fragment.exists()
    assert git(copy, "tag").split() == ["kernel-v0.2.0"]
    assert git(copy, "status", "--porcelain") == ""


def test_a_minor_release_of_protocol_moves_the_bounds_of_the_others(copy: Path):
    assert release(copy, "protocol", "minor").returncode == 0
    for name in ("kernel", "terminal", "parallel"):
        text = (copy / "packages" / name / "pyproject.toml").read_text()
        assert '"nuncius-protocol>=0.2,<0.3"' in text


def test_a_dry_run_changes_nothing(copy: Path):
    assert "0.1.0 -> 0.1.1" in release(copy, "terminal", "patch", "--dry-run").stdout
    assert git(copy, "status", "--porcelain") == ""
    assert git(copy, "tag") == ""


def test_nothing_is_released_from_an_unfinished_tree(copy: Path):
    (copy / "CITATION.cff").write_text("")
    done = release(copy, "kernel", "minor")
    assert (done.returncode, "not committed" in done.stderr) == (1, True)


def test_a_package_that_does_not_exist_is_not_released(copy: Path):
    done = release(copy, "kernle", "minor")
    assert (done.returncode, "there is no package 'kernle'" in done.stderr) == (2, True)


def test_a_change_of_protocol_concerns_every_package_and_one_of_docs_none():
    changed = tool("changed")
    assert changed.concerned(["packages/protocol/src/x.py"]) == changed.PACKAGES
    assert changed.concerned(["docs/index.md", "tests/test_layout.py"]) == []
    assert changed.concerned(["packages/kernel/src/x.py", "docs/a.md"]) == ["kernel"]
    assert changed.concerned(["something/new"]) == changed.PACKAGES


def test_changed_sources_ask_for_news():
    changed = tool("changed")
    source = "packages/kernel/src/nuncius/kernel/api.py"
    assert changed.without_news([source, "packages/terminal/tests/test_x.py"]) == ["kernel"]
    assert changed.without_news([source, "packages/kernel/changes/1.fixed.md"]) == []


def test_an_old_python_is_told_what_is_needed():
    dev = tool("dev")
    dev.OLDEST = (99, 0)
    assert dev.main(["test"]).startswith("Nuncius needs Python 99.0 or newer; this is 3.")


def test_groups_of_requirements_are_resolved_as_pip_would():
    dev = tool("dev")
    requirements = dev.dependency_group("dev")
    assert any(line.startswith("pytest") for line in requirements)
    assert any(line.startswith("mypy") for line in requirements)
    assert all(isinstance(line, str) for line in requirements)


def test_the_environment_is_out_of_date_when_a_package_wants_something_else(copy: Path):
    dev = tool("dev")
    dev.ROOT = copy
    packages = sorted(path.parent for path in copy.glob("packages/*/pyproject.toml"))
    before = dev.fingerprint(packages)
    with (copy / "packages/kernel/pyproject.toml").open("a") as file:
        file.write("# another\n")
    assert dev.fingerprint(packages) != before
