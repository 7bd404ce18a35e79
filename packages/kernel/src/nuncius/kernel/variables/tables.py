"""Read arrays and tables of data libraries without computing anything: their shape, the type of their items, a few of these.

A library is never imported: who has no module of that name has no value of it.
"""

from __future__ import annotations

import sys
from types import GetSetDescriptorType
from typing import Any

from nuncius.kernel.guarded import is_data_library
from nuncius.kernel.static import MISSING, class_attribute, is_a, module_of

__all__ = ["array_of", "facts_of", "is_frame", "is_index", "is_series"]


def array_of(value: Any) -> Any:
    """Return ``value`` as an array of numpy that shares its data; None if it is none.

    Masked arrays stay what they are; of other subclasses the items are what their memory holds.
    """
    numpy = sys.modules.get("numpy")
    kind = getattr(numpy, "ndarray", None)
    if kind is None or not is_a(value, kind):
        return None
    if type(value) is kind or module_of(type(value)).partition(".")[0] == "numpy":
        return value
    return kind.view(value, kind)


def is_frame(value: Any) -> bool:
    """Tell whether this is a ``DataFrame`` of pandas."""
    return _is_pandas(value, "DataFrame")


def is_series(value: Any) -> bool:
    """Tell whether this is a ``Series`` of pandas."""
    return _is_pandas(value, "Series")


def is_index(value: Any) -> bool:
    """Tell whether this is an ``Index`` of pandas."""
    return _is_pandas(value, "Index")


def _is_pandas(value: Any, name: str) -> bool:
    # subclasses of data libraries only: a person's own may redefine anything
    kind = getattr(sys.modules.get("pandas"), name, None)
    return kind is not None and is_a(value, kind) and is_data_library(type(value))


def facts_of(value: Any) -> dict[str, Any]:
    """Return the ``shape``, the ``dtype`` and the ``bytes`` of a value that has them."""
    facts: dict[str, Any] = {}
    shape = _attribute(value, "shape")
    if type(shape) is tuple or _is_sizes(shape):
        facts["shape"] = [int(n) for n in tuple(shape) if type(n) is int]
    dtype = _attribute(value, "dtype")
    if dtype is None and module_of(type(value)).partition(".")[0] == "pyarrow":
        dtype = _attribute(value, "type")
    if dtype is not None:
        facts["dtype"] = str(dtype)[:100]
    if is_a(value, (str, bytes, bytearray)):
        facts["bytes"] = _base_of(value).__sizeof__(value)
    elif type(size := _attribute(value, "nbytes")) is int:
        facts["bytes"] = size
    return facts


def _base_of(value: Any) -> Any:
    return next(kind for kind in (str, bytes, bytearray) if is_a(value, kind))


def _attribute(value: Any, name: str) -> Any:
    """Return an attribute that is at hand: written in C, or of a library whose attributes of that name are cheap."""
    kind = type(value)
    raw = class_attribute(kind, name)
    if type(raw) is GetSetDescriptorType:  # written in C: reading it runs nobody's code
        try:
            return raw.__get__(value, kind)
        except Exception:  # noqa: BLE001 - a tensor without storage, and the like
            return None
    if name != "nbytes" and raw is not MISSING and is_data_library(kind):
        try:
            return getattr(value, name)
        except Exception:  # noqa: BLE001 - as above
            return None
    return None


def _is_sizes(shape: Any) -> bool:
    """Tell whether this is a subclass of tuple that a library written in C makes: ``torch.Size``."""
    return is_a(shape, tuple) and class_attribute(type(shape), "__iter__") is tuple.__iter__
