"""Complete import statements: modules that are installed, and the names in them, without importing anything."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from nuncius.kernel.complete.model import (
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
)
from nuncius.kernel.complete.names import members_of
from nuncius.kernel.static import instance_dict, is_a

__all__ = ["ModuleIndex", "module_matcher"]

_IMPORT = re.compile(r"\s*import\s+(?:[\w.]+(?:\s+as\s+\w+)?\s*,\s*)*(?P<name>[\w.]*)$")
_FROM = re.compile(r"\s*from\s+(?P<name>\.*[\w.]*)$")
_FROM_IMPORT = re.compile(
    r"\s*from\s+(?P<module>\.*[\w.]+)\s+import\s+\(?\s*(?:\w+(?:\s+as\s+\w+)?\s*,\s*)*(?P<name>\w*)$"
)
_FROM_DONE = re.compile(r"\s*from\s+(?P<module>[\w.]+)\s+(?P<name>i?m?p?o?r?t?)$")
_SUFFIXES = (".py", ".so", ".pyd", ".pyc")
_MAX_SOURCE = 500_000
#: Bytes of a module in which its functions are looked for, and seconds for all modules together.
_MAX_READ = 200_000
_READING_TIME = 0.03
_MAX_NAMES = 20_000


class ModuleIndex:
    """Know which modules can be imported; a folder is read again when it has changed.

    Attributes:
        path: The folders to look in; ``sys.path`` when None.
    """

    def __init__(self, path: list[str] | None = None) -> None:
        self.path = path
        #: Folder -> the time of its last change, and the modules in it.
        self._folders: dict[str, tuple[float, frozenset[str]]] = {}
        #: File -> the time of its last change, and whether it defines an extension.
        self._extensions: dict[str, tuple[float, bool]] = {}

    def top_level(self) -> set[str]:
        """Return the names of the modules that can be imported from the top."""
        names = set(sys.builtin_module_names) | set(sys.stdlib_module_names)
        for folder in sys.path if self.path is None else self.path:
            names |= self._in_folder(folder or ".")
        return names

    def submodules(self, package: str) -> set[str]:
        """Return the names of the modules in a package."""
        names: set[str] = set()
        for folder in self.folders_of(package):
            names |= self._in_folder(folder)
        # modules that are none of a folder: os.path
        start = f"{package}."
        loaded = (name[len(start) :] for name in list(sys.modules) if name.startswith(start))
        names.update(name for name in loaded if "." not in name)
        names.discard("__init__")
        return names

    def folders_of(self, package: str) -> list[str]:
        """Return where the modules of a package lie."""
        loaded = sys.modules.get(package)
        if loaded is not None:
            try:
                return [str(folder) for folder in vars(loaded).get("__path__", ())]
            except Exception:  # noqa: BLE001 - the path of a namespace package computes itself
                return []
        parent, _, name = package.rpartition(".")
        roots = self.folders_of(parent) if parent else (self.path or sys.path)
        found = [str(Path(root or ".", name)) for root in roots]
        return [folder for folder in found if Path(folder).is_dir()]

    def names_in(self, module: str) -> dict[str, str]:
        """Return the names that can be imported from a module, with their kinds; it is not run."""
        loaded = sys.modules.get(module)
        names = dict.fromkeys(self.submodules(module), "module")
        if loaded is not None:
            from nuncius.kernel.complete.kinds import kind_of

            members = members_of(loaded)
            names.update((name, kind_of(value)) for name, value in members.items())
            exported = members.get("__all__")
            if isinstance(exported, (list, tuple)):
                names.update((n, names.get(n, "")) for n in exported if isinstance(n, str))
            return names
        source = self._source_of(module)
        return {**names, **_defined(source)} if source else names

    def extensions(self, typed: str) -> list[str]:
        """Return the modules that can be loaded as extensions; their files are read, not run.

        Args:
            typed: What the names begin with; without anything, only modules that are imported are looked at.
        """
        package, dot, word = typed.rpartition(".")
        if not typed:
            return sorted(name for name in list(sys.modules) if _is_extension(name))
        names = self.submodules(package) if dot else self.top_level()
        found = []
        late = time.monotonic() + _READING_TIME
        for name in sorted(name for name in names if name.startswith(word)):
            module = f"{package}.{name}" if dot else name
            if _is_extension(module) or self._defines_extension(module):
                found.append(module)
            if time.monotonic() > late:
                break
        return found

    def _defines_extension(self, module: str) -> bool:
        for file in self._files_of(module):
            try:
                changed = file.stat().st_mtime
                known = self._extensions.get(str(file))
                if known is None or known[0] != changed:
                    with file.open("rb") as source:
                        known = (changed, _LOADER in source.read(_MAX_READ))
                    self._extensions[str(file)] = known
            except OSError:
                continue
            return known[1]
        return False

    def _files_of(self, module: str) -> Iterator[Path]:
        """Yield where the source of a module may be."""
        parent, _, name = module.rpartition(".")
        roots = self.folders_of(parent) if parent else (self.path or sys.path)
        for root in roots:
            yield Path(root or ".", name, "__init__.py")
            yield Path(root or ".", f"{name}.py")

    def _source_of(self, module: str) -> str:
        for candidate in self._files_of(module):
            try:
                if candidate.stat().st_size <= _MAX_SOURCE:
                    return candidate.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
        return ""

    def _in_folder(self, folder: str) -> frozenset[str]:
        try:
            changed = os.stat(folder).st_mtime  # noqa: PTH116 - this runs for each key press
        except OSError:
            return frozenset()
        known = self._folders.get(folder)
        if known is None or known[0] != changed:
            known = (changed, frozenset(_modules_in(folder)))
            self._folders[folder] = known
        return known[1]


_LOADER = b"load_ipython_extension"


def _is_extension(module: str) -> bool:
    """Tell whether an imported module can be loaded as an extension."""
    loaded = sys.modules.get(module)
    return is_a(loaded, ModuleType) and _LOADER.decode() in instance_dict(loaded)


def _modules_in(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name, dot, _ = entry.name.partition(".")
                if not name.isidentifier():
                    continue
                if dot:
                    if entry.name.endswith(_SUFFIXES):
                        yield name
                elif name != "__pycache__" and entry.is_dir():
                    yield name
    except OSError:
        return


def _defined(source: str) -> dict[str, str]:
    """Return the names that the source of a module defines at its top level."""
    import ast

    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    names: dict[str, str] = {}
    for node in _statements(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names[node.name] = "function"
        elif isinstance(node, ast.ClassDef):
            names[node.name] = "class"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(
                (a.asname or a.name.partition(".")[0], "") for a in node.names if a.name != "*"
            )
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                names.update(
                    (n.id, "instance") for n in ast.walk(target) if isinstance(n, ast.Name)
                )
        if len(names) > _MAX_NAMES:
            break
    return names


def _statements(body: Iterable[Any]) -> Iterator[Any]:
    """Yield the statements of a module, those in ``if`` and ``try`` included."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody", "handlers"):
            inner = getattr(node, part, ())
            if type(node).__name__ in {"If", "Try", "With", "ExceptHandler"}:
                yield from _statements(inner)


def module_matcher(index: ModuleIndex) -> Any:
    """Return the matcher of import statements.

    Args:
        index: Knows the modules.
    """

    @completion_matcher(identifier="IPCompleter.module_matcher", priority=90, api_version=2)
    def match(context: CompletionContext) -> MatcherResult:
        if context.python is None:
            return MatcherResult()
        context = context.python
        code = context.code
        statement = code.statement
        if code.string or code.in_comment or not statement.lstrip().startswith(("import", "from")):
            return MatcherResult()
        found = _FROM_IMPORT.match(statement)
        if found:
            module = _absolute(found["module"], context)
            return _result(context, found["name"], index.names_in(module) if module else {})
        found = _IMPORT.match(statement) or _FROM.match(statement)
        if found:
            return _modules(context, index, found["name"])
        found = _FROM_DONE.match(statement)
        if found:
            return _result(context, found["name"], {"import": "keyword"})
        return MatcherResult()

    return match


def _modules(context: CompletionContext, index: ModuleIndex, typed: str) -> MatcherResult:
    package, dot, word = typed.rpartition(".")
    if not dot:
        return _result(context, word, dict.fromkeys(index.top_level(), "module"))
    module = _absolute(package + "." * typed.startswith("."), context)
    names = dict.fromkeys(index.submodules(module), "module") if module else {}
    return _result(context, word, names)


def _absolute(name: str, context: CompletionContext) -> str:
    """Return the full name of a module that is perhaps named relatively to ``__package__``."""
    if not name.startswith("."):
        return name
    rest = name.lstrip(".")
    package = next((ns["__package__"] for ns in context.namespaces if ns.get("__package__")), "")
    if not isinstance(package, str):
        return ""
    parts = package.split(".")
    up = len(name) - len(rest) - 1
    base = ".".join(parts[: len(parts) - up] if up else parts)
    return f"{base}.{rest}" if rest and base else base or rest


def _result(context: CompletionContext, word: str, names: dict[str, str]) -> MatcherResult:
    found = sorted(name for name in names if name.startswith(word))
    if not word.startswith("_"):
        found = [name for name in found if not name.startswith("_")]
    completions = [SimpleCompletion(name, names[name] or None) for name in found]
    return MatcherResult(completions, context.offset - len(word), suppress=True)
