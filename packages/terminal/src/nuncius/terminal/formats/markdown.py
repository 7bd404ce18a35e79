"""Markdown as text for a terminal.

What people write in notebooks: headings, lists, quotes, code, tables, links, emphasis, formulas. HTML inside is shown without its tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from nuncius.terminal.formats.blocks import Block, link, show_blocks, styled
from nuncius.terminal.formats.latex import show_formula, to_line
from nuncius.terminal.formats.tables import Table

__all__ = ["parse_markdown", "show_markdown"]

_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})\s*([\w+-]*)[^`]*$")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$")
_RULE = re.compile(r" {0,3}([-*_])(?:\s*\1){2,}\s*$")
_ITEM = re.compile(r"(\s*)([-*+]|\d{1,9}[.)])\s+(?:\[([ xX])\]\s+)?(.*)$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*$")
_DIVIDER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")

_INLINE = re.compile(
    r"""
      (?P<escaped>\\[!-/:-@\[-`{-~])
    | (?P<ticks>`{1,9})(?P<code>.{1,500}?)(?<!`)(?P=ticks)(?!`)
    | \$\$(?P<display>[^$]+)\$\$
    | (?<![\w$])\$(?P<formula>[^\s$](?:[^$\n]*[^\s$])?)\$(?!\d)
    | !\[(?P<alt>[^\[\]]{0,500})\]\((?P<image>[^()\s]{0,2000})[^()]{0,500}\)
    | \[(?P<words>[^\[\]]{1,500})\]\((?P<address>[^()\s]{0,2000})[^()]{0,500}\)
    | <(?P<plain>https?://[^\s<>]+)>
    | (?P<strong>\*\*|__)(?=\S)(?P<bold>.{1,500}?)(?<=\S)(?P=strong)
    | (?<!\w)(?P<mark>[*_])(?=\S)(?P<italic>.{1,500}?)(?<=\S)(?P=mark)(?!\w)
    | ~~(?P<strike>.{1,500}?)~~
    """,
    re.VERBOSE | re.DOTALL,
)


#: Characters before a line in quotes of quotes.
_DEEPEST = 20


def show_markdown(text: str, columns: int) -> str:
    """Return markdown as lines that fit into so many columns."""
    return show_blocks(parse_markdown(text), columns)


def parse_markdown(text: str) -> list[Block]:
    """Return the blocks of a text."""
    return list(_blocks(text.expandtabs(4).split("\n"), ""))


def _blocks(lines: list[str], bar: str) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        for take in _KINDS:
            taken = take(lines, at, bar)
            if taken is not None:
                blocks, at = taken
                yield from blocks
                break


_Taken = tuple[list[Block], int] | None


def _blank(lines: list[str], at: int, bar: str) -> _Taken:
    return ([], at + 1) if not lines[at].strip() else None


def _code(lines: list[str], at: int, bar: str) -> _Taken:
    opened = _FENCE.match(lines[at])
    if opened is None:
        return None
    end = at + 1
    while end < len(lines) and not re.match(rf" {{0,3}}{opened[2]}+\s*$", lines[end]):
        end += 1
    indent = len(opened[1])
    body = [line[indent:] if line[:indent].isspace() else line for line in lines[at + 1 : end]]
    return [Block("code", "\n".join(body), rest=bar, language=opened[3])], end + 1


def _indented_code(lines: list[str], at: int, bar: str) -> _Taken:
    end = at
    while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
        end += 1
    if not lines[at].startswith("    "):
        return None
    return [Block("code", "\n".join(line[4:] for line in lines[at:end]).rstrip(), rest=bar)], end


def _formula(lines: list[str], at: int, bar: str) -> _Taken:
    start = lines[at].strip()
    ends = {"$$": "$$", r"\[": r"\]", r"\begin": r"\end"}
    mark = next((mark for mark in ends if start.startswith(mark)), None)
    if mark is None:
        return None
    rest = "\n".join(lines[at:])
    skip = 0 if mark == r"\begin" else rest.index(mark) + len(mark)
    end = rest.find(ends[mark], max(skip, 1))
    if end < 0:
        return None
    if mark == r"\begin":
        closed = rest.find("}", end)
        end, after = (closed + 1, closed + 1) if closed >= 0 else (len(rest), len(rest))
    else:
        after = end + 2
    if rest[after:].split("\n", 1)[0].strip():
        return None  # there is more on the line: a formula in a sentence
    shown = show_formula(rest[skip:end])
    return [Block("formula", shown, rest=bar)], at + rest[:after].count("\n") + 1


def _heading(lines: list[str], at: int, bar: str) -> _Taken:
    match = _HEADING.match(lines[at])
    if match is None:
        return None
    return [Block("heading", inline(match[2] or ""), bar, bar, level=len(match[1]))], at + 1


def _rule(lines: list[str], at: int, bar: str) -> _Taken:
    return ([Block("rule", first=bar)], at + 1) if _RULE.match(lines[at]) else None


def _quote(lines: list[str], at: int, bar: str) -> _Taken:
    if not lines[at].lstrip().startswith(">") or len(bar) > _DEEPEST:
        return None
    end = at
    inner: list[str] = []
    while end < len(lines) and lines[end].strip():
        inner.append(re.sub(r"^\s*> ?", "", lines[end]))
        end += 1
    return list(_blocks(inner, bar + "\u2502 ")), end


def _item(lines: list[str], at: int, bar: str) -> _Taken:
    blocks: list[Block] = []
    depths: list[int] = []
    while at < len(lines) and (match := _ITEM.match(lines[at])):
        indent, mark, box, text = match.groups()
        while depths and len(indent) < depths[-1]:
            depths.pop()
        if not depths or len(indent) > depths[-1]:
            depths.append(len(indent))
        words, at = _lazy(lines, at + 1, text, len(indent))
        bullet = "\u2022" if mark in "-*+" else mark
        if box is not None:
            bullet = "\u2610" if box == " " else "\u2612"
        first = f"{bar}{'  ' * (len(depths) - 1)}{bullet} "
        rest = bar + " " * (len(first) - len(bar))
        blocks.append(Block("text", inline(words), first, rest, tight=bool(blocks)))
        following = at
        while following < len(lines) and not lines[following].strip():
            following += 1
        if following < len(lines) and _ITEM.match(lines[following]):
            at = following
    return (blocks, at) if blocks else None


def _lazy(lines: list[str], at: int, text: str, indent: int) -> tuple[str, int]:
    """Return an item's text with the lines that go on with it, and where the next thing begins."""
    while at < len(lines) and lines[at].strip() and not _begins_block(lines, at):
        text += f" {lines[at].strip()}"
        at += 1
    return text, at


def _table(lines: list[str], at: int, bar: str) -> _Taken:
    if at + 1 >= len(lines) or "|" not in lines[at] or not _DIVIDER.match(lines[at + 1]):
        return None
    end = at + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    rows = tuple(_cells(line) for line in lines[at + 2 : end])
    return [Block("table", table=Table((_cells(lines[at]),), rows), rest=bar)], end


def _cells(line: str) -> tuple[str, ...]:
    text = line.strip().removeprefix("|").removesuffix("|")
    return tuple(inline(cell.strip().replace(r"\|", "|")) for cell in re.split(r"(?<!\\)\|", text))


def _paragraph(lines: list[str], at: int, bar: str) -> _Taken:
    end = at + 1
    while end < len(lines) and lines[end].strip():
        underline = _UNDERLINE.match(lines[end])
        if underline:
            text = inline(_joined(lines[at:end]))
            level = 1 if underline[1].startswith("=") else 2
            return [Block("heading", text, bar, bar, level=level)], end + 1
        if _begins_block(lines, end):
            break
        end += 1
    text = inline(_joined(lines[at:end]))
    return ([Block("text", text, bar, bar)] if text.strip() else []), end


def _begins_block(lines: list[str], at: int) -> bool:
    line = lines[at]
    return (
        any(kind.match(line) is not None for kind in (_FENCE, _HEADING, _RULE, _ITEM))
        or line.lstrip().startswith((">", "$$", r"\["))
        or (at + 1 < len(lines) and "|" in line and _DIVIDER.match(lines[at + 1]) is not None)
    )


def _joined(lines: list[str]) -> str:
    """Join the lines of a paragraph; two blanks or a backslash at the end keep a break."""
    text = ""
    for line in lines:
        broken = line.endswith(("  ", "\\"))
        text += line.strip().removesuffix("\\") + ("\n" if broken else " ")
    return text.strip()


def inline(text: str) -> str:
    """Return a line of markdown with codes for its styles."""
    parts: list[str] = []
    last = 0
    for match in _INLINE.finditer(text):
        parts.append(_unescaped(text[last : match.start()]))
        parts.append(_shown(match))
        last = match.end()
    parts.append(_unescaped(text[last:]))
    return "".join(parts)


def _shown(match: re.Match[str]) -> str:
    kinds: dict[str, Callable[[str], str]] = {
        "escaped": lambda text: text[1:],
        "code": lambda text: styled(text.strip() or text, "code"),
        "display": to_line,
        "formula": to_line,
        "alt": lambda text: f"[{text or 'image'}]",
        "words": lambda text: link(inline(text), match["address"]),
        "plain": lambda text: styled(text, "underline"),
        "bold": lambda text: styled(inline(text), "bold"),
        "italic": lambda text: styled(inline(text), "italic"),
        "strike": lambda text: styled(inline(text), "strike"),
    }
    for name, show in kinds.items():
        if match[name] is not None:
            return show(match[name])
    raise AssertionError(match)


def _unescaped(text: str) -> str:
    from html import unescape

    return unescape(_TAG.sub("", text))


_KINDS: tuple[Callable[[list[str], int, str], _Taken], ...] = (
    _blank,
    _code,
    _heading,
    _rule,
    _quote,
    _item,
    _indented_code,
    _formula,
    _table,
    _paragraph,
)
