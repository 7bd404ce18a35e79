"""Write places down: what the tables of names share."""

from __future__ import annotations

__all__ = ["IPYKERNEL_VERSION", "IPYTHON_VERSION", "at"]

#: The versions whose interface we offer: libraries choose by them.
IPYTHON_VERSION = "9.18.1"
IPYKERNEL_VERSION = "7.4.0"


def at(home: str, names: str) -> dict[str, str]:
    """Return the places of names that a module has under the same names.

    Args:
        home: The module; with a colon before it, below `nuncius.kernel`.
        names: The names, with spaces between them.
    """
    return {name: f"{home}:{name}" for name in names.split()}
