"""Read parameters from command lines, files and texts in YAML or JSON."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nuncius.nbconvert.parametrize.errors import ParameterError
from nuncius.nbconvert.places import Places

__all__ = ["guess", "read_base64", "read_file", "read_yaml"]


def guess(text: str) -> Any:
    """Return what a word on the command line means: True, False, None, a number, or the text itself."""
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def read_yaml(text: str | bytes, origin: str = "YAML") -> dict[str, Any]:
    """Return the mapping that a text in YAML (or JSON) holds. What looks like a date stays a text.

    Raises:
        ParameterError: It is not YAML, or no mapping.
    """
    try:
        tree = _load(text)
    except ValueError as error:
        raise ParameterError(f"{origin}: {error}") from None
    if tree is None:
        return {}
    if not isinstance(tree, Mapping):
        raise ParameterError(f"{origin}: expected names with values, got {type(tree).__name__}")
    return {str(name): value for name, value in tree.items()}


def read_base64(text: str, origin: str = "base64") -> dict[str, Any]:
    """Return the mapping that a text in YAML holds, which is encoded in base64.

    Raises:
        ParameterError: It is not that.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ParameterError(f"{origin}: not base64: {error}") from None
    return read_yaml(data, origin)


def read_file(path: str | Path, places: Places | None = None) -> dict[str, Any]:
    """Return the mapping that a file in YAML or JSON holds.

    Args:
        path: Its path or address; ``-`` is standard input.
        places: Who reads addresses.

    Raises:
        ParameterError: It cannot be read.
    """
    try:
        data = (places or Places()).read(os.fspath(path))
    except OSError as error:
        reason = f"{error.strerror}: {path}" if error.strerror else str(error)
        raise ParameterError(f"cannot read the parameters: {reason}") from None
    return read_yaml(data, str(path))


def _load(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    import yaml  # type: ignore[import-untyped]

    # Dates would be changed by writing them in another language.
    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        yaml_implicit_resolvers = {  # noqa: RUF012 - the way of yaml
            first: [(tag, regexp) for tag, regexp in found if tag != "tag:yaml.org,2002:timestamp"]
            for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    try:
        return yaml.load(text, Loader=Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
