"""Write a notebook as a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.nbconvert.notebook import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.nbconvert.rendering import Rendering

__all__ = ["notebook"]

#: What programs note for themselves, and what is wrong once the notebook has changed.
_PASSING = ("orig_nbformat", "orig_nbformat_minor", "signature")


def notebook(rendering: Rendering) -> Iterator[str]:
    """Yield the notebook in the format that the options ask for."""
    nb = rendering.nb
    for name in _PASSING:
        nb["metadata"].pop(name, None)
    version = rendering.options.nbformat_version
    if version < 4:
        import json

        from nuncius.nbconvert.upgrade import downgrade

        rendering.resources["output_suffix"] = f".v{version}"
        yield json.dumps(downgrade(nb, version), ensure_ascii=False, indent=1, sort_keys=True) + "\n"  # fmt: skip
        return
    rendering.resources.setdefault("output_suffix", ".nbconvert")
    yield from chunks(nb)
