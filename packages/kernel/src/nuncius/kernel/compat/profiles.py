"""Find and make the folders of profiles, as ``IPython.core.profiledir`` does."""

from __future__ import annotations

import os
from typing import Any, Self

from nuncius.kernel.errors import ShellError

__all__ = ["ProfileDir", "ProfileDirError"]

StrPath = str | os.PathLike[str]


class ProfileDirError(ShellError):
    """A profile is not there, or cannot be made."""


def _folder(name: str, mode: int = 0o755) -> property:
    """Return an attribute that is the path of a folder of the profile."""

    def path(self: ProfileDir) -> str:
        return os.path.join(self.location, name)  # noqa: PTH118 - each shell has one of us, and starts without pathlib

    path.__doc__ = f"The folder ``{name}``."
    _MODES[name] = mode
    return property(path)


#: Folder of a profile -> its permissions.
_MODES: dict[str, int] = {}


class ProfileDir:
    """A folder of a profile.

    Args:
        location: The folder.
    """

    startup_dir = _folder("startup")
    security_dir = _folder("security", 0o700)
    log_dir = _folder("log")
    pid_dir = _folder("pid", 0o700)
    static_dir = _folder("static")

    def __init__(self, location: StrPath = "", **traits: Any) -> None:
        self.location = str(location)

    def check_dirs(self) -> None:
        """Make the folders that are missing."""
        for name, mode in _MODES.items():
            os.makedirs(os.path.join(self.location, name), mode, exist_ok=True)  # noqa: PTH103, PTH118 - see above

    def copy_config_file(self, config_file: str, path: StrPath, overwrite: bool = False) -> bool:
        """Copy a configuration file of a folder into the profile; tells whether it did."""
        import shutil
        from pathlib import Path

        target = Path(self.location, config_file)
        if target.exists() and not overwrite:
            return False
        shutil.copy(Path(path, config_file), target)
        return True

    @classmethod
    def create_profile_dir(cls, profile_dir: StrPath, config: Any = None) -> Self:
        """Return a profile in a folder, which is made."""
        profile = cls(profile_dir)
        profile.check_dirs()
        return profile

    @classmethod
    def create_profile_dir_by_name(
        cls, path: StrPath, name: str = "default", config: Any = None
    ) -> Self:
        """Return a profile in the folder ``profile_name`` of a folder.

        Raises:
            ProfileDirError: There is no such folder to make it in.
        """
        if not os.path.isdir(path):  # noqa: PTH112 - see above
            raise ProfileDirError(f"Directory not found: {path}")
        return cls.create_profile_dir(_named(path, name))

    @classmethod
    def find_profile_dir_by_name(
        cls, ipython_dir: StrPath, name: str = "default", config: Any = None
    ) -> Self:
        """Return the profile of a name.

        Raises:
            ProfileDirError: There is none.
        """
        return cls.find_profile_dir(_named(ipython_dir, name))

    @classmethod
    def find_profile_dir(cls, profile_dir: StrPath, config: Any = None) -> Self:
        """Return the profile in a folder.

        Raises:
            ProfileDirError: There is no such folder.
        """
        folder = os.path.expanduser(profile_dir)  # noqa: PTH111 - see above
        if not os.path.isdir(folder):  # noqa: PTH112 - see above
            raise ProfileDirError(f"Profile directory not found: {folder}")
        return cls.create_profile_dir(folder)


def _named(folder: StrPath, name: str) -> str:
    return os.path.join(folder, f"profile_{name}")  # noqa: PTH118 - see above
