"""Prompts of one's own: chosen in a cell, made by the kernel's side for each cell, shown by the shell.

What the shell shows is told in the payload of each reply, so that it is the same for a kernel in this process and for one elsewhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nuncius.terminal.prompts import Prompts, Styled, plain
from nuncius.terminal.teaching import SOURCE

__all__ = ["COMMAND", "Chosen", "GivenPrompts", "LivePrompts", "described", "given", "use_prompts"]

#: Of the payloads.
COMMAND = "prompts"

_HOOK = "_nuncius_prompts"

#: The styles of IPython's tokens.
_STYLES = {
    "Token.Prompt": "class:prompt",
    "Token.PromptNum": "class:prompt.number",
    "Token.OutPrompt": "class:out",
    "Token.OutPromptNum": "class:out.number",
}


def use_prompts(prompts: Any = None) -> None:
    """Have the shell show these prompts from the next cell on; call it in a cell or in a startup file.

    Args:
        prompts: A `Prompts` with methods of your own, or an object with the methods of IPython's prompts. They are asked anew after each cell. None for the usual ones.

    Raises:
        RuntimeError: This is no cell of a shell.
    """
    import builtins

    shell = getattr(builtins, "get_ipython", lambda: None)()
    if shell is None:
        raise RuntimeError("use_prompts() is called in a cell of the shell, and here is none")
    _forget(shell)

    def tell(result: Any) -> None:
        number = (result.execution_count or 0) + 1
        shown = described(prompts or Prompts(), number)
        payload = {"source": SOURCE, "command": COMMAND, "argument": json.dumps(shown)}
        shell.payload_manager.write_payload(payload, single=False)

    shell.events.register("post_run_cell", tell)
    setattr(shell, _HOOK, tell)


def _forget(shell: Any) -> None:
    """Undo `use_prompts`."""
    before = getattr(shell, _HOOK, None)
    if before is not None:
        shell.events.unregister("post_run_cell", before)
        setattr(shell, _HOOK, None)


class Chosen:
    """The prompts that a shell in this process has been given: ``get_ipython().prompts = ...``, as IPython has it.

    Args:
        shell: The shell; where it is none of Python's nothing is ever chosen.
        show: Shows other prompts; None for the usual ones.
    """

    def __init__(self, shell: Any, show: Callable[[Prompts | None], None]) -> None:
        self._shell = shell
        self._show = show
        self._shown: Any = None

    def configured(self) -> None:
        """Choose what the configuration wants: ``c.TerminalInteractiveShell.prompts_class``, a class or the name of one."""
        section = getattr(self._shell, "sections", {}).get("TerminalInteractiveShell", {})
        kind = section.get("prompts_class")
        if kind is None or getattr(self._shell, "chosen_prompts", None) is not None:
            return
        try:
            kind = _imported(kind) if isinstance(kind, str) else kind
            self._shell.prompts = kind() if issubclass(kind, Prompts) else kind(self._shell)
        except Exception as error:  # noqa: BLE001 - a person's own class may raise anything
            sys.stderr.write(f"The prompts of the configuration cannot be used: {error}\n")

    def look(self) -> None:
        """Show what was chosen since the last time."""
        chosen = getattr(self._shell, "chosen_prompts", None)
        if chosen is self._shown:
            return
        self._shown = chosen
        _forget(self._shell)
        self._show(None if chosen is None else LivePrompts(chosen))


def _imported(name: str) -> Any:
    from importlib import import_module

    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def described(prompts: Any, number: int) -> dict[str, Styled]:
    """Return what prompts show, in plain values.

    Args:
        prompts: Ours, or IPython's.
        number: Of the next cell.
    """
    if hasattr(prompts, "in_prompt_tokens"):
        first = _styled(prompts.in_prompt_tokens())
        rest = _styled(prompts.continuation_prompt_tokens(len(plain(first))))
        return {"input": first, "continuation": rest, "output": _styled(prompts.out_prompt_tokens())}  # fmt: skip
    first = prompts.input(number)
    rest = prompts.continuation(len(plain(first)))
    return {"input": first, "continuation": rest, "output": prompts.output(number)}


def _styled(pieces: Sequence[Sequence[Any]]) -> Styled:
    return [(_style(str(piece[0])), str(piece[1])) for piece in pieces]


def _style(token: str) -> str:
    """Return the style of a token of Pygments."""
    known = _STYLES.get(token)
    return token.lower().replace("token", "class:pygments", 1) if known is None else known


def given(text: str, *, marks: bool = False) -> GivenPrompts | None:
    """Return the prompts that a payload tells of; None if it tells of none.

    Args:
        text: What `described` returned, as JSON.
        marks: See `Prompts`.
    """
    try:
        said = json.loads(text)
        return GivenPrompts(
            {name: [(str(style), str(shown)) for style, shown in said[name]] for name in _NAMES},
            marks=marks,
        )
    except (ValueError, TypeError, KeyError):
        return None


_NAMES = ("input", "continuation", "output")


class GivenPrompts(Prompts):
    """Prompts that somebody else has made; only the number is ours.

    Args:
        said: What `described` returned.
        marks: See `Prompts`.
    """

    def __init__(self, said: Mapping[str, Styled], *, marks: bool = False) -> None:
        super().__init__(marks=marks)
        self._said = said

    def input(self, number: int) -> Styled:
        """Return what stands before the first line of input."""
        return self._marked(_numbered(self._said["input"], number))

    def continuation(self, width: int) -> Styled:
        """Return what stands before the next lines of input."""
        return list(self._said["continuation"])

    def output(self, number: int) -> Styled:
        """Return what stands before a result."""
        return _numbered(self._said["output"], number)


def _numbered(styled: Styled, number: int) -> Styled:
    """Return prompts with the number that the cell has: another frontend may have run one meanwhile."""
    return [
        (style, str(number) if style.endswith(".number") and text.isdecimal() else text)
        for style, text in styled
    ]


class LivePrompts(Prompts):
    """Prompts of a shell in this process, asked whenever they are drawn.

    Args:
        chosen: Ours, or IPython's.
    """

    def __init__(self, chosen: Any) -> None:
        super().__init__()
        self._chosen = chosen

    def input(self, number: int) -> Styled:
        """Return what stands before the first line of input."""
        return self._marked(self._asked("input", number, number))

    def continuation(self, width: int) -> Styled:
        """Return what stands before the next lines of input."""
        return self._asked("continuation", None, width)

    def output(self, number: int) -> Styled:
        """Return what stands before a result."""
        return self._asked("output", number, number)

    def _asked(self, name: str, number: int | None, argument: int) -> Styled:
        """Return what they say; the usual prompt where they raise an error: a person has to be able to type."""
        try:
            theirs = getattr(self._chosen, _THEIRS[name], None)
            if theirs is None:
                own: Styled = getattr(self._chosen, name)(argument)
                return own
            said = _styled(theirs(argument) if name == "continuation" else theirs())
        except Exception:  # noqa: BLE001 - a person's own class may raise anything
            usual: Styled = getattr(Prompts(), name)(argument)
            return usual
        return said if number is None else _numbered(said, number)


#: What the methods are called in IPython's prompts.
_THEIRS = {
    "input": "in_prompt_tokens",
    "continuation": "continuation_prompt_tokens",
    "output": "out_prompt_tokens",
}
