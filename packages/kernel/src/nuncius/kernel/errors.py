"""Say what went wrong in the interactive core: the exceptions of `nuncius.kernel`, all in one tree.

::

    NunciusError (nuncius.protocol.errors)
    └── ShellError                  the interactive core cannot do what was asked
        ├── UsageError              a magic or a command was called in a wrong way
        ├── TryNext                 a hook passes on to the next one
        ├── InputRejected           an AST transformer does not want this cell to run
        ├── InvalidAlias            the name cannot be an alias
        ├── ExtensionError          an extension cannot be loaded or unloaded
        ├── GuiUnavailable          no such event loop, or its toolkit is not installed
        ├── SessionEnded            a cell came after `exit`
        └── NoSuchVariable          (LookupError) a list of variables was asked what is in one that is not there

    BaseException
    └── HardInterrupt               stops a cell that catches KeyboardInterrupt and goes on

Exceptions of the user's code are not wrapped: they are shown as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from nuncius.protocol.errors import NunciusError

__all__ = [
    "ExtensionError",
    "GuiUnavailable",
    "HardInterrupt",
    "InputRejected",
    "InvalidAlias",
    "NoSuchVariable",
    "SessionEnded",
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


class SessionEnded(ShellError):
    """A cell came after ``exit``, which ends the kernel."""


class HardInterrupt(BaseException):
    """Stops a cell that has caught two interrupts and goes on; shown as a KeyboardInterrupt."""


class NoSuchVariable(ShellError, LookupError):
    """A list of variables was asked what is in one that is not there, or not any more.

    Attributes:
        path: The name of the variable, and the positions of the parts in it, as far as something is missing.
    """

    def __init__(self, path: Sequence[object]) -> None:
        self.path = tuple(path)
        name, *positions = self.path or ("",)
        within = "".join(f"[{position}]" for position in positions)
        super().__init__(
            f"there is no variable {name!r}"
            if not positions
            else f"there is no part {within} in {name!r}"
        )
