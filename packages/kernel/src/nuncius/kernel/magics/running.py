"""Run programs in the kernel: ``%run``."""

from __future__ import annotations

import builtins
import glob
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, next_word, options
from nuncius.kernel.magics.profiling import PROFILE_FLAGS, profiled
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say
from nuncius.kernel.magics.timing import cpu_times

__all__ = ["RunMagics"]

_MISSING = object()


@magics_class
class RunMagics(Magics):
    """Programs."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        #: The modules of the programs that ran: their functions need their globals.
        self._modules: dict[str, ModuleType] = {}

    @line_magic
    @options(
        Flag("n", "Do not set __name__ to '__main__', but to the name of the file."),
        Flag("i", "Run in the namespace of the cells, and not in an empty one."),
        Flag("e", "Ignore sys.exit()."),
        Flag("t", "Print how long it takes."),
        Flag("N", "With -t: run it so often.", "N"),
        Flag("d", "Run it by the debugger."),
        Flag(
            "b",
            "With -d: stop at this line, LINE or FILE:LINE; at the first one if not given.",
            "LINE",
        ),
        Flag("p", "Run it by the profiler, with the options of %prun."),
        Flag("G", "Do not expand patterns (``*.txt``) in the arguments."),
        Flag(
            "m",
            "Run a module, as ``python -m`` does; the rest are its arguments.",
            "MODULE",
            ends=True,
        ),
        *PROFILE_FLAGS,
    )
    def run(self, opts: Opts, rest: str) -> Any:
        """Run a file as a program: Python, ``.ipy`` cells with magics, or a notebook.

        It begins with an empty namespace and with its arguments in ``sys.argv``; when it has ended, its variables are those of the cells as well.

        ::

            %run script.py --verbose *.txt
            %run -i script.py
            %run -t -N 5 script.py
            %run -d -b 40 script.py
            %run -m package.module argument
            %run notebook.ipynb
        """
        __tracebackhide__ = True
        words = list(_words(rest, expand="G" not in opts))
        if "m" in opts:
            filename = _file_of(opts["m"])
            words = words[1:] if words[:1] == ["--"] else words  # it ends our options
        elif not words:
            raise UsageError("%run: you must provide at least a filename.")
        else:
            filename = _found(words.pop(0))
        if filename.lower().endswith((".ipy", ".ipynb")):
            with _kept(self.shell.user_ns, "__file__", filename):
                self.shell.safe_execfile_ipy(filename, raise_exceptions=True)
            return None
        return self._program(opts, filename, words)

    def forget(self, value: Any) -> None:
        """Let go of a value in the modules of programs that ran."""
        for module in self._modules.values():
            names = [name for name, each in vars(module).items() if each is value]
            for name in names:
                delattr(module, name)

    def _program(self, opts: Opts, filename: str, arguments: list[str]) -> Any:
        __tracebackhide__ = True
        shell = self.shell
        name = Path(filename).stem if "n" in opts else "__main__"
        if "i" in opts:
            module, before = shell.user_module, shell.user_ns["__name__"]
            namespace = shell.user_ns
            namespace.update(__name__=name, __file__=filename)
        else:
            module = self._modules[filename] = _fresh_module(name, filename)
            namespace = module.__dict__
        argv, sys.argv = sys.argv, [filename, *arguments]
        try:
            with _registered(name, module):
                result = self._start(opts, filename, namespace)
        finally:
            sys.argv = argv
            shell.user_ns["__builtins__"] = builtins
            if "i" in opts:
                namespace["__name__"] = before
                namespace.pop("__file__", None)
        if "i" not in opts:
            own = (
                *("__name__", "__file__", "__spec__", "__loader__", "__package__", "__doc__"),
                "__builtins__",
            )
            shell.user_ns.update({k: v for k, v in namespace.items() if k not in own})
        return result

    def _start(self, opts: Opts, filename: str, namespace: dict[str, Any]) -> Any:
        __tracebackhide__ = True
        shell = self.shell

        def once(raise_exceptions: bool = False) -> None:
            __tracebackhide__ = True
            if "m" in opts:
                shell.safe_run_module(opts["m"], namespace)
            else:
                shell.safe_execfile(
                    filename,
                    namespace,
                    exit_ignore="e" in opts,
                    raise_exceptions=raise_exceptions,
                )

        if "p" in opts:
            return profiled(shell, "_nuncius_once()", opts, {"_nuncius_once": once})
        if "d" in opts:
            from nuncius.kernel.magics.debugging import debug_call

            debug_call(shell, lambda: once(True), *_breakpoint(opts.get("b", "1"), filename))
        elif "t" in opts:
            _timed(once, _count(opts.get("N", "1")))
        else:
            once()
        return None


def _words(rest: str, expand: bool) -> Iterator[str]:
    """Yield the words of a line; those without quotes with their patterns expanded, as a shell does."""
    position = 0
    first = True
    while position < len(rest):
        start = position
        word, position = next_word(rest, position)
        raw = rest[start:position].strip()
        plain = expand and not any(character in raw for character in "\"'\\")
        word = re.sub(r"\\([*?\[])", r"\1", word) if expand else word  # IPython wants two of them
        word = os.path.expanduser(word) if raw[:1] not in "\"'" else word  # noqa: PTH111 - "~" may be an argument that is no path
        found = sorted(glob.glob(word)) if plain and not first and glob.has_magic(word) else []  # noqa: PTH207 - relative names stay as typed
        yield from found or [word]
        first = False


def _found(name: str) -> str:
    path = Path(name)
    for candidate in (path, path.with_name(f"{path.name}.py")):
        if candidate.is_file():
            return str(candidate)
    raise UsageError(f"%run: File `{name}` not found.")


def _file_of(module: str) -> str:
    from importlib.util import find_spec

    try:
        spec = find_spec(module)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = find_spec(f"{module}.__main__")
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.origin:
        raise UsageError(f"%run: {module!r} is no module that can be run")
    return spec.origin


def _fresh_module(name: str, filename: str) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(__file__=filename, __builtins__=builtins)
    return module


@contextmanager
def _registered(name: str, module: ModuleType) -> Iterator[None]:
    """Have ``sys.modules`` know the program under its name while it runs, so that it can pickle."""
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        yield
    finally:
        if before is not None:
            sys.modules[name] = before
        else:
            sys.modules.pop(name, None)


@contextmanager
def _kept(namespace: dict[str, Any], name: str, value: Any) -> Iterator[None]:
    before = namespace.get(name, _MISSING)
    namespace[name] = value
    try:
        yield
    finally:
        if before is _MISSING:
            namespace.pop(name, None)
        else:
            namespace[name] = before


def _breakpoint(text: str, filename: str) -> tuple[str, int]:
    file, colon, line = text.rpartition(":")
    try:
        return (file if colon else filename), int(line)
    except ValueError:
        raise UsageError(f"%run: -b takes LINE or FILE:LINE, got {text!r}") from None


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise UsageError(f"%run: -N takes a whole number of at least 1, got {text!r}")
    return int(text)


def _timed(once: Callable[[], None], count: int) -> None:
    wall = time.perf_counter()
    cpu = cpu_times()
    for _ in range(count):
        once()
    user, system = (b - a for a, b in zip(cpu, cpu_times(), strict=True))
    wall = time.perf_counter() - wall
    say("\nCPU timings (estimated):")
    if count == 1:
        say(f"  User   : {user:10.2f} s.\n  System : {system:10.2f} s.")
    else:
        say(f"Total runs performed: {count}\n  Times  : {'Total':>10}   {'Per run':>10}")
        say(f"  User   : {user:10.2f} s, {user / count:10.2f} s.")
        say(f"  System : {system:10.2f} s, {system / count:10.2f} s.")
    say(f"Wall time: {wall:10.2f} s.")
