"""The shape of the repository itself: what keeps seven packages one project."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(path.parent for path in (ROOT / "packages").glob("*/pyproject.toml"))
PEERS = {
    "ipython", "ipykernel", "jupyter-client", "jupyter-core", "jupyter-server",
    "nbconvert", "nbclient", "ipyparallel", "qtconsole",
}  # fmt: skip
each_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)


def project(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]


def portion(package: Path) -> Path:
    return package / "src" / "nuncius" / package.name.replace("-", "_")


def requirement_names(requirements: list[str]) -> set[str]:
    return {re.match(r"[\w.-]+", line)[0].lower().replace("_", "-") for line in requirements}


def all_requirements(folder: Path) -> list[str]:
    metadata = project(folder)
    extras = metadata.get("optional-dependencies", {}).values()
    return [*metadata.get("dependencies", []), *(line for extra in extras for line in extra)]


def test_all_seven_packages_are_there():
    assert [path.name for path in PACKAGES] == [
        "kernel", "nbconvert", "notebook-server", "parallel", "protocol", "qtconsole", "terminal",
    ]  # fmt: skip


@each_package
def test_the_namespace_has_no_init(package: Path):
    """One stray nuncius/__init__.py hides every other package from the interpreter."""
    assert not list(package.glob("src/nuncius/__init__.py*"))
    assert (portion(package) / "__init__.py").is_file()


@each_package
def test_a_package_ships_only_its_own_portion(package: Path):
    extra = {"__main__.py"} if package.name == "protocol" else set()
    inside = {path.name for path in (package / "src" / "nuncius").iterdir()} - {"__pycache__"}
    assert inside == {portion(package).name} | extra


@each_package
def test_every_portion_is_typed(package: Path):
    assert (portion(package) / "py.typed").is_file()


@each_package
def test_folder_distribution_and_import_have_one_name(package: Path):
    assert project(package)["name"] == f"nuncius-{package.name}"


@each_package
def test_every_package_has_its_papers(package: Path):
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "towncrier.toml", "changes"):
        assert (package / name).exists(), name
    assert "<!-- changes -->" in (package / "CHANGELOG.md").read_text("utf-8")


@each_package
def test_the_license_is_the_same_everywhere(package: Path):
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@each_package
def test_a_package_depends_on_protocol_and_on_no_sibling(package: Path):
    """The bound moves with protocol's minor version: it never breaks within one."""
    minor = int(project(ROOT / "packages" / "protocol")["version"].split(".")[1])
    ours = [line for line in all_requirements(package) if line.startswith("nuncius")]
    bound = rf"nuncius-protocol>=0\.{minor}(\.\d+)?,<0\.{minor + 1}"
    if package.name == "protocol":
        assert ours == []
    else:
        assert len(ours) == 1
        assert re.fullmatch(bound, ours[0]), ours


@pytest.mark.parametrize("folder", [ROOT, *PACKAGES], ids=lambda path: path.name)
def test_nothing_depends_on_a_peer(folder: Path):
    assert not requirement_names(all_requirements(folder)) & PEERS


@pytest.mark.parametrize("folder", [ROOT, *PACKAGES], ids=lambda path: path.name)
def test_the_pythons_are_the_same_everywhere(folder: Path):
    def pythons(metadata: dict) -> list[str]:
        prefix = "Programming Language :: Python :: 3."
        return [line for line in metadata["classifiers"] if line.startswith(prefix)]

    assert pythons(project(folder)) == pythons(project(ROOT))
    assert project(folder)["requires-python"] == ">=3.11"


def test_tools_see_every_package():
    """mypy takes no glob for its path, and uv no default for its sources: both are lists to forget."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    folders = {f"$MYPY_CONFIG_FILE_DIR/packages/{path.name}/src" for path in PACKAGES}
    assert set(tool["mypy"]["mypy_path"].split(":")) == folders
    assert set(tool["uv"]["sources"]) == {f"nuncius-{path.name}" for path in PACKAGES}
    contracts = (ROOT / ".importlinter").read_text("utf-8")
    for package in PACKAGES:
        assert f"nuncius.{portion(package).name}" in contracts


def test_no_file_names_the_host_of_a_registry():
    """A checkout works wherever packages come from; lock files and addresses would tie it to one."""
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org", "debian" + ".org"]
    files = subprocess.run(
        [
            "git",
            "grep",
            "-lI",
            "--untracked",
            "-F",
            *(arg for host in hosts for arg in ("-e", host)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert files.returncode in (0, 1), files.stderr
    assert files.stdout.split() == []


#: `re` before Python 3.11.5 fails with possessive groups (gh-106052); atomic ones, ``(?>(?:...)*)``, say the same.
POSSESSIVE_GROUP = re.compile(r"\)[*+?]\+|\)\{[\d,]+\}\+")


@each_package
def test_no_pattern_has_a_possessive_group(package: Path):
    lines = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in package.glob("src/**/*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if POSSESSIVE_GROUP.search(line) and "quote(" not in line
    ]
    assert lines == []
