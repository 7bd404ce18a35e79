"""Tell what an object, a file or a manual page is: ``%pinfo`` (that is ``?``), ``%pycat``, ``%page``, ``%man``."""

from __future__ import annotations

from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.options import Flag, Opts, options
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say

__all__ = ["InspectMagics"]


@magics_class
class InspectMagics(Magics):
    """Information on objects, files and commands."""

    @line_magic
    def pinfo(self, parameter_s: str = "", namespaces: Any = None) -> None:
        """Show what an object is, with its signature and its documentation; ``name?`` does this.

        A name with ``*`` in it lists what matches, as `%psearch` does.

        ::

            %pinfo print
        """
        self._inspect(parameter_s, 0)

    @line_magic
    def pinfo2(self, parameter_s: str = "", namespaces: Any = None) -> None:
        """Show what an object is, with its source; ``name??`` does this."""
        self._inspect(parameter_s, 1)

    def _inspect(self, parameter_s: str, detail_level: int) -> None:
        name = parameter_s.strip()
        if not name:
            raise UsageError("%pinfo: the name of an object is required")
        if "*" in name.lstrip("%"):
            self.shell.run_line_magic("psearch", name)
            return
        try:
            bundle = self.shell.object_inspect_mime(name, detail_level)
        except KeyError:
            say(f"Object `{name}` not found.")
            return
        self.shell.show_page(bundle)

    # -- files -------------------------------------------------------------------------------------

    @line_magic
    def pycat(self, parameter_s: str = "") -> None:
        """Show a Python file, a URL, a macro or a range of the history in the pager, with its syntax colored.

        ::

            %pycat script.py
            %pycat 3-7
        """
        if not parameter_s.strip():
            raise UsageError("%pycat: a filename, URL, history range or macro is required")
        try:
            source = self.shell.find_user_code(parameter_s.strip(), skip_encoding_cookie=False)
        except (ValueError, OSError, TypeError) as error:
            say(f"Error: {error}")
            return
        from nuncius.kernel.themes import highlight, theme_named

        self.shell.show_page(highlight(source, theme_named(self.shell.options.colors)))

    @line_magic
    @options(Flag("r", "Show the text of the object (``str``) as it is, not nicely printed."))
    def page(self, opts: Opts, name: str = "") -> None:
        """Show the value of a variable in the pager; of the last output, without a name."""
        name = name or "_"
        if name not in self.shell.user_ns:
            say(f"Object `{name}` not found")
            return
        value = self.shell.user_ns[name]
        if "r" in opts:
            self.shell.show_page(str(value))
            return
        from nuncius.kernel.display.pretty import pretty

        self.shell.show_page(pretty(value))

    @line_magic("less")
    @line_magic("more")
    def less(self, arg_s: str) -> None:
        """Show a file in the pager; files that end in ``.py`` with their syntax colored.

        ::

            %less notes.txt
        """
        from pathlib import Path

        name = arg_s.strip()
        if not name:
            raise UsageError("%less: a filename is required")
        path = Path(name).expanduser()
        if path.suffix == ".py":
            self.shell.run_line_magic("pycat", name)
            return
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise UsageError(f"%less: cannot read {name}: {error.strerror}") from None
        self.shell.show_page(text)

    @line_magic
    def man(self, arg_s: str) -> None:
        """Show the manual page of a command in the pager.

        ::

            %man ls
        """
        import re
        from shutil import which

        if not arg_s.strip():
            raise UsageError("%man: the name of a command is required")
        if which("man") is None:
            raise UsageError("%man: there is no 'man' on this system")
        text = self.shell.getoutput(f"man {arg_s} | col -b", split=False)
        self.shell.show_page(re.sub(r".\x08", "", text))

    @line_magic
    def clear(self, arg_s: str = "") -> None:
        """Clear the output of the cell, or the terminal's screen."""
        if self.shell.io is None:
            say("\033[2J\033[H")
        else:
            self.shell.display_pub.clear_output()
