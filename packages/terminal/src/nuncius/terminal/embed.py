"""Open the shell inside a running program: ``embed()``, and what is made of it.

::

    from nuncius.terminal import embed

    def f(x):
        y = x + 1
        embed()        # look at x and y, change them; Ctrl-D goes on

Rule: the program stands still meanwhile. Under a running event loop, or where a thread calls, that thread stands still.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType, ModuleType, TracebackType
from typing import Any

from nuncius.protocol.errors import NunciusError
from nuncius.terminal.frames import FrameNamespace, module_over
from nuncius.terminal.loops import loop_runs_here

__all__ = ["EmbedError", "KillEmbedded", "embed", "on_crash", "set_trace", "start"]


class EmbedError(NunciusError):
    """There is no terminal to open the shell in."""


class KillEmbedded(Exception):
    """Raised in the program by ``%exit_raise``."""


#: Places of ``embed()`` calls, as file and line, that are to be passed over.
_passed_over: set[tuple[str, int]] = set()

#: In that set: every place.
_EVERYWHERE = ("", 0)


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

    In the shell, ``%kill_embedded`` leaves and passes over this call from now on, ``%kill_embedded all`` over every call; ``%exit_raise`` raises `KillEmbedded` here; ``%exit_program`` ends the program. ``%up`` and ``%down`` look at the callers, ``%where`` lists them.

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
    if place in _passed_over or _EVERYWHERE in _passed_over:
        return
    _check_terminal()
    if banner is None:
        banner = f"Python {sys.version.split()[0]}, in {_place(frame)}. Ctrl-D goes on."
    shown = Shown(_callers(frame), local_ns, module)
    end = _open(shown, "\n".join(filter(None, (banner, header))), colors)
    if end.pass_over:
        _passed_over.add(_EVERYWHERE if end.pass_over == "all" else place)
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
    from nuncius.terminal.tracing import Tracer

    _check_terminal()
    Tracer(_theme()).set_trace(frame or sys._getframe(1))  # noqa: SLF001


def on_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Show an error, and open the shell in the frame that raised it: ``sys.excepthook = nuncius.terminal.on_crash``."""
    while traceback is not None and traceback.tb_next and _is_launcher(traceback.tb_frame):
        traceback = traceback.tb_next
    sys.__excepthook__(kind, error.with_traceback(traceback), traceback)
    places: list[Place] = []
    while traceback is not None:
        if not _is_launcher(traceback.tb_frame):
            places.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    if not places or not issubclass(kind, Exception) or not _is_terminal():
        return
    text = f"{kind.__name__} in {_place(*places[-1])}. Its variables are here; the error is _error. %up and %down look at other frames, %where lists them; Ctrl-D leaves."
    _open(Shown(places[::-1], extra={"_error": error}), text, None)


# -- inside

#: Where this module, and `python -m nuncius.terminal`, are.
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep  # noqa: PTH100, PTH120 - pathlib takes longer to import

#: What an embedded shell can do besides, for completion.
_NAMES = ("kill_embedded", "exit_raise", "exit_program", "up", "down", "where")

#: A frame, and the line where it stands.
Place = tuple[FrameType, int]


@dataclass(frozen=True)
class Shown:
    """What the shell shows.

    Attributes:
        places: The frames to look at, the innermost first.
        local_ns: Variables in place of those of the first frame.
        module: A module in place of the frames.
        extra: Variables beside those of the frames.
    """

    places: Sequence[Place]
    local_ns: dict[str, Any] | None = None
    module: ModuleType | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class _End:
    """How the shell was left."""

    def __init__(self) -> None:
        #: ``here`` or ``all``: calls to pass over from now on.
        self.pass_over = ""
        self.error: BaseException | None = None


def _open(shown: Shown, banner: str, colors: str | None) -> _End:
    end = _End()
    if loop_runs_here():
        sys.stderr.write(
            "An event loop runs here: the shell gets a thread of its own, and the loop waits.\n"
        )
        thread = threading.Thread(target=_converse, args=(shown, banner, colors, end), daemon=True)
        thread.start()
        thread.join()
    else:
        _converse(shown, banner, colors, end)
    return end


def _converse(shown: Shown, banner: str, colors: str | None, end: _End) -> None:
    import nuncius.terminal.asking  # noqa: F401 - before cells may replace input()
    from nuncius.terminal.assembly import session_for
    from nuncius.terminal.inprocess import InProcessLink
    from nuncius.terminal.programs import options_for_embedding
    from nuncius.terminal.prompts_kept import borrowed_reader

    options = options_for_embedding(colors)
    namespace, module = _namespace(shown)
    link = InProcessLink(
        user_module=module,
        user_ns=shown.local_ns if namespace is None else None,
        own_main=False,
        startup=False,
    )
    try:
        sys.stdout.write(banner + "\n\n")
        link.start()
        with borrowed_reader(link, options, _NAMES) as reader:
            session = session_for(link, reader, options)
            session.commands.update(_commands(end))
            if namespace is not None:
                namespace.settle()
                session.after_cell = namespace.adopt
                if shown.local_ns is None:
                    session.commands.update(_Walk(namespace, shown.places).commands())
            session.run()
    finally:
        link.close()
        if namespace is not None and shown.local_ns is not None:
            # The dictionary that was given sees what was changed.
            shown.local_ns.update({n: namespace[n] for n in shown.local_ns if n in namespace})


def _namespace(shown: Shown) -> tuple[FrameNamespace | None, ModuleType]:
    if shown.module is not None:
        return None, shown.module
    frame = shown.places[0][0]
    namespace = FrameNamespace(frame, {**shown.extra, **(shown.local_ns or {})})
    name = "__main__" if shown.local_ns else str(frame.f_globals.get("__name__", "__main__"))
    return namespace, module_over(namespace, name)


def _commands(end: _End) -> dict[str, Callable[[str], bool]]:
    """Return what ends the shell in the ways that only an embedded one has."""

    def kill(argument: str) -> bool:
        end.pass_over = "all" if argument.strip("- ") == "all" else "here"
        what = "Every embed()" if end.pass_over == "all" else "This call"
        sys.stdout.write(f"{what} is passed over from now on.\n")
        return True

    def exit_raise(argument: str) -> bool:
        end.error = KillEmbedded("the embedded shell was left by %exit_raise")
        return True

    def exit_program(argument: str) -> bool:
        end.error = SystemExit(int(argument) if argument.isdigit() else 0)
        return True

    return {"kill_embedded": kill, "exit_raise": exit_raise, "exit_program": exit_program}


class _Walk:
    """Moves over frames: ``%up``, ``%down``, ``%where``.

    Args:
        namespace: Shows the variables of one of them.
        places: The innermost first.
    """

    def __init__(self, namespace: FrameNamespace, places: Sequence[Place]) -> None:
        self._namespace = namespace
        self._places = places
        self._at = 0

    def commands(self) -> dict[str, Callable[[str], bool]]:
        """Return the commands."""
        return {"up": self._up, "down": self._down, "where": self._where}

    def _up(self, argument: str) -> bool:
        return self._move(int(argument) if argument.isdigit() else 1)

    def _down(self, argument: str) -> bool:
        return self._move(-(int(argument) if argument.isdigit() else 1))

    def _move(self, count: int) -> bool:
        at = max(0, min(self._at + count, len(self._places) - 1))
        if at == self._at:
            sys.stdout.write(f"This is the {'outer' if count > 0 else 'inner'}most frame.\n")
            return False
        self._at = at
        self._namespace.look_at(self._places[at][0])
        frame, line = self._places[at]
        sys.stdout.write(f"{_place(frame, line)}\n{_source(frame, line)}")
        return False

    def _where(self, argument: str) -> bool:
        for at in range(len(self._places) - 1, -1, -1):
            mark = ">" if at == self._at else " "
            sys.stdout.write(f"{mark} {_place(*self._places[at])}\n")
        return False


def _callers(frame: FrameType | None) -> list[Place]:
    """Return a frame and its callers, the innermost first."""
    places: list[Place] = []
    while frame is not None:
        if not _is_launcher(frame):
            places.append((frame, frame.f_lineno))
        frame = frame.f_back
    return places


def _is_launcher(frame: FrameType) -> bool:
    """Tell whether a frame only runs the program, or a cell around it."""
    name = str(frame.f_globals.get("__name__"))
    file = frame.f_code.co_filename
    return file.startswith(("<frozen", _HERE)) or name.startswith(
        ("nuncius.terminal", "nuncius.kernel", "nuncius.protocol", "asyncio.", "runpy")
    )


def _source(frame: FrameType, line: int, around: int = 2) -> str:
    import linecache

    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    first, last = max(1, line - around), min(len(lines), line + around)
    return "".join(
        f"{'---->' if number == line else '     '} {number:<4} {lines[number - 1].rstrip()}\n"
        for number in range(first, last + 1)
    )


def _theme() -> str:
    from nuncius.terminal.programs import options_for_embedding
    from nuncius.terminal.themes import choose_theme

    return choose_theme(options_for_embedding().theme)


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
