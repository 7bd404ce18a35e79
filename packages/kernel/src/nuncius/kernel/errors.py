"""Say what went wrong in the interactive core: the exceptions of `nuncius.kernel`, all in one tree.

::

    NunciusError (nuncius.protocol.errors)
    └── ShellError                  the interactive core cannot do what was asked
        ├── UsageError              a magic or a command was called in a wrong way
        ├── TryNext                 a hook passes on to the next one
        ├── InputRejected           an AST transformer does not want this cell to run
        ├── InvalidAlias            the name cannot be an alias
        ├── ExtensionError          an extension cannot be loaded or unloaded
        └── GuiUnavailable          no such event loop, or its toolkit is not installed

    BaseException
    └── HardInterrupt               stops a cell that catches KeyboardInterrupt and goes on

Exceptions of the user's code are not wrapped: they are shown as they are.
"""

from __future__ import annotations

from nuncius.protocol.errors import NunciusError

__all__ = [
    "ExtensionError",
    "GuiUnavailable",
    "HardInterrupt",
    "InputRejected",
    "InvalidAlias",
    "ShellError",
    "TryNext",
    "UsageError",
]


class ShellError(NunciusError):
    """The interactive core cannot do what was asked."""


class UsageError(ShellError):
    """A magic or a command was called in a wrong way; shown as one line, without a traceback."""


class TryNext(ShellError):
    """Raised by a hook to pass on to the next one.

    Attributes:
        args: Replacement arguments for the next hook.
        kwargs: Replacement keyword arguments.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args)
        self.kwargs = kwargs


class InputRejected(ShellError):
    """Raised by an AST transformer that does not want the cell to run."""


class InvalidAlias(ShellError, ValueError):
    """The name cannot be an alias."""


class ExtensionError(ShellError, ImportError):
    """An extension cannot be loaded or unloaded."""


class GuiUnavailable(ShellError, ValueError):
    """There is no such event loop, or its toolkit is not installed."""


class HardInterrupt(BaseException):
    """Stops a cell that has caught two interrupts and goes on; shown as a KeyboardInterrupt."""
