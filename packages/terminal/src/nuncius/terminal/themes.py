"""Colors for the prompt, the code and the menus, as prompt_toolkit styles.

The names are those of Pygments' tokens, and a few of our own: ``prompt``, ``prompt.number``, ``out``, ``out.number``, ``other``.
"""

# ruff: noqa: PTH103, PTH105, PTH118, PTH120, PTH123
# os.path, not pathlib: this runs before the first prompt, and pathlib takes 4 ms to load.

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["STYLES", "choose_theme", "remember", "remembered", "sgr"]

_COMMON = {
    "pygments.error": "",
    "matching-bracket.cursor": "bg:#dadada #262626 bold",
    "matching-bracket.other": "bg:#dadada #262626 bold underline",
    "bottom-toolbar": "noreverse",
    "completion-menu": "bg:#dadada #262626",
    "completion-menu.completion.current": "noreverse bg:#005f87 #ffffff",
    "completion-menu.meta.completion": "bg:#c6c6c6 #262626",
    "completion-menu.meta.completion.current": "noreverse bg:#005f87 #ffffff",
    "completion-menu.multi-column-meta": "bg:#c6c6c6 #262626",
    "completion-documentation": "bg:#dadada #262626",
    "completion-documentation.signature": "bold",
}

#: Each theme's rules. "auto" keeps to the sixteen colors that every terminal lets its user choose.
STYLES: Mapping[str, Mapping[str, str]] = {
    "none": {"matching-bracket.cursor": "bold", "matching-bracket.other": "bold underline"},
    "auto": {
        **_COMMON,
        "prompt": "ansigreen",
        "prompt.number": "ansibrightgreen bold",
        "out": "ansired",
        "out.number": "ansibrightred bold",
        "other": "ansiblue",
        "auto-suggestion": "ansibrightblack",
        "pygments.keyword": "ansigreen bold",
        "pygments.keyword.constant": "ansicyan",
        "pygments.operator.word": "ansimagenta bold",
        "pygments.name.builtin": "ansicyan",
        "pygments.name.function": "ansiblue",
        "pygments.name.class": "ansiblue bold",
        "pygments.name.decorator": "ansimagenta",
        "pygments.name.exception": "ansired",
        "pygments.literal.string": "ansiyellow",
        "pygments.literal.number": "ansicyan",
        "pygments.comment": "ansibrightblack italic",
    },
    "dark": {
        **_COMMON,
        "prompt": "#5faf5f",
        "prompt.number": "#87d787 bold",
        "out": "#d78787",
        "out.number": "#ff8787 bold",
        "other": "#87afd7",
        "auto-suggestion": "#767676",
        "pygments.keyword": "#87d7af bold",
        "pygments.keyword.constant": "#87d7d7",
        "pygments.operator.word": "#d787d7 bold",
        "pygments.name.builtin": "#87d7d7",
        "pygments.name.function": "#87afff",
        "pygments.name.class": "#87afff bold",
        "pygments.name.decorator": "#d787d7",
        "pygments.name.exception": "#ff8787",
        "pygments.literal.string": "#d7af5f",
        "pygments.literal.number": "#87d7d7",
        "pygments.comment": "#949494 italic",
    },
    "light": {
        **_COMMON,
        "prompt": "#005f00",
        "prompt.number": "#005f00 bold",
        "out": "#870000",
        "out.number": "#870000 bold",
        "other": "#005f87",
        "auto-suggestion": "#767676",
        "pygments.keyword": "#005f5f bold",
        "pygments.keyword.constant": "#005f87",
        "pygments.operator.word": "#870087 bold",
        "pygments.name.builtin": "#005f87",
        "pygments.name.function": "#0000af",
        "pygments.name.class": "#0000af bold",
        "pygments.name.decorator": "#870087",
        "pygments.name.exception": "#870000",
        "pygments.literal.string": "#875f00",
        "pygments.literal.number": "#005f5f",
        "pygments.comment": "#626262 italic",
    },
}


def choose_theme(wanted: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the theme to use: the wanted one, unless the environment asks for none.

    Some terminals say in ``COLORFGBG`` what is behind the text. On white, "auto" becomes "light": the sixteen colors are often too bright there.

    Source: no-color.org for ``NO_COLOR``; rxvt's manual for ``COLORFGBG``.
    """
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return "none"
    if wanted == "auto" and environ.get("COLORFGBG", "").rpartition(";")[2] in _WHITE:
        return "light"
    return wanted


#: The numbers of the colors that are white.
_WHITE = frozenset({"7", "15"})


_ANSI = {
    name: number
    for number, name in enumerate(
        ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "gray")
    )
}


def sgr(theme: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the ANSI codes of a theme's prompts, for what is drawn before prompt_toolkit is there.

    Args:
        theme: Its name.
        environ: Says what colors the terminal has.

    Returns:
        Code by style class; empty for no colors.
    """
    names = ("prompt", "prompt.number", "out", "out.number", "other")
    rules = STYLES[theme]
    deep = environ.get("COLORTERM") in ("truecolor", "24bit")
    return {name: _code(rules[name], deep) for name in names if name in rules}


def _code(rule: str, deep: bool) -> str:
    codes: list[str] = []
    for word in rule.split():
        if word == "bold":
            codes.append("1")
        elif word.startswith("ansibright"):
            codes.append(str(90 + _ANSI[word.removeprefix("ansibright")]))
        elif word.startswith("ansi"):
            codes.append(str(30 + _ANSI[word.removeprefix("ansi")]))
        elif word.startswith("#"):
            red, green, blue = (int(word[i : i + 2], 16) for i in (1, 3, 5))
            if deep:
                codes.append(f"38;2;{red};{green};{blue}")
            else:
                cube = [_level(value) for value in (red, green, blue)]
                codes.append(f"38;5;{16 + 36 * cube[0] + 6 * cube[1] + cube[2]}")
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def _level(value: int) -> int:
    """Return the nearest of the six levels of xterm's color cube: 0, 95, 135, 175, 215, 255."""
    return 0 if value < 48 else max(1, (value - 35) // 40)


# -- what terminals have said of their backgrounds

#: Variables by which terminals, and the profiles of one, differ.
_NAMES = ("TERM", "TERM_PROGRAM", "COLORTERM", "VTE_VERSION", "KONSOLE_PROFILE_NAME", "ITERM_PROFILE", "LC_TERMINAL")  # fmt: skip

#: Terminals that are remembered.
_MOST = 30


def remembered(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the theme for what this terminal has said the last time; None if it has said nothing."""
    name = _name(environ)
    for line in _lines():
        told, _, theme = line.rpartition(" ")
        if told == name:
            return theme if theme in ("dark", "light") else None
    return None


def remember(theme: str, environ: Mapping[str, str] = os.environ) -> None:
    """Keep what this terminal has said. Where nothing can be written it is asked again."""
    name = _name(environ)
    others = [line for line in _lines() if line.rpartition(" ")[0] != name]
    path = _path()
    beside = f"{path}.{os.getpid()}"
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(beside, "w", encoding="utf-8") as file:
            file.write("\n".join([*others[1 - _MOST :], f"{name} {theme}", ""]))
        os.replace(beside, path)


def _name(environ: Mapping[str, str]) -> str:
    """Return what tells terminals apart, in one line."""
    said = [environ.get(name, "") for name in _NAMES]
    # Who comes from elsewhere has another terminal; the ports differ each time.
    said.append(environ.get("SSH_CLIENT", "").partition(" ")[0])
    return "|".join("".join(each.split()) for each in said)


def _path() -> str:
    from nuncius.protocol.paths import nuncius_dir

    return os.path.join(nuncius_dir(), "backgrounds")


def _lines() -> list[str]:
    try:
        with open(_path(), encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
