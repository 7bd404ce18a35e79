"""Make the files that a traceback names links of the terminal (OSC 8), so that a click opens them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

__all__ = ["choose_template", "linked", "quoted_path"]

#: What needs no quoting in the path of an address.
_PLAIN = frozenset(b"/:-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

_CODES = r"(?:\x1b\[[0-9;]*m)*"

_FRAME = re.compile(
    rf"File (?P<before>{_CODES}\"?)(?P<path>(?:~|/|[A-Za-z]:\\)[^\x1b\n\":]*)(?P<after>{_CODES}\"?(?::|, line ){_CODES})(?P<line>\d+)"
)

#: Programs that show links of this kind, as they call themselves in ``TERM_PROGRAM`` or ``TERM``.
_PROGRAMS = frozenset(
    {"iTerm.app", "WezTerm", "ghostty", "vscode", "mintty", "Hyper", "rio", "Tabby"}
)
_TERMS = ("xterm-kitty", "foot", "alacritty", "contour", "xterm-ghostty", "wezterm")


def choose_template(wanted: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the address of a link, with ``{path}`` and ``{line}`` in it; empty for no links.

    Args:
        wanted: An address of one's own, ``none``, or ``auto`` for terminals that are known to show links.
        environ: What the terminal says of itself.
    """
    if wanted != "auto":
        return "" if wanted == "none" else wanted
    if environ.get("TERM_PROGRAM") == "vscode":
        return "vscode://file{path}:{line}"
    known = (
        environ.get("TERM_PROGRAM") in _PROGRAMS
        or environ.get("TERM", "").startswith(_TERMS)
        or environ.get("VTE_VERSION", "0") >= "5000"
        or "KONSOLE_VERSION" in environ
        or "WT_SESSION" in environ
        or "KITTY_WINDOW_ID" in environ
    )
    return "file://{host}{path}#{line}" if known else ""


def quoted_path(path: str) -> str:
    """Return a path as it stands in an address: ``urllib.parse.quote(path, safe="/:")``, which takes 3 ms to load."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(path))


def linked(text: str, template: str, host: str = "") -> str:
    """Return a traceback whose files are links.

    Args:
        text: The traceback.
        template: See `choose_template`; empty for none.
        host: The name of this machine: a terminal elsewhere must not open a file of its own.
    """
    if not template:
        return text

    def link(match: re.Match[str]) -> str:
        path = os.path.expanduser(match["path"])  # noqa: PTH111 - text, not a path
        slashes = path.replace("\\", "/")
        quoted = quoted_path(slashes if slashes.startswith("/") else f"/{slashes}")
        address = template.replace("{line}", match["line"]).replace("{host}", host)
        address = address.replace("{path}", quoted)
        shown = match[0].removeprefix("File ")
        return f"File \x1b]8;;{address}\x1b\\{shown}\x1b]8;;\x1b\\"

    return _FRAME.sub(link, text)
