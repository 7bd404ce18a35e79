"""Read and write notebooks wherever they are: files, standard input and output, addresses.

An address begins with ``scheme://``. ``http`` and ``https`` are read here (and written with PUT); other schemes belong to whoever registered for them in the entry-point group ``papermill.io``, or to fsspec where that is installed (``s3``, ``gs``, ``abfs``, ``hdfs``, ``sftp`` and many more).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from nuncius.nbconvert import writing
from nuncius.nbconvert.errors import PlaceError

__all__ = ["Handler", "Places", "is_address"]

#: One letter before a colon is a drive of Windows.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_GROUP = "papermill.io"
_TIMEOUT = 60.0


def is_address(path: str) -> bool:
    """Tell whether a path is an address rather than a file or ``-``."""
    return _ADDRESS.match(path) is not None


class Handler(Protocol):
    """Reads and writes what begins with its scheme, as papermill's handlers do."""

    def read(self, path: str) -> str | bytes:
        """Return what is at an address."""
        ...

    def write(self, buf: str, path: str) -> object:
        """Put a text at an address."""
        ...


class Places:
    """Knows who reads and writes what.

    Args:
        handlers: Pairs of what addresses begin with and who handles them; later ones win.
    """

    def __init__(self, handlers: Iterable[tuple[str, Handler]] = ()) -> None:
        self._handlers = list(handlers)

    def register(self, scheme: str, handler: Handler) -> None:
        """Have ``handler`` read and write all paths that begin with ``scheme``; it wins over earlier ones."""
        self._handlers.append((scheme, handler))

    def read(self, path: str) -> bytes:
        """Return what is at a path, an address or (``-``) standard input.

        Raises:
            PlaceError: An address cannot be read.
            OSError: A file cannot be read.
        """
        handler = self._handler(path)
        if handler is None:
            return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        try:
            data = handler.read(path)
        except Exception as error:
            raise _told("read", path, error) from error
        return data.encode("utf-8") if isinstance(data, str) else bytes(data)

    def write(self, path: str, text: str) -> None:
        """Put a text at a path, an address or (``-``) standard output; a file is replaced as a whole.

        Raises:
            PlaceError: An address cannot be written to.
            OSError: A file cannot be written.
        """
        handler = self._handler(path)
        if handler is not None:
            try:
                handler.write(text, path)
            except Exception as error:
                raise _told("write", path, error) from error
        elif path == "-":
            sys.stdout.buffer.write(text.encode("utf-8"))
            sys.stdout.buffer.flush()
        else:
            writing.write(Path(path), [text])

    def is_file(self, path: str) -> bool:
        """Tell whether a path is one of the file system."""
        return path not in ("", "-") and self._registered(path) is None and not is_address(path)

    def _registered(self, path: str) -> Handler | None:
        return next((h for scheme, h in reversed(self._handlers) if path.startswith(scheme)), None)

    def _handler(self, path: str) -> Handler | None:
        found = self._registered(path)
        if found is not None or not is_address(path):
            return found
        return _installed(path) or (_Http() if path.startswith(("http://", "https://")) else _Fsspec())  # fmt: skip


def _installed(path: str) -> Handler | None:
    """Return the handler that another distribution has registered for an address."""
    from importlib.metadata import entry_points

    found = [point for point in entry_points(group=_GROUP) if path.startswith(point.name)]
    if not found:
        return None
    # The most particular one: https://github.com/ before https://
    point = max(found, key=lambda point: len(point.name))
    try:
        made = point.load()
    except Exception as error:
        raise PlaceError(f"{path}: what {point.value!r} registered for it does not load: {error}") from error  # fmt: skip
    handler: Handler = made() if isinstance(made, type) else made
    return handler


def _told(verb: str, path: str, error: Exception) -> PlaceError:
    if isinstance(error, PlaceError):
        return error
    said = str(error) or "no reason is given"
    return PlaceError(f"cannot {verb} {path}: {type(error).__name__}: {said}")


class _Http:
    """Reads with GET and writes with PUT."""

    def read(self, path: str) -> bytes:
        return self._ask(path, "GET", None)

    def write(self, buf: str, path: str) -> None:
        self._ask(path, "PUT", buf.encode("utf-8"))

    @staticmethod
    def _ask(path: str, method: str, data: bytes | None) -> bytes:
        from urllib.error import HTTPError, URLError
        from urllib.request import Request, urlopen

        headers = {"Accept": "application/json, */*", "User-Agent": "nuncius"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = Request(path, data=data, headers=headers, method=method)
        try:
            with urlopen(request, timeout=_TIMEOUT) as answer:
                received: bytes = answer.read()
                return received
        except HTTPError as error:
            with error:
                raise PlaceError(f"cannot {'write' if data else 'read'} {path}: the server says {error.code} {error.reason}") from None  # fmt: skip
        except URLError as error:
            raise PlaceError(f"cannot reach {path}: {error.reason}") from None


class _Fsspec:
    """Reads and writes what fsspec knows."""

    def read(self, path: str) -> bytes:
        with self._module(path).open(path, "rb") as file:
            data: bytes = file.read()
            return data

    def write(self, buf: str, path: str) -> None:
        with self._module(path).open(path, "wb") as file:
            file.write(buf.encode("utf-8"))

    @staticmethod
    def _module(path: str) -> Any:
        from importlib import import_module

        scheme = path.partition("://")[0]
        try:
            fsspec: Any = import_module("fsspec")
            fsspec.get_filesystem_class(scheme)
            return fsspec
        except (ImportError, ValueError) as error:
            if getattr(error, "name", None) != "fsspec" and isinstance(error, ImportError):
                # It knows which package is missing.
                raise PlaceError(f"{path}: {error}") from None
            raise PlaceError(f"{path}: nothing that is installed handles {scheme}://; install fsspec with its package for that storage (as s3fs, gcsfs, adlfs), or one that registers in {_GROUP}") from None  # fmt: skip
