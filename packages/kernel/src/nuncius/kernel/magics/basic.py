"""Tell what magics there are, and set how the shell behaves: ``%lsmagic``, ``%quickref``, ``%pprint``, ``%automagic``."""

from __future__ import annotations

import re
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, declares, options
from nuncius.kernel.magics.overview import MAGIC, QUICKREF
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say, switch, writing

__all__ = ["BasicMagics", "MagicsDisplay"]


class MagicsDisplay:
    """The names of all magics, to be shown."""

    def __init__(self, manager: Any, ignore: Any = ()) -> None:
        self._names = {
            kind: [name for name in manager.names(kind) if name not in ignore]
            for kind in ("line", "cell")
        }
        self._manager = manager

    def __str__(self) -> str:
        state = (
            "ON, % prefix IS NOT needed"
            if self._manager.shell.automagic
            else "OFF, % prefix IS needed"
        )
        lines = "  ".join(f"%{name}" for name in self._names["line"])
        cells = "  ".join(f"%%{name}" for name in self._names["cell"])
        return (
            f"Available line magics:\n{lines}\n\nAvailable cell magics:\n{cells}\n\n"
            f"Automagic is {state} for line magics."
        )

    def _repr_pretty_(self, p: Any, cycle: bool) -> None:
        p.text(str(self))

    def table(self) -> dict[str, dict[str, str]]:
        """Return the class of each magic: kind -> name -> class."""
        table = self._manager.lsmagic()
        return {
            kind: {name: _owner(table[kind].get(name)) for name in names}
            for kind, names in self._names.items()
        }

    _repr_json_ = table


def _owner(place: Any) -> str:
    if isinstance(place, str):
        return place.rpartition(":")[2]
    owner = getattr(place, "__self__", None)
    return type(owner).__name__ if owner is not None else "Other"


@magics_class
class BasicMagics(Magics):
    """The shell itself."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        self._before_doctest: dict[str, Any] = {}
        #: The level that ``%autocall`` turns on again.
        self._autocall = shell.autocall or 1 if shell is not None else 1

    # -- about magics ----------------------------------------------------------------------------------

    @line_magic
    @options(Flag("j", "Return their names and classes, as JSON has them.", also="json"))
    def lsmagic(self, opts: Opts, rest: str) -> Any:
        """Return a list of all magics."""
        names = MagicsDisplay(self.shell.magics_manager)
        return names.table() if "j" in opts else names

    @line_magic
    @declares(
        Flag("brief", "Only the names and the first lines; also -brief."),
        Flag("rest", "As reStructuredText; also -rest."),
        Flag("latex", "As plain text, for who still asks for this; also -latex."),
    )
    def magic(self, parameter_s: str = "") -> None:
        """Show what magics are, and what each of them does, in the pager."""
        opts = {word.lstrip("-") for word in parameter_s.split()}
        docs = self.shell.magics_manager.lsmagic_docs(
            brief="brief" in opts, missing="No documentation"
        )
        parts = []
        for kind, mark in (("line", "%"), ("cell", "%%")):
            for name, text in docs[kind].items():
                head = f"**{mark}{name}**::" if "rest" in opts else f"{mark}{name}:"
                parts.append(f"{head}\n\t{text.replace(chr(10), chr(10) + chr(9))}\n")
        introduction = "" if opts else MAGIC
        self.shell.show_page(introduction + "\n".join(parts))

    @line_magic
    def quickref(self, arg: str = "") -> None:
        """Show a quick reference in the pager."""
        docs = self.shell.magics_manager.lsmagic_docs(brief=True, missing="No documentation")
        lines = [
            f"{mark}{name + ':':<20} {text}"
            for kind, mark in (("line", "%"), ("cell", "%%"))
            for name, text in docs[kind].items()
        ]
        self.shell.show_page(QUICKREF + "\n".join(lines))

    @line_magic
    @options(
        Flag("l", "Make a line magic.", also="line"),
        Flag("c", "Make a cell magic.", also="cell"),
        Flag("p", "Stand before the line of each call.", "PARAMETERS", also="params"),
        anywhere=True,
    )
    def alias_magic(self, opts: Opts, rest: str) -> None:
        """Give a magic another name: as a line magic and as a cell magic, as far as it is both.

        ::

            %alias_magic t timeit
            %alias_magic --cell pw pwd
            %alias_magic -p "-l 5" last history
        """
        words = rest.split()
        if len(words) != 2:
            raise UsageError("%alias_magic: expected NAME TARGET")
        name, target = (word.lstrip("%") for word in words)
        manager = self.shell.magics_manager
        kinds = [kind for kind in ("line", "cell") if kind[0] in opts]
        if not kinds:
            kinds = [kind for kind in ("line", "cell") if manager.has(target, kind)]
            if not kinds:
                raise UsageError(f"No line- or cell-magic function named `{target}`.")
        for kind in kinds:
            mark = "%" if kind == "line" else "%%"
            if not manager.has(target, kind):
                raise UsageError(f"{kind.capitalize()}-magic function `{mark}{target}` not found.")
        parameters = opts.get("p", "")
        if name == target and parameters:
            raise UsageError("Parameters cannot be given to a magic under its own name.")
        for kind in kinds:
            mark = "%" if kind == "line" else "%%"
            manager.register_alias(name, target, kind, parameters or None)
            with_parameters = f" {parameters}" if parameters else ""
            say(f"Created `{mark}{name}` as an alias for `{mark}{target}{with_parameters}`.")

    # -- switches ---------------------------------------------------------------------------------------

    @line_magic
    def automagic(self, parameter_s: str = "") -> None:
        """Let line magics run without their percent sign, or not; without an argument, the other of both."""
        wanted = switch(parameter_s, self.shell.automagic)
        if wanted is None:
            raise UsageError(f"%automagic: expected on or off, got {parameter_s!r}")
        self.shell.set_option("automagic", wanted)
        say(
            f"\nAutomagic is {'ON' if wanted else 'OFF'}, % prefix {'IS NOT' if wanted else 'IS'} needed for line magics."
        )

    @line_magic
    def autocall(self, parameter_s: str = "") -> None:
        """Call functions without parentheses: 0 never, 1 when arguments follow, 2 always; without an argument, on or off.

        ::

            %autocall 1
            sorted data       becomes sorted(data)
        """
        words = {"": None, "0": 0, "off": 0, "1": 1, "smart": 1, "2": 2, "full": 2}
        word = parameter_s.strip().lower()
        if word not in words:
            raise UsageError("Valid modes: (0->Off, 1->Smart, 2->Full)")
        level = words[word]
        if level is None:
            level = 0 if self.shell.autocall else self._autocall
        self._autocall = level or self._autocall
        self.shell.set_option("autocall", level)
        say(f"Automatic calling is: {('Off', 'Smart', 'Full')[level]}")

    @line_magic
    def autoawait(self, parameter_s: str = "") -> None:
        """Allow ``await`` outside of functions, or choose what runs it: asyncio, trio, curio, sync, or a function.

        ::

            %autoawait
            %autoawait off
            %autoawait trio
            %autoawait package.function
        """
        word = parameter_s.strip()
        runner = self.shell.loop_runner
        if not word:
            state = "on" if self.shell.autoawait else "off"
            name = runner if isinstance(runner, str) else _name_of(runner)
            say(f"autoawait is `{state}`, and set to use `{name}`")
            return
        if word.lower() in ("false", "off", "0"):
            self.shell.set_option("autoawait", False)
            return
        if word.lower() not in ("true", "on", "1"):
            self.shell.loop_runner = self._runner(word)
        self.shell.set_option("autoawait", True)

    def _runner(self, word: str) -> Any:
        from nuncius.kernel.runner import loop_runner

        function = self.shell.user_ns.get(word)
        try:
            return loop_runner(function if callable(function) else word)
        except (ValueError, ImportError, AttributeError) as error:
            raise UsageError(f"%autoawait: {error}") from None

    @line_magic
    def autoindent(self, parameter_s: str = "") -> None:
        """Indent new lines in a terminal's prompt, or not; without an argument, the other of both."""
        now = getattr(self.shell, "autoindent", True)
        wanted = switch(parameter_s, now)
        if wanted is None:
            raise UsageError(f"%autoindent: expected on or off, got {parameter_s!r}")
        self.shell.autoindent = wanted
        say(f"Automatic indentation is: {'ON' if wanted else 'OFF'}")

    # -- how values look ---------------------------------------------------------------------------------

    @line_magic
    def pprint(self, parameter_s: str = "") -> None:
        """Print values nicely, or as ``repr`` gives them: without an argument, the other of both."""
        plain = self.shell.display_formatter.formatters["text/plain"]
        wanted = switch(parameter_s, plain.pprint)
        if wanted is None:
            raise UsageError(f"%pprint: expected on or off, got {parameter_s!r}")
        plain.pprint = wanted
        say(f"Pretty printing has been turned {'ON' if wanted else 'OFF'}")

    @line_magic
    def precision(self, s: str = "") -> str:
        """Set how floats are shown: digits after the point, or a format; without an argument, as Python does.

        ::

            %precision 3
            %precision %.2e
            %precision
        """
        try:
            self.shell.set_option("float_precision", s.strip())
        except ValueError as error:
            raise UsageError(f"%precision: {error}") from None
        self._precision_of_numpy(s.strip())
        return str(self.shell.display_formatter.formatters["text/plain"].float_format)

    def _precision_of_numpy(self, text: str) -> None:
        import sys

        numpy = sys.modules.get("numpy")
        match = re.search(r"\d+", text)
        if numpy is not None:
            numpy.set_printoptions(precision=int(match.group()) if match else 8)

    @line_magic
    def colors(self, parameter_s: str = "") -> None:
        """Choose the colors of tracebacks and inspection: neutral, linux, lightbg, nocolor, or a style of pygments.

        ::

            %colors linux
        """
        name = parameter_s.strip()
        if not name:
            raise UsageError(
                "%colors: you must specify a color scheme: neutral, linux, lightbg or nocolor"
            )
        try:
            self.shell.set_option("colors", name.lower())
        except ValueError as error:
            raise UsageError(f"%colors: {error}") from None

    @line_magic
    def doctest_mode(self, parameter_s: str = "") -> None:
        """Print values and tracebacks as Python itself does, so that a session can be pasted into a doctest; again to end it."""
        plain = self.shell.display_formatter.formatters["text/plain"]
        before = self._before_doctest
        if not before:
            before.update(pprint=plain.pprint, xmode=self.shell.tracebacks.mode)
            plain.pprint = False
            self.shell.set_option("xmode", "Plain")
            mode = "ON"
        else:
            plain.pprint = before["pprint"]
            self.shell.set_option("xmode", before["xmode"])
            before.clear()
            mode = "OFF"
        # Only a terminal's shell has prompts.
        switch = getattr(self.shell, "switch_doctest_mode", None)
        if switch is not None:
            switch(mode == "ON")
        say(f"Doctest mode is: {mode}")

    @line_magic
    def notebook(self, s: str) -> None:
        """Write the cells of this session, with their outputs, to a notebook.

        Outputs are kept up to a limit (``c.KernelOptions.replay_bytes``); of older cells, the texts of their values are written. A terminal shows what is printed at once, and does not keep it.

        ::

            %notebook session.ipynb
        """
        from pathlib import Path

        name = s.strip().strip("\"'")
        if not name:
            raise UsageError("%notebook: the name of a file is required")
        import json

        from nuncius.kernel.magics.export import notebook

        document, lost = notebook(self.shell)
        with writing("%notebook", name):
            Path(name).expanduser().write_text(
                json.dumps(document, indent=1, default=str) + "\n", encoding="utf-8"
            )
        if lost:
            say(
                f"The outputs of {lost} cell{'s' * (lost > 1)} are not kept any more: of their values, the texts were written."
            )


def _name_of(runner: Any) -> str:
    """Return how a loop runner is called: ours by the word for it, a function by its name."""
    return str(getattr(runner, "name", "") or getattr(runner, "__name__", "asyncio"))
