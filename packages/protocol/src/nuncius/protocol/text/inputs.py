r"""Read IPython's input language: turn cells into Python, and tell whether a cell is complete.

This is the one place that knows the language: the kernel runs what comes out, terminals ask whether to go on to a next line, nbconvert exports scripts. What depends on the state of a shell (automagic, autocall, aliases, macros) is the kernel's.

Most cells are plain Python, and are returned as they are after a look at their characters.

    >>> transform_cell("files = !ls\n%time f(files)\nlen?")
    "files = get_ipython().getoutput('ls')\nget_ipython().run_line_magic('time', 'f(files)')\nget_ipython().run_line_magic('pinfo', 'len')\n"
"""

from __future__ import annotations

import gc
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from nuncius.protocol.text.cleanup import (
    classic_prompt,
    ipython_prompt,
    leading_empty_lines,
    leading_indent,
)
from nuncius.protocol.text.syntax import Special, cell_magic

if TYPE_CHECKING:
    from nuncius.protocol.text.scan import LogicalLine

__all__ = [
    "LineTransform",
    "Special",
    "TokenTransform",
    "TransformerManager",
    "cell_magic",
    "check_complete",
    "classic_prompt",
    "collector_held",
    "ipython_prompt",
    "leading_empty_lines",
    "leading_indent",
    "split_lines",
    "tokens_by_line",
    "transform_cell",
]

#: Takes the lines of a cell, with their ends, and returns others. An attribute ``has_side_effects`` keeps it out of `TransformerManager.check_complete`.
LineTransform = Callable[[list[str]], list[str]]


class TokenTransform(Protocol):
    """A kind of special syntax that an extension brings, in the form that IPython's extensions use."""

    start_line: int
    start_col: int
    priority: int

    @classmethod
    def find(cls, tokens_by_line: list[list[Any]]) -> TokenTransform | None:
        """Return an instance for the first place in the tokens of all logical lines, None if there is none."""
        ...

    def transform(self, lines: list[str]) -> list[str]:
        """Return the lines with this one place replaced.

        Raises:
            SyntaxError: It cannot be read; then the next candidate is tried.
        """
        ...


_CLEANUP: list[LineTransform] = [
    leading_empty_lines,
    leading_indent,
    classic_prompt,
    ipython_prompt,
]
_LINES: list[LineTransform] = [cell_magic]
_SPECIAL: list[Special | type[TokenTransform]] = list(Special)

#: A token transform that always finds something would never end.
_MOST_TOKEN_TRANSFORMS = 10_000

#: What may need a closer look, besides the single characters that `_is_plain` looks for.
_SUSPECT = re.compile(r"\n[ \t\f]*[,;/]|(?:\A|\n|=)[ \t\f]*[%!]")

_INDENT = re.compile(r"[ \t]*")


def split_lines(text: str) -> list[str]:
    """Return the lines of ``text`` with their ends: only those that Python takes for ends, unlike `str.splitlines`."""
    return io.StringIO(text, newline="").readlines()


def _is_plain(cell: str) -> bool:
    """Tell whether nothing of the language can be in ``cell``; False means that one has to look."""
    first = cell[:1]
    return not (
        first.isspace()
        or first in ",;/"
        or "?" in cell
        or ">>>" in cell
        or "..." in cell
        or "In [" in cell
        or "\r" in cell
        or _SUSPECT.search(cell)
    )


class TransformerManager:
    """A changeable chain of transforms, for shells with extensions.

    Attributes:
        cleanup_transforms: Applied to the lines first; they take away what is not code.
        line_transforms: Applied to the lines then; they may take over the whole cell.
        token_transformers: The kinds of special syntax. Members of `Special` are found in one pass; after them classes of extensions (`TokenTransform`) are asked again and again until none finds anything.
    """

    def __init__(self) -> None:
        self.cleanup_transforms = list(_CLEANUP)
        self.line_transforms = list(_LINES)
        self.token_transformers = list(_SPECIAL)
        #: The last long cell that was found complete, without its end, and its tree.
        self._judged: tuple[str, Any] = ("", None)

    def take_tree(self, cell: str) -> Any:
        """Return the syntax tree of a cell that was last found complete, once; None for others. It saves the time of parsing thousands of lines anew."""
        (judged, tree), self._judged = self._judged, ("", None)
        return tree if tree is not None and judged == cell.rstrip() else None

    def transform_cell(self, cell: str) -> str:
        """Return the Python of ``cell``; it ends in a newline.

        A transform of an extension may raise SyntaxError; those that stand here never raise.
        """
        if not cell.endswith("\n"):
            cell += "\n"
        if self._is_standard() and _is_plain(cell):
            return cell
        lines = split_lines(cell)
        for transform in (*self.cleanup_transforms, *self.line_transforms):
            lines = transform(lines)
        return "".join(self.do_token_transforms(lines))

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        """Return ``lines`` with all special syntax turned into Python.

        Raises:
            RuntimeError: A transform of an extension finds something again and again.
        """
        kinds = [kind for kind in self.token_transformers if isinstance(kind, Special)]
        others = [kind for kind in self.token_transformers if not isinstance(kind, Special)]
        from nuncius.protocol.text.special import transform_special

        lines = split_lines(transform_special("".join(lines), kinds))
        return _transform_tokens(lines, others) if others else lines

    def check_complete(self, cell: str) -> tuple[str, int | None]:
        """Tell whether ``cell`` can be run, or should be gone on with.

        Args:
            cell: As typed so far. A line that ends a block is complete when a newline follows.

        Returns:
            ``complete``, ``incomplete`` or ``invalid``, and how many spaces to indent the next line of an incomplete cell with (None if it is not incomplete).
        """
        ended = "\n" in cell[len(cell.rstrip()) :]
        if not ended:
            cell += "\n"
        self._judged = "", None
        if self._is_standard() and _is_plain(cell):
            whole, tree = _whole(cell)
            if tree is not None:
                self._judged = cell.rstrip(), tree
            if whole:
                return _COMPLETE
        lines = split_lines(cell)
        last = next((line for line in reversed(lines) if not line.isspace()), "")
        if last.rstrip("\r\n").endswith("\\"):
            return "incomplete", _last_indent(lines)
        try:
            lines = _apply(self.cleanup_transforms, lines)
            if lines and lines[0].startswith("%%") and cell_magic(lines) != lines:
                return ("incomplete", _last_indent(lines)) if lines[-1].strip() else _COMPLETE
            lines = self.do_token_transforms(_apply(self.line_transforms, lines))
        except SyntaxError:
            return _INVALID
        return _check_python(lines, ended)

    def _is_standard(self) -> bool:
        return (
            self.cleanup_transforms == _CLEANUP
            and self.line_transforms == _LINES
            and self.token_transformers == _SPECIAL
        )


_STANDARD = TransformerManager()


def transform_cell(cell: str) -> str:
    """Return the Python of ``cell``, as a shell without extensions reads it; it ends in a newline."""
    return _STANDARD.transform_cell(cell)


def check_complete(cell: str) -> tuple[str, int | None]:
    """Tell whether ``cell`` can be run, see `TransformerManager.check_complete`."""
    return _STANDARD.check_complete(cell)


_COMPLETE: tuple[str, int | None] = ("complete", None)
_INVALID: tuple[str, int | None] = ("invalid", None)


def _apply(transforms: Iterable[LineTransform], lines: list[str]) -> list[str]:
    for transform in transforms:
        if not getattr(transform, "has_side_effects", False):
            lines = transform(lines)
    return lines


def _last_indent(lines: list[str]) -> int:
    match = _INDENT.match(lines[-1]) if lines else None
    return len(match.group().expandtabs(4)) if match else 0


def _check_python(lines: list[str], ended: bool) -> tuple[str, int | None]:
    """Tell whether Python code is complete; ``ended`` when a newline was typed after it."""
    from nuncius.protocol.text.scan import Scanner

    text = "".join(lines)
    found = Scanner(text).lines()
    final = found[-1]
    if len(lines) == 1 and final.sunken:
        return _INVALID
    if final.quote or (final.brackets and not final.broken):
        return "incomplete", _last_indent(lines)
    if not final.is_blank and text[final.stop - 1] == ":":
        return "incomplete", _column(text, final) + 4
    status = _compiles(text)
    if status is None:
        return "incomplete", _last_indent(lines)
    if not status:
        return _INVALID
    code = next((line for line in reversed(found) if not line.is_blank), None)
    if code is not None and _column(text, code) and not ended:
        return "incomplete", _last_indent(lines)
    return _COMPLETE


def _whole(text: str) -> tuple[bool, Any]:
    """Tell whether plain Python is a program that ends outside of all blocks; False means that one has to look. With the tree of a long one.

    Compiling thousands of lines takes a fraction of the time that looking at each of them does.
    """
    from nuncius.protocol.text.scan import Scanner

    before, _, last = text.rstrip().rpartition("\n")
    if not last or last[0].isspace() or "#" in last or before.endswith("\\"):
        return False, None
    # What ends a bracket or a string of the lines above does not stand alone.
    alone = Scanner(last).line(0)
    if alone.quote or alone.brackets or alone.broken or alone.sunken:
        return False, None
    return _program(text)


def _program(text: str) -> tuple[bool, Any]:
    import ast
    import warnings

    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    if len(text) >= _LONG:
        flags |= ast.PyCF_ONLY_AST
    try:
        with warnings.catch_warnings(record=True) as warned, collector_held(len(text)):
            warnings.simplefilter("always")
            made = compile(text, "<input>", "exec", flags, dont_inherit=True)
    except (SyntaxError, OverflowError, ValueError, TypeError, MemoryError, RecursionError):
        return False, None
    # What is warned of has to be said when the cell runs.
    return True, None if warned or len(text) < _LONG else made


#: Characters of a source for which the collector is worth a thought.
_LONG = 20_000


_FREE = nullcontext()


def collector_held(length: int) -> AbstractContextManager[None]:
    """Let nobody look for garbage while a text is compiled: nothing of what that makes is any, and of thousands of lines it takes half the time.

    Args:
        length: Of the text, in characters.
    """
    return _FREE if length < _LONG or not gc.isenabled() else _held()


@contextmanager
def _held() -> Iterator[None]:
    try:
        gc.disable()
        yield
    finally:
        gc.enable()


def _column(text: str, line: LogicalLine) -> int:
    return line.code - 1 - text.rfind("\n", 0, line.code)


def _compiles(text: str) -> bool | None:
    """Ask Python: True for a program, None for the beginning of one, False for neither."""
    import ast
    import codeop
    import warnings

    # A new one each time: it would remember the __future__ statements.
    command = codeop.CommandCompiler()
    command.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return None if command(text, symbol="exec") is None else True
    except (SyntaxError, OverflowError, ValueError, TypeError, MemoryError, RecursionError):
        return False


# -- extensions


def tokens_by_line(lines: list[str]) -> list[list[Any]]:
    """Return the `tokenize` tokens of ``lines``, one list for each logical line, as far as they are tokens at all."""
    import tokenize

    grouped: list[list[Any]] = [[]]
    depth = 0
    try:
        for token in tokenize.generate_tokens(iter([*lines, ""]).__next__):
            grouped[-1].append(token)
            if token.type == tokenize.NEWLINE or (token.type == tokenize.NL and not depth):
                grouped.append([])
            elif token.type == tokenize.OP and token.string in "([{":
                depth += 1
            elif token.type == tokenize.OP and token.string in ")]}":
                depth = max(0, depth - 1)
    except (tokenize.TokenError, SyntaxError):
        pass
    return grouped if grouped[-1] else grouped[:-1]


def _transform_tokens(lines: list[str], kinds: list[type[TokenTransform]]) -> list[str]:
    for _ in range(_MOST_TOKEN_TRANSFORMS):
        tokens = tokens_by_line(lines)
        places = [place for kind in kinds if (place := kind.find(tokens))]
        places.sort(key=lambda place: (place.start_line, place.start_col, place.priority))
        for place in places:
            try:
                lines = place.transform(lines)
            except SyntaxError:
                continue
            break
        else:
            return lines
    names = ", ".join(kind.__name__ for kind in kinds)
    raise RuntimeError(
        f"the input is still changing after {_MOST_TOKEN_TRANSFORMS} transformations; look at: {names}"
    )
