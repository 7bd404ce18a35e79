"""Write what a kernel publishes to the terminal: the one place that does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nuncius.terminal.render import best_text, describe_error, shortened

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message

__all__ = ["Screen"]


class Screen:
    """The terminal as a place for output.

    Args:
        show_result_prompt: Prints what stands before the result of that number.
        show_image: Shows a mime bundle as a picture if the terminal can; tells whether it did.
        colors: Whether ANSI codes that a kernel sends are kept.
    """

    def __init__(
        self,
        show_result_prompt: Callable[[int], None],
        show_image: Callable[[Mapping[str, Any]], bool] | None = None,
        *,
        colors: bool = True,
    ) -> None:
        self._show_result_prompt = show_result_prompt
        self._show_image = show_image
        self._colors = colors
        #: Output is to be cleared when the next one comes.
        self._clear_pending = False
        #: The first frame of a traceback is the shell's doing.
        self.hide_first_frame = False

    def show(self, message: Message) -> None:
        """Show one message of the iopub channel; those that are not for people do nothing."""
        content = message.content
        match message.msg_type:
            case "stream":
                self.write(content.get("text", ""), content.get("name", "stdout"))
            case "execute_result":
                self._show_result_prompt(content.get("execution_count") or 0)
                text = self.text_of(content.get("data", {}))
                # Several lines start below the prompt, so that columns stay aligned.
                self.write(("\n" if "\n" in text else "") + shortened(text) + "\n")
            case "display_data" | "update_display_data":
                data = content.get("data", {})
                if self._show_image is None or not self._show_image(data):
                    self.write(self.text_of(data) + "\n")
            case "error":
                self._show_error(content)
            case "clear_output":
                self._clear(wait=bool(content.get("wait")))

    def text_of(self, data: Mapping[str, Any]) -> str:
        """Return a mime bundle as text for this terminal."""
        return self._plain(best_text(data))

    def write(self, text: str, name: str = "stdout") -> None:
        """Write text to ``stdout`` or ``stderr``."""
        stream = sys.stderr if name == "stderr" else sys.stdout
        if self._clear_pending:
            self._clear_pending = False
            sys.stdout.write("\r\x1b[K")
        stream.write(text)
        stream.flush()

    def _show_error(self, content: Mapping[str, Any]) -> None:
        name = content.get("ename", "Error")
        if name == "KeyboardInterrupt" and sys.stdout.isatty():
            # Over the terminal's own ^C.
            sys.stdout.write("\r\x1b[K")
        text = describe_error(
            name,
            content.get("evalue", ""),
            content.get("traceback", ()),
            skip_first_frame=self.hide_first_frame,
        )
        self.write(self._plain(text) + "\n", "stderr")

    def _plain(self, text: str) -> str:
        if self._colors or "\x1b" not in text:
            return text
        from nuncius.protocol.text.ansi import strip

        return strip(text)

    def _clear(self, *, wait: bool) -> None:
        if not sys.stdout.isatty():
            return
        if wait:
            self._clear_pending = True
        else:
            sys.stdout.write("\r\x1b[K")
