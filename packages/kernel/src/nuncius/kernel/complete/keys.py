"""Complete the keys of mappings, tables and arrays: ``data["na``, ``frame.loc[:, "a``, ``table[1, ``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from nuncius.kernel.complete.model import (
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
)
from nuncius.kernel.guarded import Instance, Refused, is_data_library
from nuncius.kernel.static import MISSING, class_attribute, is_a

if TYPE_CHECKING:
    from nuncius.kernel.complete.parse import Bracket, OpenString

__all__ = ["key_matcher", "keys_of"]

_MAX_KEYS = 100_000
_MAX_SHOWN = 5_000
_OF_NUMBERS = "0123456789._"
_PLAIN = (str, bytes, int, float, bool, type(None))


@completion_matcher(identifier="IPCompleter.dict_key_matcher", priority=20, api_version=2)
def key_matcher(context: CompletionContext) -> MatcherResult:
    """Complete what stands in the brackets of a subscript."""
    if context.python is None:
        return MatcherResult()
    context = context.python
    code = context.code
    if not code.brackets or code.in_comment or (code.has_dot and code.target):
        return MatcherResult()
    start = code.string.start if code.string else code.word_start
    if code.has_dot:  # a number is being typed
        start = len(context.before.rstrip(_OF_NUMBERS))
    bracket, given = _subscript(context, start)
    if bracket is None or given is None:
        return MatcherResult()
    try:
        owner = context.evaluator.evaluate(bracket.owner)
    except Refused:
        return MatcherResult()
    keys = keys_of(owner, len(given))
    if given and is_a(owner, dict):
        keys = [key for key in keys if type(key) is tuple]
    return _complete(context, keys, given, code.string.content_start if code.string else start)


def _subscript(
    context: CompletionContext, start: int
) -> tuple[Bracket | None, tuple[Any, ...] | None]:
    """Return the bracket whose key is typed, and the elements of a tuple key before the cursor; None for none and for unknown ones."""
    *_, outer, bracket = (None, *context.code.brackets)
    if bracket is not None and bracket.char == "[" and bracket.owner:
        return bracket, _given(context, bracket.offset + 1, start)
    # a tuple in brackets of its own, or a list of columns
    if bracket is None or outer is None or outer.char != "[" or not outer.owner:
        return None, None
    between = context.before[outer.offset + 1 : bracket.offset]
    if between.strip() or bracket.owner or bracket.char == "{":
        return None, None
    return outer, _given(context, bracket.offset + 1, start) if bracket.char == "(" else ()


def _given(context: CompletionContext, start: int, end: int) -> tuple[Any, ...] | None:
    """Return the elements of a tuple key that stand before the cursor, None when they are not known."""
    text = context.before[start:end].strip()
    if not text:
        return ()
    if not text.endswith(","):
        return None
    try:
        value = context.evaluator.evaluate(f"({text})")
    except Refused:
        # a slice, as in frame.loc[:, "a"
        return tuple(part.strip() for part in text[:-1].split(","))
    return value if is_a(value, tuple) else None


def keys_of(owner: Any, position: int = 0) -> list[Any]:
    """Return the keys that ``owner[...]`` takes, without running code of a class that is not trusted for it.

    Args:
        owner: What is subscripted.
        position: How many elements of a tuple key stand there already.
    """
    try:
        return list(islice(_keys(owner, position), _MAX_KEYS))
    except Exception:  # noqa: BLE001 - the person's _ipython_key_completions_ may raise anything
        return []


def _keys(owner: Any, position: int) -> Iterable[Any]:
    if is_a(owner, Instance):
        return ()
    kind = type(owner)
    own = class_attribute(kind, "_ipython_key_completions_")
    if own is not MISSING and not is_a(owner, type):
        keys: Iterable[Any] = owner._ipython_key_completions_()
        return keys
    if is_a(owner, dict):
        return dict.keys(owner)
    if is_data_library(kind):
        return _data_keys(owner, position)
    return owner.keys() if is_a(owner, _READABLE) else ()


def _mapping_kinds() -> tuple[type, ...]:
    import os
    import types

    return (types.MappingProxyType, type(os.environ))


_READABLE: Any = _mapping_kinds()


def _data_keys(owner: Any, position: int) -> Iterable[Any]:
    name = type(owner).__name__
    if name in {"_LocIndexer", "_AtIndexer"}:
        return owner.obj.axes[position] if position < owner.obj.ndim else ()
    if name == "Series":
        index = getattr(owner, "index", None)
        return index if index is not None else ()
    if name in {"Dataset", "DataArray"}:
        return list(owner)
    columns = getattr(owner, "columns", None)
    if columns is not None:
        return list(columns)
    dtype = getattr(owner, "dtype", None)
    return getattr(dtype, "names", None) or getattr(owner, "names", None) or ()


def _complete(
    context: CompletionContext, keys: list[Any], given: tuple[Any, ...], start: int
) -> MatcherResult:
    string = context.code.string
    typed = context.before[start:]
    found: dict[str, None] = {}
    for key in keys:
        part = _element(key, given)
        text = None if part is MISSING else _written(part, string, typed)
        if text is not None:
            found[text] = None
            if len(found) >= _MAX_SHOWN:
                break
    completions = [SimpleCompletion(text, "dict key") for text in found]
    return MatcherResult(
        completions, start, suppress=bool(completions) and string is not None, ordered=True
    )


def _element(key: Any, given: tuple[Any, ...]) -> Any:
    """Return the element of a key that is to be typed next."""
    if not given:
        return key[0] if type(key) is tuple and key and isinstance(key[0], _PLAIN) else key
    if type(key) is not tuple:
        return key  # the second axis of a table: the elements before choose rows
    if len(key) <= len(given) or key[: len(given)] != given:
        return MISSING
    return key[len(given)]


def _written(key: Any, string: OpenString | None, typed: str) -> str | None:
    """Return a key as it is typed inside ``string``, or as an expression; None when it does not fit."""
    if string is None:
        text = repr(key) if type(key) in _PLAIN else None
    elif type(key) is bytes:
        text = repr(key)[2:-1] if "b" in string.prefix.lower() else None
    elif is_a(key, str):
        text = None if "b" in string.prefix.lower() else _escaped(str(key), string.quote)
    else:
        text = None
    return text if text is not None and text.startswith(typed) else None


def _escaped(key: str, quote: str) -> str:
    if key.isprintable() and "\\" not in key and quote not in key:
        return key
    written = repr(key)
    inner = written[1:-1]
    if quote[0] == written[0]:
        return inner
    return inner.replace(f"\\{written[0]}", written[0]).replace(quote[0], f"\\{quote[0]}")
