"""Answer an editor's questions about code: completion, inspection, history, as the contents of replies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
from contextlib import suppress

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
    name = _name_at(code, cursor_pos)
    try:
        value = shell.ev(name) if name else None
    except Exception:  # noqa: BLE001 - no such object
        name = ""
    if not name:
        return {"status": "ok", "found": False, "data": {}, "metadata": {}}
    text = _describe(name, value, detail_level)
    return {"status": "ok", "found": True, "data": {"text/plain": text}, "metadata": {}}


def _name_at(code: str, cursor_pos: int) -> str:
    for match in re.finditer(r"[^\W\d]\w*(\.[^\W\d]\w*)*", code):
        if match.start() <= cursor_pos <= match.end():
            return match.group()
    before = re.search(r"([^\W\d][\w.]*)\([^()]*$", code[:cursor_pos])
    return "" if before is None else before.group(1)


def _describe(name: str, value: Any, detail_level: int) -> str:
    import inspect as standard

    sections = [("Type", type(value).__name__)]
    with suppress(TypeError, ValueError):
        sections.insert(0, ("Signature", f"{name}{standard.signature(value)}"))
    if detail_level:
        with suppress(TypeError, OSError):
            sections.append(("Source", "\n" + standard.getsource(value)))
    sections.append(("Docstring", standard.getdoc(value) or "<no docstring>"))
    return "\n".join(f"{title + ':':<10} {text}" for title, text in sections)


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
