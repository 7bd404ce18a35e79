"""Run the Python kernel: ``python -m nuncius.kernel -f FILE``; ``python -m nuncius.kernel install``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # The folder that the kernel is started in is the person's: a file random.py there must not be
    # taken for Python's own while the kernel starts. It is put back before the first cell.
    if not sys.flags.safe_path and sys.path:
        del sys.path[0]
    from nuncius.kernel.app import main

    sys.exit(main())
