"""Make a notebook of a session: its cells, with the texts of their values."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["notebook"]


def notebook(shell: Any) -> dict[str, Any]:
    """Return the cells of this session, but for the one that runs, as an nbformat 4.5 document."""
    history = shell.history_manager
    cells = []
    for _, number, content in history.get_range(0, 1, -1, raw=True, output=True):
        source, output = content
        outputs = []
        if output is not None:
            outputs.append(
                {
                    "output_type": "execute_result",
                    "execution_count": number,
                    "data": {"text/plain": output.splitlines(keepends=True)},
                    "metadata": {},
                }
            )
        cells.append(
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "execution_count": number,
                "metadata": {},
                "source": source.splitlines(keepends=True),
                "outputs": outputs,
            }
        )
    version = sys.version.split()[0]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {
                "name": "nuncius-python",
                "display_name": "Python (Nuncius)",
                "language": "python",
            },
            "language_info": {"name": "python", "version": version, "file_extension": ".py"},
        },
        "cells": cells,
    }
