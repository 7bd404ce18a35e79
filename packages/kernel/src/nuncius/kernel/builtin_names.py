"""Put ``get_ipython``, ``display`` and our ``input`` into Python's builtins, and our debugger behind ``breakpoint()``, while any shell is open.

They find the shell, or the frontend, of the code that calls them, so that one set serves all shells of a process.
"""

from __future__ import annotations

import builtins
import functools
import sys
import threading
from typing import TYPE_CHECKING, Any

from nuncius.kernel import saying
from nuncius.kernel.current import get_shell
from nuncius.kernel.display.functions import display
from nuncius.protocol.kernel import CURRENT_IO, KernelIO

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ask", "install", "open_of_cells", "patch_getpass", "remove"]

_MISSING = object()
_before: dict[str, Any] = {}
_uses = 0
_plain_input = builtins.input
_plain_open = builtins.open


def ask(prompt: object = "", *, password: bool = False) -> str:
    """Ask the frontend of the running cell for a line of text."""
    io = _frontend()
    if io is None:
        if password:
            return _plain_getpass()(str(prompt))
        return _plain_input(prompt)
    saying.flush()
    return io.input(str(prompt), password=password)


@functools.wraps(_plain_open)
def open_of_cells(file: Any, *args: Any, **options: Any) -> Any:
    """Open a file, but not a stream of the process itself, which would be closed with it: its child processes have no output then."""
    # Nothing else of this module is used: the function is sent to other processes by its code.
    closes = args[5] if len(args) > 5 else options.get("closefd", True)
    if isinstance(file, int) and 0 <= file <= 2 and closes:
        raise ValueError(
            f"open({file}) would close the process' own stream {file} later: use closefd=False, or sys.{('stdin', 'stdout', 'stderr')[file]}"
        )
    return _plain_open(file, *args, **options)


def _frontend() -> KernelIO | None:
    io = CURRENT_IO.get()
    if io is None and (shell := get_shell()) is not None:
        io = shell.io
    return io


def _input(prompt: object = "", /) -> str:
    """Read a line of text from the person; ``prompt`` is shown before it."""
    return ask(prompt)


def _getpass(prompt: str = "Password: ", stream: Any = None) -> str:
    """Read a password from the person, without showing it."""
    return ask(prompt, password=True)


def _breakpoint(*args: Any, **options: Any) -> Any:
    """Do what ``breakpoint()`` does in a cell."""
    from nuncius.kernel.debug.prompt import breakpoint_hook

    return breakpoint_hook(*args, **options, caller=sys._getframe(1))  # noqa: SLF001 - the only way to it


def _plain_getpass() -> Callable[[str], str]:
    function: Callable[[str], str] = _before.get("getpass") or sys.modules["getpass"].getpass
    return function


def _names() -> dict[str, Any]:
    # libraries look for the last one to learn that they run in cells
    return {"get_ipython": get_shell, "display": display, "input": _input, "__IPYTHON__": True}


def patch_getpass(module: Any) -> None:
    """Have ``getpass.getpass`` ask the frontend; called when the module is imported."""
    _before["getpass"] = module.getpass
    module.getpass = _getpass


def _pdb_set_trace(*, header: str | None = None, **options: Any) -> None:
    """Open the debugger at the caller."""
    from nuncius.kernel.debug.prompt import set_trace

    if header is not None:
        saying.say(f"{header}\n")
    set_trace(sys._getframe(1))  # noqa: SLF001 - the only way to the caller


def _patch_pdb(module: Any) -> None:
    """Have ``pdb.set_trace()`` open our debugger."""
    _before["pdb"], module.set_trace = module.set_trace, _pdb_set_trace


def _thread_failed(failed: Any) -> None:
    """Tell what a thread raised: Python itself does not know the source of cells."""
    shell: Any = get_shell()
    error = failed.exc_value
    if shell is None or error is None or isinstance(error, SystemExit):
        _before["thread"](failed)
        return
    name = "" if failed.thread is None else f" {failed.thread.name}"
    lines = shell.tracebacks.text(failed.exc_type, error, failed.exc_traceback)
    saying.complain(f"Exception in thread{name}:\n{lines}\n")


def install() -> None:
    """Put the names there; each call needs a `remove`."""
    global _uses
    _uses += 1
    if _uses > 1:
        return
    _before["breakpointhook"] = sys.breakpointhook
    sys.breakpointhook = _breakpoint
    _before["thread"], threading.excepthook = threading.excepthook, _thread_failed
    for name, value in _names().items():
        _before[name] = builtins.__dict__.get(name, _MISSING)
        setattr(builtins, name, value)
    from nuncius.kernel.posthooks import when_imported

    when_imported("getpass", patch_getpass)
    when_imported("pdb", _patch_pdb)


def remove() -> None:
    """Take the names away, when nobody needs them any longer."""
    global _uses
    _uses = max(0, _uses - 1)
    if _uses:
        return
    for name, value in _names().items():
        before = _before.pop(name, _MISSING)
        if builtins.__dict__.get(name) is not value:
            continue  # somebody else's by now
        if before is _MISSING:
            delattr(builtins, name)
        else:
            setattr(builtins, name, before)
    hook = _before.pop("breakpointhook")
    if sys.breakpointhook is _breakpoint:
        sys.breakpointhook = hook
    before_threads = _before.pop("thread")
    if threading.excepthook is _thread_failed:
        threading.excepthook = before_threads
    if "pdb" in _before:
        setattr(sys.modules["pdb"], "set_trace", _before.pop("pdb"))  # noqa: B010 - as below
    if "getpass" in _before:
        setattr(sys.modules["getpass"], "getpass", _before.pop("getpass"))  # noqa: B010 - the type checker does not know the module
