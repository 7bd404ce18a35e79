"""Make the parts of a shell when they are first asked for, and pass on what extensions ask the shell to do with them.

This is the half of `nuncius.kernel.shell.Shell` that runs no cells: magics, display, errors, history, completion, inspection, system commands. Each method is a line or two; the work is done in the part.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from nuncius.kernel import saying
from nuncius.kernel.errors import UsageError
from nuncius.kernel.failures import Failures, text_of
from nuncius.kernel.magics.registry import MagicsManager
from nuncius.kernel.magics.table import MAGICS

if TYPE_CHECKING:
    from types import ModuleType

    from nuncius.kernel.api import ExceptionInfo, ShellAPI
    from nuncius.kernel.namespace import Namespace
    from nuncius.kernel.options import ShellOptions

__all__ = ["Parts"]


class Parts:
    """The parts of a shell; see `nuncius.kernel.api.ShellAPI` for what the methods do."""

    options: ShellOptions
    namespace: Namespace
    user_ns: dict[str, Any]
    user_module: ModuleType
    execution_count: int
    compile: Any
    hooks: Any
    io: Any
    display_pub: Any
    kernel: Any
    profile_dir: Any
    prefilter: Any
    host_gui: str

    def __init__(self) -> None:
        self.failures = Failures(self, self.frontends_get, self.options, self._file_label)
        self.magics_manager = MagicsManager(self, MAGICS)
        self._display_formatter: Any = None
        self._extension_manager: Any = None
        self._alias_manager: Any = None
        self._history: Any = None
        self._completer: Any = None
        self._inspector: Any = None
        self._comms: Any = None
        self._pumps: Any = None
        self._debugger_cls: Any = None
        #: The texts of the values of cells, by execution count, as many as there are values in ``Out``.
        self.output_texts: dict[int, str] = {}
        #: Functions to call when the shell closes, the last one first.
        self._at_close: list[Callable[[], Any]] = []

    def at_close(self, function: Callable[[], Any]) -> None:
        """Have ``function`` called when the shell closes."""
        self._at_close.append(function)

    def close_parts(self) -> None:
        """Close what was made."""
        while self._at_close:
            self._at_close.pop()()
        if self._history is not None and hasattr(self._history, "close"):
            self._history.close()

    @property
    def config(self) -> Any:
        """The configuration as extensions read it, by section; empty without the compatibility layer."""
        return {}

    # -- the namespace -------------------------------------------------------------------------

    @property
    def user_global_ns(self) -> dict[str, Any]:
        """The globals of cells."""
        return self.namespace.user_global_ns

    @property
    def ns_table(self) -> dict[str, dict[str, Any]]:
        """Where names are looked up."""
        return {
            "user_global": self.user_global_ns,
            "user_local": self.user_ns,
            "builtin": builtins.__dict__,
        }

    @property
    def all_ns_refs(self) -> list[dict[str, Any]]:
        """All dictionaries that may hold what the person made."""
        return [self.user_ns, self.user_global_ns, self.namespace.hidden]

    def push(
        self, variables: Mapping[str, Any] | str | Sequence[str], interactive: bool = True
    ) -> None:
        """Put variables into the namespace; see `ShellAPI.push`.

        Raises:
            TypeError: ``variables`` is neither a mapping nor names.
        """
        if isinstance(variables, Mapping):
            found = dict(variables)
        elif isinstance(variables, str | list | tuple):
            names = variables.split() if isinstance(variables, str) else variables
            frame = sys._getframe(1)  # noqa: SLF001 - the only way to the caller's variables
            found = {name: eval(name, frame.f_globals, frame.f_locals) for name in names}
        else:
            raise TypeError(
                f"expected variables as a mapping, or names as text or a list, got {variables!r:.80}"
            )
        self.namespace.push(found, interactive)

    def drop_by_id(self, variables: Mapping[str, Any]) -> None:
        """Remove variables that still have these values."""
        self.namespace.drop_by_id(variables)

    def del_var(self, varname: str, by_name: bool = False) -> None:
        """Delete a variable."""
        self.namespace.delete(varname, by_name)

    def reset(self, new_session: bool = True, aggressive: bool = False) -> None:
        """Clear the namespace and the caches.

        Args:
            new_session: Begin a new session of the history, counting from 1.
            aggressive: Also forget the packages that cells imported, so that they are read again.
        """
        packages: set[str] = set()
        if aggressive:
            from nuncius.kernel.magics.namespaces import forget_packages, packages_of

            packages = packages_of(self.user_ns)
        if new_session:
            self.execution_count = 1
            if self._history is not None and hasattr(self._history, "reset"):
                self._history.reset(new_session=True)
        self.failures.forget()
        self.namespace.reset()
        if packages:
            forget_packages(packages)

    def var_expand(self, cmd: str, depth: int = 0, formatter: Any = None) -> str:
        """Replace ``$name`` and ``{expression}``; see `ShellAPI.var_expand`."""
        if "$" not in cmd and "{" not in cmd:
            return cmd
        from nuncius.kernel.expand import expand

        names = dict(self.user_ns)
        with suppress(ValueError):  # so many frames there are not
            # a magic in a function sees the function's variables
            names.update(sys._getframe(depth + 1).f_locals)  # noqa: SLF001
        return expand(cmd, names, formatter)

    # -- display ---------------------------------------------------------------------------------

    @property
    def display_formatter(self) -> Any:
        """Turns objects into mime bundles."""
        if self._display_formatter is None:
            from nuncius.kernel.display.formatters import DisplayFormatter

            self._display_formatter = DisplayFormatter(self)
            plain: Any = self._display_formatter.formatters["text/plain"]
            plain.max_seq_length = self.options.max_seq_length
            if self.options.float_precision:
                plain.float_precision = self.options.float_precision
        return self._display_formatter

    @display_formatter.setter
    def display_formatter(self, formatter: Any) -> None:
        self._display_formatter = formatter

    def note_output(self, number: int, data: Mapping[str, Any]) -> None:
        """Remember the text of a value for the history."""
        texts = self.output_texts
        texts[number] = text = data.get("text/plain", "")
        if self.options.store_outputs:
            self.history_manager.store_output(number, text)
        if len(texts) > max(self.options.cache_size, 2):
            del texts[next(iter(texts))]

    # -- magics, aliases, extensions -------------------------------------------------------------

    @property
    def automagic(self) -> bool:
        """Whether line magics run without their percent sign."""
        return bool(self.prefilter.automagic)

    @automagic.setter
    def automagic(self, value: bool) -> None:
        self.prefilter.automagic = value

    @property
    def autocall(self) -> int:
        """Whether functions are called without parentheses."""
        return int(self.prefilter.autocall)

    @autocall.setter
    def autocall(self, value: int) -> None:
        self.prefilter.autocall = value

    def register_magics(self, *objects: Any) -> None:
        """Add Magics classes or instances."""
        self.magics_manager.register(*objects)

    def register_magic_function(
        self, func: Callable[..., Any], magic_kind: str = "line", magic_name: str | None = None
    ) -> None:
        """Add one magic function."""
        self.magics_manager.register_function(func, magic_kind, magic_name)

    def find_line_magic(self, magic_name: str) -> Callable[..., Any] | None:
        """Return a line magic, loading it if need be."""
        return self.magics_manager.find(magic_name, "line")

    def find_cell_magic(self, magic_name: str) -> Callable[..., Any] | None:
        """Return a cell magic, loading it if need be."""
        return self.magics_manager.find(magic_name, "cell")

    def find_magic(self, magic_name: str, magic_kind: str = "line") -> Callable[..., Any] | None:
        """Return a magic of a kind."""
        return self.magics_manager.find(magic_name, magic_kind)

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run ``%name line``.

        Raises:
            UsageError: There is no such magic, or it was called in a wrong way.
        """
        __tracebackhide__ = True
        function = self.find_line_magic(magic_name)
        if function is None:
            raise UsageError(self._no_magic(magic_name, "line"))
        if not getattr(function, "_ipython_magic_no_var_expand", False):
            line = self.var_expand(line, _stack_depth)
        keywords: dict[str, Any] = {}
        if getattr(function, "needs_local_scope", False):
            keywords["local_ns"] = self._caller_locals(_stack_depth)
        return _unless_silenced(function(line, **keywords), function, line)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Run ``%%name line`` with the rest of the cell.

        Raises:
            UsageError: There is no such magic, or it was called in a wrong way.
        """
        __tracebackhide__ = True
        function = self.find_cell_magic(magic_name)
        if function is None:
            raise UsageError(self._no_magic(magic_name, "cell"))
        if cell == "" and self.magics_manager.has(magic_name, "line") and not cell:
            line_too = self.find_line_magic(magic_name)
            if line_too is not function:
                raise UsageError(
                    f"%%{magic_name} is a cell magic, but the cell body is empty. "
                    f"Did you mean the line magic %{magic_name} (single %)?"
                )
        if not getattr(function, "_ipython_magic_no_var_expand", False):
            line = self.var_expand(line, 1)
        keywords: dict[str, Any] = {}
        if getattr(function, "needs_local_scope", False):
            keywords["local_ns"] = self.user_ns
        return _unless_silenced(function(line, cell, **keywords), function, cell)

    async def await_magic(self, kind: str, name: str, *texts: str) -> Any:
        """Run a magic, awaiting what its code awaits: what a cell with ``await`` under such a magic calls.

        Args:
            kind: ``line`` or ``cell``.
            name: Of the magic.
            *texts: The line; and the cell.
        """
        __tracebackhide__ = True
        from nuncius.kernel.magics.awaiting import Unfinished, call_unfinished

        if kind == "cell":
            result = call_unfinished(self.run_cell_magic, name, *texts)
        else:
            result = call_unfinished(self.run_line_magic, name, *texts, 3)
        if isinstance(result, Unfinished):
            result = _unless_silenced(
                await result.coroutine, self.find_magic(name, kind), texts[-1]
            )
        return result

    def magic(self, arg_s: str) -> Any:
        """Run a line magic, given as one text."""
        name, _, line = arg_s.lstrip("%").partition(" ")
        return self.run_line_magic(name, line.strip(), _stack_depth=2)

    def _caller_locals(self, depth: int) -> dict[str, Any]:
        frame = sys._getframe(depth + 1)  # noqa: SLF001 - the only way to the caller's variables
        return self.user_ns if frame.f_locals is self.user_global_ns else frame.f_locals

    def _no_magic(self, name: str, kind: str) -> str:
        from nuncius.protocol.app.options import nearest

        mark, other_mark, other = ("%", "%%", "cell") if kind == "line" else ("%%", "%", "line")
        text = f"{kind.capitalize()} magic function `{mark}{name}` not found"
        if self.magics_manager.has(name, other):
            return f"{text}; there is a {other} magic `{other_mark}{name}`: did you mean that?"
        return f"{text}{nearest(name, self.magics_manager.names(kind)) or '.'}"

    @property
    def extension_manager(self) -> Any:
        """Loads, reloads and unloads extensions."""
        if self._extension_manager is None:
            from nuncius.kernel.extensions import ExtensionManager

            self._extension_manager = ExtensionManager(self)
        return self._extension_manager

    @property
    def alias_manager(self) -> Any:
        """The aliases of system commands."""
        if self._alias_manager is None:
            from nuncius.kernel.alias import AliasManager

            self._alias_manager = AliasManager(self)
        return self._alias_manager

    def define_macro(self, name: str, themacro: Any) -> None:
        """Put a macro into the namespace.

        Raises:
            ValueError: It is neither a macro nor text.
        """
        from nuncius.kernel.macro import Macro

        macro = Macro(themacro) if isinstance(themacro, str) else themacro
        if not isinstance(macro, Macro):
            raise ValueError(f"expected a macro or text, got {themacro!r:.80}")
        self.user_ns[name] = macro

    def set_hook(
        self,
        name: str,
        hook: Callable[..., Any],
        priority: int = 50,
        str_key: str | None = None,
        re_key: str | None = None,
        _warn_deprecated: bool = True,
    ) -> None:
        """Add a hook; it is called with the shell first."""
        if name != "complete_command":  # its caller gives the shell
            from types import MethodType

            hook = MethodType(hook, self)
        self.hooks.set(name, hook, priority, str_key, re_key)

    # -- errors ------------------------------------------------------------------------------------

    @property
    def tracebacks(self) -> Any:
        """Formats exceptions."""
        return self.failures.tracebacks

    def _file_label(self, filename: str) -> str:
        number = self.compile.cell_of(filename)
        return "" if number is None else f"Cell In[{number}]"

    @property
    def debugger_cls(self) -> Any:
        """What opens at ``breakpoint()``, ``%debug`` and ``%pdb``: a class derived from `pdb.Pdb`."""
        if self._debugger_cls is None:
            from nuncius.kernel.debug.prompt import Debugger

            self._debugger_cls = Debugger
        return self._debugger_cls

    @debugger_cls.setter
    def debugger_cls(self, cls: Any) -> None:
        self._debugger_cls = cls

    @property
    def InteractiveTB(self) -> Any:  # noqa: N802 - the name that extensions use
        """Formats exceptions, under the name that extensions use."""
        return self.tracebacks

    SyntaxTB = InteractiveTB

    def set_custom_exc(
        self,
        exc_tuple: tuple[type[BaseException], ...],
        handler: Callable[..., Any] | None,
    ) -> None:
        """Have a handler called for these exceptions; see `ShellAPI.set_custom_exc`."""
        self.failures.set_custom(exc_tuple, handler)

    @property
    def custom_exceptions(self) -> tuple[type[BaseException], ...]:
        """The exceptions that have a handler of their own."""
        return self.failures.custom

    def _get_exc_info(self, exc_tuple: ExceptionInfo | None = None) -> ExceptionInfo:
        """Return that exception, or the one that is being handled, or the last one."""
        if exc_tuple is not None:
            return exc_tuple
        error = sys.exception() or getattr(sys, "last_value", None)
        if error is None:
            raise ValueError("No exception to find")
        return type(error), error, error.__traceback__

    def showtraceback(
        self,
        exc_tuple: ExceptionInfo | None = None,
        filename: str | None = None,
        tb_offset: int | None = None,
        exception_only: bool = False,
        running_compiled_code: bool = False,
    ) -> None:
        """Show the exception that is being handled, or that one; never raises."""
        error = sys.exception() if exc_tuple is None else exc_tuple[1]
        if error is None:
            saying.complain("No traceback available to show.\n")
            return
        traceback = None if exc_tuple is None else exc_tuple[2]
        self.failures.show(error, traceback, offset=tb_offset or 0, only=exception_only)

    def _showtraceback(
        self, etype: type[BaseException], evalue: BaseException, stb: list[str]
    ) -> None:
        """Show the blocks of a traceback; extensions replace this."""
        self.failures.publish(etype.__name__, text_of(evalue), stb)

    def showsyntaxerror(
        self, filename: str | None = None, running_compiled_code: bool = False
    ) -> None:
        """Show the SyntaxError that is being handled."""
        self.showtraceback(filename=filename)

    def show_usage_error(self, exc: BaseException) -> None:
        """Show that a magic was called in a wrong way."""
        saying.complain(f"UsageError: {exc}\n")

    def get_exception_only(self, exc_tuple: ExceptionInfo | None = None) -> str:
        """Return the last lines of a traceback: what was raised."""
        error = sys.exception() if exc_tuple is None else exc_tuple[1]
        return "" if error is None else "".join(self.tracebacks.format_only(error))

    def excepthook(self, etype: Any, value: Any, tb: Any) -> None:
        """Show an exception, as `sys.excepthook` does."""
        self.showtraceback((etype, value, tb))

    def frontends_get(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Any] = (),
    ) -> bool:
        """Send a message to the frontends; False where there is none."""
        io = self.io
        if io is None:
            return False
        io.publish(msg_type, content, metadata=metadata, buffers=buffers)
        return True

    # -- history -------------------------------------------------------------------------------------

    @property
    def history_manager(self) -> Any:
        """What was typed, in this session and before."""
        if self._history is None:
            self._history = self.make_history()
        return self._history

    def make_history(self) -> Any:
        """Return the history: this session from memory, those before from the profile's file."""
        from nuncius.kernel.history.manager import HistoryManager
        from nuncius.kernel.past import SessionHistory

        space = self.namespace
        here = SessionHistory(space.inputs_raw, space.inputs, self.output_texts)
        manager = HistoryManager(here, self._history_file())
        space.inputs.recall = lambda number: manager.recall(number, raw=False)
        space.inputs_raw.recall = lambda number: manager.recall(number, raw=True)
        return manager

    def _history_file(self) -> Any:
        options = self.options
        if not options.history or (options.history_file is None and self.profile_dir is None):
            return None
        if options.history_file == ":memory:":
            return None
        import os  # not pathlib: it takes 4 ms to load, and the first cell comes by here

        if options.history_file is not None:
            return os.path.expanduser(options.history_file)  # noqa: PTH111
        return os.path.join(self.profile_dir.location, "history.sqlite")  # noqa: PTH118

    def store_history(self, number: int, cell: str, raw_cell: str) -> None:
        """Remember a cell in the history."""
        self.history_manager.store_inputs(number, cell, raw_cell)

    # -- completion and inspection -------------------------------------------------------------------

    def complete(
        self, text: str, line: str | None = None, cursor_pos: int | None = None
    ) -> tuple[str, list[str]]:
        """Return the text that is completed, and its completions."""
        code = text if line is None else line
        position = len(code) if cursor_pos is None else cursor_pos
        reply = self.complete_reply(code, position)
        start, end = reply["cursor_start"], reply["cursor_end"]
        return code[start:end], list(reply["matches"])

    def complete_reply(self, code: str, cursor_pos: int) -> dict[str, Any]:
        """Return the content of ``complete_reply``."""
        reply: dict[str, Any] = self.completer.complete(code, cursor_pos).reply()
        return reply

    @property
    def completer(self) -> Any:
        """Finds completions."""
        if self._completer is None:
            from nuncius.kernel.complete import completer_for

            self._completer = completer_for(
                cast("ShellAPI", self),
                timeout=self.options.completion_timeout,
                use_jedi=lambda: self.options.use_jedi,
                config=self._config_names,
            )
            self.at_close(self._completer.close)
        return self._completer

    def _config_names(self) -> dict[str, list[str]]:
        return {"ShellOptions": list(type(self.options).__fields__)}

    def set_custom_completer(self, completer: Callable[..., Any], pos: int = 0) -> None:
        """Add a function that is called with the completer and a text, and returns completions."""
        from types import MethodType

        self.completer.add(MethodType(completer, self.completer), pos)

    @property
    def inspector(self) -> Any:
        """Tells what objects are."""
        if self._inspector is None:
            from nuncius.kernel.inspect import inspector_for

            self._inspector = inspector_for(cast("ShellAPI", self))
        return self._inspector

    def inspect_reply(
        self, code: str, cursor_pos: int, detail_level: int, omit_sections: Sequence[str]
    ) -> dict[str, Any]:
        """Return the content of ``inspect_reply``."""
        reply: dict[str, Any] = self.inspector.reply(code, cursor_pos, detail_level, omit_sections)
        return reply

    def object_inspect(self, oname: str, detail_level: int = 0) -> dict[str, Any]:
        """Return what is known of an object by field; ``found`` is False when there is none."""
        info = self.inspector.info(oname, detail_level)
        return {"name": oname, "found": False} if info is None else info.as_dict()

    def history_reply(self, request: Any) -> list[Any]:
        """Return the entries of ``history_reply``."""
        from nuncius.kernel.questions import history

        return history(self, request)

    def object_inspect_mime(
        self, oname: str, detail_level: int = 0, omit_sections: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return what is known of an object as a mime bundle.

        Raises:
            KeyError: There is no such object.
        """
        bundle: dict[str, Any] | None = self.inspector.bundle(oname, detail_level, omit_sections)
        if bundle is None:
            raise KeyError(oname)
        return bundle

    # -- files and code from elsewhere ------------------------------------------------------------

    def safe_execfile(
        self,
        fname: str,
        *where: dict[str, Any],
        exit_ignore: bool = False,
        raise_exceptions: bool = False,
        shell_futures: bool = False,
    ) -> None:
        """Run a Python file, showing what it raises."""
        from nuncius.kernel.files import run_python_file

        run_python_file(
            self,
            fname,
            *where,
            exit_ignore=exit_ignore,
            raise_exceptions=raise_exceptions,
            shell_futures=shell_futures,
        )

    def safe_execfile_ipy(
        self, fname: str, shell_futures: bool = False, raise_exceptions: bool = False
    ) -> None:
        """Run a file of cells with magics (``.ipy`` or ``.ipynb``)."""
        from nuncius.kernel.files import run_cells_file

        run_cells_file(self, fname, shell_futures, raise_exceptions)

    def safe_run_module(self, mod_name: str, where: dict[str, Any]) -> None:
        """Run a module as ``python -m`` does, and put its names into ``where``."""
        from nuncius.kernel.files import run_module

        run_module(self, mod_name, where)

    def extract_input_lines(self, range_str: str, raw: bool = False) -> str:
        """Return the source of cells by a history range."""
        lines = self.history_manager.get_range_by_str(range_str, raw=raw)
        return "\n".join(source for _, _, source in lines)

    def find_user_code(
        self,
        target: str,
        raw: bool = True,
        py_only: bool = False,
        skip_encoding_cookie: bool = True,
        search_ns: bool = False,
    ) -> str:
        """Return source by a history range, a file name, or the name of a macro or string."""
        from nuncius.kernel.files import find_code

        return find_code(self, target, raw, py_only, search_ns)

    # -- event loops and figures -------------------------------------------------------------------

    def enable_gui(self, gui: str | None = None) -> None:
        """Run a toolkit's event loop while the kernel waits; None ends it."""
        if gui and gui.rstrip("56") == self.host_gui:
            return  # the program that we are in sees to it
        if self._pumps is None:
            from nuncius.kernel.gui.loops import Pumps

            self._pumps = Pumps()
            self.at_close(self._pumps.disable)
        self._pumps.enable(gui)

    @property
    def wants_loop(self) -> bool:
        """Whether something waits for an event loop in this thread: the events of a toolkit."""
        return self._pumps is not None and self._pumps.waits

    def loop_runs(self) -> None:
        """Take notice that an event loop runs in this thread."""
        if self._pumps is not None:
            self._pumps.schedule()

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str | None, str | None]:
        """Make figures appear; returns the toolkit and matplotlib's backend."""
        from nuncius.kernel.gui.matplotlib import enable

        return enable(self, gui)

    def enable_pylab(
        self, gui: str | None = None, import_all: bool = True, welcome_message: bool = False
    ) -> tuple[str | None, str | None, list[str]]:
        """Make figures appear, and import numpy's and matplotlib's names."""
        from nuncius.kernel.gui.matplotlib import enable_pylab

        return enable_pylab(self, gui, import_all)

    # -- comms -------------------------------------------------------------------------------------

    @property
    def comms(self) -> Any:
        """The open comms."""
        if self._comms is None:
            from nuncius.kernel.comms import Comms

            self._comms = Comms(self)
        return self._comms

    # -- the operating system ------------------------------------------------------------------------

    def system(self, cmd: str) -> None:
        """Run a command of the operating system, with its output in the cell.

        Raises:
            OSError: It is to run in the background, where its output has no terminal to go to.
        """
        from nuncius.kernel.system import has_terminal, system

        if cmd.rstrip().endswith("&") and not has_terminal():
            raise OSError(
                "a command in the background has no place for its output here: use %%script --bg"
            )
        self.user_ns["_exit_code"] = system(self.var_expand(cmd, depth=1))

    system_piped = system
    system_raw = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """Run a command, and return its output: a list of lines, or one text."""
        if cmd.rstrip().endswith("&"):
            raise OSError("the output of a command in the background cannot be had")
        from nuncius.kernel.slist import LSString, SList
        from nuncius.kernel.system import getoutput

        text, code = getoutput(self.var_expand(cmd, depth=depth + 1))
        self.user_ns["_exit_code"] = code
        return SList(text.splitlines()) if split else LSString(text)


def _unless_silenced(result: Any, function: Any, code: str) -> Any:
    """Return the value of a magic; None if a semicolon at the end of its code silences it."""
    if not getattr(function, "_ipython_magic_output_can_be_silenced", False) or ";" not in code:
        return result
    from nuncius.kernel.display.hook import ends_with_semicolon
    from nuncius.kernel.magics.awaiting import Unfinished

    return None if ends_with_semicolon(code) and not isinstance(result, Unfinished) else result
