"""The reference of all magics is that of the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

GENERATOR = Path(__file__).parents[2] / "tools" / "gen_magics.py"


def test_the_reference_of_all_magics_is_that_of_the_docstrings() -> None:
    spec = importlib.util.spec_from_file_location("gen_magics", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), (
        "run python tools/gen_magics.py"
    )
