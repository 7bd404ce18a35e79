"""Start the `nuncius` command: ``nuncius ...`` and ``python -m nuncius ...``."""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run the command that ``argv`` (by default the process's own) asks for; return the exit code."""
    # Only what a command needs is imported: see nuncius.protocol.app.cli.
    from nuncius.protocol.app.cli import main as run

    if argv is not None:
        return run(argv)
    _begin_loading()
    return run(sys.argv[1:], _end_loading)


def _begin_loading() -> None:
    """Prepare the process for the time in which a command is loaded."""
    import signal

    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_missing_streams()
    # Ctrl-C ends the process at once: there is nothing to tidy up, and nothing to say. Who called us with another handler keeps it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What is loaded stays: to look for garbage in it takes a tenth of the time.
    gc.disable()


def _open_missing_streams() -> None:
    """Open what the process was started without (``>&-``): else its number goes to the next file or socket, and whoever writes to the stream fails."""
    import os

    for name, mode in (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, mode)  # the lowest that is free
            os.set_inheritable(number, True)
            way = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(number, way, encoding="utf-8", closefd=False))


def _end_loading() -> None:
    """Let the process be as others are, now that there is something to tidy up."""
    import signal

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Nor is it searched later on; above all not three times at the end, which takes a fifth of the time of a short command. Everything of the person's own comes after this.
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    sys.exit(main())
