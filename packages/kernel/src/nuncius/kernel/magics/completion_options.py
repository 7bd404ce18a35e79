"""Change how completion works while the shell runs: ``%config IPCompleter.greedy = True``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nuncius.protocol.values import Value

__all__ = ["COMPLETION", "CompletionOption"]


class CompletionOption(Value):
    """One option of completion.

    Attributes:
        help: What it does.
        get: Returns its value, given the shell.
        set: Changes it, given the shell and the value.
    """

    help: str
    get: Callable[[Any], Any]
    set: Callable[[Any, Any], None]


def _of_shell(
    name: str, scale: float = 1
) -> tuple[Callable[[Any], Any], Callable[[Any, Any], None]]:
    def get(shell: Any) -> Any:
        value = getattr(shell.options, name)
        return value if scale == 1 else round(value * scale)

    def change(shell: Any, value: Any) -> None:
        shell.set_option(name, value if scale == 1 else _number(value) / scale)

    return get, change


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, got {value!r}")
    return value


def _set_policy(shell: Any, value: Any) -> None:
    from nuncius.kernel.guarded import POLICIES

    if value not in POLICIES:
        raise ValueError(f"expected one of {', '.join(POLICIES)}, got {value!r}")
    shell.completer.policy = value


def _set_greedy(shell: Any, value: Any) -> None:
    shell.completer.policy = "unsafe" if value else "limited"


def _set_hidden(shell: Any, value: Any) -> None:
    if value not in (0, 1, 2):
        raise ValueError(f"expected 0, 1 or 2, got {value!r}")
    shell.completer.hide = int(value)


def _set_disabled(shell: Any, value: Any) -> None:
    if isinstance(value, str) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"expected a list of identifiers of matchers, got {value!r}")
    shell.completer.disabled = set(value)


#: The options of IPython's completer that have a meaning here.
COMPLETION: Mapping[str, CompletionOption] = {
    "use_jedi": CompletionOption(
        "Ask jedi for completions too, where it is installed.", *_of_shell("use_jedi")
    ),
    "jedi_compute_type_timeout": CompletionOption(
        "Milliseconds after which completion returns what it has found.",
        *_of_shell("completion_timeout", 1000),
    ),
    "evaluation": CompletionOption(
        "How far expressions are evaluated: forbidden, minimal, limited, unsafe or dangerous.",
        lambda shell: shell.completer.policy,
        _set_policy,
    ),
    "greedy": CompletionOption(
        "Evaluate expressions with code of yours, as evaluation = 'unsafe' does.",
        lambda shell: shell.completer.policy in ("unsafe", "dangerous"),
        _set_greedy,
    ),
    "omit__names": CompletionOption(
        "Names that are left out while no underscore is typed: 0 none, 1 __names__, 2 all that begin with one.",
        lambda shell: shell.completer.hide,
        _set_hidden,
    ),
    "disable_matchers": CompletionOption(
        "Identifiers of matchers that are not asked.",
        lambda shell: sorted(shell.completer.disabled),
        _set_disabled,
    ),
}
