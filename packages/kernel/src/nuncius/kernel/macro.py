"""Keep code that was typed under a name: ``%macro`` makes these, and typing the name runs it again."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

__all__ = ["Macro", "MacroInFile"]

_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")


class Macro:
    """Source that runs when its name is typed.

    Attributes:
        value: The source, with a newline at its end.
    """

    def __init__(self, code: str) -> None:
        self.value = _without_cookie(code)

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"{__name__}.Macro({self.value!r})"

    def __getstate__(self) -> dict[str, str]:
        return {"value": self.value}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.value = state["value"]

    def __add__(self, other: Macro | str) -> Macro:
        """Return a macro that runs this, then ``other``."""
        if isinstance(other, Macro | str):
            return Macro(self.value + str(other))
        raise TypeError(f"expected a Macro or text to add to a Macro, got {other!r}")


class MacroInFile(Macro):
    """A macro whose source is edited in a file: what is saved there holds from then on.

    Args:
        code: Its source, for when the file is gone.
        filename: The file.
    """

    def __init__(self, code: str, filename: str) -> None:
        self._filename = filename
        super().__init__(code)

    @property
    def value(self) -> str:
        """The source, with a newline at its end."""
        # pathlib would cost time at each start
        with suppress(OSError, UnicodeDecodeError), open(self._filename, encoding="utf-8") as file:  # noqa: PTH123
            self._value = _without_cookie(file.read())
        return self._value

    @value.setter
    def value(self, code: str) -> None:
        self._value = code

    def __reduce__(self) -> tuple[Any, ...]:
        return Macro, (self.value,)


def _without_cookie(code: str) -> str:
    """Return source without the lines that say its encoding."""
    lines = [line for line in code.splitlines() if not _COOKIE.match(line)]
    return "\n".join(lines) + "\n"
