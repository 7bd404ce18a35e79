"""List and remove variables: ``%who``, ``%whos``, ``%reset``, ``%xdel``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import agreed, say

__all__ = ["NamespaceMagics", "forget_packages", "packages_of"]

_SURE = "Once deleted, variables cannot be recovered. Proceed"
_FORCE = Flag("f", "Do not ask.")
_MEGABYTE = 2**20


@magics_class
class NamespaceMagics(Magics):
    """The person's variables."""

    # -- listing -------------------------------------------------------------------------------------

    @line_magic
    def who_ls(self, parameter_s: str = "") -> list[str]:
        """Return the names of the variables, sorted; only those of certain types, if any are named.

        ::

            %who_ls
            %who_ls int str
        """
        kinds = set(parameter_s.split())
        user_ns = self.shell.user_ns
        names: list[str] = self.shell.namespace.names()
        return [name for name in names if not kinds or type(user_ns[name]).__name__ in kinds]

    @line_magic
    def who(self, parameter_s: str = "") -> None:
        """Print the names of the variables; only those of certain types, if any are named."""
        names = self._listed(parameter_s)
        for start in range(0, len(names), 9):
            say("".join(f"{name}\t " for name in names[start : start + 9]))

    @line_magic
    def whos(self, parameter_s: str = "") -> None:
        """Print the variables with their types and a summary of their values; filtered as by `%who`."""
        names = self._listed(parameter_s)
        if not names:
            return
        user_ns = self.shell.user_ns
        kinds = [type(user_ns[name]).__name__ for name in names]
        first = max(len("Variable"), *map(len, names)) + 3
        second = max(len("Type"), *map(len, kinds)) + 3
        head = f"{'Variable':<{first}}{'Type':<{second}} Data/Info"
        say(head)
        say("-" * len(head))
        for name, kind in zip(names, kinds, strict=True):
            say(f"{name:<{first}}{kind:<{second}} {_summary(user_ns[name])}")

    def _listed(self, parameter_s: str) -> list[str]:
        names = self.who_ls(parameter_s)
        if not names:
            wanted = "No variables match your requested type." if parameter_s.strip() else ""
            say(wanted or "Interactive namespace is empty.")
        return names

    # -- removing ------------------------------------------------------------------------------------

    @line_magic
    @options(
        _FORCE,
        Flag("s", "Softly: remove the variables, and leave what was typed and shown."),
        Flag("aggressive", "Also forget modules that cells imported, so that they are read again."),
    )
    def reset(self, opts: Opts, rest: str) -> None:
        """Remove all variables, or with a word what it names.

        ::

            %reset              all variables, after asking
            %reset -f out       the outputs: Out, _, _1 and so on
            %reset -f in        the inputs: In, _i, _i1 and so on
            %reset -f dhist     the folders that were visited
            %reset -f array     the variables that are numpy arrays
        """
        words = rest.split()
        unknown = [word for word in words if word.lower() not in self._targets]
        if unknown:
            raise UsageError(
                f"%reset: Don't know how to reset {unknown[0]}; there are {', '.join(self._targets)}"
            )
        if "f" not in opts and not agreed(_SURE):
            say("Nothing done.")
            return
        if "s" in opts:
            self._remove(self.who_ls())
        elif not words:
            self.shell.reset(new_session=False, aggressive="aggressive" in opts)
        for word in words:
            self._targets[word.lower()](self)
        import gc

        gc.collect()

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            del self.shell.user_ns[name]

    def _reset_out(self) -> None:
        say(f"Flushing output cache ({len(self.shell.namespace.output.values)} entries)")
        self.shell.displayhook.flush()

    def _reset_in(self) -> None:
        say("Flushing input history")
        self.shell.namespace.forget_inputs()

    def _reset_dhist(self) -> None:
        say("Flushing directory history")
        self.shell.namespace.directories.clear()

    def _reset_array(self) -> None:
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            user_ns = self.shell.user_ns
            self._remove([n for n in self.who_ls() if isinstance(user_ns[n], numpy.ndarray)])

    _targets = {  # noqa: RUF012 - a table, never changed
        "out": _reset_out,
        "in": _reset_in,
        "dhist": _reset_dhist,
        "array": _reset_array,
    }

    @line_magic
    @options(_FORCE)
    def reset_selective(self, opts: Opts, regex: str) -> None:
        """Remove the variables whose names match a regular expression.

        ::

            %reset_selective -f b[2-3]m
        """
        import re

        if not regex:
            raise UsageError("%reset_selective: No regex pattern specified. Nothing done.")
        try:
            pattern = re.compile(regex)
        except re.error as error:
            raise UsageError(
                f"%reset_selective: {regex!r} is no regular expression: {error}"
            ) from None
        if "f" not in opts and not agreed(_SURE):
            say("Nothing done.")
            return
        self._remove([name for name in self.who_ls() if pattern.search(name)])

    @line_magic
    @options(Flag("n", "Delete this name only, and not the other references to its value."))
    def xdel(self, opts: Opts, name: str) -> None:
        """Delete a variable, and the references to its value under other names and in the outputs."""
        value = self.shell.user_ns.get(name)
        ran = self.shell.magics_manager.registry.get("RunMagics")
        try:
            self.shell.del_var(name, "n" in opts)
            if ran is not None and "n" not in opts:
                ran.forget(value)
        except (NameError, ValueError) as error:
            raise UsageError(f"%xdel: {error}") from None


def _summary(value: Any) -> str:
    """Return what ``%whos`` says of a value: the size of containers and arrays, the text of others."""
    kind = type(value)
    if kind in (dict, list, tuple):
        return f"n={len(value)}"
    try:
        if kind.__name__ == "ndarray":
            return _array(value)
        if kind.__name__ in ("DataFrame", "Series"):
            return f"Shape: {value.shape}"
        text = str(value)
    except Exception:  # noqa: BLE001 - a broken __str__
        return f"<object with id {id(value)} (str() failed)>"
    text = text.replace("\n", "\\n")
    return text if len(text) < 50 else f"{text[:25]}<...>{text[-25:]}"


def _array(value: Any) -> str:
    shape = "x".join(map(str, value.shape))
    size = value.size * value.itemsize
    text = f"{shape}: {value.size} elems, type `{value.dtype}`, {size} bytes"
    if size < 100_000:
        return text
    return text + (f" ({size / 1024} kb)" if size < _MEGABYTE else f" ({size / _MEGABYTE} Mb)")


def packages_of(user_ns: dict[str, Any]) -> set[str]:
    """Return the packages that variables come from, but for the standard library and ourselves."""
    names = {
        getattr(value, "__name__" if isinstance(value, ModuleType) else "__module__", None)
        for value in user_ns.values()
        if isinstance(value, ModuleType | type | FunctionType)
    }
    roots = {name.partition(".")[0] for name in names if isinstance(name, str)}
    return roots - sys.stdlib_module_names - {"__main__", "nuncius"}


def forget_packages(packages: set[str]) -> None:
    """Have packages read again when they are next imported; those with C code cannot be read twice."""
    for package in packages:
        modules = [n for n in sys.modules if n == package or n.startswith(f"{package}.")]
        files = [getattr(sys.modules[name], "__file__", None) or "" for name in modules]
        if not any(file.endswith((".so", ".pyd", ".dll")) for file in files):
            for name in modules:
                del sys.modules[name]
