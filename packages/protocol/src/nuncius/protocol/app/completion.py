"""The command ``nuncius completion``: completion of the `nuncius` command in bash, zsh and fish.

The scripts ask ``nuncius completion words -- ...`` what may come next, so that they need no change when a package brings a command or an option.
"""

from __future__ import annotations

from collections.abc import Sequence

from nuncius.protocol.app.program import Group, Parsed, Program
from nuncius.protocol.errors import OptionError

__all__ = ["candidates", "command", "script"]

_BASH = """\
_nuncius() {
    local IFS=$'\\n'
    COMPREPLY=($(compgen -W "$(nuncius completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _nuncius nuncius
"""

_ZSH = """\
#compdef nuncius
_nuncius() {
    local -a found
    found=("${(@f)$(nuncius completion words -- "${(@)words[2,$CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[*]}" ]]; then
        compadd -Q -- "${found[@]}"
    else
        _files
    fi
}
compdef _nuncius nuncius
"""

_FISH = """\
function __nuncius_words
    set -l words (commandline -opc) (commandline -ct)
    nuncius completion words -- $words[2..-1] 2>/dev/null
end
complete -c nuncius -a '(__nuncius_words)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
_DESCRIPTION = """\
bash:  eval "$(nuncius completion bash)"      in ~/.bashrc
zsh:   eval "$(nuncius completion zsh)"       in ~/.zshrc, after compinit
fish:  nuncius completion fish | source       in ~/.config/fish/config.fish"""


def script(shell: str) -> str:
    """Return what makes a shell complete `nuncius` commands.

    Raises:
        OptionError: The shell is none of bash, zsh and fish.
    """
    try:
        return _SCRIPTS[shell]
    except KeyError:
        raise OptionError(
            f"there is no completion for {shell!r} (there is: {', '.join(_SCRIPTS)})"
        ) from None


def candidates(words: Sequence[str]) -> list[str]:
    """Return what may stand in the place of the last of ``words``; nothing where a file may.

    Args:
        words: What was typed after ``nuncius``; the last one is unfinished, possibly empty.
    """
    from nuncius.protocol.entrypoints import entry_points

    commands = entry_points("nuncius.commands")
    *before, unfinished = words or [""]
    if not before:
        names = [*commands, "--help", "--version"]
    elif before[0] in commands:
        names = _of_command(commands[before[0]].load(), before[1:], unfinished)
    else:
        names = []
    return sorted(name for name in names if name.startswith(unfinished))


def _of_command(command: object, before: Sequence[str], unfinished: str) -> list[str]:
    if isinstance(command, Group):
        if not before:
            return [*command.verbs, "--help"]
        following = command.verbs.get(before[0])
        return _of_command(following, before[1:], unfinished) if following else []
    if not isinstance(command, Program) or not unfinished.startswith("-"):
        return []
    if "." in unfinished or (unfinished.startswith("--") and unfinished[2:3].isupper()):
        from nuncius.protocol.app.options import describe

        return [f"--{item.key}=" for cls in command.all_options for item in describe(cls)]
    names = [*command.all_aliases, *command.all_flags]
    dashed = [f"-{name}" if len(name) == 1 else f"--{name}" for name in names]
    return [*dashed, "--help", "--help-all"]


def _run(parsed: Parsed) -> int:
    if parsed.arguments == ("words",):
        print("\n".join(candidates(parsed.extra or ())))  # noqa: T201
        return 0
    print(script(parsed.arguments[0]), end="")  # noqa: T201
    return 0


command = Program(
    name="completion",
    summary="Print what makes your shell complete nuncius commands.",
    run=_run,
    arguments="bash|zsh|fish",
    count=(1, 1),
    description=_DESCRIPTION,
)
