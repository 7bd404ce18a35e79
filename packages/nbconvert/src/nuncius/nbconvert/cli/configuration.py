"""Find and read configuration files.

Jupyter's folders are read, and ours. The current folder is not, unless ``--config`` says so: a notebook that came in an archive must not bring code that runs when it is converted.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nuncius.protocol.errors import OptionError
from nuncius.protocol.paths import nuncius_dir

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nuncius.protocol.app.config import Setting

__all__ = ["config_dir", "files", "read"]

_NAMES = ("jupyter_config", "jupyter_nbconvert_config")


def config_dir() -> str:
    """Return the user's folder of Jupyter's configuration."""
    return os.environ.get("JUPYTER_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), ".jupyter")  # noqa: PTH111, PTH118


def files() -> list[str]:
    """Return the configuration files that there are, the least important first."""
    if os.environ.get("JUPYTER_NO_CONFIG"):
        return []
    extra = [p for p in os.environ.get("JUPYTER_CONFIG_PATH", "").split(os.pathsep) if p]
    system = ["/etc/jupyter", "/usr/local/etc/jupyter"] if os.name == "posix" else []
    folders = [*system, os.path.join(sys.prefix, "etc", "jupyter"), *reversed(extra), config_dir()]  # noqa: PTH118
    candidates = [
        os.path.join(folder, name + ending)  # noqa: PTH118
        for folder in dict.fromkeys(folders)
        for name in _NAMES
        for ending in (".json", ".py")
    ]
    candidates.append(os.path.join(nuncius_dir(), "nbconvert_config.py"))  # noqa: PTH118
    return [path for path in candidates if os.path.isfile(path)]  # noqa: PTH113


def read(given: Iterable[str]) -> list[Setting]:
    """Return what the configuration files say, the least important first.

    Args:
        given: Files that the command line names.

    Raises:
        OptionError: One is missing or wrong.
    """
    paths = files()
    for name in given:
        found = next((n for n in (name, name + ".py", name + ".json") if os.path.isfile(n)), None)  # noqa: PTH113
        if found is None:
            raise OptionError(f"--config: there is no file {name!r}")
        paths.append(found)
    if not paths:
        return []
    from nuncius.protocol.app.config import read_file

    return [setting for path in paths for setting in read_file(Path(path))]
