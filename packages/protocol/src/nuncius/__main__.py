"""Start the `nuncius` command: ``nuncius ...`` and ``python -m nuncius ...``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run the command that ``argv`` (by default the process's own) asks for; return the exit code."""
    # Only what a command needs is imported: see nuncius.protocol.app.cli.
    from nuncius.protocol.app.cli import main as run

    return run(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
