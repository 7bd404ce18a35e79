"""Install packages into the environment of this kernel: ``%pip``, ``%conda``, ``%uv``."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import split_words
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say

__all__ = ["PackagingMagics"]

_RESTART = "Note: you may need to restart the kernel to use updated packages."
#: Commands of conda that work on an environment, and those that ask before they do.
_ON_ENVIRONMENT = frozenset({"install", "list", "remove", "uninstall", "update", "upgrade"})
_ASKING = frozenset({"install", "remove", "uninstall", "update", "upgrade"})
_CHOOSES = ("-p", "--prefix", "-n", "--name")


@magics_class
class PackagingMagics(Magics):
    """Package managers."""

    @line_magic
    def pip(self, line: str) -> None:
        """Run pip for the Python of this kernel; ``uv pip``, where the environment was made by uv and has no pip.

        ::

            %pip install package
        """
        from importlib.util import find_spec

        if find_spec("pip") is None:
            try:
                _program("uv")
            except UsageError:
                raise UsageError(
                    f"%pip: pip is not installed here; `!{sys.executable} -m ensurepip` installs it"
                ) from None
            self.uv(f"pip {line}")
            return
        self._run(f"{_quoted(sys.executable)} -m pip {line}")

    @line_magic
    def uv(self, line: str) -> None:
        """Run uv; its ``pip`` commands work on the Python of this kernel.

        ::

            %uv pip install package
        """
        words = split_words(line)
        if words[:1] == ["pip"] and not any(
            w == "--python" or w.startswith("--python=") for w in words
        ):
            head, _, rest = line.strip().partition(" ")
            command, _, rest = rest.strip().partition(" ")
            line = f"{head} {command} --python {_quoted(sys.executable)} {rest}"
        self._run(f"{_quoted(_program('uv'))} {line}")

    @line_magic
    def conda(self, line: str) -> None:
        """Run conda for the environment of this kernel, without asking.

        ::

            %conda install package
        """
        self._conda("conda", line)

    @line_magic
    def mamba(self, line: str) -> None:
        """Run mamba for the environment of this kernel, without asking."""
        self._conda("mamba", line)

    @line_magic
    def micromamba(self, line: str) -> None:
        """Run micromamba for the environment of this kernel, without asking."""
        self._conda("micromamba", line)

    def _conda(self, program: str, line: str) -> None:
        if not Path(sys.prefix, "conda-meta").is_dir():
            raise UsageError(
                f"The python kernel does not appear to be a conda environment.  Please use ``%pip install`` instead of ``%{program}``."
            )
        words = split_words(line)
        command = words[0] if words else ""
        extra = []
        if command in _ASKING and not {"-y", "--yes"} & set(words):
            extra.append("--yes")
        if command in _ON_ENVIRONMENT and not any(w.split("=")[0] in _CHOOSES for w in words):
            extra += ["--prefix", _quoted(sys.prefix)]
        rest = line.strip().removeprefix(command).strip()
        self._run(" ".join([_quoted(_program(program)), command, *extra, rest]))

    def _run(self, command: str) -> None:
        from nuncius.kernel.system import system

        # the line's variables are already expanded
        self.shell.user_ns["_exit_code"] = system(command)
        say(_RESTART)


def _quoted(path: str) -> str:
    return f'"{path}"' if os.name == "nt" else shlex.quote(path)


def _program(name: str) -> str:
    """Return where a package manager is: what runs it tells, else the environment, else the path."""
    from shutil import which

    told: Any = os.environ.get({"conda": "CONDA_EXE", "uv": "UV"}.get(name, "MAMBA_EXE"))
    beside = Path(sys.executable).with_name(name)
    if told and Path(told).stem == name and Path(told).is_file():
        return str(told)
    if beside.is_file():
        return str(beside)
    found = which(name)
    if found is None:
        raise UsageError(f"%{name}: {name} is not installed, or not on the PATH")
    return found
