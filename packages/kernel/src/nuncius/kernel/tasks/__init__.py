"""Run cells beside the others: what ``%%bg`` starts, and the handles of it."""

from __future__ import annotations

from typing import Any

__all__ = ["CellTask", "Tasks"]

_HOMES = {"CellTask": "handle", "Tasks": "registry"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
