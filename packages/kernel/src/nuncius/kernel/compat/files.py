"""Functions on files and paths that ``IPython.utils`` has, each a few lines over the standard library."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from nuncius.kernel.compat.utilities import source_to_unicode

__all__ = [
    "abbrev_cwd",
    "get_ipython_module_path",
    "get_ipython_package_dir",
    "get_long_path_name",
    "link",
    "link_or_copy",
    "read_py_file",
    "read_py_url",
    "strip_encoding_cookie",
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
