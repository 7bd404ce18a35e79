"""Move code between cells and files: ``%load``, ``%save``, ``%edit``, ``%macro``, ``%%writefile``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from nuncius.kernel.errors import TryNext, UsageError
from nuncius.kernel.macro import Macro
from nuncius.kernel.magics.flags import Flag, Opts, options, split_words
from nuncius.kernel.magics.registry import Magics, cell_magic, line_magic, magics_class
from nuncius.kernel.magics.text import agreed, say, warn

__all__ = ["CodeMagics", "line_ranges", "symbols"]

#: Characters; a longer text is loaded only after asking.
_BIG = 200_000


def line_ranges(text: str) -> list[slice]:
    """Return the slices of lines that a text such as ``5-10,20,7:9`` names; lines count from 1.

    Raises:
        ValueError: It is no list of ranges.
    """
    slices = []
    for word in text.replace(",", " ").split():
        match = re.fullmatch(r"(\d*)(?:([-:])(\d*))?", word)
        if match is None:
            raise ValueError(f"expected ranges of lines such as 5-10,20, got {word!r}")
        first, mark, last = match.groups()
        start = int(first) - 1 if first else 0
        if mark is None:
            slices.append(slice(start, start + 1))
        else:
            slices.append(slice(start, int(last) - (mark == ":") if last else None))
    return slices


def symbols(source: str, names: list[str]) -> tuple[list[str], list[str]]:
    """Return the source of the functions and classes of these names, and the names that there are not.

    Raises:
        SyntaxError: It is not Python.
    """
    import ast

    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return [found[n] for n in names if n in found], [n for n in names if n not in found]


@magics_class
class CodeMagics(Magics):
    """Code in files."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        self._last_edited = ""

    # -- from files into cells -----------------------------------------------------------------------

    @line_magic("loadpy")
    @line_magic
    @options(
        Flag("r", "Only these lines: 5-10,20 or 5:11.", "LINES"),
        Flag("s", "Only these functions and classes, with commas between them.", "NAMES"),
        Flag("n", "Look for an object of this name, too."),
        Flag("y", "Do not ask whether a long text is wanted."),
        anywhere=True,
    )
    def load(self, opts: Opts, rest: str) -> None:
        """Put code into the cell in place of the magic: a file, a URL, a range of the history, a macro or a module.

        ::

            %load script.py
            %load -r 5-10,20 script.py
            %load -s function,Class module
            %load 3-7
        """
        if not rest:
            raise UsageError("%load: a file, URL, history range, macro or module is required")
        name = _unquoted(rest)
        try:
            source = self.shell.find_user_code(name, search_ns="n" in opts)
        except (ValueError, TypeError, OSError) as error:
            raise UsageError(f"%load: {error}") from None
        if "s" in opts:
            source = _only_symbols(source, [n.strip() for n in opts["s"].split(",")])
        if "r" in opts:
            source = _only_lines(source, opts["r"])
        if len(source) > _BIG and "y" not in opts:
            question = f"The text you're trying to load seems pretty big ({len(source)} characters). Continue"
            if not agreed(question):
                say("Operation cancelled.")
                return
        typed = " ".join(
            f"{flag} {opts[flag[1]]}".strip()
            for flag in ("-r", "-s", "-n", "-y")
            if flag[1] in opts
        )
        self.shell.set_next_input(f"# %load {f'{typed} {rest}'.strip()}\n{source}", replace=True)

    # -- from cells into files -----------------------------------------------------------------------

    @line_magic
    @options(
        Flag("r", "The cells as they were typed, in a file that ends in .ipy."),
        Flag("f", "Overwrite a file without asking."),
        Flag("a", "Append to the file."),
        anywhere=True,
    )
    def save(self, opts: Opts, rest: str) -> None:
        """Write cells to a file.

        ::

            %save script 1-5 7
            %save -r session ~1/1-10
            %save -a script macro_name
        """
        words = split_words(rest)
        if not words:
            raise UsageError("%save: expected FILE RANGE, a file and a range of the history")
        ending = ".ipy" if "r" in opts else ".py"
        name = words[0] if words[0].endswith((".py", ".ipy")) else words[0] + ending
        path = Path(name).expanduser()
        append = "a" in opts and path.exists()
        if (
            path.exists()
            and not append
            and "f" not in opts
            and not agreed(f"File `{name}` exists. Overwrite")
        ):
            say("Operation cancelled.")
            return
        try:
            source = self.shell.find_user_code(" ".join(words[1:]), raw="r" in opts)
        except (ValueError, TypeError) as error:
            raise UsageError(f"%save: {error}") from None
        source = source if source.endswith("\n") else f"{source}\n"
        with path.open("a" if append else "w", encoding="utf-8") as file:
            file.write(source if append else f"# coding: utf-8\n{source}")
        say(f"The following commands were written to file `{name}`:")
        say(source)

    @cell_magic("file")
    @cell_magic
    @options(Flag("a", "Append to the file."))
    def writefile(self, opts: Opts, rest: str, cell: str = "") -> None:
        """Write the cell to a file.

        ::

            %%writefile script.py
            print("hello")
        """
        name = _unquoted(rest)
        if not name:
            raise UsageError("%%writefile: the name of a file is required")
        path = Path(os.path.expandvars(name)).expanduser()
        if "a" in opts:
            say(f"Appending to {path}")
        else:
            say(f"{'Overwriting' if path.exists() else 'Writing'} {path}")
        try:
            with path.open("a" if "a" in opts else "w", encoding="utf-8") as file:
                file.write(cell)
        except OSError as error:
            raise UsageError(f"%%writefile: cannot write {path}: {error.strerror}") from None

    # -- macros ---------------------------------------------------------------------------------------

    @line_magic
    @options(
        Flag("r", "Keep the cells as they were typed."),
        Flag("q", "Say nothing."),
    )
    def macro(self, opts: Opts, rest: str) -> Any:
        """Give cells a name: typing it runs them again. Without an argument, return the names of all macros.

        ::

            %macro again 3-5 7
            again
            print(again)
            %edit again
        """
        words = split_words(rest)
        user_ns = self.shell.user_ns
        if not words:
            return sorted(name for name, value in user_ns.items() if isinstance(value, Macro))
        if len(words) == 1:
            raise UsageError("%macro insufficient args; usage '%macro name n1-n2 n3-4...'")
        name = words[0]
        if not name.isidentifier():
            raise UsageError(f"%macro: {name!r} cannot be the name of a macro")
        try:
            source = self.shell.find_user_code(" ".join(words[1:]), raw="r" in opts)
        except (ValueError, TypeError) as error:
            raise UsageError(f"%macro: {error}") from None
        macro = Macro(source)
        self.shell.define_macro(name, macro)
        if "q" not in opts:
            say(f"Macro `{name}` created. To execute, type its name (without quotes).")
            say("=== Macro contents: ===")
            say(str(macro))
        return None

    # -- the editor ------------------------------------------------------------------------------------

    @line_magic("ed")
    @line_magic
    @options(
        Flag("p", "Edit again what was edited last."),
        Flag("r", "The cells as they were typed."),
        Flag("x", "Do not run the code afterwards."),
        Flag("n", "Begin at this line.", "LINE"),
    )
    def edit(self, opts: Opts, rest: str) -> Any:
        """Open the editor, and run the code when it is closed.

        The text is a file, a range of the history, a macro, a text variable, or the file in which an object is defined; without an argument, an empty file.

        ::

            %edit
            %edit script.py
            %edit 3-5
            %edit function
        """
        target = self._last_edited if "p" in opts else rest
        self._last_edited = target
        filename, line, temporary, macro = self._edited(target, "r" in opts)
        line = int(opts["n"]) if opts.get("n", "").isdigit() else line
        try:
            self.shell.hooks.editor(filename, line)
        except TryNext:
            # there is no editor on this side: the frontend has one
            self.shell.payload_manager.write_payload(
                {
                    "source": "edit_magic",
                    "filename": filename,
                    "line_number": line or 0,
                    # Frontends that can have the code run afterwards do it.
                    "execute": "x" not in opts and not macro,
                }
            )
            return None
        path = Path(filename)
        if macro:
            self.shell.define_macro(target, path.read_text(encoding="utf-8"))
            return None
        if "x" not in opts:
            say("Editing... done. Executing edited code...")
            if "r" in opts:
                self.shell.run_cell(path.read_text(encoding="utf-8"), store_history=False)
            else:
                self.shell.safe_execfile(filename, self.shell.user_ns)
        return path.read_text(encoding="utf-8") if temporary else None

    def _edited(self, target: str, raw: bool) -> tuple[str, int | None, bool, bool]:
        """Return the file to edit, the line, whether it is temporary, and whether it is a macro's."""
        name = _unquoted(target)
        path = Path(name).expanduser()
        for candidate in (path, path.with_name(f"{path.name}.py") if path.name else path):
            if name and candidate.is_file():
                return str(candidate.absolute()), None, False, False
        if not name:
            return _temporary(""), None, True, False
        source = self.shell.extract_input_lines(name, raw)
        if source:
            return _temporary(source), None, True, False
        try:
            value = self.shell.ev(name)
        except Exception:  # noqa: BLE001 - it names nothing that there is: a new file
            return str(path.absolute()), None, False, False
        if isinstance(value, str | Macro):
            return _temporary(str(value)), None, True, isinstance(value, Macro)
        return (*_source_of(value, name), False, False)


def _source_of(value: Any, name: str) -> tuple[str, int]:
    import inspect

    try:
        filename = inspect.getsourcefile(value)
        if filename is None:
            raise OSError("no file")
        lines, line = inspect.getsourcelines(value)
    except (TypeError, OSError):
        raise UsageError(f"%edit: the file where `{name}` was defined cannot be found.") from None
    if not Path(filename).is_file():  # defined in a cell
        return _temporary("".join(lines)), 1
    return filename, line


def _temporary(text: str) -> str:
    from tempfile import mkstemp

    descriptor, name = mkstemp(prefix="nuncius_edit_", suffix=".py")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    say(f"A temporary file was made: {name}")
    return name


def _only_symbols(source: str, names: list[str]) -> str:
    try:
        blocks, missing = symbols(source, names)
    except SyntaxError:
        raise UsageError("%load: Unable to parse the input as valid Python code") from None
    if missing:
        plural = "symbol {} was" if len(missing) == 1 else "symbols {} were"
        warn(f"The {plural.format(', '.join(f'`{name}`' for name in missing))} not found")
    return "\n".join(blocks)


def _only_lines(source: str, ranges: str) -> str:
    from textwrap import dedent

    lines = source.split("\n")
    try:
        slices = line_ranges(ranges)
    except ValueError as error:
        raise UsageError(f"%load: {error}") from None
    return dedent("\n".join(line for part in slices for line in lines[part]))


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text
