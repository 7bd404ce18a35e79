"""What is known of an exception, as plain text and numbers.

Rule: nothing here refers to a frame, a traceback or a value of the person's program, so that keeping a record (for ``%tb``) keeps no memory of the failed cell.
"""

from __future__ import annotations

from nuncius.protocol.values import Value

__all__ = ["ExceptionRecord", "FrameRecord", "Omitted", "SyntaxDetail"]


class FrameRecord(Value):
    """One call on the way to the exception.

    Attributes:
        filename: Of the code.
        label: What to show instead of the file name, such as ``Cell In[3]``; empty for none.
        function: Qualified name; ``<module>`` at the top level.
        lineno: The line that ran, from 1.
        end_lineno: The last line of the expression that ran.
        column: Where that expression starts, in characters; None when unknown.
        end_column: Where it ends.
        lines: The lines to show, with their numbers; empty when there is no source.
        arguments: Names of the function's arguments, with their values when they were asked for.
        variables: Names and values that the lines mention, when they were asked for.
        is_async: The function is a coroutine function or an asynchronous generator.
    """

    filename: str
    label: str
    function: str
    lineno: int
    end_lineno: int
    column: int | None
    end_column: int | None
    lines: tuple[tuple[int, str], ...] = ()
    arguments: tuple[tuple[str, str | None], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    is_async: bool = False


class Omitted(Value):
    """Frames that are not shown.

    Attributes:
        count: How many.
        reason: ``hidden`` (they asked for it), ``repeated`` (recursion) or ``long``.
        period: For ``repeated``: how many frames the repeated block has.
    """

    count: int
    reason: str
    period: int = 0


class SyntaxDetail(Value):
    """Where a SyntaxError is.

    Attributes:
        filename: Of the source; empty when unknown.
        label: What to show instead.
        lineno: From 1; None when unknown.
        text: The line.
        column: From 0, in characters; None when unknown.
        end_column: After the wrong piece, on the same line.
    """

    filename: str
    label: str
    lineno: int | None
    text: str
    column: int | None
    end_column: int | None


class ExceptionRecord(Value):
    """An exception, with those that led to it.

    Attributes:
        type_name: As people call it: with its module unless that is ``builtins`` or ``__main__``.
        message: The text of the exception.
        notes: Added by ``add_note``.
        hint: What was perhaps meant.
        doc: First paragraph of the type's documentation.
        frames: From the outermost call to the innermost.
        syntax: For a SyntaxError.
        custom: The lines that the exception made itself (``_render_traceback_``), which replace the rest.
        link: How ``previous`` led here: ``cause``, ``context`` or nothing.
        previous: The exception before.
        children: Of an exception group.
        more_children: How many further ones are not kept.
    """

    type_name: str
    message: str
    notes: tuple[str, ...] = ()
    hint: str = ""
    doc: str = ""
    frames: tuple[FrameRecord | Omitted, ...] = ()
    syntax: SyntaxDetail | None = None
    custom: tuple[str, ...] | None = None
    link: str = ""
    previous: ExceptionRecord | None = None
    children: tuple[ExceptionRecord, ...] = ()
    more_children: int = 0
