"""Complete the names of files and folders: in string literals, and in the lines of commands."""

from __future__ import annotations

import os
from collections.abc import Callable

from nuncius.kernel.complete.cells import command_start
from nuncius.kernel.complete.model import (
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
)

__all__ = ["command_path_matcher", "entries_of", "path_matcher", "programs", "unquoted_paths"]

_MAX_ENTRIES = 5_000
#: What has to be escaped in a command that is not quoted.
_SPECIAL = " ()[]{}|;&<>$`'\"*?#\\!=~"


def entries_of(
    typed: str, keep: Callable[[str, bool], bool] | None = None
) -> list[tuple[str, bool]]:
    """Return the names that complete the last part of a path, each with whether it is a folder.

    Args:
        typed: The path so far; ``~`` is the home folder.
        keep: Tells from a name and whether it is a folder if it is wanted.
    """
    folder, word = os.path.split(typed)
    place = os.path.expanduser(folder) if folder else "."  # noqa: PTH111 - text in, text out
    found = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if not entry.name.startswith(word) or (
                    entry.name.startswith(".") and not word.startswith(".")
                ):
                    continue
                try:
                    is_folder = entry.is_dir()
                except OSError:
                    is_folder = False
                if keep is None or keep(entry.name, is_folder):
                    found.append((entry.name, is_folder))
                if len(found) >= _MAX_ENTRIES:
                    break
    except (OSError, ValueError):
        return []
    return sorted(found, key=lambda item: item[0].lower())


@completion_matcher(identifier="IPCompleter.file_matcher", priority=-10, api_version=2)
def path_matcher(context: CompletionContext) -> MatcherResult:
    """Complete a path in a string literal."""
    if context.python is None:
        return MatcherResult()
    context = context.python
    string = context.code.string
    if string is None or len(string.quote) > 1 or "\n" in context.before[string.content_start :]:
        return MatcherResult()
    brackets = context.code.brackets
    if brackets and brackets[-1].char == "[" and brackets[-1].owner:
        return MatcherResult()  # a key
    raw = "r" in string.prefix.lower()
    typed = context.before[string.content_start :]
    plain = typed if raw else _unescaped(typed)
    folder = typed[: typed.rfind("/") + 1]
    completions = [
        SimpleCompletion(folder + _in_string(name, string.quote, raw) + "/" * is_folder, "path")
        for name, is_folder in entries_of(plain)
    ]
    return MatcherResult(completions, string.content_start, ordered=True)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    out, at = [], 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in "\\'\"":
            at += 1
        out.append(text[at])
        at += 1
    return "".join(out)


def _in_string(name: str, quote: str, raw: bool) -> str:
    if raw:
        return name
    return name.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")


def unquoted_paths(
    context: CompletionContext, start: int, keep: Callable[[str, bool], bool] | None = None
) -> MatcherResult:
    """Complete the last word of a command as a path; spaces in it are quoted or escaped.

    Args:
        context: The question.
        start: Where the arguments of the command start.
        keep: As in `entries_of`.
    """
    typed, quote, word_start = _last_word(context.before, start)
    written = context.before[word_start:]
    folder = written[: written.rfind("/") + 1]
    completions = []
    for name, is_folder in entries_of(typed, keep):
        text = name if quote else "".join(f"\\{c}" if c in _SPECIAL else c for c in name)
        completions.append(SimpleCompletion(folder + text + "/" * is_folder, "path"))
    return MatcherResult(completions, word_start, ordered=True)


def _last_word(text: str, start: int) -> tuple[str, str, int]:
    """Return the last word without its quoting, its open quote, and where it starts."""
    word, quote, word_start, at = [], "", start, start
    while at < len(text):
        char = text[at]
        if quote:
            if char == quote:
                quote = ""
            else:
                word.append(char)
        elif char == "\\" and at + 1 < len(text):
            at += 1
            word.append(text[at])
        elif char in "'\"":
            quote = char
            if not word:
                word_start = at + 1
        elif char in " \t\n|;&<>=":
            word, word_start = [], at + 1
        else:
            word.append(char)
        at += 1
    return "".join(word), quote, word_start


@completion_matcher(identifier="IPCompleter.command_matcher", priority=60, api_version=2)
def command_path_matcher(context: CompletionContext) -> MatcherResult:
    """Complete paths, and programs, in ``!command`` and ``x = !command``."""
    start = command_start(context.text_until_cursor)
    if start is None:
        return MatcherResult()
    at = context.line_start + start
    result = unquoted_paths(context, at)
    if " " not in context.before[at:].lstrip() and "/" not in context.before[at:]:
        return _programs(context.before[at:].lstrip(), result)
    return MatcherResult(result.completions, result.start, suppress=True, ordered=True)


def programs(word: str) -> set[str]:
    """Return the programs on the path whose names begin with ``word``; none, if that is empty."""
    names: set[str] = set()
    if word and "/" not in word:
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            names.update(
                name for name, is_folder in entries_of(f"{folder}/{word}") if not is_folder
            )
    return names


def _programs(word: str, files: MatcherResult) -> MatcherResult:
    completions = [SimpleCompletion(name, "program") for name in sorted(programs(word))]
    return MatcherResult(
        [*completions, *files.completions], files.start, suppress=True, ordered=True
    )
