"""Answer an editor's questions about code: completion, inspection, history, as the contents of replies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["complete", "history", "inspect"]

_WORD = re.compile(r"[\w.]*$")


def complete(shell: Any, code: str, cursor_pos: int) -> dict[str, Any]:
    """Return the content of ``complete_reply``."""
    import rlcompleter

    match = _WORD.search(code[:cursor_pos])
    text = "" if match is None else match.group()
    completer = rlcompleter.Completer(shell.user_ns)
    found = (completer.attr_matches if "." in text else completer.global_matches)(text)
    return {
        "status": "ok",
        "matches": list(dict.fromkeys(each.rstrip("( ") for each in found)),
        "cursor_start": cursor_pos - len(text),
        "cursor_end": cursor_pos,
        "metadata": {},
    }


def inspect(
    shell: Any, code: str, cursor_pos: int, detail_level: int, omit_sections: Sequence[str]
) -> dict[str, Any]:
    """Return the content of ``inspect_reply``."""
    return {"status": "ok", "found": False, "data": {}, "metadata": {}}


def history(shell: Any, request: Any) -> list[Any]:
    """Return the entries of ``history_reply``."""
    inputs = shell.namespace.inputs_raw if request.raw else shell.namespace.inputs
    entries = [(0, number, source) for number, source in enumerate(inputs) if number]
    return entries[-request.n :] if request.n else entries
