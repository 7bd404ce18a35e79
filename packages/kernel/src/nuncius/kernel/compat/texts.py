"""Change texts and lists of them, as ``IPython.utils.text``, ``data``, ``encoding`` and ``openpy`` do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import Formatter
from typing import Any

__all__ = [
    "DEFAULT_ENCODING",
    "EvalFormatter",
    "chop",
    "dedent",
    "ensure_str",
    "format_screen",
    "get_stream_enc",
    "get_text_list",
    "indent",
    "list_strings",
    "marquee",
    "source_to_unicode",
    "strip_email_quotes",
    "uniq_stable",
]

DEFAULT_ENCODING = "utf-8"


class EvalFormatter(Formatter):
    """Formats ``{expression}`` by evaluating the expression."""

    def get_field(
        self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Any, str]:
        """Return the value of an expression."""
        return eval(field_name, dict(kwargs)), field_name


def list_strings(arg: str | list[str]) -> list[str]:
    """Return a list of texts, given one text or such a list."""
    return [arg] if isinstance(arg, str) else arg


def marquee(txt: str = "", width: int = 78, mark: str = "*") -> str:
    """Return a text in the middle of a line of marks."""
    if not txt:
        return (mark * width)[:width]
    marks = max(0, (width - len(txt) - 2) // len(mark) // 2) * mark
    return f"{marks} {txt} {marks}"


def format_screen(strng: str) -> str:
    """Return a text without the backslashes that end its lines."""
    import re

    return re.sub(r"\\$", "", strng, flags=re.MULTILINE)


def get_text_list(
    list_: Sequence[str], last_sep: str = " and ", sep: str = ", ", wrap_item_with: str = ""
) -> str:
    """Return items as people write them: ``a, b and c``."""
    items = [f"{wrap_item_with}{item}{wrap_item_with}" for item in list_]
    return last_sep.join([sep.join(items[:-1]), items[-1]] if len(items) > 1 else items)


def ensure_str(s: str | bytes, encoding: str | None = None) -> str:
    """Return a text, decoding bytes."""
    return s.decode(encoding or DEFAULT_ENCODING, "replace") if isinstance(s, bytes) else s


def uniq_stable(elems: Iterable[Any]) -> list[Any]:
    """Return the elements without repetitions, in their order."""
    return list(dict.fromkeys(elems))


def chop(seq: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Return a sequence in parts of a size."""
    return [seq[start : start + size] for start in range(0, len(seq), size)]


def source_to_unicode(
    txt: str | bytes, errors: str = "replace", skip_encoding_cookie: bool = True
) -> str:
    """Return Python's source as text, decoded as its first lines say.

    Args:
        txt: The source.
        errors: What to do with bytes that do not fit.
        skip_encoding_cookie: Leave out the line that says the encoding.
    """
    if isinstance(txt, str):
        return txt
    import io
    import re
    from tokenize import detect_encoding

    try:
        encoding, _ = detect_encoding(io.BytesIO(txt).readline)
    except SyntaxError:
        encoding = "ascii"
    lines = txt.decode(encoding, errors).splitlines(keepends=True)
    cookie = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")
    skipped = 2 if skip_encoding_cookie else 0
    return "".join(line for n, line in enumerate(lines) if n >= skipped or not cookie.match(line))


def strip_email_quotes(text: str) -> str:
    """Return a text without the ``>`` that all its lines begin with."""
    lines = text.splitlines()
    while lines and all(line.lstrip(" ").startswith(">") for line in lines):
        lines = [line.lstrip(" ")[1:] for line in lines]
    indents = [len(line) - len(line.lstrip(" ")) for line in lines]
    return "\n".join(line[min(indents) :] for line in lines)


def get_stream_enc(stream: Any, default: str | None = None) -> str | None:
    """Return the encoding of a stream."""
    return getattr(stream, "encoding", None) or default


def indent(instr: str, nspaces: int = 4, ntabs: int = 0, flatten: bool = False) -> str:
    """Return a text with each of its lines indented.

    Args:
        instr: The text.
        nspaces: So many spaces.
        ntabs: So many tabs before them.
        flatten: Take away the indentation that lines have.
    """
    lead = "\t" * ntabs + " " * nspaces
    lines = instr.splitlines(keepends=True)
    return "".join(lead + (line.lstrip(" \t") if flatten else line) for line in lines)


def dedent(text: str) -> str:
    """Return a text without the indentation that its lines share; the first line may have none."""
    import textwrap

    first, newline, rest = text.partition("\n")
    if text.startswith("\n") or first[:1].isspace():
        return textwrap.dedent(text)
    return first + newline + textwrap.dedent(rest)
