"""What pictures a terminal can show: asked of the terminal itself, since its name in the environment often tells too little.

Pure but for `ask_terminal`: bytes in, facts out.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["QUERY", "Graphics", "ask_terminal", "guess", "read_answers"]

#: Can you show kitty's pictures? Who are you? How large is a character? And, since every terminal answers it: what are you?
#: What a terminal shows of a question that it does not understand is taken away again.
QUERY = b"\x1b7\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[>q\x1b[16t\x1b[c\x1b8\x1b[K"

#: Seconds that a terminal has to answer, here and at the other end of a connection. An answer that comes later would be taken for keys.
_PATIENCE, _PATIENCE_OVER_SSH = 0.7, 3.0

_ANSWER = re.compile(
    rb"""
      \x1b_Gi=31;(?P<kitty>[^\x1b]*)\x1b\\
    | \x1bP>\|(?P<name>[^\x1b\x07]*)(?:\x1b\\|\x07)
    | \x1b\[6;(?P<high>\d+);(?P<wide>\d+)t
    | \x1b\[\?(?P<kinds>[\d;]*)c
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Graphics:
    """How a terminal shows pictures.

    Attributes:
        protocol: ``kitty``, ``iterm``, ``sixel``, ``blocks`` or nothing.
        cell: Width and height of a character, in pixels.
    """

    protocol: str = ""
    cell: tuple[int, int] = (8, 16)


def guess(environ: Mapping[str, str] = os.environ) -> Graphics:
    """Return what the environment tells of the terminal."""
    program, term = environ.get("TERM_PROGRAM", ""), environ.get("TERM", "")
    if "TMUX" in environ or term.startswith("screen"):
        # tmux passes pictures on only if it is told to.
        return Graphics("blocks")
    if environ.get("KITTY_WINDOW_ID") or "kitty" in term or program == "ghostty":
        return Graphics("kitty")
    if program in ("iTerm.app", "WezTerm", "mintty", "vscode"):
        return Graphics("iterm")
    colors = ("256color" in term or environ.get("COLORTERM")) and not environ.get("NO_COLOR")
    return Graphics("blocks" if colors else "")


def read_answers(received: bytes, guessed: Graphics) -> tuple[Graphics, bytes, bool]:
    """Take the terminal's answers out of what was received.

    Args:
        received: The answers, with keys that a person pressed between them.
        guessed: What holds where the terminal does not say.

    Returns:
        What the terminal can; the keys; whether the last answer is there.
    """
    kitty = sixel = finished = False
    name, cell = b"", guessed.cell
    for match in _ANSWER.finditer(received):
        if match["kitty"] is not None:
            kitty = match["kitty"] == b"OK"
        elif match["name"] is not None:
            name = match["name"].lower()
        elif match["wide"] is not None:
            cell = (int(match["wide"]) or cell[0], int(match["high"]) or cell[1])
        else:
            finished = True
            sixel = b"4" in match["kinds"].split(b";")[1:]
    keys = _ANSWER.sub(b"", received)
    protocol = guessed.protocol
    if kitty:
        protocol = "kitty"
    elif name.startswith((b"iterm", b"wezterm", b"mintty")):
        protocol = "iterm"
    elif sixel and protocol != "iterm":
        protocol = "sixel"
    return Graphics(protocol, cell), keys, finished


def ask_terminal(source: int, sink: int, guessed: Graphics) -> tuple[Graphics, bytes]:
    """Ask the terminal what it can.

    Args:
        source: The descriptor that it answers to.
        sink: The descriptor that is written to.
        guessed: What holds where it does not answer.

    Returns:
        What it can, and keys that were pressed meanwhile.
    """
    import termios

    before = termios.tcgetattr(source)
    quiet = termios.tcgetattr(source)
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(source, termios.TCSANOW, quiet)
    patience = _PATIENCE_OVER_SSH if "SSH_CONNECTION" in os.environ else _PATIENCE
    received, end = b"", time.monotonic() + patience
    try:
        os.write(sink, QUERY)
        while (left := end - time.monotonic()) > 0:
            if not select.select([source], [], [], left)[0]:
                break
            received += os.read(source, 4096)
            if read_answers(received, guessed)[2]:
                break
    finally:
        termios.tcsetattr(source, termios.TCSANOW, before)
    graphics, keys, _ = read_answers(received, guessed)
    return graphics, keys
