"""What all tests of this package share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The tests share a module, and are no package.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, and no configuration of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NUNCIUS_DIR", str(tmp_path / "nuncius"))
    return tmp_path
