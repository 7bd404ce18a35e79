"""Run cells: from the text that was typed to what is shown, with everything that happens around it.

The path of one cell: `Shell.prepare` makes Python of the text and compiles it; `Shell.run_prepared` tells the events, remembers the input, runs the pieces, shows the value or the error, and counts.

Rule 1: nothing that a cell, a callback or a formatter raises gets out of `Shell.run_cell`; it is in the result.
Rule 2: what failed is kept only until the next cell succeeds: then its traceback, and with it all the values in its frames, are let go.
Rule 3: parts that only some cells need come into being when they are asked for.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

from nuncius.kernel import builtin_names, comms, saying
from nuncius.kernel.compile import Compiler, Piece
from nuncius.kernel.conversing import Conversing
from nuncius.kernel.current import CURRENT_SHELL, enter_shell, leave_shell
from nuncius.kernel.display.hook import DisplayHook, ends_with_semicolon
from nuncius.kernel.display.publish import DisplayPublisher, encode_binary
from nuncius.kernel.errors import HardInterrupt, InputRejected
from nuncius.kernel.events import EventManager
from nuncius.kernel.failures import letting_go, text_of
from nuncius.kernel.hooks import Hooks
from nuncius.kernel.namespace import Namespace
from nuncius.kernel.options import ShellOptions
from nuncius.kernel.payload import PayloadManager
from nuncius.kernel.prefilter import ExitAutocall, Prefilter
from nuncius.kernel.results import ExecutionInfo, ExecutionResult
from nuncius.kernel.runner import LoopRunner, drive, loop_runner, run_pieces
from nuncius.protocol.kernel import CURRENT_IO
from nuncius.protocol.text.inputs import TransformerManager, collector_held
from nuncius.protocol.values import Value, replace

if TYPE_CHECKING:
    from types import ModuleType

    from nuncius.kernel.api import ExceptionInfo, ShellAPI
    from nuncius.protocol.kernel import ExecuteRequest

__all__ = ["Prepared", "Shell"]

_TOP_LEVEL_AWAIT = 0x2000  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class Prepared(Value, frozen=False):
    """A cell that is ready to run.

    Attributes:
        info: What was asked.
        cell: Its source as Python.
        pieces: Compiled.
        error: Why it cannot run.
        rewritten: The call that its line became by itself, to be shown.
        number: Its execution count, if it is counted.
    """

    info: ExecutionInfo
    cell: str
    pieces: Sequence[Piece] = ()
    error: BaseException | None = None
    rewritten: str = ""
    number: int | None = None

    @property
    def awaits(self) -> bool:
        """Whether it needs a running event loop."""
        for piece in self.pieces:  # noqa: SIM110 - any() costs three times as much, for every cell
            if piece.awaits:
                return True
        return False


class Shell(Conversing):
    """The interactive core.

    Args:
        options: See `ShellOptions`.
        user_module: Cells run in this module rather than in a new ``__main__``.
        user_ns: Cells run in this dictionary.
        kernel: What serves the shell, for extensions that look for it.
        own_main: Make the module ``sys.modules["__main__"]``, so that pickles find what cells define.
        profile_dir: The profile's folder.
    """

    def __init__(
        self,
        options: ShellOptions | None = None,
        *,
        user_module: ModuleType | None = None,
        user_ns: dict[str, Any] | None = None,
        kernel: Any = None,
        own_main: bool = False,
        profile_dir: Any = None,
    ) -> None:
        self.options = options or ShellOptions()
        self.kernel = kernel
        self.profile_dir = profile_dir
        self.namespace = Namespace(
            user_module, user_ns, self.options.cache_size, self.options.input_cache_size
        )
        self.user_ns = self.namespace.user_ns
        self.user_module = self.namespace.user_module
        self.user_ns_hidden = self.namespace.hidden
        #: The number of the next cell; cells of subshells take theirs at the same time.
        self._next = 1
        self._counting = threading.Lock()
        self.last_execution_result: ExecutionResult | None = None
        self.last_execution_succeeded = True
        self.compile = Compiler()
        self.events = EventManager(self)
        self.input_transformer_manager: Any = TransformerManager()
        self.input_transformers_post: list[Callable[[list[str]], list[str]]] = []
        self.ast_transformers: list[Any] = []
        self.ast_node_interactivity: str = self.options.ast_node_interactivity
        self.autoawait = self.options.autoawait
        self.loop_runner: LoopRunner = self.options.loop_runner  # type: ignore[assignment]
        self.hooks = Hooks()
        self.payload_manager = PayloadManager()
        self.display_pub: Any = DisplayPublisher(self)
        self.displayhook = DisplayHook(self, self.display_pub)
        self.keepkernel_on_exit = None
        self.exit_now = False
        #: It shares the process with a program, so code that belongs to no cell is the program's.
        self.is_guest = False
        #: The toolkit whose event loop the program itself runs.
        self.host_gui = ""
        self.on_exit = None
        self._last_io = None
        #: How deep in `run_cell` we are: a magic may run cells itself.
        self._depth = 0
        #: Code of a cell runs, rather than our own around it.
        self.runs_code = False
        #: Called when the code of a cell has ended, before what it has raised is shown.
        self.after_code: Callable[[], None] | None = None
        super().__init__()
        self.prefilter = Prefilter(self.user_ns, self.magics_manager.has, self)
        self.prefilter.automagic = self.options.automagic
        self.prefilter.autocall = self.options.autocall
        self._open(own_main)

    def _open(self, own_main: bool) -> None:
        self._outer_main = sys.modules.get("__main__")
        self._own_main = own_main
        if own_main:
            sys.modules["__main__"] = self.user_module
        exiter = ExitAutocall(self)
        self.namespace.preset({"get_ipython": self.get_ipython, "exit": exiter, "quit": exiter})
        self.namespace.fill()
        enter_shell(self)
        builtin_names.install()
        comms.plug()

    def close(self) -> None:
        """Leave the process as it was before: run exit handlers, close the history."""
        leave_shell(self)
        builtin_names.remove()
        if self._own_main and sys.modules.get("__main__") is self.user_module:
            assert self._outer_main is not None
            sys.modules["__main__"] = self._outer_main
        self.close_parts()
        runner_close = getattr(self.loop_runner, "close", None)
        if callable(runner_close):
            runner_close()

    def get_ipython(self) -> Shell:
        """Return the shell: what ``get_ipython()`` in a cell is."""
        return self

    @property
    def is_running(self) -> bool:
        """Whether a cell runs."""
        return self._depth > 0

    # -- from text to code ---------------------------------------------------------------------

    @property
    def input_transformers_cleanup(self) -> list[Callable[[list[str]], list[str]]]:
        """Functions on the lines of a cell that run before everything else."""
        cleanup: list[Callable[[list[str]], list[str]]] = (
            self.input_transformer_manager.cleanup_transforms
        )
        return cleanup

    def transform_cell(self, raw_cell: str) -> str:
        """Return the cell as Python; what a transformer raises comes out."""
        cell: str = self.input_transformer_manager.transform_cell(raw_cell)
        body = cell.rstrip("\n")
        if body and "\n" not in body:
            changed = self.prefilter.line(body)
            if changed != body:
                cell = changed + "\n"
                if "\n" in changed or changed.lstrip().startswith(("%", "!")):  # a macro
                    cell = self.input_transformer_manager.transform_cell(cell)
        if self.input_transformers_post:
            lines = cell.splitlines(keepends=True)
            for transform in self.input_transformers_post:
                lines = transform(lines)
            cell = "".join(lines)
        return cell

    def transform_ast(self, tree: Any) -> Any:
        """Return a syntax tree as the AST transformers leave it; one that fails is taken out.

        Raises:
            InputRejected: A transformer does not want the cell to run.
        """
        for transformer in list(self.ast_transformers):
            try:
                tree = transformer.visit(tree)
            except InputRejected:
                raise
            except Exception as error:  # noqa: BLE001 - an extension must not stop the cell
                from warnings import warn

                warn(
                    f"the AST transformer {transformer!r} raised {error!r}; it is taken out",
                    stacklevel=2,
                )
                self.ast_transformers.remove(transformer)
        if self.ast_transformers:
            import ast

            ast.fix_missing_locations(tree)
        return tree

    @property
    def execution_count(self) -> int:
        """The number of the cell that runs here; of the next one, where none does."""
        cell = self.displayhook.cell.get()
        return self._next if cell is None else cell[0]

    @execution_count.setter
    def execution_count(self, number: int) -> None:
        """Have the next cell be ``number``."""
        self._next = number

    def number_for(self, code: str, counted: bool) -> int:
        """Return the number of a cell that is to run, which no other has; the next one's, if it is not counted.

        Args:
            code: The cell; what is empty is not counted.
            counted: Whether it is, otherwise.
        """
        if not counted or not code or code.isspace():
            return self._next
        with self._counting:
            number = self._next
            self._next = number + 1
        return number

    def prepare(self, info: ExecutionInfo, number: int | None = None) -> Prepared:
        """Make a cell ready to run; what is wrong with it is in the result.

        Args:
            info: The cell.
            number: Its number, if it has one.
        """
        if number is None and info.store_history:
            number = self.number_for(info.raw_cell, counted=True)
        self.prefilter.rewritten = ""
        try:
            cell = self.transform_cell(info.raw_cell)
        except Exception as error:  # noqa: BLE001 - extensions' transformers may raise anything
            return Prepared(info, info.raw_cell, error=error, number=number)
        info.transformed_cell = cell
        prepared = self._compiled(info, cell, number)
        prepared.rewritten = self.prefilter.rewritten
        return prepared

    def prepare_request(self, request: ExecuteRequest, number: int) -> Prepared:
        """Make the cell of a frontend's request ready to run, see `prepare`."""
        return self.prepare(
            ExecutionInfo(
                request.code,
                request.store_history,
                request.silent,
                cell_id=request.cell_id,
                cell_meta=dict(request.metadata),
            ),
            number,
        )

    def run_now(self, prepared: Prepared) -> ExecutionResult:
        """Run a prepared cell to its end; what it awaits runs by the loop that the person chose."""
        coroutine = self.run_prepared(prepared)
        return self.run_coroutine(coroutine) if prepared.awaits else drive(coroutine)  # type: ignore[no-any-return]

    def _compiled(self, info: ExecutionInfo, cell: str, number: int | None = None) -> Prepared:
        filename = self.compile.cache(cell, number or self.execution_count, raw_code=info.raw_cell)
        try:
            with collector_held(len(cell)):
                pieces = self._pieces(info, cell, filename)
        # the ways in which Python refuses a text
        except (
            SyntaxError,
            ValueError,
            OverflowError,
            MemoryError,
            RecursionError,
            TypeError,
        ) as error:
            return Prepared(info, cell, error=error, number=number)
        except InputRejected as error:
            return Prepared(info, cell, error=error, number=number)
        return Prepared(info, cell, pieces, number=number)

    def _pieces(self, info: ExecutionInfo, cell: str, filename: str) -> list[Piece]:
        """Return a cell in the pieces in which it runs; its tree is gone by then."""
        flags = _TOP_LEVEL_AWAIT if self.autoawait else 0
        interactivity = "none" if info.silent else self.ast_node_interactivity
        # An extension may have put another manager in its place.
        known = getattr(self.input_transformer_manager, "take_tree", lambda cell: None)(cell)
        tree = known or self.compile.parse(cell, filename)
        if self.ast_transformers:
            tree = self.transform_ast(tree)
        if flags and "get_ipython()." in cell and ("await" in cell or "async" in cell):
            tree = self._with_awaited_magics(tree)
        pieces: list[Piece] = self.compile.segments(
            tree, filename, interactivity, flags=flags, keep_futures=info.shell_futures
        )
        return pieces

    # -- running ---------------------------------------------------------------------------------

    def run_cell(
        self,
        raw_cell: str,
        store_history: bool = False,
        silent: bool = False,
        shell_futures: bool = True,
        cell_id: str | None = None,
        cell_meta: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run a cell, waiting for what it awaits.

        Args:
            raw_cell: The source, as typed.
            store_history: Count and remember it.
            silent: Leave no trace.
            shell_futures: Its ``__future__`` imports hold for later cells.
            cell_id: Of the cell in a notebook.
            cell_meta: The metadata of the request.
        """
        info = ExecutionInfo(
            raw_cell, store_history and not silent, silent, shell_futures, cell_id, None, cell_meta
        )
        prepared = self.prepare(info)
        coroutine = self.run_prepared(prepared)
        if not prepared.awaits:
            return drive(coroutine)  # type: ignore[no-any-return]
        try:
            return self.run_coroutine(coroutine)  # type: ignore[no-any-return]
        except Exception as error:  # noqa: BLE001 - rule 1: the loop itself failed
            coroutine.close()
            self.showtraceback()
            return ExecutionResult(info, error_before_exec=error)

    @property
    def uses_asyncio(self) -> bool:
        """Whether cells that await can run on a server's own asyncio loop."""
        chosen: Any = self.loop_runner
        return bool(chosen == "asyncio" or getattr(chosen, "is_asyncio", False))

    def run_coroutine(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine by the loop that the person chose."""
        if not callable(self.loop_runner):
            self.loop_runner = loop_runner(self.loop_runner)
        return self.loop_runner(coroutine)

    async def run_cell_async(
        self,
        raw_cell: str,
        store_history: bool = False,
        silent: bool = False,
        shell_futures: bool = True,
        *,
        transformed_cell: str | None = None,
        preprocessing_exc_tuple: ExceptionInfo | None = None,
        cell_id: str | None = None,
        cell_meta: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run a cell on the running loop; see `run_cell`.

        Args:
            raw_cell: The source, as typed.
            store_history: Count and remember it.
            silent: Leave no trace.
            shell_futures: Its ``__future__`` imports hold for later cells.
            transformed_cell: Its source as Python, if the caller has it.
            preprocessing_exc_tuple: What went wrong when the caller made that.
            cell_id: Of the cell in a notebook.
            cell_meta: The metadata of the request.
        """
        info = ExecutionInfo(
            raw_cell, store_history and not silent, silent, shell_futures, cell_id, None, cell_meta
        )
        if preprocessing_exc_tuple is not None and preprocessing_exc_tuple[1] is not None:
            prepared = Prepared(info, raw_cell, error=preprocessing_exc_tuple[1])
        elif transformed_cell is not None:
            info.transformed_cell = transformed_cell
            number = self.number_for(raw_cell, info.store_history)
            prepared = self._compiled(info, transformed_cell, number)
        else:
            prepared = self.prepare(info)
        return await self.run_prepared(prepared)

    def should_run_async(
        self,
        raw_cell: str,
        *,
        transformed_cell: str | None = None,
        preprocessing_exc_tuple: ExceptionInfo | None = None,
    ) -> bool:
        """Tell whether the cell awaits something outside of any function."""
        if not self.autoawait or preprocessing_exc_tuple is not None:
            return False
        cell = transformed_cell
        try:
            if cell is None:
                cell = self.transform_cell(raw_cell)
            tree = self._with_awaited_magics(self.compile.parse(cell))
            code = self.compile(
                tree, "<async?>", "exec", flags=_TOP_LEVEL_AWAIT, keep_futures=False
            )
        except Exception:  # noqa: BLE001 - it will be told when it runs
            return False
        return bool(code.co_flags & 0x80)

    def _with_awaited_magics(self, tree: Any) -> Any:
        """Return a cell with the magics awaited whose code awaits."""
        from nuncius.kernel.magics.awaiting import await_magics

        return await_magics(self, tree)

    async def run_prepared(self, prepared: Prepared) -> ExecutionResult:
        """Run a prepared cell; suspends only if the cell awaits."""
        info = prepared.info
        result = ExecutionResult(info)
        if prepared.error is None and (not info.raw_cell or info.raw_cell.isspace()):
            self.last_execution_succeeded = True
            return result
        token = CURRENT_SHELL.set(self)
        if (io := CURRENT_IO.get()) is not None:
            self._last_io = io
        self._depth += 1
        try:
            await self._run(prepared, result)
        except (Exception, KeyboardInterrupt, HardInterrupt) as error:  # noqa: BLE001 - rule 1
            self.showtraceback()
            result.error_in_exec = _as_interrupt(error)
        finally:
            self.runs_code = False
            self._depth -= 1
            _reset(CURRENT_SHELL, token)
        self._conclude(result)
        try:
            return result
        finally:
            # From Python 3.12 on, a traceback keeps those frames, too, that called the code: what they hold of the error would keep it until the collector comes.
            del result

    async def _run(self, prepared: Prepared, result: ExecutionResult) -> None:
        info, events, running = prepared.info, self.events, self.displayhook.cell
        number = prepared.number
        if info.store_history:
            number = number or self.number_for(info.raw_cell, counted=True)
            result.execution_count = number
        token = running.set((number or self.execution_count, result))
        try:
            events.trigger("pre_execute")
            if not info.silent:
                events.trigger("pre_run_cell", info)
            if number and info.store_history:
                self.remember_input(number, prepared.cell, info.raw_cell)
            if prepared.error is not None:
                result.error_before_exec = prepared.error
                self._show_refusal(prepared.error)
            else:
                if prepared.rewritten and not info.silent:
                    self.auto_rewrite_input(prepared.rewritten)
                await self._run_pieces(prepared, result)
        finally:
            _reset(running, token)
            self._settle(result)
            events.trigger("post_execute")
            if not info.silent:
                events.trigger("post_run_cell", result)
            del result  # see `run_prepared`

    async def _run_pieces(self, prepared: Prepared, result: ExecutionResult) -> None:
        hook = self.displayhook
        try:
            hook.install(result)
            self.runs_code = True
            try:
                await run_pieces(
                    prepared.pieces, self.user_global_ns, self.user_ns, self._shower(prepared)
                )
            finally:
                self.runs_code = self._depth > 1
                if self.after_code is not None and not self.runs_code:
                    self.after_code()
        except SystemExit as error:
            result.error_in_exec = error
            if not prepared.info.silent:
                self.showtraceback(exception_only=True)
                saying.complain("To leave, type 'exit' or 'quit'.\n")
        except BaseException as error:
            if isinstance(error, GeneratorExit) and prepared.awaits:
                raise  # the cell is being thrown away while it waits
            error = result.error_in_exec = _as_interrupt(_as_raised(error))
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                error.__traceback__ = error.__traceback__.tb_next  # what follows is `run_pieces`
            self.showtraceback(
                (type(error), error, error.__traceback__), running_compiled_code=True
            )
        finally:
            hook.uninstall(result)
            del result  # see `run_prepared`

    def _shower(self, prepared: Prepared) -> Callable[[Any], None]:
        """Return what takes the value of the cell: our hook, or what a capture has put in its place."""
        if ends_with_semicolon(prepared.cell):
            return _drop
        return _show

    def _show_refusal(self, error: BaseException) -> None:
        """Show why a cell does not run."""
        if isinstance(error, SyntaxError):
            try:
                raise error
            except SyntaxError:
                self.showsyntaxerror()
        else:
            self.showtraceback((type(error), error, error.__traceback__))

    def _settle(self, result: ExecutionResult) -> None:
        """Count the cell as a success or a failure; a success ends the life of the last failure."""
        self.last_execution_succeeded = result.success
        if self._depth == 1 or not result.success:
            if (last := self.last_execution_result) is None or last.success:
                self.last_execution_result = result
            else:
                del last
                with letting_go():
                    self.last_execution_result = result
        if result.success and self._depth == 1:
            self.failures.forget()

    def _conclude(self, result: ExecutionResult) -> None:
        if not result.success:
            self.last_execution_succeeded = False
            self.last_execution_result = result

    def remember_input(self, number: int, cell: str, raw_cell: str) -> None:
        """Remember a cell in ``In`` and in the history."""
        self.namespace.store_input(number, cell, raw_cell)
        self.store_history(number, cell, raw_cell)

    # -- code that is no cell ------------------------------------------------------------------

    def ev(self, expr: str) -> Any:
        """Evaluate an expression in the namespace."""
        return eval(expr, self.user_global_ns, self.user_ns)

    def ex(self, cmd: str) -> None:
        """Execute statements in the namespace."""
        exec(cmd, self.user_global_ns, self.user_ns)

    def user_expressions(self, expressions: Mapping[str, str]) -> dict[str, Any]:
        """Evaluate the expressions of a frontend: name -> mime bundle, or error."""
        results: dict[str, Any] = {}
        for name, expression in expressions.items():
            try:
                value = eval(expression, self.user_global_ns, self.user_ns)
                data, metadata = self.display_formatter.format(value)
                results[name] = {"status": "ok", "data": encode_binary(data), "metadata": metadata}
            except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - user code
                results[name] = {
                    "status": "error",
                    "ename": type(error).__name__,
                    "evalue": text_of(error),
                    "traceback": self.tracebacks.format_only(error),
                }
        return results

    # -- options ---------------------------------------------------------------------------------

    def set_option(self, name: str, value: Any) -> None:
        """Change one option of `ShellOptions` from now on.

        Raises:
            OptionError: There is no such option, or the value does not fit.
        """
        from nuncius.protocol.app.options import changed

        options = changed(self.options, name, value)
        self.apply_option(name, getattr(options, name))
        self.options = options

    def apply_option(self, name: str, value: Any) -> None:
        """Have a changed option take effect."""
        match name:
            case "ast_node_interactivity" | "autoawait" | "loop_runner":
                setattr(self, name, value)
            case "automagic" | "autocall":
                setattr(self.prefilter, name, value)
            case "cache_size":
                self.namespace.output.size = value
            case "input_cache_size":
                self.namespace.input_size = value
            case "completion_timeout" if self._completer is not None:
                at_once = self._completer.deadline = min(self._completer.deadline, value)
                self._completer.patience = max(0.0, value - at_once)
            case "xmode":
                self.tracebacks.set_mode(value)
            case "colors":
                self.tracebacks.set_theme(value)
            case "float_precision" | "max_seq_length":
                setattr(self.display_formatter.formatters["text/plain"], name, value)
        self.options = replace(self.options, **{name: value})


def _as_raised(error: BaseException) -> BaseException:
    """Return what the cell raised: a coroutine, such as `run_pieces`, cannot raise StopIteration itself."""
    traceback, cause = error.__traceback__, error.__cause__
    at_the_top = traceback is not None and traceback.tb_next is None
    if at_the_top and isinstance(error, RuntimeError) and isinstance(cause, StopIteration):
        return cause
    return error


def _as_interrupt(error: BaseException) -> BaseException:
    """Return the KeyboardInterrupt that a cancelled wait stands for, or one that could not be caught."""
    kind = type(error)
    if kind is HardInterrupt:
        return KeyboardInterrupt(*error.args).with_traceback(error.__traceback__)
    if kind.__name__ == "CancelledError" and kind.__module__ == "asyncio.exceptions":
        return KeyboardInterrupt().with_traceback(error.__traceback__)
    return error


def _reset(variable: ContextVar[Any], token: Token[Any]) -> None:
    """Undo a ``set``; a cell that is thrown away while it waits ends in another context."""
    try:  # noqa: SIM105 - suppress() costs more than the rest, for every cell
        variable.reset(token)
    except ValueError:
        pass


def _show(value: Any) -> None:
    sys.displayhook(value)


def _drop(value: Any) -> None:
    """Take a value that a semicolon keeps from being shown."""


if TYPE_CHECKING:  # what is plugged in sees all that it is promised
    _PROMISED: type[ShellAPI] = Shell
