"""Guess what was meant when a name, an attribute or a module is not found."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any

__all__ = ["hint_for"]

_MAX_NAMES = 3000


def hint_for(error: BaseException, traceback: TracebackType | None) -> str:
    """Return a sentence such as ``Did you mean: 'append'?``; empty when nothing is close."""
    wrong = getattr(error, "name", None)
    if not isinstance(wrong, str) or not wrong:
        return ""
    try:
        if isinstance(error, NameError):
            return _name_hint(wrong, traceback)
        if isinstance(error, AttributeError):
            return _meant(wrong, _attributes(getattr(error, "obj", None)))
    except Exception:  # noqa: BLE001 - a hint is worth less than the traceback it might break
        return ""
    return ""


def _name_hint(wrong: str, traceback: TracebackType | None) -> str:
    names: list[str] = []
    if traceback is not None:
        while traceback.tb_next is not None:
            traceback = traceback.tb_next
        names = [*traceback.tb_frame.f_code.co_varnames, *traceback.tb_frame.f_globals]
    hint = _meant(wrong, [*names, *dir(builtins)])
    if not hint and wrong in sys.stdlib_module_names:
        return f"Did you forget to import {wrong!r}?"
    return hint


def _attributes(obj: Any) -> Iterable[str]:
    """Return the names that need no code of the object to be known."""
    names: dict[str, None] = {}
    for kind in type(obj).__mro__:
        names.update(dict.fromkeys(vars(kind)))
    own = getattr(obj, "__dict__", None)
    if isinstance(own, dict):
        names.update(dict.fromkeys(n for n in own if isinstance(n, str)))
    return names


def _meant(wrong: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    candidates = [
        n
        for n in dict.fromkeys(names)
        if abs(len(n) - len(wrong)) <= 2
        and n != wrong
        and n.startswith("_") == wrong.startswith("_")
    ][:_MAX_NAMES]
    found = get_close_matches(wrong, candidates, n=1, cutoff=0.7)
    return f"Did you mean: {found[0]!r}?" if found else ""
