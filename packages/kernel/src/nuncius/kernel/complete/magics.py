"""Complete magics, their options and their arguments."""

from __future__ import annotations

import os
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
from nuncius.kernel.complete.paths import unquoted_paths

__all__ = ["MagicSource", "magic_argument_matcher", "magic_matcher"]


class MagicSource(Protocol):
    """What completion has to know of the magics; the registry is one."""

    def names(self, kind: str = "line") -> Sequence[str]:
        """Return the names of the ``line`` or ``cell`` magics."""
        ...

    def options(self, name: str, kind: str = "line") -> Iterable[Sequence[str]]:
        """Return the options of a magic: how each is typed, what follows it, what it does."""
        ...


_LINE = re.compile(r"\s*(?P<mark>%%?)(?P<name>[^\s%]*)$")
_ASSIGNED = re.compile(r"\s*[\w.,\s*\[\]]+=\s*(?P<mark>%)(?P<name>\w*)$")
_BARE = re.compile(r"\s*(?P<name>[^\W\d]\w*)$")
_FOLDERS = frozenset({"cd", "pushd", "rmdir", "ls", "mkdir"})
_PROGRAMS = frozenset({"run", "load", "loadpy"})
_WORDS: Mapping[str, Sequence[str]] = {
    "xmode": ("Plain", "Context", "Verbose", "Minimal", "Docs", "Doctest"),
    "colors": ("neutral", "linux", "lightbg", "nocolor"),
    "pdb": ("on", "off", "0", "1"),
    "automagic": ("on", "off", "0", "1"),
    "autocall": ("0", "1", "2"),
    "autoawait": ("asyncio", "trio", "curio", "sync", "on", "off"),
    "autoreload": ("now", "off", "explicit", "all", "complete", "0", "1", "2", "3"),
    "matplotlib": ("inline", "widget", "agg", "qt", "tk", "gtk3", "gtk4", "wx", "osx", "auto"),
    "gui": ("asyncio", "qt", "qt5", "qt6", "tk", "gtk", "gtk3", "gtk4", "wx", "osx"),
    "pylab": ("inline", "agg", "qt", "tk", "gtk3", "wx", "osx", "auto"),
}


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
) -> Any:
    """Return the matcher of what follows the name of a magic.

    Args:
        magics: The registry.
        config: Gives the sections of the configuration with the names of their options.
        modules: Gives the names of the modules that can be imported.
        extensions: Gives the names of extensions, by the magic that takes them and what was typed.
    """

    @completion_matcher(identifier="IPCompleter.magic_argument_matcher", priority=65, api_version=2)
    def match(context: CompletionContext) -> MatcherResult:
        called = CALLED.match(context.text_until_cursor)
        if called is None:
            return MatcherResult()
        name, kind = called["name"], "cell" if called["mark"] == "%%" else "line"
        start = context.line_start + called.end()
        typed = context.before[start:]
        word = re.split(r"\s", typed)[-1]
        if word.startswith("-"):
            return _options(context, magics, name, kind, word)
        if name == "config":
            return _config(context, config(), word)
        if name in {"env", "set_env"} and word == typed:
            return _words(context, word, sorted(os.environ))
        if name in _WORDS:
            return _words(context, word, _WORDS[name])
        if name in {"load_ext", "reload_ext", "unload_ext"}:
            return _words(context, word, sorted(extensions(name, word)), "module")
        if name == "aimport":
            return _words(context, word, sorted(modules()))
        if name in {"magic", "alias_magic"}:
            return _words(context, word, list(magics.names("line")))
        if context.python is not None:
            return MatcherResult()
        return _paths(context, name, start)

    return match


def _paths(context: CompletionContext, name: str, start: int) -> MatcherResult:
    keep: Callable[[str, bool], bool] | None = None
    if name in _FOLDERS and name != "ls":
        keep = _is_folder
    elif name in _PROGRAMS:
        keep = _is_program
    result = unquoted_paths(context, start, keep)
    return MatcherResult(result.completions, result.start, suppress=True, ordered=True)


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
    found = [SimpleCompletion(each, kind) for each in words if each.startswith(word)]
    return MatcherResult(found, context.offset - len(word), suppress=bool(found), ordered=True)


def _config(
    context: CompletionContext, sections: Mapping[str, Sequence[str]], word: str
) -> MatcherResult:
    section, dot, _ = word.partition(".")
    if dot:
        names = [f"{section}.{name}" for name in sections.get(section, ())]
        return _words(context, word, names, "option")
    return _words(context, word, sorted(sections), "class")
