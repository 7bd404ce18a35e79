"""The debugger of ``breakpoint()`` in a program of one's own: `pdb`, at the shell's prompt."""

from __future__ import annotations

import pdb
from collections.abc import Mapping
from typing import Any

from nuncius.terminal.debugging import DebuggerPrompt

__all__ = ["Tracer"]


class Tracer(pdb.Pdb):
    """`pdb` that is typed to as cells are: colors, completion of names in the frame, several lines, history.

    Args:
        theme: Of the colors.
    """

    def __init__(self, theme: str = "auto") -> None:
        from nuncius.terminal.themes import STYLES

        asker = DebuggerPrompt(lambda: STYLES[theme], self._completions)
        answers: Any = _Answers(asker)
        super().__init__(stdin=answers, nosigint=True)
        self.use_rawinput = False
        self.prompt = ""

    async def _completions(self, code: str, position: int) -> Mapping[str, Any]:
        """Return the content of a ``complete_reply`` for the frame that is selected."""
        import re
        import rlcompleter

        found = re.search(r"[\w.]*$", code[:position])
        word = found[0] if found else ""
        frame = self.curframe
        if frame is None or not word:
            return {}
        completer = rlcompleter.Completer({**frame.f_globals, **self.curframe_locals})
        matches: list[str] = []
        while (match := completer.complete(word, len(matches))) is not None:
            matches.append(match)
        names = list(dict.fromkeys(match.rstrip("( ") for match in matches))
        return {"matches": names, "cursor_start": position - len(word), "cursor_end": position}


class _Answers:
    """What the debugger reads."""

    def __init__(self, asker: DebuggerPrompt) -> None:
        self._asker = asker

    def readline(self) -> str:
        """Return what is typed; an empty text at its end."""
        try:
            return self._asker.ask("(Pdb) ") + "\n"
        except EOFError:
            return ""
