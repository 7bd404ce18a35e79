"""``IPython.core.ultratb``: traceback classes for programs, mostly set as ``sys.excepthook``."""

from __future__ import annotations

import sys
from typing import Any

from nuncius.kernel.traceback import Tracebacks

__all__ = [
    "AutoFormattedTB",
    "ColorTB",
    "DocTB",
    "FormattedTB",
    "ListTB",
    "SyntaxTB",
    "TBTools",
    "VerboseTB",
]

_THEMES = {"Linux": "linux", "LightBG": "lightbg", "Neutral": "neutral", "NoColor": "nocolor"}


class TBTools(Tracebacks):
    """What the classes have in common.

    Args:
        mode: Such as ``Context`` or ``Verbose``.
        color_scheme: Such as ``Linux`` or ``NoColor``; ``theme_name`` is another word for it.
        call_pdb: Start the debugger after showing the traceback.
        ostream: Where it is written; ``sys.stderr`` by default.
        **options: Others of IPython's; ignored.
    """

    _mode = "Context"

    def __init__(
        self,
        mode: str | None = None,
        color_scheme: str | None = None,
        call_pdb: Any = False,
        ostream: Any = None,
        theme_name: str | None = None,
        **options: Any,
    ) -> None:
        name = theme_name or color_scheme or "NoColor"
        super().__init__(mode or self._mode, _THEMES.get(name, name.lower()))
        self.call_pdb = bool(call_pdb)
        self._stream = ostream

    @property
    def ostream(self) -> Any:
        """Where tracebacks are written."""
        return sys.stderr if self._stream is None else self._stream

    def handler(self, etype: Any, evalue: Any, etb: Any) -> None:
        """Write the traceback of an exception."""
        text = self.text(etype, evalue, etb)
        self.ostream.write(f"{text}\n")
        self.ostream.flush()

    def __call__(self, etype: Any = None, evalue: Any = None, etb: Any = None) -> None:
        """Write a traceback, as `sys.excepthook` does; the exception that is being handled by default."""
        if etype is None:
            etype, evalue, etb = sys.exc_info()
        self.handler(etype, evalue, etb)
        if self.call_pdb and etb is not None:
            import pdb

            pdb.post_mortem(etb)


class ListTB(TBTools):
    """Tracebacks as plain lists."""

    _mode = "Plain"


class FormattedTB(TBTools):
    """Tracebacks in a mode that can be changed."""


class AutoFormattedTB(FormattedTB):
    """Tracebacks for programs that have no exception hook."""


class ColorTB(FormattedTB):
    """Tracebacks with colors."""

    def __init__(self, color_scheme: str = "Linux", call_pdb: Any = False, **options: Any) -> None:
        super().__init__(color_scheme=color_scheme, call_pdb=call_pdb, **options)


class VerboseTB(TBTools):
    """Tracebacks with the values of variables."""

    _mode = "Verbose"


class DocTB(TBTools):
    """Tracebacks with the docstrings of the functions that were called."""

    _mode = "Docs"


class SyntaxTB(ListTB):
    """Tracebacks of syntax errors."""
