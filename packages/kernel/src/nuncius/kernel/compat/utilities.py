"""What extensions import from ``IPython.utils``: small functions, most of them a line over the standard library."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import singledispatch
from importlib import import_module
from pathlib import Path
from string import Formatter
from typing import Any, Self, TextIO, TypeVar

from nuncius.kernel.errors import TryNext

__all__ = [
    "DEFAULT_ENCODING",
    "EvalFormatter",
    "HomeDirError",
    "NoOpContext",
    "Sentinel",
    "Tee",
    "ask_yes_no",
    "chop",
    "clock",
    "clock2",
    "clocks",
    "clocku",
    "complete_object",
    "compress_user",
    "dir2",
    "ensure_str",
    "expand_path",
    "extract_vars",
    "filefind",
    "find_mod",
    "flag_calls",
    "format_screen",
    "get_home_dir",
    "get_real_method",
    "get_stream_enc",
    "get_sys_info",
    "get_terminal_size",
    "get_text_list",
    "get_xdg_cache_dir",
    "get_xdg_dir",
    "import_item",
    "inspect_object",
    "list_namespace",
    "list_strings",
    "marquee",
    "prepended_to_syspath",
    "preserve_keys",
    "restore_term_title",
    "safe_hasattr",
    "set_term_title",
    "shellglob",
    "source_to_unicode",
    "strip_email_quotes",
    "sys_info",
    "temp_pyfile",
    "timing",
    "timings",
    "timings_out",
    "toggle_set_term_title",
    "undoc",
    "unescape_glob",
    "uniq_stable",
]

Function = TypeVar("Function", bound="Callable[..., Any]")

DEFAULT_ENCODING = "utf-8"


class HomeDirError(Exception):
    """There is no home folder that can be written to."""


class Sentinel:
    """A value that is nothing but itself.

    Args:
        name: Its name.
        module: Where it is.
        docstring: What it stands for.
    """

    def __init__(self, name: str, module: str, docstring: str | None = None) -> None:
        self.name = name
        self.module = module
        if docstring:
            self.__doc__ = docstring

    def __repr__(self) -> str:
        return f"{self.module}.{self.name}"


class NoOpContext:
    """A context manager that does nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...


# -- text ------------------------------------------------------------------------------------------


class EvalFormatter(Formatter):
    """Formats ``{expression}`` by evaluating the expression."""

    def get_field(
        self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Any, str]:
        """Return the value of an expression."""
        return eval(field_name, dict(kwargs)), field_name


def list_strings(arg: str | list[str]) -> list[str]:
    """Return a list of texts, given one text or such a list."""
    return [arg] if isinstance(arg, str) else arg


def marquee(txt: str = "", width: int = 78, mark: str = "*") -> str:
    """Return a text in the middle of a line of marks."""
    if not txt:
        return (mark * width)[:width]
    marks = max(0, (width - len(txt) - 2) // len(mark) // 2) * mark
    return f"{marks} {txt} {marks}"


def format_screen(strng: str) -> str:
    """Return a text without the backslashes that end its lines."""
    import re

    return re.sub(r"\\$", "", strng, flags=re.MULTILINE)


def get_text_list(
    list_: Sequence[str], last_sep: str = " and ", sep: str = ", ", wrap_item_with: str = ""
) -> str:
    """Return items as people write them: ``a, b and c``."""
    items = [f"{wrap_item_with}{item}{wrap_item_with}" for item in list_]
    return last_sep.join([sep.join(items[:-1]), items[-1]] if len(items) > 1 else items)


def ensure_str(s: str | bytes, encoding: str | None = None) -> str:
    """Return a text, decoding bytes."""
    return s.decode(encoding or DEFAULT_ENCODING, "replace") if isinstance(s, bytes) else s


def uniq_stable(elems: Iterable[Any]) -> list[Any]:
    """Return the elements without repetitions, in their order."""
    return list(dict.fromkeys(elems))


def chop(seq: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Return a sequence in parts of a size."""
    return [seq[start : start + size] for start in range(0, len(seq), size)]


# -- files -----------------------------------------------------------------------------------------


def get_home_dir(require_writable: bool = False) -> str:
    """Return the person's home folder.

    Raises:
        HomeDirError: It is not a folder that can be written to, and has to be.
    """
    home = str(Path("~").expanduser().resolve())
    if require_writable and not (Path(home).is_dir() and os.access(home, os.W_OK)):
        raise HomeDirError(f"{home} is not a writable dir, set $HOME environment variable")
    return home


def get_xdg_dir() -> str | None:
    """Return the folder of configurations, if there is one."""
    path = os.environ.get("XDG_CONFIG_HOME") or str(Path(get_home_dir(), ".config"))
    return path if Path(path).is_dir() else None


def get_xdg_cache_dir() -> str | None:
    """Return the folder of caches, if there is one."""
    path = os.environ.get("XDG_CACHE_HOME") or str(Path(get_home_dir(), ".cache"))
    return path if Path(path).is_dir() else None


def expand_path(s: str) -> str:
    """Return a path with ``~`` and variables in place of their names."""
    return os.path.expandvars(os.path.expanduser(s))  # noqa: PTH111 - a text is wanted, as it is


def compress_user(path: str) -> str:
    """Return a path with ``~`` in place of the home folder."""
    home = get_home_dir()
    return f"~{path[len(home) :]}" if path.startswith(home) else path


def filefind(filename: str, path_dirs: str | Sequence[str] | None = None) -> str:
    """Return the path of a file in one of some folders.

    Raises:
        OSError: It is in none of them.
    """
    folders = list_strings("" if path_dirs is None else path_dirs)  # type: ignore[arg-type]
    name = expand_path(filename.strip("\"'"))
    if Path(name).is_absolute() and Path(name).is_file():
        return name
    for folder in folders:
        found = Path(expand_path(folder or "."), name)
        if found.is_file():
            return str(found.absolute())
    raise OSError(f"File {filename!r} does not exist in any of the search paths: {path_dirs!r}")


def shellglob(args: Iterable[str]) -> list[str]:
    """Return file names by patterns; a pattern that fits none stays as it is."""
    from glob import glob

    found: list[str] = []
    for pattern in args:
        found += glob(pattern) or [unescape_glob(pattern)]  # noqa: PTH207 - patterns as shells take them
    return found


def unescape_glob(string: str) -> str:
    """Return a pattern's text without the backslashes that keep its signs from being special."""
    for sign in "*[]!?":
        string = string.replace(f"\\{sign}", sign)
    return string


@contextmanager
def temp_pyfile(src: str, ext: str = ".py") -> Iterator[str]:
    """Have a file with some text, for the time of a ``with`` block."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder, f"source{ext}")
        path.write_text(src, encoding="utf-8")
        yield str(path)


def source_to_unicode(txt: str | bytes, errors: str = "replace", skip: bool = True) -> str:
    """Return Python's source as text, decoded as its first lines say.

    Args:
        txt: The source.
        errors: What to do with bytes that do not fit.
        skip: Leave out the line that says the encoding.
    """
    if isinstance(txt, str):
        return txt
    import io
    import re
    from tokenize import detect_encoding

    try:
        encoding, _ = detect_encoding(io.BytesIO(txt).readline)
    except SyntaxError:
        encoding = "ascii"
    lines = txt.decode(encoding, errors).splitlines(keepends=True)
    cookie = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")
    kept = [line for n, line in enumerate(lines) if not (skip and n < 2 and cookie.match(line))]
    return "".join(kept)


class Tee:
    """Writes to a file and to a stream.

    Args:
        file_or_name: The file.
        mode: How it is opened.
        channel: ``stdout`` or ``stderr``.
    """

    def __init__(
        self, file_or_name: str | TextIO, mode: str = "w", channel: str = "stdout"
    ) -> None:
        opened = isinstance(file_or_name, str)
        self.file: Any = Path(file_or_name).open(mode) if opened else file_or_name  # type: ignore[arg-type]  # noqa: SIM115 - see close
        self.channel = channel
        self.ostream = getattr(sys, channel)
        setattr(sys, channel, self)
        self._closed = False

    def write(self, data: str) -> None:
        """Write to both."""
        self.file.write(data)
        self.ostream.write(data)
        self.ostream.flush()

    def flush(self) -> None:
        """Flush both."""
        self.file.flush()
        self.ostream.flush()

    def close(self) -> None:
        """Close the file, and put back the stream."""
        self.flush()
        setattr(sys, self.channel, self.ostream)
        self.file.close()
        self._closed = True


def ask_yes_no(prompt: str, default: str | None = None, interrupt: str | None = None) -> bool:
    """Ask until the answer is yes or no."""
    answers = {"y": True, "yes": True, "n": False, "no": False}
    while True:
        try:
            answer = input(f"{prompt} ").lower().strip() or default or ""
        except KeyboardInterrupt:
            answer = interrupt or ""
        except EOFError:
            if default is None:
                raise
            answer = default
        if answer in answers:
            return answers[answer]


# -- objects ---------------------------------------------------------------------------------------


def safe_hasattr(obj: Any, attr: str) -> bool:
    """Tell whether there is an attribute; what looking raises counts as no."""
    try:
        getattr(obj, attr)
    except Exception:  # noqa: BLE001 - the object is anybody's
        return False
    return True


def dir2(obj: Any) -> list[str]:
    """Return the names of an object's attributes, where ``__dir__`` fails, too."""
    try:
        words = set(dir(obj))
    except Exception:  # noqa: BLE001 - as above
        words = set()
    if safe_hasattr(obj, "__class__"):
        words |= set(dir(obj.__class__))
    return sorted(word for word in words if isinstance(word, str))


def get_real_method(obj: Any, name: str) -> Any:
    """Return a method; None for classes, and for objects that have an attribute of any name."""
    with suppress(Exception):
        if hasattr(obj, "_ipython_canary_method_should_not_exist_") or inspect.isclass(obj):
            return None
        method = getattr(obj, name, None)
        return method if callable(method) else None
    return None


def import_item(name: str) -> Any:
    """Return ``package.module.attribute``."""
    module, _, attribute = name.rpartition(".")
    if not module:
        return import_module(attribute)
    found = import_module(module)
    try:
        return getattr(found, attribute)
    except AttributeError:
        try:
            return import_module(name)
        except ModuleNotFoundError:
            raise ImportError(f"No module named {attribute}") from None


def find_mod(module_name: str) -> str | None:
    """Return the file of a module, without importing it."""
    from importlib.util import find_spec

    with suppress(ImportError, ValueError):
        spec = find_spec(module_name)
        return None if spec is None else spec.origin
    return None


def extract_vars(*names: str, depth: int = 0) -> dict[str, Any]:
    """Return variables of a caller."""
    there = sys._getframe(depth + 1).f_locals  # noqa: SLF001 - the only way to the caller's variables
    return {name: there[name] for name in names}


@contextmanager
def preserve_keys(dictionary: dict[str, Any], *keys: str) -> Iterator[None]:
    """Have some entries of a dictionary be afterwards what they were before."""
    before = {key: dictionary[key] for key in keys if key in dictionary}
    try:
        yield
    finally:
        for key in keys:
            dictionary.pop(key, None)
        dictionary |= before


def undoc(func: Function) -> Function:
    """Mark a function that is not documented."""
    return func


@singledispatch
def inspect_object(obj: Any) -> None:
    """Tell of an object; types may register a function of their own.

    Raises:
        TryNext: None is registered.
    """
    raise TryNext


@singledispatch
def complete_object(obj: Any, prev_completions: list[str]) -> list[str]:
    """Return completions of an object's attributes; types may register a function of their own.

    Raises:
        TryNext: None is registered.
    """
    raise TryNext


# -- the machine -----------------------------------------------------------------------------------


def get_sys_info() -> dict[str, Any]:
    """Return what a report of a mistake should say of the machine."""
    import platform

    return {
        "sys_version": sys.version,
        "sys_executable": sys.executable,
        "sys_platform": sys.platform,
        "platform": platform.platform(),
        "os_name": os.name,
        "default_encoding": DEFAULT_ENCODING,
        "ipython_version": sys.modules["IPython"].__version__ if "IPython" in sys.modules else "",
    }


def sys_info() -> str:
    """Return `get_sys_info` as text."""
    from pprint import pformat

    return pformat(get_sys_info())


def get_terminal_size(defaultx: int = 80, defaulty: int = 25) -> tuple[int, int]:
    """Return the columns and lines of the terminal."""
    from shutil import get_terminal_size as size

    return tuple(size((defaultx, defaulty)))  # type: ignore[return-value]


def set_term_title(title: str) -> None:
    """Do nothing: the title of the window is the terminal's own business."""


def clock() -> float:
    """Return the seconds of processor time that the process has used."""
    import time

    return time.process_time()


def clock2() -> tuple[float, float]:
    """Return the seconds that the process has used: its own, and the system's."""
    times = os.times()
    return times.user, times.system


def timings_out(
    reps: int, func: Callable[..., Any], *args: Any, **kw: Any
) -> tuple[float, float, Any]:
    """Call a function so often; returns the seconds in all, those per call, and what it returned last."""
    start = clock()
    result = None
    for _ in range(reps):
        result = func(*args, **kw)
    total = clock() - start
    return total, total / reps, result


def timings(reps: int, func: Callable[..., Any], *args: Any, **kw: Any) -> tuple[float, float]:
    """Call a function so often; returns the seconds in all, and those per call."""
    return timings_out(reps, func, *args, **kw)[:2]


def timing(func: Callable[..., Any], *args: Any, **kw: Any) -> float:
    """Call a function once; returns the seconds that it took."""
    return timings_out(1, func, *args, **kw)[0]


def clocku() -> float:
    """Return the seconds of processor time of the process itself."""
    return clock2()[0]


def clocks() -> float:
    """Return the seconds of processor time of the system for the process."""
    return clock2()[1]


def flag_calls(func: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function an attribute ``called``, which tells whether its last call has returned."""
    if hasattr(func, "called"):
        return func
    import functools

    @functools.wraps(func)
    def flagged(*args: Any, **kw: Any) -> Any:
        flagged.called = False  # type: ignore[attr-defined]
        result = func(*args, **kw)
        flagged.called = True  # type: ignore[attr-defined]
        return result

    flagged.called = False  # type: ignore[attr-defined]
    return flagged


def strip_email_quotes(text: str) -> str:
    """Return a text without the ``>`` that all its lines begin with."""
    lines = text.splitlines()
    while lines and all(line.lstrip(" ").startswith(">") for line in lines):
        lines = [line.lstrip(" ")[1:] for line in lines]
    indents = [len(line) - len(line.lstrip(" ")) for line in lines]
    return "\n".join(line[min(indents) :] for line in lines)


def get_stream_enc(stream: Any, default: str | None = None) -> str | None:
    """Return the encoding of a stream."""
    return getattr(stream, "encoding", None) or default


def toggle_set_term_title(val: bool) -> None:
    """Do nothing, see `set_term_title`."""


def restore_term_title() -> None:
    """Do nothing, see `set_term_title`."""


class prepended_to_syspath:  # noqa: N801 - its name there
    """Have a folder come first in the search for modules, for the time of a ``with`` block."""

    def __init__(self, folder: str) -> None:
        self.dir = folder

    def __enter__(self) -> Self:
        self.added = self.dir not in sys.path
        if self.added:
            sys.path.insert(0, self.dir)
        return self

    def __exit__(self, *exc: object) -> None:
        if self.added:
            with suppress(ValueError):
                sys.path.remove(self.dir)


def list_namespace(
    namespace: Mapping[str, Any],
    type_pattern: str,
    filter: str,  # noqa: A002 - its name there
    ignore_case: bool = False,
    show_all: bool = False,
) -> dict[str, Any]:
    """Return the entries of a namespace whose names match a glob, and whose values are of a kind."""
    from nuncius.kernel.magics.wildcard import search

    names = search(filter, [namespace], type_pattern, ignore_case=ignore_case, hidden=show_all)
    return {name: namespace.get(name) for name in names}
