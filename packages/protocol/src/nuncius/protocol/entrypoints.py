"""Find what other installed packages bring, by entry point, without importing `importlib.metadata`.

That import costs 25 ms (it loads email, zipfile, inspect ...), more than everything else that the `nuncius` command does before it knows what to start.
Entry points are lines in a text file of each installed distribution, on the folders of `sys.path`; this reads those files and nothing else.
Distributions inside zip files, or from import hooks of their own, are not seen.

The groups that Nuncius knows: ``nuncius.commands``, ``nuncius.kernels``, ``nuncius.provisioners``, ``nuncius.exporters``, ``nuncius.magics``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence

TYPE_CHECKING = False  # typing's own is not worth the import here, nor are dataclasses below
if TYPE_CHECKING:
    from typing import Any

__all__ = ["EntryPoint", "entry_points", "installed_versions"]

_FOLDERS = (".dist-info", ".egg-info")


class EntryPoint:
    """A name under which a distribution offers an object.

    Attributes:
        name: The name, such as ``kernel``.
        value: Where the object is: ``package.module:attribute``.
        distribution: Who offers it, such as ``nuncius-kernel``.
    """

    __slots__ = ("distribution", "name", "value")

    def __init__(self, name: str, value: str, distribution: str) -> None:
        self.name = name
        self.value = value
        self.distribution = distribution

    def __repr__(self) -> str:
        return f"EntryPoint({self.name!r}, {self.value!r}, {self.distribution!r})"

    def load(self) -> Any:
        """Import the object.

        Raises:
            ImportError: If its module cannot be imported.
            AttributeError: If the module has no such object.
        """
        from importlib import import_module

        module, _, attributes = self.value.partition(":")
        found: Any = import_module(module.strip())
        for attribute in attributes.strip().split(".") if attributes else ():
            found = getattr(found, attribute)
        return found


def entry_points(group: str, path: Sequence[str] | None = None) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name; what comes first on ``path`` wins.

    Args:
        group: Such as ``nuncius.commands``.
        path: The folders to look into; `sys.path` by default.
    """
    found: dict[str, EntryPoint] = {}
    header = f"[{group}]"
    for distribution, folder in _distributions(path, lambda _: True):
        text = _read(f"{folder}/entry_points.txt")
        if header not in text:
            continue
        for name, value in _section(text, header):
            found.setdefault(name, EntryPoint(name, value, distribution))
    return found


def installed_versions(prefix: str, path: Sequence[str] | None = None) -> dict[str, str]:
    """Return name -> version of the distributions whose name starts with ``prefix``, sorted.

    Args:
        prefix: Such as ``nuncius``.
        path: The folders to look into; `sys.path` by default.
    """
    wanted = _normal(prefix)
    found: dict[str, str] = {}
    for distribution, folder in _distributions(path, lambda name: _normal(name).startswith(wanted)):
        stem = os.path.basename(folder).rsplit(".", 1)[0]  # noqa: PTH119 - pathlib is not loaded here
        found.setdefault(distribution, stem.partition("-")[2].partition("-")[0])
    return dict(sorted(found.items()))


def _distributions(
    path: Sequence[str] | None, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, str]]:
    """The name and metadata folder of each distribution, the first on the path first."""
    for entry in sys.path if path is None else path:
        try:
            names = os.listdir(entry or ".")  # noqa: PTH208
        except OSError:  # a zip file, or a folder that is not there
            continue
        for name in names:
            if name.endswith(_FOLDERS) and wanted(name):
                yield _normal(name.rsplit(".", 1)[0].partition("-")[0]), f"{entry or '.'}/{name}"


def _section(text: str, header: str) -> Iterator[tuple[str, str]]:
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == header
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
