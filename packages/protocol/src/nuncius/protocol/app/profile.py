"""Find profiles: folders with a configuration, startup files and logs of their own.

Below `nuncius_dir`::

    config.py, config.json           hold for every profile
    profiles/NAME/config.py, .json   hold for one
    profiles/NAME/startup/           what a Python kernel runs when it starts
    profiles/NAME/log/

The profile ``default`` needs no folder. ``NUNCIUS_PROFILE`` names the one to use when nobody else does; programs set it for the kernels that they start.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from nuncius.protocol.app.options import nearest
from nuncius.protocol.errors import OptionError
from nuncius.protocol.paths import nuncius_dir
from nuncius.protocol.values import Value

if TYPE_CHECKING:
    from pathlib import Path

# ruff: noqa: PTH112, PTH113, PTH118
# os.path, not pathlib, where nothing is there most often: a shell starts here, and pathlib takes 4 ms to load.

__all__ = [
    "DEFAULT_PROFILE",
    "Profile",
    "create_profile",
    "default_profile_name",
    "find_profile",
    "list_profiles",
    "shared_config_files",
]

DEFAULT_PROFILE = "default"
_CONFIG_NAMES = ("config.json", "config.py")


class Profile(Value):
    """A named folder of settings.

    Attributes:
        name: What people call it.
        location: The path of its folder.
    """

    name: str
    location: str

    @property
    def folder(self) -> Path:
        """Where it is; the default profile's may not exist."""
        from pathlib import Path

        return Path(self.location)

    @property
    def startup(self) -> Path:
        """The folder of the files that a Python kernel runs when it starts, in the order of their names."""
        return self.folder / "startup"

    @property
    def log(self) -> Path:
        """The folder for logs."""
        return self.folder / "log"

    def config_files(self) -> list[Path]:
        """Return the configuration files of this profile that exist, the most important last."""
        return _existing(self.location)


def default_profile_name() -> str:
    """Return the profile to use when nobody names one."""
    return os.environ.get("NUNCIUS_PROFILE") or DEFAULT_PROFILE


def find_profile(name: str | None = None) -> Profile:
    """Return a profile.

    Args:
        name: Its name; None for that in ``NUNCIUS_PROFILE``, or ``default``.

    Raises:
        OptionError: There is none of that name.
    """
    name = name or default_profile_name()
    profile = _profile(name)
    if name != DEFAULT_PROFILE and not os.path.isdir(profile.location):
        known = [other.name for other in list_profiles()]
        raise OptionError(
            f"there is no profile {name!r}{nearest(name, known)} (make it: nuncius profile create {name})"
        )
    return profile


def list_profiles() -> list[Profile]:
    """Return the profiles, the default first."""
    default = _profile(DEFAULT_PROFILE)
    try:
        names = sorted(entry.name for entry in os.scandir(_home()) if entry.is_dir())
    except OSError:
        return [default]
    return [default, *(_profile(name) for name in names if name != DEFAULT_PROFILE)]


def create_profile(name: str, config: str) -> Profile:
    """Make a profile: its folders, and its configuration file unless it has one.

    Args:
        name: Letters, digits, ``-``, ``_`` and ``.``.
        config: The text of the configuration file.

    Raises:
        OptionError: The name will not do, or the folder cannot be made.
    """
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise OptionError(
            f"{name!r} cannot name a profile: use letters, digits, '-', '_' and '.', not first"
        )
    profile = _profile(name)
    try:
        for folder in (profile.startup, profile.log):
            # For the owner only: startup files are code that runs as they.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (profile.folder / "config.py").exists():
            _write_whole(profile.folder / "config.py", config)
    except OSError as error:
        raise OptionError(
            f"cannot make the profile in {profile.folder}: {error.strerror}; NUNCIUS_DIR names another place"
        ) from error
    return profile


def shared_config_files() -> list[Path]:
    """Return the configuration files that hold for every profile and exist, the most important last: of the machine, the environment, the person."""
    folders = ["/etc/nuncius"] if os.name == "posix" else []
    folders += [os.path.join(sys.prefix, "etc", "nuncius"), nuncius_dir()]
    return [path for folder in folders for path in _existing(folder)]


def _write_whole(path: Path, text: str) -> None:
    """Write a file, or leave none: the next try would take a part of one for the person's own."""
    try:
        path.write_text(text, encoding="utf-8")
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _existing(folder: str) -> list[Path]:
    paths = [os.path.join(folder, name) for name in _CONFIG_NAMES]
    found = [path for path in paths if os.path.isfile(path)]
    if not found:
        return []
    from pathlib import Path

    return [Path(path) for path in found]


def _profile(name: str) -> Profile:
    return Profile(name, os.path.join(_home(), name))


def _home() -> str:
    return os.path.join(nuncius_dir(), "profiles")
