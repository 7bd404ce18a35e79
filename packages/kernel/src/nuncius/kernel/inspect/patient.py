"""Show a value within a time: a text that a program has to compute first must not keep the kernel from its work."""

from __future__ import annotations

import types
from contextvars import copy_context
from typing import Any

from nuncius.kernel.saferepr import safe_repr
from nuncius.kernel.static import class_attribute, is_a
from nuncius.kernel.worker import Worker

__all__ = ["PatientRepr"]

#: Seconds for the text of a value.
_PATIENCE = 1.0

#: Their texts are made by Python itself, of nothing else.
_QUICK = frozenset({str, bytes, bytearray, int, float, complex, bool, type(None), range, slice})


class PatientRepr:
    """`safe_repr` with a limit of time.

    Args:
        seconds: After which the text is not waited for.
    """

    def __init__(self, seconds: float = _PATIENCE) -> None:
        self._seconds = seconds
        self._worker = Worker()

    def __call__(self, value: Any, limit: int) -> str:
        """Return the text of ``value``, of about ``limit`` characters at most; or one that says that it takes long."""
        if _is_quick(value):
            return safe_repr(value, limit)
        found: list[str] = []
        context = copy_context()

        def step() -> bool:
            found.append(context.run(safe_repr, value, limit))
            return True

        self._worker.run([step], self._seconds)
        return found[0] if found else f"<not shown: its text takes more than {self._seconds:g} s>"

    def close(self) -> None:
        """End the thread."""
        self._worker.close()


def _is_quick(value: Any) -> bool:
    kind = type(value)
    if kind in _QUICK or is_a(value, (type, types.ModuleType, types.FunctionType)):
        return True
    return class_attribute(kind, "__repr__") is object.__repr__
