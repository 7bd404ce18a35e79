"""Run the Python kernel: ``python -m nuncius.kernel -f FILE``; ``python -m nuncius.kernel install``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Ctrl-C before the server has its own handler ends the start without a traceback.
    import os
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    # The folder that the kernel is started in is the person's: a file random.py there must not be
    # taken for Python's own while the kernel starts. It is put back before the first cell.
    if not sys.flags.safe_path and sys.path:
        del sys.path[0]
    from nuncius.kernel.app import main

    sys.exit(main())
