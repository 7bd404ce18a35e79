"""Run Typst: source and pictures in, PDF out; say which characters no font has, and survive broken pictures."""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.errors import ConversionException

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Engine", "available", "engine", "svg_to_pdf"]

_EMBEDDED = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
#: Fonts that have what the embedded ones lack, by what people see most often.
_WANTED = (
    "Noto Serif CJK SC", "Noto Sans CJK SC", "Source Han Serif SC", "PingFang SC", "Microsoft YaHei", "SimSun",
    "Hiragino Mincho ProN", "Yu Mincho", "Malgun Gothic", "WenQuanYi Zen Hei", "Noto Color Emoji", "Apple Color Emoji",
    "Segoe UI Emoji", "Noto Sans", "DejaVu Sans", "Arial Unicode MS",
)  # fmt: skip
_MISSING = re.compile(r'the text `"(.*?)"` could not be displayed', re.DOTALL)
_ORDINARY = re.compile("[\x00-\x7f\xa0-\u017f\u0391-\u03c9\u0410-\u044f\u2010-\u2026]+")
_ESCAPED = re.compile(r"\\u\{([0-9a-fA-F]+)\}")


def available() -> bool:
    """Tell whether the engine is installed."""
    from importlib.util import find_spec

    return find_spec("typst") is not None


class Engine:
    """Typst with its fonts, which are read once: the embedded ones at once, those of the system when they are needed."""

    def __init__(self) -> None:
        try:
            import typst
        except ImportError:
            raise ConversionException(
                "PDF without TeX or a browser needs Typst, which is not installed: pip install 'nuncius-nbconvert[pdf]'"
            ) from None
        self._typst: Any = typst
        self._own: Any = typst.Fonts(include_system_fonts=False)
        self._all: Any = None
        self._lock = threading.Lock()

    def fonts(self, text: str) -> tuple[Any, tuple[str, ...], list[str]]:
        """Return fonts that have the characters of a text, the families to name, and what no font has."""
        unusual = "".join(sorted(set(_ORDINARY.sub("", text))))
        missing = self._missing(unusual, self._own, _EMBEDDED[:1])
        if not missing:
            return self._own, _EMBEDDED[:1], []
        with self._lock:
            if self._all is None:
                self._all = self._typst.Fonts()
        there = set(self._all.families())
        families = (*_EMBEDDED[:1], *(name for name in _WANTED if name in there))
        return self._all, families, self._missing("".join(missing), self._all, families)

    def _missing(self, characters: str, fonts: Any, families: tuple[str, ...]) -> list[str]:
        """Return the characters that no font has: a small archival PDF is refused if one is missing."""
        characters = "".join(c for c in characters if c.isprintable() and not c.isspace() and not "\ufe00" <= c <= "\ufe0f")  # fmt: skip
        if not characters:
            return []
        from nuncius.nbconvert.pdf.text import markup, string

        listed = ", ".join(string(name) for name in families)
        # Each on its own line, or marks would join with what is before them.
        lines = "#linebreak();\n".join(markup(char) for char in characters)
        try:
            self._compile(
                f'#set document(title: "x")\n#set text(font: ({listed},))\n{lines}',
                fonts,
                None,
                "a-2b",
            )
        except self._typst.TypstError as error:
            text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), str(error.diagnostic))
            return sorted({char for found in _MISSING.findall(text) for char in found if char in characters})  # fmt: skip
        return []

    def _compile(self, source: str, fonts: Any, root: Path | None, standard: str | None) -> bytes:
        made = self._typst.compile(
            source.encode("utf-8", "replace"),
            root=None if root is None else str(root),
            font_paths=fonts,
            ignore_system_fonts=True,
            pdf_standards=standard or [],
            # The same notebook gives the same bytes, whenever it is converted.
            timestamp=0,
            format="pdf",
        )
        return bytes(made)

    def pdf(self, source: str, files: Mapping[str, bytes], fonts: Any) -> bytes:
        """Return the PDF of a source.

        Raises:
            ConversionException: Typst refuses it; says why.
        """
        with tempfile.TemporaryDirectory(prefix="nuncius-pdf-") as folder:
            root = Path(folder)
            for name, data in files.items():
                (root / name.lstrip("/")).write_bytes(data)
            try:
                return self._compile(source, fonts, root, None)
            except self._typst.TypstError as error:
                raise ConversionException(f"Typst cannot make the PDF: {error.diagnostic}") from error  # fmt: skip

    def broken(self, files: Mapping[str, bytes]) -> list[str]:
        """Return the names of the pictures that cannot be read."""
        out = []
        for name, data in files.items():
            try:
                self.pdf(f'#image("{name}")', {name: data}, self._own)
            except ConversionException:
                out.append(name)
        return out


_engine: Engine | None = None


def engine() -> Engine:
    """Return the engine of this process: fonts are read once."""
    global _engine
    if _engine is None:
        _engine = Engine()
    return _engine


def svg_to_pdf(svg: str) -> bytes | None:
    """Return an SVG as a PDF of its size; None if it cannot be read."""
    source = '#set page(width: auto, height: auto, margin: 0pt)\n#image("/figure.svg")'
    typst = engine()
    fonts = typst.fonts(svg)[0] if "<text" in svg else typst.fonts("")[0]
    try:
        return typst.pdf(source, {"/figure.svg": svg.encode("utf-8", "replace")}, fonts)
    except ConversionException:
        return None
