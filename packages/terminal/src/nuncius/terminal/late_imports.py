"""Put off what the prompt's libraries import but a prompt does not use: 6 MiB and 15 ms of the start, most of it OpenSSL.

asyncio imports ``ssl`` for connections that few sessions open, wcwidth imports ``secrets``, which needs OpenSSL for hashes, and prompt_toolkit imports ``shutil`` and ``tempfile``, which need three libraries for compression and one for random numbers, to start an external editor. They get a stand-in that imports the module when it is first used. Everybody else who imports these modules gets the modules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["StandIn", "import_editor", "import_without_openssl", "put_off"]


class StandIn(ModuleType):
    """A module that is imported when one of its attributes is asked for."""

    def __getattr__(self, name: str) -> Any:
        """Return the attribute of the module itself."""
        if name.startswith("__"):
            # The import system looks at these, and so do debuggers.
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


#: Parts of prompt_toolkit that are no prompts: progress bars, dialogs and menus, with the XML parser that they need at once.
_NOT_PROMPTS = ("choice_input", "dialogs", "progress_bar")


@contextmanager
def put_off(*names: str) -> Iterator[None]:
    """Give the modules that are imported meanwhile stand-ins for ``names``, unless these are imported already.

    For the beginning of a program: other threads must not import anything meanwhile.
    """
    late = {name: StandIn(name) for name in names if name not in sys.modules}
    sys.modules.update(late)
    try:
        yield
    finally:
        for name, stand_in in late.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


def import_without_openssl() -> None:
    """Import asyncio and wcwidth without OpenSSL; do nothing when asyncio is there already."""
    if "asyncio" in sys.modules:
        return
    with put_off("ssl", "asyncio.sslproto", "secrets"):
        import asyncio  # noqa: F401

        import wcwidth  # noqa: F401


def import_editor() -> None:
    """Import prompt_toolkit without what only an external editor needs; do nothing when it is there already."""
    if "prompt_toolkit" in sys.modules:
        return
    import_without_openssl()
    names = [f"prompt_toolkit.shortcuts.{name}" for name in _NOT_PROMPTS]
    stand_ins = {name: _Shelf(name) for name in names}
    sys.modules.update(stand_ins)
    try:
        with put_off("datetime", "shlex", "shutil", "tempfile", "xml.dom", "xml.dom.minidom"):
            import prompt_toolkit
            import prompt_toolkit.shortcuts
    finally:
        for name, shelf in stand_ins.items():
            if sys.modules.get(name) is shelf:
                del sys.modules[name]
    for package in (prompt_toolkit, prompt_toolkit.shortcuts):
        _find_later(package, names)


class _Later:
    """What a module will have when it is imported."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Shelf(ModuleType):
    """A module that is not imported: what is taken from it is noted."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return _Later(self.__name__, name)


def _find_later(package: ModuleType, modules: Sequence[str]) -> None:
    """Have a package find what it would have imported when somebody asks for it."""
    names = {name: value for name, value in vars(package).items() if isinstance(value, _Later)}
    for name in names:
        delattr(package, name)

    def find(name: str) -> Any:
        if name in names:
            found = getattr(import_module(names[name].module), names[name].name)
            setattr(package, name, found)
            return found
        if f"{package.__name__}.{name}" in modules:
            return import_module(f"{package.__name__}.{name}")
        raise AttributeError(f"module {package.__name__!r} has no attribute {name!r}")

    vars(package)["__getattr__"] = find
