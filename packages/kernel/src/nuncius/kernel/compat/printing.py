"""Small objects for ``_repr_pretty_`` methods: ``RawText``, ``CallExpression`` and ``RawStringLiteral`` of ``IPython.lib.pretty``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["CallExpression", "RawStringLiteral", "RawText"]


class RawText:
    """A text that is printed as it is.

    Args:
        value: The text.
    """

    def __init__(self, value: str) -> None:
        self.value = value

    def _repr_pretty_(self, p: Any, cycle: bool) -> None:
        p.text(self.value)


class RawStringLiteral(RawText):
    """A text that is printed as a literal with ``r`` before it."""

    def _repr_pretty_(self, p: Any, cycle: bool) -> None:
        p.text("r" + repr(self.value).replace("\\\\", "\\"))


class CallExpression:
    """A call that is printed over as many lines as it needs.

    Args:
        name: Of what is called.
        *args: The arguments.
        **kwargs: The keyword arguments.
    """

    def __init__(self, name: str, /, *args: Any, **kwargs: Any) -> None:
        self.name, self.args, self.kwargs = name, args, kwargs

    @classmethod
    def factory(cls, name: str) -> Callable[..., CallExpression]:
        """Return a function that makes calls of one name."""

        def make(*args: Any, **kwargs: Any) -> CallExpression:
            return cls(name, *args, **kwargs)

        return make

    def _repr_pretty_(self, p: Any, cycle: bool) -> None:
        start = f"{self.name}("
        arguments = [("", arg) for arg in self.args]
        arguments += [(f"{key}=", value) for key, value in self.kwargs.items()]
        with p.group(len(start), start, ")"):
            for position, (label, value) in enumerate(arguments):
                if position:
                    p.text(",")
                    p.breakable()
                with p.group(len(label), label):
                    p.pretty(value)
