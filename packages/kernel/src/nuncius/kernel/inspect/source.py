"""Read what Python knows of an object: documentation, signature, source and file; nothing here raises.

Classes may answer ``__doc__``, ``__signature__`` or ``__wrapped__`` in any way they like, and proxies answer every name: whatever is not of the expected type counts as missing.
"""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any

from nuncius.kernel.complete.kinds import written_parameters
from nuncius.kernel.inspect.cells import class_in_cell
from nuncius.kernel.static import MISSING, class_attribute, is_a, module_of, raw_attribute

__all__ = ["doc_of", "file_of", "is_plain_callable", "line_of", "signature_of", "source_of"]

_MAX_WRAPPED = 100
#: An instance and its class have the same text, and that of a large class takes as long as all else that is looked up.
_cleaned = functools.lru_cache(maxsize=16)(inspect.cleandoc)

#: A signature that is longer than this is written one parameter a line.
_LINE = 75
_PLAIN = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.ClassMethodDescriptorType,
)


def is_plain_callable(obj: Any) -> bool:
    """Tell whether ``obj`` is a function or a method, rather than an object that can be called."""
    return is_a(obj, _PLAIN)


def unwrap(obj: Any) -> Any:
    """Return the function behind decorators, bound methods, partials and properties."""
    for _ in range(_MAX_WRAPPED):
        following: Any = MISSING
        if is_a(obj, property):
            following = obj.fget
        elif is_a(obj, functools.partial):
            following = obj.func
        elif is_a(obj, (types.MethodType, staticmethod, classmethod)):
            following = obj.__func__
        elif is_a(obj, functools.cached_property):
            following = obj.func
        else:
            following = raw_attribute(obj, "__wrapped__")
        if following is MISSING or following is None or following is obj:
            return obj
        obj = following
    return obj


def doc_of(obj: Any) -> str | None:
    """Return the documentation of an object, with its indentation taken away.

    A function without one inherits that of the method that it overrides; ``getdoc()`` of an object that defines it is asked.
    """
    custom = class_attribute(type(obj), "getdoc") if not is_a(obj, type) else MISSING
    if isinstance(custom, types.FunctionType):
        try:
            text = custom(obj)
        except Exception:  # noqa: BLE001 - the person's code
            text = None
        if isinstance(text, str):
            return inspect.cleandoc(text)
    try:
        own = obj.__doc__
        text = _cleaned(own) if own.__class__ is str else inspect.getdoc(obj)
    except Exception:  # noqa: BLE001 - __doc__ may be a property that raises
        return None
    return text if isinstance(text, str) and text.strip() else None


def signature_of(obj: Any, name: str = "") -> str | None:
    """Return how an object is called: ``name(a, b=1)``; long ones have a line for each parameter.

    Args:
        obj: What is called.
        name: What to write before the parameters.
    """
    try:
        if _is_simple(obj):
            text = f"{name}({', '.join(written_parameters(obj, repr))})"
            if len(text) <= _LINE:
                return text
        signature = _with_plain_annotations(inspect.signature(obj))
    except Exception:  # noqa: BLE001 - many builtins have none, and __signature__ is anybody's code
        return None
    try:
        text = f"{name}{signature}"
        if len(text) <= _LINE:
            return text
        return _long_signature(signature, name)
    except Exception:  # noqa: BLE001 - the repr of a default value failed
        return f"{name}({', '.join(signature.parameters)})"


def _is_simple(obj: Any) -> bool:
    """Tell whether all that `inspect.signature` would say of an object is in its code: it takes ten times as long."""
    return (
        type(obj) is types.FunctionType
        and not obj.__annotations__
        and not obj.__dict__.keys() & {"__wrapped__", "__signature__", "__text_signature__"}
    )


class _Text:
    """An annotation that is written without quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _with_plain_annotations(signature: inspect.Signature) -> inspect.Signature:
    """Show annotations that are texts (``from __future__ import annotations``) as they were written."""
    parameters = [
        p.replace(annotation=_Text(p.annotation)) if type(p.annotation) is str else p
        for p in signature.parameters.values()
    ]
    returns = signature.return_annotation
    if type(returns) is str:
        returns = _Text(returns)
    return signature.replace(parameters=parameters, return_annotation=returns)


def _long_signature(signature: inspect.Signature, name: str) -> str:
    lines: list[str] = []
    kind_before: Any = None
    parameters = list(signature.parameters.values())
    star = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    for parameter in parameters:
        if kind_before is parameter.POSITIONAL_ONLY and parameter.kind is not kind_before:
            lines.append("/")
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            lines.append("*")
            star = True
        lines.append(str(parameter))
        kind_before = parameter.kind
    if kind_before is inspect.Parameter.POSITIONAL_ONLY:
        lines.append("/")
    returns = ""
    if signature.return_annotation is not signature.empty:
        returns = f" -> {inspect.formatannotation(signature.return_annotation)}"
    body = "".join(f"    {line},\n" for line in lines)
    return f"{name}(\n{body}){returns}"


def _code_holder(obj: Any) -> Any:
    """Return what the file and the source of an object are found by: itself, or its class."""
    obj = unwrap(obj)
    if is_a(obj, (type, types.ModuleType, *_PLAIN)):
        return obj
    if is_a(obj, (types.CodeType, types.FrameType, types.TracebackType)):
        return obj
    return type(obj)


def source_of(obj: Any) -> str | None:
    """Return the source of an object, or of the class of an instance; None when it is not written in Python."""
    holder = _code_holder(obj)
    place = class_in_cell(holder) if is_a(holder, type) else None
    if place is not None:
        return place.source
    try:
        return inspect.getsource(holder) or None
    except Exception:  # noqa: BLE001 - builtins, deleted files, broken modules
        return None


def file_of(obj: Any) -> str | None:
    """Return the file that defines an object, or the class of an instance; compiled modules included."""
    holder = _code_holder(obj)
    if is_a(holder, type) and module_of(holder) == "__main__":
        place = class_in_cell(holder)
        return None if place is None else place.filename
    try:
        found = inspect.getabsfile(holder)
    except Exception:  # noqa: BLE001 - builtins have none
        return None
    if found.endswith((".pyc", ".pyo")):
        return None
    # a cell's file name is made up: it is shown as it is, not below the current folder
    try:
        raw = inspect.getfile(holder)
    except Exception:  # noqa: BLE001
        return found
    return raw if raw.startswith("<") else found


def line_of(obj: Any) -> int | None:
    """Return the line at which an object is defined, from 1."""
    holder = _code_holder(obj)
    place = class_in_cell(holder) if is_a(holder, type) else None
    if place is not None:
        return place.line
    try:
        return inspect.getsourcelines(holder)[1] or 1
    except Exception:  # noqa: BLE001 - no source
        return None
