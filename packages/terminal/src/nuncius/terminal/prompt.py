"""Read a cell from a person, with editing, colors, completion and history: prompt_toolkit, arranged.

The prompt knows nothing of kernels: what it needs to ask one comes as functions in `Questions`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.layout.processors import HighlightMatchingBracketProcessor
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.shortcuts.prompt import CompleteStyle
from prompt_toolkit.styles import Style

from nuncius.terminal.completion import KernelCompleter
from nuncius.terminal.highlight import LateLexer, PythonLexer, is_python
from nuncius.terminal.history import KernelHistory
from nuncius.terminal.keys import bindings
from nuncius.terminal.prompts import Prompts
from nuncius.terminal.themes import STYLES, choose_theme

if TYPE_CHECKING:
    from nuncius.terminal.options import TerminalShell

__all__ = ["Prompt", "Questions"]


@dataclass(frozen=True, slots=True)
class Questions:
    """What the prompt asks.

    Attributes:
        judge: Is this cell complete? Returns status and indentation.
        complete: The completions at a position.
        past: The last inputs, oldest first.
    """

    judge: Callable[[str], tuple[str, str]]
    complete: Callable[[str, int], Awaitable[Mapping[str, Any]]]
    past: Callable[[], Awaitable[Sequence[str]]]


class Prompt:
    """The prompt of one shell.

    Args:
        options: How it behaves.
        questions: What it asks the kernel.
        language: For highlighting.
        prompts: What stands before the input.
    """

    def __init__(
        self,
        options: TerminalShell,
        questions: Questions,
        language: str = "python",
        prompts: Prompts | None = None,
    ) -> None:
        self.prompts = prompts or Prompts()
        self.style = Style.from_dict(dict(STYLES[choose_theme(options.theme)]))
        self._lexer = PythonLexer() if is_python(language) else LateLexer(language)
        self._session: PromptSession[str] = PromptSession(
            multiline=True,
            editing_mode=EditingMode.VI if options.editing_mode == "vi" else EditingMode.EMACS,
            key_bindings=bindings(questions.judge),
            completer=KernelCompleter(questions.complete),
            complete_while_typing=options.complete_while_typing,
            complete_style={
                "column": CompleteStyle.COLUMN,
                "multicolumn": CompleteStyle.MULTI_COLUMN,
                "readline": CompleteStyle.READLINE_LIKE,
            }[options.completion_style],
            auto_suggest=AutoSuggestFromHistory() if options.autosuggest else None,
            history=KernelHistory(questions.past),
            lexer=self._lexer,
            style=self.style,
            include_default_pygments_style=False,
            mouse_support=options.mouse,
            enable_open_in_editor=False,
            tempfile_suffix=".py",
            input_processors=(
                [HighlightMatchingBracketProcessor(chars="[](){}")]
                if options.highlight_matching_brackets
                else []
            ),
        )

    async def read(self, number: int, default: str = "") -> str:
        """Read one cell.

        Args:
            number: Of the cell.
            default: What stands there already, to be edited.

        Raises:
            EOFError: Ctrl-D on an empty prompt.
            KeyboardInterrupt: Ctrl-C: the cell is dropped.
        """
        # What background tasks and threads print meanwhile appears above the prompt.
        with patch_stdout(raw=True):
            return await self._session.prompt_async(
                FormattedText(self.prompts.input(number)),
                prompt_continuation=lambda width, _line, _wraps: FormattedText(
                    self.prompts.continuation(width)
                ),
                default=default,
                pre_run=self._after_first_drawing,
                set_exception_handler=False,
            )

    def show_result_prompt(self, number: int) -> None:
        """Print what stands before a result, without ending the line."""
        from prompt_toolkit import print_formatted_text

        print_formatted_text(FormattedText(self.prompts.output(number)), style=self.style, end="")

    def _after_first_drawing(self) -> None:
        app = get_app()
        loop = app.loop
        if loop is not None and isinstance(self._lexer, LateLexer):
            loop.call_later(0.01, self._load_lexer, self._lexer, app.invalidate)

    def _load_lexer(self, lexer: LateLexer, redraw: Callable[[], None]) -> None:
        lexer.load()
        redraw()
