"""Know the sources of a program that is debugged: cells as files, breakpoints, modules, and which files are nobody's to step through."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from nuncius.kernel.debug.replies import (
    Request,
    Response,
    arguments_of,
    failure,
    request,
    success,
)

__all__ = ["Sources", "internal_rules", "leave_kernel_alone"]


#: Packages and modules of the standard library by which the kernel comes from one statement to the next, and shows values and errors. Others can be stepped into.
_MACHINERY = [
    "_collections_abc",
    "_weakrefset",
    "abc",
    "ast",
    "asyncio",
    "base64",
    "bdb",
    "codecs",
    "codeop",
    "collections",
    "contextlib",
    "contextvars",
    "ctypes",
    "dataclasses",
    "encodings",
    "enum",
    "functools",
    "genericpath",
    "hashlib",
    "hmac",
    "importlib",
    "inspect",
    "io",
    "json",
    "linecache",
    "logging",
    "os",
    "pathlib",
    "pdb",
    "posixpath",
    "pty",
    "re",
    "runpy",
    "selectors",
    "signal",
    "subprocess",
    "threading",
    "token",
    "tokenize",
    "traceback",
    "tty",
    "typing",
    "uuid",
    "warnings",
    "weakref",
]


class Sources:
    """The sources of one kernel, for a debugger's frontend.

    Args:
        shell: Whose cells.
        forward: Has debugpy answer a request.

    Attributes:
        breakpoints: Path -> breakpoints, as the adapter has set them.
    """

    def __init__(self, shell: Any, forward: Callable[[Request], Response]) -> None:
        self._compiler = shell.compile
        self._forward = forward
        self.breakpoints: dict[str, list[dict[str, Any]]] = {}
        self._dumped: set[Path] = set()
        self.handlers: dict[str, Callable[[Request], Response]] = {
            "dumpCell": self._dump_cell,
            "setBreakpoints": self._set_breakpoints,
            "stackTrace": self._stack_trace,
            "source": self._source,
            "modules": self._modules,
        }

    def open(self) -> None:
        """Make the folder of the cells' files."""
        Path(self._compiler.folder).mkdir(mode=0o700, parents=True, exist_ok=True)

    def close(self) -> None:
        """Remove the cells' files, and forget the breakpoints."""
        self.breakpoints.clear()
        for path in self._dumped:
            with suppress(OSError):
                path.unlink()
        self._dumped.clear()
        with suppress(OSError):
            Path(self._compiler.folder).rmdir()

    def _dump_cell(self, request: Request) -> Response:
        code = arguments_of(request)["code"]
        path = Path(self._compiler.get_filename(code))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8", errors="surrogatepass")
        self._dumped.add(path)
        return success(request, {"sourcePath": str(path)})

    def _set_breakpoints(self, request: Request) -> Response:
        arguments = arguments_of(request)
        path = arguments["source"]["path"]
        response = self._forward(request)
        if response.get("success"):
            wanted = arguments.get("breakpoints") or []
            found = (response.get("body") or {}).get("breakpoints") or []
            # debugpy may move one to the next line that has code
            self.breakpoints[path] = [
                dict(asked) | {"line": got.get("line", asked.get("line"))}
                for asked, got in zip(wanted, found, strict=False)
            ]
            if not wanted:
                self.breakpoints.pop(path, None)
        return response

    def _stack_trace(self, request: Request) -> Response:
        """Leave out what runs below the cell: the kernel's loop is nobody's code."""
        response = self._forward(request)
        body = response.get("body") or {}
        frames = body.get("stackFrames") or []
        cells = [
            index
            for index, frame in enumerate(frames)
            if self._compiler.is_cell((frame.get("source") or {}).get("path", ""))
        ]
        if cells:
            body["stackFrames"] = [
                # a cell that is stopped before its first line has the number 0: no editor has that
                frame | {"line": max(1, frame.get("line", 1))}
                for frame in frames[: cells[-1] + 1]
            ]
            body["totalFrames"] = len(body["stackFrames"])
        return response

    def _source(self, request: Request) -> Response:
        import linecache

        path = arguments_of(request)["source"]["path"]
        lines = linecache.getlines(path)
        if not lines:
            return failure(request, f"there is no source of {path}")
        return success(request, {"content": "".join(lines)})

    def _modules(self, request: Request) -> Response:
        arguments = request.get("arguments") or {}
        everything = list(sys.modules.copy().values())
        start = int(arguments.get("startModule") or 0)
        count = int(arguments.get("moduleCount") or 0) or len(everything)
        found = []
        for number, module in enumerate(everything[start : start + count], start):
            path = getattr(getattr(module, "__spec__", None), "origin", None)
            if isinstance(path, str) and path.endswith(".py"):
                found.append({"id": number, "name": module.__name__, "path": path})
        return success(request, {"modules": found, "totalModules": len(everything)})


def leave_kernel_alone() -> Request:
    """Return the request that takes the kernel's own frames from the debugger's sight.

    Filters by rules do not hold where an interrupt has ended a stop: the next call of the kernel would stop, with its locks held.
    """
    folders = [*_kernel_folders(), str(Path(sys.modules["debugpy"].__file__ or "").parent)]
    return request(
        "setDebuggerProperty",
        dontTraceStartPatterns=[f"{folder}/" for folder in folders],
        dontTraceEndPatterns=[],
    )


def internal_rules() -> list[dict[str, Any]]:
    """Return rules for the files that a person does not want to step through.

    They are the kernel, and what it is made of: a step that leaves the cell must not stop where the kernel holds a lock.
    """
    import sysconfig

    import zmq

    standard = sysconfig.get_path("stdlib")
    folders = [*zmq.__path__, *_kernel_folders(), *(f"{standard}/{name}" for name in _MACHINERY)]
    files = [f"{standard}/{name}.py" for name in _MACHINERY]
    # methods that are made of text, as those of data classes are
    paths = [*(f"{folder}/**" for folder in folders), *files, "<string>"]
    return [{"path": path, "include": False} for path in paths]


def _kernel_folders() -> list[str]:
    import nuncius.kernel
    import nuncius.protocol

    packages: list[Any] = [nuncius.kernel, nuncius.protocol]
    return [folder for package in packages for folder in package.__path__]
