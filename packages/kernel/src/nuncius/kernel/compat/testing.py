"""``IPython.testing``: what test suites of extensions use to have a shell, and to look at what it prints."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO, TypeVar
from unittest import mock

from nuncius.kernel.compat.shells import InteractiveShell, TerminalInteractiveShell

if TYPE_CHECKING:
    import re
    from types import TracebackType

__all__ = [
    "AssertNotPrints",
    "AssertPrints",
    "TempFileMixin",
    "default_argv",
    "default_config",
    "fake_input",
    "full_path",
    "get_ipython",
    "make_tempfile",
    "module_not_available",
    "monkeypatch",
    "mute_warn",
    "no_op",
    "null_deco",
    "onlyif",
    "onlyif_cmds_exist",
    "skip",
    "skip_doctest",
    "skip_without",
    "skipif",
    "start_ipython",
]

Function = TypeVar("Function", bound="Callable[..., Any]")


# -- a shell ---------------------------------------------------------------------------------------


def start_ipython() -> InteractiveShell:
    """Return the shell of the test run; it is made when it is first asked for."""
    return TerminalInteractiveShell.instance()


def get_ipython() -> InteractiveShell:
    """Return the shell of the test run."""
    return start_ipython()


def default_config() -> Any:
    """Return a configuration for tests: no colors, no history file."""
    from traitlets.config import Config

    config = Config()
    config.TerminalInteractiveShell.colors = "nocolor"
    config.HistoryManager.hist_file = ":memory:"
    return config


def default_argv() -> list[str]:
    """Return arguments for tests."""
    return ["--quick", "--colors=nocolor", "--no-term-title", "--no-banner", "--autocall=0"]


# -- what is printed -------------------------------------------------------------------------------


class _Tee(StringIO):
    """Keeps what is written, and writes it on."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str, /) -> int:
        self._stream.write(text)
        return super().write(text)


class AssertPrints:
    """A ``with`` block that has to print certain texts.

    Args:
        s: A text or pattern, or some of them.
        channel: ``stdout`` or ``stderr``.
        suppress: Do not print it on.
    """

    def __init__(
        self,
        s: str | re.Pattern[str] | list[Any] | tuple[Any, ...],
        channel: str = "stdout",
        suppress: bool = True,
    ) -> None:
        self.s = list(s) if isinstance(s, list | tuple) else [s]
        self.channel = channel
        self.suppress = suppress

    def __enter__(self) -> None:
        self._before = getattr(sys, self.channel)
        self._buffer = StringIO() if self.suppress else _Tee(self._before)
        setattr(sys, self.channel, self._buffer)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        setattr(sys, self.channel, self._before)
        if error is not None:
            return
        printed = self._buffer.getvalue()
        for wanted in self.s:
            self._check(wanted, printed)

    def _check(self, wanted: Any, printed: str) -> None:
        if not _found(wanted, printed):
            raise AssertionError(f"expected {wanted!r} in {self.channel}, which is:\n{printed}")


class AssertNotPrints(AssertPrints):
    """A ``with`` block that must not print certain texts."""

    def _check(self, wanted: Any, printed: str) -> None:
        if _found(wanted, printed):
            raise AssertionError(f"expected no {wanted!r} in {self.channel}, which is:\n{printed}")


def _found(wanted: Any, printed: str) -> bool:
    return wanted in printed if isinstance(wanted, str) else bool(wanted.search(printed))


@contextmanager
def mute_warn() -> Iterator[None]:
    """Show no warnings in a ``with`` block."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def fake_input(inputs: list[Any]) -> Iterator[None]:
    """Have ``input()`` return certain texts; an exception among them is raised."""
    with mock.patch("builtins.input", side_effect=[*inputs, EOFError("no input is left")]):
        yield


@contextmanager
def monkeypatch(obj: Any, name: str, attr: Any) -> Iterator[None]:
    """Have an attribute be something else in a ``with`` block."""
    with mock.patch.object(obj, name, attr, create=True):
        yield


# -- files -----------------------------------------------------------------------------------------


@contextmanager
def make_tempfile(name: str) -> Iterator[None]:
    """Have an empty file for the time of a ``with`` block."""
    Path(name).touch()
    try:
        yield
    finally:
        Path(name).unlink()


def full_path(startPath: str, files: list[str]) -> list[str]:  # noqa: N803 - its name there
    """Return the paths of files beside a file."""
    folder = Path(startPath).parent
    return [str(folder / name) for name in ([files] if isinstance(files, str) else files)]


class TempFileMixin(unittest.TestCase):
    """A test case that may need a file."""

    fname: str

    def mktmp(self, src: str, ext: str = ".py") -> None:
        """Make a file with some text; `fname` is its path."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.fname = str(Path(folder, f"source{ext}"))
        Path(self.fname).write_text(src, encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.doCleanups()


# -- decorators ------------------------------------------------------------------------------------


def skipif(skip_condition: bool | Callable[[], bool], msg: str | None = None) -> Any:
    """Skip a test on a condition: a mark of pytest, where that runs the tests, for its parameters too."""
    skipped = skip_condition() if callable(skip_condition) else skip_condition
    reason = msg or "the test does not apply here"
    pytest = sys.modules.get("pytest")
    if pytest is None:
        return unittest.skipIf(skipped, reason)
    return pytest.mark.skipif(skipped, reason=reason)


def onlyif_cmds_exist(*commands: str) -> Any:
    """Skip a test unless there are certain commands."""
    missing = [command for command in commands if shutil.which(command) is None]
    return skipif(bool(missing), f"there is no {', '.join(missing)}")


def skip(msg: str | None = None) -> Any:
    """Return a decorator that skips a test."""
    return skipif(True, msg)


def onlyif(condition: bool | Callable[[], bool], msg: str) -> Any:
    """Return a decorator that skips a test unless a condition holds."""
    return skipif((lambda: not condition()) if callable(condition) else not condition, msg)


def module_not_available(module: str) -> bool:
    """Tell whether a module cannot be imported."""
    from importlib import import_module

    try:
        import_module(module)
    except ImportError:
        return True
    return False


def skip_without(mod: str) -> Any:
    """Return a decorator that skips a test where a module cannot be imported."""
    return skipif(module_not_available(mod), f"This test requires {mod}")


def null_deco(func: Function) -> Function:
    """Return a function as it is."""
    return func


def skip_doctest(func: Function) -> Function:
    """Mark a function whose documentation's examples are no tests."""
    func.skip_doctest = True  # type: ignore[attr-defined]
    return func


def no_op(*args: Any, **kwargs: Any) -> None:
    """Do nothing."""


#: Made when they are asked for: numpy and matplotlib are looked for then.
_MADE: dict[str, Callable[[], Any]] = {
    "onlyif_unicode_paths": lambda: skipif(False, "This test needs names of files in Unicode"),
    "skip_if_no_x11": lambda: skipif(
        sys.platform not in {"darwin", "win32"} and not os.environ.get("DISPLAY"),
        "This test needs an X server",
    ),
    "skip_if_not_osx": lambda: onlyif(sys.platform == "darwin", "This test only runs under macOS"),
    "skip_if_not_win32": lambda: onlyif(os.name == "nt", "This test only runs under Windows"),
    "skip_win32": lambda: skipif(os.name == "nt", "This test does not run under Windows"),
    "skipif_not_matplotlib": lambda: skip_without("matplotlib"),
    "skipif_not_numpy": lambda: skip_without("numpy"),
}


def __getattr__(name: str) -> Any:
    if name in _MADE:
        return _MADE[name]()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
