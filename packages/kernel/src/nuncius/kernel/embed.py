"""Put a kernel into a running program, so that frontends can look into it: ``embed_kernel()``.

The program's own variables are the kernel's namespace; the program goes on when the kernel is shut down.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["embed_kernel", "extract_module_locals", "start_kernel"]


def extract_module_locals(depth: int = 0) -> tuple[ModuleType, dict[str, Any]]:
    """Return the module and the local variables of a caller, ``depth`` frames up."""
    frame = sys._getframe(depth + 1)  # noqa: SLF001 - the only way to the caller's variables
    name = frame.f_globals["__name__"]
    module = sys.modules.get(name)
    if module is None:  # code that runs in a dictionary of its own
        from types import ModuleType as Module

        module = Module(name)
        module.__dict__.update(frame.f_globals)
    return module, frame.f_locals


def embed_kernel(
    module: ModuleType | None = None,
    local_ns: dict[str, Any] | None = None,
    *,
    connection_file: str | None = None,
    **options: Any,
) -> None:
    """Serve a kernel over the caller's variables, until it is shut down.

    Args:
        module: Its globals are the kernel's; the caller's by default.
        local_ns: Its variables are the kernel's; the caller's by default.
        connection_file: Where to write how to connect; a new file by default, whose name is printed.
        **options: For `nuncius.kernel.app.build`.
    """
    caller_module, caller_locals = extract_module_locals(1)
    start_kernel(
        user_module=module or caller_module,
        user_ns=caller_locals if local_ns is None else local_ns,
        connection_file=connection_file,
        **options,
    )


def start_kernel(
    *,
    user_module: ModuleType | None = None,
    user_ns: dict[str, Any] | None = None,
    connection_file: str | None = None,
    **options: Any,
) -> None:
    """Serve a kernel in this thread, until it is shut down.

    Args:
        user_module: Cells run in this module.
        user_ns: Cells run in this dictionary.
        connection_file: Where to write how to connect.
        **options: For `nuncius.kernel.app.build`.
    """
    from nuncius.kernel.app import build
    from nuncius.protocol.serving import serve

    options.setdefault("own_main", False)
    options.setdefault("startup", False)
    kernel = build(user_module=user_module, user_ns=user_ns, **options)
    arguments = [] if connection_file is None else ["-f", connection_file]
    serve(lambda: kernel, arguments)
