"""Use the new code of modules as soon as their files have changed: ``%load_ext autoreload``, ``%autoreload 2``.

Before each cell, the files of the modules are looked at. A module whose file has changed is run again in its own namespace, and its old functions and classes take over what the new ones have (`nuncius.kernel.ext.patching`).

Rule 1: a module that cannot be run stays as it was, and is not tried again until its file changes.
Rule 2: the standard library and this package are left alone.
"""

from __future__ import annotations

import ast
import importlib
import linecache
import logging
import os
import sys
import types
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.ext.patching import Patcher
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say, warn

__all__ = [
    "AutoreloadMagics",
    "Reloader",
    "load_ipython_extension",
    "superreload",
    "unload_ipython_extension",
]

_MODES = {"0": 0, "off": 0, "1": 1, "explicit": 1, "2": 2, "all": 2, "3": 3, "complete": 3}
_KEPT = ("__name__", "__loader__", "__spec__", "__package__", "__path__", "__file__", "__builtins__", "__cached__", "__doc__")  # fmt: skip
#: What is compared of a file: the time of its last change in nanoseconds, and its size.
Stamp = tuple[int, int]


class Reloader:
    """Reloads modules whose files have changed.

    Attributes:
        mode: 0: none by itself; 1: those of `wanted`; 2: all but those of `unwanted`; 3: also new names of ``import *``.
        wanted: Names of modules.
        unwanted: Names of modules.
        hide_errors: Do not show why a module cannot be reloaded.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.mode = 0
        self.wanted: set[str] = set()
        self.unwanted: set[str] = set()
        self.hide_errors = False
        #: Take what is said of each module.
        self.reports: list[Callable[[str], None]] = []
        self._stamps: dict[str, Stamp] = {}
        #: What cells imported by ``from``: the name in the namespace -> module and name there.
        self._imported: dict[str, tuple[str, str]] = {}
        self._stars: set[str] = set()
        self.note_new()

    # -- which ------------------------------------------------------------------------------------

    def note_new(self) -> None:
        """Remember the files of modules that were imported since the last time."""
        for name, path in _files():
            if name not in self._stamps:
                stamp = _stamp(path)
                if stamp is not None:
                    self._stamps[name] = stamp

    def check(self, everything: bool = False) -> None:
        """Reload what has changed, as far as the mode says; with ``everything``, all but `unwanted`."""
        if not self.mode and not everything:
            return
        changed = []
        for name, path in _files():
            if name in self.unwanted or (
                self.mode == 1 and not everything and name not in self.wanted
            ):
                continue
            stamp = _stamp(path)
            if stamp is None or stamp == self._stamps.get(name, stamp):
                continue
            self._stamps[name] = stamp
            changed.append(name)
        # a module is in sys.modules before those that it imports: what others need comes first
        for name in reversed(changed):
            self._reload(name)

    def _reload(self, name: str) -> None:
        module = sys.modules[name]
        for report in self.reports:
            report(f"Reloading {name!r}.")
        try:
            old = reload_module(module)
        except (Exception, SystemExit):  # noqa: BLE001 - rule 1
            if not self.hide_errors:
                warn(f"[autoreload of {name} failed; it stays as it was:]")
                self._shell.showtraceback()
            return
        self._update_names(name, old, vars(module))

    # -- what cells imported ------------------------------------------------------------------------

    def note_imports(self, result: Any) -> None:
        """Remember what a cell imported by ``from module import name``."""
        source = getattr(result.info, "transformed_cell", None) or ""
        if "import" not in source:
            return
        try:
            tree = ast.parse(source)
        except SyntaxError:
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    if alias.name == "*":
                        self._stars.add(node.module)
                    else:
                        self._imported[alias.asname or alias.name] = (node.module, alias.name)

    def _update_names(self, module: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        user_ns = self._shell.user_ns
        for alias, (home, name) in self._imported.items():
            if home == module and name in old and name in new and user_ns.get(alias) is old[name]:
                user_ns[alias] = new[name]
        if module in self._stars:
            public = new.get("__all__") or [name for name in new if not name.startswith("_")]
            for name in public:
                if name in old:
                    if user_ns.get(name) is old[name] and name in new:
                        user_ns[name] = new[name]
                elif self.mode == 3 and name in new:
                    user_ns[name] = new[name]


def _files() -> Iterator[tuple[str, str]]:
    """Yield the modules that can be reloaded, and their files."""
    for name, module in list(sys.modules.items()):
        root = name.partition(".")[0]
        if root in sys.stdlib_module_names or root in ("nuncius", "__main__", "__mp_main__"):
            continue
        path = getattr(module, "__file__", None) if isinstance(module, types.ModuleType) else None
        if isinstance(path, str) and path.endswith((".py", ".pyw")):
            yield name, path


def _stamp(path: str) -> Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - it is done for hundreds of files before each cell
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def reload_module(module: types.ModuleType) -> dict[str, Any]:
    """Run a module's source again, and patch what it had defined; returns what it had before.

    Raises:
        Exception: Whatever the source raises; the module is as it was.
    """
    names = vars(module)
    old = dict(names)
    spec = module.__spec__
    loader = spec.loader if spec is not None else None
    code = None
    if type(loader) is SourceFileLoader:
        # not from the cache of bytecode: it cannot tell two versions within one second apart
        assert spec is not None
        path = spec.origin or str(module.__file__)
        code = compile(loader.get_data(path), path, "exec", dont_inherit=True)
    for name in list(names):
        if name not in _KEPT:
            del names[name]
    try:
        if code is not None:
            exec(code, names)
        else:
            importlib.reload(module)
    except BaseException:
        names.clear()
        names.update(old)
        raise
    linecache.checkcache(getattr(module, "__file__", None))
    for name, value in old.items():  # a package has its modules as attributes
        if name not in names and sys.modules.get(f"{module.__name__}.{name}") is value:
            names[name] = value
    Patcher(module.__name__).patch_all(old, names)
    return old


def superreload(
    module: types.ModuleType, reload: Any = None, old_objects: Any = None, shell: Any = None
) -> types.ModuleType:
    """Run a module's source again, and patch what it had defined; returns the module.

    Args:
        module: The module.
        reload: Ignored: it is read in our own way.
        old_objects: Ignored: the patched objects are found where they are.
        shell: Ignored as well.
    """
    reload_module(module)
    return module


@magics_class
class AutoreloadMagics(Magics):
    """Reloading of modules."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        self.reloader = Reloader(shell)

    def before_cell(self, info: Any = None) -> None:
        """Reload what has changed."""
        self.reloader.check()

    def after_cell(self, result: Any) -> None:
        """Remember what was imported."""
        self.reloader.note_new()
        self.reloader.note_imports(result)

    @line_magic
    @options(
        Flag("p", "Print which modules are reloaded.", also="print"),
        Flag("l", "Log which modules are reloaded.", also="log"),
        Flag("hide-errors", "Do not show why a module cannot be reloaded."),
        Flag("full", "Run the whole module again, as is done in any case."),
        anywhere=True,
    )
    def autoreload(self, opts: Opts, mode: str) -> None:
        """Reload modules whose files have changed: now, or before each cell.

        ::

            %autoreload              now, all but those that %aimport excludes
            %autoreload 0            (or off) not by itself
            %autoreload 1            (or explicit) those of %aimport, before each cell
            %autoreload 2            (or all) all but those that %aimport excludes
            %autoreload 3            (or complete) and new names of ``from module import *``
        """
        reloader = self.reloader
        reloader.hide_errors = "hide-errors" in opts
        reports: list[Callable[[str], None]] = [say] if "p" in opts else []
        if "l" in opts:
            reports.append(logging.getLogger("autoreload").info)
        reloader.reports = reports
        word = mode.strip().lower()
        if word in ("", "now"):
            reloader.check(everything=True)
            return
        if word not in _MODES:
            raise UsageError(
                f"%autoreload: unrecognized parameter {mode!r}; there are now, {', '.join(_MODES)}"
            )
        reloader.mode = _MODES[word]

    @line_magic
    def aimport(self, parameter_s: str = "") -> None:
        """Import modules and have them reloaded by ``%autoreload 1``; or exclude them, with a dash.

        ::

            %aimport                 which are, and which are not
            %aimport package.module, other
            %aimport module as name
            %aimport -module
        """
        reloader = self.reloader
        text = parameter_s.strip()
        if not text:
            reload = (
                "all-except-skipped" if reloader.mode >= 2 else " ".join(sorted(reloader.wanted))
            )
            say(f"Modules to reload:\n{reload}\n")
            say(f"Modules to skip:\n{' '.join(sorted(reloader.unwanted))}")
            return
        words = text.replace(",", " ").split()
        while words:
            name, alias = words.pop(0), ""
            if words[:1] == ["as"]:
                alias = "".join(words[1:2])
                del words[:2]
            if name.startswith("-"):
                reloader.unwanted.add(name[1:])
                reloader.wanted.discard(name[1:])
                continue
            try:
                module = importlib.import_module(name)
            except ImportError as error:
                raise UsageError(f"%aimport: {error}") from None
            reloader.wanted.add(name)
            reloader.unwanted.discard(name)
            first = name.partition(".")[0]
            self.shell.push({alias: module} if alias else {first: sys.modules[first]})
        reloader.note_new()


def load_ipython_extension(ip: Any) -> None:
    """Add the magics, and look at the files before each cell."""
    magics = AutoreloadMagics(ip)
    ip.register_magics(magics)
    ip.events.register("pre_run_cell", magics.before_cell)
    ip.events.register("post_run_cell", magics.after_cell)


def unload_ipython_extension(ip: Any) -> None:
    """Undo `load_ipython_extension`."""
    magics = ip.magics_manager.registry.pop("AutoreloadMagics")
    ip.events.unregister("pre_run_cell", magics.before_cell)
    ip.events.unregister("post_run_cell", magics.after_cell)
    for name in ("autoreload", "aimport"):
        ip.magics_manager.remove(name)
