"""Ask the person for a line: for ``input()``, passwords and the debugger.

Python's own functions are used as they were before there was a kernel: those that cells see ask the kernel, which would ask us.
"""

from __future__ import annotations

import builtins
import sys
from typing import Any

__all__ = ["DebuggerPrompt", "ask", "ask_secret"]

#: As it was before there was a kernel: this module is imported first.
_input = builtins.input


def ask(prompt: str) -> str:
    """Return a line that is typed.

    Raises:
        EOFError: Ctrl-D.
        KeyboardInterrupt: Ctrl-C.
    """
    return _input(prompt)


def ask_secret(prompt: str) -> str:
    """Return a line that is typed without being shown."""
    import getpass

    read = getattr(getpass, "unix_getpass", None) or getpass.getpass
    return str(read(prompt))


class DebuggerPrompt:
    """The prompt of a debugger: colors, editing, and a history of its own that does not mix with the cells'.

    Args:
        style: The colors, as prompt_toolkit takes them; None where there is nothing but lines.
    """

    def __init__(self, style: Any = None) -> None:
        self._style = style
        self._session: Any = None

    def ask(self, prompt: str) -> str:
        """Return a line that is typed.

        Raises:
            EOFError: Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
        """
        if self._style is None or _loop_runs():
            return ask(prompt)
        if self._session is None:
            self._session = self._make()
        return str(self._session.prompt(prompt, set_exception_handler=False))

    def _make(self) -> Any:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
        from prompt_toolkit.styles import Style

        from nuncius.terminal.highlight import PythonLexer

        return PromptSession(
            lexer=PythonLexer(),
            style=Style.from_dict(dict(self._style)),
            include_default_pygments_style=False,
            auto_suggest=AutoSuggestFromHistory(),
        )


def _loop_runs() -> bool:
    """Tell whether this thread runs an event loop: the prompt needs one of its own, and there can be only one."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
