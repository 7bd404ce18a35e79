"""Read the options of a magic's line: ``-n 5 -q the rest``; declared once, for parsing, completion and documentation.

::

    @line_magic
    @options(Flag("n", "Say it so many times.", "N"), Flag("q", "Say nothing."))
    def greet(self, opts, who): ...

Rule 1: options come before everything else; the first word that is none begins the rest of the line, which stays as it was typed. Magics whose line is words, and no code, may have them ``anywhere``.
Rule 2: ``--`` ends the options; a dash alone is no option.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nuncius.kernel.errors import UsageError

__all__ = ["Flag", "Opts", "declares", "flags_of", "next_word", "options", "parse", "split_words"]

_ESCAPES = os.name != "nt"  # where the backslash separates folders, it escapes nothing


@dataclass(frozen=True, slots=True)
class Flag:
    """One option of a magic.

    Attributes:
        name: A letter, or a word for an option with two dashes.
        help: What it does, in a sentence.
        value: What follows it, such as ``N`` or ``FILE``; empty if nothing does; in brackets if it may be left out, for a number.
        repeated: It may be given several times; its value is the list of them.
        ends: What follows its value is no option any more.
        also: The other way to type it: the word of a letter.
    """

    name: str
    help: str = ""
    value: str = ""
    repeated: bool = False
    ends: bool = False
    also: str = ""

    @property
    def words(self) -> list[str]:
        """How it is typed: ``-n``, ``--name``, or either."""
        return [
            f"-{each}" if len(each) == 1 else f"--{each}" for each in (self.name, self.also) if each
        ]


class Opts(dict[str, Any]):
    """The options that were given, by name, also as attributes; those without a value are ``""``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def merge(self, defaults: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Add what was not given, as magics written for IPython do with their defaults."""
        for name, value in {**(defaults or {}), **more}.items():
            self.setdefault(name, value)


def next_word(line: str, position: int) -> tuple[str, int]:
    """Return the word that begins at or after ``position``, without its quotes, and where it ends.

    A quote that is not closed goes to the end of the line. There is no word if the end is where it began.
    """
    while position < len(line) and line[position].isspace():
        position += 1
    word: list[str] = []
    quote = ""
    while position < len(line):
        character = line[position]
        if quote:
            if character == quote:
                quote = ""
            elif character == "\\" and quote == '"' and line[position + 1 : position + 2] in '"\\':
                position += 1
                word.append(line[position : position + 1])
            else:
                word.append(character)
        elif character.isspace():
            break
        elif character in "\"'":
            quote = character
        elif character == "\\" and _ESCAPES and position + 1 < len(line):
            position += 1
            word.append(line[position])
        else:
            word.append(character)
        position += 1
    return "".join(word), position


def split_words(line: str) -> list[str]:
    """Return the words of a line, without their quotes."""
    words: list[str] = []
    line, position = line.rstrip(), 0
    while position < len(line):
        word, position = next_word(line, position)
        words.append(word)
    return words


def parse(
    flags: Iterable[Flag], line: str, magic: str = "", *, anywhere: bool = False
) -> tuple[Opts, str]:
    """Return the options at the beginning of ``line``, and the rest of it.

    Args:
        flags: The options that there are.
        line: What follows the name of the magic.
        magic: Its name, for error messages.
        anywhere: Options may also follow other words.

    Raises:
        UsageError: There is no such option, or its value is missing.
    """
    reader = _Reader(_by_word(flags), line, magic)
    opts, rest = reader.read()
    others: list[str] = []
    while anywhere and not reader.ended and rest:
        start = reader.position
        _, reader.position = next_word(line, start)
        others.append(line[start : reader.position].strip())
        opts, rest = reader.read()
    return opts, " ".join([*others, rest]).strip()


def _by_word(flags: Iterable[Flag]) -> dict[str, Flag]:
    return {word: flag for flag in flags for word in flag.words}


class _Reader:
    """Reads one line; `position` is where the rest begins."""

    def __init__(self, known: dict[str, Flag], line: str, magic: str) -> None:
        self._known = known
        self._line = line
        self._magic = magic
        self._opts = Opts()
        self.ended = False
        self.position = 0

    def read(self) -> tuple[Opts, str]:
        while True:
            word, end = next_word(self._line, self.position)
            if word == "--":
                self.position, self.ended = end, True
                break
            if len(word) < 2 or word[0] != "-" or self._line[self.position :].lstrip()[0] != "-":
                break
            self.position = end
            if word.startswith("--"):
                self._long(word)
            else:
                self._short(word[1:])
            if self.ended:
                break
        return self._opts, self._line[self.position :].strip()

    def _long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        flag = self._flag(name)
        if not flag.value:
            if equals:
                raise UsageError(f"{self._where()}option {name} takes no value, got {value!r}")
            self._put(flag, "")
        else:
            self._put(flag, value if equals else self._value(flag))

    def _short(self, letters: str) -> None:
        for position, letter in enumerate(letters):
            flag = self._flag(f"-{letter}")
            if flag.value:
                attached = letters[position + 1 :]
                self._put(flag, attached or self._value(flag))
                return
            self._put(flag, "")

    def _flag(self, word: str) -> Flag:
        flag = self._known.get(word)
        if flag is None:
            known = ", ".join(self._known) or "none"
            raise UsageError(f"{self._where()}option {word} not recognized; there are {known}")
        return flag

    def _value(self, flag: Flag) -> str:
        word, end = next_word(self._line, self.position)
        if flag.value.startswith("["):
            if not word.isdigit():
                return ""
            self.position = end
            return word
        if not self._line[self.position : end].strip():
            raise UsageError(
                f"{self._where()}option {flag.words[0]} requires a value: {flag.value}"
            )
        self.position = end
        return word

    def _put(self, flag: Flag, value: str) -> None:
        self.ended = flag.ends
        if flag.repeated:
            self._opts.setdefault(flag.name, []).append(value)
        else:
            self._opts[flag.name] = value

    def _where(self) -> str:
        return f"%{self._magic}: " if self._magic else ""


def options(
    *flags: Flag, anywhere: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Have a method of a `Magics` class called with its options and the rest of the line.

    The options are added to its docstring.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def magic(self: Any, line: str = "", *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            opts, rest = parse(flags, line, function.__name__, anywhere=anywhere)
            return function(self, opts, rest, *args, **kwargs)

        magic.__signature__ = _signature(function)  # type: ignore[attr-defined]
        return declares(*flags)(magic)

    return decorate


def _signature(function: Callable[..., Any]) -> Any:
    """Return the signature of a magic as it is called: with its line in place of options and rest."""
    import inspect

    own, _, rest, *others = inspect.signature(function).parameters.values()
    return inspect.Signature([own, rest.replace(name="line"), *others])


def declares(*flags: Flag) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say which options a method has that reads them itself; they are added to its docstring."""

    def decorate(function: Any) -> Any:
        function.__doc__ = _documented(function.__doc__ or "", flags)
        function.magic_flags = flags
        return function

    return decorate


def _documented(text: str, flags: Sequence[Flag]) -> str:
    import inspect

    if not flags:
        return text
    lines = [inspect.cleandoc(text), "", "Options:"]
    for flag in flags:
        value = f" {flag.value}" if flag.value else ""
        lines.append(f"    {', '.join(flag.words)}{value}: {flag.help}")
    return "\n".join(lines) + "\n"


def flags_of(function: Any) -> tuple[Flag, ...]:
    """Return the options of a magic, as far as it declares them: by `options` or by ``magic_arguments``."""
    flags = getattr(function, "magic_flags", None)
    if flags is not None:
        return tuple(flags)
    parser = getattr(function, "parser", None)
    found: list[Flag] = []
    for action in getattr(parser, "_actions", ()):
        value = "" if action.nargs == 0 else str(action.metavar or action.dest).upper()
        words = sorted((word.lstrip("-") for word in action.option_strings), key=len)
        if words:
            found.append(Flag(words[0], action.help or "", value, also="".join(words[1:2])))
    return tuple(found)
