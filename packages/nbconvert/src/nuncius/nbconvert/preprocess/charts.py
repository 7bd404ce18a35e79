"""Draw the charts of Vega and Vega-Lite (as Altair makes them), so that every format can show them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import VegaPreprocessor

__all__ = ["draw_charts"]

_CHART = re.compile(r"application/vnd\.vega(lite)?\.v(\d+)(\.\d+)*\+json")
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "application/pdf")


def draw_charts(nb: Notebook, resources: dict[str, Any], options: VegaPreprocessor) -> None:
    """Add a picture to each chart that has none, with the package vl-convert-python; without it, say so."""
    for index, cell in enumerate(nb["cells"]):
        for output in cell.get("outputs", ()):
            data = output.get("data") or {}
            found = next((match for mime in data if (match := _CHART.fullmatch(mime))), None)
            # HTML that comes with a chart needs the network; a picture does not.
            if found is None or any(mime in data for mime in _PICTURES):
                continue
            try:
                data["image/svg+xml"] = _drawn(data[found[0]], found)
            except ImportError:
                _note(resources, "a chart of Vega is not drawn; pip install vl-convert-python", index)  # fmt: skip
            except ValueError as error:
                reason = [*str(error).splitlines(), "no reason is given"][1].removeprefix("Error: ")
                _note(resources, f"a chart of Vega cannot be drawn: {reason}", index)


def _drawn(spec: Any, mime: re.Match[str]) -> str:
    from importlib import import_module

    vl_convert: Any = import_module("vl_convert")
    # A chart can ask for data on the network, and a notebook from elsewhere for anything: it gets nothing.
    allowed: dict[str, Any] = {"allowed_base_urls": []}
    if not mime[1]:
        return str(vl_convert.vega_to_svg(spec, **allowed))
    versions = [v for v in vl_convert.get_vegalite_versions() if v.split(".")[0] == mime[2]]
    return str(vl_convert.vegalite_to_svg(spec, versions[-1] if versions else None, **allowed))


def _note(resources: dict[str, Any], text: str, cell: int) -> None:
    note = resources.get("note")
    if callable(note):
        note(text, cell)
