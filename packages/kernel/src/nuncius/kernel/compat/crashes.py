"""Write a report when a program crashes: ``IPython.core.crashhandler``."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["CrashHandler", "crash_handler_lite"]


class CrashHandler:
    """An exception hook that writes a report into a file, and tells where it is.

    Args:
        app: The program; its ``name`` and ``ipython_dir`` are used.
        contact_name: Who wants the report.
        contact_email: Where it can be sent.
        bug_tracker: Where it can be filed.
        show_crash_traceback: Print the traceback as well.
        call_pdb: Open the debugger afterwards.
    """

    message_template = (
        "Oops, {app_name} crashed.\n\nA report was written to {crash_report_fname}.\n"
        "Please send it to {contact_name} {contact_email}, or file it at {bug_tracker}.\n"
    )
    section_sep = "\n\n" + "*" * 75 + "\n\n"

    def __init__(
        self,
        app: Any,
        contact_name: str | None = None,
        contact_email: str | None = None,
        bug_tracker: str | None = None,
        show_crash_traceback: bool = True,
        call_pdb: bool = False,
    ) -> None:
        self.app = app
        name = getattr(app, "name", "the program")
        self.crash_report_fname = f"Crash_report_{name}.txt"
        self.show_crash_traceback = show_crash_traceback
        self.call_pdb = call_pdb
        self.info = {
            "app_name": name,
            "contact_name": contact_name or "",
            "contact_email": contact_email or "",
            "bug_tracker": bug_tracker or "",
            "crash_report_fname": self.crash_report_fname,
        }

    def __call__(
        self, etype: type[BaseException], evalue: BaseException, etb: TracebackType | None
    ) -> None:
        """Write the report."""
        text = "".join(traceback.format_exception(etype, evalue, etb))
        folder = Path(getattr(self.app, "ipython_dir", "") or ".")
        path = (folder if folder.is_dir() else Path()) / self.crash_report_fname
        if self.show_crash_traceback:
            sys.stderr.write(text)
        try:
            path.write_text(self.make_report(text), encoding="utf-8")
        except OSError as error:
            sys.stderr.write(f"The crash report could not be written: {error}\n")
            return
        told = self.info | {"crash_report_fname": str(path)}
        sys.stderr.write(self.message_template.format(**told))
        if self.call_pdb and etb is not None:
            import pdb

            pdb.post_mortem(etb)

    def make_report(self, traceback: str) -> str:
        """Return the text of the report; derived classes may add to it."""
        from nuncius.kernel.compat.machine import sys_info

        parts = [sys_info(), traceback]
        config = getattr(self.app, "config", None)
        if config:
            parts.insert(1, f"Application configuration:\n\n{config!r}")
        return self.section_sep.join(["*" * 75, *parts])


def crash_handler_lite(
    etype: type[BaseException], evalue: BaseException, tb: TracebackType | None
) -> None:
    """Print a traceback, without a report."""
    traceback.print_exception(etype, evalue, tb)
