"""A document as a list of blocks, and their layout in a terminal: what HTML and markdown have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from nuncius.terminal.formats.tables import Table, lay_out
from nuncius.terminal.formats.widths import cut, width_of, wrapped

__all__ = ["Block", "link", "show_blocks", "styled"]

_STYLES: Mapping[str, tuple[int, int]] = {
    "bold": (1, 22),
    "italic": (3, 23),
    "underline": (4, 24),
    "strike": (9, 29),
    "code": (36, 39),
}


@dataclass(frozen=True, slots=True)
class Block:
    """One block.

    Attributes:
        kind: ``code`` and ``formula`` keep their lines; all others but tables are wrapped.
        text: With the codes of styles.
        first: Stands before the first line, such as a bullet.
        rest: Stands before all other lines.
        level: Of a heading: 1 to 6.
        language: Of code.
        table: Of a table.
        tight: No blank line stands before it.
    """

    kind: Literal["text", "heading", "code", "formula", "rule", "table"]
    text: str = ""
    first: str = ""
    rest: str = ""
    level: int = 0
    language: str = ""
    table: Table | None = None
    tight: bool = False


def styled(text: str, style: str) -> str:
    """Return a text in a style: ``bold``, ``italic``, ``underline``, ``strike`` or ``code``."""
    on, off = _STYLES[style]
    return f"\x1b[{on}m{text}\x1b[{off}m" if text else ""


def link(text: str, address: str) -> str:
    """Return a text that leads somewhere: with the address behind it, unless the text says it."""
    if not address or address.startswith("#") or address == text:
        return styled(text, "underline")
    return f"{styled(text, 'underline')} ({address})"


def show_blocks(blocks: Iterable[Block], columns: int) -> str:
    """Return a document as lines that fit into so many columns."""
    lines: list[str] = []
    for block in blocks:
        if lines and not block.tight:
            lines.append("")
        lines.extend(_show(block, columns))
    return "\n".join(lines)


def _show(block: Block, columns: int) -> list[str]:
    match block.kind:
        case "heading":
            text = styled(block.text, "bold")
            lines = wrapped(text, columns, block.first, block.rest)
            if block.level <= 2:
                mark = "\u2550" if block.level == 1 else "\u2500"
                lines.append(block.rest + mark * min(columns, max(map(width_of, lines))))
            return lines
        case "rule":
            return [block.first + "\u2500" * max(3, columns - width_of(block.first))]
        case "table":
            assert block.table is not None
            laid_out = lay_out(block.table, columns - width_of(block.rest)).split("\n")
            return [block.rest + line for line in laid_out]
        case "code":
            lines = _highlighted(block.text, block.language).split("\n")
            return [block.rest + "  " + line for line in lines]
        case "formula":
            return [block.rest + "  " + cut(line, columns) for line in block.text.split("\n")]
        case "text":
            return wrapped(block.text, columns, block.first, block.rest)


def _highlighted(code: str, language: str) -> str:
    if not language:
        return code
    from pygments import highlight
    from pygments.formatters import TerminalFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return code
    return str(highlight(code, lexer, TerminalFormatter(bg="light"))).rstrip("\n")
