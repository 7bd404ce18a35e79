"""``ipykernel.connect`` and ``ipykernel.kernelspec``: how to connect to the kernel that runs, and how to install one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from nuncius.kernel.compile import HASH_SEED, Compiler
from nuncius.kernel.current import get_shell
from nuncius.kernel.install import kernel_spec
from nuncius.protocol.paths import runtime_dir

__all__ = [
    "KERNEL_NAME",
    "connect_qtconsole",
    "get_connection_file",
    "get_connection_info",
    "get_file_name",
    "get_kernel_dict",
    "get_tmp_directory",
    "get_tmp_hash_seed",
    "make_ipkernel_cmd",
    "write_connection_file",
    "write_kernel_spec",
]

KERNEL_NAME = "python3"


def get_connection_file(app: Any = None) -> str:
    """Return the path of the connection file of an application's kernel; of the one that runs by default.

    Raises:
        RuntimeError: None runs, or it cannot be connected to.
    """
    from nuncius.kernel.compat.apps import IPKernelApp

    path = (app or IPKernelApp()).connection_file
    if not path:
        raise RuntimeError("no kernel runs here that could be connected to")
    found = Path(path)
    return str(found if found.is_absolute() or found.exists() else Path(runtime_dir(), path))


def get_connection_info(connection_file: str | None = None, unpack: bool = False) -> Any:
    """Return what a connection file says: its text, or with ``unpack`` a dictionary, whose key is bytes."""
    text = Path(connection_file or get_connection_file()).read_text(encoding="utf-8")
    if not unpack:
        return text
    info = json.loads(text)
    info["key"] = str(info.get("key", "")).encode()
    return info


def write_connection_file(fname: str | None = None, **kwargs: Any) -> tuple[str, dict[str, Any]]:
    """Write a connection file; returns its name and what it says."""
    from nuncius.protocol import connection

    path = fname or connection.new_connection_path()
    key = kwargs.pop("key", b"")
    text = key if isinstance(key, str) else key.decode()
    info = connection.ConnectionInfo(key=text, **kwargs)
    connection.write_connection_file(info, path)
    return path, json.loads(Path(path).read_text(encoding="utf-8"))


def connect_qtconsole(
    connection_file: str | None = None, argv: list[str] | None = None
) -> subprocess.Popen[bytes]:
    """Open the graphical console, connected to a kernel."""
    path = connection_file or get_connection_file()
    return subprocess.Popen(
        [sys.executable, "-m", "nuncius", "qtconsole", "--existing", path, *(argv or [])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def make_ipkernel_cmd(
    mod: str = "nuncius.kernel",
    executable: str | None = None,
    extra_arguments: Any = None,
    **kw: Any,
) -> list[str]:
    """Return the command line of a kernel."""
    return [
        executable or sys.executable,
        "-m",
        mod,
        "-f",
        "{connection_file}",
        *(extra_arguments or ()),
    ]


def get_kernel_dict(extra_arguments: Any = None, **kwargs: Any) -> dict[str, Any]:
    """Return the content of a ``kernel.json``."""
    return {
        "argv": make_ipkernel_cmd(extra_arguments=extra_arguments),
        "display_name": f"Python {sys.version_info[0]} (Nuncius)",
        "language": "python",
        "metadata": dict(kernel_spec().metadata),
    }


def write_kernel_spec(
    path: str | None = None,
    overrides: dict[str, Any] | None = None,
    extra_arguments: Any = None,
    **kwargs: Any,
) -> str:
    """Write a folder with a ``kernel.json`` in it.

    Args:
        path: The folder; a temporary one by default.
        overrides: Entries that are other than those of `get_kernel_dict`.
        extra_arguments: Of the kernel's command line.
        **kwargs: Ignored.

    Returns:
        The folder.
    """
    if path is None:
        import tempfile

        path = str(Path(tempfile.mkdtemp(suffix="_kernels"), KERNEL_NAME))
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    content = get_kernel_dict(extra_arguments) | (overrides or {})
    (folder / "kernel.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def get_tmp_directory() -> str:
    """Return the folder of the names that cells have."""
    shell: Any = get_shell()
    return str(Path((Compiler() if shell is None else shell.compile).folder))


def get_file_name(code: str) -> str:
    """Return the name of a cell with this source."""
    shell: Any = get_shell()
    name: str = (Compiler() if shell is None else shell.compile).get_filename(code)
    return name


def get_tmp_hash_seed() -> int:
    """Return the seed of the names of cells."""
    return HASH_SEED
