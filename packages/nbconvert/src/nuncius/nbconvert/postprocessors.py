"""Postprocessor classes, as ``nbconvert.postprocessors`` has them."""

from __future__ import annotations

from nuncius.nbconvert.compat.writers import PostProcessorBase, ServePostProcessor

__all__ = ["PostProcessorBase", "ServePostProcessor"]
