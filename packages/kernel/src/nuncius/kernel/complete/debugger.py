"""Complete what is typed at a debugger's prompt: its commands, and the files that breakpoints are set in."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from nuncius.kernel.complete.model import (
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
)

__all__ = ["command_matcher"]

_FIRST_WORD = re.compile(r"\s*(?P<word>[^\W\d]\w*|)$")
_OF_HELP = re.compile(r"\s*(?:help|h|\?)\s+(?P<word>\w*)$")
_PLACE = re.compile(r"\s*(?:b|break|tbreak|clear|until|unt)\s+(?P<word>[^\s:,]*)$")


def command_matcher(commands: Callable[[], Mapping[str, str]]) -> Any:
    """Return the matcher for a debugger's commands.

    Args:
        commands: Gives the commands, with a line on each.
    """

    @completion_matcher(identifier="debugger_command_matcher", priority=50, api_version=2)
    def match(context: CompletionContext) -> MatcherResult:
        line = context.before
        if (found := _FIRST_WORD.match(line)) or (found := _OF_HELP.match(line)):
            word = found["word"]
            names = [name for name in commands() if name.startswith(word)]
            completions = [SimpleCompletion(name, "debugger command") for name in names]
            return MatcherResult(completions, context.offset - len(word))
        if found := _PLACE.match(line):
            word = found["word"]
            return MatcherResult(_files(word), context.offset - len(word))
        return MatcherResult()

    return match


def _files(start: str) -> list[SimpleCompletion]:
    paths = sorted(glob.glob(glob.escape(os.path.expanduser(start)) + "*"))  # noqa: PTH111, PTH207 - as typed
    folders = [SimpleCompletion(f"{path}/", "path") for path in paths if os.path.isdir(path)]  # noqa: PTH112
    return [
        SimpleCompletion(f"{path}:", "path") for path in paths if path.endswith(".py")
    ] + folders
