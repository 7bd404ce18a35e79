"""Every check of the project, each in an environment of its own: ``nox -l`` lists them.

``tests`` proves that the packages are independent: it installs one package's wheel with protocol's and nothing else of
ours, and runs that package's tests.
"""

# /// script
# dependencies = ["nox>=2025.2.9", "uv"]
# ///
from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"
nox.options.sessions = ["lint", "typing", "imports", "tests", "integration"]

ROOT = Path(__file__).resolve().parent
CONFIG = str(ROOT / "pyproject.toml")
PACKAGES = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
PYPROJECT = nox.project.load_toml("pyproject.toml")
#: From the classifiers: the Pythons that we say we support.
PYTHONS = nox.project.python_versions(PYPROJECT)


@nox.session(python=PYTHONS)
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def tests(session: nox.Session, package: str) -> None:
    """One package alone: its wheel, protocol's wheel, its own tests, nothing else of ours."""
    built = wheels(session, *dict.fromkeys(["protocol", package]))
    session.install("--reinstall-package", "nuncius-protocol", "--reinstall-package",
                    f"nuncius-{package}", *built, *group("test"))  # fmt: skip
    pytest(session, package)


@nox.session(python=PYTHONS[0])  # old releases have no wheels for the newest
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def lowest(session: nox.Session, package: str) -> None:
    """The oldest libraries that a package says it works with."""
    names = list(dict.fromkeys(["protocol", package]))
    # -r makes the packages' own requirements direct ones: those of a wheel alone count as
    # indirect, and stay at their newest. --no-sources: here protocol is the wheel, not the folder.
    direct = [arg for name in names for arg in ("-r", f"packages/{name}/pyproject.toml")]
    session.install("--upgrade", "--resolution=lowest-direct", "--no-sources",
                    *direct, *wheels(session, *names), *group("test"))  # fmt: skip
    pytest(session, package)


@nox.session
def integration(session: nox.Session) -> None:
    """All packages together, from their wheels, and the tools that build and release them."""
    session.install("--upgrade", *wheels(session, *PACKAGES), *group("test"), *group("integration"),
                    *requirements("dev", "towncrier"))  # fmt: skip
    session.run("python", "-m", "pytest", "-c", CONFIG, "tests", "--ignore=tests/interop",
                *session.posargs)  # fmt: skip


@nox.session
def interop(session: nox.Session) -> None:
    """Ours with Jupyter's programs: their clients on our kernels, our clients on theirs."""
    session.install("--upgrade", *wheels(session, *PACKAGES), *group("test"), *group("integration"))
    session.run("python", "-m", "pytest", "-c", CONFIG, "tests/interop", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and likely mistakes."""
    session.install(*requirements("lint", "ruff"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def typing(session: nox.Session) -> None:
    """mypy, strict, over all packages at once."""
    session.install(*editables(), *group("lint"), *group("test"))
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """The architecture: who may import whom (.importlinter)."""
    session.install(*editables(), *requirements("lint", "import-linter"))
    session.run("lint-imports", "--no-cache")


@nox.session
def docs(session: nox.Session) -> None:
    """The manual as HTML, in docs/_build/html; a warning is an error."""
    session.install(*editables(), *group("docs"))
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html",
                *session.posargs)  # fmt: skip


@nox.session
def bench(session: nox.Session) -> None:
    """The tables of docs/performance.md, ours beside the peers: ``nox -s bench -- kernel --quick``."""
    names = [arg for arg in session.posargs if not arg.startswith("-")]
    options = [arg for arg in session.posargs if arg.startswith("-")]
    session.install(*wheels(session, *PACKAGES), *group("bench"))
    folder = Path(session.bin)
    session.env["PEERS_BIN"] = str(folder)
    session.env["PEER_PREFIX"] = str(folder.parent)
    for name in names or ("kernel", "terminal", "nbconvert"):
        session.run("python", f"bench/{name}/table.py", *options)


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def api(session: nox.Session, package: str) -> None:
    """What changed in a package's public interface since its last release."""
    tags = session.run("git", "tag", "--list", f"{package}-v*", "--sort=-version:refname",
                       external=True, silent=True)  # fmt: skip
    if not tags:
        session.skip(f"{package} has never been released")
    session.install("griffe")
    session.run("griffe", "check", f"nuncius.{package.replace('-', '_')}",
                "-a", tags.split()[0], "-s", f"packages/{package}/src")  # fmt: skip


def wheels(session: nox.Session, *names: str) -> list[str]:
    """Build the wheels of packages and return their paths."""
    # Not create_tmp(): it moves TMPDIR too, and the path of a socket has 107 bytes at most.
    out = Path(session.virtualenv.location).resolve() / "wheels"
    for old in out.glob("*.whl"):
        old.unlink()
    for name in names:
        session.run_install(sys.executable, "-m", "uv", "build", "--quiet", "--wheel",
                            "--out-dir", str(out), f"packages/{name}", external=True)  # fmt: skip
    return [str(next(out.glob(f"nuncius_{name.replace('-', '_')}-*.whl"))) for name in names]


def pytest(session: nox.Session, package: str) -> None:
    """Run the package's own tests, or import it when it has none yet."""
    folder = f"packages/{package}/tests"
    if not list(ROOT.glob(f"{folder}/test_*.py")):
        session.run("python", "-c", f"import nuncius.{package.replace('-', '_')}")
        return
    # A sibling that is there by accident would hide a forbidden import.
    session.env["PYTHONPATH"] = ""
    session.run("python", "-m", "pytest", "-c", CONFIG, folder, *session.posargs)


def group(name: str) -> list[str]:
    """The requirements of a dependency group of the root."""
    return list(nox.project.dependency_groups(PYPROJECT, name))


def requirements(name: str, distribution: str) -> list[str]:
    """Only those of a group that ask for one distribution."""
    return [line for line in group(name) if line.startswith(distribution)]


def editables() -> list[str]:
    """Arguments that install every package from its folder."""
    return [arg for name in PACKAGES for arg in ("-e", f"packages/{name}")]


# In CI a Python that is missing is an error; on a person's machine it is skipped.
nox.options.error_on_missing_interpreters = bool(os.environ.get("NUNCIUS_ALL_PYTHONS"))
