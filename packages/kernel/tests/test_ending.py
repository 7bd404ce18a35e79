"""What becomes of the person's objects when the process ends."""

from __future__ import annotations

import subprocess
import sys


def test_a_file_that_nobody_closed_has_what_was_written(tmp_path):
    """As with ``python``: and what is registered with atexit still finds the variables."""
    path = tmp_path / "file.txt"
    cell = f"import atexit; f = open({str(path)!r}, 'w'); f.write('kept'); atexit.register(lambda: print(f.closed)); open({str(path)!r} + '2', 'w').write('kept')"
    code = f"""
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.serving.host import CallHost, find_kernel
from nuncius.protocol.transport.memory import MemoryChannels

with CallHost(find_kernel("python")()) as host, Client(MemoryChannels(host)) as client:
    assert client.execute({cell!r}).result().ok
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, path.read_text()) == ("False\n", "kept")
