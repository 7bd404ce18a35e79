"""Know how many rows of the screen a prompt has left behind: what stands above it can still be replaced then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

__all__ = ["Footprint"]


class Footprint:
    """The rows of the last prompt.

    Args:
        session: The prompt.
    """

    def __init__(self, session: PromptSession[str]) -> None:
        self._app = session.app
        self._renderer = session.app.renderer
        #: Of the last prompt, from its first row to the one below it; None where nobody knows: the screen was cleared, its size changed, something was printed above the prompt.
        self.rows: int | None = None
        self._disturbed = False
        self._reset = self._renderer.reset
        vars(self._renderer)["reset"] = self._watched_reset

    def begin(self) -> None:
        """A prompt begins."""
        self.rows = None
        self._disturbed = False

    def _watched_reset(self, *arguments: Any, **options: Any) -> None:
        """Take note when the renderer forgets what it has drawn: at the end, or because it is no longer there."""
        drawn = vars(self._renderer)["_last_screen"]
        if drawn is not None and not self._app.is_done:
            self._disturbed = True
        elif drawn is not None and not self._disturbed:
            fits = drawn.height < self._app.output.get_size().rows
            self.rows = drawn.height if fits else None
        self._reset(*arguments, **options)
