"""Take a picture of a terminal: run a program in a pty, type, and write the screen as SVG.

    python screenshot.py OUT.svg [--size 80x20] [--light] [--env NAME=VALUE] COMMAND -- STEP...

A step is text to type (\\r, \\t, \\x1b as in Python), or `wait:TEXT`. The pictures of the manual are made so; see pictures.sh.
"""

from __future__ import annotations

import argparse
import html
import os
import shlex
import sys
import time
from pathlib import Path

import pexpect
import pyte

COLORS = {
    "default": "#d8dee9",
    "black": "#3b4252",
    "red": "#e0707a",
    "green": "#8fbf7f",
    "brown": "#d9b86c",
    "blue": "#7fa8d9",
    "magenta": "#bf8fc4",
    "cyan": "#7fc4cf",
    "white": "#e5e9f0",
    "brightblack": "#7a8496",
    "brightred": "#ff8791",
    "brightgreen": "#a9d99a",
    "brightbrown": "#f0d089",
    "brightblue": "#9cc2f0",
    "brightmagenta": "#d9abdf",
    "brightcyan": "#9be0ea",
    "brightwhite": "#ffffff",
}
BACKGROUND = "#1f2430"
#: What another window has in their place: the sixteen colors as light schemes have them.
LIGHT_BACKGROUND = "#ffffff"
LIGHT_COLORS = {
    "default": "#1f2430",
    "black": "#000000",
    "red": "#cc0000",
    "green": "#3f7d05",
    "brown": "#8f7300",
    "blue": "#3465a4",
    "magenta": "#75507b",
    "cyan": "#057a7c",
    "white": "#d3d7cf",
    "brightblack": "#555753",
    "brightred": "#ef2929",
    "brightgreen": "#4e9a06",
    "brightbrown": "#a88600",
    "brightblue": "#4a78b0",
    "brightmagenta": "#8f6395",
    "brightcyan": "#0b8f91",
    "brightwhite": "#eeeeec",
}
WIDTH, HEIGHT = 8.4, 18


def color(name, fallback, colors):
    if name in colors:
        return colors[name] if name != "default" else fallback
    return f"#{name}"


def svg(screen, colors, background) -> str:
    rows = [
        y
        for y in range(screen.lines)
        if any(screen.buffer[y][x].data.strip() for x in range(screen.columns))
    ]
    lines = (max(rows) if rows else 0) + 1
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{screen.columns * WIDTH + 24:.0f}" height="{lines * HEIGHT + 24}" role="img">',
        f'<rect width="100%" height="100%" rx="8" fill="{background}"/>',
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
    ]
    for y in range(lines):
        x = 0
        while x < screen.columns:
            first, start, text = screen.buffer[y][x], x, ""
            key = (first.fg, first.bg, first.bold, first.italics, first.underscore, first.reverse)
            while x < screen.columns:
                cell = screen.buffer[y][x]
                if (
                    cell.fg,
                    cell.bg,
                    cell.bold,
                    cell.italics,
                    cell.underscore,
                    cell.reverse,
                ) != key:
                    break
                text += cell.data or ""
                x += 1
            front = color(first.fg, colors["default"], colors)
            back = color(first.bg, background, colors)
            if first.reverse:
                front, back = back, front
            left, top = 12 + start * WIDTH, 12 + y * HEIGHT
            if back != background:
                out.append(
                    f'<rect x="{left:.1f}" y="{top}" width="{(x - start) * WIDTH:.1f}" height="{HEIGHT}" fill="{back}"/>'
                )
            if text.strip():
                style = (' font-weight="bold"' if first.bold else "") + (
                    ' font-style="italic"' if first.italics else ""
                )
                out.append(
                    f'<text x="{left:.1f}" y="{top + 14}" fill="{front}" textLength="{(x - start) * WIDTH:.1f}"{style}>{html.escape(text).replace(" ", chr(160))}</text>'
                )
    return "\n".join([*out, "</g></svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out")
    parser.add_argument("--size", default="80x20")
    parser.add_argument("--light", action="store_true", help="a window with a white background")
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("command")
    parser.add_argument("steps", nargs="*")
    args = parser.parse_args()
    columns, lines = map(int, args.size.split("x"))
    screen = pyte.Screen(columns, lines)
    stream = pyte.ByteStream(screen)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("SHOT_HOME", "/tmp"),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }
    env |= dict(pair.split("=", 1) for pair in args.env)
    command = shlex.split(args.command)
    process = pexpect.spawn(
        command[0], command[1:], env=env, cwd=env["HOME"], dimensions=(lines, columns), timeout=None
    )

    def read(until, seconds=10.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            try:
                data = process.read_nonblocking(65536, timeout=0.05)
            except (pexpect.TIMEOUT, pexpect.EOF):
                continue
            first, *others = data.split(b"\x1b[6n")
            stream.feed(first)
            for part in others:
                os.write(
                    process.child_fd, f"\x1b[{screen.cursor.y + 1};{screen.cursor.x + 1}R".encode()
                )
                stream.feed(part)

    for step in args.steps:
        if step.startswith("wait:"):
            wanted = step[5:]
            read(lambda wanted=wanted: wanted in "\n".join(screen.display))
            if wanted not in "\n".join(screen.display):
                sys.exit(f"{args.out}: {wanted!r} did not appear:\n" + "\n".join(screen.display))
        else:
            process.send(step.encode().decode("unicode_escape"))
    read(lambda: False, 0.4)
    process.close(force=True)
    window = (LIGHT_COLORS, LIGHT_BACKGROUND) if args.light else (COLORS, BACKGROUND)
    Path(args.out).write_text(svg(screen, *window), encoding="utf-8")


main()
