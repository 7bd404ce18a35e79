"""The Python kernel and its interactive core.

::

    from nuncius.kernel import Shell, embed_kernel

    shell = Shell()
    shell.run_cell("1 + 1").result        # 2
    embed_kernel()                        # let a frontend look into this program

The names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.kernel.current import get_shell
    from nuncius.kernel.embed import embed_kernel
    from nuncius.kernel.python_kernel import PythonKernel
    from nuncius.kernel.results import ExecutionInfo, ExecutionResult
    from nuncius.kernel.shell import Shell

__all__ = [
    "ExecutionInfo",
    "ExecutionResult",
    "PythonKernel",
    "Shell",
    "embed_kernel",
    "get_shell",
]

_HOMES = {
    "ExecutionInfo": "results",
    "ExecutionResult": "results",
    "PythonKernel": "python_kernel",
    "Shell": "shell",
    "embed_kernel": "embed",
    "get_shell": "current",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
