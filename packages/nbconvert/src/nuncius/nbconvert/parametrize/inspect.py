"""Tell which parameters a notebook takes: the assignments of its cell tagged ``parameters``."""

from __future__ import annotations

import ast
import re
import tokenize
from dataclasses import asdict, dataclass
from io import StringIO
from typing import Any

from nuncius.nbconvert.parametrize.inject import kernel_of, language_of, tagged
from nuncius.nbconvert.parametrize.translate import LANGUAGES, PYTHON

__all__ = ["Parameter", "infer", "python_parameters"]

_TYPE = re.compile(r"#\s*type:\s*(?P<type>[^#]*?)\s*(#\s*(?P<help>.*))?\Z")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a notebook.

    Attributes:
        name: Its name.
        inferred_type_name: Its type as written; ``None`` if none is.
        default: The code of its default.
        help: The comment behind it.
    """

    name: str
    inferred_type_name: str
    default: str
    help: str

    def to_dict(self) -> dict[str, str]:
        """Return it as a mapping."""
        return asdict(self)


def infer(nb: dict[str, Any], kernel_name: str = "", language: str = "") -> list[Parameter] | None:
    """Return the parameters of a notebook; None if its language cannot be inspected."""
    index = tagged(nb, "parameters")
    if index is None:
        return []
    kernel_name, language = kernel_of(nb, kernel_name), language_of(nb, language)
    known = LANGUAGES.get(kernel_name.lower()) or LANGUAGES.get(language.lower())
    unnamed = not language and kernel_name in ("", "python3", "nuncius-python")
    if known is not PYTHON and not unnamed:
        return None
    return python_parameters(nb["cells"][index]["source"])


def python_parameters(source: str) -> list[Parameter]:
    """Return the assignments of a cell in Python; lines that are not Python are passed over."""
    tree = _parse(source)
    if tree is None:
        return []
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for node in tree.body:
        target, annotation, value = _assignment(node)
        if target is None or value is None:
            continue
        kind, text = _described(comments.get(value.end_lineno or 0, ""))
        if annotation is not None:
            kind = ast.get_source_segment(source, annotation) or ""
            kind = kind.strip("\"'")
        default = " ".join((ast.get_source_segment(source, value) or "").split("\n"))
        found[target] = Parameter(target, kind or "None", default, text)
    return list(found.values())


def _assignment(node: ast.stmt) -> tuple[str | None, ast.expr | None, ast.expr | None]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.annotation, node.value
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name):
            return target.id, None, node.value
    return None, None, None


def _parse(source: str) -> ast.Module | None:
    for text in (source, re.sub(r"(?m)^(\s*)[%!?].*$", r"\1pass", source)):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _comments(source: str) -> dict[int, str]:
    """Return the comments of a cell by the number of the line."""
    found = {}
    try:
        for token in tokenize.generate_tokens(StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = token.string
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def _described(comment: str) -> tuple[str, str]:
    """Return the type and the help that a comment gives."""
    if match := _TYPE.match(comment):
        return match["type"], (match["help"] or "").strip()
    return "", comment.lstrip("# ").strip()
