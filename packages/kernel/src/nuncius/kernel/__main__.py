"""Run the Python kernel: ``python -m nuncius.kernel -f FILE``; ``python -m nuncius.kernel install``."""

from __future__ import annotations

import sys

from nuncius.kernel.app import main

if __name__ == "__main__":
    sys.exit(main())
