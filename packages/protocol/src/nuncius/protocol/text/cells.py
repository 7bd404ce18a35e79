"""Tell the parts of a cell apart: its cell magic, the language of its body, and its lines that are not Python.

For syntax highlighting and for exports: all positions are offsets in the source as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nuncius.protocol.text.special import Place, find_special
from nuncius.protocol.text.syntax import Special

__all__ = ["MAGIC_LANGUAGES", "Cell", "Part", "parts", "split_cell"]

#: The language of the body of a cell magic, where it is not that of the kernel.
MAGIC_LANGUAGES: Mapping[str, str] = {
    "!": "bash",
    "R": "r",
    "bash": "bash",
    "bigquery": "sql",
    "cmd": "batch",
    "cython": "cython",
    "html": "html",
    "HTML": "html",
    "javascript": "javascript",
    "js": "javascript",
    "julia": "julia",
    "latex": "latex",
    "lua": "lua",
    "markdown": "markdown",
    "perl": "perl",
    "ruby": "ruby",
    "rust": "rust",
    "sh": "bash",
    "sql": "sql",
    "svg": "xml",
    "sx": "bash",
    "system": "bash",
}

#: Of the interpreter that ``%%script`` names.
_INTERPRETERS = {"node": "javascript", "bash": "bash", "sh": "bash", "zsh": "bash"}

#: Of the file that ``%%writefile`` names.
_SUFFIXES = {
    "c": "c",
    "cfg": "ini",
    "cpp": "cpp",
    "css": "css",
    "go": "go",
    "html": "html",
    "ini": "ini",
    "java": "java",
    "js": "javascript",
    "json": "json",
    "md": "markdown",
    "py": "python",
    "r": "r",
    "rs": "rust",
    "sh": "bash",
    "sql": "sql",
    "tex": "latex",
    "toml": "toml",
    "ts": "typescript",
    "xml": "xml",
    "yaml": "yaml",
    "yml": "yaml",
}

_MAGIC_LINE = re.compile(
    r"\s*^%%(?P<name>[^\s?]++)(?!\?)[ \t]*(?P<line>[^\r\n]*)\r?\n?", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Cell:
    """The parts of a cell.

    Attributes:
        magic: The name of its cell magic, nothing if it has none.
        line: What stands after the name.
        body: Where the body begins: 0 without a cell magic.
        language: Of the body.
    """

    magic: str
    line: str
    body: int
    language: str


def split_cell(source: str, language: str = "python") -> Cell:
    """Return the parts of ``source``.

    Args:
        source: A cell.
        language: Of the kernel.
    """
    match = _MAGIC_LINE.match(source)
    if match is None:
        return Cell("", "", 0, language)
    name, line = match["name"], match["line"].rstrip()
    return Cell(name, line, match.end(), _language(name, line, language))


def _language(name: str, line: str, language: str) -> str:
    if name in MAGIC_LANGUAGES:
        return MAGIC_LANGUAGES[name]
    words = line.split()
    if name in {"writefile", "file"} and words:
        return _SUFFIXES.get(words[-1].rpartition(".")[2].lower(), "text")
    if name == "script":
        programs = [word for word in words if not word.startswith("-")]
        program = programs[0].rpartition("/")[2] if programs else ""
        return _INTERPRETERS.get(program, MAGIC_LANGUAGES.get(program, program or "text"))
    # time, timeit, capture and most of those that extensions bring run what they are given.
    return language


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a cell.

    Attributes:
        kind: ``code`` in `language`; ``magic`` (a ``%name``), ``arguments`` (what follows it), ``escape`` (``!``, ``!!``, ``?``, ``,`` and so on), ``command`` (for the system's shell), ``help`` (the name that help is asked for).
        start: Where it begins.
        end: Where it ends.
        language: Of code and commands, else nothing.
    """

    kind: str
    start: int
    end: int
    language: str = ""


_NAME = re.compile(r"%+[^\s?(]*")
_ESCAPE = re.compile(r"!!|\?\?|[!?,;/]")


def parts(source: str, language: str = "python") -> list[Part]:
    """Return the stretches that ``source`` is made of, without gaps.

    Args:
        source: A cell for a kernel that reads IPython's input language.
        language: Of the kernel.
    """
    cell = split_cell(source, language)
    found: list[Part] = []
    if cell.magic:
        found.append(Part("magic", 0, source.index(cell.magic) + len(cell.magic)))
        _add(found, "arguments", cell.body)
        if cell.language != language:
            _add(found, "code", len(source), cell.language)
            return found
    for place in find_special(source[cell.body :]):
        _add_place(found, source, place, cell.body, language)
    _add(found, "code", len(source), language)
    return found


def _add(found: list[Part], kind: str, end: int, language: str = "") -> None:
    start = found[-1].end if found else 0
    if end > start:
        found.append(Part(kind, start, end, language))


def _add_place(found: list[Part], source: str, place: Place, base: int, language: str) -> None:
    mark, end = base + place.mark, base + place.end
    if place.kind is Special.HELP:
        _add(found, "code", base + place.start, language)
        _add(found, "help", mark)
        _add(found, "escape", mark + len(source[mark:end].rstrip()))
        return
    _add(found, "code", mark, language)
    if source[mark] == "%":
        name = _NAME.match(source, mark, end)
        assert name is not None
        _add(found, "magic", name.end())
        _add(found, "arguments", end)
        return
    escape = _ESCAPE.match(source, mark, end)
    assert escape is not None
    _add(found, "escape", escape.end())
    match escape.group():
        case "!" | "!!":
            _add(found, "command", end, "bash")
        case "?" | "??":
            _add(found, "help", end)
        case _:
            _add(found, "code", end, language)
