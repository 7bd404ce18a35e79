"""Look at the kernel that runs the cells: ``%connect_info``, ``%subshell``, ``%qtconsole``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import split_words
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say

__all__ = ["KernelMagics"]


@magics_class
class KernelMagics(Magics):
    """The kernel."""

    def _connection_file(self) -> Path:
        for holder in (self.shell.kernel, self.shell):
            found = getattr(holder, "connection_file", None)
            if found:
                return Path(found)
        # a kernel that was started by a frontend was told the file
        for flag, value in zip(sys.argv, sys.argv[1:], strict=False):
            if flag in ("-f", "--f"):
                return Path(value)
        raise UsageError(
            "%connect_info: this kernel runs within the program, and cannot be connected to"
        )

    @line_magic
    def connect_info(self, arg_s: str = "") -> None:
        """Print how to connect another frontend to this kernel; what is printed lets others run code here, so keep it to yourself."""
        path = self._connection_file()
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"%connect_info: cannot read {path}: {error.strerror}") from None
        say(json.dumps(json.loads(text), indent=2))
        say(
            "\nPaste the above into a file of yours, and connect with:\n    $> nuncius console --existing FILE\n"
            "or, if you are on the same machine, just connect with:\n"
            f"    $> nuncius console --existing {path.name}"
        )

    @line_magic
    def qtconsole(self, arg_s: str = "") -> None:
        """Open the graphical console, connected to this kernel; arguments go to it."""
        import subprocess
        import threading
        from importlib.util import find_spec

        if find_spec("nuncius.qtconsole") is None:
            raise UsageError(
                "%qtconsole: the graphical console is not installed: pip install nuncius-qtconsole"
            )
        process = subprocess.Popen(  # it lives as long as its window
            [
                sys.executable,
                "-m",
                "nuncius",
                "qtconsole",
                "--existing",
                str(self._connection_file()),
                *split_words(arg_s),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        threading.Thread(target=process.wait, daemon=True).start()  # else it would stay as a zombie

    @line_magic
    def autosave(self, arg_s: str) -> None:
        """Set how often the notebook is saved, in seconds; 0 turns that off.

        ::

            %autosave 120
        """
        try:
            interval = int(arg_s)
        except ValueError:
            raise UsageError(f"%autosave requires an integer, got {arg_s!r}") from None
        from nuncius.kernel.display.functions import display
        from nuncius.kernel.display.objects import Javascript

        script = f"if (window.Jupyter && Jupyter.notebook) Jupyter.notebook.set_autosave_interval({interval * 1000});"
        display(Javascript(script), include=["application/javascript"])
        say(f"Autosaving every {interval} seconds" if interval else "Autosave disabled")

    @line_magic
    def subshell(self, arg_s: str = "") -> None:
        """Print which subshell runs this cell, in which thread, and which subshells there are."""
        import threading

        io: Any = self.shell.io
        header = getattr(getattr(io, "request", None), "header", None)
        current = getattr(header, "subshell_id", None)
        thread = threading.current_thread()
        say(f"subshell id: {current}")
        say(f"thread id: {thread.ident}")
        say(f"main thread id: {threading.main_thread().ident}")
        say(f"pid: {os.getpid()}")
        names = sorted(t.name for t in threading.enumerate() if t.name.startswith("subshell"))
        say(f"subshells: {names}")
