"""Start the `nuncius` command: ``nuncius ...`` and ``python -m nuncius ...``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run the command that ``argv`` (by default the process's own) asks for; return the exit code."""
    import signal

    # While a command is loaded, Ctrl-C ends the process at once: there is nothing to tidy up, and nothing to say. Who called us with another handler keeps it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler and argv is None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Only what a command needs is imported: see nuncius.protocol.app.cli.
    from nuncius.protocol.app.cli import main as run

    return run(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
