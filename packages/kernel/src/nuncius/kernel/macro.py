"""Keep code that was typed under a name: ``%macro`` makes these, and typing the name runs it again."""

from __future__ import annotations

import re

__all__ = ["Macro"]

_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")


class Macro:
    """Source that runs when its name is typed.

    Attributes:
        value: The source, with a newline at its end.
    """

    def __init__(self, code: str) -> None:
        lines = [line for line in code.splitlines() if not _COOKIE.match(line)]
        self.value = "\n".join(lines) + "\n"

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"{type(self).__module__}.{type(self).__qualname__}({self.value!r})"

    def __getstate__(self) -> dict[str, str]:
        return {"value": self.value}

    def __add__(self, other: Macro | str) -> Macro:
        """Return a macro that runs this, then ``other``."""
        if isinstance(other, Macro | str):
            return Macro(self.value + str(other))
        raise TypeError(f"expected a macro or text to add to a macro, got {other!r}")
