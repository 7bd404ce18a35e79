"""Declare options once: immutable classes whose fields carry their help texts.

::

    class TerminalShell(Value, kw_only=True):
        \"\"\"The shell in a terminal.\"\"\"

        editing_mode: Literal["emacs", "vi"] = option("emacs", help="Whose keys the prompt has.")
        indent: int = option(4, help="Columns of one level of indentation.")

Everything else follows from such a class: configuration files (``c.TerminalShell.editing_mode = "vi"``), command lines (``--TerminalShell.editing_mode=vi``), ``--help-all``, ``%config`` and the template that ``nuncius profile create`` writes.
A class is registered for the template by an entry point of the group ``nuncius.options``.

Values are checked against the annotation: str, int, float, bool, Path, Literal, list, tuple, dict, and any of them ``| None``.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from nuncius.protocol.errors import OptionError
from nuncius.protocol.values import Value, ValueType, field, replace

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Option",
    "changed",
    "check_value",
    "describe",
    "families",
    "nearest",
    "option",
    "parse_text",
    "type_name",
]

_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})


class Option(Value):
    """One declared option.

    Attributes:
        owner: The name of the class that declares it.
        name: The name of the field.
        type: Its annotation, resolved.
        default: The value if nobody says anything.
        help: What it does, in sentences.
    """

    owner: str
    name: str
    type: Any
    default: Any
    help: str

    @property
    def key(self) -> str:
        """How configuration files and command lines call it: ``Class.name``."""
        return f"{self.owner}.{self.name}"


def option(
    default: Any = None,
    *,
    help: str,  # noqa: A002 - the word that everybody uses for it
    factory: Callable[[], Any] | None = None,
) -> Any:
    """Declare a field of an options class.

    Args:
        default: The value if nobody says anything.
        help: What the option does, in sentences: people read it in ``--help-all`` and in the template of the configuration file.
        factory: Makes the default where it is a list or a dict.
    """
    # Classes that are made by dataclasses.dataclass work as well: these have imported it.
    late = sys.modules.get("dataclasses")
    make: Callable[..., Any] = field if late is None else late.field
    if factory is not None:
        return make(default_factory=factory, metadata={"help": help})
    return make(default=default, metadata={"help": help})


def describe(cls: type) -> tuple[Option, ...]:
    """Return the options of a class in the order of their declaration, inherited ones first."""
    hints = get_type_hints(cls, localns=_LateNames())
    return tuple(
        Option(cls.__name__, name, hints[name], default, metadata["help"])
        for name, default, metadata in _fields(cls)
        if metadata and "help" in metadata
    )


class _LateNames(dict[str, Any]):
    """What annotations may name although their module imports it for type checkers only: pathlib takes 4 ms to load."""

    def __missing__(self, name: str) -> Any:
        if name != "Path":
            raise KeyError(name)
        from pathlib import Path

        return Path


def _fields(cls: type) -> Iterator[tuple[str, Any, Mapping[str, Any] | None]]:
    """Yield name, default and metadata of the fields of a value class or a dataclass."""
    if isinstance(cls, ValueType):
        for name, declared in cls.__fields__.items():
            yield name, None if declared.required else declared.make_default(), declared.metadata
        return
    import dataclasses

    for each in dataclasses.fields(cls):
        default = None if each.default is dataclasses.MISSING else each.default
        if each.default_factory is not dataclasses.MISSING:
            default = each.default_factory()
        yield each.name, default, each.metadata


def families(cls: type) -> tuple[str, ...]:
    """Return the names under which a class is configured: its own last, those of its bases before it.

    So a setting of a base holds for what is derived from it, unless that has its own.
    """
    return tuple(
        base.__name__
        for base in reversed(cls.__mro__)
        if base is not Value
        and (isinstance(base, ValueType) or hasattr(base, "__dataclass_fields__"))
    )


def changed(options: Any, name: str, value: Any) -> Any:
    """Return a copy of an options object with one option changed, as ``%config`` does it.

    Args:
        options: An instance of an options class.
        name: The option.
        value: Its new value; a string is read as on a command line if the option is none itself.

    Raises:
        OptionError: There is no such option, or the value does not fit.
    """
    declared = {item.name: item for item in describe(type(options))}
    if name not in declared:
        raise OptionError(
            f"{type(options).__name__} has no option {name!r}{nearest(name, declared)}"
        )
    item = declared[name]
    try:
        try:
            checked = check_value(value, item.type)
        except ValueError:
            if not isinstance(value, str):
                raise
            checked = parse_text(value, item.type)
    except ValueError as error:
        raise OptionError(f"{item.key}: {error}") from None
    change: Callable[..., Any] = replace
    if not isinstance(options, Value):
        from dataclasses import replace as change
    return change(options, **{name: checked})


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return ``; did you mean 'x'?`` for the known word nearest to ``word``, or nothing.

    Args:
        word: What was written.
        known: What could have been meant.
        cutoff: How alike they must be, from 0 (not at all) to 1 (equal).
    """
    from difflib import get_close_matches

    # Compared without case, answered with it.
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return f"; did you mean {by_lower[close[0]]!r}?" if close else ""


def parse_text(text: str, kind: Any) -> Any:
    """Return the value that ``text`` on a command line means for an option of type ``kind``.

    Args:
        text: As typed after the ``=``.
        kind: The annotation of the option, such as ``int | None`` or ``Literal["emacs", "vi"]``.

    Raises:
        ValueError: It means none; says what was expected.
    """
    kind, optional = _without_none(kind)
    if optional and (text == "None" or (text == "" and kind is not str)):
        return None
    if kind is str or kind is Any:
        return text
    if _is_path(kind):
        return _path(text)
    if kind is bool:
        return _parse_bool(text)
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise _unexpected(kind, text) from None
    if get_origin(kind) is Literal:
        return _choice(text, kind, {str(choice): choice for choice in get_args(kind)})
    return check_value(_parse_container(text, kind), kind)


def _is_path(kind: Any) -> bool:
    late = sys.modules.get("pathlib")
    return late is not None and kind is late.Path


def _path(value: str | Path) -> Path:
    from pathlib import Path

    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError(
            f"expected a path, got {str(value)!r}: there is no user of that name"
        ) from None


def check_value(value: Any, kind: Any) -> Any:
    """Return ``value`` as an option of type ``kind`` keeps it, from a configuration file.

    Args:
        value: What the file assigns.
        kind: The annotation of the option.

    Raises:
        ValueError: It is of another type; says what was expected.
    """
    kind, optional = _without_none(kind)
    if kind is Any or (optional and value is None):
        return value
    origin = get_origin(kind) or kind
    if origin is Literal:
        return _choice(value, kind, {choice: choice for choice in get_args(kind)})
    if origin in (list, tuple, dict):
        return _check_container(value, kind, origin)
    if _is_path(origin) and isinstance(value, str | origin):
        return _path(value)
    if origin is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # To Python True is an int, to whoever wrote it it is not.
    if not isinstance(value, origin) or (isinstance(value, bool) and origin is int):
        raise _unexpected(kind, value)
    return value


def type_name(kind: Any) -> str:
    """Return what kind of value is expected, in words."""
    kind, optional = _without_none(kind)
    origin = get_origin(kind) or kind
    words = {str: "text", int: "a whole number", float: "a number", bool: "True or False"}  # fmt: skip
    if origin is Literal:
        name = " or ".join(repr(choice) for choice in get_args(kind))
    elif origin in (list, tuple):
        name = f"a list of {type_name(arguments[0])}" if (arguments := get_args(kind)) else "a list"
    elif origin is dict:
        name = "a dict"
    elif _is_path(origin):
        name = "a path"
    else:
        name = words.get(origin, getattr(origin, "__name__", str(origin)))
    return f"{name}, or None" if optional else name


def _parse_bool(text: str) -> bool:
    lower = text.lower()
    if lower not in _TRUE | _FALSE:
        raise _unexpected(bool, text)
    return lower in _TRUE


def _parse_container(text: str, kind: Any) -> Any:
    import ast

    if text[:1] in "[({":
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            raise _unexpected(kind, text) from None
    arguments = get_args(kind)
    if (get_origin(kind) or kind) is dict:
        key, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"expected KEY=VALUE, got {text!r}")
        return {key: parse_text(value, arguments[1] if arguments else str)}
    return [parse_text(text, arguments[0] if arguments else str)]


def _check_container(value: Any, kind: Any, origin: type) -> Any:
    arguments = get_args(kind)
    if origin is dict:
        if not isinstance(value, dict):
            raise _unexpected(kind, value)
        of_value = arguments[1] if arguments else Any
        return {key: check_value(item, of_value) for key, item in value.items()}
    if not isinstance(value, list | tuple | set | frozenset):
        raise _unexpected(kind, value)
    of_item = arguments[0] if arguments else Any
    return origin(check_value(item, of_item) for item in value)


def _choice(value: Any, kind: Any, choices: dict[Any, Any]) -> Any:
    try:
        return choices[value]
    except (KeyError, TypeError):
        # People write 'plain' for 'Plain'.
        written = {str(choice).casefold(): choice for choice in choices.values()}
        if isinstance(value, str) and value.casefold() in written:
            return written[value.casefold()]
        hint = nearest(value, map(str, choices)) if isinstance(value, str) else ""
        raise ValueError(f"expected {type_name(kind)}, got {value!r}{hint}") from None


def _without_none(kind: Any) -> tuple[Any, bool]:
    if get_origin(kind) not in (Union, types.UnionType):
        return kind, False
    others = [item for item in get_args(kind) if item is not type(None)]
    return (others[0] if len(others) == 1 else Any), len(others) < len(get_args(kind))


def _unexpected(kind: Any, value: Any) -> ValueError:
    return ValueError(f"expected {type_name(kind)}, got {value!r}")
