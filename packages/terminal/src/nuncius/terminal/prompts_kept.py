"""Keep the prompts of embedded shells for the next ones: an editor is costly to make, and its toolkit never quite lets go of one.

Rule: a prompt belongs to one shell at a time. A shell inside another one, or in another thread, gets its own.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from nuncius.terminal.link import Link
    from nuncius.terminal.options import TerminalShell
    from nuncius.terminal.session import Reader

__all__ = ["borrowed_reader"]


class _Relay:
    """What a prompt needs of a link, from the kernel of the moment."""

    owned, can_outlive_shell, can_restart = True, False, False
    shares_terminal, lends_terminal = True, False

    def __init__(self, link: Link) -> None:
        self.link = link

    @property
    def info(self) -> Mapping[str, Any]:
        return self.link.info

    def expect(self) -> None:
        getattr(self.link, "expect", lambda: None)()

    def judge(self, code: str) -> tuple[str, str]:
        return self.link.judge(code)

    async def complete(self, code: str, position: int) -> Mapping[str, Any]:
        return await self.link.complete(code, position)

    async def inspect(self, code: str, position: int) -> Mapping[str, Any]:
        return await self.link.inspect(code, position)

    async def past(self, most: int) -> Sequence[str]:
        return await self.link.past(most)

    async def find(self, pattern: str, most: int) -> Sequence[str]:
        return await self.link.find(pattern, most)


#: Prompts that no shell uses, by what they were made for.
_free: dict[Any, list[tuple[_Relay, Reader]]] = {}
_lock = threading.Lock()


@contextmanager
def borrowed_reader(
    link: Link, options: TerminalShell, commands: Sequence[str]
) -> Iterator[Reader]:
    """Have a prompt for one shell; see `nuncius.terminal.assembly.reader_for`."""
    from nuncius.terminal.assembly import reader_for

    # A program, or a test, may have put other streams in their place.
    made_for = (repr(options), tuple(commands), id(sys.stdin), id(sys.stdout))
    with _lock:
        kept = _free.get(made_for)
        found = kept.pop() if kept else None
    if found is None:
        relay = _Relay(link)
        found = relay, reader_for(cast("Link", relay), options, commands)
    relay, reader = found
    relay.link = link
    try:
        yield reader
    finally:
        with _lock:
            _free.setdefault(made_for, []).append((relay, reader))
