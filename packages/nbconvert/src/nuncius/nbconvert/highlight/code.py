"""Choose the lexer for a language and write its tokens as HTML or LaTeX."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import markup
from nuncius.nbconvert.highlight.python import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["html", "latex", "lex", "style_css", "style_latex"]

_PYTHON = frozenset({"python", "python3", "py", "py3", "ipython", "ipython3", "sage"})
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
#: Cell magics whose body is in another language.
MAGICS = {
    "%%R": "r", "%%bash": "bash", "%%cython": "cython", "%%javascript": "javascript", "%%js": "javascript",
    "%%julia": "julia", "%%latex": "latex", "%%octave": "octave", "%%perl": "perl", "%%ruby": "ruby",
    "%%sh": "bash", "%%html": "html", "%%HTML": "html", "%%svg": "xml", "%%markdown": "markdown", "%%sql": "sql",
    "%%writefile": "text", "%%script": "bash", "%%cmd": "batch",
}  # fmt: skip


def lex(source: str, language: str, options: Mapping[str, Any] | None = None) -> Iterable[Token]:
    """Return the tokens of a source.

    Args:
        source: The code; anything is accepted.
        language: The name of a pygments lexer, or of a language; unknown ones give plain text.
        options: For pygments' lexer.
    """
    language = language.lower()
    if language in _PYTHON:
        if match := _CELL_MAGIC.match(source):
            return _cell_magic(source, match)
        return tokens(source, magics=True)
    lexer = _lexer(language, tuple(sorted((options or {}).items())))
    if lexer is None:
        return [("", source)]
    return _pygments(source, lexer)


def _cell_magic(source: str, match: re.Match[str]) -> list[Token]:
    first, newline, body = source.partition("\n")
    other = MAGICS.get("%%" + match[1], "python")
    rest = tokens(body) if other == "python" else lex(body, other)
    return [*tokens(first), ("", newline), *rest]


@lru_cache(maxsize=64)
def _lexer(language: str, options: tuple[tuple[str, Any], ...]) -> Any:
    if not language or language in ("text", "none", "plain", "output"):
        return None
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, **{"stripnl": False, "ensurenl": False, **dict(options)})
    except ClassNotFound:
        return None


def _pygments(source: str, lexer: Any) -> list[Token]:
    from pygments.token import STANDARD_TYPES

    out: list[Token] = []
    for kind, text in lexer.get_tokens(source):
        while kind not in STANDARD_TYPES:
            kind = kind.parent  # noqa: PLW2901 - the nearest one that has a name
        out.append((STANDARD_TYPES[kind], text))
    return out


@lru_cache(maxsize=2048)
def html(source: str, language: str) -> str:
    """Return highlighted code as the content of a ``<pre>`` element."""
    return _spans(lex(source, language))


def html_with(source: str, language: str, options: Mapping[str, Any]) -> str:
    """As `html`, with options for pygments' lexer."""
    return _spans(lex(source, language, options)) if options else html(source, language)


def _spans(stream: Iterable[Token]) -> str:
    out: list[str] = []
    for cls, text in stream:
        if "&" in text or "<" in text or ">" in text:
            text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")  # noqa: PLW2901
        # Plain names and white space have no color in any style of pygments that comes with it.
        out.append(f'<span class="{cls}">{text}</span>' if cls and cls != "w" else text)
    return "".join(out)


_LATEX_SPECIAL = re.compile(r"[\\{}^_&<>#%$\-'\"~]")
_LATEX_NAMES = {
    "\\": "bs", "{": "ob", "}": "cb", "^": "ca", "_": "us", "&": "am", "<": "lt", ">": "gt", "#": "sh",
    "%": "pc", "$": "dl", "-": "hy", "'": "sq", '"': "dq", "~": "ti",
}  # fmt: skip
_LATEX_TABLE = str.maketrans({char: rf"\PYZ{name}{{}}" for char, name in _LATEX_NAMES.items()})


def latex(source: str, language: str) -> str:
    r"""Return highlighted code as the lines of a Verbatim environment with ``commandchars=\\\{\}``."""
    out = []
    for cls, text in lex(source, language):
        body = verbatim(text)
        if cls and cls != "w":
            body = "\n".join(rf"\PY{{{cls}}}{{{line}}}" if line else "" for line in body.split("\n"))  # fmt: skip
        out.append(body)
    return "".join(out)


def verbatim(text: str) -> str:
    r"""Return text for a Verbatim environment with ``commandchars=\\\{\}``."""
    return text.translate(_LATEX_TABLE) if _LATEX_SPECIAL.search(text) else text


def style_css(style: str, selector: str = ".highlight") -> str:
    """Return the style sheet of a pygments style; the style may be a dotted path of a class.

    Raises:
        FilterError: There is no such style.
    """
    from pygments.formatters.html import HtmlFormatter

    return str(HtmlFormatter(style=_style(style)).get_style_defs(selector))


def style_latex(style: str) -> str:
    """Return the LaTeX definitions of a pygments style."""
    from pygments.formatters.latex import LatexFormatter

    return str(LatexFormatter(style=_style(style)).get_style_defs())


def _style(name: str) -> Any:
    from nuncius.nbconvert.errors import FilterError

    if "." in name:
        from importlib import import_module

        module, _, attribute = name.rpartition(".")
        return getattr(import_module(module), attribute)
    from pygments.styles import get_style_by_name
    from pygments.util import ClassNotFound

    try:
        return get_style_by_name(name)
    except ClassNotFound:
        raise FilterError(f"there is no pygments style named {name!r}") from None


def block(source: str, language: str, options: Mapping[str, Any] | None = None) -> str:
    """Return highlighted code as the ``<div>`` that pages of notebooks have.

    The space that its class begins with is part of it: templates look for it.
    """
    body = html_with(source, language, options or {})
    name = re.sub(r"[^\w+#.-]", "-", language) or "text"
    end = "" if body.endswith("\n") else "\n"
    return (
        f'<div class=" highlight hl-{markup.text(name)}"><pre><span></span>{body}{end}</pre></div>'
    )
