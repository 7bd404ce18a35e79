"""Run notebooks with the names that nbclient has: ``from nuncius.nbconvert.nbclient import NotebookClient``."""

from __future__ import annotations

from nuncius.nbconvert.compat.nbclient import *  # noqa: F403
