"""Let extensions replace what the shell does at certain points: hooks, tried in order of their priority.

A hook that raises `TryNext` passes on to the next one. Completion hooks belong to a command: a text, or a regular expression on the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from nuncius.kernel.errors import TryNext

__all__ = ["HOOKS", "CommandChain", "Hooks", "StrDispatch"]

#: Names of hooks that are known from the start.
HOOKS = ("editor", "synchronize_with_editor", "show_in_pager", "clipboard_get", "pre_prompt_hook")

Hook = Callable[..., Any]


class CommandChain:
    """Hooks of one name; calling it calls them until one does not raise `TryNext`."""

    def __init__(self) -> None:
        self.chain: list[tuple[int, Hook]] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the first hook that takes the call returns.

        Raises:
            TryNext: None takes it.
        """
        for _, hook in self.chain:
            try:
                return hook(*args, **kwargs)
            except TryNext as passed:
                if passed.args or passed.kwargs:
                    args, kwargs = passed.args, passed.kwargs
        raise TryNext(*args)

    def add(self, hook: Hook, priority: int = 0) -> None:
        """Add a hook; the lowest priority is tried first."""
        self.chain.append((priority, hook))
        self.chain.sort(key=lambda entry: entry[0])

    def __iter__(self) -> Iterator[tuple[int, Hook]]:
        return iter(self.chain)


class StrDispatch:
    """Hooks by the command that they are for."""

    def __init__(self) -> None:
        self.strs: dict[str, CommandChain] = {}
        self.regexs: list[tuple[re.Pattern[str], Hook]] = []

    def add_s(self, text: str, hook: Hook, priority: int = 0) -> None:
        """Add a hook for lines whose first word is ``text``."""
        self.strs.setdefault(text, CommandChain()).add(hook, priority)

    def add_re(self, pattern: str, hook: Hook, priority: int = 0) -> None:
        """Add a hook for lines that match ``pattern``."""
        self.regexs.append((re.compile(pattern), hook))

    def dispatch(self, key: str) -> Iterator[CommandChain | Hook]:
        """Yield what is registered for the word ``key``."""
        if key in self.strs:
            yield self.strs[key]
        for pattern, hook in self.regexs:
            if pattern.match(key):
                yield hook

    s_matches = dispatch

    def flat_matches(self, key: str) -> Iterator[Hook]:
        """Yield the single hooks for ``key``."""
        for found in self.dispatch(key):
            if isinstance(found, CommandChain):
                for _, hook in found:
                    yield hook
            else:
                yield found


class Hooks:
    """The hooks of a shell, each an attribute."""

    def __init__(self) -> None:
        self.complete_command = StrDispatch()
        self.editor = CommandChain()
        self.synchronize_with_editor = CommandChain()
        self.show_in_pager = CommandChain()
        self.clipboard_get = CommandChain()
        self.pre_prompt_hook = CommandChain()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"there is no hook {name!r}; there are {', '.join(sorted(vars(self)))}"
        )

    def set(
        self,
        name: str,
        hook: Hook,
        priority: int = 50,
        str_key: str | None = None,
        re_key: str | None = None,
    ) -> None:
        """Add a hook.

        Args:
            name: Such as ``complete_command`` or ``editor``.
            hook: The function.
            priority: The lowest is tried first.
            str_key: For hooks of commands: the first word of the line.
            re_key: For hooks of commands: a regular expression.
        """
        chain = vars(self).setdefault(name, CommandChain())
        if isinstance(chain, StrDispatch):
            if str_key is not None:
                chain.add_s(str_key, hook, priority)
            elif re_key is not None:
                chain.add_re(re_key, hook, priority)
            else:
                raise ValueError(f"the hook {name!r} needs a str_key or a re_key")
        else:
            chain.add(hook, priority)
