"""``IPython.lib.lexers``: color Python with magics, commands and questions, and sessions of it, by Pygments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pygments.lexer import Lexer, bygroups, do_insertions, using
from pygments.lexers.python import Python3Lexer
from pygments.lexers.shell import BashLexer
from pygments.token import Generic, Keyword, Operator, Text, _TokenType

__all__ = ["IPython3Lexer", "IPythonConsoleLexer", "IPythonLexer", "IPythonTracebackLexer"]


class IPythonLexer(Python3Lexer):  # type: ignore[misc]
    """Python as cells have it."""

    name = "IPython"
    aliases: ClassVar[list[str]] = ["ipython", "ipython3"]
    filenames: ClassVar[list[str]] = []

    tokens: ClassVar[dict[str, list[Any]]] = {
        **Python3Lexer.tokens,
        "root": [
            (
                r"\A(\s*)(%%(?:bash|sh|script\s+(?:ba)?sh)\b)([^\n]*\n)(.*)",
                bygroups(Text, Operator, Text, using(BashLexer)),
            ),
            (r"\A(\s*)(%%)(\w+)([^\n]*)", bygroups(Text, Operator, Keyword, Text)),
            (r"(%%?)(\w+)(\?\??)$", bygroups(Operator, Keyword, Operator)),
            (r"^(\s*)(%)(sx|sc|system)(\s+)([^\n]+)", bygroups(Text, Operator, Keyword, Text, using(BashLexer))),
            (r"^(\s*)(%)(\w+)", bygroups(Text, Operator, Keyword)),
            (r"(?<==)(\s*)(%)(\w+)", bygroups(Text, Operator, Keyword)),
            (r"^(\s*)(!!?)([^\n]+)", bygroups(Text, Operator, using(BashLexer))),
            (r"(?<==)(\s*)(!)([^\n=][^\n]*)", bygroups(Text, Operator, using(BashLexer))),
            (r"^(\s*)(\?\??)(\s*%{0,2}[\w.*]*)", bygroups(Text, Operator, Text)),
            (r"(%{0,2}[\w.*]*)(\?\??)(\s*)$", bygroups(Text, Operator, Text)),
            *Python3Lexer.tokens["root"],
        ],
    }  # fmt: skip


IPython3Lexer = IPythonLexer


class IPythonTracebackLexer(Lexer):  # type: ignore[misc]
    """A traceback as the shell shows it."""

    name = "IPython Traceback"
    aliases: ClassVar[list[str]] = ["ipythontb", "ipython3tb"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Yield the position, type and text of each token."""
        position = 0
        for line in text.splitlines(keepends=True):
            if re.match(r"-{10,}|Traceback \(most|File |Cell |\w+Error", line):
                yield position, Generic.Traceback, line
            elif re.match(r"-+> \d+|\s+\d+ ", line):
                found = re.match(r"(?:-+>)?\s*\d+", line)
                assert found is not None
                yield position, Generic.Traceback, found.group()
                rest = line[found.end() :]
                for start, kind, value in IPythonLexer(**self.options).get_tokens_unprocessed(rest):
                    yield position + found.end() + start, kind, value
            else:
                yield position, Generic.Error if "Error" in line else Text, line
            position += len(line)


class IPythonConsoleLexer(Lexer):  # type: ignore[misc]
    """A session: prompts, code, output and errors."""

    name = "IPython console session"
    aliases: ClassVar[list[str]] = ["ipythonconsole", "ipython3console"]
    mimetypes: ClassVar[list[str]] = ["text/x-ipython-console"]

    _input = re.compile(r"(In \[\d+\]: |\s*\.\.\.+: ?)")
    _output = re.compile(r"(Out\[\d+\]:\s?)")

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Yield the position, type and text of each token."""
        code, insertions = "", []
        start = position = 0
        for line in text.splitlines(keepends=True):
            prompt = self._input.match(line)
            if prompt is not None:
                insertions.append((len(code), [(0, Generic.Prompt, prompt.group())]))
                code += line[prompt.end() :]
            else:
                yield from self._code(start, insertions, code)
                code, insertions = "", []
                yield from self._shown(position, line)
            position += len(line)
            if not code and not insertions:
                start = position
        yield from self._code(start, insertions, code)

    def _code(
        self, start: int, insertions: list[Any], code: str
    ) -> Iterator[tuple[int, _TokenType, str]]:
        tokens = IPythonLexer(**self.options).get_tokens_unprocessed(code)
        for position, kind, value in do_insertions(insertions, tokens):
            yield start + position, kind, value

    def _shown(self, position: int, line: str) -> Iterator[tuple[int, _TokenType, str]]:
        prompt = self._output.match(line)
        if prompt is not None:
            yield position, Generic.Heading, prompt.group()
            yield position + prompt.end(), Generic.Output, line[prompt.end() :]
        else:
            error = re.match(r"-{10,}|\w*(Error|Exception)\b", line)
            yield position, Generic.Error if error else Generic.Output, line
