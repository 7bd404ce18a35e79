"""Show values: ``display()`` and its family, mime bundles, the objects that carry rich output.

The names are loaded when they are first used: a kernel that shows no HTML does not load the classes for it.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "HTML",
    "JSON",
    "SVG",
    "Audio",
    "Code",
    "DisplayHandle",
    "DisplayObject",
    "FileLink",
    "FileLinks",
    "GeoJSON",
    "IFrame",
    "Image",
    "Javascript",
    "Latex",
    "Markdown",
    "Math",
    "Pretty",
    "ProgressBar",
    "ScribdDocument",
    "TextDisplayObject",
    "Video",
    "VimeoVideo",
    "YouTubeVideo",
    "capture_output",
    "clear_output",
    "display",
    "display_html",
    "display_javascript",
    "display_jpeg",
    "display_json",
    "display_latex",
    "display_markdown",
    "display_pdf",
    "display_png",
    "display_pretty",
    "display_svg",
    "publish_display_data",
    "update_display",
]  # fmt: skip

_HOMES = {
    "functions": (
        "DisplayHandle", "clear_output", "display", "display_html", "display_javascript", "display_jpeg", "display_json", "display_latex",
        "display_markdown", "display_pdf", "display_png", "display_pretty", "display_svg", "publish_display_data", "update_display",
    ),
    "media": ("Audio", "Code", "FileLink", "FileLinks", "IFrame", "ScribdDocument", "VimeoVideo", "YouTubeVideo"),
    "capture": ("capture_output",),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = next((home for home, names in _HOMES.items() if name in names), "objects")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
