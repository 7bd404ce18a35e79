"""Give our shell the attributes that IPython's has beyond it: extensions and test suites use them now and then."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from nuncius.kernel.compat.functions import DisplayTrap
    from nuncius.kernel.compat.shell_tools import OInfo
    from nuncius.kernel.compat.utilities import NoOpContext
    from nuncius.kernel.magics.store import Database
    from nuncius.kernel.results import ExecutionResult

__all__ = ["ShellAttributes"]


class ShellAttributes:
    """The attributes; each is a line or two over what our shell has."""

    #: What the prompt of a terminal is set to, by extensions that do not ask where they are.
    autoindent = True
    editing_mode = "emacs"
    simple_prompt = True
    true_color = False
    highlighting_style = ""
    separate_in = "\n"
    quiet = False
    history_length = 10_000
    banner1 = ""
    banner2 = ""
    pt_app: Any = None
    meta: Any = None
    _call_pdb = False

    user_ns: dict[str, Any]
    compile: Any
    prefilter: Any
    input_transformer_manager: Any
    _pumps: Any

    # -- where it is

    @property
    def ipython_dir(self) -> str:
        """The folder of IPython's own files."""
        from nuncius.kernel.compat.functions import get_ipython_dir

        return get_ipython_dir()

    @property
    def home_dir(self) -> str:
        """The person's home folder."""
        from nuncius.kernel.compat.files import get_home_dir

        return get_home_dir()

    @property
    def db(self) -> Database:
        """What extensions keep for later sessions: a mapping in the profile."""
        from nuncius.kernel.magics.store import database

        return database(self)

    @property
    def starting_dir(self) -> str:
        """The folder that the first cell ran in."""
        return str(self.user_ns.get("_dh", [os.getcwd()])[0])  # noqa: PTH109

    @property
    def banner(self) -> str:
        """What a shell says of itself at its start."""
        return f"{self.banner1 or f'Python {sys.version}'}\n{self.banner2}"

    def show_banner(self, banner: str | None = None) -> None:
        """Print `banner`."""
        sys.stdout.write(self.banner if banner is None else banner)

    @property
    def active_eventloop(self) -> str | None:
        """The toolkit that ``%gui`` has turned on."""
        return None if self._pumps is None else self._pumps.gui

    # -- running code

    @property
    def builtin_trap(self) -> NoOpContext:
        """Nothing to enter: the names in Python's builtins are there as long as the shell is."""
        from nuncius.kernel.compat.utilities import NoOpContext

        return NoOpContext()

    @property
    def display_trap(self) -> DisplayTrap:
        """Shows values as the shell does, within a ``with`` block."""
        from nuncius.kernel.compat.functions import DisplayTrap

        shell: Any = self
        return DisplayTrap(shell.displayhook)

    @property
    def prefilter_manager(self) -> Any:
        """Changes lines before they run; extensions register what does."""
        from nuncius.kernel.compat.prefiltering import manager_of

        return manager_of(self)

    def check_complete(self, code: str) -> tuple[str, str]:
        """Tell whether a cell is complete, and how the next line is indented."""
        status, indent = self.input_transformer_manager.check_complete(code)
        return status, " " * (indent or 0)

    def run_code(
        self, code_obj: Any, result: ExecutionResult | None = None, *, async_: bool = False
    ) -> bool:
        """Run compiled code in the namespace; tells whether it failed, and shows why."""
        shell: Any = self
        try:
            exec(code_obj, shell.user_global_ns, shell.user_ns)
        except BaseException as error:  # noqa: BLE001 - the code is the person's
            if result is not None:
                result.error_in_exec = error
            shell.showtraceback()
            return True
        return False

    def new_main_mod(self, filename: str, modname: str) -> ModuleType:
        """Return a new module for code of a file."""
        from types import ModuleType

        module = ModuleType(modname, "Module created for script run in IPython")
        module.__file__ = filename
        return module

    def mktempfile(self, data: str | None = None, prefix: str = "ipython_edit_") -> str:
        """Return the path of a new file, which goes with the shell."""
        import tempfile
        from pathlib import Path

        shell: Any = self
        folder = tempfile.TemporaryDirectory(prefix=prefix)
        shell.at_close(folder.cleanup)
        path = Path(folder.name, f"{prefix}.py")
        path.write_text(data or "", encoding="utf-8")
        return str(path)

    def ask_yes_no(
        self, prompt: str, default: str | None = None, interrupt: str | None = None
    ) -> bool:
        """Ask the person."""
        from nuncius.kernel.compat.consoles import ask_yes_no

        return ask_yes_no(prompt, default, interrupt)

    def auto_rewrite_input(self, cmd: str) -> None:
        """Print a line as it is run."""
        sys.stdout.write(f"------> {cmd}\n")

    # -- errors

    @property
    def call_pdb(self) -> bool:
        """Whether a debugger opens at errors."""
        return self._call_pdb

    @call_pdb.setter
    def call_pdb(self, value: bool) -> None:
        from nuncius.kernel.display.capture import capture_output

        shell: Any = self
        self._call_pdb = bool(value)
        with capture_output(display=False):
            shell.run_line_magic("pdb", "on" if value else "off")

    pdb = call_pdb

    def debugger(self, force: bool = False) -> None:
        """Open the debugger at the last exception."""
        shell: Any = self
        shell.run_line_magic("debug", "")

    def CustomTB(  # noqa: N802 - its name there
        self, etype: Any, value: Any, tb: Any, tb_offset: int | None = None
    ) -> Any:
        """Show an exception of those that have a handler of their own, see `set_custom_exc`."""
        shell: Any = self
        return shell.showtraceback((etype, value, tb), tb_offset=tb_offset)

    # -- objects

    def _ofind(self, oname: str, namespaces: Any = None) -> OInfo:
        """Return what a name is.

        Args:
            oname: The name, or an expression of attributes and items.
            namespaces: Pairs of a name and a namespace to look in; those of the shell by default.
        """
        from nuncius.kernel.compat.shell_tools import found_as

        shell: Any = self
        return found_as(shell.inspector.finder, oname, namespaces)

    def _inspect(self, meth: str, oname: str, namespaces: Any = None, **kw: Any) -> None:
        """Show what is known of an object."""
        shell: Any = self
        shell.run_line_magic(meth if meth.startswith("p") else "pinfo", oname)

    def object_inspect_text(self, oname: str, detail_level: int = 0) -> str:
        """Return what is known of an object, as text."""
        shell: Any = self
        bundle = shell.object_inspect_mime(oname, detail_level)
        return str(bundle["text/plain"])

    def set_completer_frame(self, frame: Any = None) -> None:
        """Do nothing: a debugger's own names are completed where it asks."""

    # -- options

    def set_autoindent(self, value: bool | None = None) -> None:
        """Indent new lines in a terminal's prompt, or not; without a value, the other of both."""
        self.autoindent = not self.autoindent if value is None else value

    def observe(self, handler: Any, names: Any = None, type: str = "change") -> None:  # noqa: A002
        """Do nothing: options do not tell of their changes."""

    def unobserve(self, handler: Any, names: Any = None, type: str = "change") -> None:  # noqa: A002
        """Undo `observe`."""

    def trait_values(self, **metadata: Any) -> Mapping[str, Any]:
        """Return the options."""
        from dataclasses import asdict

        shell: Any = self
        return asdict(shell.options)

    def enable_html_pager(self, *args: Any) -> None:
        """Do nothing: pages have all forms of an object."""
