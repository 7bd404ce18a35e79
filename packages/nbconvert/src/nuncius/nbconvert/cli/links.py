"""Know where the links among the notebooks of a batch lead after their conversion."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["Links", "stems"]


def stems(paths: list[str]) -> dict[str, str]:
    """Return the notebooks of a batch: absolute path to absolute path without extension."""
    found = (os.path.abspath(path) for path in paths)  # noqa: PTH100 - many, so pathlib is slow
    return {path: path.removesuffix(".ipynb") for path in found}


class Links(Mapping[str, str]):
    """Maps the links of one notebook to the results of others; each is worked out when it is asked for.

    Args:
        notebooks: As `stems` returns them.
        path: The notebook that has the links.
        extension: What results have instead of ``.ipynb``.
    """

    def __init__(self, notebooks: Mapping[str, str], path: str, extension: str) -> None:
        self._notebooks = notebooks
        self._folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120
        self._extension = extension

    def __getitem__(self, link: str) -> str:
        stem = self._notebooks[os.path.normpath(os.path.join(self._folder, link))]  # noqa: PTH118
        return Path(os.path.relpath(stem + self._extension, self._folder)).as_posix()

    def __iter__(self) -> Iterator[str]:
        for path in self._notebooks:
            yield Path(os.path.relpath(path, self._folder)).as_posix()

    def __len__(self) -> int:
        return len(self._notebooks)
