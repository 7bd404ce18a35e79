"""Make notebooks for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def markdown(source: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": metadata, "source": source}


def code(source: str, *outputs: dict[str, Any], count: int | None = 1, **metadata: Any) -> dict[str, Any]:  # fmt: skip
    return {"cell_type": "code", "metadata": metadata, "source": source, "execution_count": count, "outputs": list(outputs)}  # fmt: skip


def result(**data: Any) -> dict[str, Any]:
    named = {name.replace("__", "+").replace("_", "/", 1): value for name, value in data.items()}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": named}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def notebook(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}


def save(path: Path, nb: dict[str, Any]) -> Path:
    path.write_text(json.dumps(nb), encoding="utf-8")
    return path
