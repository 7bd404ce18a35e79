"""Write docs/reference/messages.md from the typed contents.

python tools/gen_messages.py            write it
python tools/gen_messages.py --check    say whether it is up to date
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict

from nuncius.protocol.content import (
    MESSAGES,
    CompletionMetadata,
    ExecuteMetadata,
    Handshake,
    MessageType,
)
from nuncius.protocol.messages import PROTOCOL_VERSION
from nuncius.protocol.schemas import fields_of, referenced

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "messages.md"

INTRODUCTION = f"""\
# Messages

Every message of the protocol (version {PROTOCOL_VERSION}), with what it says. This page is made from `nuncius.protocol.content`, which also gives
the JSON Schemas (`nuncius.protocol.schemas.all_schemas()`) and the TypeScript types: a field is described once.

A message has a *header* (`msg_id`, `msg_type`, `session`, `username`, `date`, `version`, and `subshell_id` if it is for a subshell),
a *parent header* (that of the request which caused it), *metadata*, a *content*, and any number of binary *buffers*.

Around everything that a request causes the kernel publishes `status`: `busy` before, `idle` after. A request is finished when its reply
*and* its `idle` have arrived; they travel on different sockets, so either may come first. Each reply may be a
[failure](#failed) instead.

Fields marked * must be there. Contents may have other fields too: receivers let pass what they do not know.
To have every message checked while you debug, set `NUNCIUS_VALIDATE=1`.
"""

SECTIONS: list[tuple[str, str, Callable[[MessageType], bool]]] = [
    (
        "Requests",
        "A client asks on `shell` or `control`; what is asked on `control` does not wait for running cells.",
        lambda kind: kind.reply is not None and kind.name != "input_request",
    ),
    (
        "Outputs",
        "A kernel publishes on `iopub`, for all clients.",
        lambda kind: kind.request is None and kind.reply is None and kind.sender == "kernel",
    ),
    (
        "Comms",
        "Both ends talk over comms: a client on `shell`, a kernel on `iopub`. These messages get no reply.",
        lambda kind: kind.sender == "both",
    ),
    (
        "Input",
        "A kernel asks the client that sent the running cell, on `stdin`.",
        lambda kind: kind.name == "input_request",
    ),
]


def shown(kind: Any) -> str:
    """Return a type as a reader of the page should see it."""
    if is_typeddict(kind):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin in {Union, UnionType}:
        return " or ".join(shown(argument) for argument in arguments)
    if origin is list:
        return f"list of {shown(arguments[0])}"
    if origin is tuple:
        return f"list ({', '.join(shown(argument) for argument in arguments)})"
    if origin is dict:
        return f"object of {shown(arguments[1])}" if arguments[1] is not Any else "object"
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return names.get(kind, "any")


def table(content: Any) -> Iterator[str]:
    """Yield the lines of the table of a content."""
    fields = fields_of(content)
    if not fields:
        yield "No fields."
        yield ""
        return
    yield "| field | type | |"
    yield "| --- | --- | --- |"
    for field in fields:
        star = " *" if field.required else ""
        text = field.text.replace("|", "\\|")
        yield f"| `{field.name}`{star} | {shown(field.kind)} | {text} |"
    yield ""


def message(kind: MessageType) -> Iterator[str]:
    """Yield the lines of a message and its reply."""
    yield f"### `{kind.name}`"
    yield ""
    deprecated = " Deprecated." if kind.deprecated else ""
    yield f"{kind.summary}{deprecated} On {channels(kind)}."
    yield ""
    yield from table(kind.contents[0])
    if kind.reply is None:
        return
    reply = MESSAGES[kind.reply]
    yield f"**`{reply.name}`**, on {channels(reply)}: {contents(reply)}"
    yield ""
    yield from table(reply.contents[0])


def channels(kind: MessageType) -> str:
    return " or ".join(f"`{channel}`" for channel in sorted(kind.channels))


def contents(kind: MessageType) -> str:
    first = (kind.contents[0].__doc__ or "").strip()
    others = [f"[{each.__name__.lower()}](#{each.__name__.lower()})" for each in kind.contents[1:]]
    return f"{first} Or {' or '.join(others)}." if others else first


def parts() -> list[Any]:
    """Return the types that contents are made of, and those that several replies share."""
    shared = {
        kind
        for each in MESSAGES.values()
        for content in each.contents
        for kind in (*referenced(content),)
        if kind is not each.contents[0]
    }
    shared |= {ExecuteMetadata, CompletionMetadata, Handshake}
    return sorted(shared, key=lambda kind: kind.__name__)


def page() -> str:
    """Return the whole page."""
    lines = [INTRODUCTION]
    for title, text, belongs in SECTIONS:
        lines += [f"## {title}", "", text, ""]
        for kind in MESSAGES.values():
            if belongs(kind):
                lines += message(kind)
    lines += [
        "## Parts",
        "",
        "What contents are made of, and what is not the content of a message of its own.",
        "",
    ]
    for part in parts():
        lines += [f"### {part.__name__}", "", (part.__doc__ or "").strip(), "", *table(part)]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    text = page()
    if "--check" in arguments:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != text:
            print(f"{PAGE} is out of date: run python tools/gen_messages.py")
            return 1
        return 0
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
