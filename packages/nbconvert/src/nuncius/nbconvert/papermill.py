"""Run notebooks with parameters, with the names that papermill has: ``from nuncius.nbconvert import papermill as pm``."""

from __future__ import annotations

from nuncius.nbconvert.compat.papermill import *  # noqa: F403
