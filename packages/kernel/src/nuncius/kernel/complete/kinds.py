"""Name the kind of a thing for the icon beside a completion, and write its signature cheaply."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from inspect import CO_VARARGS, CO_VARKEYWORDS
from typing import Any

from nuncius.kernel.saferepr import safe_repr
from nuncius.kernel.static import MISSING, class_attribute, is_a

__all__ = ["kind_of", "parameters_of", "signature_of", "written_parameters"]

_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.ClassMethodDescriptorType,
    classmethod,
    staticmethod,
    functools.partial,
)
_PROPERTIES = (
    property,
    functools.cached_property,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)


def kind_of(value: Any) -> str:
    """Return the kind of a value, or of the raw descriptor behind an attribute."""
    if is_a(value, type):
        return "class"
    if is_a(value, _FUNCTIONS):
        return "function"
    if is_a(value, types.ModuleType):
        return "module"
    if is_a(value, _PROPERTIES):
        return "property"
    if value is MISSING:
        return ""
    return "function" if class_attribute(type(value), "__call__") is not MISSING else "instance"


def signature_of(value: Any) -> str:
    """Return how a Python function is called, such as ``(a, b=1, *, c)``; empty for other things."""
    bound = is_a(value, (types.MethodType, classmethod))
    function = getattr(value, "__func__", value) if bound or is_a(value, staticmethod) else value
    if not is_a(function, types.FunctionType):
        return ""
    parts = written_parameters(function, _short)
    return f"({', '.join(parts[1:] if bound and parts else parts)})"


def written_parameters(function: types.FunctionType, show: Callable[[Any], str]) -> list[str]:
    """Return the parameters of a function as they stand in its ``def``, without annotations.

    Args:
        function: Written in Python.
        show: Returns the text of a default.
    """
    code = function.__code__
    defaults = function.__defaults__ or ()
    keyword_defaults = function.__kwdefaults__ or {}
    count, only = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames
    parts = []
    for i, name in enumerate(names[:count]):
        at = i - (count - len(defaults))
        parts.append(f"{name}={show(defaults[at])}" if at >= 0 else name)
        if i + 1 == code.co_posonlyargcount:
            parts.append("/")
    extra = count + only
    if code.co_flags & CO_VARARGS:
        parts.append(f"*{names[extra]}")
        extra += 1
    elif only:
        parts.append("*")
    for name in names[count : count + only]:
        default = keyword_defaults.get(name, MISSING)
        parts.append(name if default is MISSING else f"{name}={show(default)}")
    if code.co_flags & CO_VARKEYWORDS:
        parts.append(f"**{names[extra]}")
    return parts


def _short(value: Any) -> str:
    # only values whose repr is the language's own: others may be slow, or raise
    if is_a(value, (str, bytes, int, float, complex, bool, type(None))):
        return safe_repr(value, 30)
    return value.__name__ if is_a(value, (type, types.FunctionType)) else "..."


def parameters_of(value: Any) -> list[str]:
    """Return the names that can be given as keywords when ``value`` is called.

    Of a class, these are those of its ``__init__`` and ``__new__``; wrappers are followed by ``__wrapped__`` and ``__signature__``.
    """
    names: dict[str, None] = {}
    for function, skip in _callables(value):
        names.update(dict.fromkeys(_keyword_names(function)[skip:]))
    return list(names)


def _callables(value: Any) -> list[tuple[Any, int]]:
    """Return the functions that a call ends in, with how many leading parameters are bound."""
    if is_a(value, type):
        made = [class_attribute(value, name) for name in ("__init__", "__new__")]
        found = [(f, 1) for f in made if isinstance(f, types.FunctionType)]
        return found or [(value, 0)]
    if is_a(value, types.MethodType):
        return [(value.__func__, 1)]
    if is_a(value, functools.partial):
        return [(f, skip + len(value.args)) for f, skip in _callables(value.func)]
    if is_a(value, (types.FunctionType, types.BuiltinFunctionType)):
        return [(value, 0)]
    call = class_attribute(type(value), "__call__")
    return [(call, 1)] if is_a(call, types.FunctionType) else [(value, 0)]


def _keyword_names(function: Any) -> list[str]:
    wrapped = getattr(function, "__dict__", {}) if is_a(function, types.FunctionType) else {}
    if is_a(function, types.FunctionType) and not (
        wrapped.keys() & {"__wrapped__", "__signature__"}
    ):
        code = function.__code__
        only = code.co_kwonlyargcount
        names = code.co_varnames[: code.co_argcount + only]
        return ["" if i < code.co_posonlyargcount else name for i, name in enumerate(names)]
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name if p.kind in named else "" for p in parameters]
