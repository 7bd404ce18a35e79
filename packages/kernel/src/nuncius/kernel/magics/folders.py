"""Go from folder to folder, and come back: ``%cd``, ``%pushd``, ``%bookmark``."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, declares, options, parse, split_words
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.store import STORED_FOLDERS, database
from nuncius.kernel.magics.text import say

__all__ = ["FolderMagics"]

#: So many of the folders that were visited are kept for later sessions.
_KEPT = 100
_CD = (
    Flag("q", "Say nothing: do not print the new folder."),
    Flag("b", "Go to a bookmark, even if there is a folder of its name."),
)


def _short(path: str) -> str:
    home = str(Path.home())
    return "~" + path[len(home) :] if path == home or path.startswith(home + os.sep) else path


@magics_class
class FolderMagics(Magics):
    """The working folder."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        self._stack: list[str] = []
        #: Whether `%cd` says nothing (``%config OSMagics.cd_force_quiet``).
        self.quiet = False

    @property
    def _visited(self) -> list[str]:
        visited: list[str] = self.shell.namespace.directories
        return visited

    @line_magic
    @declares(*_CD)
    def cd(self, parameter_s: str = "") -> None:
        r"""Change the working folder.

        The folders that were visited are in ``_dh``; `%dhist` lists them.

        ::

            %cd DIR          to a folder
            %cd              to the home folder
            %cd -            to the last folder
            %cd -N           to folder N of the history
            %cd --TEXT       to the last folder visited that has TEXT in its name, or else in its path
            %cd -b NAME      to a bookmark; without -b, if there is no such folder
        """
        target = self._from_history(parameter_s.strip())
        opts: Opts = Opts()
        if target is None:
            opts, rest = parse(_CD, parameter_s, "cd")
            target = self._from_history(rest) or self._named(rest, bookmark="b" in opts)
        self._go(target)
        if "q" not in opts and not self.quiet:
            say(str(Path.cwd()))

    def _from_history(self, text: str) -> str | None:
        visited = self._visited
        if text == "-":
            if len(visited) < 2:
                raise UsageError("No previous directory to change to.")
            return visited[-2]
        if text.startswith("--") and len(text) > 2:
            wanted = text[2:].strip()
            matching = [folder for folder in reversed(visited) if wanted in folder]
            matching.sort(key=lambda folder: wanted not in Path(folder).name)  # best: in its name
            if not matching:
                raise UsageError(f"No matching directory in history: {wanted}")
            return matching[0]
        if text[:1] == "-" and text[1:].isdigit():
            number = int(text[1:])
            if number >= len(visited):
                raise UsageError(
                    f"Requested directory not found in history: {number}; there are {len(visited)}"
                )
            return visited[number]
        return None

    def _named(self, rest: str, bookmark: bool) -> str:
        name = _unquoted(rest)
        if not name and not bookmark:
            return str(Path.home())
        bookmarks = database(self.shell).get("bookmarks", {})
        folder = Path(os.path.expandvars(name)).expanduser()
        if not bookmark and folder.is_dir():
            return str(folder)
        if name in bookmarks:
            say(f"(bookmark:{name}) -> {bookmarks[name]}")
            return str(bookmarks[name])
        if bookmark:
            raise UsageError(
                f"Bookmark '{name}' not found.  Use '%bookmark -l' to see your bookmarks."
            )
        return str(folder)

    def _go(self, target: str) -> None:
        try:
            os.chdir(target)
        except (OSError, ValueError) as error:
            raise UsageError(f"%cd: {target}: {getattr(error, 'strerror', error)}") from None
        here = str(Path.cwd())
        visited = self._visited
        if not visited or visited[-1] != here:
            visited.append(here)
            latest = list(dict.fromkeys(reversed(visited)))[:_KEPT]
            with suppress(UsageError):  # what cannot be kept is lost to later sessions only
                database(self.shell)[STORED_FOLDERS] = latest[::-1]

    @line_magic
    def pwd(self, parameter_s: str = "") -> str:
        """Return the working folder."""
        try:
            return str(Path.cwd())
        except FileNotFoundError:
            raise UsageError("CWD no longer exists - please use %cd to change directory.") from None

    @line_magic
    @declares(*_CD)
    def pushd(self, parameter_s: str = "") -> list[str]:
        """Go to a folder, as `%cd` does, and remember this one; `%popd` comes back. Without an argument, stay, and remember this one."""
        here = str(Path.cwd())
        if parameter_s.strip():
            self.cd(parameter_s)
        self._stack.insert(0, _short(here))
        return self.dirs()

    @line_magic
    def popd(self, parameter_s: str = "") -> None:
        """Go back to the folder that the last `%pushd` left."""
        if not self._stack:
            raise UsageError("%popd on empty stack")
        folder = self._stack.pop(0)
        self._go(str(Path(folder).expanduser()))
        say(str(Path.cwd()))
        say(f"popd -> {folder}")

    @line_magic
    def dirs(self, parameter_s: str = "") -> list[str]:
        """Return the folders that `%pushd` left."""
        return self._stack

    @line_magic
    def dhist(self, parameter_s: str = "") -> None:
        """Show the folders that were visited.

        ::

            %dhist           all of them
            %dhist N         the last N
            %dhist N1 N2     from N1 up to N2
        """
        visited = self._visited
        try:
            numbers = [int(word) for word in parameter_s.split()]
        except ValueError:
            raise UsageError("%dhist: expected no, one or two numbers") from None
        match numbers:
            case []:
                first, last = 0, len(visited)
            case [count]:
                first, last = max(len(visited) - count, 0), len(visited)
            case [first, last]:
                first, last = max(first, 0), min(last, len(visited))
            case _:
                raise UsageError("%dhist: expected no, one or two numbers")
        say("Directory history (kept in _dh)")
        for number in range(first, last):
            say(f"{number}: {visited[number]}")

    @line_magic
    @options(
        Flag("l", "List the bookmarks."),
        Flag("d", "Delete a bookmark."),
        Flag("r", "Delete all bookmarks."),
    )
    def bookmark(self, opts: Opts, rest: str) -> None:
        """Give a folder a name that `%cd` takes; kept for later sessions.

        ::

            %bookmark NAME       the working folder
            %bookmark NAME DIR   another folder
            %bookmark -l
            %bookmark -d NAME
        """
        words = split_words(rest)
        if len(words) > 2:
            raise UsageError("%bookmark: too many arguments")
        store = database(self.shell)
        marks: dict[str, str] = dict(store.get("bookmarks", {}))
        if "d" in opts:
            if not words:
                raise UsageError("%bookmark -d: must provide a bookmark to delete")
            if words[0] not in marks:
                raise UsageError(f"%bookmark -d: Can't delete bookmark '{words[0]}'")
            del marks[words[0]]
        elif "r" in opts:
            marks = {}
        elif "l" in opts:
            width = max(map(len, marks), default=0)
            say("Current bookmarks:")
            for name in sorted(marks):
                say(f"{name:<{width}} -> {marks[name]}")
            return
        elif not words:
            raise UsageError("%bookmark: You must specify the bookmark name")
        else:
            folder = words[1] if len(words) == 2 else str(Path.cwd())
            marks[words[0]] = str(Path(folder).expanduser().absolute())
        store["bookmarks"] = marks


def _unquoted(text: str) -> str:
    """Return a path without the quotes around it; spaces within it need none."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text.replace("\\ ", " ")
