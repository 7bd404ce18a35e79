"""Give each part its options: what formats say by default, then configuration files, then the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from nuncius.protocol.app.config import Setting, build
from nuncius.protocol.app.options import families

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Configured", "defaults"]

T = TypeVar("T")


class Configured:
    """Options objects, made when they are asked for.

    Args:
        settings: What was said, the least important first.
        objects: Options objects that are ready; they win.
    """

    def __init__(self, settings: Sequence[Setting] = (), objects: Iterable[Any] = ()) -> None:
        self.settings = tuple(settings)
        self._ready: dict[type, Any] = {type(item): item for item in objects}
        #: What `below` made, with the settings themselves: those of a format serve every notebook.
        self._below: dict[int, tuple[Sequence[Setting], Configured]] = {}

    def of(self, cls: type[T]) -> T:
        """Return the options of a class.

        Raises:
            OptionError: A setting names an option that does not exist, or has a value that does not fit.
        """
        if cls not in self._ready:
            names = families(cls)
            said = [setting for setting in self.settings if setting.owner in names]
            self._ready[cls] = build((cls,), said)[cls] if said else cls()
        return self._ready[cls]  # type: ignore[no-any-return]

    def below(self, settings: Sequence[Setting]) -> Configured:
        """Return these options with less important settings beneath them."""
        if id(settings) not in self._below:
            made = Configured((*settings, *self.settings), self._ready.values())
            self._below[id(settings)] = (settings, made)
        return self._below[id(settings)][1]

    def above(self, settings: Sequence[Setting]) -> Configured:
        """Return these options with more important settings on top."""
        return Configured((*self.settings, *settings))


def defaults(origin: str, *said: tuple[str, str, Any]) -> tuple[Setting, ...]:
    """Return settings for (class, option, value), as a format has them by default."""
    return tuple(Setting(owner, name, value, origin, from_file=True) for owner, name, value in said)
