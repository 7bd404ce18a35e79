"""Let extensions change lines before they run, as IPython's prefilter does: transformers, checkers and handlers.

What lines mean by themselves is decided by `nuncius.kernel.prefilter.Prefilter`; this manager puts what extensions register around it. A shell has one from the moment that somebody asks for ``prefilter_manager``.
"""

from __future__ import annotations

import re
from typing import Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.prefilter import Prefilter

__all__ = [
    "AssignmentChecker",
    "AutoHandler",
    "AutoMagicChecker",
    "AutocallChecker",
    "EmacsChecker",
    "EmacsHandler",
    "IPyAutocallChecker",
    "LineInfo",
    "MacroChecker",
    "MacroHandler",
    "MagicHandler",
    "PrefilterChecker",
    "PrefilterHandler",
    "PrefilterManager",
    "PrefilterTransformer",
    "PythonOpsChecker",
    "is_shadowed",
    "manager_of",
    "split_user_input",
]

_PARTS = re.compile(r"(\s*)([,;/%]|!!?|\?\??)?\s*(%{0,2}[\w.*]*)(.*)", re.DOTALL)

#: Checkers with a priority up to this one are asked before the shell's own reading of a line.
_FIRST = 700


def split_user_input(line: str, pattern: Any = None) -> tuple[str, str, str, str]:
    """Return the parts of a line: leading space, escape character, name, and the rest."""
    match = (pattern or _PARTS).match(line)
    if match is None:
        words = line.split(None, 1) or [""]
        space = line[: len(line) - len(line.lstrip())]
        return space, "", words[0], words[1] if len(words) > 1 else ""
    space, escape, name, rest = match.groups()
    return space, escape or "", name.strip(), rest


class LineInfo:
    """A line, and what it is made of.

    Args:
        line: The line.
        continue_prompt: It goes on with a cell.

    Attributes:
        pre: The leading space.
        esc: The escape character, empty without one.
        ifun: The name that follows.
        the_rest: What follows that, without the space around it.
    """

    def __init__(self, line: str, continue_prompt: bool = False) -> None:
        self.line = line
        self.continue_prompt = continue_prompt
        self.pre, self.esc, self.ifun, self.raw_the_rest = split_user_input(line)
        self.the_rest = self.raw_the_rest.strip()
        self.pre_char = self.pre.strip()
        self.pre_whitespace = "" if self.pre_char else self.pre

    def ofind(self, ip: Any) -> Any:
        """Return what the name is in a shell."""
        return ip._ofind(self.ifun)  # noqa: SLF001 - its name there

    def __str__(self) -> str:
        return f"LineInfo [{self.pre}|{self.esc}|{self.ifun}|{self.the_rest}]"

    def __repr__(self) -> str:
        return f"<{self}>"


def is_shadowed(identifier: str, ip: Any) -> bool:
    """Tell whether a variable or a builtin hides a magic of this name."""
    return bool(ip.prefilter._shadowed(identifier))  # noqa: SLF001 - of this package


class _Registered:
    """What is registered with a manager.

    Args:
        shell: The shell; the one that runs by default.
        prefilter_manager: Its manager; with one, the object registers itself.
    """

    priority = 100
    enabled = True

    def __init__(self, shell: Any = None, prefilter_manager: Any = None, **options: Any) -> None:
        self.shell: Any = get_shell() if shell is None else shell
        self.prefilter_manager: Any = prefilter_manager
        for name, value in options.items():
            setattr(self, name, value)
        if prefilter_manager is not None:
            self._register()

    def _register(self) -> None:
        """Add this object to its manager."""


class PrefilterTransformer(_Registered):
    """Changes the text of a line; derive from it, and override `transform`."""

    def _register(self) -> None:
        self.prefilter_manager.register_transformer(self)

    def transform(self, line: str, continue_prompt: bool) -> str | None:
        """Return the line as it is to be; None leaves it."""
        return None


class PrefilterChecker(_Registered):
    """Tells which handler is for a line; derive from it, and override `check`."""

    def _register(self) -> None:
        self.prefilter_manager.register_checker(self)

    def check(self, line_info: LineInfo) -> Any:
        """Return a handler, None where the line is not for it."""
        return None


class MacroChecker(PrefilterChecker):
    """Macros; what the shell itself knows is not asked of it."""

    priority = 250


class IPyAutocallChecker(PrefilterChecker):
    """Objects that are called when they are named; what the shell itself knows is not asked of it."""

    priority = 300


class AssignmentChecker(PrefilterChecker):
    """Assignments; what the shell itself knows is not asked of it."""

    priority = 600


class AutoMagicChecker(PrefilterChecker):
    """Magics without a percent sign; what the shell itself knows is not asked of it."""

    priority = 700


class PythonOpsChecker(PrefilterChecker):
    """Operators; what the shell itself knows is not asked of it."""

    priority = 900


class AutocallChecker(PrefilterChecker):
    """Calls without parentheses; what the shell itself knows is not asked of it."""

    priority = 1000


class EmacsChecker(PrefilterChecker):
    """Lines that end in the mark of an editor of old."""

    def check(self, line_info: LineInfo) -> Any:
        """Return the handler that takes them as they are."""
        if line_info.line.endswith("# PYTHON-MODE"):
            return self.prefilter_manager.get_handler_by_name("emacs")
        return None


class PrefilterHandler(_Registered):
    """Makes code of a line; derive from it, and override `handle`.

    Attributes:
        handler_name: By which checkers find it.
        esc_strings: The escape characters that it is for.
    """

    handler_name = "normal"
    esc_strings: tuple[str, ...] | list[str] = ()

    def _register(self) -> None:
        self.prefilter_manager.register_handler(self.handler_name, self, self.esc_strings)

    def handle(self, line_info: LineInfo) -> str:
        """Return the line as it is to run."""
        return line_info.line

    def __str__(self) -> str:
        return f"<{type(self).__name__}(name={self.handler_name})>"


class MagicHandler(PrefilterHandler):
    """Calls a magic."""

    handler_name = "magic"
    esc_strings = ("%",)

    def handle(self, line_info: LineInfo) -> str:
        """Return the call."""
        name = line_info.ifun.lstrip("%")
        return f"{line_info.pre}get_ipython().run_line_magic({name!r}, {line_info.the_rest!r})"


class AutoHandler(PrefilterHandler):
    """Calls a function that was named without parentheses."""

    handler_name = "auto"
    esc_strings = ("/", ",", ";")

    def handle(self, line_info: LineInfo) -> str:
        """Return the call; a comma quotes each word, a semicolon all of them together."""
        rest = line_info.the_rest
        if line_info.esc == "/":
            rest = ", ".join(rest.split())
        elif line_info.esc == ",":
            rest = ", ".join(repr(word) for word in rest.split())
        elif line_info.esc == ";":
            rest = repr(rest)
        return f"{line_info.pre}{line_info.ifun}({rest})"


class MacroHandler(PrefilterHandler):
    """Puts in the text of a macro."""

    handler_name = "macro"

    def handle(self, line_info: LineInfo) -> str:
        """Return the text."""
        macro = self.shell.user_ns[line_info.ifun]
        return "\n".join(line_info.pre + line for line in macro.value.splitlines())


class EmacsHandler(PrefilterHandler):
    """Takes a line as it is."""

    handler_name = "emacs"


class PrefilterManager(Prefilter):
    """The prefilter of a shell, with what extensions add to it.

    Args:
        shell: The shell.
    """

    def __init__(self, shell: Any) -> None:
        super().__init__(shell.user_ns, shell.magics_manager.has, shell)
        self.shell: Any = shell
        self.multi_line_specials = True
        self._transformers: list[Any] = []
        self._checkers: list[Any] = []
        self._handlers: dict[str, Any] = {}
        self._by_escape: dict[str, Any] = {}
        for kind in (PrefilterHandler, MagicHandler, AutoHandler, MacroHandler, EmacsHandler):
            kind(shell, self)

    @property
    def transformers(self) -> list[Any]:
        """What changes lines, in the order in which it does."""
        return sorted(self._transformers, key=_priority)

    @property
    def checkers(self) -> list[Any]:
        """What chooses handlers, in the order in which it is asked."""
        return sorted(self._checkers, key=_priority)

    @property
    def handlers(self) -> dict[str, Any]:
        """The handlers by name."""
        return self._handlers

    @property
    def esc_handlers(self) -> dict[str, Any]:
        """The handlers by escape character."""
        return self._by_escape

    def sort_transformers(self) -> None:
        """Do nothing: they are sorted whenever they are used."""

    sort_checkers = sort_transformers

    def register_transformer(self, transformer: Any) -> None:
        """Add a `PrefilterTransformer`."""
        if transformer not in self._transformers:
            self._transformers.append(transformer)

    def unregister_transformer(self, transformer: Any) -> None:
        """Take a transformer out."""
        if transformer in self._transformers:
            self._transformers.remove(transformer)

    def register_checker(self, checker: Any) -> None:
        """Add a `PrefilterChecker`."""
        if checker not in self._checkers:
            self._checkers.append(checker)

    def unregister_checker(self, checker: Any) -> None:
        """Take a checker out."""
        if checker in self._checkers:
            self._checkers.remove(checker)

    def register_handler(self, name: str, handler: Any, esc_strings: Any = ()) -> None:
        """Add a handler under a name, for some escape characters."""
        self._handlers[name] = handler
        self._by_escape.update(dict.fromkeys(esc_strings, handler))

    def unregister_handler(self, name: str, handler: Any, esc_strings: Any = ()) -> None:
        """Take a handler out."""
        if self._handlers.get(name) is handler:
            del self._handlers[name]
        for escape in esc_strings:
            if self._by_escape.get(escape) is handler:
                del self._by_escape[escape]

    def get_handler_by_name(self, name: str) -> Any:
        """Return the handler of a name, None if there is none."""
        return self._handlers.get(name)

    def get_handler_by_esc(self, esc_str: str) -> Any:
        """Return the handler for an escape character, None if there is none."""
        return self._by_escape.get(esc_str)

    def transform_line(self, line: str, continue_prompt: bool = False) -> str:
        """Return a line as the transformers leave it."""
        for transformer in self.transformers:
            if transformer.enabled:
                changed = transformer.transform(line, continue_prompt)
                line = line if changed is None else changed
        return line

    def find_handler(self, line_info: LineInfo) -> Any:
        """Return the handler that the checkers choose; the one that changes nothing, where they choose none."""
        return self._chosen(line_info, self.checkers) or self._handlers["normal"]

    def _chosen(self, line_info: LineInfo, checkers: list[Any]) -> Any:
        for checker in checkers:
            handler = checker.check(line_info) if checker.enabled else None
            if handler is not None:
                return handler
        return None

    def prefilter_line_info(self, line_info: LineInfo) -> str:
        """Return a line as its handler leaves it."""
        text: str = self.find_handler(line_info).handle(line_info)
        return text

    def prefilter_line(self, line: str, continue_prompt: bool = False) -> str:
        """Return a line as it runs."""
        return self.line(line)

    def prefilter_lines(self, lines: str, continue_prompt: bool = False) -> str:
        """Return lines as they run; only single ones, and the first of several, may be changed as a whole."""
        found = lines.rstrip("\n").split("\n")
        return "\n".join(self.line(each) for each in found)

    __call__ = prefilter_lines

    def line(self, line: str) -> str:
        """Return ``line`` as it is meant: by the transformers, the first checkers, the shell, the last checkers."""
        line = self.transform_line(line)
        if not self._checkers:
            return super().line(line)
        checkers = self.checkers
        info = LineInfo(line)
        early = [checker for checker in checkers if checker.priority < _FIRST]
        handler = self._chosen(info, early)
        if handler is not None:
            return str(handler.handle(info))
        changed = super().line(line)
        if changed != line:
            return changed
        handler = self._chosen(info, checkers[len(early) :])
        return line if handler is None else str(handler.handle(info))


def _priority(registered: Any) -> int:
    priority: int = registered.priority
    return priority


def manager_of(shell: Any) -> PrefilterManager:
    """Return the manager of a shell; its plain prefilter is replaced when this is first asked for."""
    if not isinstance(shell.prefilter, PrefilterManager):
        before = shell.prefilter
        manager = shell.prefilter = PrefilterManager(shell)
        manager.automagic, manager.autocall = before.automagic, before.autocall
    found: PrefilterManager = shell.prefilter
    return found
