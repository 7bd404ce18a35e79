"""Have ``sys.stdin`` of a kernel's process read what the person types, or has redirected into the frontend.

A frontend that can do this says so in the metadata of its execute request, ``{"lends_stdin": true}``; ``nuncius console`` does. The kernel then asks by an input request with the metadata ``{"kind": "stdin", "all": false}``: the answer is a line with its end, or nothing at the end of the input; with ``"all": true`` everything that comes. For other frontends it stays as it was: a kernel has no input of its own.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import WriteableBuffer

__all__ = ["install"]


def install() -> None:
    """Replace ``sys.stdin``; once, in a process that is a kernel's alone."""
    sys.stdin = io.TextIOWrapper(
        io.BufferedReader(_AskedInput(sys.stdin)), "utf-8", errors="surrogateescape"
    )


class _AskedInput(io.RawIOBase):
    """The bytes of what is answered.

    Args:
        plain: What there was before; None if it was closed.
    """

    def __init__(self, plain: TextIO | None) -> None:
        self._plain = plain
        #: Answered, and not read yet.
        self._left = b""

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return super().fileno() if self._plain is None else self._plain.fileno()

    def readinto(self, buffer: WriteableBuffer) -> int:
        # Not more than a line: whoever reads lines gets each of them as it is typed.
        self._left = self._left or self._ask(everything=False)
        room = memoryview(buffer).cast("B")
        taken, self._left = self._left[: len(room)], self._left[len(room) :]
        room[: len(taken)] = taken
        return len(taken)

    def readall(self) -> bytes:
        left, self._left = self._left, b""
        return left + self._ask(everything=True)

    def _ask(self, *, everything: bool) -> bytes:
        from nuncius.kernel.borrowed import lender_of
        from nuncius.protocol.errors import StdinNotSupported

        frontend = lender_of("stdin")
        if frontend is None:
            return self._read(everything)
        try:
            answer = frontend.input("", kind="stdin", all=everything)
        except (StdinNotSupported, EOFError):
            return b""
        return answer.encode("utf-8", "surrogateescape")

    def _read(self, everything: bool) -> bytes:
        if self._plain is None:
            return b""
        source = self._plain.buffer
        return source.read() if everything else source.readline()
