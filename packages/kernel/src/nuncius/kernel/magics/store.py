"""Keep values for later sessions in the profile: bookmarks, ``%store``'s variables and aliases.

Each value is a pickle in a file of its own, so that sessions that run side by side do not overwrite what the other stored under other names. Files are replaced at once: a reader never sees half of one.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nuncius.kernel.magics.text import writing

__all__ = ["STORED_ALIASES", "STORED_FOLDERS", "STORED_VARIABLES", "Database", "database"]

#: The key under which ``%store`` keeps aliases, which ``%unalias`` takes out.
STORED_ALIASES = "stored_aliases"
#: The key of the folders that were visited, which ``%store -r`` brings back.
STORED_FOLDERS = "dhist"
#: Where ``%store`` keeps variables.
STORED_VARIABLES = "autorestore"


class Database(MutableMapping[str, Any]):
    """A folder of pickles, as a mapping; keys may have slashes.

    Args:
        folder: Made when something is first stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not key or any(part in ("", ".", "..") or os.sep in part for part in parts):
            raise KeyError(key)
        return self.folder.joinpath(*parts)

    def __getitem__(self, key: str) -> Any:
        try:
            data = self._path(key).read_bytes()
        except OSError:
            raise KeyError(key) from None
        return pickle.loads(data)

    def __setitem__(self, key: str, value: Any) -> None:
        path = self._path(key)
        data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        with writing(f"{key} cannot be kept", path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            scratch = path.with_name(f".{path.name}.{os.getpid()}")
            scratch.write_bytes(data)
            scratch.replace(path)

    def __delitem__(self, key: str) -> None:
        try:
            self._path(key).unlink()
        except OSError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(self.folder).as_posix()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def keys(self, globpat: str | None = None) -> list[str]:  # type: ignore[override]
        """Return the keys; those only that match a glob, if one is given, as extensions ask for them."""
        if globpat is None:
            return list(self)
        from fnmatch import fnmatchcase

        return [key for key in self if fnmatchcase(key, globpat)]

    def under(self, prefix: str) -> dict[str, Path]:
        """Return the files below ``prefix/``, by the rest of their keys."""
        folder = self._path(prefix)
        with suppress(OSError):
            return {p.name: p for p in sorted(folder.iterdir()) if p.name[0] != "."}
        return {}


def database(shell: Any) -> Database:
    """Return the database of the shell's profile."""
    return Database(_folder(shell) / "db")


def _folder(shell: Any) -> Path:
    profile = shell.profile_dir
    if profile is None:
        from nuncius.protocol.app.profile import find_profile

        profile = find_profile("default")
    return Path(getattr(profile, "folder", None) or getattr(profile, "location", None) or profile)
