"""Let programs that were written for jupyter_client run on Nuncius after changing an import line.

``from jupyter_client import X`` becomes ``from nuncius.protocol.compat import X``; the modules ``session``, ``jsonutil``, ``kernelspec``, ``manager``, ``multikernelmanager``, ``client``, ``threaded``, ``consoleapp`` and ``localinterfaces`` have the public names of theirs. It is a façade: new programs are better served by `nuncius.protocol.client` and `nuncius.protocol.manager`.

Names are loaded when they are used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOMES = {
    "AsyncKernelClient": "client",
    "AsyncKernelManager": "manager",
    "AsyncMultiKernelManager": "multikernelmanager",
    "BlockingKernelClient": "client",
    "DuplicateKernelError": "multikernelmanager",
    "JupyterConsoleApp": "consoleapp",
    "KernelClient": "client",
    "KernelManager": "manager",
    "KernelSpec": "kernelspec",
    "KernelSpecManager": "kernelspec",
    "Message": "session",
    "MultiKernelManager": "multikernelmanager",
    "NATIVE_KERNEL_NAME": "kernelspec",
    "NoSuchKernel": "kernelspec",
    "Session": "session",
    "ThreadedKernelClient": "threaded",
    "app_aliases": "consoleapp",
    "app_flags": "consoleapp",
    "date_default": "jsonutil",
    "extract_dates": "jsonutil",
    "extract_header": "session",
    "find_connection_file": "client",
    "find_kernel_specs": "kernelspec",
    "get_kernel_spec": "kernelspec",
    "install_kernel_spec": "kernelspec",
    "is_local_ip": "localinterfaces",
    "json_clean": "jsonutil",
    "json_default": "jsonutil",
    "msg_header": "session",
    "parse_date": "jsonutil",
    "protocol_version": "session",
    "run_kernel": "manager",
    "squash_dates": "jsonutil",
    "start_new_async_kernel": "manager",
    "start_new_kernel": "manager",
    "write_connection_file": "client",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - it is a list of strings


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_HOMES)
