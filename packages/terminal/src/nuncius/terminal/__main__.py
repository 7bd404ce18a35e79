"""Run a program, and open the shell where it fails: ``python -m nuncius.terminal FILE [ARGUMENT...]``."""

from __future__ import annotations

import os
import sys

from nuncius.terminal.embed import on_crash


def main() -> None:
    """Run the program that the command line names; without one, the shell."""
    if len(sys.argv) < 2:
        from nuncius.terminal.app import shell

        sys.exit(shell([]))
    import runpy

    del sys.argv[0]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))  # noqa: PTH100, PTH120
    sys.excepthook = on_crash
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
