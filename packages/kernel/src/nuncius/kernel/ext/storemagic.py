"""Keep variables, macros and aliases for later sessions: ``%store``."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path
from types import FunctionType
from typing import Any

from nuncius.kernel.alias import Alias
from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options, split_words
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.store import STORED_ALIASES, STORED_FOLDERS, STORED_VARIABLES, database
from nuncius.kernel.magics.text import say, warn, writing

__all__ = ["StoreMagics", "load_ipython_extension"]


@magics_class
class StoreMagics(Magics):
    """Variables that outlive the session."""

    autorestore = False

    @line_magic
    @options(
        Flag("d", "Forget these variables."),
        Flag("r", "Bring these variables back; all of them, if none is named."),
        Flag("z", "Forget all variables."),
    )
    def store(self, opts: Opts, rest: str) -> None:
        """Keep variables, macros and aliases in the profile, for later sessions.

        ::

            %store                   what is kept
            %store a b               keep the variables a and b
            %store a > file.txt      write a variable to a file; >> appends
            %store -r                bring everything back
            %store -r a b            bring a and b back
            %store -d a              forget a
            %store -z                forget everything
        """
        words = split_words(rest)
        if "d" in opts:
            self._forget(words)
        elif "z" in opts:
            for name in self._kept():
                del database(self.shell)[f"{STORED_VARIABLES}/{name}"]
            say("All stored variables were removed.")
        elif "r" in opts:
            self.restore(words)
        elif not words:
            self._list()
        elif any(word.startswith(">") for word in words[1:]):
            self._to_file(rest)
        else:
            for name in words:
                self._keep(name)

    def _kept(self) -> list[str]:
        return sorted(database(self.shell).under(STORED_VARIABLES))

    def _forget(self, names: list[str]) -> None:
        if not names:
            raise UsageError("%store -d: you must provide the variable to forget")
        store = database(self.shell)
        for name in names:
            try:
                del store[f"{STORED_VARIABLES}/{name}"]
            except KeyError:
                raise UsageError(f"%store -d: there is no stored variable {name!r}") from None

    def restore(self, names: list[str]) -> None:
        """Bring variables back; all of them, the aliases and the folders of `%dhist`, if none is named."""
        store = database(self.shell)
        aliases = dict(store.get(STORED_ALIASES, {}))
        for name in names or self._kept():
            if name in aliases:
                self.shell.alias_manager.define_alias(name, aliases[name])
                continue
            try:
                self.shell.user_ns[name] = store[f"{STORED_VARIABLES}/{name}"]
            except KeyError:
                warn(f"no stored variable or alias {name}")
            except Exception as error:  # noqa: BLE001 - its class may be gone, or raise anything
                warn(
                    f"Unable to restore variable '{name}', ignoring (use %store -d to forget!): {error}"
                )
        if not names:
            for name, command in aliases.items():
                self.shell.alias_manager.define_alias(name, command)
            visited = self.shell.namespace.directories
            visited[:0] = [each for each in store.get(STORED_FOLDERS, ()) if each not in visited]

    def _list(self) -> None:
        store = database(self.shell)
        names = self._kept()
        width = max(map(len, names), default=0)
        say("Stored variables and their in-db values:")
        for name in names:
            try:
                text = repr(store[f"{STORED_VARIABLES}/{name}"])[:50]
            except Exception:  # noqa: BLE001 - its class may be gone, or raise anything
                text = "<unavailable>"
            say(f"{name:<{width}} -> {text}")

    def _keep(self, name: str) -> None:
        store = database(self.shell)
        if name not in self.shell.user_ns:
            found = self.shell.find_line_magic(name)
            if not isinstance(found, Alias):
                raise UsageError(f"Unknown variable '{name}'")
            store[STORED_ALIASES] = {**store.get(STORED_ALIASES, {}), name: found.cmd}
            say(f"Alias stored: {name} ({found.cmd})")
            return
        value = self.shell.user_ns[name]
        if _is_of_cells(value):
            warn(
                f"Proper storage of interactively declared classes (or instances of those classes) and functions is not possible! "
                f"Only what is defined in real modules on file system can be %store'd; '{name}' was not stored."
            )
            return
        try:
            store[f"{STORED_VARIABLES}/{name}"] = value
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise UsageError(f"%store: {name} cannot be stored: {error}") from None
        say(f"Stored '{name}' ({type(value).__name__})")

    def _to_file(self, rest: str) -> None:
        name, _, target = rest.partition(">")
        append = target.startswith(">")
        name, path = name.strip(), Path(target.lstrip(">").strip()).expanduser()
        try:
            value = self.shell.ev(name)
        except Exception as error:  # noqa: BLE001 - it may be any expression
            raise UsageError(f"%store: {name!r} is no variable: {error}") from None
        text = value if isinstance(value, str) else _text(value)
        opener: Any = gzip.open if path.suffix == ".gz" else open
        with (
            writing("%store", path),
            opener(path, "at" if append else "wt", encoding="utf-8") as file,
        ):
            file.write(text if text.endswith("\n") else f"{text}\n")
        say(f"Writing '{name}' ({type(value).__name__}) to file '{path}'.")


def _is_of_cells(value: Any) -> bool:
    """Tell whether a value is defined by cells, or an instance of what is: another session knows nothing of it."""
    defined = value if isinstance(value, type | FunctionType) else type(value)
    return getattr(defined, "__module__", "") == "__main__"


def _text(value: Any) -> str:
    from nuncius.kernel.display.pretty import pretty

    return pretty(value)


def load_ipython_extension(ip: Any) -> None:
    """Add `%store`."""
    ip.register_magics(StoreMagics)
