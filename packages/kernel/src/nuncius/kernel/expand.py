"""Replace ``$name``, ``${name}``, ``{expression}`` and ``$$`` in the lines of magics and system commands.

Rule: a text that cannot be expanded stays as it is, since braces and dollars mean something to other languages as well.
"""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["DollarFormatter", "FullEvalFormatter", "expand"]


class FullEvalFormatter(Formatter):
    """Like `str.format`, but what stands in braces is any expression: ``{a + 1:x}``; a literal has no format."""

    def vformat(self, format_string: str, args: Any, kwargs: Mapping[str, Any]) -> str:
        """Return the text with its braces replaced."""
        return "".join(self._parts(format_string, kwargs))

    def _parts(self, text: str, names: Mapping[str, Any]) -> Iterator[str]:
        for literal, field, spec, conversion in self.parse(text):
            if literal:
                yield literal
            if field is None:
                continue
            if conversion is None and spec and spec.startswith("="):
                field, spec = f"{field}:{spec}", ""  # noqa: PLW2901 - {a:=b} is no format
            if spec and _is_literal(field):  # {"key":5} is no format, but JSON
                raise ValueError(f"{field}:{spec} is no expression")
            expression, colon, rest = field.partition(":") if ":" in field else (field, "", "")
            try:
                value = _evaluate(field, names)
            except SyntaxError:
                if not colon:
                    raise
                value, spec = _evaluate(expression, names), rest  # noqa: PLW2901
            value = self.convert_field(value, conversion)
            yield self.format_field(value, self.vformat(spec or "", (), names) if spec else "")


def _is_literal(expression: str) -> bool:
    import ast

    try:
        ast.literal_eval(expression.strip())
    except (ValueError, SyntaxError):
        return False
    return True


def _evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    code = compile(expression.strip(), "<expansion>", "eval", dont_inherit=True)
    return eval(code, dict(names))


_DOLLAR = re.compile(r"\$(\$?)([\w.]+)")


class DollarFormatter(FullEvalFormatter):
    """Also replaces ``$name`` and ``$name.attribute``; ``$$name`` is a literal ``$name``.

    What stands in single quotes is left to the operating system's shell, as ``awk '{print $1}'`` needs it.
    """

    def _parts(self, text: str, names: Mapping[str, Any]) -> Iterator[str]:
        for literal, field, spec, conversion in self.parse(text):
            yield from self._dollars(literal, names)
            if field is None:
                continue
            rebuilt = (
                field + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            )
            yield from super()._parts("{" + rebuilt + "}", names)

    def _dollars(self, literal: str, names: Mapping[str, Any]) -> Iterator[str]:
        position = 0
        quotes = [at for at, character in enumerate(literal) if character == "'"]
        for match in _DOLLAR.finditer(literal):
            escaped, name = match.groups()
            if sum(at >= match.end() for at in quotes) % 2:
                continue  # a quote that ends after it began before it
            yield literal[position : match.start()]
            yield f"${name}" if escaped else self._variable(name, names)
            position = match.end()
        yield literal[position:]

    def _variable(self, name: str, names: Mapping[str, Any]) -> str:
        path, tail = name, ""
        while path:
            try:
                return str(_evaluate(path, names)) + tail
            except Exception:  # noqa: BLE001 - $HOME is the shell's; $file.txt is $file and .txt
                path, dot, last = path.rpartition(".")
                tail = f"{dot}{last}{tail}"
        return f"${name}"


def expand(text: str, names: Mapping[str, Any], formatter: FullEvalFormatter | None = None) -> str:
    """Return ``text`` with its variables replaced; unchanged, if that fails."""
    if "$" not in text and "{" not in text:
        return text
    try:
        return (formatter or DollarFormatter()).vformat(text, (), names)
    except Exception:  # noqa: BLE001 - see the rule above
        return text
