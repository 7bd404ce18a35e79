"""Show what a completion is while it is selected: its signature and the first lines of its documentation, beside the menu.

Rule 1: one question at a time. While it is answered the person moves on; the next question is about what is selected then, and an answer to anything else is dropped.
Rule 2: the panel stands as long as something is selected, so that the menu beside it keeps its shape. Until the answer is there it shows the type.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition, to_filter
from prompt_toolkit.layout.containers import (
    ConditionalContainer,
    Container,
    FloatContainer,
    HSplit,
    VSplit,
    Window,
)
from prompt_toolkit.layout.controls import UIContent, UIControl
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.menus import CompletionsMenu, MultiColumnCompletionsMenu

from nuncius.terminal.hints import signature_and_documentation

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.completion import Completion
    from prompt_toolkit.formatted_text import StyleAndTextTuples

__all__ = ["Described", "Documentation", "add_panel", "laid_out"]

#: Asks the kernel what is at a position; returns the content of ``inspect_reply``.
Ask = Callable[[str, int], Awaitable[Mapping[str, Any]]]

#: Columns of the panel, and of a window that has room for it beside the menu.
_WIDTH, _ROOM = 46, 64

#: Lines of the panel.
_LINES = 10

#: Seconds that something is selected before it is asked about.
_PAUSE = 0.03

#: In front of everything, as prompt_toolkit's menus are.
_IN_FRONT = 10**8

#: What is known of a selected completion: its signature or type, and its documentation.
Described = tuple[str, str]


def laid_out(described: Described, width: int, lines: int = _LINES) -> list[tuple[str, str]]:
    """Return the lines of the panel, each with its style.

    Args:
        described: What is to be shown.
        width: Columns.
        lines: At most so many.
    """
    signature, documentation = described
    shown = [("signature", line) for line in _wrapped(signature, width)]
    shown += [("text", line) for line in _wrapped(documentation, width)]
    if len(shown) > lines:
        shown = [*shown[: lines - 1], ("text", "…")]
    return shown


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap

    rows: list[str] = []
    for line in text.strip("\n").split("\n") if text else ():
        indent = line[: len(line) - len(line.lstrip())][: width // 2]
        rows += wrap(line, width, subsequent_indent=indent, drop_whitespace=True) or [""]
    return rows


class Documentation:
    """What is known of the completion that is selected in a buffer.

    Args:
        buffer: Where completions are selected.
        inspect: Asks the kernel.
        deadline: Seconds that an answer may take.
        redraw: Called when there is more to show.
    """

    def __init__(
        self, buffer: Buffer, inspect: Ask, deadline: float, redraw: Callable[[], None]
    ) -> None:
        self._buffer = buffer
        self._inspect = inspect
        self._deadline = deadline
        self._redraw = redraw
        self._selected: Completion | None = None
        self._described: Described = ("", "")
        self._task: asyncio.Task[None] | None = None

    @property
    def described(self) -> Described:
        """What the panel shows."""
        selected = self.selected
        if selected is None:
            return "", ""
        if selected is self._selected and any(self._described):
            return self._described
        # Its text may be only what is left of it after what all of the menu have in common.
        return f"{selected.display_text}: {selected.display_meta_text}".rstrip(": "), ""

    @property
    def selected(self) -> Completion | None:
        """The completion that is selected, None if there is none."""
        state = self._buffer.complete_state
        return None if state is None else state.current_completion

    def look(self, _: object = None) -> None:
        """Ask about what is selected now, if that is something else than before."""
        selected = self.selected
        if selected is self._selected:
            return
        self._selected, self._described = selected, ("", "")
        if selected is not None and (self._task is None or self._task.done()):
            self._task = asyncio.ensure_future(self._keep_up())

    def forget(self) -> None:
        """Ask no more: the prompt has ended."""
        self._selected = None
        if self._task is not None:
            self._task.cancel()

    async def _keep_up(self) -> None:
        asked: Completion | None = None
        while self._selected is not None and asked is not self._selected:
            asked = self._selected
            await asyncio.sleep(_PAUSE)
            if asked is not self._selected:
                continue
            document = self._buffer.document
            try:
                async with asyncio.timeout(self._deadline):
                    reply = await self._inspect(document.text, document.cursor_position)
            except TimeoutError:
                continue
            if asked is self._selected:
                self._described = signature_and_documentation(reply)
                self._redraw()


class _PanelControl(UIControl):
    def __init__(self, documentation: Documentation) -> None:
        self._documentation = documentation

    def preferred_width(self, max_available_width: int) -> int | None:
        return min(_WIDTH, max_available_width)

    def preferred_height(
        self, width: int, max_available_height: int, wrap_lines: bool, get_line_prefix: Any
    ) -> int | None:
        return len(laid_out(self._documentation.described, width - 2))

    def create_content(self, width: int, height: int) -> UIContent:
        rows = laid_out(self._documentation.described, width - 2, max(1, height))

        def line(at: int) -> StyleAndTextTuples:
            kind, text = rows[at]
            return [(f"class:completion-documentation.{kind}", f" {text}")]

        return UIContent(line, line_count=len(rows))


T = TypeVar("T")


def add_panel(session: PromptSession[T], documentation: Documentation) -> None:
    """Put a panel beside the completion menus of a prompt; in a narrow window below them."""
    control = _PanelControl(documentation)
    selecting = Condition(lambda: documentation.selected is not None)
    wide = Condition(lambda: get_app().output.get_size().columns >= _ROOM)
    for place in session.layout.walk():
        for each in place.floats if isinstance(place, FloatContainer) else ():
            menu = each.content
            if not isinstance(menu, CompletionsMenu | MultiColumnCompletionsMenu):
                continue
            parts = _parts(menu)
            for part in parts:
                if isinstance(part.content, Window):
                    # It takes the lines that it needs, however high the panel is.
                    part.content.dont_extend_height = to_filter(True)
            shown = parts[0].filter & selecting
            beside = ConditionalContainer(_window(control), shown & wide)
            below = ConditionalContainer(_window(control), shown & ~wide)
            row = VSplit([HSplit([menu]), beside], z_index=_IN_FRONT)
            each.content = HSplit([row, below], z_index=_IN_FRONT)
    session.app.after_render += documentation.look


def _window(control: UIControl) -> Window:
    return Window(
        control,
        width=Dimension(min=20, preferred=_WIDTH, max=_WIDTH),
        height=Dimension(min=1, max=_LINES),
        dont_extend_height=True,
        style="class:completion-documentation",
        z_index=_IN_FRONT,
    )


def _parts(menu: Container) -> list[ConditionalContainer]:
    """Return the parts of a menu, each with the condition under which it is shown."""
    return [part for part in (menu, *menu.get_children()) if isinstance(part, ConditionalContainer)]
