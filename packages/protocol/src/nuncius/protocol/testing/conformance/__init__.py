"""Test whether a kernel, in whatever language, keeps to the protocol.

From a command line::

    python -m nuncius.protocol.testing.conformance --kernel NAME

In a kernel's own tests, with pytest::

    from nuncius.protocol.testing.conformance.suite import KernelConformance

    class TestMyKernel(KernelConformance):
        kernel_name = "mine"
        snippets = Snippets(hello='say "hello"', fails='fail')

The suite speaks over bare sockets and sees every message; `runner.CASES` are its rules.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CASES", "Case", "Failure", "KernelUnderTest", "Snippets", "report", "run"]

_HOMES = {
    "CASES": "runner",
    "Case": "case",
    "Failure": "wire",
    "KernelUnderTest": "runner",
    "Snippets": "languages",
    "report": "runner",
    "run": "runner",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
