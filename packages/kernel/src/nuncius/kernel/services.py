"""Do what extensions and frontends ask a shell to do, but for running cells: variables, magics, errors, completion, files, commands.

Each method is a line or two over `nuncius.kernel.parts`; the work is done in the part.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nuncius.kernel import saying
from nuncius.kernel.failures import text_of
from nuncius.kernel.magics import calling
from nuncius.kernel.parts import Parts

if TYPE_CHECKING:
    from nuncius.kernel.api import ExceptionInfo

__all__ = ["Services"]


#: Commands that do not what is meant, in a process of their own.
_BETTER_AS_MAGICS = (["pip"], ["conda"], ["cd"])


def _advise(command: str) -> None:
    from warnings import warn

    effect = "changes the folder of its own process only" if command == "cd" else "may work on another environment"  # fmt: skip
    warn(
        f"You executed the system command !{command}, which {effect}; %{command} is meant for this session.",
        stacklevel=3,
    )


class Services(Parts):
    """What can be asked of a shell; see `nuncius.kernel.api.ShellAPI` for what the methods do."""

    #: Whether a command of the system that fails fails the cell.
    system_raise_on_error = False

    #: What came of the last cell, None if none has run.
    last_execution_result: Any

    # -- the namespace -----------------------------------------------------------------------------

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
        value = self.user_ns.get(varname)
        self.namespace.delete(varname, by_name)
        last = self.last_execution_result
        if last is not None and last.result is value and not by_name:
            last.result = None

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
        self.last_execution_result = None
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

    # -- magics ------------------------------------------------------------------------------------

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
        return calling.call_line_magic(self, magic_name, line, _stack_depth)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Run ``%%name line`` with the rest of the cell.

        Raises:
            UsageError: There is no such magic, or it was called in a wrong way.
        """
        __tracebackhide__ = True
        return calling.call_cell_magic(self, magic_name, line, cell)

    async def await_magic(self, kind: str, name: str, *texts: str) -> Any:
        """Run a magic, awaiting what its code awaits; see `calling.await_magic`."""
        __tracebackhide__ = True
        return await calling.await_magic(self, kind, name, *texts)

    def magic(self, arg_s: str) -> Any:
        """Run a line magic, given as one text."""
        name, _, line = arg_s.lstrip("%").partition(" ")
        return self.run_line_magic(name, line.strip(), _stack_depth=2)

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
        if self.hooks.synchronize_with_editor.chain:
            self._synchronize(error)

    def _synchronize(self, error: BaseException) -> None:
        """Have the person's editor go where an error was raised, if it can."""
        place: tuple[Any, int] | None = None
        if isinstance(error, SyntaxError) and error.filename:
            place = error.filename, error.lineno or 0
        step = error.__traceback__
        while step is not None and not isinstance(error, SyntaxError):
            place = step.tb_frame.f_code.co_filename, step.tb_lineno
            step = step.tb_next
        if place is not None:
            with suppress(Exception):  # an editor that is not there costs nothing
                self.hooks.synchronize_with_editor(*place, 0)

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
        return "" if error is None else "".join(self.tracebacks.format_only(error)) + "\n"

    def excepthook(self, etype: Any, value: Any, tb: Any) -> None:
        """Show an exception, as `sys.excepthook` does."""
        self.showtraceback((etype, value, tb))

    # -- completion, inspection, history -----------------------------------------------------------

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

    def set_custom_completer(self, completer: Callable[..., Any], pos: int = 0) -> None:
        """Add a function that is called with the completer and a text, and returns completions."""
        from types import MethodType

        self.completer.add(MethodType(completer, self.completer), pos)

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

    def history_reply(self, request: Any) -> list[Any]:
        """Return the entries of ``history_reply``."""
        from nuncius.kernel.questions import history

        return history(self, request)

    # -- files, and code from elsewhere ------------------------------------------------------------

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

    # -- figures -----------------------------------------------------------------------------------

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

    # -- the operating system ----------------------------------------------------------------------

    def system(self, cmd: str) -> None:
        """Run a command of the operating system, with its output in the cell.

        Raises:
            OSError: It is to run in the background, where its output has no terminal to go to.
        """
        from nuncius.kernel.borrowed import lender
        from nuncius.kernel.system import has_terminal, system

        if cmd.rstrip().endswith("&") and not has_terminal() and lender() is None:
            raise OSError(
                "a command in the background has no place for its output here: use %%script --bg"
            )
        command = self.var_expand(cmd, depth=1)
        if command.split(None, 1)[:1] in _BETTER_AS_MAGICS:
            _advise(command.split(None, 1)[0])
        code = self.user_ns["_exit_code"] = system(command)
        self._check_exit(cmd, code)

    def _check_exit(self, command: str, code: int) -> None:
        """Fail for a command that failed, where that is wanted.

        Raises:
            CalledProcessError: It failed.
        """
        if code and self.system_raise_on_error:
            from subprocess import CalledProcessError

            raise CalledProcessError(code, command)

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
        self._check_exit(cmd, code)
        return SList(text.splitlines()) if split else LSString(text)
