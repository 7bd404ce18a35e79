"""Functions on files and paths that ``IPython.utils`` has, each a few lines over the standard library."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from nuncius.kernel.compat.texts import list_strings, source_to_unicode

__all__ = [
    "HomeDirError",
    "abbrev_cwd",
    "compress_user",
    "expand_path",
    "filefind",
    "get_home_dir",
    "get_ipython_module_path",
    "get_ipython_package_dir",
    "get_long_path_name",
    "get_xdg_cache_dir",
    "get_xdg_dir",
    "link",
    "link_or_copy",
    "read_py_file",
    "read_py_url",
    "shellglob",
    "strip_encoding_cookie",
    "temp_pyfile",
    "unescape_glob",
]

_KEPT_PARTS = 3


def get_ipython_package_dir() -> str:
    """Return the folder of the package that stands in for IPython."""
    return str(Path(__file__).parents[1])


def get_ipython_module_path(module_str: str) -> str:
    """Return the file of one of IPython's modules: the one that defines what it has."""
    from importlib import import_module

    return str(import_module(module_str).__file__)


def get_long_path_name(path: str) -> str:
    """Return a path in full, as it is everywhere but on Windows."""
    return path


def link(src: str, dst: str) -> int:
    """Make a hard link.

    Returns:
        0, or the number of the error.
    """
    try:
        Path(dst).hardlink_to(src)
    except OSError as error:
        return error.errno or 1
    return 0


def link_or_copy(src: str, dst: str) -> None:
    """Make a hard link in a folder or under a name; a copy, where links are not to be had."""
    target = Path(dst) / Path(src).name if Path(dst).is_dir() else Path(dst)
    if target.exists():
        if os.path.samefile(src, target):  # noqa: PTH121 - of two kinds of paths
            return
        target.unlink()
    if link(src, str(target)):
        shutil.copy(src, target)


def strip_encoding_cookie(filelike: Iterable[str]) -> Iterable[str]:
    """Yield lines without a comment that states the encoding, which is in the first two."""
    import re

    cookie = re.compile(r"^\s*#.*coding[:=]\s*[-\w.]+")
    for number, line in enumerate(filelike):
        if number > 1 or not cookie.match(line):
            yield line


def read_py_file(filename: str, skip_encoding_cookie: bool = True) -> str:
    """Return the text of a Python file, by the encoding that it states."""
    import tokenize

    with tokenize.open(filename) as file:
        return "".join(strip_encoding_cookie(file) if skip_encoding_cookie else file)


def read_py_url(url: str, errors: str = "replace", skip_encoding_cookie: bool = True) -> str:
    """Return the text of a Python file on the web, by the encoding that it states."""
    from urllib.request import urlopen

    with urlopen(url) as response:
        return source_to_unicode(response.read(), errors, skip_encoding_cookie)


def abbrev_cwd() -> str:
    """Return the current folder, its home as ``~``, and only the last three parts of a long one."""
    folder = os.getcwd().replace("\\", "/")  # noqa: PTH109 - a text is wanted
    home = str(Path.home())
    if folder == home:
        return "~"
    parts = folder.split("/")
    drive = parts[0] if sys.platform == "win32" else ""
    short = folder if len(parts) <= _KEPT_PARTS else "/".join(parts[-_KEPT_PARTS:])
    return f"{drive}{short}" if drive and short != folder else short


class HomeDirError(Exception):
    """There is no home folder that can be written to."""


def get_home_dir(require_writable: bool = False) -> str:
    """Return the person's home folder.

    Raises:
        HomeDirError: It is not a folder that can be written to, and has to be.
    """
    home = str(Path("~").expanduser().resolve())
    if require_writable and not (Path(home).is_dir() and os.access(home, os.W_OK)):
        raise HomeDirError(f"{home} is not a writable dir, set $HOME environment variable")
    return home


def get_xdg_dir() -> str | None:
    """Return the folder of configurations, if there is one."""
    path = os.environ.get("XDG_CONFIG_HOME") or str(Path(get_home_dir(), ".config"))
    return path if Path(path).is_dir() else None


def get_xdg_cache_dir() -> str | None:
    """Return the folder of caches, if there is one."""
    path = os.environ.get("XDG_CACHE_HOME") or str(Path(get_home_dir(), ".cache"))
    return path if Path(path).is_dir() else None


def expand_path(s: str) -> str:
    """Return a path with ``~`` and variables in place of their names."""
    return os.path.expandvars(os.path.expanduser(s))  # noqa: PTH111 - a text is wanted, as it is


def compress_user(path: str) -> str:
    """Return a path with ``~`` in place of the home folder."""
    home = get_home_dir()
    return f"~{path[len(home) :]}" if path.startswith(home) else path


def filefind(filename: str, path_dirs: str | Sequence[str] | None = None) -> str:
    """Return the path of a file in one of some folders.

    Raises:
        OSError: It is in none of them.
    """
    folders = list_strings("" if path_dirs is None else path_dirs)  # type: ignore[arg-type]
    name = expand_path(filename.strip("\"'"))
    if Path(name).is_absolute() and Path(name).is_file():
        return name
    for folder in folders:
        found = Path(expand_path(folder or "."), name)
        if found.is_file():
            return str(found.absolute())
    raise OSError(f"File {filename!r} does not exist in any of the search paths: {path_dirs!r}")


def shellglob(args: Iterable[str]) -> list[str]:
    """Return file names by patterns; a pattern that fits none stays as it is."""
    from glob import glob

    found: list[str] = []
    for pattern in args:
        found += glob(pattern) or [unescape_glob(pattern)]  # noqa: PTH207 - patterns as shells take them
    return found


def unescape_glob(string: str) -> str:
    """Return a pattern's text without the backslashes that keep its signs from being special."""
    for sign in "*[]!?":
        string = string.replace(f"\\{sign}", sign)
    return string


def temp_pyfile(src: str, ext: str = ".py") -> str:
    """Write a new file with some text; returns its path. Who calls this removes it."""
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile("w", suffix=ext, delete=False, encoding="utf-8") as file:
        file.write(src)
    return file.name
