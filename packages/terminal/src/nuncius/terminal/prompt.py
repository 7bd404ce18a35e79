"""Read a cell from a person, with editing, colors, completion and history: prompt_toolkit, arranged.

The prompt knows nothing of kernels: what it needs to ask one comes as functions in `Questions`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, strftime
from typing import TYPE_CHECKING, Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.layout.processors import HighlightMatchingBracketProcessor
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.shortcuts.prompt import CompleteStyle
from prompt_toolkit.styles import Style

from nuncius.terminal.background import Background, may_ask
from nuncius.terminal.completion import KernelCompleter
from nuncius.terminal.documentation import Documentation, add_panel
from nuncius.terminal.footprint import Footprint
from nuncius.terminal.highlight import LateLexer, PythonLexer, is_python
from nuncius.terminal.hints import asks_for_signature, hint
from nuncius.terminal.history import KernelHistory, KernelSuggest
from nuncius.terminal.keycommands import Tools
from nuncius.terminal.keys import BINDINGS, bindings, changed
from nuncius.terminal.links import quoted_path
from nuncius.terminal.listing import Listing
from nuncius.terminal.prompts import Prompts
from nuncius.terminal.recall import Recall
from nuncius.terminal.repair import Repair
from nuncius.terminal.themes import STYLES

if TYPE_CHECKING:
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.key_binding import KeyBindings

    from nuncius.terminal.options import TerminalShell

__all__ = ["Prompt", "Questions"]

_STYLES = {
    "column": CompleteStyle.COLUMN,
    "multicolumn": CompleteStyle.MULTI_COLUMN,
    "readline": CompleteStyle.READLINE_LIKE,
}

_VI_MODES = {
    InputMode.INSERT: "ins",
    InputMode.INSERT_MULTIPLE: "ins",
    InputMode.REPLACE: "rep",
    InputMode.REPLACE_SINGLE: "rep",
}


@dataclass(frozen=True, slots=True)
class Questions:
    """What the prompt asks.

    Attributes:
        judge: Is this cell complete? Returns status and indentation.
        complete: The completions at a position: the content of ``complete_reply``.
        inspect: What is at a position: the content of ``inspect_reply``.
        past: The last inputs, so many, oldest first.
        find: The last inputs that are like a glob, so many, oldest first.
        shares_terminal: Cells run in this process: programs that they start write to the terminal themselves.
    """

    judge: Callable[[str], tuple[str, str]]
    complete: Callable[[str, int], Awaitable[Mapping[str, Any]]]
    inspect: Callable[[str, int], Awaitable[Mapping[str, Any]]]
    past: Callable[[int], Awaitable[Sequence[str]]]
    find: Callable[[str, int], Awaitable[Sequence[str]]]
    shares_terminal: bool = False


class Prompt:
    """The prompt of one shell.

    Args:
        options: How it behaves.
        questions: What it asks the kernel.
        language: For highlighting.
        prompts: What stands before the input.
        theme: Its colors.
        found_theme: Is told of another theme, which suits the background that the terminal says it has; None not to ask it.
    """

    def __init__(
        self,
        options: TerminalShell,
        questions: Questions,
        language: str = "python",
        prompts: Prompts | None = None,
        theme: str = "auto",
        found_theme: Callable[[str], None] | None = None,
    ) -> None:
        self.prompts = prompts or Prompts()
        self._theme = theme
        self._found_theme = found_theme
        self._options = options
        self._questions = questions
        self._python = is_python(language)
        self._lexer = PythonLexer() if self._python else LateLexer(language)
        self._history = KernelHistory(questions.past, questions.find)
        #: What is asked for at this moment; a newer question makes an older one void.
        self._asking: asyncio.Task[None] | None = None
        self._number = 1
        #: When the last cell was read, as `time.monotonic` has it.
        self.read_at = monotonic()
        self._duration = 0.0
        self._completer = KernelCompleter(questions.complete)
        self._session = self._make_session(options)
        self._listing = Listing(self._session, self._completer)
        self._recall = Recall(self._session, self._history)
        self._session.key_bindings = self._bindings(options)
        buffer = self._session.default_buffer
        buffer.complete_while_typing = Condition(lambda: options.complete_while_typing)
        buffer.on_text_changed += self._text_changed
        self._documentation = Documentation(
            buffer, questions.inspect, options.completion_deadline, self._session.app.invalidate
        )
        self._footprint = Footprint(self._session)
        self._repair = Repair(self._session, shares_terminal=questions.shares_terminal)
        self._background: Background | None = None
        if found_theme is not None and may_ask():
            ask = self._repair.ask
            self._background = Background(self._session.input, ask, self._change_theme)
        if options.completion_documentation:
            add_panel(self._session, self._documentation)

    def _make_session(self, options: TerminalShell) -> PromptSession[str]:
        vi = options.editing_mode == "vi"
        brackets = HighlightMatchingBracketProcessor(chars="[](){}")
        return PromptSession(
            message=self._message,
            prompt_continuation=self._continuation,
            multiline=True,
            editing_mode=EditingMode.VI if vi else EditingMode.EMACS,
            cursor=ModalCursorShapeConfig() if vi else None,
            completer=self._completer,
            complete_style=_STYLES[options.completion_style],
            enable_history_search=True,
            auto_suggest=KernelSuggest(self._history) if options.autosuggest else None,
            history=self._history,
            lexer=self._lexer,
            style=_style(self._theme),
            include_default_pygments_style=False,
            color_depth=_color_depth(),
            mouse_support=options.mouse,
            enable_open_in_editor=False,
            tempfile_suffix=".py",
            rprompt=self._right if options.right_prompt != "none" else None,
            input_processors=[brackets] if options.highlight_matching_brackets else [],
        )

    def _bindings(self, options: TerminalShell) -> KeyBindings:
        table = changed(BINDINGS, options.shortcuts)

        def list_keys() -> None:
            from nuncius.terminal.keytable import key_table
            from nuncius.terminal.pager import page

            page(key_table(table, self._session.app.output.get_size().columns))

        tools = Tools(
            self._judge,
            self._next_indent,
            lambda: self._ask_hint(brief=False),
            list_keys,
            self._recall.go_back,
            self._recall.go_to_oldest,
            self._recall.suggest,
            self._recall.search_older,
            self._recall.run_and_get_next,
            self._listing.complete if options.completion_style == "readline" else None,
            options.autoformatter,
        )
        made = bindings(tools, table)
        if options.auto_close_brackets:
            from nuncius.terminal.brackets import add_brackets

            add_brackets(made)
        return made

    async def read(self, number: int, default: str = "") -> str:
        """Read one cell.

        Args:
            number: Of the cell.
            default: What stands there already, to be edited.

        Raises:
            EOFError: Ctrl-D on an empty prompt.
            KeyboardInterrupt: Ctrl-C: the cell is dropped.
        """
        self._number = number
        self._history.begin()
        self._duration = monotonic() - self.read_at
        self._session.bottom_toolbar = None
        if self._options.term_title:
            self._set_title()
        # What background tasks and threads print meanwhile appears above the prompt.
        with patch_stdout(raw=True):
            self._footprint.begin()
            self._repair.begin()
            if self._background is not None:
                self._background.begin()
            try:
                return await self._session.prompt_async(
                    default=default,
                    pre_run=self._after_first_drawing,
                    set_exception_handler=False,
                    handle_sigint=False,
                )
            finally:
                self._forget_question()
                self._documentation.forget()
                self._listing.forget()
                self._repair.end()
                if self._background is not None:
                    self._background.end()
                self.read_at = monotonic()

    @property
    def has_drawn(self) -> bool:
        """Whether the prompt stands on the screen, so that what is printed goes above it."""
        return self._session.app.renderer.last_rendered_screen is not None

    @property
    def rows(self) -> int | None:
        """Rows of the screen that the last prompt has taken; None where nobody knows."""
        return self._footprint.rows

    def feed(self, typed: bytes) -> None:
        """Take keys that were pressed before."""
        from prompt_toolkit.input.typeahead import store_typeahead

        if typed:
            # What is fed may end in the middle of a character or of a paste: the input's own parser goes on there.
            source: Any = self._session.input
            decoder = vars(source.stdin_reader)["_stdin_decoder"]
            source.vt100_parser.feed(decoder.decode(typed))
            if typed.endswith(b"\x1b"):
                source.vt100_parser.flush()
            pressed = vars(source)["_buffer"]
            store_typeahead(source, list(pressed))
            pressed.clear()

    def take_typed(self) -> bytes:
        """Return, and forget, the keys that were pressed after the last cell, if they are plain text."""
        from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead

        source = self._session.input
        pressed = get_typeahead(source)
        if any(len(press.data) != 1 for press in pressed):
            store_typeahead(source, pressed)
            return b""
        return "".join(press.data for press in pressed).encode()

    def take_interrupt(self) -> bool:
        """Tell whether Ctrl-C was among the keys that were pressed after the last cell; forget it, and those before it."""
        from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
        from prompt_toolkit.keys import Keys

        source = self._session.input
        pressed = get_typeahead(source)
        last = max((at for at, press in enumerate(pressed) if press.key == Keys.ControlC), default=-1)  # fmt: skip
        store_typeahead(source, pressed[last + 1 :])
        return last >= 0

    def renumber(self, number: int) -> None:
        """Show another number: someone else's cell has run meanwhile. From any thread."""
        self._number = number
        self._session.app.invalidate()

    def _change_theme(self, theme: str) -> None:
        """Show everything in the colors of another theme."""
        if self._found_theme is not None:
            self._found_theme(theme)
        if theme != self._theme:
            self._theme = theme
            self._session.style = _style(theme)
            self._session.app.invalidate()

    # -- what is shown around the text

    def _message(self) -> FormattedText:
        if self._is_left_behind():
            return FormattedText(self.prompts.left_behind())
        styled = self.prompts.input(self._number)
        if self._options.editing_mode == "vi":
            mode = _VI_MODES.get(get_app().vi_state.input_mode, "nav")
            styled = [("class:prompt.mode", f"[{mode}] "), *styled]
        return FormattedText(styled)

    def _continuation(self, width: int, _line: int, _wraps: int) -> FormattedText:
        if self._is_left_behind():
            return FormattedText([("", " " * width)])
        return FormattedText(self.prompts.continuation(width))

    def _is_left_behind(self) -> bool:
        return self._options.transient_prompt and get_app().is_done

    def _right(self) -> FormattedText:
        if self._is_left_behind():
            return FormattedText()
        if self._options.right_prompt == "time":
            return FormattedText([("class:prompt.right", strftime("%H:%M:%S"))])
        took = f"{self._duration:.1f} s" if self._duration >= 0.1 else ""
        return FormattedText([("class:prompt.right", took)])

    def _set_title(self) -> None:
        try:
            folder = os.getcwd()  # noqa: PTH109 - pathlib takes 4 ms to load
        except OSError:
            return
        home = os.path.expanduser("~")  # noqa: PTH111
        inside = folder == home or folder.startswith(home.rstrip(os.sep) + os.sep)
        shown = f"~{folder[len(home.rstrip(os.sep)) :]}" if inside else folder
        self._session.output.set_title(f"nuncius: {shown}")
        if os.name == "posix":
            # The terminal opens its next window here, too (OSC 7).
            self._session.output.write_raw(f"\x1b]7;file://{quoted_path(folder)}\x07")

    # -- what the keys need

    def _judge(self, code: str) -> tuple[str, str]:
        status, indent = self._questions.judge(code)
        return status, self._next_indent(
            code
        ) if status == "incomplete" and self._python else indent

    def _next_indent(self, code: str) -> str:
        if not self._options.autoindent:
            return ""
        if self._python:
            from nuncius.protocol.text.editing import next_indent

            return next_indent(code)
        line = code.rpartition("\n")[2]
        return line[: len(line) - len(line.lstrip())]

    # -- signatures

    def _text_changed(self, buffer: Buffer) -> None:
        if self._session.bottom_toolbar is not None:
            self._session.bottom_toolbar = None
        if self._options.signatures_while_typing and asks_for_signature(
            buffer.document.text_before_cursor
        ):
            self._ask_hint(brief=True)

    def _ask_hint(self, *, brief: bool) -> None:
        self._forget_question()
        self._asking = asyncio.ensure_future(self._show_hint(brief=brief))

    async def _show_hint(self, *, brief: bool) -> None:
        document = self._session.default_buffer.document
        text = hint(
            await self._questions.inspect(document.text, document.cursor_position), brief=brief
        )
        if text and document == self._session.default_buffer.document:
            self._session.bottom_toolbar = FormattedText([("class:hint", text)])
            self._session.app.invalidate()

    def _forget_question(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    # -- what is loaded late

    def _after_first_drawing(self) -> None:
        app = get_app()
        loop = app.loop
        if loop is not None and isinstance(self._lexer, LateLexer):
            loop.call_later(0.01, self._load_lexer, self._lexer, app.invalidate)

    def _load_lexer(self, lexer: LateLexer, redraw: Callable[[], None]) -> None:
        lexer.load()
        redraw()


def _style(theme: str) -> Style:
    return Style.from_dict(dict(STYLES[theme]))


def _color_depth() -> ColorDepth | None:
    """Return what colors the terminal has; None leaves it to prompt_toolkit, which never finds out about more than 256."""
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return ColorDepth.from_env() or ColorDepth.TRUE_COLOR
    return None
