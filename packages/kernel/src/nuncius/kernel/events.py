"""Tell extensions when cells run: callbacks by the name of an event.

The events: ``shell_initialized(shell)``, ``pre_execute()``, ``pre_run_cell(info)``, ``post_execute()``, ``post_run_cell(result)``. The two ``_execute`` events also happen around code that is no cell of a person: silent requests, a frontend's own questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nuncius.kernel import saying

__all__ = ["EVENTS", "EventManager"]

#: The names of the events that the shell triggers.
EVENTS = ("pre_execute", "pre_run_cell", "post_execute", "post_run_cell", "shell_initialized")

Callback = Callable[..., Any]


class EventManager:
    """Keep the callbacks of each event, and call them.

    Args:
        shell: Shows what a callback raises; it must have ``showtraceback()``.
        available_events: Names beyond `EVENTS`.
        print_on_error: Show what a callback raises; it never stops a cell either way.
    """

    def __init__(
        self, shell: Any, available_events: Iterable[str] = EVENTS, print_on_error: bool = True
    ) -> None:
        self._shell = shell
        self.callbacks: dict[str, list[Callback]] = {name: [] for name in available_events}
        self.print_on_error = print_on_error

    def register(self, event: str, function: Callback) -> None:
        """Call ``function`` at each ``event``; registering it again changes nothing.

        Raises:
            TypeError: ``function`` cannot be called.
            KeyError: There is no such event.
        """
        if not callable(function):
            raise TypeError(f"expected a callback for {event!r}, got {function!r}")
        callbacks = self._of(event)
        if function not in callbacks:
            callbacks.append(function)

    def unregister(self, event: str, function: Callback) -> None:
        """Do not call ``function`` any longer.

        Raises:
            ValueError: It was not registered.
            KeyError: There is no such event.
        """
        callbacks = self._of(event)
        if function not in callbacks:
            raise ValueError(f"{function!r} is not registered as a callback of {event!r}")
        callbacks.remove(function)

    def trigger(self, event: str, *args: Any, **kwargs: Any) -> None:
        """Call the callbacks of ``event`` in the order of their registration."""
        callbacks = self.callbacks[event]
        if not callbacks:
            return
        for function in callbacks.copy():  # a callback may unregister itself
            try:
                function(*args, **kwargs)
            except (Exception, KeyboardInterrupt):  # noqa: BLE001 - an extension must not stop the cell
                if self.print_on_error:
                    saying.complain(f"Error in callback {function!r} (for {event}):\n")
                    self._shell.showtraceback()

    def _of(self, event: str) -> list[Callback]:
        try:
            return self.callbacks[event]
        except KeyError:
            raise KeyError(
                f"there is no event {event!r}; there are {', '.join(self.callbacks)}"
            ) from None
