"""Turn objects into mime bundles: one formatter for each mime type, each with printers by type, by type name, and by method.

What a formatter raises is shown, and the other formats of the object are shown nevertheless.

Rule: an object that answers to any attribute name at all (a mock, a proxy) has none of the ``_repr_*_`` methods.
"""

from __future__ import annotations

import sys
from io import StringIO
from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar
from warnings import warn

from nuncius.kernel.display.pretty import (
    MAX_SEQ_LENGTH,
    RepresentationPrinter,
    default_printers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "BaseFormatter",
    "DisplayFormatter",
    "FormatterWarning",
    "HTMLFormatter",
    "IPythonDisplayFormatter",
    "JPEGFormatter",
    "JSONFormatter",
    "JavascriptFormatter",
    "LatexFormatter",
    "MarkdownFormatter",
    "MimeBundleFormatter",
    "PDFFormatter",
    "PNGFormatter",
    "PlainTextFormatter",
    "SVGFormatter",
]

_RAISE = object()
_CANARY = "_ipython_canary_method_should_not_exist_"
#: Types whose instances have none of the methods for rich output: nothing needs to be looked up.
_BARE = frozenset(
    {int, float, complex, bool, str, bytes, list, tuple, dict, set, frozenset, range, type(None)}
)


class FormatterWarning(UserWarning):
    """What a formatter returned is not of the type that its format needs."""


def real_method(obj: Any, name: str) -> Callable[..., Any] | None:
    """Return the method ``name`` of ``obj``, None if it has none of its own."""
    try:
        if getattr(obj, _CANARY, None) is not None:
            return None
        method = getattr(obj, name, None)
    except Exception:  # noqa: BLE001 - attributes may raise anything
        return None
    if isinstance(obj, type) and not isinstance(method, MethodType):
        return None  # what is there is for instances, not for the class itself
    return method if callable(method) else None


def _type_key(typ: type | str) -> tuple[str, str]:
    if isinstance(typ, str):
        module, _, name = typ.rpartition(".")
        return module, name
    return (getattr(typ, "__module__", ""), getattr(typ, "__name__", ""))


class BaseFormatter:
    """Make one format of objects.

    Attributes:
        format_type: The mime type.
        print_method: The method of objects that gives it.
        enabled: Whether it is made at all.
        singleton_printers: id of an object -> function.
        type_printers: Type -> function.
        deferred_printers: (module, name) of a type that may not be imported yet -> function.
    """

    format_type: str = "text/plain"
    print_method: str | None = None
    _return_type: type | tuple[type, ...] = str
    _enabled_at_start: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        # formatters of libraries may state these as traits: their values are what counts
        for name in ("format_type", "print_method", "_return_type"):
            value: Any = cls.__dict__.get(name)
            if hasattr(value, "default_value"):
                setattr(cls, name, value.default_value)

    def __init__(self, parent: Any = None, **options: Any) -> None:
        self.parent = parent
        self.enabled = self._enabled_at_start
        self.singleton_printers: dict[int, Callable[..., Any]] = {}
        self.type_printers: dict[type, Callable[..., Any]] = {}
        self.deferred_printers: dict[tuple[str, str], Callable[..., Any]] = {}
        for name, value in options.items():
            setattr(self, name, value)

    def __call__(self, obj: Any) -> Any:
        """Return the format of ``obj``, None if it has none; a pair is the data and its metadata."""
        if not self.enabled:
            return None
        try:
            printer = self._printer(obj)
            return None if printer is None else self._check(printer(obj), obj)
        except Exception:  # noqa: BLE001 - user code
            self._show_error()
            return None

    def _printer(self, obj: Any) -> Callable[..., Any] | None:
        if self.singleton_printers or self.type_printers or self.deferred_printers:
            try:
                return self.lookup(obj)
            except KeyError:
                pass
        if self.print_method is None or type(obj) in _BARE:
            return None
        method = real_method(obj, self.print_method)
        return None if method is None else (lambda _: method())

    def _show_error(self) -> None:
        error = sys.exception()
        if isinstance(error, NotImplementedError):
            return
        shell = getattr(self.parent, "shell", None)
        if shell is not None:
            shell.showtraceback()
        else:
            sys.excepthook(*sys.exc_info())

    def _check(self, result: Any, obj: Any) -> Any:
        kind = self._return_type
        if (
            result is None
            or isinstance(result, kind)
            or (
                isinstance(result, tuple)
                and len(result) == 2
                and isinstance(result[0], kind)
                and isinstance(result[1], dict | None)
            )
        ):
            return result
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(k.__name__ for k in kinds)
        warn(
            f"the {self.format_type or self.print_method} formatter of {type(obj).__name__} returned "
            f"{type(result).__name__}, expected {expected}: {result!r:.60}",
            FormatterWarning,
            stacklevel=2,
        )
        return None

    def lookup(self, obj: Any) -> Callable[..., Any]:
        """Return the function for ``obj``.

        Raises:
            KeyError: None was registered for it.
        """
        function = self.singleton_printers.get(id(obj))
        return function if function is not None else self.lookup_by_type(type(obj))

    def lookup_by_type(self, typ: type | str) -> Callable[..., Any]:
        """Return the function for a type, or for its name.

        Raises:
            KeyError: None was registered for it.
        """
        if isinstance(typ, str):
            key = _type_key(typ)
            if key in self.deferred_printers:
                return self.deferred_printers[key]
            for cls, function in self.type_printers.items():
                if _type_key(cls) == key:
                    return function
            raise KeyError(f"no function is registered for {typ!r}")
        for cls in getattr(typ, "__mro__", (typ,)):
            if cls in self.type_printers or self._in_deferred(cls):
                return self.type_printers[cls]
        raise KeyError(f"no function is registered for {typ!r}")

    def __contains__(self, typ: type | str) -> bool:
        """Tell whether a function was registered for a type, or for its name."""
        try:
            self.lookup_by_type(typ)
        except KeyError:
            return False
        return True

    def for_type(
        self, typ: type | str, func: Callable[..., Any] | None = None
    ) -> Callable[..., Any] | None:
        """Format instances of ``typ`` with ``func``; returns what did so before.

        Args:
            typ: A type, or its full name.
            func: None only looks.
        """
        if isinstance(typ, str):
            module, _, name = typ.rpartition(".")
            return self.for_type_by_name(module, name, func)
        before = self.type_printers[typ] if self._in_deferred(typ) else self.type_printers.get(typ)
        if func is not None:
            self.type_printers[typ] = func
        return before

    def for_type_by_name(
        self, type_module: str, type_name: str, func: Callable[..., Any] | None = None
    ) -> Callable[..., Any] | None:
        """Do as `for_type`, for a type that may not be imported yet."""
        key = (type_module, type_name)
        for cls in self.type_printers:
            if _type_key(cls) == key:
                return self.for_type(cls, func)
        before = self.deferred_printers.get(key)
        if func is not None:
            self.deferred_printers[key] = func
        return before

    def pop(self, typ: type | str, default: Any = _RAISE) -> Any:
        """Forget the function for a type, and return it.

        Raises:
            KeyError: There is none, and no ``default``.
        """
        found: Any = None
        if isinstance(typ, str):
            key = _type_key(typ)
            if key in self.deferred_printers:
                return self.deferred_printers.pop(key)
            for cls in self.type_printers:
                if _type_key(cls) == key:
                    return self.type_printers.pop(cls)
        else:
            self._in_deferred(typ)
            found = self.type_printers.pop(typ, None)
            if found is not None:
                return found
        if default is _RAISE:
            raise KeyError(f"no function is registered for {typ!r}")
        return default

    def _in_deferred(self, cls: type) -> bool:
        """Tell whether there is a deferred function for ``cls``; it is not deferred any longer then."""
        if not self.deferred_printers:
            return False
        function = self.deferred_printers.pop(_type_key(cls), None)
        if function is not None:
            self.type_printers[cls] = function
        return function is not None


class PlainTextFormatter(BaseFormatter):
    """Make ``text/plain``, with the pretty printer.

    Attributes:
        pprint: Use the pretty printer; otherwise `repr`.
        verbose: Show more of plain objects.
        max_width: Columns of a line.
        max_seq_length: So many elements of a container are shown; 0 is no limit.
        float_format: How floats are shown; set by `float_precision`.
    """

    format_type = "text/plain"
    print_method = "_repr_pretty_"

    def __init__(self, parent: Any = None, **options: Any) -> None:
        self.pprint = True
        self.verbose = False
        self.max_width = 79
        self.newline = "\n"
        self.max_seq_length = MAX_SEQ_LENGTH
        self.float_format = "%r"
        self._float_precision: str | int = ""
        super().__init__(parent)
        printers: tuple[Any, Any, Any] = default_printers()
        self.singleton_printers, self.type_printers, self.deferred_printers = printers
        self._by_repr = {kind: self.type_printers[kind] for kind in (int, str)}
        self.type_printers[float] = self._float
        self.deferred_printers["numpy", "float64"] = self._float
        for name, value in options.items():
            setattr(self, name, value)

    def _float(self, obj: Any, p: Any, cycle: bool) -> None:
        p.text(self.float_format % obj)

    @property
    def float_precision(self) -> str | int:
        """Digits after the point, a format such as ``%.3e``, or an empty text for all digits; numpy follows."""
        return self._float_precision

    @float_precision.setter
    def float_precision(self, value: str | int) -> None:
        text = str(value)
        if "%" in text:
            try:
                text % 3.14159
            except Exception as error:
                raise ValueError(
                    f"float_precision is {value!r}; expected digits or a format such as '%.3f'"
                ) from error
            self.float_format = text
            digits = 8
        elif text:
            try:
                digits = int(text)
                if digits < 0:
                    raise ValueError("negative")
            except ValueError:
                raise ValueError(
                    f"float_precision is {value!r}; expected digits or a format such as '%.3f'"
                ) from None
            self.float_format = f"%.{digits}f"
        else:
            self.float_format, digits = "%r", 8
        self._float_precision = value
        if (numpy := sys.modules.get("numpy")) is not None:
            numpy.set_printoptions(precision=digits)

    def __call__(self, obj: Any) -> Any:
        """Return the text of ``obj``."""
        try:
            return self.text(obj)
        except Exception:  # noqa: BLE001 - user code
            self._show_error()
            return None

    def text(self, obj: Any) -> str:
        """Return the text of ``obj``; what user code raises comes out."""
        kind = type(obj)
        if not self.pprint:
            return repr(obj)
        if (kind is int or kind is str) and self.type_printers.get(kind) is self._by_repr[kind]:
            return repr(obj)  # the most frequent results need no layout
        stream = StringIO()
        printer = RepresentationPrinter(
            stream,
            self.verbose,
            self.max_width,
            self.newline,
            self.singleton_printers,
            self.type_printers,
            self.deferred_printers,
            self.max_seq_length,
        )
        printer.pretty(obj)
        printer.flush()
        return stream.getvalue()


class HTMLFormatter(BaseFormatter):
    """Make ``text/html``."""

    format_type = "text/html"
    print_method = "_repr_html_"


class MarkdownFormatter(BaseFormatter):
    """Make ``text/markdown``."""

    format_type = "text/markdown"
    print_method = "_repr_markdown_"


class SVGFormatter(BaseFormatter):
    """Make ``image/svg+xml``."""

    format_type = "image/svg+xml"
    print_method = "_repr_svg_"


class PNGFormatter(BaseFormatter):
    """Make ``image/png``: bytes, or their base64 text."""

    format_type = "image/png"
    print_method = "_repr_png_"
    _return_type = (bytes, str)


class JPEGFormatter(BaseFormatter):
    """Make ``image/jpeg``: bytes, or their base64 text."""

    format_type = "image/jpeg"
    print_method = "_repr_jpeg_"
    _return_type = (bytes, str)


class PDFFormatter(BaseFormatter):
    """Make ``application/pdf``: bytes, or their base64 text."""

    format_type = "application/pdf"
    print_method = "_repr_pdf_"
    _return_type = (bytes, str)


class LatexFormatter(BaseFormatter):
    """Make ``text/latex``."""

    format_type = "text/latex"
    print_method = "_repr_latex_"


class JSONFormatter(BaseFormatter):
    """Make ``application/json``: a list or a mapping, or the JSON text of one."""

    format_type = "application/json"
    print_method = "_repr_json_"
    _return_type = (list, dict)

    def _check(self, result: Any, obj: Any) -> Any:
        data, metadata = result, None
        if isinstance(result, tuple):
            data, metadata = result
        if isinstance(data, str):
            import json

            data = json.loads(data)
        return super()._check(data if metadata is None else (data, metadata), obj)


class JavascriptFormatter(BaseFormatter):
    """Make ``application/javascript``."""

    format_type = "application/javascript"
    print_method = "_repr_javascript_"


class IPythonDisplayFormatter(BaseFormatter):
    """Let objects display themselves; True if one did."""

    format_type = ""
    print_method = "_ipython_display_"
    _return_type = (type(None), bool)

    def __call__(self, obj: Any) -> Any:
        """Return True if ``obj`` displayed itself."""
        if not self.enabled:
            return None
        try:
            printer = self._printer(obj)
            if printer is None:
                return None
            printer(obj)
        except NotImplementedError:
            return None
        except Exception:  # noqa: BLE001 - user code
            self._show_error()
            return None  # the other formats may show it yet
        return True


class MimeBundleFormatter(BaseFormatter):
    """Ask objects for several formats at once: a mapping, or a pair of data and metadata."""

    format_type = ""
    print_method = "_repr_mimebundle_"
    _return_type = dict

    def bundle(
        self, obj: Any, include: set[str] | None, exclude: set[str] | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the data and metadata that ``obj`` gives itself."""
        result = self(obj, include=include, exclude=exclude)
        if result is None:
            return {}, {}
        return result if isinstance(result, tuple) else (result, {})

    def __call__(self, obj: Any, include: Any = None, exclude: Any = None) -> Any:
        """Return what ``obj`` gives itself, None if nothing."""
        if not self.enabled or (type(obj) in _BARE and not self.type_printers):
            return None
        try:
            try:
                function: Callable[..., Any] | None = self.lookup(obj)
                arguments: tuple[Any, ...] = (obj,)
            except KeyError:
                function, arguments = real_method(obj, "_repr_mimebundle_"), ()
            if function is None:
                return None
            return self._check(function(*arguments, include=include, exclude=exclude), obj)
        except Exception:  # noqa: BLE001 - user code
            self._show_error()
            return None


#: The formatters that are there from the start, in the order of their formats in a bundle.
FORMATTERS: tuple[type[BaseFormatter], ...] = (
    PlainTextFormatter,
    HTMLFormatter,
    MarkdownFormatter,
    SVGFormatter,
    PNGFormatter,
    PDFFormatter,
    JPEGFormatter,
    LatexFormatter,
    JSONFormatter,
    JavascriptFormatter,
)


class DisplayFormatter:
    """Make the mime bundle of an object.

    Attributes:
        formatters: By mime type.
        mimebundle_formatter: Asks objects for several formats at once.
        ipython_display_formatter: Lets objects display themselves.
    """

    def __init__(self, shell: Any = None) -> None:
        self.shell = shell
        self.formatters: dict[str, BaseFormatter] = {
            kind.format_type: kind(self) for kind in FORMATTERS
        }
        self.ipython_display_formatter = IPythonDisplayFormatter(self)
        self.mimebundle_formatter = MimeBundleFormatter(self)

    @property
    def format_types(self) -> list[str]:
        """The mime types that there are formatters for."""
        return list(self.formatters)

    @property
    def active_types(self) -> list[str]:
        """The mime types that are made."""
        return [name for name, formatter in self.formatters.items() if formatter.enabled]

    @active_types.setter
    def active_types(self, names: Iterable[str]) -> None:
        wanted = set(names)
        for name, formatter in self.formatters.items():
            formatter.enabled = name in wanted

    def format(
        self,
        obj: Any,
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the data and metadata of ``obj`` by mime type; both empty if it displayed itself.

        Args:
            obj: Anything.
            include: Only these mime types.
            exclude: Not these.
        """
        if self.ipython_display_formatter(obj):
            return {}, {}
        wanted, unwanted = _types(include), _types(exclude)
        data, metadata = self.mimebundle_formatter.bundle(obj, wanted, unwanted)
        if wanted or unwanted:
            data = {k: v for k, v in data.items() if _selected(k, wanted, unwanted)}
            metadata = {k: v for k, v in metadata.items() if _selected(k, wanted, unwanted)}
        elif data:
            data, metadata = dict(data), dict(metadata)
        for name, result in self._formats(obj, wanted, unwanted, frozenset(data)):
            if isinstance(result, tuple) and len(result) == 2:
                data[name], more = result
                if more is not None:
                    metadata[name] = more
            else:
                data[name] = result
        return data, metadata

    def _formats(
        self,
        obj: Any,
        include: set[str] | None,
        exclude: set[str] | None,
        said: frozenset[str],
    ) -> Iterator[tuple[str, Any]]:
        for name, formatter in self.formatters.items():
            # what the object said itself counts: the others are not even asked, they may print
            if name not in said and _selected(name, include, exclude):
                result = formatter(obj)
                if result is not None:
                    yield name, result


def _types(given: Iterable[str] | None) -> set[str] | None:
    """Return mime types as a set; one alone may be given as it is."""
    return {given} if isinstance(given, str) else None if given is None else set(given)


def _selected(name: str, include: set[str] | None, exclude: set[str] | None) -> bool:
    return not ((include and name not in include) or (exclude and name in exclude))
