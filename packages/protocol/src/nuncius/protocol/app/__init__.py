"""What every program of Nuncius is made of: options, configuration files, profiles, and the `nuncius` command.

A program is declared as a value (`Program`), its options as dataclasses (`option`); reading configuration, help texts, shell completion and templates of configuration files all follow from these declarations.
"""

from __future__ import annotations

TYPE_CHECKING = False  # see nuncius.protocol
if TYPE_CHECKING:
    from typing import Any

    from nuncius.protocol.app.options import Option, changed, describe, option
    from nuncius.protocol.app.profile import Profile, find_profile
    from nuncius.protocol.app.program import Alias, Flag, Group, Parsed, Program, ProgramOptions

__all__ = [
    "Alias",
    "Flag",
    "Group",
    "Option",
    "Parsed",
    "Profile",
    "Program",
    "ProgramOptions",
    "changed",
    "describe",
    "find_profile",
    "option",
]

_HOMES = {
    "Option": "options",
    "changed": "options",
    "describe": "options",
    "option": "options",
    "Profile": "profile",
    "find_profile": "profile",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"nuncius.protocol.app.{_HOMES.get(name, 'program')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
