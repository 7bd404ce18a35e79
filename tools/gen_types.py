"""Write the TypeScript types of all messages, from the typed contents.

python tools/gen_types.py [FILE]        to FILE, or to the standard output
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict

from nuncius.protocol.content import MESSAGES
from nuncius.protocol.schemas import fields_of, referenced

HEAD = """\
// Made by tools/gen_types.py from nuncius.protocol.content. Do not edit.

/** Who said what, and when. */
export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
  subshell_id?: string | null;
}

export type Channel = "shell" | "iopub" | "stdin" | "control";

interface Envelope<Type extends string, Content> {
  channel: Channel;
  header: Header & { msg_type: Type };
  parent_header: Header | Record<string, never>;
  metadata: Record<string, unknown>;
  content: Content;
  buffers: ArrayBuffer[];
}
"""


def shown(kind: Any) -> str:
    """Return a Python type as TypeScript."""
    if is_typeddict(kind):
        return str(kind.__name__)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(json.dumps(argument) for argument in arguments)
    if origin in {Union, UnionType}:
        return " | ".join(dict.fromkeys(shown(argument) for argument in arguments))
    if origin is list:
        inner = shown(arguments[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if origin is tuple:
        return f"[{', '.join(shown(argument) for argument in arguments)}]"
    if origin is dict:
        return f"Record<string, {shown(arguments[1])}>"
    names = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
    return names.get(kind, "unknown")


def comment(text: str, indent: str = "") -> str:
    return f"{indent}/** {text.strip().replace('*/', '* /')} */"


def interface(kind: Any) -> Iterator[str]:
    """Yield the lines of an interface."""
    yield comment(kind.__doc__ or "")
    fields = fields_of(kind)
    if not fields:
        yield f"export type {kind.__name__} = Record<string, never>;"
        yield ""
        return
    yield f"export interface {kind.__name__} {{"
    for field in fields:
        yield comment(field.text, "  ")
        yield f"  {field.name}{'' if field.required else '?'}: {shown(field.kind)};"
    yield "}"
    yield ""


def module() -> str:
    """Return the whole module."""
    kinds = dict.fromkeys(
        kind
        for each in MESSAGES.values()
        for content in each.contents
        for kind in referenced(content)
    )
    lines = [HEAD]
    for kind in kinds:
        lines += interface(kind)
    lines.append("/** What each type of message says. */")
    lines.append("export interface Contents {")
    for each in MESSAGES.values():
        contents = " | ".join(content.__name__ for content in each.contents)
        lines += [comment(each.summary, "  "), f"  {each.name}: {contents};"]
    lines += [
        "}",
        "",
        "export type MessageType = keyof Contents;",
        "",
        "/** A message, told apart from others by `header.msg_type`. */",
        "export type Message = { [Type in MessageType]: Envelope<Type, Contents[Type]> }[MessageType];",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    if arguments and arguments[0].startswith("-"):
        sys.stderr.write("usage: gen_types.py [FILE]\n")
        return 2
    if arguments:
        Path(arguments[0]).write_text(module(), encoding="utf-8")
    else:
        sys.stdout.write(module())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
