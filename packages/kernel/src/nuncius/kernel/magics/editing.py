"""Open the editor on code, and run what it leaves: ``%edit``."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from nuncius.kernel.errors import TryNext, UsageError
from nuncius.kernel.macro import Macro, MacroInFile
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say, unquoted
from nuncius.protocol.values import Value

__all__ = ["EditMagics"]


class _Edited(Value):
    """What is edited.

    Attributes:
        filename: The file.
        line: Where to begin.
        temporary: It was made for this.
        macro: The name of the macro that is edited.
    """

    filename: str
    line: int = 0
    temporary: bool = False
    macro: str = ""


@magics_class
class EditMagics(Magics):
    """The editor."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        self._last: _Edited | None = None

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

        The text is a file, a range of the history, a macro, a text variable, or the file in which an object is defined; without an argument, an empty file. A macro is not run: it has the new text from then on.

        ::

            %edit
            %edit script.py
            %edit 3-5
            %edit function
            %edit macro
            %edit -p
        """
        line = opts.get("n", "0")
        if not line.isdigit():
            raise UsageError(f"%edit: -n takes the number of a line, got {line!r}")
        edited = self._last if "p" in opts else None
        edited = self._last = edited or self._named(rest, "r" in opts)
        runs = "x" not in opts and not edited.macro
        try:
            self.shell.hooks.editor(edited.filename, int(line) or edited.line or None)
        except TryNext:
            # there is no editor on this side: the frontend has one
            self.shell.payload_manager.write_payload(
                {
                    "source": "edit_magic",
                    "filename": edited.filename,
                    "line_number": int(line) or edited.line,
                    # Frontends that can have the code run afterwards do it.
                    "execute": runs,
                }
            )
            return None
        if runs:
            self._run(edited.filename, raw="r" in opts)
        if not edited.temporary or edited.macro:
            return None
        return Path(edited.filename).read_text(encoding="utf-8")

    def _run(self, filename: str, *, raw: bool) -> None:
        say("Editing... done. Executing edited code...")
        if raw:
            self.shell.run_cell(Path(filename).read_text(encoding="utf-8"), store_history=False)
        else:
            self.shell.safe_execfile(filename, self.shell.user_ns)

    def _named(self, target: str, raw: bool) -> _Edited:
        """Return what a person names."""
        name = unquoted(target)
        path = Path(name).expanduser()
        for candidate in (path, path.with_name(f"{path.name}.py") if path.name else path):
            if name and candidate.is_file():
                return _Edited(str(candidate.absolute()))
        if not name:
            return self._temporary("")
        source = self.shell.extract_input_lines(name, raw)
        if source:
            return self._temporary(source)
        try:
            value = self.shell.ev(name)
        except Exception:  # noqa: BLE001 - it names nothing that there is: a new file
            return _Edited(str(path.absolute()))
        if isinstance(value, Macro):
            return self._macro(name, value)
        return self._temporary(value) if isinstance(value, str) else self._source_of(value, name)

    def _macro(self, name: str, macro: Macro) -> _Edited:
        """Have a macro follow a file: whoever saves it, and whenever, changes the macro."""
        edited = self._temporary(macro.value, macro=name)
        self.shell.define_macro(name, MacroInFile(macro.value, edited.filename))
        return edited

    def _source_of(self, value: Any, name: str) -> _Edited:
        import inspect

        try:
            filename = inspect.getsourcefile(value)
            if filename is None:
                raise OSError("no file")
            lines, line = inspect.getsourcelines(value)
        except (TypeError, OSError):
            raise UsageError(
                f"%edit: the file where `{name}` was defined cannot be found."
            ) from None
        if not Path(filename).is_file():  # defined in a cell
            return self._temporary("".join(lines), line=1)
        return _Edited(filename, line)

    def _temporary(self, text: str, *, line: int = 0, macro: str = "") -> _Edited:
        from tempfile import mkstemp

        descriptor, name = mkstemp(prefix="nuncius_edit_", suffix=".py")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)

        def remove() -> None:
            with suppress(OSError):
                Path(name).unlink()

        self.shell.at_close(remove)
        say(f"A temporary file was made: {name}")
        return _Edited(name, line, True, macro)
