"""Complete the arguments of single commands, for extensions that hook into it: ``IPython.core.completerlib``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from nuncius.kernel.complete.modules import ModuleIndex
from nuncius.kernel.complete.names import members_of
from nuncius.kernel.current import get_shell

__all__ = [
    "cd_completer",
    "get_root_modules",
    "is_importable",
    "magic_run_completer",
    "module_completer",
    "module_completion",
    "module_list",
    "quick_completer",
    "reset_completer",
    "try_import",
]

_index = ModuleIndex()


def get_root_modules() -> list[str]:
    """Return the names of the modules that can be imported from the top."""
    return sorted(_index.top_level())


def module_list(path: str) -> list[str]:
    """Return the names of the modules in a folder."""
    return sorted(ModuleIndex([path])._in_folder(path))  # noqa: SLF001 - of this package


def is_importable(module: Any, attr: str, only_modules: bool) -> bool:
    """Tell whether a name of a module is worth completing: whether it is a module, where ``only_modules``."""
    from types import ModuleType

    if only_modules:
        return isinstance(getattr(module, attr, None), ModuleType)
    return not attr.startswith("__")


def try_import(mod: str, only_modules: bool = False) -> list[str]:
    """Return the names in a module, which is imported; none where that fails."""
    try:
        module = import_module(mod)
    except Exception:  # noqa: BLE001 - modules may raise anything
        return []
    names = {name for name in members_of(module) if is_importable(module, name, only_modules)}
    return sorted(names | _index.submodules(mod))


def module_completion(line: str) -> list[str]:
    """Return what may stand at the end of an import statement."""
    words = line.split(" ")
    if len(words) == 3 and words[0] == "from":
        return ["import "]
    typed = words[-1]
    if len(words) > 3 and words[0] == "from":
        return sorted(_index.names_in(words[1]))
    package, dot, _ = typed.rpartition(".")
    if dot:
        return sorted(f"{package}.{name}" for name in _index.submodules(package))
    return get_root_modules()


def module_completer(self: Any, event: Any) -> list[str]:
    """Complete import statements; for ``set_hook("complete_command", ...)``."""
    return module_completion(event.line)


def quick_completer(cmd: str, completions: str | Iterable[str]) -> None:
    """Complete the arguments of a command from a list of words.

    Args:
        cmd: The command.
        completions: The words: a list, or a text.
    """
    words = completions.split() if isinstance(completions, str) else list(completions)

    def complete(self: Any, event: Any) -> list[str]:
        return words

    shell: Any = get_shell()
    shell.set_hook("complete_command", complete, str_key=cmd)


def _paths(typed: str, wanted: Callable[[Path], bool]) -> list[str]:
    folder, slash, _ = typed.rpartition("/")
    base = f"{folder}{slash}"
    try:
        entries = sorted(Path(base or ".").expanduser().iterdir())
    except OSError:
        return []
    found = [base + entry.name + "/" * entry.is_dir() for entry in entries if wanted(entry)]
    return [path for path in found if path.startswith(typed)]


def magic_run_completer(self: Any, event: Any) -> list[str]:
    """Complete the files that ``%run`` takes."""
    return _paths(
        event.symbol,
        lambda path: path.is_dir() or path.suffix in {".py", ".ipy", ".ipynb", ".pyw"},
    )


def cd_completer(self: Any, event: Any) -> list[str]:
    """Complete folders."""
    return _paths(event.symbol, Path.is_dir)


def reset_completer(self: Any, event: Any) -> list[str]:
    """Complete the options of ``%reset``."""
    return ["-f", "-s", "in", "out", "array", "dhist"]
