"""Color Python source and labels for terminals: the themes that tracebacks and inspection share.

The four built-in themes need nothing but one regular expression. Any other name is taken as a style of pygments, which is imported only then.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module

from nuncius.protocol.values import Value, field

__all__ = ["NO_COLOR", "THEMES", "Theme", "highlight", "highlight_html", "theme_named"]

_RESET = "\x1b[0m"

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>(?<![\w])[rRbBuUfFtT]{0,2}(?:'''(?:\\.|[^\\])*?(?:'''|\Z)|\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)|'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?))
    |(?P<number>\b(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?[jJ]?)\b)
    |(?P<decorator>^[ \t]*@[\w.]+)
    |(?P<definition>(?<=\bdef\ )\w+|(?<=\bclass\ )\w+)
    |(?P<word>[^\W\d]\w*)
    |(?P<operator>[-+*/%@&|^~<>=!:.]+)""",
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_KEYWORDS = frozenset(keyword.kwlist)
_BUILTINS = frozenset(n for n in dir(builtins) if not n.startswith("_"))


class Theme(Value):
    """Colors by role.

    Attributes:
        name: As it is asked for.
        codes: Role -> SGR parameters such as ``"1;31"``. Roles: those of source (``keyword``, ``string``, ``number``, ``comment``, ``builtin``, ``definition``, ``decorator``, ``operator``) and those of labels (``exception``, ``filename``, ``function``, ``lineno``, ``arrow``, ``name``, ``label``, ``note``, ``faint``, ``mark``).
    """

    name: str
    codes: Mapping[str, str] = field(default_factory=dict)

    def paint(self, role: str, text: str) -> str:
        """Return ``text`` in the color of ``role``; each line is closed for itself."""
        code = self.codes.get(role)
        if not code or not text:
            return text
        start = f"\x1b[{code}m"
        return "\n".join(f"{start}{line}{_RESET}" if line else line for line in text.split("\n"))


NO_COLOR = Theme("nocolor")

#: Built-in themes by name.
THEMES: dict[str, Theme] = {
    "nocolor": NO_COLOR,
    "neutral": Theme(
        "neutral",
        {
            "keyword": "32;1",
            "string": "38;5;136",
            "number": "38;5;37",
            "comment": "38;5;66;3",
            "builtin": "38;5;37",
            "definition": "38;5;33",
            "decorator": "38;5;133",
            "operator": "38;5;244",
            "exception": "31",
            "filename": "32",
            "function": "36",
            "lineno": "32",
            "arrow": "32;1",
            "name": "36",
            "label": "31",
            "note": "33",
            "faint": "2",
            "mark": "1;4",
        },
    ),
    "linux": Theme(
        "linux",
        {
            "keyword": "92",
            "string": "94",
            "number": "96",
            "comment": "31",
            "builtin": "92",
            "definition": "95",
            "decorator": "95",
            "operator": "93",
            "exception": "91",
            "filename": "92",
            "function": "96",
            "lineno": "32",
            "arrow": "92",
            "name": "96",
            "label": "91",
            "note": "93",
            "faint": "2",
            "mark": "1;4",
        },
    ),
    "lightbg": Theme(
        "lightbg",
        {
            "keyword": "32",
            "string": "34",
            "number": "36",
            "comment": "31",
            "builtin": "32",
            "definition": "34",
            "decorator": "35",
            "operator": "90",
            "exception": "31",
            "filename": "32",
            "function": "36",
            "lineno": "32",
            "arrow": "34;1",
            "name": "36",
            "label": "31",
            "note": "35",
            "faint": "2",
            "mark": "1;4",
        },
    ),
}


@lru_cache(maxsize=32)
def theme_named(name: str) -> Theme:
    """Return a theme by its name, any case; styles of pygments are themes too.

    Raises:
        ValueError: There is no such theme.
    """
    wanted = name.strip().lower()
    if wanted in THEMES:
        return THEMES[wanted]
    return _from_pygments(wanted)


def _from_pygments(name: str) -> Theme:
    known = ", ".join(sorted(THEMES))
    try:
        styles = import_module("pygments.styles")
        token_module = import_module("pygments.token")
        not_found = import_module("pygments.util").ClassNotFound
    except ImportError:
        raise ValueError(
            f"no color theme {name!r}: expected one of {known}, or a style of pygments, "
            "which is not installed (`pip install pygments`)"
        ) from None
    try:
        style = styles.get_style_by_name(name)
    except not_found:
        raise ValueError(
            f"no color theme {name!r}: expected one of {known}, or the name of a pygments style"
        ) from None
    base = token_module.Token
    tokens = {
        "keyword": base.Keyword,
        "string": base.Literal.String,
        "number": base.Literal.Number,
        "comment": base.Comment,
        "builtin": base.Name.Builtin,
        "definition": base.Name.Function,
        "decorator": base.Name.Decorator,
        "operator": base.Operator,
        "exception": base.Name.Exception,
        "function": base.Name.Function,
        "name": base.Name.Variable,
    }
    codes = dict(THEMES["neutral"].codes)
    for role, token in tokens.items():
        entry = style.style_for_token(token)
        parts = ["1"] * bool(entry["bold"]) + ["3"] * bool(entry["italic"])
        if entry["color"]:
            number = int(entry["color"], 16)
            parts.append(f"38;2;{number >> 16};{number >> 8 & 255};{number & 255}")
        codes[role] = ";".join(parts)
    return Theme(name, codes)


def _roles(code: str) -> Iterator[tuple[str, str]]:
    """Cut ``code`` into (role, text); the role is empty for plain text."""
    end = 0
    for match in _TOKEN.finditer(code):
        if match.start() > end:
            yield "", code[end : match.start()]
        end = match.end()
        role, text = match.lastgroup or "", match.group()
        if role == "word":
            role = "keyword" if text in _KEYWORDS else "builtin" if text in _BUILTINS else ""
        yield role, text
    if end < len(code):
        yield "", code[end:]


def highlight(code: str, theme: Theme) -> str:
    """Return Python source with the colors of ``theme``; any text is accepted."""
    if not theme.codes:
        return code
    return "".join(theme.paint(role, text) for role, text in _roles(code))


_HTML_COLORS = {
    "keyword": "#008000",
    "string": "#ba2121",
    "number": "#666666",
    "comment": "#3d7b7b",
    "builtin": "#008000",
    "definition": "#0000ff",
    "decorator": "#aa22ff",
    "operator": "#666666",
}


def highlight_html(code: str) -> str:
    """Return Python source as HTML: a ``pre`` with colored spans, classes named ``nuncius-ROLE``."""
    from html import escape

    parts = []
    for role, text in _roles(code):
        escaped = escape(text, quote=False)
        color = _HTML_COLORS.get(role)
        if color:
            escaped = f'<span class="nuncius-{role}" style="color: {color}">{escaped}</span>'
        parts.append(escaped)
    return f'<pre class="nuncius-code">{"".join(parts)}</pre>'
