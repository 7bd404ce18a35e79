"""Find the themes of JupyterLab that are installed, and give their colors to pages."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from functools import lru_cache
from pathlib import Path

from nuncius.nbconvert.errors import ConversionException
from nuncius.protocol.paths import data_path

__all__ = ["is_dark", "sheet"]

#: Our variables, and those of JupyterLab that say the same.
_SAME = {
    "bg": "layout-color0", "fg": "content-font-color1", "soft": "content-font-color2", "line": "border-color2",
    "code-bg": "cell-editor-background", "link": "content-link-color", "in": "cell-inprompt-font-color", "out": "cell-outprompt-font-color",
    "err-bg": "rendermime-error-background", "stripe": "rendermime-table-row-background", "kw": "mirror-editor-keyword-color",
    "nb": "mirror-editor-builtin-color", "fn": "mirror-editor-def-color", "cls": "mirror-editor-def-color", "str": "mirror-editor-string-color",
    "num": "mirror-editor-number-color", "op": "mirror-editor-operator-color", "com": "mirror-editor-comment-color", "dec": "mirror-editor-meta-color",
    "exc": "mirror-editor-error-color",
}  # fmt: skip
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)['\"]?\s*\)")
_GROUND = re.compile(r"--jp-layout-color0:\s*#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})\b")
_IMPORT = re.compile(r"@import[^;]*;")


@lru_cache(maxsize=4)
def sheet(name: str) -> str:
    """Return the style sheet of a theme, with its files in it, and our variables as it has them.

    Args:
        name: That of the extension which brings it, with or without its scope.

    Raises:
        ConversionException: There is none; names those that there are.
    """
    found = _installed()
    folder = found.get(name) or next((f for full, f in found.items() if full.rpartition("/")[2] == name), None)  # fmt: skip
    if folder is None:
        known = ", ".join(["light", "dark", "auto", *sorted(found)])
        raise ConversionException(f"HTMLExporter.theme: there is no theme {name!r}; known are {known}")  # fmt: skip
    path = folder / "index.css"
    text = _IMPORT.sub("", path.read_text(encoding="utf-8"))
    text = _URL.sub(lambda match: _embedded(match, folder), text)
    same = ";".join(f"--{ours}:var(--jp-{theirs})" for ours, theirs in _SAME.items())
    # What the theme does not say stays as it is: a variable that leads nowhere is not set.
    said = ";".join(pair for pair in same.split(";") if pair.partition("var(")[2].rstrip(")") in text)  # fmt: skip
    return f"{text}\n:root{{{said}}}"


def is_dark(theme: str) -> bool:
    """Tell whether a theme is light text on a dark ground, as far as its style sheet says it."""
    if theme in ("light", "dark", "auto"):
        return theme == "dark"
    ground = _GROUND.search(sheet(theme))
    return ground is not None and sum(int(part, 16) for part in ground.groups()) < 3 * 0x70


def _installed() -> dict[str, Path]:
    """Return the folders of themes by the full name of their extension."""
    found: dict[str, Path] = {}
    for place in map(Path, data_path("labextensions")):
        for package in (*place.glob("*/package.json"), *place.glob("@*/*/package.json")):
            folder = package.parent / "themes"
            try:
                name = json.loads(package.read_text(encoding="utf-8"))["name"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            sheets = sorted(folder.glob("**/index.css"))
            if isinstance(name, str) and sheets:
                found.setdefault(name, sheets[0].parent)
    return found


def _embedded(match: re.Match[str], folder: Path) -> str:
    import mimetypes

    url = match[1].partition("?")[0].partition("#")[0]
    path = (folder / url).resolve()
    if "://" in url or url.startswith("data:") or not path.is_file() or not path.is_relative_to(folder.resolve()):  # fmt: skip
        return match[0] if url.startswith("data:") else "url(data:,)"
    mime = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"url(data:{mime};base64,{b64encode(path.read_bytes()).decode()})"
