"""The names of symbols by which LaTeX knows them: ``IPython.core.latex_symbols``."""

from __future__ import annotations

from typing import Any

__all__: list[str] = []


def __getattr__(name: str) -> Any:
    from nuncius.kernel.complete.symbols import latex_symbols as table

    if name == "latex_symbols":
        return dict(table())
    if name == "reverse_latex_symbol":
        return {symbol: word for word, symbol in table().items()}
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
