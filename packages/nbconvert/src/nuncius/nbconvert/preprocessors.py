"""Preprocessor classes, as ``nbconvert.preprocessors`` has them."""

from __future__ import annotations

from nuncius.nbconvert.compat.preprocessors import *  # noqa: F403
