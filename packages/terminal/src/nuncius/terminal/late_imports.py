"""Put off what the prompt's libraries import but a prompt does not use: 6 MiB and 15 ms of the start, most of it OpenSSL.

asyncio imports ``ssl`` for connections that few sessions open, wcwidth imports ``secrets``, which needs OpenSSL for hashes, and prompt_toolkit imports ``shutil`` and ``tempfile``, which need three libraries for compression and one for random numbers, to start an external editor. They get a stand-in that imports the module when it is first used. Everybody else who imports these modules gets the modules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
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
    with put_off("datetime", "shlex", "shutil", "tempfile"):
        import prompt_toolkit  # noqa: F401
