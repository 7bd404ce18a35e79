"""Call system commands by short names: ``%alias show cat`` makes ``%show file`` run ``cat file``."""

from __future__ import annotations

import re
import sys
from typing import Any

from nuncius.kernel import saying
from nuncius.kernel.errors import InvalidAlias

__all__ = ["Alias", "AliasManager", "default_aliases"]

#: An argument, or a percent sign, as in IPython: ``100%% %s``.
_PERCENT = re.compile(r"(%%|%s)")


def default_aliases() -> list[tuple[str, str]]:
    """Return the aliases that each session begins with."""
    if sys.platform == "win32":
        return [
            ("ls", "dir /on"),
            ("ddir", "dir /ad /on"),
            ("ldir", "dir /ad /on"),
            ("mkdir", "mkdir"),
            ("rmdir", "rmdir"),
            ("echo", "echo"),
            ("ren", "ren"),
            ("copy", "copy"),
        ]
    ls = "ls -F -G" if sys.platform == "darwin" or "bsd" in sys.platform else "ls -F --color"
    return [
        ("mkdir", "mkdir"),
        ("rmdir", "rmdir"),
        ("mv", "mv"),
        ("rm", "rm"),
        ("cp", "cp"),
        ("cat", "cat"),
        ("ls", ls),
        ("ll", f"{ls} -l"),
        ("lf", f"{ls} -l %l | grep ^-"),
        ("lk", f"{ls} -l %l | grep ^l"),
        ("ldir", f"{ls} -l %l | grep /$"),
        ("lx", f"{ls} -l %l | grep ^-..x"),
    ]


class Alias:
    """A command under a short name; it is a line magic.

    Attributes:
        name: The short name.
        cmd: The command; ``%s`` stands for one argument each, ``%l`` for the whole line.
        nargs: How many arguments it takes.
    """

    #: Names that cannot be aliases.
    blacklist = frozenset({"cd", "popd", "pushd", "dhist", "alias", "unalias"})

    def __init__(self, shell: Any, name: str, cmd: str) -> None:
        self.shell = shell
        self.name = name
        self.cmd = cmd
        self.__doc__ = f"Alias for `!{cmd}`"
        self.nargs = self._validate()

    def _validate(self) -> int:
        if self.name in self.blacklist:
            raise InvalidAlias(f"{self.name!r} cannot be an alias: it is a magic of its own")
        magic = self.shell.magics_manager.magics["line"].get(self.name)
        ready_made = self.shell.magics_manager.ready_made(self.name)
        if ready_made or (magic is not None and not isinstance(magic, Alias)):
            raise InvalidAlias(f"{self.name!r} cannot be an alias: there is a magic of this name")
        if not isinstance(self.cmd, str):
            raise InvalidAlias(f"expected the command of an alias as text, got {self.cmd!r}")
        count = _PERCENT.findall(self.cmd).count("%s")
        if count and "%l" in self.cmd:
            raise InvalidAlias("an alias has either %s or %l, not both")
        return count

    def __repr__(self) -> str:
        return f"<alias {self.name} for {self.cmd!r}>"

    def __call__(self, rest: str = "") -> None:
        """Run the command."""
        self.shell.system(self.expand(rest))

    def expand(self, rest: str) -> str:
        """Return the command with its arguments.

        Raises:
            UsageError: There are too few arguments.
        """
        cmd = self.cmd
        if "%l" in cmd:
            return cmd.replace("%l", rest)
        if self.nargs == 0:
            return f"{cmd.replace('%%s', '%s')} {rest}".rstrip()
        parts = _PERCENT.split(cmd)
        arguments = rest.split(None, self.nargs)
        if len(arguments) < self.nargs:
            from nuncius.kernel.errors import UsageError

            raise UsageError(
                f"Alias <{self.name}> requires {self.nargs} arguments, {len(arguments)} given."
            )
        given = iter(arguments)
        cmd = "".join(
            next(given) if part == "%s" else "%" if part == "%%" else part for part in parts
        )
        return " ".join([cmd, *given])


class AliasManager:
    """The aliases of one shell; they live among its line magics."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        for name, cmd in default_aliases():
            self.soft_define_alias(name, cmd)

    @property
    def aliases(self) -> list[tuple[str, str]]:
        """The aliases: name and command."""
        line = self.shell.magics_manager.magics["line"]
        return [(name, alias.cmd) for name, alias in line.items() if isinstance(alias, Alias)]

    def define_alias(self, name: str, cmd: str) -> None:
        """Add an alias.

        Raises:
            InvalidAlias: The name or the command will not do.
        """
        self.shell.magics_manager.register_function(Alias(self.shell, name, cmd), "line", name)

    def soft_define_alias(self, name: str, cmd: str) -> None:
        """Add an alias, if it can be one."""
        try:
            self.define_alias(name, cmd)
        except InvalidAlias as error:
            saying.complain(f"Invalid alias: {error}\n")

    def is_alias(self, name: str) -> bool:
        """Tell whether ``name`` is an alias."""
        return self.get_alias(name) is not None

    def get_alias(self, name: str) -> Alias | None:
        """Return an alias."""
        found = self.shell.magics_manager.magics["line"].get(name)
        return found if isinstance(found, Alias) else None

    def undefine_alias(self, name: str) -> None:
        """Remove an alias.

        Raises:
            ValueError: There is none of that name.
        """
        if not self.is_alias(name):
            raise ValueError(f"{name!r} is not an alias")
        del self.shell.magics_manager.magics["line"][name]

    def clear_aliases(self) -> None:
        """Remove all aliases."""
        for name, _ in self.aliases:
            self.undefine_alias(name)

    def retrieve_alias(self, name: str) -> str:
        """Return the command of an alias.

        Raises:
            ValueError: There is none of that name.
        """
        alias = self.get_alias(name)
        if alias is None:
            raise ValueError(f"{name!r} is not an alias")
        return alias.cmd
