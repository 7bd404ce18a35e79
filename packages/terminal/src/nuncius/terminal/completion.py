"""Show the kernel's completions in the prompt's menu."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion

from nuncius.terminal.formats.widths import width_of

if TYPE_CHECKING:
    from prompt_toolkit.document import Document

__all__ = ["KernelCompleter", "rows", "with_commands"]

#: Asks the kernel; returns the content of complete_reply.
Ask = Callable[[str, int], Awaitable[Mapping[str, Any]]]


#: Columns of a menu that are not for names.
_MARGIN = 4


class KernelCompleter(Completer):
    """Complete by asking the kernel; typing goes on meanwhile.

    Args:
        ask: Takes the code and the cursor's position, returns the content of ``complete_reply``.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Return nothing: completions come asynchronously."""
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Yield the kernel's completions of the text at the cursor."""
        reply = await self._ask(document.text, document.cursor_position)
        room = get_app().output.get_size().columns - _MARGIN
        for row in rows(reply, document.cursor_position, room):
            yield row


def with_commands(ask: Ask, commands: Sequence[str]) -> Ask:
    """Return an `Ask` that knows the shell's own commands, too: ``%view`` and its like.

    Args:
        ask: Asks the kernel.
        commands: Their names, without the percent sign.
    """

    async def both(code: str, position: int) -> Mapping[str, Any]:
        reply = await ask(code, position)
        begun = re.fullmatch(r"\s*(%\w*)", code[:position])
        if begun is None:
            return reply
        start = position - len(begun[1])
        own = [f"%{name}" for name in commands if f"%{name}".startswith(begun[1])]
        return _joined(reply, own, start, position)

    return both


def _joined(reply: Mapping[str, Any], own: list[str], start: int, end: int) -> Mapping[str, Any]:
    metadata = dict(reply.get("metadata", {}))
    typed = list(metadata.get("_jupyter_types_experimental", ()))
    if typed or not reply.get("matches"):
        there = {match.get("text") for match in typed}
        typed += [
            {"text": text, "start": start, "end": end, "type": "magic"}
            for text in own
            if text not in there
        ]
        metadata["_jupyter_types_experimental"] = typed
    elif reply.get("cursor_start") != start:
        return reply
    matches = list(dict.fromkeys([*reply.get("matches", ()), *own]))
    return {
        "cursor_start": start,
        "cursor_end": end,
        **reply,
        "matches": matches,
        "metadata": metadata,
    }


def rows(reply: Mapping[str, Any], cursor: int, room: int = 200) -> list[Completion]:
    """Return the rows of the menu.

    Args:
        reply: The content of ``complete_reply``; its types and signatures are used where the kernel sends them.
        cursor: Where the cursor is.
        room: Columns for a name. What differs stands at the end of a long one, so that its beginning is left out.
    """
    typed: Sequence[Mapping[str, Any]] = reply.get("metadata", {}).get(
        "_jupyter_types_experimental", ()
    )
    if not typed:
        start = reply.get("cursor_start", cursor)
        typed = [{"text": text, "start": start} for text in reply.get("matches", ())]
    return [
        Completion(
            item["text"],
            start_position=min(0, item.get("start", cursor) - cursor),
            display=_ending(_display(item["text"]), room),
            display_meta=_meta(item),
        )
        for item in typed
    ]


def _display(text: str) -> str:
    # The last part is what differs: the menu gets narrow without what is typed already.
    _head, dot, tail = text.rpartition(".")
    return tail if dot and tail and "/" not in text and not text.startswith("%") else text


def _ending(text: str, room: int) -> str:
    if width_of(text) <= room:
        return text
    start = next((at for at in range(len(text)) if width_of(text[at:]) < room), len(text))
    return f"\N{HORIZONTAL ELLIPSIS}{text[start:]}"


def _meta(item: Mapping[str, Any]) -> str:
    kind = item.get("type") or ""
    signature = item.get("signature") or ""
    return f"{kind} {signature}".strip().replace("<unknown>", "")
