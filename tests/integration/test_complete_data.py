"""Completion and inspection of tables and arrays: fast, and without moving any data."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nuncius.kernel.complete import Completer, plain_completer
from nuncius.kernel.inspect import Inspector, ObjectFinder
from nuncius.kernel.themes import NO_COLOR


@pytest.fixture
def names() -> dict[str, Any]:
    return {
        "np": np,
        "numpy": np,
        "pd": pd,
        "frame": pd.DataFrame(
            {f"column_{i:03d}": range(3) for i in range(200)} | {"with space": "x"}
        ),
        "big": pd.DataFrame({f"c{i}": ["some text"] * 20_000 for i in range(20)}),
        "series": pd.Series([1, 2], index=["first", "second"]),
        "records": np.zeros(3, dtype=[("height", float), ("weight", float)]),
    }


@pytest.fixture
def completer(names: dict[str, Any]) -> Completer:
    return plain_completer(lambda: (names,), deadline=None)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("numpy.linsp", ["linspace"]),
        ("np.linalg.sv", ["svd", "svdvals"]),
        ("frame.column_19", [f"column_{i}" for i in range(190, 200)]),
        ("frame['column_19", [f"column_{i}" for i in range(190, 200)]),
        ("frame['with", ["with space"]),
        ("frame.loc[0, 'with", ["with space"]),
        ("frame.loc[:, 'with", ["with space"]),
        ("frame[frame.column_001 > 1]['with", ["with space"]),
        ("frame.head(3)['with", ["with space"]),
        ("frame.sort_values('column_001').column_007", ["column_007"]),
        ("frame.column_001.nuni", ["nunique"]),
        ("frame['column_001'].nuni", ["nunique"]),
        ("frame.groupby('x').nuni", ["nunique"]),
        ("series['f", ["first"]),
        ("series.str.upp", ["upper"]),
        ("records['h", ["height"]),
        ("np.zeros(3).T.resh", ["reshape"]),
        ("(np.ones(3) + 1).resh", ["reshape"]),
        ("pd.DataFrame({}).sort_v", ["sort_values"]),
        ("pd.read_csv('x').sort_v", ["sort_values"]),
    ],
)
def test_tables_and_arrays(completer: Completer, code: str, expected: list[str]) -> None:
    assert completer.complete(code).matches == expected


def test_columns_beyond_the_first_hundred_are_known(completer: Completer) -> None:
    found = completer.complete("frame.")
    assert {"column_000", "column_199", "describe"} <= set(found.matches)
    assert "with space" not in found.matches


def test_a_question_about_a_large_table_takes_milliseconds(completer: Completer) -> None:
    """``big.`` and ``big.T.``: nothing is computed, nothing is copied."""
    completer.complete("big.")
    started = time.process_time()
    for code in ("big.", "big.T.", "big.c7.", "big['", "numpy."):
        assert completer.complete(code).matches
    assert time.process_time() - started < 1


def test_a_table_is_told_by_its_size_and_columns(names: dict[str, Any]) -> None:
    inspector = Inspector(ObjectFinder(lambda: {"Interactive": names}), lambda: NO_COLOR)
    bundle = inspector.bundle("big")
    assert bundle is not None
    assert bundle["text/plain"].startswith(
        "Type:            DataFrame\nString form:     20000 rows x 20 columns: c0, c1, "
    )
    described = inspector.bundle("big.T")
    assert described is not None
    assert described["text/plain"].startswith("Type:            property\n")
