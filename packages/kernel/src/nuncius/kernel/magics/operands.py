"""Say what the words after a magic are, so that they can be completed: declared once for each magic.

::

    @takes(one_of("red", "green"), PATH, after={"d": variables}, values={"n": one_of("10", "100")})
    @options(Flag("d", "Delete it."), Flag("n", "So often.", "N"))
    def paint(self, opts, rest): ...

Rule 1: nothing runs but the functions that are declared: a magic is not called to complete its line.
Rule 2: the magics that come with the kernel are declared in `nuncius.kernel.magics.operand_table`, which is loaded when a line is first completed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nuncius.kernel.magics.flags import Flag, flags_of, next_word

__all__ = [
    "COMMAND",
    "CONFIG",
    "EXTENSION",
    "FOLDER",
    "MAGIC",
    "MODULE",
    "NOTHING",
    "PATH",
    "PROGRAM",
    "PYTHON",
    "Asked",
    "Expected",
    "Operand",
    "Operands",
    "expected",
    "one_of",
    "operands_of",
    "takes",
    "variables",
]


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the cursor is in the line of a magic.

    Attributes:
        shell: The shell.
        words: The words before this one, without options and their values.
        given: The names of the options before it.
        typed: What was typed of the word.
    """

    shell: Any
    words: Sequence[str] = ()
    given: frozenset[str] = frozenset()
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Operand:
    """What one word of a magic's line is.

    Attributes:
        kind: ``path``, ``folder``, ``program`` (a file of Python), ``command`` (a program of the system), ``module``, ``extension``, ``magic``, ``config``, ``python`` or ``source`` (a file, or Python), which completion knows by itself; anything else is the type of the words.
        give: Returns words that may stand here; those that do not begin with what was typed are left out.
    """

    kind: str
    give: Callable[[Asked], Iterable[str]] = lambda asked: ()


@dataclass(frozen=True, slots=True)
class Operands:
    """What the words of a magic's line are.

    Attributes:
        in_order: The first word, the second and so on; the last one is for all that follow.
        after: For all words once this option, or ``>``, was given, by its name.
        values: For the value of this option, by its name.
    """

    in_order: tuple[Operand, ...] = ()
    after: Mapping[str, Operand] = field(default_factory=dict)
    values: Mapping[str, Operand] = field(default_factory=dict)


PATH = Operand("path")
FOLDER = Operand("folder")
PROGRAM = Operand("program")
COMMAND = Operand("command")
MODULE = Operand("module")
EXTENSION = Operand("extension")
MAGIC = Operand("magic")
CONFIG = Operand("config")
PYTHON = Operand("python")
NOTHING = Operand("value")

#: What the value of an option is, by the word that stands for it in its declaration.
_VALUES = {"FILE": PATH, "FOLDER": FOLDER, "DIR": FOLDER, "PATH": PATH, "MODULE": MODULE}


def one_of(*words: str) -> Operand:
    """Return an operand that is one of these words."""
    return Operand("value", lambda asked: words)


def _variables(asked: Asked) -> list[str]:
    return [name for name in asked.shell.namespace.names() if not name.startswith("_")]


#: A variable of the person.
variables = Operand("instance", _variables)


def takes(
    *in_order: Operand,
    after: Mapping[str, Operand] | None = None,
    values: Mapping[str, Operand] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say what the words after a magic are.

    Args:
        *in_order: The first word, the second and so on; the last one is for all that follow.
        after: For all words once this option was given, by its name.
        values: For the value of this option, by its name.
    """

    def decorate(function: Any) -> Any:
        function.magic_operands = Operands(in_order, after or {}, values or {})
        return function

    return decorate


def operands_of(function: Any) -> Operands | None:
    """Return what the words after a magic are, as far as it says: by `takes`, or as ``choices`` of ``magic_arguments``."""
    declared = getattr(function, "magic_operands", None)
    if isinstance(declared, Operands):
        return declared
    in_order: list[Operand] = []
    values: dict[str, Operand] = {}
    for action in getattr(getattr(function, "parser", None), "_actions", ()):
        operand = one_of(*map(str, action.choices)) if action.choices else PATH
        if not action.option_strings:
            in_order.append(operand)
        elif action.choices:
            words = (word.lstrip("-") for word in action.option_strings)
            values.update(dict.fromkeys(words, operand))
    if not values and all(operand is PATH for operand in in_order):
        return None
    return Operands(tuple(in_order), {}, values)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the word at the end of a line is.

    Attributes:
        operand: What may stand there; None if nothing is known of it.
        asked: For its function.
        start: Where the word begins in the line.
    """

    operand: Operand | None
    asked: Asked
    start: int


def expected(shell: Any, function: Any, operands: Operands | None, line: str) -> Expected:
    """Return what the word is that the line ends in.

    Args:
        shell: The shell.
        function: The magic, which declares its options.
        operands: What its words are; None if it does not say.
        line: What follows the name of the magic, up to the cursor.
    """
    known = {word: flag for flag in flags_of(function) for word in flag.words}
    words, given, value_of, start = _read(line, known)
    typed = line[start:]
    operands = operands or Operands()
    name, equals, value = typed.partition("=")
    if equals and name in known:
        value_of, start, typed = known[name], start + len(name) + 1, value
    asked = Asked(shell, tuple(words), frozenset(given), typed)
    if value_of is not None:
        operand = operands.values.get(value_of.name) or operands.values.get(value_of.also)
        return Expected(operand or _VALUES.get(value_of.value), asked, start)
    for option, each in operands.after.items():
        if option in given:
            return Expected(each, asked, start)
    if not operands.in_order:
        return Expected(None, asked, start)
    return Expected(operands.in_order[min(len(words), len(operands.in_order) - 1)], asked, start)


def _read(line: str, known: Mapping[str, Flag]) -> tuple[list[str], set[str], Flag | None, int]:
    """Return the words before the last, the options among them, the option whose value the last word is, and where it begins."""
    words: list[str] = []
    given: set[str] = set()
    pending: Flag | None = None
    position = 0
    while True:
        while line[position : position + 1].isspace():
            position += 1
        word, end = next_word(line, position)
        if end >= len(line):
            return words, given, pending, position
        if pending is not None:
            pending = None
        elif word in (">", ">>"):
            given.add(">")
        elif word.startswith("-") and len(word) > 1:
            pending = _option(word, known, given)
        else:
            words.append(word)
        position = end


def _option(word: str, known: Mapping[str, Flag], given: set[str]) -> Flag | None:
    """Note the options of a word; returns the one whose value is the next word."""
    name, equals, _ = word.partition("=")
    if word.startswith("--"):
        flag = known.get(name)
        given.add(flag.name if flag else name.lstrip("-"))
        return flag if flag and flag.value and not equals else None
    for position, letter in enumerate(word[1:], 1):
        flag = known.get(f"-{letter}")
        given.add(flag.name if flag else letter)
        if flag is not None and flag.value:
            attached = position + 1 < len(word)
            return None if attached or flag.value.startswith("[") else flag
    return None
