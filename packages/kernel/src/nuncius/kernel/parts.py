"""Make the parts of a shell when they are first asked for: formatters, magics, history, completer, inspector, and so on.

`nuncius.kernel.services` has what the shell does with them for extensions and frontends; `nuncius.kernel.shell` runs the cells.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from nuncius.kernel.failures import Failures
from nuncius.kernel.magics.registry import MagicsManager
from nuncius.kernel.magics.table import MAGICS

if TYPE_CHECKING:
    from types import ModuleType

    from nuncius.kernel.api import ShellAPI
    from nuncius.kernel.namespace import Namespace
    from nuncius.kernel.options import ShellOptions

__all__ = ["Parts"]


class Parts:
    """The parts of a shell; see `nuncius.kernel.api.ShellAPI` for what they do."""

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
        self._tasks: Any = None
        #: What configuration files say of classes that are not ours: class -> option -> value.
        self.sections: Mapping[str, Mapping[str, Any]] = {}
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
        """The configuration as extensions read it, by section."""
        return self.sections

    # -- the namespace -----------------------------------------------------------------------------

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

    # -- display -----------------------------------------------------------------------------------

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

    # -- magics, aliases, extensions ---------------------------------------------------------------

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

    # -- history -----------------------------------------------------------------------------------

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

    # -- completion and inspection -----------------------------------------------------------------

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
        from nuncius.kernel.magics.configuring import ConfigMagics

        return ConfigMagics(self).names()

    @property
    def inspector(self) -> Any:
        """Tells what objects are."""
        if self._inspector is None:
            from nuncius.kernel.inspect import inspector_for

            self._inspector = inspector_for(cast("ShellAPI", self))
        return self._inspector

    # -- event loops -------------------------------------------------------------------------------

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

    # -- cells beside the others ---------------------------------------------------------------------

    @property
    def tasks(self) -> Any:
        """The cells that run in the background: see `nuncius.kernel.tasks.registry.Tasks`."""
        if self._tasks is None:
            from nuncius.kernel.tasks.registry import Tasks

            self._tasks = Tasks(self)
        return self._tasks

    def cancel_request(self, msg_id: str | None) -> bool:
        """Cancel what a request, or any with None, has left running in the background; tell whether there was something. From any thread."""
        return self._tasks is not None and bool(self._tasks.cancel_request(msg_id))

    # -- comms -------------------------------------------------------------------------------------

    @property
    def comms(self) -> Any:
        """The open comms."""
        if self._comms is None:
            from nuncius.kernel.comms import Comms

            self._comms = Comms(self)
        return self._comms
