"""Prompts of one's own: chosen in a cell, made by the kernel's side for each cell, shown by the shell.

What the shell shows is told in the payload of each reply, so that it is the same for a kernel in this process and for one elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nuncius.terminal.prompts import Prompts, Styled, plain
from nuncius.terminal.teaching import SOURCE

__all__ = ["COMMAND", "GivenPrompts", "described", "given", "use_prompts"]

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
    before = getattr(shell, _HOOK, None)
    if before is not None:
        shell.events.unregister("post_run_cell", before)

    def tell(result: Any) -> None:
        number = (result.execution_count or 0) + 1
        shown = described(prompts or Prompts(), number)
        payload = {"source": SOURCE, "command": COMMAND, "argument": json.dumps(shown)}
        shell.payload_manager.write_payload(payload, single=False)

    shell.events.register("post_run_cell", tell)
    setattr(shell, _HOOK, tell)


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
    return [(_STYLES.get(str(piece[0]), ""), str(piece[1])) for piece in pieces]


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
