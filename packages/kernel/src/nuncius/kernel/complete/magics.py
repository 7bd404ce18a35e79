"""Complete magics, their options and their arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from nuncius.kernel.complete.cells import CALLED
from nuncius.kernel.complete.model import (
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
)
from nuncius.kernel.complete.paths import programs, unquoted_paths

__all__ = ["MagicSource", "magic_argument_matcher", "magic_matcher"]


class MagicSource(Protocol):
    """What completion has to know of the magics; the registry is one."""

    def names(self, kind: str = "line") -> Sequence[str]:
        """Return the names of the ``line`` or ``cell`` magics."""
        ...

    def options(self, name: str, kind: str = "line") -> Iterable[Sequence[str]]:
        """Return the options of a magic: how each is typed, what follows it, what it does."""
        ...

    def expected(self, name: str, kind: str, line: str) -> tuple[str, Sequence[str], int] | None:
        """Return what the word is that the line of a magic ends in: its kind, words that may stand there, and where it begins; None if nothing is known of it."""
        ...


_LINE = re.compile(r"\s*(?P<mark>%%?)(?P<name>[^\s%]*)$")
_ASSIGNED = re.compile(r"\s*[\w.,\s*\[\]]+=\s*(?P<mark>%)(?P<name>\w*)$")
_BARE = re.compile(r"\s*(?P<name>[^\W\d]\w*)$")
#: A line that may be a magic without its percent sign: no assignment, and no operator with a space behind it.
_BARE_CALL = re.compile(
    r"\s*(?P<name>[^\W\d]\w*)[ \t]+(?!=|[-+*/%@&|^<>,.:;!]+\s|(?:in|is|and|or|not|if|for|as)\b)"
)


def magic_matcher(
    magics: MagicSource, names_in_use: Callable[[str], bool], automagic: Callable[[], bool]
) -> Any:
    """Return the matcher of the names of magics.

    Args:
        magics: The registry.
        names_in_use: Tells whether a name is a variable, which hides a magic without its percent sign.
        automagic: Tells whether magics may be called without it.
    """

    @completion_matcher(identifier="IPCompleter.magic_matcher", priority=70, api_version=2)
    def match(context: CompletionContext) -> MatcherResult:
        if context.code.string or context.code.in_comment or context.code.brackets:
            return MatcherResult()
        line = context.text_until_cursor
        marked = _LINE.match(line) or _ASSIGNED.match(line)
        if marked:
            start = context.line_start + marked.start("mark")
            found = _marked(context, magics, marked["mark"], marked["name"])
            return MatcherResult(found, start, suppress=bool(found), ordered=True)
        bare = _BARE.match(line)
        if not bare or not automagic() or context.code.statement.strip() != bare["name"]:
            return MatcherResult()
        names = [
            n for n in magics.names("line") if n.startswith(bare["name"]) and not names_in_use(n)
        ]
        found = [SimpleCompletion(f"%{n}", "magic") for n in names]
        return MatcherResult(found, context.code.word_start, ordered=True)

    return match


def _marked(
    context: CompletionContext, magics: MagicSource, mark: str, typed: str
) -> list[SimpleCompletion]:
    at_top = not context.before[: context.line_start].strip()
    found = []
    if mark == "%":
        found = [
            SimpleCompletion(f"%{n}", "magic") for n in magics.names("line") if n.startswith(typed)
        ]
    if at_top:
        found += [
            SimpleCompletion(f"%%{n}", "magic") for n in magics.names("cell") if n.startswith(typed)
        ]
    return found


def magic_argument_matcher(
    magics: MagicSource,
    config: Callable[[], Mapping[str, Sequence[str]]],
    modules: Callable[[], Iterable[str]],
    extensions: Callable[[str, str], Iterable[str]] = lambda magic, typed: (),
    bare: Callable[[str], bool] = lambda name: False,
) -> Any:
    """Return the matcher of what follows the name of a magic.

    Args:
        magics: The registry.
        config: Gives the sections of the configuration with the names of their options.
        modules: Gives the names of the modules that can be imported.
        extensions: Gives the names of extensions, by the magic that takes them and what was typed.
        bare: Tells whether a name calls a magic without its percent sign.
    """
    known: dict[str, Callable[[str, str], Iterable[str]]] = {
        "module": lambda name, word: sorted(modules()),
        "extension": lambda name, word: sorted(extensions(name, word)),
        "magic": lambda name, word: magics.names("line"),
        "command": lambda name, word: sorted(programs(word)),
    }

    def find(context: CompletionContext, name: str, kind: str, start: int) -> MatcherResult:
        typed = context.before[start:]
        word = re.split(r"\s", typed)[-1]
        expected = magics.expected(name, kind, typed)
        if word.startswith("-") and (expected is None or expected[2] == len(typed) - len(word)):
            return _options(context, magics, name, kind, word)
        if expected is None:
            return MatcherResult() if context.python is not None else _paths(context, "path", start)
        operand, given, at = expected
        word = typed[at:]
        if operand == "config":
            return _config(context, config(), word)
        if operand == "python":
            return MatcherResult()
        words = list(given or known.get(operand, _none)(name, word))
        found = _words(context, word, words, operand)
        if operand not in _FILES and not (operand == "command" and "/" in word):
            return found
        files = _paths(context, operand, start)
        if not found.completions:
            return files
        both = [*found.completions, *files.completions]
        return MatcherResult(both, found.start, suppress=True, ordered=True)

    @completion_matcher(identifier="IPCompleter.magic_argument_matcher", priority=65, api_version=2)
    def match(context: CompletionContext) -> MatcherResult:
        line = context.text_until_cursor
        called = CALLED.match(line)
        if called is not None:
            kind = "cell" if called["mark"] == "%%" else "line"
            return find(context, called["name"], kind, context.line_start + called.end())
        called = _BARE_CALL.match(line)
        if called is None or "\n" in context.full_text.strip() or not bare(called["name"]):
            return MatcherResult()
        return find(context, called["name"], "line", context.line_start + called.end())

    return match


#: What is completed by files, as well as by the words that are known.
_FILES = frozenset({"path", "folder", "program", "source", "command"})


def _none(name: str, word: str) -> Iterable[str]:
    return ()


def _paths(context: CompletionContext, operand: str, start: int) -> MatcherResult:
    keep = {"folder": _is_folder, "program": _is_program}.get(operand)
    result = unquoted_paths(context, start, keep)
    # where Python may stand as well, it is offered, too
    return MatcherResult(result.completions, result.start, suppress=operand != "source")


def _is_folder(name: str, is_folder: bool) -> bool:
    return is_folder


def _is_program(name: str, is_folder: bool) -> bool:
    return is_folder or name.endswith((".py", ".ipy", ".ipynb", ".pyw"))


def _options(
    context: CompletionContext, magics: MagicSource, name: str, kind: str, word: str
) -> MatcherResult:
    try:
        words = [str(option[0]) for option in magics.options(name, kind)]
    except Exception:  # noqa: BLE001 - the module of a magic may fail to load
        words = []
    return _words(context, word, [w if w.startswith("-") else f"-{w}" for w in words], "option")


def _words(
    context: CompletionContext, word: str, words: Sequence[str], kind: str = "value"
) -> MatcherResult:
    found = [each for each in words if each.startswith(word)]
    if not found:
        found = [each for each in words if each.lower().startswith(word.lower())]
    completions = [SimpleCompletion(each, kind) for each in found]
    return MatcherResult(completions, context.offset - len(word), suppress=True, ordered=True)


def _config(
    context: CompletionContext, sections: Mapping[str, Sequence[str]], word: str
) -> MatcherResult:
    section, dot, _ = word.partition(".")
    if dot:
        names = [f"{section}.{name}" for name in sections.get(section, ())]
        return _words(context, word, names, "option")
    return _words(context, word, sorted(sections), "class")
