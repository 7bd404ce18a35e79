"""Say where things lie on disk: Jupyter's own directories, and ours beside them.

Kernelspecs and connection files live where Jupyter keeps them, so that each finds what the other wrote. Configuration and profiles of Nuncius live under `nuncius_dir`.

All functions read the environment when they are called, and touch no file but for the question who owns the prefix.

Source: "Common Directories and File Locations" of the Jupyter documentation; XDG Base Directory Specification.
"""

# ruff: noqa: PTH100, PTH103, PTH111, PTH116, PTH118
# os.path, not pathlib: this runs while a kernel starts, and pathlib takes 3 ms to load.

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

__all__ = [
    "data_dir",
    "data_path",
    "env_flag",
    "make_runtime_dir",
    "nuncius_dir",
    "prefers_environment",
    "runtime_dir",
    "system_data_path",
    "user_data_path",
]

_FALSE = frozenset({"no", "n", "false", "off", "0", "0.0"})


def env_flag(name: str, env: Mapping[str, str] | None = None) -> bool | None:
    """Return what the environment variable says, None if it is not set.

    Everything but ``no``, ``n``, ``false``, ``off``, ``0`` and ``0.0`` (in any case) is true, as Jupyter has it.
    """
    value = (os.environ if env is None else env).get(name)
    return None if value is None else value.lower() not in _FALSE


def nuncius_dir() -> str:
    """Return the directory of our configuration and profiles: ``NUNCIUS_DIR``, or ``nuncius`` in the platform's directory for configuration."""
    if path := os.environ.get("NUNCIUS_DIR"):
        return os.path.abspath(os.path.expanduser(path))
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or os.path.join(_home(), "AppData", "Roaming")
    elif sys.platform == "darwin":
        base = os.path.join(_home(), "Library", "Application Support")
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(_home(), ".config")
    return os.path.join(base, "nuncius")


def data_dir() -> str:
    """Return the user's directory for Jupyter data (kernelspecs are below it): ``JUPYTER_DATA_DIR`` or the platform's."""
    env = os.environ
    if path := env.get("JUPYTER_DATA_DIR"):
        return path
    if env_flag("JUPYTER_PLATFORM_DIRS"):
        return _platform_data_dir()
    home = _home()
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Jupyter")
    if sys.platform == "win32":
        if appdata := env.get("APPDATA"):
            return os.path.join(os.path.realpath(appdata), "jupyter")
        return os.path.join(env.get("JUPYTER_CONFIG_DIR") or os.path.join(home, ".jupyter"), "data")
    return os.path.join(
        env.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share"), "jupyter"
    )


def runtime_dir() -> str:
    """Return the directory of connection files: ``JUPYTER_RUNTIME_DIR``, or ``runtime`` in `data_dir`."""
    return os.environ.get("JUPYTER_RUNTIME_DIR") or os.path.join(data_dir(), "runtime")


def make_runtime_dir() -> str:
    """Create `runtime_dir`, for its owner only, if it does not exist, and return it.

    Raises:
        ConnectionFileError: It cannot be created.
    """
    path = runtime_dir()
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError as error:
        from nuncius.protocol.errors import ConnectionFileError

        raise ConnectionFileError(
            f"cannot create the directory for connection files {path}: {error.strerror}; set JUPYTER_RUNTIME_DIR to a directory that you may write to"
        ) from error
    return path


def data_path(*parts: str) -> list[str]:
    """Return the directories that Jupyter data is searched in, the first one winning.

    ``JUPYTER_PATH``, then the user's and the environment's (`prefers_environment` says in which order), then the system's.

    Args:
        *parts: Joined to each directory, such as ``kernels``.
    """
    system = system_data_path()
    prefix = os.path.join(sys.prefix, "share", "jupyter")
    environment = [prefix] if [prefix] == system or prefix not in system else []
    user = user_data_path()
    groups = (environment, user) if prefers_environment() else (user, environment)
    paths = [
        path.rstrip(os.sep) for path in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if path
    ]
    for path in (*groups[0], *groups[1], *system):
        if path not in paths:
            paths.append(path)
    return [os.path.join(path, *parts) for path in paths] if parts else paths


def user_data_path() -> list[str]:
    """Return the directories of the user: `data_dir`, and the one below Python's user base where that is in use."""
    paths = [data_dir()]
    if base := _user_base():
        path = os.path.join(base, "share", "jupyter")
        if path not in paths:
            paths.append(path)
    return paths


def system_data_path() -> list[str]:
    """Return the directories of the whole machine."""
    if sys.platform == "win32":
        program_data = os.environ.get("PROGRAMDATA")
        if program_data and env_flag("JUPYTER_USE_PROGRAMDATA"):
            return [os.path.join(program_data, "jupyter")]
        return [os.path.join(sys.prefix, "share", "jupyter")]
    if env_flag("JUPYTER_PLATFORM_DIRS"):
        if sys.platform == "darwin":
            return ["/Library/Application Support/Jupyter"]
        shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        return [os.path.join(path, "jupyter") for path in shared.split(os.pathsep) if path]
    return ["/usr/local/share/jupyter", "/usr/share/jupyter"]


def prefers_environment() -> bool:
    """Tell whether what is installed in ``sys.prefix`` comes before what the user has.

    ``JUPYTER_PREFER_ENV_PATH`` decides if it is set; else it is so in a virtual environment or a conda environment (but not its base) that belongs to the user.
    """
    told = env_flag("JUPYTER_PREFER_ENV_PATH")
    if told is not None:
        return told
    if sys.prefix != sys.base_prefix:
        return _owned(sys.prefix)
    conda = os.environ.get("CONDA_PREFIX")
    return (
        conda is not None
        and sys.prefix.startswith(conda)
        and os.environ.get("CONDA_DEFAULT_ENV", "base") != "base"
        and _owned(sys.prefix)
    )


def _owned(path: str) -> bool:
    try:
        if hasattr(os, "geteuid") and os.stat(path).st_uid == os.geteuid():
            return True
    except OSError:
        return False
    return not hasattr(os, "geteuid") and os.access(path, os.W_OK)


def _platform_data_dir() -> str:
    home = _home()
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support", "Jupyter")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return os.path.join(base, "Jupyter")
    base = os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    return os.path.join(base, "jupyter")


def _user_base() -> str | None:
    # A kernel started with -S or -I has no user site, and `site` need not be loaded to know.
    if sys.flags.no_user_site or "site" not in sys.modules:
        return None
    import site

    return site.getuserbase() if site.ENABLE_USER_SITE else None


def _home() -> str:
    return os.path.realpath(os.path.expanduser("~"))
