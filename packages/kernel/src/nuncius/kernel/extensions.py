"""Load, reload and unload extensions: modules with a function ``load_ipython_extension(shell)``."""

from __future__ import annotations

import sys
from importlib import import_module, reload
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["BUILTIN", "ExtensionManager"]

#: Short names of extensions that come with the kernel.
BUILTIN = {
    "autoreload": "nuncius.kernel.ext.autoreload",
    "storemagic": "nuncius.kernel.ext.storemagic",
}


class ExtensionManager:
    """The extensions of one shell.

    Attributes:
        loaded: The names of those that are loaded.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.loaded: set[str] = set()

    def load_extension(self, module_str: str) -> str | None:
        """Load an extension.

        Returns:
            None, or ``already loaded``, or ``no load function``.

        Raises:
            ModuleNotFoundError: There is no such module.
        """
        if module_str in self.loaded:
            return "already loaded"
        module = self._module(module_str)
        if not self._call(module, "load_ipython_extension"):
            return "no load function"
        self.loaded.add(module_str)
        return None

    def unload_extension(self, module_str: str) -> str | None:
        """Unload an extension.

        Returns:
            None, or ``not loaded``, or ``no unload function``.
        """
        if module_str not in self.loaded:
            return "not loaded"
        module = sys.modules.get(BUILTIN.get(module_str, module_str))
        if module is None or not self._call(module, "unload_ipython_extension"):
            return "no unload function"
        self.loaded.discard(module_str)
        return None

    def reload_extension(self, module_str: str) -> None:
        """Unload an extension, read its module again, and load it."""
        name = BUILTIN.get(module_str, module_str)
        if module_str in self.loaded and name in sys.modules:
            self.unload_extension(module_str)
            module = reload(sys.modules[name])
            if self._call(module, "load_ipython_extension"):
                self.loaded.add(module_str)
            return
        self.load_extension(module_str)

    def _module(self, module_str: str) -> ModuleType:
        return import_module(BUILTIN.get(module_str, module_str))

    def _call(self, module: ModuleType, function: str) -> bool:
        if not hasattr(module, function):
            return False
        getattr(module, function)(self.shell)
        return True
