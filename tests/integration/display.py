"""An X display that nobody sees."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["hidden_display"]


@contextmanager
def hidden_display() -> Iterator[str]:
    """Run an X server; yield the name of its display."""
    server = shutil.which("Xvfb")
    assert server, "Xvfb is needed: apt-get install xvfb"
    reading, writing = os.pipe()
    with subprocess.Popen(
        [server, "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(writing)
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        yield f":{number}"
        process.terminate()
