"""What a shell is to everything that is plugged into it: magics, completers, the inspector, the history, extensions.

`ShellAPI` is the interface that they are written against; `nuncius.kernel.shell.Shell` is what implements it. Its names are those that ten years of extensions use (``get_ipython().user_ns`` and so on), so that a third-party extension needs no adapter.

Rule 1: this module imports nothing of the package but values, so that everything may import it.
Rule 2: what is plugged in gets the shell as an argument, and never looks for it in a global.
Rule 3: parts that cost time to make (history, magics, completer, inspector, extensions) are attributes that come into being when they are first asked for.
"""

from __future__ import annotations

from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from nuncius.kernel.events import EventManager
    from nuncius.kernel.results import ExecutionResult
    from nuncius.protocol.kernel import KernelIO
    from nuncius.protocol.messages import Buffer

__all__ = [
    "CompilerAPI",
    "DisplayPublisherAPI",
    "ExceptionInfo",
    "FormatterAPI",
    "HistoryAPI",
    "MagicsAPI",
    "NamespaceAPI",
    "PayloadAPI",
    "ShellAPI",
]

#: What ``sys.exc_info()`` returns.
ExceptionInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class NamespaceAPI(Protocol):
    """The variables of the person, and the caches of inputs and outputs (`nuncius.kernel.namespace`)."""

    user_module: ModuleType
    #: The dictionary that cells run in; the same object for the whole life of the shell.
    user_ns: dict[str, Any]
    #: Names that the shell itself put there, with their values: ``%who`` does not show these while they are unchanged.
    hidden: dict[str, Any]

    def names(self) -> list[str]:
        """Return the names that the person made, sorted."""
        ...


class CompilerAPI(Protocol):
    """Compile cells under file names that tracebacks, debuggers and ``inspect`` find the source by (`nuncius.kernel.compile`)."""

    flags: int

    def cache(self, code: str, number: int = 0, raw_code: str | None = None) -> str:
        """Register ``code`` with `linecache`; returns its file name."""
        ...

    def get_filename(self, code: str) -> str:
        """Return the file name of a cell with this source."""
        ...

    def cell_of(self, filename: str) -> int | None:
        """Return the execution count of the cell that has this file name, None if it is none."""
        ...


class DisplayPublisherAPI(Protocol):
    """Send mime bundles to the frontends (`nuncius.kernel.display.publish`)."""

    def publish(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        *,
        transient: Mapping[str, Any] | None = None,
        update: bool = False,
        buffers: Sequence[Buffer] = (),
        **kwargs: Any,
    ) -> None:
        """Send ``data`` as ``display_data``, or as ``update_display_data``."""
        ...

    def clear_output(self, wait: bool = False) -> None:
        """Clear the output of the cell, or do so when the next output comes."""
        ...


class FormatterAPI(Protocol):
    """Turn objects into mime bundles (`nuncius.kernel.display.formatters`)."""

    def format(
        self, obj: Any, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the data and the metadata of ``obj``; both empty if it displayed itself."""
        ...


class MagicsAPI(Protocol):
    """The registry of magics (`nuncius.kernel.magics.registry`)."""

    #: ``{"line": {name: function}, "cell": {name: function}}``; values may be lazy, use `ShellAPI.find_line_magic`.
    magics: dict[str, dict[str, Any]]
    auto_magic: bool

    def names(self, kind: str = "line") -> list[str]:
        """Return the names of the ``line`` or ``cell`` magics, without loading any, aliases included."""
        ...

    def register(self, *objects: Any) -> None:
        """Add Magics classes or instances."""
        ...

    def register_function(
        self, function: Callable[..., Any], magic_kind: str = "line", magic_name: str | None = None
    ) -> None:
        """Add a function; ``magic_kind`` is ``line``, ``cell`` or ``line_cell``."""
        ...


class HistoryAPI(Protocol):
    """What was typed, in this session and before (`nuncius.kernel.history`)."""

    session_number: int
    input_hist_raw: list[str]
    input_hist_parsed: list[str]
    output_hist: dict[int, Any]

    def store_inputs(self, line_num: int, source: str, source_raw: str | None = None) -> None:
        """Remember a cell; returns at once."""
        ...

    def store_output(self, line_num: int) -> None:
        """Remember the textual output of a cell, if outputs are stored."""
        ...

    def get_tail(
        self, n: int = 10, raw: bool = True, output: bool = False, include_latest: bool = False
    ) -> Iterable[tuple[Any, ...]]:
        """Return the last ``n`` cells of all sessions, oldest first."""
        ...

    def get_range(
        self,
        session: int = 0,
        start: int = 1,
        stop: int | None = None,
        raw: bool = True,
        output: bool = False,
    ) -> Iterable[tuple[Any, ...]]:
        """Return cells of one session."""
        ...

    def get_range_by_str(
        self, rangestr: str, raw: bool = True, output: bool = False
    ) -> Iterable[tuple[Any, ...]]:
        """Return cells by a text such as ``1-3 ~2/4``."""
        ...

    def search(
        self,
        pattern: str = "*",
        raw: bool = True,
        search_raw: bool = True,
        output: bool = False,
        n: int | None = None,
        unique: bool = False,
    ) -> Iterable[tuple[Any, ...]]:
        """Return cells that match a glob."""
        ...


class PayloadAPI(Protocol):
    """What the frontend is asked to do with the reply: show a page, fill the next input, exit."""

    def write_payload(self, data: Mapping[str, Any], single: bool = True) -> None:
        """Add a payload; with ``single``, it replaces one of the same ``source``."""
        ...


@runtime_checkable
class ShellAPI(Protocol):
    """The interactive core, as what is plugged into it sees it."""

    # -- the person's variables ------------------------------------------------------------

    #: The dictionary that cells run in.
    user_ns: dict[str, Any]
    #: The module that `user_ns` is the dictionary of.
    user_module: ModuleType
    #: Names that the shell put into `user_ns`.
    user_ns_hidden: dict[str, Any]

    @property
    def namespace(self) -> NamespaceAPI:
        """The caches of inputs and outputs, and what is hidden."""
        ...

    @property
    def user_global_ns(self) -> dict[str, Any]:
        """The global namespace that goes with `user_ns` (differs when embedded in a function)."""
        ...

    @property
    def ns_table(self) -> dict[str, dict[str, Any]]:
        """Where names are looked up: ``user_global``, ``user_local``, ``builtin``."""
        ...

    def push(
        self, variables: Mapping[str, Any] | str | Sequence[str], interactive: bool = True
    ) -> None:
        """Put variables into the namespace: a mapping, or names in the caller's frame."""
        ...

    def del_var(self, varname: str, by_name: bool = False) -> None:
        """Delete a variable, and the references to its value that the caches hold."""
        ...

    def drop_by_id(self, variables: Mapping[str, Any]) -> None:
        """Remove variables, where they still have these values."""
        ...

    def reset(self, new_session: bool = True, aggressive: bool = False) -> None:
        """Clear the namespace and the caches."""
        ...

    def ev(self, expr: str) -> Any:
        """Evaluate an expression in the namespace."""
        ...

    def ex(self, cmd: str) -> None:
        """Execute statements in the namespace."""
        ...

    def var_expand(self, cmd: str, depth: int = 0, formatter: Any = None) -> str:
        """Replace ``$name``, ``{expression}`` and ``$$`` in ``cmd``; ``depth`` frames up are the locals."""
        ...

    # -- running code ----------------------------------------------------------------------

    #: The number of the cell that runs, or that will run next.
    execution_count: int
    #: What came of the last cell (its errors are dropped after the next success).
    last_execution_result: ExecutionResult | None
    last_execution_succeeded: bool
    compile: CompilerAPI
    events: EventManager
    ast_transformers: list[Any]
    ast_node_interactivity: str
    input_transformer_manager: Any
    input_transformers_post: list[Callable[[list[str]], list[str]]]

    @property
    def input_transformers_cleanup(self) -> list[Callable[[list[str]], list[str]]]:
        """Functions on lists of lines that run before everything else."""
        ...

    def run_cell(
        self,
        raw_cell: str,
        store_history: bool = False,
        silent: bool = False,
        shell_futures: bool = True,
        cell_id: str | None = None,
        cell_meta: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run a cell, with everything that happens around it."""
        ...

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
        """Run a cell that may contain top-level ``await``, on the running loop."""
        ...

    def transform_cell(self, raw_cell: str) -> str:
        """Return the cell as Python."""
        ...

    def should_run_async(
        self,
        raw_cell: str,
        *,
        transformed_cell: str | None = None,
        preprocessing_exc_tuple: ExceptionInfo | None = None,
    ) -> bool:
        """Tell whether the cell needs a running event loop."""
        ...

    def safe_execfile(
        self,
        fname: str,
        *where: dict[str, Any],
        exit_ignore: bool = False,
        raise_exceptions: bool = False,
        shell_futures: bool = False,
    ) -> None:
        """Run a Python file, showing what it raises."""
        ...

    def safe_execfile_ipy(
        self, fname: str, shell_futures: bool = False, raise_exceptions: bool = False
    ) -> None:
        """Run a file of cells with magics (``.ipy`` or ``.ipynb``)."""
        ...

    # -- magics, aliases, extensions ---------------------------------------------------------

    @property
    def magics_manager(self) -> MagicsAPI:
        """The registry of magics."""
        ...

    @property
    def alias_manager(self) -> Any:
        """The aliases of system commands."""
        ...

    @property
    def extension_manager(self) -> Any:
        """Loads, reloads and unloads extensions; ``loaded`` is the set of their names."""
        ...

    def register_magics(self, *objects: Any) -> None:
        """Add Magics classes or instances."""
        ...

    def register_magic_function(
        self, func: Callable[..., Any], magic_kind: str = "line", magic_name: str | None = None
    ) -> None:
        """Add one magic function."""
        ...

    def find_line_magic(self, magic_name: str) -> Callable[..., Any] | None:
        """Return a line magic, loading it if need be."""
        ...

    def find_cell_magic(self, magic_name: str) -> Callable[..., Any] | None:
        """Return a cell magic, loading it if need be."""
        ...

    def find_magic(self, magic_name: str, magic_kind: str = "line") -> Callable[..., Any] | None:
        """Return a magic of a kind."""
        ...

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run ``%name line``.

        Raises:
            UsageError: There is no such magic, or it was called in a wrong way.
        """
        ...

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Run ``%%name line`` with the rest of the cell."""
        ...

    def define_macro(self, name: str, themacro: Any) -> None:
        """Put a macro into the namespace."""
        ...

    def extract_input_lines(self, range_str: str, raw: bool = False) -> str:
        """Return the source of cells by a history range."""
        ...

    def find_user_code(
        self,
        target: str,
        raw: bool = True,
        py_only: bool = False,
        skip_encoding_cookie: bool = True,
        search_ns: bool = False,
    ) -> str:
        """Return source by a history range, a file name, or the name of a macro or string."""
        ...

    # -- output and input --------------------------------------------------------------------

    @property
    def io(self) -> KernelIO | None:
        """The frontend of the request that runs here: streams, messages, input. None outside any."""
        ...

    @property
    def display_formatter(self) -> Any:
        """Turns objects into mime bundles; see `FormatterAPI`."""
        ...

    #: Sends mime bundles, see `DisplayPublisherAPI`; replaced while output is captured.
    display_pub: Any

    @property
    def displayhook(self) -> Any:
        """Shows the value of an expression."""
        ...

    @property
    def payload_manager(self) -> PayloadAPI:
        """Requests to the frontend that travel with the reply."""
        ...

    def set_next_input(self, s: str, replace: bool = False) -> None:
        """Put text into the next input of the frontend, or into this one with ``replace``."""
        ...

    def ask_exit(self) -> None:
        """Ask the frontend to end the session."""
        ...

    def show_page(self, data: str | Mapping[str, Any], start: int = 0) -> None:
        """Show a long text, or a mime bundle, in the frontend's pager."""
        ...

    def system(self, cmd: str) -> Any:
        """Run a command of the operating system, its output going to the cell; sets ``_exit_code``."""
        ...

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """Run a command, and return its output: a list of lines, or one text."""
        ...

    # -- errors --------------------------------------------------------------------------------

    def showtraceback(
        self,
        exc_tuple: ExceptionInfo | None = None,
        filename: str | None = None,
        tb_offset: int | None = None,
        exception_only: bool = False,
        running_compiled_code: bool = False,
    ) -> None:
        """Show the exception that is being handled, or that one."""
        ...

    def showsyntaxerror(
        self, filename: str | None = None, running_compiled_code: bool = False
    ) -> None:
        """Show the SyntaxError that is being handled."""
        ...

    def set_custom_exc(
        self,
        exc_tuple: tuple[type[BaseException], ...],
        handler: Callable[..., Any] | None,
    ) -> None:
        """Have ``handler(shell, etype, value, tb, tb_offset=None)`` called for these exceptions."""
        ...

    # -- history, completion, inspection -----------------------------------------------------

    @property
    def history_manager(self) -> Any:
        """What was typed; see `HistoryAPI`."""
        ...

    def complete(
        self, text: str, line: str | None = None, cursor_pos: int | None = None
    ) -> tuple[str, list[str]]:
        """Return the text that is completed, and its completions."""
        ...

    def object_inspect_mime(
        self, oname: str, detail_level: int = 0, omit_sections: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return what is known of an object as a mime bundle.

        Raises:
            KeyError: There is no such object.
        """
        ...

    def set_hook(
        self,
        name: str,
        hook: Callable[..., Any],
        priority: int = 50,
        str_key: str | None = None,
        re_key: str | None = None,
    ) -> None:
        """Add a hook: ``complete_command``, ``editor``, ``show_in_pager``, ``clipboard_get`` and others; it is called with the shell first."""
        ...

    @property
    def hooks(self) -> Any:
        """The hooks, each an attribute that can be called."""
        ...

    # -- surroundings ----------------------------------------------------------------------------

    #: The kernel that the shell is served by (``comm_manager``, ``session``…), None in a bare shell.
    kernel: Any
    #: Options, by the name of the component: `nuncius.kernel.options`.
    options: Any

    @property
    def config(self) -> Any:
        """The configuration as extensions read it: ``config.get("Section", {})``."""
        ...

    @property
    def profile_dir(self) -> Any:
        """The profile's folder: ``.location``, ``.startup_dir``."""
        ...

    def enable_gui(self, gui: str | None = None) -> None:
        """Run a toolkit's event loop while the kernel waits; None ends it."""
        ...

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str | None, str | None]:
        """Make figures appear; returns the toolkit and matplotlib's backend."""
        ...
