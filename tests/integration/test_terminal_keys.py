"""The reference of the keys is that of the bindings."""

from __future__ import annotations

from pathlib import Path

from nuncius.terminal.keytable import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "keys.md"


def test_the_reference_of_the_keys_is_that_of_the_bindings() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run python -m nuncius.terminal.keytable > docs/reference/keys.md"
    )
