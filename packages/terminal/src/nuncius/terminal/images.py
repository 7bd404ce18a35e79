"""Show pictures in terminals that can: by kitty's protocol, iTerm2's or sixels, or as blocks of color.

Sixels and blocks take Pillow, as do pictures other than PNG in kitty.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nuncius.terminal.graphics import Graphics, ask_terminal, guess
from nuncius.terminal.window import window_size

__all__ = ["Picture", "Pictures", "blocks", "iterm", "kitty", "picture_of", "sixel", "size_of"]

#: Kitty takes a picture in pieces of this size.
_PIECE = 4096

#: Colors of a sixel picture.
_COLORS = 256

#: Columns of a picture in blocks, at most.
_WIDEST = 100

Choice = Literal["auto", "kitty", "iterm", "sixel", "blocks", "none"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture for a terminal.

    Attributes:
        text: What is written.
        rows: Lines that it takes on the screen.
    """

    text: str
    rows: int


class Pictures:
    """The pictures of one terminal.

    Args:
        choice: How they are shown; ``auto`` asks the terminal, once.
        keep_keys: Takes keys that were pressed while the terminal was asked.
    """

    def __init__(
        self, choice: Choice = "auto", keep_keys: Callable[[bytes], None] = lambda keys: None
    ) -> None:
        self._choice = choice
        self._keep_keys = keep_keys
        self._graphics: Graphics | None = None

    def picture(self, data: Mapping[str, Any]) -> Picture | None:
        """Return the picture of a mime bundle; None if there is none, or the terminal cannot show it."""
        raw = picture_of(data)
        if raw is None or not sys.stdout.isatty():
            return None
        size = window_size()
        return _draw(raw, self._known(), size.columns, size.lines)

    def _known(self) -> Graphics:
        if self._graphics is not None:
            return self._graphics
        guessed = guess()
        if self._choice != "auto":
            self._graphics = Graphics("" if self._choice == "none" else self._choice, guessed.cell)
        elif _may_ask():
            self._graphics, keys = ask_terminal(sys.stdin.fileno(), sys.stdout.fileno(), guessed)
            if keys:
                self._keep_keys(keys)
        else:
            return guessed
        return self._graphics


def _may_ask() -> bool:
    """Tell whether nobody else reads the terminal: no prompt waits, and no thread of the shell's does this."""
    import threading

    if os.name != "posix" or os.environ.get("TERM", "dumb") == "dumb":
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    asyncio = sys.modules.get("asyncio")
    try:
        if asyncio is not None:
            asyncio.get_running_loop()
            return False
    except RuntimeError:
        pass
    return sys.stdin is not None and sys.stdin.isatty()


def picture_of(data: Mapping[str, Any]) -> bytes | None:
    """Return the picture of a mime bundle; None if there is none, or it is broken."""
    for mime in ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"):
        if (value := data.get(mime)) is not None:
            try:
                return value if isinstance(value, bytes) else base64.b64decode(str(value))
            except ValueError:
                return None
    return None


def _draw(raw: bytes, graphics: Graphics, columns: int, lines: int) -> Picture | None:
    if graphics.protocol in ("kitty", "iterm"):
        png = raw if raw.startswith(b"\x89PNG") or graphics.protocol == "iterm" else _as_png(raw)
        if png is None:
            return None
        across, down = _room(size_of(raw), graphics.cell, columns, lines)
        if graphics.protocol == "kitty":
            return Picture(kitty(png, across, down), down)
        return Picture(iterm(png, across, down), down)
    if graphics.protocol == "sixel":
        return sixel(raw, graphics.cell, columns, lines)
    text = blocks(raw, min(columns, _WIDEST)) if graphics.protocol == "blocks" else ""
    return Picture(text, text.count("\n") + 1) if text else None


def _room(
    size: tuple[int, int] | None, cell: tuple[int, int], columns: int, lines: int
) -> tuple[int, int]:
    """Return the columns and rows of a picture: its own size, but no more than the window."""
    wide, high = size or (columns * cell[0] // 2, lines * cell[1] // 2)
    across, down = wide / cell[0], high / cell[1]
    scale = min(1.0, (columns - 1) / across, max(1, lines - 2) / down)
    return max(1, round(across * scale)), max(1, round(down * scale))


def size_of(raw: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF or JPEG in pixels, as its header says."""
    if raw.startswith(b"\x89PNG\r\n\x1a\n") and len(raw) >= 24:
        found = int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")
    elif raw[:3] == b"GIF" and len(raw) >= 10:
        found = int.from_bytes(raw[6:8], "little"), int.from_bytes(raw[8:10], "little")
    elif raw[:2] == b"\xff\xd8":
        return _size_of_jpeg(raw)
    else:
        return None
    return found if all(found) else None


def _size_of_jpeg(raw: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(raw) and raw[at] == 0xFF:
        kind, length = raw[at + 1], int.from_bytes(raw[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            high, wide = raw[at + 5 : at + 7], raw[at + 7 : at + 9]
            return (int.from_bytes(wide, "big") or 1, int.from_bytes(high, "big") or 1)
        at += 2 + max(2, length)
    return None


def kitty(png: bytes, columns: int, rows: int) -> str:
    """Return what has kitty show a PNG in so many columns and rows."""
    encoded = base64.b64encode(png).decode()
    pieces = [encoded[at : at + _PIECE] for at in range(0, len(encoded), _PIECE)] or [""]
    parts: list[str] = []
    for place, piece in enumerate(pieces):
        # q=2: it is not to answer; a prompt would take that for keys.
        first = f"a=T,f=100,q=2,c={columns},r={rows}," if place == 0 else ""
        more = int(place < len(pieces) - 1)
        parts.append(f"\x1b_G{first}m={more};{piece}\x1b\\")
    return "".join(parts)


def iterm(picture: bytes, columns: int, rows: int) -> str:
    """Return what has iTerm2, and those that follow it, show a picture in so many columns and rows."""
    encoded = base64.b64encode(picture).decode()
    return (
        f"\x1b]1337;File=inline=1;size={len(picture)};width={columns};height={rows}:{encoded}\x07"
    )


def sixel(raw: bytes, cell: tuple[int, int], columns: int, lines: int) -> Picture | None:
    """Return a picture as sixels; None without Pillow, or if it is no picture."""
    image = _opened(raw)
    if image is None:
        return None
    across, down = _room(image.size, cell, columns, lines)
    scale = min(1.0, across * cell[0] / image.width, down * cell[1] / image.height)
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.resize((width, height)).quantize(_COLORS)
    palette = small.getpalette() or []
    return Picture(_sixels(small.tobytes(), width, height, palette), -(-height // cell[1]))


def _sixels(pixels: bytes, width: int, height: int, palette: list[int]) -> str:
    """Encode pixels, each a number in the palette: six rows at a time, one color after another."""
    parts = [f'\x1bP0;1q"1;1;{width};{height}']
    for number in sorted(set(pixels)):
        red, green, blue = (round(value / 2.55) for value in palette[3 * number : 3 * number + 3])
        parts.append(f"#{number};2;{red};{green};{blue}")
    bands: list[str] = []
    for top in range(0, height, 6):
        rows = [pixels[row * width : (row + 1) * width] for row in range(top, min(top + 6, height))]
        band = []
        for number in sorted(set(b"".join(rows))):
            bits = bytearray(width)
            for shift, row in enumerate(rows):
                at = row.find(number)
                while at >= 0:
                    bits[at] |= 1 << shift
                    at = row.find(number, at + 1)
            band.append(f"#{number}{_packed(bits)}")
        bands.append("$".join(band))
    return "".join(parts) + "-".join(bands) + "\x1b\\"


def _packed(bits: bytearray) -> str:
    """Return sixels with runs of the same one counted."""
    from itertools import groupby

    parts = []
    for value, run in groupby(bits):
        count, char = sum(1 for _ in run), chr(63 + value)
        parts.append(f"!{count}{char}" if count > 3 else char * count)
    return "".join(parts)


def blocks(picture: bytes, columns: int) -> str:
    """Return a picture as half blocks of color; nothing without Pillow, or if it is no picture."""
    image = _opened(picture)
    if image is None:
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


def _as_png(raw: bytes) -> bytes | None:
    from io import BytesIO

    image = _opened(raw)
    if image is None:
        return None
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _opened(raw: bytes) -> Any:
    """Return a picture on white ground, with Pillow; None without it, or if it is none."""
    try:
        from io import BytesIO

        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return None
    try:
        image = Image.open(BytesIO(raw)).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image)
    return ground.convert("RGB")
