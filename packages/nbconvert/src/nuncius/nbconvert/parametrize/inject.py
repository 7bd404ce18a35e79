"""Put parameters into a notebook: a cell after the one tagged ``parameters``."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from nuncius.nbconvert.parametrize.errors import PapermillMissingParameterException, ParameterError
from nuncius.nbconvert.parametrize.translate import translate

__all__ = [
    "Builtin",
    "fill_path",
    "hide_inputs",
    "inject",
    "kernel_of",
    "language_of",
    "tagged",
]

_INJECTED = "injected-parameters"
_PARAMETERS = "parameters"

#: A notebook, as plain dicts or nbformat's nodes.
Notebook = dict[str, Any]


def kernel_of(nb: Notebook, name: str = "") -> str:
    """Return the name of the notebook's kernel, "" if it has none; ``name`` wins."""
    return name or str(nb["metadata"].get("kernelspec", {}).get("name") or "")


def language_of(nb: Notebook, language: str = "") -> str:
    """Return the name of the notebook's language, "" if nobody knows; ``language`` wins."""
    metadata = nb["metadata"]
    return str(
        language
        or metadata.get("language_info", {}).get("name")
        or metadata.get("kernelspec", {}).get("language")
        or ""
    )


def tagged(nb: Notebook, tag: str) -> int | None:
    """Return the index of the first cell with a tag."""
    for index, cell in enumerate(nb["cells"]):
        if tag in (cell["metadata"].get("tags") or ()):
            return index
    return None


def inject(
    nb: Notebook,
    parameters: Mapping[str, Any],
    *,
    kernel_name: str = "",
    language: str = "",
    comment: str = "Parameters",
    hide: bool = False,
) -> bool:
    """Put a cell that sets parameters into a notebook; one from an earlier run is replaced.

    Args:
        nb: The notebook; changed in place.
        parameters: Names and values.
        kernel_name: Instead of the notebook's.
        language: Instead of the notebook's.
        comment: Stands above.
        hide: Mark the cell's input as hidden.

    Returns:
        Whether there is a cell tagged ``parameters``; if not, the new cell is the first.

    Raises:
        ParameterError: They cannot be written in the notebook's language.
    """
    kernel_name, language = kernel_of(nb, kernel_name), language_of(nb, language)
    if not language and kernel_name in ("", "python3", "nuncius-python"):
        language = "python"
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": _INJECTED,
        "metadata": {"tags": [_INJECTED]},
        "outputs": [],
        "source": translate(kernel_name, language, parameters, comment),
    }
    if hide:
        cell["metadata"]["jupyter"] = {"source_hidden": True}
    cells = nb["cells"]
    place = tagged(nb, _INJECTED)
    marked = tagged(nb, _PARAMETERS)
    if place is not None:
        del cells[place]
    else:
        place = 0 if marked is None else marked + 1
    taken = {item.get("id") for item in cells}
    while cell["id"] in taken:
        cell["id"] += "-"
    cells.insert(place, cell)
    return marked is not None


def hide_inputs(nb: Notebook) -> None:
    """Mark the input of every code cell as hidden, as reports have it."""
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            cell["metadata"].setdefault("jupyter", {})["source_hidden"] = True


class Builtin:
    """What every path may use as ``{pm.NAME}``.

    Attributes:
        run_uuid: Of this run.
        current_datetime_local: Now.
        current_datetime_utc: Now, in UTC.
    """

    def __init__(self) -> None:
        now = datetime.datetime.now(datetime.UTC)
        self.run_uuid = str(uuid.uuid4())
        self.current_datetime_utc = now
        self.current_datetime_local = now.astimezone().replace(tzinfo=None)

    def __getitem__(self, name: str) -> Any:
        # papermill spells it {pm[run_uuid]}
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None


def fill_path(path: str, parameters: Mapping[str, Any], builtin: Builtin | None = None) -> str:
    """Fill the parameters into a path, as ``out/{region}.ipynb``.

    Raises:
        PapermillMissingParameterException: It names one that was not given.
        ParameterError: It is no template.
    """
    if "{" not in path and "}" not in path:
        return path
    try:
        return path.format(**{"pm": builtin or Builtin(), **parameters})
    except KeyError as error:
        raise PapermillMissingParameterException(f"the path {path!r} needs the parameter {error}, which was not given") from None  # fmt: skip
    except (ValueError, IndexError, AttributeError, TypeError) as error:
        raise ParameterError(f"the path {path!r} is not a template: {error}; write {{{{ for a brace") from None  # fmt: skip
