"""Use the operating system: environment variables, aliases of commands, commands and their output."""

from __future__ import annotations

import os
import sys
from typing import Any

from nuncius.kernel.errors import InvalidAlias, UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)
from nuncius.kernel.magics.store import STORED_ALIASES, database
from nuncius.kernel.magics.text import say

__all__ = ["OSMagics", "define_aliases"]

_SECRETS = ("key", "token", "secret", "password", "passwd")


def define_aliases(shell: Any) -> None:
    """Define the aliases that each session begins with."""
    assert shell.alias_manager is not None


def _masked(name: str, value: str) -> str:
    return "<hidden>" if any(word in name.lower() for word in _SECRETS) else value


@magics_class
class OSMagics(Magics):
    """The environment, aliases, and commands of the operating system."""

    # -- the environment ---------------------------------------------------------------------------

    @line_magic
    def env(self, parameter_s: str = "") -> Any:
        """Show or set environment variables; without an argument, those that look like secrets are hidden.

        ::

            %env                return all of them
            %env NAME           return one
            %env NAME=VALUE     set one
            %env NAME VALUE     the same
            %env NAME=$variable set one to the value of a Python variable
        """
        text = parameter_s.strip()
        if not text:
            return {name: _masked(name, value) for name, value in os.environ.items()}
        if "=" in text or len(text.split()) > 1:
            self._set(text, "env")
            return None
        if text not in os.environ:
            raise UsageError(f"Environment does not have key: {text}")
        return os.environ[text]

    @line_magic
    def set_env(self, parameter_s: str) -> None:
        """Set an environment variable: ``%set_env NAME=VALUE`` or ``%set_env NAME VALUE``."""
        self._set(parameter_s, "set_env")

    def _set(self, text: str, magic: str) -> None:
        # a space ends the name as well, unless the equals sign follows it: NAME x=y sets x=y
        first, _, others = text.strip().partition(" ")
        equals = "=" in first or others.lstrip().startswith("=")
        name, found, value = text.strip().partition("=" if equals else " ")
        name, value = name.strip(), value.strip()
        if not found or not name:
            raise UsageError(f"%{magic}: expected NAME=VALUE or NAME VALUE")
        if any(character.isspace() for character in name):
            raise UsageError(f"%{magic}: refusing to set env var with whitespace: {name!r}")
        os.environ[name] = value
        say(f"env: {name}={_masked(name, value)}")

    # -- aliases ---------------------------------------------------------------------------------------

    @line_magic
    def alias(self, parameter_s: str = "") -> Any:
        """Define an alias for a command of the operating system; without an argument, return all aliases.

        ``%s`` in the command stands for one argument each, ``%l`` for the whole line; without either, the line follows the command.

        ::

            %alias show cat
            %alias parts echo first %s second %s
            %alias bracket echo "Input in brackets: <%l>"
        """
        name, _, cmd = parameter_s.strip().partition(" ")
        manager = self.shell.alias_manager
        if not name:
            aliases = sorted(manager.aliases)
            say(f"Total number of aliases: {len(aliases)}")
            return aliases
        if not cmd.strip():
            raise UsageError("%alias: expected NAME COMMAND")
        try:
            manager.define_alias(name, cmd.strip())
        except InvalidAlias as error:
            raise UsageError(f"%alias: {error}") from None
        return None

    @line_magic
    def unalias(self, parameter_s: str = "") -> None:
        """Remove an alias, also from those that `%store` keeps."""
        name = parameter_s.strip()
        try:
            self.shell.alias_manager.undefine_alias(name)
        except ValueError as error:
            raise UsageError(f"%unalias: {error}") from None
        store = database(self.shell)
        stored = dict(store.get(STORED_ALIASES, {}))
        if stored.pop(name, None) is not None:
            store[STORED_ALIASES] = stored
            say(f"Removing %stored alias {name}")

    @line_magic
    def rehashx(self, parameter_s: str = "") -> None:
        """Make an alias of every command in ``PATH``, so that they run without an exclamation mark."""
        manager = self.shell.alias_manager
        for folder in os.get_exec_path():
            try:
                with os.scandir(folder) as entries:
                    commands = [entry.name for entry in entries if _runs(entry)]
            except OSError:
                continue
            for command in commands:
                name = _alias_name(command)
                if (
                    name
                    and not manager.is_alias(name)
                    and not self.shell.magics_manager.ready_made(name)
                ):
                    try:
                        manager.define_alias(name, command)
                    except InvalidAlias:
                        continue

    # -- commands ------------------------------------------------------------------------------------

    @no_var_expand
    @line_cell_magic("!")
    @line_cell_magic("system")
    @line_cell_magic
    def sx(self, line: str = "", cell: str | None = None) -> Any:
        """Run a command, and return its output as a list of lines; ``!!command`` does this.

        The list also has the output as ``.s`` (separated by spaces), ``.n`` (by new lines) and ``.p`` (as paths), and the methods ``grep``, ``fields`` and ``sort``.
        With ``%%sx``, each line of the cell is run.
        """
        if cell is None:
            return self.shell.getoutput(line, depth=1)
        commands = [line, *cell.splitlines()] if line.strip() else cell.splitlines()
        from nuncius.kernel.slist import SList

        lines = SList()
        for command in filter(str.strip, commands):
            lines.extend(self.shell.getoutput(command, depth=1))
        return lines

    @no_var_expand
    @line_magic
    @options(
        Flag("l", "Keep the output as a list of lines."),
        Flag("v", "Show the output as well."),
    )
    def sc(self, opts: Opts, rest: str) -> Any:
        """Run a command, and keep its output in a variable; ``x = !command`` does this more simply.

        ::

            %sc -l files=ls *.py
        """
        name, equals, command = rest.partition("=")
        if not equals:
            raise UsageError("%sc: expected VARIABLE=COMMAND")
        output = self.shell.getoutput(command.strip(), split="l" in opts, depth=1)
        if "v" in opts:
            say("==")
            from nuncius.kernel.display.pretty import pretty

            say(pretty(output))
        if not name.strip():
            return output
        self.shell.user_ns[name.strip()] = output
        return None


def _runs(entry: os.DirEntry[str]) -> bool:
    try:
        if not entry.is_file():
            return False
    except OSError:
        return False
    if sys.platform == "win32":
        return entry.name.lower().endswith((".exe", ".com", ".bat"))
    return os.access(entry.path, os.X_OK)


def _alias_name(command: str) -> str:
    if sys.platform == "win32":
        return command.rpartition(".")[0].lower().replace(".", "")
    return command.replace(".", "")
