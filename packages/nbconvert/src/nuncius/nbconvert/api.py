"""nbconvert's functions, at the place where ``nuncius.nbconvert.X`` finds them."""

from __future__ import annotations

from nuncius.nbconvert.compat.api import export, get_export_names, get_exporter

__all__ = ["export", "get_export_names", "get_exporter"]
