"""Open the shell inside a running program: ``embed()``, and what is made of it.

::

    from nuncius.terminal import embed

    def f(x):
        y = x + 1
        embed()        # look at x and y, change them; Ctrl-D goes on

Rule: the program stands still meanwhile. Under a running event loop, or where a thread calls, that thread stands still.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, ModuleType, TracebackType
from typing import Any

from nuncius.protocol.errors import NunciusError
from nuncius.terminal.frames import FrameNamespace, module_over

__all__ = ["EmbedError", "KillEmbedded", "embed", "on_crash", "set_trace", "start"]


class EmbedError(NunciusError):
    """There is no terminal to open the shell in."""


class KillEmbedded(Exception):
    """Raised in the program by ``%exit_raise``."""


#: Places of ``embed()`` calls, as file and line, that are to be passed over.
_passed_over: set[tuple[str, int]] = set()


def embed(
    *,
    header: str = "",
    banner: str | None = None,
    colors: str | None = None,
    local_ns: dict[str, Any] | None = None,
    module: ModuleType | None = None,
    stack_depth: int = 0,
) -> None:
    """Open the shell in the variables of whoever calls.

    In the shell, ``%kill_embedded`` leaves and passes over this call from now on; ``%exit_raise`` raises `KillEmbedded` here; ``%exit_program`` ends the program.

    Args:
        header: Said after the banner.
        banner: Said at the start; None for where we are.
        colors: ``dark``, ``light``, ``auto`` or ``none``.
        local_ns: Variables to use in place of the caller's own.
        module: A module whose globals to use in place of the caller's.
        stack_depth: So many callers further up.

    Raises:
        EmbedError: Standard input is no terminal.
        KillEmbedded: ``%exit_raise`` was typed.
    """
    frame = sys._getframe(stack_depth + 1)  # noqa: SLF001 - the only way to the caller's variables
    place = (frame.f_code.co_filename, frame.f_lineno)
    if place in _passed_over:
        return
    _check_terminal()
    if banner is None:
        banner = f"Python {sys.version.split()[0]}, in {_place(frame)}. Ctrl-D goes on."
    end = _open(frame, "\n".join(filter(None, (banner, header))), colors, local_ns, module)
    if end.pass_over:
        _passed_over.add(place)
    if end.error is not None:
        raise end.error


def start(
    argv: Sequence[str] = (),
    user_ns: Mapping[str, Any] | None = None,
    config: Mapping[str, Mapping[str, Any]] | None = None,
) -> int:
    """Run the shell in this process, as ``nuncius`` does; return its exit code.

    Args:
        argv: The command line.
        user_ns: Variables that are there from the beginning.
        config: Options by class, such as ``{"TerminalShell": {"banner": False}}``.
    """
    from nuncius.terminal.app import shell

    words = [
        f"--{owner}.{name}={value}"
        for owner, options in (config or {}).items()
        for name, value in options.items()
    ]
    return shell([*words, *argv], user_ns=user_ns)


def set_trace(frame: FrameType | None = None) -> None:
    """Open the debugger where this is called; ``PYTHONBREAKPOINT=nuncius.terminal.set_trace`` does it at each ``breakpoint()``."""
    import pdb

    _check_terminal()
    pdb.Pdb(nosigint=True).set_trace(frame or sys._getframe(1))  # noqa: SLF001


def on_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Show an error, and open the shell in the frame that raised it: ``sys.excepthook = nuncius.terminal.on_crash``."""
    sys.__excepthook__(kind, error, traceback)
    if traceback is None or not issubclass(kind, Exception) or not _is_terminal():
        return
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    text = f"{kind.__name__} in {_place(frame, traceback.tb_lineno)}. Its variables are here; the error is _error. Ctrl-D leaves."
    _open(frame, text, None, {**frame.f_locals, "_error": error}, None)


# -- inside


class _End:
    """How the shell was left."""

    def __init__(self) -> None:
        self.pass_over = False
        self.error: BaseException | None = None


def _open(
    frame: FrameType,
    banner: str,
    colors: str | None,
    local_ns: dict[str, Any] | None,
    module: ModuleType | None,
) -> _End:
    end = _End()
    if _loop_runs_here():
        sys.stderr.write(
            "An event loop runs here: the shell gets a thread of its own, and the loop waits.\n"
        )
        thread = threading.Thread(
            target=_converse, args=(frame, banner, colors, local_ns, module, end), daemon=True
        )
        thread.start()
        thread.join()
    else:
        _converse(frame, banner, colors, local_ns, module, end)
    return end


def _converse(
    frame: FrameType,
    banner: str,
    colors: str | None,
    local_ns: dict[str, Any] | None,
    module: ModuleType | None,
    end: _End,
) -> None:
    import nuncius.terminal.asking  # noqa: F401 - before cells may replace input()
    from nuncius.terminal.app import options_for_embedding, reader_for, session_for
    from nuncius.terminal.inprocess import InProcessLink

    options = options_for_embedding(colors)
    namespace: FrameNamespace | None = None
    if module is None and local_ns is None:
        namespace = FrameNamespace(frame)
        module = module_over(namespace, str(frame.f_globals.get("__name__", "__main__")))
    elif module is None:
        namespace = FrameNamespace(frame, local_ns)
        module = module_over(namespace, "__main__")
    link = InProcessLink(
        user_module=module,
        user_ns=local_ns if namespace is None else None,
        own_main=False,
        startup=False,
    )
    try:
        sys.stdout.write(banner + "\n\n")
        link.start()
        if namespace is not None:
            namespace.settle()
        session = session_for(link, reader_for(link, options), options)
        session.commands.update(_commands(end))
        if namespace is not None:
            session.after_cell = namespace.adopt
        session.run()
    finally:
        link.close()
        if namespace is not None and local_ns is not None:
            # The dictionary that was given sees what was changed.
            local_ns.update({name: namespace[name] for name in local_ns})


def _commands(end: _End) -> dict[str, Callable[[str], bool]]:
    """Return what ends the shell in the ways that only an embedded one has."""

    def kill(argument: str) -> bool:
        end.pass_over = True
        sys.stdout.write("This call is passed over from now on.\n")
        return True

    def exit_raise(argument: str) -> bool:
        end.error = KillEmbedded("the embedded shell was left by %exit_raise")
        return True

    def exit_program(argument: str) -> bool:
        end.error = SystemExit(int(argument) if argument.isdigit() else 0)
        return True

    return {"kill_embedded": kill, "exit_raise": exit_raise, "exit_program": exit_program}


def _place(frame: FrameType, line: int | None = None) -> str:
    code = frame.f_code
    return f"{code.co_name} ({code.co_filename}:{line or frame.f_lineno})"


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def _check_terminal() -> None:
    try:
        usable = _is_terminal()
    except ValueError:  # closed
        usable = False
    if not usable:
        raise EmbedError(
            "a shell needs a terminal, and standard input or output is none here (under pytest: use -s)"
        )


def _loop_runs_here() -> bool:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
