"""Say where a kernel listens and with which key: connection files, read, written and found.

A `ConnectionInfo` is the value; the functions around it deal with the file that carries it from the process that starts a kernel to the kernel, and to every frontend that wants to join.

Rule 1: whoever can read a connection file can run code as its owner. Files are written with mode 0600, under another name, and moved into place: nobody ever reads half a file, and a full disk leaves nothing behind.
Rule 2: what is in a file and unknown to us is kept (`ConnectionInfo.extra`) and written back.
Rule 3: every refusal is a `ConnectionFileError` that names the file, what is wrong with it, and what to do.

This module is on the path of a kernel's start: it loads nothing but `os` and what the messages need.

Source: "Connecting to kernels" in the Jupyter messaging documentation.
"""

# ruff: noqa: PTH100, PTH105, PTH106, PTH108, PTH113, PTH116, PTH118, PTH119, PTH120, PTH123, PTH207, PTH208
# os.path, not pathlib: this runs while a kernel starts, and pathlib takes 3 ms to load.

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from nuncius.protocol.errors import ConnectionFileError
from nuncius.protocol.messages import Channel
from nuncius.protocol.paths import make_runtime_dir, runtime_dir
from nuncius.protocol.values import Value, field, replace

__all__ = [
    "ConnectionInfo",
    "check_alive",
    "find_connection_file",
    "find_connection_files",
    "ipc_directory",
    "is_listening",
    "load_connection_file",
    "new_connection_path",
    "new_key",
    "remove_connection_file",
    "write_connection_file",
]

#: Fields of the file that are ports, in the order of `Channel`.
_PORTS = tuple(f"{channel}_port" for channel in Channel)
_KNOWN = frozenset(
    {
        *_PORTS,
        "transport",
        "ip",
        "key",
        "signature_scheme",
        "kernel_name",
        "jupyter_session",
        "curve_publickey",
        "curve_secretkey",
    }
)

#: How messages are signed where a file does not say it.
_SCHEME = "hmac-sha256"

#: Bytes that the path of a Unix socket may have (``sun_path`` of unix(7), less the zero at its end).
_LONGEST_SOCKET = 107
#: Bytes of a folder that leave room for ours and the names of sockets in it, on macOS too, where paths are 4 bytes shorter.
_LONGEST_FOLDER = 103 - len("/nuncius-ipc-12345678/kernel-65535")

StrPath = str | os.PathLike[str]


def new_key() -> str:
    """Return a new secret of 128 random bits, in the form that Jupyter gives it."""
    text = os.urandom(16).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class ConnectionInfo(Value):
    """Where a kernel listens, and what its messages are signed with.

    Attributes:
        transport: ``tcp`` or ``ipc``.
        ip: An address; with ipc, the beginning of the sockets' paths.
        shell_port: A port; with ipc, the number that ends the path. 0 in a file that starts a kernel: the kernel binds any port, then writes the file again.
        iopub_port: See `shell_port`.
        stdin_port: See `shell_port`.
        control_port: See `shell_port`.
        hb_port: See `shell_port`.
        key: The secret that signs the messages; empty: they are not signed.
        signature_scheme: ``hmac-`` and the name of a hash.
        kernel_name: Of the kernelspec; may be empty.
        session: The path or name of the document that the kernel was started for (``jupyter_session`` in the file).
        curve_publickey: CurveZMQ key of the kernel, in Z85 (40 characters); empty: the sockets are not encrypted.
        curve_secretkey: Its other half.
        extra: What else is in the file.

    Raises:
        ConnectionFileError: The path of an ipc socket would be longer than sockets' paths may be.
    """

    transport: str = "tcp"
    ip: str = "127.0.0.1"
    shell_port: int = 0
    iopub_port: int = 0
    stdin_port: int = 0
    control_port: int = 0
    hb_port: int = 0
    key: str = field(default="", repr=False)
    signature_scheme: str = _SCHEME
    kernel_name: str = ""
    session: str = ""
    curve_publickey: str = ""
    curve_secretkey: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.transport == "ipc":
            longest = f"{self.ip}-{max(self.ports.values())}"
            if (count := len(longest.encode("utf-8", "surrogatepass"))) > _LONGEST_SOCKET:
                raise ConnectionFileError(
                    f"the ipc socket {longest!r} cannot exist: its path has {count} bytes, and a socket's may have {_LONGEST_SOCKET}; choose a shorter folder, or transport='tcp'"
                )

    @property
    def ports(self) -> dict[str, int]:
        """The five ports by the names that they have in the file."""
        return {name: getattr(self, name) for name in _PORTS}

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the kernel: ipc, or an address of the loopback."""
        return (
            self.transport == "ipc"
            or self.ip in ("localhost", "::1")
            or (self.ip.startswith("127.") and self.ip.replace(".", "").isdigit())
        )

    @property
    def has_ports(self) -> bool:
        """Whether every port is known."""
        return all(self.ports.values())

    def port(self, channel: str) -> int:
        """Return the port of ``channel``."""
        port: int = getattr(self, f"{channel}_port")
        return port

    def url(self, channel: str) -> str:
        """Return the ZeroMQ address of ``channel``, to bind or to connect to."""
        port = self.port(channel)
        if self.transport == "ipc":
            return f"ipc://{self.ip}-{port}"
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{self.transport}://{host}:{port}"

    def with_ports(self, ports: Mapping[str, int]) -> ConnectionInfo:
        """Return the same with other ports, named as in `ports`."""
        changes: dict[str, Any] = {name: int(ports[name]) for name in _PORTS if name in ports}
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in the file."""
        data: dict[str, Any] = dict(self.ports)
        data.update(
            ip=self.ip,
            key=self.key,
            transport=self.transport,
            signature_scheme=self.signature_scheme,
            kernel_name=self.kernel_name,
        )
        optional = {
            "jupyter_session": self.session,
            "curve_publickey": self.curve_publickey,
            "curve_secretkey": self.curve_secretkey,
        }
        data.update((name, value) for name, value in optional.items() if value)
        data.update((name, value) for name, value in self.extra.items() if name not in data)
        return data

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], source: str = "the connection info"
    ) -> ConnectionInfo:
        """Return the info that ``data`` holds.

        Ports may be missing (then they are 0) or written as strings, the key may be bytes.

        Args:
            data: As in the file.
            source: Names ``data`` in errors.

        Raises:
            ConnectionFileError: A field is not what it should be.
        """
        if not isinstance(data, Mapping):
            raise ConnectionFileError(
                f"{source}: expected a JSON object with ports and a key, got {type(data).__name__}"
            )
        ports = {name: _port(data.get(name, 0), name, source) for name in _PORTS}
        transport = _text(data, "transport", "tcp", source)
        if transport not in ("tcp", "ipc"):
            raise ConnectionFileError(
                f"{source}: transport is {transport!r}; expected 'tcp' or 'ipc'"
            )
        ip = _text(data, "ip", "127.0.0.1", source)
        fields: dict[str, Any] = dict(
            transport=transport,
            # "*" can be bound but not connected to; 0.0.0.0 can do both.
            ip="0.0.0.0" if ip == "*" else ip,
            key=_text(data, "key", "", source),
            signature_scheme=_scheme(data, source),
            kernel_name=_text(data, "kernel_name", "", source),
            session=_text(data, "jupyter_session", "", source),
            curve_publickey=_text(data, "curve_publickey", "", source),
            curve_secretkey=_text(data, "curve_secretkey", "", source),
            extra={name: value for name, value in data.items() if name not in _KNOWN},
            **ports,
        )
        try:
            return cls(**fields)
        except ConnectionFileError as error:
            raise ConnectionFileError(f"{source}: {error}") from None


# -- files


def load_connection_file(path: StrPath) -> ConnectionInfo:
    """Return what the file at ``path`` says.

    A file that others can read is accepted with a warning in the log: some places (mounted secrets of containers) cannot do better.

    Raises:
        ConnectionFileError: It is missing, may not be read, or is not a connection file.
    """
    from json import loads

    name = os.fspath(path)
    try:
        descriptor = os.open(name, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        with open(descriptor, encoding="utf-8") as file:
            mode = os.fstat(descriptor).st_mode
            text = file.read()
    except FileNotFoundError as error:
        raise ConnectionFileError(
            f"there is no connection file {name}; its kernel has ended, or was never started"
        ) from error
    except UnicodeDecodeError as error:
        raise ConnectionFileError(
            f"{name} is not a connection file: it is not UTF-8 text"
        ) from error
    except OSError as error:
        raise ConnectionFileError(
            f"cannot read the connection file {name}: {error.strerror}; only the user who started the kernel can"
        ) from error
    if not text.strip():
        raise ConnectionFileError(
            f"the connection file {name} is empty; the kernel did not finish writing it: start the kernel again"
        )
    try:
        data = loads(text)
    except (ValueError, RecursionError) as error:
        raise ConnectionFileError(f"{name} is not a connection file: {error}") from error
    info = ConnectionInfo.from_dict(data, name)
    if os.name == "posix" and mode & 0o077 and info.key:
        _warn_readable(name, mode)
    return info


def write_connection_file(info: ConnectionInfo, path: StrPath) -> str:
    """Write ``info`` to ``path``, readable by its owner only; all or nothing.

    Args:
        info: What to write.
        path: A file that exists is replaced.

    Returns:
        The path as a string.

    Raises:
        ConnectionFileError: It cannot be written; what was there before is still there.
    """
    from json import dumps

    name = os.fspath(path)
    data = dumps(info.to_dict(), indent=2, sort_keys=True).encode() + b"\n"
    # In the same folder, else it could not be moved into place; hidden, so that no glob finds it.
    folder, base = os.path.split(name)
    temporary = os.path.join(folder, f".{base}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                _write_all(descriptor, data)
            finally:
                os.close(descriptor)
            os.replace(temporary, name)
        except BaseException:
            _unlink(temporary)
            raise
    except OSError as error:
        raise ConnectionFileError(
            f"cannot write the connection file {name}: {error.strerror}; {_write_hint(error)}"
        ) from error
    return name


def remove_connection_file(path: StrPath, info: ConnectionInfo | None = None) -> None:
    """Remove the file at ``path`` if it is there, what a process that was killed while it wrote it has left, and the ipc sockets of ``info``; never raise.

    Args:
        path: The connection file.
        info: What it said; without it no sockets are removed.
    """
    folder, base = os.path.split(os.fspath(path))
    _unlink(os.fspath(path))
    with contextlib.suppress(OSError):
        for name in os.listdir(folder or "."):
            if name.startswith(f".{base}."):
                _unlink(os.path.join(folder, name))
    if info is not None and info.transport == "ipc":
        for port in info.ports.values():
            _unlink(f"{info.ip}-{port}")
        folder = os.path.dirname(info.ip)
        if os.path.basename(folder).startswith("nuncius-ipc-"):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def new_connection_path(kernel_id: str = "") -> str:
    """Return the path that the connection file of a new kernel should have; create its directory.

    Args:
        kernel_id: By default a random one.

    Raises:
        ConnectionFileError: The directory cannot be created.
    """
    return os.path.join(make_runtime_dir(), f"kernel-{kernel_id or new_key()}.json")


def ipc_directory() -> str:
    """Create and return a new directory, private to the user, for the sockets of one kernel.

    A path of a socket may have 107 bytes at most, so it lies in the directory for temporary files and not beside the connection file; where ``TMPDIR`` is deep, in ``XDG_RUNTIME_DIR`` or ``/tmp``. `remove_connection_file` removes it.

    Raises:
        ConnectionFileError: No folder for temporary files has a path that is short enough.
    """
    import tempfile

    first = tempfile.gettempdir()
    for folder in (first, os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp"):
        if folder and len(os.fsencode(folder)) <= _LONGEST_FOLDER:
            with contextlib.suppress(OSError):
                return tempfile.mkdtemp(prefix="nuncius-ipc-", dir=folder)
    raise ConnectionFileError(
        f"there is no folder for a kernel's ipc sockets: the path of {first} is longer than {_LONGEST_FOLDER} bytes or cannot be written, and so it is with XDG_RUNTIME_DIR and /tmp; set TMPDIR to a short one"
    )


def find_connection_files(directory: StrPath | None = None) -> list[str]:
    """Return the connection files of the runtime directory, the newest first.

    Args:
        directory: Another directory to look in.
    """
    folder = os.fspath(directory or runtime_dir())
    names = []
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.path
                for entry in entries
                if entry.name.startswith("kernel-") and entry.name.endswith(".json")
            ]
    except OSError:
        return []
    return sorted(names, key=_modified, reverse=True)


def find_connection_file(name: str | None = None, directory: StrPath | None = None) -> str:
    """Return the connection file that a person means.

    Args:
        name: A path; a file name in the runtime directory; a kernel's id or a part of it; or a pattern with ``*``, ``?``. Of several the newest is taken, and of those that match equally well one that has a kernel behind it is preferred. None: the newest kernel.
        directory: Look there instead of in the runtime directory.

    Raises:
        ConnectionFileError: There is none.
    """
    if name and os.path.isfile(name):
        return os.path.abspath(name)
    folder = os.fspath(directory or runtime_dir())
    for candidates in _candidates(name, folder):
        if candidates:
            return next((path for path in candidates if _has_kernel(path)), candidates[0])
    known = len(find_connection_files(folder))
    what = f"no connection file matches {name!r}" if name else "no kernel is running"
    raise ConnectionFileError(
        f"{what} (looked in {folder}, which has {known or 'none'}); start one with 'nuncius kernel', or give the path of its connection file"
    )


def _candidates(name: str | None, folder: str) -> Iterator[list[str]]:
    """Yield lists of files, the best match first."""
    everything = find_connection_files(folder)
    if not name:
        yield everything
        return
    exact = [
        path
        for path in (os.path.join(folder, name), os.path.join(folder, f"kernel-{name}.json"))
        if os.path.isfile(path)
    ]
    yield exact
    from fnmatch import fnmatchcase
    from glob import glob

    if os.path.dirname(name):
        yield sorted(glob(name), key=_modified, reverse=True)
    pattern = name if any(sign in name for sign in "*?[") else f"*{name}*"
    yield [path for path in everything if fnmatchcase(os.path.basename(path), pattern)]


# -- is there a kernel?


def is_listening(info: ConnectionInfo, timeout: float = 1.0) -> bool:
    """Tell whether some process listens at the kernel's shell address.

    It says nothing about who it is, or whether it answers: that takes a client and the key. But if nobody listens, the file is stale.

    Args:
        info: The kernel.
        timeout: Seconds, for a host that does not answer at all.
    """
    import socket

    if not info.shell_port:
        return False
    try:
        if info.transport == "ipc":
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(timeout)
                probe.connect(f"{info.ip}-{info.shell_port}")
        else:
            socket.create_connection((info.ip, info.shell_port), timeout).close()
    except (OSError, OverflowError):
        return False
    return True


def check_alive(info: ConnectionInfo, path: StrPath, timeout: float = 1.0) -> None:
    """Raise if the connection file at ``path`` is stale.

    Args:
        info: What it says.
        path: Named in the error.
        timeout: Seconds, for a host that does not answer at all.

    Raises:
        ConnectionFileError: Nobody listens where ``info`` says.
    """
    if is_listening(info, timeout):
        return
    if not info.has_ports:
        raise ConnectionFileError(
            f"the kernel of {os.fspath(path)} has not said where it listens: it is still starting, or failed to"
        )
    raise ConnectionFileError(
        f"the connection file {os.fspath(path)} is stale: nobody listens at {info.url(Channel.SHELL)}; its kernel ended without removing it, and you may remove it"
    )


def _has_kernel(path: str) -> bool:
    try:
        return is_listening(load_connection_file(path), 0.2)
    except ConnectionFileError:
        return False


# -- helpers


def _port(value: object, name: str, source: str) -> int:
    # xeus sends ports as strings when it registers.
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
        raise ConnectionFileError(
            f"{source}: {name} is {value!r:.80}; expected a port number from 0 to 65535"
        )
    return value


def _text(data: Mapping[str, Any], name: str, default: str, source: str) -> str:
    value = data.get(name, default)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if value is None:
        return default
    if not isinstance(value, str):
        shown = "" if name in ("key", "curve_secretkey") else f": {value!r:.80}"
        raise ConnectionFileError(
            f"{source}: expected {name} to be a string, got {type(value).__name__}{shown}"
        )
    return value


def _scheme(data: Mapping[str, Any], source: str) -> str:
    scheme = _text(data, "signature_scheme", "", source) or _SCHEME
    if scheme != _SCHEME:
        from hashlib import algorithms_available

        kind, _, name = scheme.partition("-")
        if kind != "hmac" or name not in algorithms_available:
            raise ConnectionFileError(
                f"{source}: signature_scheme is {scheme!r}; expected 'hmac-' and a hash such as {_SCHEME!r}"
            )
    return scheme


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _write_hint(error: OSError) -> str:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "make room on that disk, or set JUPYTER_RUNTIME_DIR to a directory on another one"
    if error.errno == errno.ENOENT:
        return "its directory does not exist"
    if error.errno == errno.EISDIR:
        return "name a file in it"
    return "set JUPYTER_RUNTIME_DIR to a directory that you may write to"


def _warn_readable(name: str, mode: int) -> None:
    import logging

    logging.getLogger(__name__).warning(
        "other users can read the key in %s (mode %o) and run code as you; do: chmod 600 %s",
        name,
        mode & 0o777,
        name,
    )


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
