"""Put the completer of a shell together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nuncius.kernel.complete.at_hand import is_at_hand
from nuncius.kernel.complete.custom import hook_matcher, hooks_for, priority_of
from nuncius.kernel.complete.debugger import command_matcher
from nuncius.kernel.complete.engine import Completer
from nuncius.kernel.complete.keys import key_matcher
from nuncius.kernel.complete.magics import MagicSource, magic_argument_matcher, magic_matcher
from nuncius.kernel.complete.model import CompletionContext, MatcherResult, completion_matcher
from nuncius.kernel.complete.modules import ModuleIndex, module_matcher
from nuncius.kernel.complete.names import (
    attribute_matcher,
    keyword_argument_matcher,
    name_matcher,
)
from nuncius.kernel.complete.paths import command_path_matcher, path_matcher
from nuncius.kernel.complete.static_analysis import jedi_matcher
from nuncius.kernel.complete.symbols import (
    latex_name_matcher,
    symbol_name_matcher,
    unicode_name_matcher,
)
from nuncius.kernel.extensions import BUILTIN
from nuncius.kernel.selection import Selection, selected
from nuncius.kernel.worker import Worker

if TYPE_CHECKING:
    from nuncius.kernel.api import ShellAPI

__all__ = ["completer_for", "plain_completer"]

#: Seconds after which an answer is given if anything was found.
_DEADLINE = 0.05

Namespaces = Callable[[], Sequence[Mapping[str, Any]]]


def plain_completer(
    namespaces: Namespaces,
    *,
    magics: MagicSource | None = None,
    automagic: Callable[[], bool] = lambda: False,
    config: Callable[[], Mapping[str, Sequence[str]]] = dict,
    loaded: Callable[[], Iterable[str]] = tuple,
    more: Sequence[Callable[..., Any]] = (),
    modules: ModuleIndex | None = None,
    deadline: float | None = 0.05,
    patience: float = 0.15,
    instead: Callable[[], Completer | None] = lambda: None,
    at_once: Callable[[CompletionContext], bool] | None = None,
    worker: Worker | None = None,
) -> Completer:
    """Return a completer over namespaces.

    Args:
        namespaces: Gives where names are looked up.
        magics: The registry of magics; None for code without magics.
        automagic: Tells whether magics may be called without their percent sign.
        config: Gives what ``%config`` completes: sections with the names of their options.
        loaded: Gives the names of the extensions that are loaded.
        more: Further matchers.
        modules: Knows what can be imported.
        deadline: Seconds; see `Completer`.
        patience: Seconds; see `Completer`.
        instead: Gives a completer that answers in place of this one; see `Completer`.
        at_once: See `Completer`; by default `is_at_hand`, if there is nothing more to ask.
        worker: Asks the matchers; see `Completer`.
    """
    index = modules or ModuleIndex()
    matchers = [
        latex_name_matcher,
        unicode_name_matcher,
        symbol_name_matcher,
        module_matcher(index),
        command_path_matcher,
        key_matcher,
        keyword_argument_matcher,
        attribute_matcher,
        name_matcher,
        path_matcher,
        *more,
    ]
    if magics is not None:

        def in_use(name: str) -> bool:
            return any(name in namespace for namespace in namespaces())

        def bare(name: str) -> bool:
            return automagic() and name in magics.names("line") and not in_use(name)

        def extensions(magic: str, typed: str) -> set[str]:
            now = set(loaded())
            if magic == "unload_ext":
                return now
            known = {*BUILTIN, *index.extensions(typed)}
            return known - now if magic == "load_ext" else known | now

        matchers += [
            magic_matcher(magics, in_use, automagic),
            magic_argument_matcher(magics, config, index.top_level, extensions, bare),
        ]
    return Completer(
        namespaces,
        matchers,
        deadline=deadline,
        patience=patience,
        instead=instead,
        at_once=at_once or (is_at_hand if not more else lambda context: False),
        worker=worker,
    )


def completer_for(
    shell: ShellAPI,
    *,
    timeout: float = 0.2,
    use_jedi: Callable[[], bool] = lambda: False,
    config: Callable[[], Mapping[str, Sequence[str]]] = dict,
) -> Completer:
    """Return the completer of a shell.

    Args:
        shell: Its namespaces, magics and hooks are completed.
        timeout: Seconds after which an answer is given in any case.
        use_jedi: Tells whether jedi is asked, too, where it is installed.
        config: Gives what ``%config`` completes.
    """
    any_shell: Any = shell

    def namespaces() -> Sequence[Mapping[str, Any]]:
        return (shell.user_ns, shell.user_global_ns)

    def hooks() -> Any:
        return getattr(shell.hooks, "complete_command", None)

    def at_once(context: CompletionContext) -> bool:
        asked = hooks_for(hooks(), context.text_until_cursor)
        return not asked and not use_jedi() and is_at_hand(context)

    more: list[Callable[..., Any]] = [hook_matcher(shell, hooks)]

    @completion_matcher(
        identifier="IPCompleter.jedi_matcher", priority=priority_of(jedi_matcher), api_version=2
    )
    def jedi_if_wanted(context: CompletionContext) -> MatcherResult:
        found: MatcherResult = jedi_matcher(context) if use_jedi() else MatcherResult()
        return found

    more.append(jedi_if_wanted)
    magics: Any = shell.magics_manager
    worker = Worker()
    debugging: list[Completer] = []

    def at_the_debuggers_prompt() -> Completer | None:
        if selected(shell) is None:
            return None
        if not debugging:
            debugging.append(_debugger_completer(shell, worker))
        return debugging[0]

    return plain_completer(
        namespaces,
        magics=magics,
        automagic=lambda: bool(getattr(any_shell, "automagic", False)),
        config=config,
        loaded=lambda: shell.extension_manager.loaded,
        more=more,
        deadline=min(_DEADLINE, timeout),
        patience=max(0.0, timeout - _DEADLINE),
        instead=at_the_debuggers_prompt,
        at_once=at_once,
        worker=worker,
    )


def _debugger_completer(shell: ShellAPI, worker: Worker) -> Completer:
    """Return what completes at a debugger's prompt: the frame's names, and its commands; no magics."""
    nothing = Selection({}, {}, {})

    def namespaces() -> Sequence[Mapping[str, Any]]:
        frame = selected(shell) or nothing
        return (frame.local_ns, frame.global_ns)

    commands = command_matcher(lambda: (selected(shell) or nothing).commands)
    return plain_completer(namespaces, more=[commands], worker=worker)
