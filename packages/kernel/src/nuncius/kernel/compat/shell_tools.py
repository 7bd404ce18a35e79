"""Functions and types that stand beside IPython's shell, its formatters and its inspector."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from nuncius.kernel.current import get_shell
from nuncius.kernel.guarded import Evaluator
from nuncius.kernel.inspect import source
from nuncius.kernel.inspect.find import ObjectFinder

__all__ = [
    "EvaluationContext",
    "FormatterABC",
    "InfoDict",
    "OInfo",
    "ProvisionalWarning",
    "SpaceInInput",
    "catch_format_error",
    "find_file",
    "find_source_lines",
    "format_display_data",
    "found_as",
    "get_asyncio_loop",
    "get_encoding",
    "getdoc",
    "getsource",
    "guarded_eval",
    "is_integer_string",
    "make_main_module_type",
    "softspace",
    "sphinxify",
]

InfoDict = dict[str, Any]


@dataclass
class OInfo:
    """What a name is.

    Attributes:
        found: Whether it is anything.
        obj: The object.
        parent: The object that it is an attribute of.
        namespace: Where its first part was found.
        ismagic: It is a magic.
        isalias: It is an alias of a command.
    """

    found: bool = False
    obj: Any = None
    parent: Any = None
    namespace: str | None = None
    ismagic: bool = False
    isalias: bool = False

    def get(self, field: str, default: Any = None) -> Any:
        """Return an attribute, as if it were the entry of a dictionary."""
        return getattr(self, field, default)


# -- the shell -------------------------------------------------------------------------------------


class ProvisionalWarning(DeprecationWarning):
    """Never given."""


class SpaceInInput(Exception):
    """Never raised."""


#: Where names are found, in IPython's words.
_PLACES = {"Magic": "IPython internal", "Builtin": "Python builtin"}


def found_as(finder: ObjectFinder, name: str, namespaces: Any = None) -> OInfo:
    """Return what a name is; in some namespaces, or in those that a finder knows."""
    if namespaces is not None:
        finder = ObjectFinder(lambda: dict(namespaces))
    found = finder.find(name)
    if found is None:
        return OInfo()
    place = _PLACES.get(found.namespace, found.namespace)
    return OInfo(True, found.obj, found.parent, place, found.ismagic, found.isalias)


def sphinxify(oinfo: Any) -> Mapping[str, str]:
    """Return a docstring as a mime bundle."""
    text = getattr(oinfo, "docstring", None) or str(oinfo)
    return {"text/plain": text, "text/html": f"<pre>{text}</pre>"}


def is_integer_string(s: str) -> bool:
    """Tell whether a text is an integer."""
    try:
        int(s)
    except ValueError:
        return False
    return True


def softspace(file: Any, newvalue: int) -> int:
    """Do nothing; files have no such attribute any more."""
    return 0


def make_main_module_type(user_ns: dict[str, Any]) -> type[ModuleType]:
    """Return a type of modules whose attributes are those of a dictionary."""

    class IPythonMainModule(ModuleType):
        """The module of the cells."""

        def __getattr__(self, name: str) -> Any:
            try:
                return user_ns[name]
            except KeyError:
                raise AttributeError(f"module '__main__' has no attribute {name!r}") from None

        def __setattr__(self, name: str, value: Any) -> None:
            user_ns[name] = value

    return IPythonMainModule


def get_asyncio_loop() -> Any:
    """Return the loop of this thread; a new one, if none was made."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return loop


# -- formatters ------------------------------------------------------------------------------------


class FormatterABC(ABC):
    """What a formatter has to have.

    Attributes:
        format_type: The mime type.
        enabled: Whether it is asked.
    """

    format_type = "text/plain"
    enabled = True

    @abstractmethod
    def __call__(self, obj: Any) -> Any:
        """Return the format of an object, None if it has none."""


def catch_format_error(method: Callable[..., Any]) -> Callable[..., Any]:
    """Have a formatter's method show what it raises, and return None instead."""

    @functools.wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except NotImplementedError:
            return None
        except Exception:
            shell: Any = get_shell()
            if shell is None:
                raise
            shell.showtraceback()
            return None

    return guarded


def format_display_data(obj: Any, include: Any = None, exclude: Any = None) -> Any:
    """Return an object as a mime bundle, and its metadata."""
    shell: Any = get_shell()
    return shell.display_formatter.format(obj, include, exclude)


# -- evaluation without side effects ---------------------------------------------------------------


class EvaluationContext(NamedTuple):
    """Where and how an expression is evaluated.

    Attributes:
        locals: The variables.
        globals: The globals.
        evaluation: ``forbidden``, ``minimal``, ``limited``, ``unsafe`` or ``dangerous``.
        in_subscript: It stands in brackets.
    """

    locals: dict[str, Any]
    globals: dict[str, Any]
    evaluation: str = "limited"
    in_subscript: bool = False


def guarded_eval(code: str, context: EvaluationContext) -> Any:
    """Return the value of an expression, if it can be known without side effects.

    Raises:
        Refused: It cannot.
    """
    namespaces = (context.locals, context.globals)
    return Evaluator(namespaces, context.evaluation).evaluate(code)


# -- inspection ------------------------------------------------------------------------------------


def getdoc(obj: Any) -> str | None:
    """Return the docstring of an object."""
    return source.doc_of(obj)


def getsource(obj: Any, oname: str = "") -> str | None:
    """Return the source of an object, None if there is none."""
    return source.source_of(obj)


def find_file(obj: Any) -> str | None:
    """Return the file that an object is defined in."""
    return source.file_of(obj)


def find_source_lines(obj: Any) -> int | None:
    """Return the line that an object is defined at."""
    return source.line_of(obj)


def get_encoding(obj: Any) -> str | None:
    """Return the encoding of the file that an object is defined in."""
    import tokenize

    file = source.file_of(obj)
    if not file or not file.endswith(".py"):
        return None
    with open(file, "rb") as text:  # noqa: PTH123 - a name as it stands in code objects
        return tokenize.detect_encoding(text.readline)[0]
