"""Answer an editor's questions about the history, as the content of a reply."""

from __future__ import annotations

from typing import Any

__all__ = ["history"]


def history(shell: Any, request: Any) -> list[Any]:
    """Return the entries of ``history_reply``."""
    past, raw, output = shell.history_manager, request.raw, request.output
    if request.access == "range":
        found = past.get_range(request.session, request.start, request.stop, raw, output)
    elif request.access == "search":
        found = past.search(request.pattern, raw, True, output, request.n, request.unique)
    else:
        found = past.get_tail(request.n or 10, raw, output, True)
    return list(found)
