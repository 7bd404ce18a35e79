"""Show pictures in terminals that can: kitty's protocol, iTerm2's, or blocks of color where Pillow is installed."""

from __future__ import annotations

import base64
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["blocks", "iterm", "kitty", "protocol", "show_image"]

#: Kitty takes a picture in pieces of this size.
_PIECE = 4096


def protocol(environ: Mapping[str, str] = os.environ) -> str:
    """Return how this terminal shows pictures: ``kitty``, ``iterm``, ``blocks`` or nothing.

    Args:
        environ: What the terminal says of itself.
    """
    program, term = environ.get("TERM_PROGRAM", ""), environ.get("TERM", "")
    if "TMUX" in environ or term.startswith("screen"):
        # tmux passes neither on unless it is told to.
        return "blocks"
    if environ.get("KITTY_WINDOW_ID") or "kitty" in term or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm", "mintty", "vscode"):
        return "iterm"
    return "blocks" if "256color" in term or environ.get("COLORTERM") else ""


def show_image(data: Mapping[str, Any]) -> bool:
    """Show the picture of a mime bundle; return whether there is one, and the terminal can."""
    picture = data.get("image/png") or data.get("image/jpeg")
    if picture is None or not sys.stdout.isatty():
        return False
    raw = picture if isinstance(picture, bytes) else base64.b64decode(str(picture))
    match protocol():
        case "kitty" if "image/png" in data:
            text = kitty(raw)
        case "iterm":
            text = iterm(raw)
        case "blocks":
            text = blocks(raw, min(shutil.get_terminal_size().columns, 100))
        case _:
            text = ""
    if not text:
        return False
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    return True


def kitty(png: bytes) -> str:
    """Return what has kitty show a PNG."""
    encoded = base64.b64encode(png).decode()
    pieces = [encoded[at : at + _PIECE] for at in range(0, len(encoded), _PIECE)]
    parts: list[str] = []
    for place, piece in enumerate(pieces):
        first = "a=T,f=100," if place == 0 else ""
        more = int(place < len(pieces) - 1)
        parts.append(f"\x1b_G{first}m={more};{piece}\x1b\\")
    return "".join(parts)


def iterm(picture: bytes) -> str:
    """Return what has iTerm2, and those that follow it, show a picture."""
    encoded = base64.b64encode(picture).decode()
    return f"\x1b]1337;File=inline=1;size={len(picture)}:{encoded}\x07"


def blocks(picture: bytes, columns: int) -> str:
    """Return a picture as half blocks of color; nothing without Pillow, or if it is no picture."""
    try:
        from io import BytesIO

        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return ""
    try:
        image = Image.open(BytesIO(picture)).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError):
        return ""
    width = min(columns, image.width)
    height = max(2, round(image.height * width / image.width) // 2 * 2)
    pixels = image.resize((width, height)).tobytes()
    return "\n".join(_rows(pixels, width, height))


def _rows(pixels: bytes, width: int, height: int) -> Iterator[str]:
    for row in range(0, height, 2):
        cells: list[str] = []
        for column in range(width):
            upper, lower = (
                ";".join(str(value) for value in pixels[at : at + 3])
                for at in (3 * (row * width + column), 3 * ((row + 1) * width + column))
            )
            cells.append(f"\x1b[38;2;{upper};48;2;{lower}m\u2580")
        yield "".join(cells) + "\x1b[0m"
