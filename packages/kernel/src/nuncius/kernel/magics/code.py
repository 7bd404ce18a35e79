"""Move code between cells and files: ``%load``, ``%save``, ``%macro``, ``%%writefile``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.macro import Macro
from nuncius.kernel.magics.flags import Flag, Opts, options, split_words
from nuncius.kernel.magics.registry import Magics, cell_magic, line_magic, magics_class
from nuncius.kernel.magics.text import agreed, say, unquoted, warn, writing

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
        name = unquoted(rest)
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
        with (
            writing("%save", name),
            path.open("a" if append else "w", encoding="utf-8") as file,
        ):
            file.write(source if append else f"# coding: utf-8\n{source}")
        say(f"The following commands were written to file `{name}`:")
        say(source)

    @cell_magic("file")
    @cell_magic
    @options(Flag("a", "Append to the file.", also="append"))
    def writefile(self, opts: Opts, rest: str, cell: str = "") -> None:
        """Write the cell to a file.

        ::

            %%writefile script.py
            print("hello")
        """
        name = unquoted(rest)
        if not name:
            raise UsageError("%%writefile: the name of a file is required")
        path = Path(os.path.expandvars(name)).expanduser()
        if not path.exists():
            say(f"Writing {path}")
        else:
            say(f"{'Appending to' if 'a' in opts else 'Overwriting'} {path}")
        with (
            writing("%%writefile", path),
            path.open("a" if "a" in opts else "w", encoding="utf-8") as file,
        ):
            file.write(cell)

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
            return sorted(
                name
                for name, value in user_ns.items()
                if isinstance(value, Macro) and not name.startswith("_")
            )
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
