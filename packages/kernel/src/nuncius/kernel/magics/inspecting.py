"""Tell what an object, a file or a manual page is: ``%pinfo`` (that is ``?``), ``%pycat``, ``%page``, ``%man``."""

from __future__ import annotations

from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say

__all__ = ["InspectMagics"]


@magics_class
class InspectMagics(Magics):
    """Information on objects, files and commands."""

    #: Whether `%psearch` tells upper and lower case apart (``%config InteractiveShell.wildcards_case_sensitive``).
    case_sensitive = True

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

    @line_magic
    def pdef(self, parameter_s: str = "", namespaces: Any = None) -> None:
        """Print how an object is called: its signature."""
        import inspect

        name, value = self._found(parameter_s, "pdef")
        try:
            say(f" {name}{inspect.signature(value)}")
        except (TypeError, ValueError):
            say(f"No definition header found for {name}")

    @line_magic
    def pdoc(self, parameter_s: str = "", namespaces: Any = None) -> None:
        """Show the documentation of an object in the pager: that of its class, and of how instances are made or called."""
        import inspect
        from textwrap import indent

        name, value = self._found(parameter_s, "pdoc")
        sections = [("Class docstring", value)]
        if isinstance(value, type):
            sections.append(("Init docstring", value.__init__))  # type: ignore[misc]
        elif type(value).__call__ is not type.__call__ and not callable(
            getattr(value, "__get__", None)
        ):
            sections.append(("Call docstring", type(value).__call__))
        texts = [
            f"{title}:\n{indent(text, '    ')}"
            for title, each in sections
            if (text := inspect.getdoc(each)) and text != object.__init__.__doc__
        ]
        self.shell.show_page("\n".join(texts) or f"No documentation found for {name}")

    @line_magic
    def psource(self, parameter_s: str = "", namespaces: Any = None) -> None:
        """Show the source of an object in the pager."""
        from nuncius.kernel.inspect.source import source_of

        name, value = self._found(parameter_s, "psource")
        source = source_of(value)
        if not source:
            say(f"No source found for {name}")
            return
        self._show_source(source)

    @line_magic
    def pfile(self, parameter_s: str = "", namespaces: Any = None) -> None:
        """Show the file in which an object is defined in the pager, at its line; or a file by its name."""
        import inspect
        from pathlib import Path

        text = parameter_s.strip()
        if not text:
            raise UsageError("%pfile: the name of an object or a file is required")
        path, line = Path(text), 0
        try:
            _, value = self._found(text, "pfile")
            path = Path(
                inspect.getsourcefile(inspect.unwrap(value) if callable(value) else value) or ""
            )
            line = 0 if inspect.ismodule(value) else inspect.getsourcelines(value)[1]
        except (UsageError, TypeError, OSError):
            path = path if path.suffix == ".py" else path.with_name(f"{path.name or '?'}.py")
        try:
            source = path.read_text(encoding="utf-8")
        except OSError:
            raise UsageError(f"%pfile: no file was found for {text}") from None
        self._show_source(source, line)

    def _show_source(self, source: str, line: int = 0) -> None:
        from nuncius.kernel.themes import highlight, theme_named

        colored = highlight(source, theme_named(self.shell.options.colors))
        self.shell.show_page(colored, max(line - 1, 0))

    def _found(self, parameter_s: str, magic: str) -> tuple[str, Any]:
        """Return an object by its dotted name; a magic's function for a name with a percent sign."""
        name = parameter_s.strip().rstrip("()")
        if not name:
            raise UsageError(f"%{magic}: the name of an object is required")
        if name.startswith("%"):
            kind = "cell" if name.startswith("%%") else "line"
            value = self.shell.find_magic(name.lstrip("%"), kind)
        else:
            first, *others = name.split(".")
            spaces = self.shell.ns_table.values()
            value = next((space[first] for space in spaces if first in space), None)
            if value is None and not any(first in space for space in spaces):
                value = self.shell.find_line_magic(name)
                others = []
            for other in others:
                value = getattr(value, other, None)
        if value is None and name != "None":
            raise UsageError(f"Object `{name}` not found.")
        return name, value

    @line_magic
    @options(
        Flag("a", "Also names that begin with an underscore."),
        Flag("c", "Match upper and lower case as they are, which is the default."),
        Flag("i", "Match without regard to case."),
        Flag(
            "e", "Leave a namespace out: builtin, user or user_global.", "NAMESPACE", repeated=True
        ),
        Flag("s", "Search a namespace, too: alias.", "NAMESPACE", repeated=True),
        Flag("l", "List the kinds of objects that can be named."),
    )
    def psearch(self, opts: Opts, rest: str) -> None:
        """Show the names that match a pattern, in the pager; ``pattern?`` does this.

        ::

            %psearch a*             names that begin with an a
            %psearch re.e*          of a module
            %psearch *a* function   only functions
            %psearch -i a*
        """
        from nuncius.kernel.magics.wildcard import KINDS, search

        if "l" in opts:
            self.shell.show_page("\n".join(sorted(KINDS)))
            return
        words = rest.split()
        if not words or len(words) > 2:
            raise UsageError("%psearch: expected PATTERN or PATTERN KIND")
        names = search(
            words[0],
            self._spaces(opts),
            words[1] if len(words) == 2 else "all",
            ignore_case="i" in opts or not (self.case_sensitive or "c" in opts),
            hidden="a" in opts,
        )
        self.shell.show_page("\n".join(names))

    def _spaces(self, opts: Opts) -> list[Any]:
        table = self.shell.ns_table
        spaces = {
            "user": table["user_local"],
            "user_global": table["user_global"],
            "builtin": table["builtin"],
            "alias": dict(self.shell.alias_manager.aliases),
        }
        wanted = ["user", "user_global", "builtin", *opts.get("s", ())]
        unknown = {*wanted, *opts.get("e", ())} - set(spaces)
        if unknown:
            raise UsageError(
                f"%psearch: no namespace {unknown.pop()!r}; there are {', '.join(spaces)}"
            )
        return [spaces[name] for name in wanted if name not in opts.get("e", ())]

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
        self._show_source(source)

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
