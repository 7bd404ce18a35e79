"""Dates and other values in JSON, with the names and the results of ``jupyter_client.jsonutil``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from nuncius.protocol.packing import clean

__all__ = [
    "date_default",
    "extract_dates",
    "json_clean",
    "json_default",
    "parse_date",
    "squash_dates",
]

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?")


def _with_zone(value: datetime) -> datetime:
    return value if value.tzinfo else value.astimezone()


def parse_date(text: str | None) -> str | datetime | None:
    """Return the date that an ISO 8601 text stands for, with a zone; anything else as it is."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return text
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return text
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def extract_dates(value: Any) -> Any:
    """Return a copy of ``value`` in which ISO 8601 texts are dates."""
    if isinstance(value, Mapping):
        return {key: extract_dates(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [extract_dates(item) for item in value]
    return parse_date(value) if isinstance(value, str) else value


def squash_dates(value: Any) -> Any:
    """Return a copy of ``value`` in which dates are ISO 8601 texts."""
    if isinstance(value, Mapping):
        return {key: squash_dates(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [squash_dates(item) for item in value]
    return date_default(value) if isinstance(value, datetime) else value


def date_default(value: Any) -> str:
    """Return a date as ISO 8601: for the ``default`` argument of `json.dumps`.

    Raises:
        TypeError: It is no date.
    """
    if isinstance(value, datetime):
        return _with_zone(value).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{value!r} is not JSON serializable")


def json_default(value: Any) -> Any:
    """Return what stands for ``value`` in JSON: for the ``default`` argument of `json.dumps`.

    Raises:
        TypeError: Nothing does.
    """
    if isinstance(value, datetime):
        return date_default(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        from base64 import b64encode

        return b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return dict(value)
    for convert, name in ((int, "__index__"), (float, "__float__"), (list, "__iter__")):
        if hasattr(type(value), name):
            return convert(value)
    raise TypeError(f"{value!r} is not JSON serializable")


def json_clean(value: Any) -> Any:
    """Return a copy of ``value`` that JSON can hold.

    Raises:
        ValueError: Two keys of a mapping have the same text, or nothing stands for a value.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, (bool, int, float, str)) or value is None:
        return clean(value)
    if isinstance(value, (bytes, bytearray, memoryview, datetime, date)):
        return json_default(value)
    if isinstance(value, Mapping):
        cleaned: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, (str, int)):
                raise ValueError(f"a key of JSON cannot be {key!r}")
            if str(key) in cleaned:
                raise ValueError(f"two keys have the text {str(key)!r}")
            cleaned[str(key)] = json_clean(item)
        return cleaned
    if hasattr(type(value), "__iter__"):
        return [json_clean(item) for item in value]
    raise ValueError(f"JSON has nothing for {value!r}")
