"""Offer the base of magics that have traits: `Magics` as extensions written for IPython derive from it.

It loads traitlets, which our own magics do not need.
"""

from __future__ import annotations

from typing import Any

from traitlets.config.configurable import Configurable

from nuncius.kernel.magics import registry

__all__ = ["Magics"]


class Magics(Configurable, registry.Magics):
    """The base of classes of magics, whose traits are options: ``%config Class.option = value`` sets them."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        Configurable.__init__(self, **self._of_traitlets(shell, kwargs))
        registry.Magics.__init__(self, shell, **kwargs)
        configurables = getattr(shell, "configurables", None)
        if configurables is not None and self not in configurables:
            configurables.append(self)

    def _of_traitlets(self, shell: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {
            name: kwargs.pop(name) for name in ("config", "parent") if name in kwargs
        }
        if "parent" not in found and isinstance(shell, Configurable):
            found["parent"] = shell
        return found
