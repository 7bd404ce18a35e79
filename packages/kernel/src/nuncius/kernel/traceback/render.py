"""Write exception records as text: pure functions from records and a theme to lines.

Each element of a result is a block: a header, one frame, a message. Frontends join them with newlines.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from nuncius.kernel.themes import NO_COLOR, Theme, highlight
from nuncius.kernel.traceback.model import ExceptionRecord, FrameRecord, Omitted, SyntaxDetail

__all__ = ["MODES", "render"]

#: The modes of `render`, as ``%xmode`` names them.
MODES = ("Plain", "Context", "Verbose", "Docs", "Minimal", "Doctest")

_WIDTH = 75
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"
_TITLE = "Traceback (most recent call last)"
_MAX_TEXT = 200_000

#: Record, theme and columns -> blocks.
Render = Callable[[ExceptionRecord, Theme, int], Iterator[str]]


def render(
    record: ExceptionRecord, mode: str = "Context", theme: Theme = NO_COLOR, width: int = _WIDTH
) -> list[str]:
    """Return the blocks of a traceback.

    Args:
        record: What to show.
        mode: One of `MODES`, in any case.
        theme: Colors.
        width: Columns of what marks the beginning; lines of source are left as they are.

    Raises:
        ValueError: There is no such mode.
    """
    wanted = mode.strip().capitalize()
    if wanted not in _RENDERERS:
        raise ValueError(f"no traceback mode {mode!r}: expected one of {', '.join(MODES)}")
    return _bounded(list(_RENDERERS[wanted](record, theme, width)))


def _bounded(blocks: list[str]) -> list[str]:
    """Keep the text below a size that frontends can show; the last block is the message."""
    room = _MAX_TEXT
    for i, block in enumerate(blocks):
        cut = min(len(block), max(room, 2000))
        if cut < len(block):
            blocks[i] = f"{block[:cut]}\x1b[0m\n... ({len(block) - cut} characters not shown)"
        room -= cut
    return blocks


# -- the last lines: the exception itself ------------------------------------------------------


def _headline(record: ExceptionRecord, theme: Theme) -> str:
    message = _limit(record.message)
    name = theme.paint("exception", record.type_name)
    lines = [f"{name}: {message}" if message else name]
    if record.hint and record.hint not in message:
        lines.append(theme.paint("note", record.hint))
    lines += [theme.paint("note", _limit(note)) for note in record.notes]
    return "\n".join(lines)


def _limit(text: str, limit: int = 20_000) -> str:
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}\n... ({len(text) - limit} characters not shown)\n{text[-limit // 2 :]}"


def _syntax(detail: SyntaxDetail, theme: Theme) -> str:
    place = detail.label or f"File {detail.filename or '<unknown>'}"
    lines = [f"  {theme.paint('filename', place)}"]
    if detail.lineno is not None:
        separator = ", line " if detail.label else ":"
        lines[0] += f"{separator}{theme.paint('lineno', str(detail.lineno))}"
    if detail.text.strip():
        text = detail.text.rstrip() if detail.column is None else detail.text
        indent = len(text) - len(text.lstrip())
        # an indentation error is about the spaces: they are kept where the caret points into them
        keep = detail.column is not None and detail.column < indent
        cut = 0 if keep else indent
        lines.append(f"    {highlight(text[cut:].rstrip(), theme)}")
        if detail.column is not None:
            pad = "".join("\t" if c == "\t" else " " for c in text[cut : detail.column])
            width = max(1, (detail.end_column or 0) - detail.column)
            lines.append(f"    {pad}{theme.paint('arrow', '^' * width)}")
    return "\n".join(lines)


def _conclusion(record: ExceptionRecord, theme: Theme) -> str:
    text = _headline(record, theme)
    return f"{_syntax(record.syntax, theme)}\n{text}" if record.syntax else text


# -- frames --------------------------------------------------------------------------------------


def _omitted(item: Omitted) -> str:
    plural = "" if item.count == 1 else "s"
    if item.reason == "repeated":
        block = "frame is" if item.period == 1 else f"{item.period} frames are"
        times = item.count // max(1, item.period)
        again = "once" if times == 1 else f"{times} times"
        return f"    [... the previous {block} repeated {again} more]"
    if item.reason == "hidden":
        return f"    [... {item.count} hidden frame{plural}]"
    return f"    [... {item.count} frame{plural} not shown]"


def _place(frame: FrameRecord, theme: Theme) -> str:
    line = theme.paint("lineno", str(frame.lineno))
    if frame.label:
        text = f"{theme.paint('filename', frame.label)}, line {line}"
    else:
        text = f"File {theme.paint('filename', _short(frame.filename))}:{line}"
    if frame.function == "<module>":
        return text
    arguments = ", ".join(
        theme.paint("name", name) + ("" if value is None else f"={_indented(value, 4)}")
        for name, value in frame.arguments
    )
    prefix = "async " if frame.is_async else ""
    name = theme.paint("function", frame.function.replace("<locals>.", ""))
    return f"{text}, in {prefix}{name}({arguments})"


def _short(filename: str) -> str:
    home = os.path.expanduser("~")  # noqa: PTH111 - pathlib takes its time to load
    if len(home) > 1 and filename.startswith(home + "/"):
        return "~" + filename[len(home) :]
    return filename


def _indented(text: str, width: int) -> str:
    return text.replace("\n", "\n" + " " * width)


def _context_frame(frame: FrameRecord, theme: Theme) -> str:
    lines = [_place(frame, theme)]
    if not frame.lines:
        return lines[0]
    indent = min(
        (len(t) - len(t.lstrip()) for _, t in frame.lines if t.strip()),
        default=0,
    )
    texts = [text[indent:] for _, text in frame.lines]
    colored = highlight("\n".join(texts), theme).split("\n")
    width = max(4, len(str(frame.lines[-1][0])))
    for (number, _), plain, text in zip(frame.lines, texts, colored, strict=True):
        if number == frame.lineno:
            arrow = "-" * max(1, width - len(str(number)) + 1) + "> "
            lines.append(f"{theme.paint('arrow', f'{arrow}{number}')} {text}".rstrip())
            carets = _carets(frame, plain, indent)
            if carets:
                lines.append(" " * (width + 4) + theme.paint("arrow", carets))
        else:
            shown = theme.paint("lineno", str(number).rjust(width + 3))
            lines.append(f"{shown} {text}".rstrip())
    return "\n".join(lines)


def _carets(frame: FrameRecord, plain: str, indent: int) -> str:
    """Mark the expression that failed, unless it is the whole line."""
    if frame.column is None or frame.end_column is None:
        return ""
    start = frame.column - indent
    end = frame.end_column - indent if frame.end_lineno == frame.lineno else len(plain.rstrip())
    end = min(end, len(plain.rstrip()))
    if start < 0 or end <= start or plain[:start].strip() + plain[end:].strip() == "":
        return ""
    pad = "".join("\t" if c == "\t" else " " for c in plain[:start])
    return pad + "^" * (end - start)


def _verbose_frame(frame: FrameRecord, theme: Theme) -> str:
    text = _context_frame(frame, theme)
    values = [
        f"        {theme.paint('name', name)} = {_indented(value, 12)}"
        for name, value in frame.variables
    ]
    return "\n".join([text, *values])


def _plain_frame(frame: FrameRecord, theme: Theme) -> str:
    name = frame.function.replace("<locals>.", "")
    place = frame.label or f'File "{frame.filename}"'
    text = f"  {theme.paint('filename', place)}, line {frame.lineno}, in {theme.paint('function', name)}"
    for number, line in frame.lines:
        if number == frame.lineno and line.strip():
            stripped = line.lstrip()
            text += f"\n    {highlight(stripped, theme)}"
            carets = _carets(frame, stripped, len(line) - len(stripped))
            if carets:
                text += f"\n    {theme.paint('arrow', carets)}"
    return text


# -- whole exceptions ----------------------------------------------------------------------------


def _chain(record: ExceptionRecord, theme: Theme, width: int, one: Render) -> Iterator[str]:
    if record.previous is not None:
        yield from _chain(record.previous, theme, width, one)
        yield f"\n{_CAUSE if record.link == 'cause' else _CONTEXT}\n"
    if record.custom is not None:
        yield from record.custom
        return
    yield from one(record, theme, width)
    yield from _group(record, theme, width, one)


def _group(record: ExceptionRecord, theme: Theme, width: int, one: Render) -> Iterator[str]:
    total = len(record.children) + record.more_children
    for i, child in enumerate(record.children, 1):
        title = f"---------------- {i} of {total} ----------------"
        text = "\n".join(_chain(child, theme, width - 4, one))
        body = "\n".join(f"  | {line}".rstrip() for line in text.split("\n"))
        yield f"  +-{theme.paint('label', title)}\n{body}"
    if record.more_children:
        plural = "" if record.more_children == 1 else "s"
        yield f"  +- and {record.more_children} more exception{plural}"


def _with_frames(frame_text: Callable[[FrameRecord, Theme], str]) -> Render:
    def one(record: ExceptionRecord, theme: Theme, width: int) -> Iterator[str]:
        frames = record.frames
        if frames:
            yield theme.paint("label", "-" * max(1, width))
            space = width - len(record.type_name) - len(_TITLE)
            title = f"{' ' * space}{_TITLE}" if space > 0 else f"\n{_TITLE}"
            yield f"{theme.paint('exception', record.type_name)}{title}"
        for i, item in enumerate(frames):
            if isinstance(item, Omitted):
                yield _omitted(item)
            else:
                yield "\n" * (i > 0) + frame_text(item, theme)
        if frames:
            yield f"\n{_conclusion(record, theme)}"
        else:
            yield _conclusion(record, theme)

    return one


def _one_plain(record: ExceptionRecord, theme: Theme, width: int) -> Iterator[str]:
    if record.frames:
        yield f"{_TITLE}:"
    for item in record.frames:
        yield _omitted(item) if isinstance(item, Omitted) else _plain_frame(item, theme)
    yield _conclusion(record, theme)


def _context(record: ExceptionRecord, theme: Theme, width: int) -> Iterator[str]:
    return _chain(record, theme, width, _with_frames(_context_frame))


def _verbose(record: ExceptionRecord, theme: Theme, width: int) -> Iterator[str]:
    return _chain(record, theme, width, _with_frames(_verbose_frame))


def _plain(record: ExceptionRecord, theme: Theme, width: int) -> Iterator[str]:
    return _chain(record, theme, width, _one_plain)


def _minimal(record: ExceptionRecord, theme: Theme, width: int) -> Iterator[str]:
    yield from record.custom if record.custom is not None else (_conclusion(record, theme),)


def _docs(record: ExceptionRecord, theme: Theme, width: int) -> Iterator[str]:
    """What the type of the exception means, after the place where it was raised."""
    if record.custom is not None:
        yield from record.custom
        return
    if record.frames and isinstance(record.frames[-1], FrameRecord):
        yield _context_frame(record.frames[-1], theme)
    yield _conclusion(record, theme)
    if record.doc:
        yield "\n" + "\n".join(f"    {line}".rstrip() for line in record.doc.split("\n"))


def _doctest(record: ExceptionRecord, theme: Theme, width: int) -> Iterator[str]:
    yield f"{_TITLE}:"
    yield "  ..."
    yield _headline(record, theme)


_RENDERERS: dict[str, Render] = {
    "Plain": _plain,
    "Context": _context,
    "Verbose": _verbose,
    "Docs": _docs,
    "Minimal": _minimal,
    "Doctest": _doctest,
}
