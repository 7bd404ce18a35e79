"""Say what a content must look like: JSON Schemas, and a check of messages, both made from `nuncius.protocol.content`.

Checking is a switch for tests and debugging, not a cost of every message: set ``NUNCIUS_VALIDATE=1`` and every `nuncius.protocol.session.Session` refuses to send or accept a message that is not as specified.

    >>> problems_of("stream", {"name": "stdout"})
    ['content has no text']

Rule 1: what is specified must be right; what is not specified (other fields, other types of message) is allowed.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from nuncius.protocol.content import MESSAGES, MessageType
from nuncius.protocol.errors import Malformed

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message

__all__ = [
    "Field",
    "all_schemas",
    "check",
    "content_schema",
    "fields_of",
    "message_schema",
    "problems",
    "problems_of",
    "referenced",
    "schema_of",
]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a content.

    Attributes:
        name: Its key.
        kind: Its type.
        required: It must be there.
        text: What it means.
    """

    name: str
    kind: Any
    required: bool
    text: str


@functools.cache
def fields_of(content: type) -> tuple[Field, ...]:
    """Return the fields of a content type, in their order."""
    fields = []
    for name, hint in get_type_hints(content, include_extras=True).items():
        required = get_origin(hint) is not NotRequired
        kind = hint if required else get_args(hint)[0]
        text = ""
        if get_origin(kind) is Annotated:
            kind, text = get_args(kind)[:2]
        fields.append(Field(name, kind, required, text))
    return tuple(fields)


# -- schemas


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type: a content, or anything that a field of one may be.

    Args:
        kind: A TypedDict, a scalar, Any, None, or a Literal, union, list, tuple or dict of such.

    Raises:
        TypeError: It is none of these.
    """
    if kind is Any:
        return {}
    if kind in _SCALARS:
        return {"type": _SCALARS[kind]}
    if is_typeddict(kind):
        return _object_schema(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in _UNIONS:
        return {"anyOf": [schema_of(argument) for argument in arguments]}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is tuple:
        return {
            "type": "array",
            "prefixItems": [schema_of(argument) for argument in arguments],
            "minItems": len(arguments),
            "maxItems": len(arguments),
        }
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    raise TypeError(f"a content cannot hold a {kind!r}")


_UNIONS = {Union, types.UnionType}
_SCALARS: dict[Any, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def _object_schema(content: type) -> dict[str, Any]:
    fields = fields_of(content)
    schema: dict[str, Any] = {
        "title": content.__name__,
        "description": _summary(content),
        "type": "object",
        "properties": {
            field.name: {
                **schema_of(field.kind),
                **({"description": field.text} if field.text else {}),
            }
            for field in fields
        },
    }
    if required := [field.name for field in fields if field.required]:
        schema["required"] = required
    return schema


def _summary(content: type) -> str:
    return (content.__doc__ or "").strip()


def content_schema(msg_type: str) -> dict[str, Any]:
    """Return the JSON Schema of the content of a message type.

    Raises:
        KeyError: The protocol has no such type.
    """
    contents = [schema_of(content) for content in MESSAGES[msg_type].contents]
    return contents[0] if len(contents) == 1 else {"anyOf": contents}


_HEADER: dict[str, Any] = {
    "type": "object",
    "properties": {
        name: {"type": "string"}
        for name in ("msg_id", "msg_type", "session", "username", "date", "version")
    }
    | {"subshell_id": {"type": ["string", "null"]}},
    "required": ["msg_id", "msg_type"],
}


def message_schema(msg_type: str) -> dict[str, Any]:
    """Return the JSON Schema of a whole message: header, parent header, metadata and content.

    Raises:
        KeyError: The protocol has no such type.
    """
    kind = MESSAGES[msg_type]
    header = {**_HEADER, "properties": {**_HEADER["properties"], "msg_type": {"const": msg_type}}}
    return {
        "$schema": _DIALECT,
        "title": msg_type,
        "description": kind.summary,
        "type": "object",
        "properties": {
            "header": header,
            "parent_header": _HEADER if kind.request else {"type": ["object", "null"]},
            "metadata": {"type": "object"},
            "content": content_schema(msg_type),
        },
        "required": ["header", "parent_header", "metadata", "content"],
    }


def all_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every type of message, by its name."""
    return {name: message_schema(name) for name in MESSAGES}


def referenced(kind: Any) -> Iterator[type]:
    """Yield the TypedDicts that are part of a type, the innermost first."""
    for field in fields_of(kind) if is_typeddict(kind) else ():
        yield from referenced(field.kind)
    for argument in get_args(kind):
        yield from referenced(argument)
    if is_typeddict(kind):
        yield kind


# -- checks


def check(message: Message) -> None:
    """Refuse a message that is not as specified.

    Raises:
        Malformed: It says each thing that is wrong.
    """
    if found := problems(message):
        raise Malformed(f"{message.msg_type} on {message.channel} is wrong: {'; '.join(found)}")


def problems(message: Message) -> list[str]:
    """Return what is wrong with ``message``, in words; nothing for types that are not specified."""
    kind = MESSAGES.get(message.msg_type)
    if kind is None:
        return []
    found = problems_of(message.msg_type, message.content)
    if message.channel not in kind.channels:
        found.append(f"it belongs on {_listed(sorted(kind.channels))}, not on {message.channel}")
    if kind.request and message.parent is None:
        found.append("a reply needs the header of its request as parent")
    elif kind.request and message.parent and message.parent.msg_type not in {kind.request, ""}:
        found.append(f"it answers a {kind.request}, not a {message.parent.msg_type}")
    return found


def problems_of(msg_type: str, content: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the content of a message of a type that the protocol has.

    Args:
        msg_type: One of `nuncius.protocol.content.MESSAGES`.
        content: What such a message says.

    Raises:
        KeyError: The protocol has no such type.
    """
    contents = _candidates(MESSAGES[msg_type], content)
    tries = [list(_wrong(candidate, content, "content")) for candidate in contents]
    return min(tries, key=len)


def _candidates(kind: MessageType, content: Mapping[str, Any]) -> Sequence[type]:
    """Return what ``content`` may be: of several contents those with its status."""
    if len(kind.contents) == 1:
        return kind.contents
    status = content.get("status")
    fitting = [
        candidate
        for candidate in kind.contents
        if any(
            field.name == "status" and not list(_wrong(field.kind, status, ""))
            for field in fields_of(candidate)
        )
    ]
    return fitting or kind.contents[:1]


def _wrong(kind: Any, value: Any, path: str) -> Iterator[str]:
    """Yield what keeps ``value`` from being a ``kind``."""
    if kind is Any:
        return
    origin, arguments = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        yield from _wrong_object(kind, value, path)
    elif origin in _UNIONS:
        tries = [list(_wrong(argument, value, path)) for argument in arguments]
        if all(tries):
            yield f"{path} is {_shown(value)}, expected {_listed([_name(a) for a in arguments])}"
    elif origin is Literal:
        if value not in arguments:
            yield f"{path} is {_shown(value)}, expected {_listed([repr(a) for a in arguments])}"
    elif not isinstance(value, _PYTHON[origin or kind]) or (
        isinstance(value, bool) and kind is not bool
    ):
        yield f"{path} is {_shown(value)}, expected {_name(kind)}"
    else:
        yield from _wrong_items(origin, arguments, value, path)


def _wrong_items(origin: Any, arguments: tuple[Any, ...], value: Any, path: str) -> Iterator[str]:
    if origin is list:
        for index, item in enumerate(value):
            yield from _wrong(arguments[0], item, f"{path}[{index}]")
    elif origin is tuple:
        if len(value) != len(arguments):
            yield f"{path} has {len(value)} items, expected {len(arguments)}"
        for index, (item, argument) in enumerate(zip(value, arguments, strict=False)):
            yield from _wrong(argument, item, f"{path}[{index}]")
    elif origin is dict:
        for key, item in value.items():
            yield from _wrong(arguments[1], item, f"{path}[{key!r}]")


def _wrong_object(kind: type, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path} is {_shown(value)}, expected an object"
        return
    for field in fields_of(kind):
        if field.name in value:
            yield from _wrong(field.kind, value[field.name], f"{path}.{field.name}")
        elif field.required:
            yield f"{path} has no {field.name}"


#: What values may be in Python; before they are encoded, lists may be tuples.
_PYTHON: dict[Any, Any] = {
    str: str,
    bool: bool,
    int: int,
    float: (int, float),
    type(None): type(None),
    list: (list, tuple),
    tuple: (list, tuple),
    dict: Mapping,
}

_NAMES = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


def _name(kind: Any) -> str:
    if kind in _NAMES:
        return _NAMES[kind]
    origin = get_origin(kind)
    if origin is Literal:
        return _listed([repr(argument) for argument in get_args(kind)])
    return "a list" if origin in {list, tuple} else "an object"


def _listed(words: Sequence[str]) -> str:
    return " or ".join(words)


def _shown(value: Any) -> str:
    return f"{value!r:.60}" if isinstance(value, str | int | float | None) else type(value).__name__
