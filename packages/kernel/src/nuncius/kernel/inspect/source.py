"""Read what Python knows of an object: documentation, signature, source and file; nothing here raises.

Classes may answer ``__doc__``, ``__signature__`` or ``__wrapped__`` in any way they like, and proxies answer every name: whatever is not of the expected type counts as missing.
"""

from __future__ import annotations

import functools
import inspect
import types
from pathlib import Path
from typing import Any

from nuncius.kernel.static import MISSING, class_attribute, raw_attribute

__all__ = ["doc_of", "file_of", "is_plain_callable", "line_of", "signature_of", "source_of"]

_MAX_WRAPPED = 100
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
    return isinstance(obj, _PLAIN)


def unwrap(obj: Any) -> Any:
    """Return the function behind decorators, bound methods, partials and properties."""
    for _ in range(_MAX_WRAPPED):
        following: Any = MISSING
        if isinstance(obj, property):
            following = obj.fget
        elif isinstance(obj, functools.partial):
            following = obj.func
        elif isinstance(obj, (types.MethodType, staticmethod, classmethod)):
            following = obj.__func__
        elif isinstance(obj, functools.cached_property):
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
    custom = class_attribute(type(obj), "getdoc") if not isinstance(obj, type) else MISSING
    if isinstance(custom, types.FunctionType):
        try:
            text = custom(obj)
        except Exception:  # noqa: BLE001 - the person's code
            text = None
        if isinstance(text, str):
            return inspect.cleandoc(text)
    try:
        text = inspect.getdoc(obj)
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
        signature = inspect.signature(obj)
    except Exception:  # noqa: BLE001 - many builtins have none, and __signature__ is anybody's code
        return None
    try:
        text = f"{name}{signature}"
        if len(text) <= _LINE:
            return text
        return _long_signature(signature, name)
    except Exception:  # noqa: BLE001 - the repr of a default value failed
        return f"{name}({', '.join(signature.parameters)})"


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
    if isinstance(obj, (type, types.ModuleType, *_PLAIN)):
        return obj
    if isinstance(obj, (types.CodeType, types.FrameType, types.TracebackType)):
        return obj
    return type(obj)


def source_of(obj: Any) -> str | None:
    """Return the source of an object, or of the class of an instance; None when it is not written in Python."""
    try:
        return inspect.getsource(_code_holder(obj)) or None
    except Exception:  # noqa: BLE001 - builtins, deleted files, broken modules
        return None


def file_of(obj: Any) -> str | None:
    """Return the file that defines an object, or the class of an instance; compiled modules included."""
    holder = _code_holder(obj)
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
    try:
        return inspect.getsourcelines(_code_holder(obj))[1] or 1
    except Exception:  # noqa: BLE001 - no source
        return None


def is_text_file(filename: str) -> bool:
    """Tell whether a file holds source rather than machine code."""
    return Path(filename).suffix not in {".so", ".pyd", ".dll", ".dylib"}
