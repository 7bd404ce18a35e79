"""Say which module brings which magic, so that a magic costs nothing until it is used."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAGICS"]

_UNIX_ALIASES = "mkdir rmdir mv rm cp cat ls ll lf lk ldir lx"
_WINDOWS_ALIASES = "ls ddir ldir mkdir rmdir echo ren copy"

#: ``module:Class`` -> names; a lower-case name is a function that is called with the shell.
_LINE = {
    "inspecting:InspectMagics": "pinfo pinfo2 pdef pdoc psource pfile psearch pycat page less more man clear",
    "system:define_aliases": _WINDOWS_ALIASES if sys.platform == "win32" else _UNIX_ALIASES,
}
_CELL: dict[str, str] = {}


def _names(places: Mapping[str, str]) -> dict[str, str]:
    return {
        name: f"nuncius.kernel.magics.{place}"
        for place, names in places.items()
        for name in names.split()
    }


#: Kind -> name -> ``module:Class``.
MAGICS: Mapping[str, Mapping[str, str]] = {"line": _names(_LINE), "cell": _names(_CELL)}
