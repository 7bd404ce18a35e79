"""Ask the person for what a debugger is to do: with colors, completion in the selected frame, several lines, and a history of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nuncius.terminal.asking import ask
from nuncius.terminal.loops import loop_runs_here

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.key_binding.key_processor import KeyPressEvent

__all__ = ["DebuggerPrompt", "is_debugger", "is_unfinished"]

#: Asks the kernel; returns the content of complete_reply.
Complete = Callable[[str, int], Awaitable[Mapping[str, Any]]]

#: Inputs of the debugger that are remembered.
_REMEMBERED = 1000


def is_debugger(metadata: Mapping[str, Any], prompt: str) -> bool:
    """Tell whether a question comes from a debugger: the kernel says so, or the prompt is one that debuggers of Python have."""
    return metadata.get("kind") == "debugger" or prompt.strip() in ("ipdb>", "(Pdb)")


def is_unfinished(text: str) -> bool:
    """Tell whether what was typed needs another line: a statement that is not whole; a command of the debugger never does."""
    from nuncius.protocol.text.inputs import check_complete

    code = text.removeprefix("!").lstrip()
    if "\n" in text and not text.rsplit("\n", 1)[1].strip():
        return False
    return check_complete(code)[0] == "incomplete"


class _Dropped(Exception):
    """Ctrl-C: what was typed is not wanted."""


class DebuggerPrompt:
    """The prompt of a debugger.

    Args:
        style: Returns the colors, as prompt_toolkit takes them; None where there is nothing but lines.
        complete: Asks the kernel for completions in the frame that is selected.
        history: The file that remembers what was typed; None to remember it in this shell only.
        vi: Whether the keys are those of vi.
    """

    def __init__(
        self,
        style: Callable[[], Mapping[str, str]] | None = None,
        complete: Complete | None = None,
        history: str | None = None,
        *,
        vi: bool = False,
    ) -> None:
        self._style = style
        self._complete = complete
        self._file = history
        self._vi = vi
        self._session: Any = None

    def ask(self, prompt: str) -> str:
        """Return what is typed: a line, or a statement of several. Ctrl-C drops it, and asks again.

        Raises:
            EOFError: Ctrl-D.
            KeyboardInterrupt: The shell is to end; where there are only lines, Ctrl-C.
        """
        if self._style is None:
            return ask(prompt)
        if self._session is None:
            self._session = self._make(self._style())
        self._begin_line()
        while True:
            try:
                # Where a cell awaits, this thread's loop stands still; the prompt needs one that runs.
                in_thread = loop_runs_here()
                return str(
                    self._session.prompt(prompt, set_exception_handler=False, in_thread=in_thread)
                )
            except _Dropped:
                continue

    def _begin_line(self) -> None:
        """Have the prompt begin a line: what the code has printed may end in the middle of one, and would be drawn over."""
        output = self._session.app.output
        # A line of blanks ends on the next line, unless it has begun where this one does.
        output.write_raw(" " * (output.get_size().columns - 1) + "\r")
        output.flush()

    def _make(self, rules: Mapping[str, str]) -> Any:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
        from prompt_toolkit.enums import EditingMode
        from prompt_toolkit.styles import Style

        from nuncius.terminal.completion import KernelCompleter
        from nuncius.terminal.highlight import PythonLexer

        return PromptSession(
            lexer=PythonLexer(),
            style=Style.from_dict(dict(rules)),
            include_default_pygments_style=False,
            auto_suggest=AutoSuggestFromHistory(),
            enable_history_search=True,
            multiline=True,
            prompt_continuation=lambda width, line, wraps: "...: ".rjust(width),
            key_bindings=_bindings(),
            completer=None if self._complete is None else KernelCompleter(self._complete),
            complete_while_typing=False,
            editing_mode=EditingMode.VI if self._vi else EditingMode.EMACS,
            history=self._history(),
        )

    def _history(self) -> Any:
        from pathlib import Path

        from prompt_toolkit.history import FileHistory, InMemoryHistory

        file = self._file
        if file is None:
            return InMemoryHistory()
        folder = Path(file).parent

        class History(FileHistory):
            """A file that may be missing, or may not be written."""

            def load_history_strings(self) -> Iterable[str]:
                with suppress(OSError):
                    yield from [*super().load_history_strings()][:_REMEMBERED]

            def store_string(self, string: str) -> None:
                with suppress(OSError):
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    super().store_string(string)

        return History(file)


def _bindings() -> KeyBindings:
    from prompt_toolkit.filters import has_completions, in_paste_mode
    from prompt_toolkit.key_binding import KeyBindings

    bindings = KeyBindings()

    @bindings.add("enter", filter=~has_completions & ~in_paste_mode)
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.is_cursor_at_the_end and is_unfinished(buffer.text):
            from nuncius.protocol.text.editing import next_indent

            buffer.insert_text("\n" + next_indent(buffer.text))
        else:
            buffer.validate_and_handle()

    @bindings.add("c-c")
    def _drop(event: KeyPressEvent) -> None:
        event.app.exit(exception=_Dropped(), style="class:aborting")

    return bindings
