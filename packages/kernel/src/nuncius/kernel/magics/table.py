"""Say which module brings which magic, so that a magic costs nothing until it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAGICS"]

#: Kind -> name -> ``module:Class``.
MAGICS: Mapping[str, Mapping[str, str]] = {"line": {}, "cell": {}}
