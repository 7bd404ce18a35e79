"""Say what went wrong: the exceptions of `nuncius.protocol`, all in one tree.

::

    NunciusError
    ├── MessageError                what came over the wire cannot be accepted
    │   ├── Malformed               (ValueError) frames, JSON or fields are not a message
    │   ├── InvalidSignature        signed with another key, or not signed at all
    │   └── Replayed                this very message was received before
    ├── ConnectionFileError         missing, unreadable, stale or not writable
    ├── TunnelError                 ssh could not forward the kernel's ports
    ├── KernelSpecError
    │   ├── NoSuchKernel            (KeyError) no kernelspec or in-process kernel of that name
    │   └── InvalidKernelSpec       (ValueError) kernel.json is not what it should be
    ├── KernelError                 a kernel, or the way to it, failed
    │   ├── LaunchFailed            (RuntimeError) the kernel never became ready
    │   ├── KernelDied              (RuntimeError) the kernel is gone
    │   ├── KernelTimeout           (TimeoutError) nothing came in time; says what was awaited
    │   ├── ExecutionError          the user's code raised
    │   └── TransportClosed         (RuntimeError) the client was closed under a request
    ├── StdinNotSupported           (NotImplementedError) input() in a request with allow_stdin=False
    ├── OptionError                 (ValueError) a command line or config file is wrong
    └── MissingPackage              (ImportError) names the ``pip install`` that helps

Each exception carries what its message is made of as attributes, so that a program does not have to parse text.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "ConnectionFileError",
    "ExecutionError",
    "InvalidKernelSpec",
    "InvalidSignature",
    "KernelDied",
    "KernelError",
    "KernelSpecError",
    "KernelTimeout",
    "LaunchFailed",
    "Malformed",
    "MessageError",
    "MissingPackage",
    "NoSuchKernel",
    "NunciusError",
    "OptionError",
    "Replayed",
    "StdinNotSupported",
    "TransportClosed",
    "TunnelError",
]


class NunciusError(Exception):
    """The base of every exception that Nuncius raises on purpose."""


class MessageError(NunciusError):
    """What came over the wire cannot be accepted."""


class Malformed(MessageError, ValueError):
    """Frames, JSON or fields are not those of a message."""


class InvalidSignature(MessageError):
    """The message is not signed with the key of this connection."""


class Replayed(MessageError):
    """A message with this very signature was received before."""


class ConnectionFileError(NunciusError):
    """A connection file is missing, unreadable, stale or cannot be written."""


class TunnelError(NunciusError):
    """The SSH tunnel to a kernel could not be opened."""


class KernelSpecError(NunciusError):
    """Something is wrong with a kernelspec."""


class NoSuchKernel(KernelSpecError, KeyError):
    """No kernel has this name.

    Attributes:
        name: The name that was asked for.
        available: The names that exist.
    """

    def __init__(self, name: str, available: Sequence[str] = (), hint: str = "") -> None:
        self.name = name
        self.available = tuple(available)
        known = ", ".join(self.available) or "none"
        self.message = f"no kernel named {name!r} (there are: {known})" + (
            f"; {hint}" if hint else ""
        )
        super().__init__(self.message)

    def __str__(self) -> str:
        # KeyError would show the repr of the message.
        return self.message


class InvalidKernelSpec(KernelSpecError, ValueError):
    """A kernel.json is not what it should be."""


class KernelError(NunciusError):
    """A kernel, or the way to it, failed."""


class LaunchFailed(KernelError, RuntimeError):
    """The kernel's process could not be started or never became ready."""


class KernelDied(KernelError, RuntimeError):
    """The kernel ended while something was expected of it.

    Attributes:
        exit_code: As `subprocess.Popen.returncode`: negative for a signal;
            None where unknown.
    """

    def __init__(self, message: str, *, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class KernelTimeout(KernelError, TimeoutError):
    """Nothing came in time.

    Attributes:
        awaited: What was waited for, in words.
        seconds: How long.
    """

    def __init__(self, awaited: str, seconds: float, hint: str = "") -> None:
        self.awaited = awaited
        self.seconds = seconds
        super().__init__(f"waited {seconds:g} s for {awaited}" + (f"; {hint}" if hint else ""))


class ExecutionError(KernelError):
    """The user's code raised.

    Attributes:
        ename: The name of the exception's class, in the kernel's language.
        evalue: Its text.
        traceback: Lines, possibly with ANSI colors.
    """

    def __init__(self, ename: str, evalue: str, traceback: Sequence[str] = ()) -> None:
        super().__init__(f"{ename}: {evalue}")
        self.ename = ename
        self.evalue = evalue
        self.traceback = tuple(traceback)


class TransportClosed(KernelError, RuntimeError):
    """The client or its connection was closed while a request was open."""


class StdinNotSupported(NunciusError, NotImplementedError):
    """Code asked for input in a request whose frontend cannot give any."""


class OptionError(NunciusError, ValueError):
    """A command line or a configuration file is wrong."""


class MissingPackage(NunciusError, ImportError):
    """A part that is not installed was asked for.

    Attributes:
        package: The distribution that brings it.
    """

    def __init__(self, what: str, package: str) -> None:
        super().__init__(f"{what} is not installed: pip install {package}")
        self.package = package
