"""Evaluate an expression without side effects: to know what ``data["x"].head().`` is before it is run.

Theory of operation: the expression is parsed and walked. What is at hand (names, attributes in dictionaries, items of the language's own containers, methods of immutable values) is looked up for real. What would run code is not run: a call, a property or an operator gives an `Instance`, a stand-in that knows only its type, taken from the class that is called or from annotations. What cannot be known raises `Refused`.

Rule 1: below the policy ``unsafe``, no code of the person runs, and nothing large is copied.
"""

from __future__ import annotations

import ast
import builtins
import functools
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nuncius.kernel.static import (
    MISSING,
    class_attribute,
    instance_dict,
    is_a,
    module_of,
    raw_attribute,
)

__all__ = ["POLICIES", "Evaluator", "Instance", "Refused", "is_data_library", "is_data_module"]

#: From the most careful to plain ``eval``.
POLICIES = ("forbidden", "minimal", "limited", "unsafe", "dangerous")


class Refused(Exception):
    """The value cannot be known within the policy."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Some instance of a class; the object itself does not exist yet.

    Attributes:
        kind: Its class.
    """

    kind: type


_SCALARS = (str, bytes, int, float, complex, bool, type(None))
_CONTAINERS = (list, tuple, dict, str, bytes, range, bytearray)
_DATA_LIBRARIES = frozenset({"pandas", "numpy", "polars", "pyarrow", "xarray", "geopandas"})
#: Modules of the standard library whose properties compute nothing.
_PURE_MODULES = frozenset({"pathlib", "datetime", "decimal", "fractions", "uuid", "ipaddress"})
#: Attributes and methods that give another object of the same class, by root module.
_SAME_KIND = {
    "pathlib": frozenset(
        [
            "parent",
            "absolute",
            "resolve",
            "expanduser",
            "joinpath",
            "with_name",
            "with_suffix",
            "with_stem",
            "relative_to",
            "rename",
            "replace",
            "readlink",
        ]
    ),
    "numpy": frozenset(
        [
            "T",
            "real",
            "imag",
            "copy",
            "reshape",
            "astype",
            "transpose",
            "ravel",
            "flatten",
            "squeeze",
            "clip",
            "round",
            "cumsum",
            "cumprod",
            "repeat",
            "take",
            "swapaxes",
            "view",
        ]
    ),
}
#: Methods that give a table with about the same columns: the table itself stands for what they will return.
_SAME_COLUMNS = frozenset(
    [
        "head",
        "tail",
        "copy",
        "sort_values",
        "sort_index",
        "dropna",
        "fillna",
        "query",
        "sample",
        "drop_duplicates",
        "reset_index",
        "nlargest",
        "nsmallest",
        "assign",
        "where",
        "mask",
        "clip",
        "round",
        "astype",
        "limit",
        "sort",
        "filter",
        "unique",
    ]
)
_ARRAY_MAKERS = frozenset(
    [
        "array",
        "asarray",
        "zeros",
        "ones",
        "empty",
        "full",
        "arange",
        "linspace",
        "logspace",
        "eye",
        "identity",
        "zeros_like",
        "ones_like",
        "empty_like",
        "concatenate",
    ]
)
#: Properties of data libraries that are cheap: they return what the object already holds.
_CHEAP = frozenset(
    [
        "columns",
        "index",
        "dtypes",
        "dtype",
        "shape",
        "size",
        "ndim",
        "loc",
        "iloc",
        "at",
        "iat",
        "name",
        "names",
        "levels",
        "attrs",
        "flags",
        "schema",
        "dims",
        "coords",
    ]
)
_HARMLESS_METHODS: dict[type, frozenset[str]] = {
    list: frozenset({"copy", "count", "index"}),
    dict: frozenset({"copy", "get", "items", "keys", "values"}),
    set: frozenset({"copy", "difference", "intersection", "union", "symmetric_difference"}),
    frozenset: frozenset({"copy", "difference", "intersection", "union", "symmetric_difference"}),
}
_IMMUTABLE = (str, bytes, int, float, complex, bool, tuple, range)
_FUNCTION_RESULTS: dict[str, str] = {
    "sorted": "list",
    "dir": "list",
    "repr": "str",
    "ascii": "str",
    "format": "str",
    "chr": "str",
    "hex": "str",
    "oct": "str",
    "bin": "str",
    "input": "str",
    "len": "int",
    "ord": "int",
    "hash": "int",
    "id": "int",
    "all": "bool",
    "any": "bool",
    "callable": "bool",
    "isinstance": "bool",
    "issubclass": "bool",
    "hasattr": "bool",
    "globals": "dict",
    "locals": "dict",
    "vars": "dict",
    "divmod": "tuple",
}
_DESCRIPTORS = (
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MemberDescriptorType,
    types.GetSetDescriptorType,
    types.ClassMethodDescriptorType,
    types.BuiltinFunctionType,
)


def is_data_library(kind: type) -> bool:
    """Tell whether a class belongs to a data library whose item access is known to be cheap."""
    return _root_module(kind) in _DATA_LIBRARIES


def is_data_module(module: types.ModuleType) -> bool:
    """Tell whether a module belongs to such a library."""
    name = instance_dict(module).get("__name__")
    return is_a(name, str) and name.partition(".")[0] in _DATA_LIBRARIES


def _root_module(kind: type | None) -> str:
    if kind is None:
        return ""
    return module_of(kind).partition(".")[0]


class Evaluator:
    """Evaluate expressions over namespaces, as far as a policy allows.

    Args:
        namespaces: Where names are looked up, in this order.
        policy: One of `POLICIES`.
    """

    def __init__(self, namespaces: Sequence[Mapping[str, Any]], policy: str = "limited") -> None:
        if policy not in POLICIES:
            raise ValueError(
                f"no evaluation policy {policy!r}: expected one of {', '.join(POLICIES)}"
            )
        self._namespaces = (*namespaces, vars(builtins))
        self._level = POLICIES.index(policy)

    def evaluate(self, source: str) -> Any:
        """Return the value of an expression, or an `Instance` of its type.

        Raises:
            Refused: It cannot be known, or is no expression.
        """
        if self._level == 0:
            raise Refused("the policy forbids evaluation")
        try:
            tree = ast.parse(source.strip(), mode="eval")
            if self._level == 4:
                return eval(source.strip(), {}, _Chain(self._namespaces))
            return self.node(tree.body)
        except Refused:
            raise
        except RecursionError:
            raise Refused("the expression is too deep") from None
        except Exception as error:
            raise Refused(f"{type(error).__name__}: {error}") from error

    def node(self, node: ast.expr) -> Any:
        """Return the value of a parsed expression."""
        method = _NODES.get(type(node))
        if method is None:
            raise Refused(f"{type(node).__name__} is not evaluated")
        return method(self, node)

    # -- names, attributes, items ------------------------------------------------------------------

    def name(self, name: str) -> Any:
        """Return the value of a variable."""
        for namespace in self._namespaces:
            if name in namespace:
                return namespace[name]
        raise Refused(f"there is no {name!r}")

    def attribute(self, obj: Any, name: str) -> Any:
        """Return ``obj.name``, or an `Instance` of what it will be."""
        if is_a(obj, Instance):
            return self._of_raw(obj, obj.kind, class_attribute(obj.kind, name), name)
        raw = raw_attribute(obj, name)
        if raw is MISSING:
            return self._dynamic(obj, name)
        try:
            return self._of_raw(obj, type(obj), raw, name)
        except Refused:
            if self._level >= 3:
                return getattr(obj, name)
            raise

    def _dynamic(self, obj: Any, name: str) -> Any:
        if self._level >= 3:
            return getattr(obj, name)
        if _is_frame(obj) and name in obj.columns:
            return obj[name]
        raise Refused(f"{name!r} can only be known by running code")

    def _of_raw(self, obj: Any, kind: type, raw: Any, name: str = "") -> Any:
        if raw is MISSING:
            raise Refused("there is no such attribute")
        if is_a(obj, (type, types.ModuleType)) and not isinstance(
            raw, (classmethod, staticmethod, property)
        ):
            return _bound_to_class(obj, raw)
        if is_a(raw, types.FunctionType):
            own = not is_a(obj, Instance) and name in instance_dict(obj)
            return raw if own else types.MethodType(raw, obj)
        if is_a(raw, staticmethod):
            return raw.__func__
        if is_a(raw, classmethod):
            return types.MethodType(raw.__func__, obj if is_a(obj, type) else kind)
        if is_a(raw, (property, functools.cached_property)):
            return self._property(obj, raw, name)
        if is_a(raw, _DESCRIPTORS):
            if is_a(obj, Instance):
                data = is_a(raw, types.GetSetDescriptorType)
                same = data and name in _SAME_KIND.get(_root_module(obj.kind), ())
                return obj if same else raw
            return raw.__get__(obj, kind) if hasattr(raw, "__get__") else raw
        if class_attribute(type(raw), "__get__") is MISSING:
            return raw
        accessor = raw_attribute(raw, "_accessor")
        if is_a(accessor, type):  # pandas: .str, .dt, .plot
            return Instance(accessor)
        if not is_a(obj, Instance) and name in _CHEAP and is_data_library(kind):
            return getattr(obj, name)
        raise Refused("a descriptor would run code")

    def _property(self, obj: Any, raw: Any, name: str) -> Any:
        if is_a(obj, Instance):
            if name in _SAME_KIND.get(_root_module(obj.kind), ()):
                return obj
        elif self._level >= 2:
            kind = type(obj)
            if _root_module(kind) in _PURE_MODULES or (name in _CHEAP and is_data_library(kind)):
                return getattr(obj, name)
        getter = raw.fget if is_a(raw, property) else raw.func
        return self._returned(getter, obj)

    def item(self, obj: Any, key: Any) -> Any:
        """Return ``obj[key]``, or an `Instance` of what it will be."""
        kind = type(obj)
        if is_a(obj, Instance):
            raise Refused("the items of a value that does not exist yet are not known")
        if is_a(obj, dict) and kind.__getitem__ is dict.__getitem__ and _is_plain(key):
            value = dict.get(obj, key, MISSING)
            if value is MISSING:
                raise Refused("there is no such key")
            return value
        if kind in _CONTAINERS and _is_plain(key):
            return obj[key]
        if self._level >= 3:
            return obj[key]
        if self._level >= 2 and is_data_library(kind):
            if _is_plain(key):
                return obj[key]
            if _is_frame(obj):
                return obj  # some of its rows or columns
            if is_a(key, Instance):
                return Instance(kind)
        if is_a(obj, type):
            return obj
        raise Refused("its item access would run code")

    # -- calls ---------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Any:
        if self._level < 2:
            raise Refused("the policy forbids calls")
        known = MISSING
        if isinstance(node.func, ast.Attribute) and self._level == 2:
            owner = self.node(node.func.value)
            known = _known_method(owner, node.func.attr)
            if known is MISSING:
                function = self.attribute(owner, node.func.attr)
        else:
            function = self.node(node.func)
        if known is not MISSING:
            return known
        if self._level >= 3:
            return self._really_call(function, node)
        if is_a(function, type):
            return self._constructed(function, node)
        owner = getattr(function, "__self__", MISSING) if _is_builtin(function) else MISSING
        if owner is not MISSING and not is_a(owner, types.ModuleType):
            return self._builtin_method(owner, function, node)
        if any(function is each for each in (globals, locals, vars)):
            return self._variables(node)
        if is_a(function, types.BuiltinFunctionType):
            result = _FUNCTION_RESULTS.get(function.__name__)
            if result is not None:
                return Instance(getattr(builtins, result))
            if function is builtins.open:
                import io

                return Instance(io.TextIOWrapper)
        bound = is_a(function, types.MethodType)
        return self._returned(function, function.__self__ if bound else None)

    def _variables(self, node: ast.Call) -> Any:
        """Return what ``globals()``, ``locals()``, ``vars()`` and ``vars(obj)`` give."""
        if node.args:
            return instance_dict(self.node(node.args[0]))
        return {
            name: value
            for space in reversed(self._namespaces[:-1])
            for name, value in space.items()
        }

    def _constructed(self, kind: type, node: ast.Call) -> Any:
        if kind is type and len(node.args) == 1 and not node.keywords:
            value = self.node(node.args[0])
            return value.kind if is_a(value, Instance) else type(value)
        return Instance(kind)

    def _really_call(self, function: Any, node: ast.Call) -> Any:
        positional = [self.node(argument) for argument in node.args]
        named = {k.arg: self.node(k.value) for k in node.keywords if k.arg is not None}
        return function(*positional, **named)

    def _builtin_method(self, owner: Any, function: Any, node: ast.Call) -> Any:
        """Call a method of a value of the language itself, when that is cheap and changes nothing."""
        kind, name = type(owner), function.__name__
        harmless = kind in _IMMUTABLE or name in _HARMLESS_METHODS.get(kind, ())
        small = not hasattr(owner, "__len__") or len(owner) < 10_000
        if harmless and small and not node.keywords:
            arguments = [self.node(argument) for argument in node.args]
            if all(_is_small(argument) for argument in arguments):
                return function(*arguments)
        raise Refused(f"calling {name!r} may cost or change something")

    def _returned(self, function: Any, owner: Any) -> Any:
        """Return an `Instance` of what the annotation of ``function`` promises."""
        plain = function
        while is_a(plain, (types.MethodType, functools.partial)):
            plain = plain.__func__ if is_a(plain, types.MethodType) else plain.func
        if not is_a(plain, types.FunctionType):
            raise Refused("what it returns is not known")
        annotation = plain.__annotations__.get("return", MISSING)
        kind = self._annotated(annotation, plain.__globals__, owner)
        if kind is None:
            raise Refused("what it returns is not annotated with a class")
        return Instance(kind)

    def _annotated(self, annotation: Any, names: Mapping[str, Any], owner: Any) -> type | None:
        if is_a(annotation, str):
            if annotation.strip("'\"") in {"Self", "typing.Self"}:
                return _kind_of(owner)
            try:
                tree = ast.parse(annotation.strip("'\""), mode="eval").body
            except SyntaxError:
                return None
            return self._annotation_node(tree, names, owner)
        if getattr(annotation, "_name", None) == "Self":
            return _kind_of(owner)
        if is_a(annotation, type) and annotation is not type(None):
            origin = getattr(annotation, "__origin__", None)
            return origin if is_a(origin, type) else annotation
        origin = getattr(annotation, "__origin__", None)
        if is_a(origin, type) and origin.__module__ != "typing":
            return origin
        for part in getattr(annotation, "__args__", ()):
            kind = self._annotated(part, names, owner)
            if kind is not None:
                return kind
        return None

    def _annotation_node(self, tree: ast.expr, names: Mapping[str, Any], owner: Any) -> type | None:
        if isinstance(tree, ast.BinOp):
            left = self._annotation_node(tree.left, names, owner)
            return left or self._annotation_node(tree.right, names, owner)
        if isinstance(tree, ast.Name) and tree.id == "Self":
            return _kind_of(owner)
        if isinstance(tree, ast.Subscript):
            inner = isinstance(tree.value, ast.Name) and tree.value.id in {"Optional", "Union"}
            return self._annotation_node(tree.slice if inner else tree.value, names, owner)
        if isinstance(tree, ast.Tuple) and tree.elts:
            return self._annotation_node(tree.elts[0], names, owner)
        try:
            value = Evaluator([names], "minimal").node(tree)
        except Refused:
            value = _imported_for_checkers(tree, names)
        return None if is_a(value, str) else self._annotated(value, names, owner)

    # -- the kinds of nodes ----------------------------------------------------------------------------

    def _subscript(self, node: ast.Subscript) -> Any:
        obj = self.node(node.value)
        return self.item(obj, self._key(node.slice))

    def _key(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Slice):
            parts = [
                None if p is None else self.node(p) for p in (node.lower, node.upper, node.step)
            ]
            return slice(*parts)
        if isinstance(node, ast.Tuple):
            return tuple(self._key(element) for element in node.elts)
        return self.node(node)

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
        kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
        if any(isinstance(element, ast.Starred) for element in node.elts):
            return Instance(kind)
        values = [self._or_unknown(element) for element in node.elts]
        if kind is set and not all(_is_plain(value) for value in values):
            return Instance(set)
        return kind(values)

    def _dict(self, node: ast.Dict) -> Any:
        keys = [self._or_unknown(key) if key is not None else MISSING for key in node.keys]
        if not all(_is_plain(key) for key in keys):
            return Instance(dict)
        return dict(zip(keys, (self._or_unknown(v) for v in node.values), strict=True))

    def _or_unknown(self, node: ast.expr) -> Any:
        try:
            return self.node(node)
        except Refused:
            return Instance(object)

    def _binary(self, node: ast.BinOp) -> Any:
        if self._level < 2:
            raise Refused("the policy forbids operators")
        left, right = self._or_unknown(node.left), self._or_unknown(node.right)
        kinds = _kind_of(left), _kind_of(right)
        for kind in kinds:
            if kind is not None and (is_data_library(kind) or _root_module(kind) == "pathlib"):
                return Instance(kind)
        if kinds[0] in (int, float, bool) and kinds[1] in (int, float, bool):
            division = isinstance(node.op, ast.Div) or float in kinds
            return Instance(float if division else int)
        if kinds[0] in _CONTAINERS and isinstance(node.op, (ast.Add, ast.Mult, ast.Mod)):
            return Instance(kinds[0])
        if kinds[0] in (set, frozenset, dict) and kinds[0] is not None:
            return Instance(kinds[0])
        raise Refused("the operator would run code")

    def _unary(self, node: ast.UnaryOp) -> Any:
        value = self.node(node.operand)
        if isinstance(node.op, ast.Not):
            return Instance(bool)
        if type(value) in (int, float, complex):
            return -value if isinstance(node.op, ast.USub) else value
        kind = _kind_of(value)
        if kind is not None and is_data_library(kind):
            return Instance(kind)
        raise Refused("the operator would run code")

    def _conditional(self, node: ast.IfExp) -> Any:
        try:
            return self.node(node.body)
        except Refused:
            return self.node(node.orelse)

    def _either(self, node: ast.BoolOp) -> Any:
        for value in node.values[:-1]:
            try:
                found = self.node(value)
            except Refused:
                continue
            if found is not None:
                return found
        return self.node(node.values[-1])


def _imported_for_checkers(tree: ast.expr, names: Mapping[str, Any]) -> Any:
    """Return a class that a module imports for type checkers only, from another module of its package."""
    package = names.get("__name__")
    if not isinstance(tree, ast.Name) or not isinstance(package, str):
        return None
    root = package.partition(".")[0]
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == root and is_a(module, types.ModuleType):
            found = instance_dict(module).get(tree.id)
            if is_a(found, type):
                return found
    return None


def _bound_to_class(obj: Any, raw: Any) -> Any:
    """Return what a class or a module gives for one of its members: ``dict.fromkeys`` knows its class."""
    builtin = is_a(obj, type) and is_a(raw, types.ClassMethodDescriptorType)
    return raw.__get__(None, obj) if builtin else raw


def _known_method(owner: Any, name: str) -> Any:
    """Return what a method of a data library or of a path gives, `MISSING` when that is not known."""
    if is_a(owner, types.ModuleType):
        array = instance_dict(owner).get("ndarray") if name in _ARRAY_MAKERS else None
        return Instance(array) if is_a(array, type) else MISSING
    if _is_frame(owner) and name in _SAME_COLUMNS:
        return owner
    kind = _kind_of(owner)
    if kind is None or is_a(owner, type) or name not in _SAME_KIND.get(_root_module(kind), ()):
        return MISSING
    return Instance(kind)


class _Chain(dict[str, Any]):
    """Several namespaces as the locals of ``eval``."""

    def __init__(self, namespaces: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._parts = namespaces

    def __missing__(self, key: str) -> Any:
        for part in self._parts:
            if key in part:
                return part[key]
        raise KeyError(key)


def _kind_of(value: Any) -> type | None:
    if value is None:
        return None
    if is_a(value, Instance):
        return value.kind
    return value if is_a(value, type) else type(value)


def _is_builtin(function: Any) -> bool:
    return is_a(function, (types.BuiltinFunctionType, types.MethodWrapperType))


def _is_plain(key: Any) -> bool:
    """Tell whether hashing and comparing ``key`` runs no code of the person."""
    if is_a(key, slice):
        return all(_is_plain(part) for part in (key.start, key.stop, key.step))
    if type(key) is tuple:
        return all(_is_plain(part) for part in key)
    return type(key) in _SCALARS


def _is_small(value: Any) -> bool:
    if type(value) is int:
        return abs(value) < 10_000
    return type(value) in _SCALARS and (not is_a(value, (str, bytes)) or len(value) < 10_000)


def _is_frame(obj: Any) -> bool:
    return type(obj).__name__ in {"DataFrame", "GeoDataFrame"} and is_data_library(type(obj))


def _instance_of(kind: type) -> Callable[[Evaluator, Any], Any]:
    return lambda evaluator, node: Instance(kind)


_NODES: dict[type[ast.expr], Callable[[Evaluator, Any], Any]] = {
    ast.Constant: lambda e, n: n.value,
    ast.Name: lambda e, n: e.name(n.id),
    ast.Attribute: lambda e, n: e.attribute(e.node(n.value), n.attr),
    ast.Subscript: Evaluator._subscript,  # noqa: SLF001 - the table is a part of the class
    ast.Call: Evaluator._call,  # noqa: SLF001
    ast.List: Evaluator._sequence,  # noqa: SLF001
    ast.Tuple: Evaluator._sequence,  # noqa: SLF001
    ast.Set: Evaluator._sequence,  # noqa: SLF001
    ast.Dict: Evaluator._dict,  # noqa: SLF001
    ast.BinOp: Evaluator._binary,  # noqa: SLF001
    ast.UnaryOp: Evaluator._unary,  # noqa: SLF001
    ast.IfExp: Evaluator._conditional,  # noqa: SLF001
    ast.BoolOp: Evaluator._either,  # noqa: SLF001
    ast.NamedExpr: lambda e, n: e.node(n.value),
    ast.Await: lambda e, n: e.node(n.value),
    ast.JoinedStr: _instance_of(str),
    ast.ListComp: _instance_of(list),
    ast.SetComp: _instance_of(set),
    ast.DictComp: _instance_of(dict),
    ast.GeneratorExp: _instance_of(types.GeneratorType),
    ast.Lambda: _instance_of(types.FunctionType),
    ast.Compare: _instance_of(bool),
}
