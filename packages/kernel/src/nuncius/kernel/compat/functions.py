"""Functions of IPython that have no counterpart elsewhere in the kernel, each a few lines over what we have."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from nuncius.kernel.current import get_shell
from nuncius.kernel.system import getoutput as _getoutput
from nuncius.kernel.system import system

__all__ = [
    "DisplayTrap",
    "NamedFileInTemporaryDirectory",
    "TemporaryDirectory",
    "TemporaryWorkingDirectory",
    "arg_split",
    "display_page",
    "ensure_dir_exists",
    "find_cmd",
    "get_ipython_cache_dir",
    "get_ipython_dir",
    "get_output_error_code",
    "get_py_filename",
    "getoutput",
    "getoutputerror",
    "locate_profile",
    "mpl_runner",
    "page",
    "system",
]


def get_ipython_dir() -> str:
    """Return the folder of IPython's own files: ``IPYTHONDIR`` or ``~/.ipython``."""
    return os.environ.get("IPYTHONDIR") or str(Path("~/.ipython").expanduser())


def get_ipython_cache_dir() -> str:
    """Return the folder for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    folder = Path(base, "ipython") if Path(base).is_dir() else Path(get_ipython_dir())
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def locate_profile(profile: str = "default") -> str:
    """Return the folder of one of IPython's profiles.

    Raises:
        OSError: There is none of that name.
    """
    folder = Path(get_ipython_dir(), f"profile_{profile}")
    if not folder.is_dir():
        raise OSError(f"there is no profile {profile!r}")
    return str(folder)


def ensure_dir_exists(path: str, mode: int = 0o755) -> None:
    """Make a folder, unless there is one."""
    os.makedirs(path, mode=mode, exist_ok=True)  # noqa: PTH103


def get_py_filename(name: str) -> str:
    """Return the name of a Python file, with ``.py`` where it was left out.

    Raises:
        OSError: There is no such file.
    """
    path = Path(name).expanduser()
    for candidate in (path, path.with_name(f"{path.name}.py")):
        if candidate.is_file():
            return str(candidate)
    raise OSError(f"File `{name!r}` not found.")


def getoutput(cmd: str) -> str:
    """Return what a command writes."""
    return _getoutput(cmd)[0]


def get_output_error_code(cmd: str | list[str]) -> tuple[str, str, int | None]:
    """Run a command; return what it writes, what it writes as errors, and its exit code."""
    import subprocess

    done = subprocess.run(
        cmd, shell=isinstance(cmd, str), capture_output=True, text=True, check=False
    )
    return done.stdout, done.stderr, done.returncode


def getoutputerror(cmd: str | list[str]) -> tuple[str, str]:
    """Run a command; return what it writes, and what it writes as errors."""
    return get_output_error_code(cmd)[:2]


def arg_split(s: str, posix: bool = False, strict: bool = True) -> list[str]:
    """Split a line as a shell would; with ``strict`` false, an open quote is no error."""
    import shlex

    lexer = shlex.shlex(s, posix=posix)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    while True:
        try:
            word = lexer.get_token()
        except ValueError:
            if strict:
                raise
            words.append(lexer.token)
            return words
        if not word:
            return words
        words.append(word)


def find_cmd(cmd: str) -> str:
    """Return where a command is.

    Raises:
        FileNotFoundError: There is none.
    """
    from shutil import which

    path = which(cmd)
    if path is None:
        raise FileNotFoundError(f"command could not be found: {cmd}")
    return path


def page(
    strng: Any, start: int = 0, screen_lines: int = 0, pager_cmd: str | None = None, **kwargs: Any
) -> None:
    """Show a long text in the pager."""
    shell: Any = get_shell()
    if shell is not None:
        shell.show_page(strng, start)
    else:
        sys.stdout.write(f"{strng}\n")


def display_page(strng: Any, start: int = 0, screen_lines: int = 25) -> None:
    """Show a text in the output."""
    from nuncius.kernel.display.functions import display

    display(strng if isinstance(strng, dict) else {"text/plain": strng}, raw=True)


pager_page = page


class NamedFileInTemporaryDirectory:
    """A file of a given name in a folder that goes when it is closed."""

    def __init__(self, filename: str, mode: str = "w+b", bufsize: int = -1, **kwds: Any) -> None:
        self._folder = TemporaryDirectory(**kwds)
        self.file = Path(self._folder.name, filename).open(mode, bufsize)  # noqa: SIM115 - it is closed by cleanup

    def cleanup(self) -> None:
        """Close the file, and remove the folder."""
        self.file.close()
        self._folder.cleanup()

    def __enter__(self) -> Any:
        return self.file

    def __exit__(self, *exc: object) -> None:
        self.cleanup()


class TemporaryWorkingDirectory(TemporaryDirectory[str]):
    """A folder that is the working folder while it is there."""

    def __enter__(self) -> str:
        self._before = os.getcwd()  # noqa: PTH109
        os.chdir(self.name)
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.chdir(self._before)
        super().__exit__(kind, error, traceback)


class DisplayTrap:
    """Show values by a hook, within a ``with`` block."""

    def __init__(self, hook: Any = None) -> None:
        self.hook = hook
        self._before: list[Any] = []

    @property
    def is_active(self) -> bool:
        """Whether the hook is the one that shows values."""
        return bool(self._before)

    def __enter__(self) -> Self:
        self._before.append(sys.displayhook)
        sys.displayhook = self.hook
        return self

    def __exit__(self, *exc: object) -> None:
        sys.displayhook = self._before.pop()


def mpl_runner(safe_execfile: Any) -> Any:
    """Return a function that runs files as ``safe_execfile`` does; figures are shown when they have run."""

    def run(fname: str, *where: Any, **kwargs: Any) -> None:
        safe_execfile(fname, *where, **kwargs)
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None and pyplot.isinteractive():
            pyplot.draw_if_interactive()

    return run
