"""Collect what is known of an object, without calling it or its properties."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from nuncius.kernel.inspect.model import Found, ObjectInfo
from nuncius.kernel.inspect.source import (
    doc_of,
    file_of,
    is_plain_callable,
    signature_of,
    source_of,
)
from nuncius.kernel.saferepr import safe_repr
from nuncius.kernel.static import (
    MISSING,
    class_attribute,
    class_dict,
    is_a,
    module_of,
)

__all__ = ["object_info"]

_STRING_LIMIT = 200
_MAX_SUBCLASSES = 10
#: Documentation that says nothing of the object in question.
_EMPTY_DOCS = frozenset(
    text
    for text in (
        object.__init__.__doc__,
        type.__init__.__doc__,
        types.FunctionType.__call__.__doc__,
        object.__doc__,
        types.FunctionType.__doc__,
        types.MethodType.__doc__,
        types.ModuleType.__doc__,
    )
    if text
)
_SIZED = (str, bytes, bytearray, list, tuple, dict, set, frozenset, range, memoryview)


def object_info(
    found: Found, detail_level: int = 0, show: Callable[[Any, int], str] = safe_repr
) -> ObjectInfo:
    """Return what is known of an object.

    Args:
        found: The object.
        detail_level: 1 for the source as well.
        show: Returns the text of a value, of so many characters at most.
    """
    obj = found.obj
    if found.isalias:
        return ObjectInfo(
            name=found.name,
            type_name="System alias",
            string_form=safe_repr(obj),
            docstring=f"Alias to the system command:\n  {obj}",
            namespace=found.namespace,
            isalias=True,
        )
    fields: dict[str, Any] = {
        "name": found.name,
        "type_name": "Magic function" if found.ismagic else type(obj).__name__,
        "namespace": found.namespace,
        "ismagic": found.ismagic,
        "isclass": is_a(obj, type),
        "iscallable": _is_callable(obj),
        "docstring": _doc(obj),
        "file": file_of(obj),
    }
    if detail_level:
        source = source_of(obj)
        fields["source"] = source.rstrip("\n") if source else None
    if is_a(obj, type):
        fields.update(_of_class(obj, found.name))
    elif is_plain_callable(obj):
        fields["definition"] = signature_of(obj, found.name)
    else:
        fields.update(_of_value(obj, found, show))
    return ObjectInfo(**fields)


def _is_callable(obj: Any) -> bool:
    return class_attribute(type(obj), "__call__") is not MISSING


def _doc(obj: Any) -> str:
    return doc_of(obj) or "<no docstring>"


def _useful(obj: Any) -> str | None:
    text = doc_of(obj)
    return None if text is None or text in _EMPTY_DOCS else text


def _of_class(kind: type, name: str) -> dict[str, Any]:
    made = class_attribute(kind, "__init__")
    init_doc = _useful(made) if is_a(made, types.FunctionType) else None
    try:
        children: list[type] = type.__subclasses__(kind)
    except TypeError:
        children = []
    names = [child.__name__ for child in children[:_MAX_SUBCLASSES]]
    if len(children) > _MAX_SUBCLASSES:
        names.append("...")
    return {
        "init_definition": signature_of(kind, name),
        "init_docstring": init_doc if init_doc != doc_of(kind) else None,
        "subclasses": ", ".join(names) or None,
    }


def _of_value(obj: Any, found: Found, show: Callable[[Any, int], str]) -> dict[str, Any]:
    kind = type(obj)
    fields: dict[str, Any] = {
        "base_class": safe_repr(kind, _STRING_LIMIT),
        "length": _length(obj),
    }
    if not found.stands_for:
        fields["string_form"] = _string_form(obj, show)
    if is_a(obj, (types.ModuleType, property)):
        return fields
    own, of_class = doc_of(obj), _useful(kind)
    if of_class and of_class != own:
        fields["class_docstring"] = of_class
    call = class_attribute(kind, "__call__")
    if call is not MISSING and not is_a(obj, type):
        fields["definition"] = signature_of(obj, found.name)
        text = _useful(call)
        fields["call_docstring"] = text if text != own else None
    return fields


def _string_form(obj: Any, show: Callable[[Any, int], str]) -> str:
    """Return the text of a value; of data that is shown in a richer way, only the beginning is made."""
    table = _table_form(obj)
    text = show(obj, _STRING_LIMIT) if table is None else table
    lines = text.split("\n")
    indent = "\n" + " " * 17
    return indent.join(line.rstrip() for line in lines)


def _table_form(obj: Any) -> str | None:
    """Return the size and the columns of a table: its whole text takes long, and tells less."""
    kind = type(obj)
    if (
        module_of(kind).partition(".")[0] not in {"pandas", "polars"}
        or kind.__name__ != "DataFrame"
    ):
        return None
    try:
        columns = [str(column) for column in obj.columns[:20]]
        rows, width = obj.shape
    except Exception:  # noqa: BLE001 - another version of the library
        return None
    more = ", ..." if width > len(columns) else ""
    return f"{rows} rows x {width} columns: {', '.join(columns)}{more}"


def _length(obj: Any) -> str | None:
    """Return the length, when asking for it runs no code of the person."""
    kind = type(obj)
    if is_a(obj, _SIZED) and "__len__" not in class_dict(kind):
        return str(len(obj))
    if type(obj) in _SIZED:
        return str(len(obj))
    if module_of(kind).partition(".")[0] in {"numpy", "pandas", "polars", "collections"}:
        try:
            return str(len(obj))
        except Exception:  # noqa: BLE001 - an array without dimensions has none
            return None
    return None
