"""Convert a notebook that nobody vouches for in a process of its own, with limits on its time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

from nuncius.nbconvert.errors import NbConvertError

__all__ = ["FORMATS", "Worker", "main"]

#: What can be shown, and its MIME type.
FORMATS = {
    "html": "text/html; charset=utf-8",
    "slides": "text/html; charset=utf-8",
    "markdown": "text/plain; charset=utf-8",
    "script": "text/plain; charset=utf-8",
}


class Worker:
    """Converts notebooks, a few at a time.

    Args:
        seconds: How long one may take.
        memory: How many bytes one may take; where the system knows such limits.
        at_once: How many are converted at a time.
    """

    def __init__(self, seconds: float = 30.0, memory: int = 2 * 1024**3, at_once: int = 2) -> None:
        self._seconds, self._memory = seconds, memory
        self._slots = threading.BoundedSemaphore(at_once)

    def render(self, data: bytes, name: str, to: str) -> bytes:
        """Return a notebook in one of `FORMATS`.

        Raises:
            NbConvertError: It is no notebook, takes too long or too much; says so.
        """
        asked = json.dumps({"name": name, "to": to, "memory": self._memory, "seconds": self._seconds})  # fmt: skip
        command = [sys.executable, "-P", "-m", "nuncius.nbconvert.viewer.worker", asked]
        with self._slots:
            try:
                done = subprocess.run(command, input=data, capture_output=True, timeout=self._seconds, check=False)  # fmt: skip
            except subprocess.TimeoutExpired:
                raise NbConvertError(f"it could not be converted in {self._seconds:g} s") from None
        if done.returncode == 0:
            return done.stdout
        if done.returncode == 3:
            raise NbConvertError(done.stderr.decode("utf-8", "replace").strip())
        raise NbConvertError("it needs more time or memory than the viewer gives a notebook")


def _limit(memory: int, seconds: float) -> None:
    if sys.platform == "win32":
        return
    import resource

    for name, value in (("RLIMIT_AS", memory), ("RLIMIT_CPU", int(seconds) + 1), ("RLIMIT_CORE", 0)):  # fmt: skip
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (OSError, ValueError):  # macOS knows the name of some, and not the thing
            continue


def _convert(data: bytes, name: str, to: str) -> bytes:
    from nuncius.nbconvert.configured import Configured
    from nuncius.nbconvert.conversion import convert, initial_resources
    from nuncius.nbconvert.formats import FORMATS as TARGETS
    from nuncius.nbconvert.notebook import loads
    from nuncius.nbconvert.options import HTMLExporter, SlidesExporter
    from nuncius.nbconvert.writing import as_bytes

    types = list(TARGETS["html"].types)
    pages: list[HTMLExporter] = [
        HTMLExporter(sanitize_html=True, theme="auto", display_data_priority=types),
        SlidesExporter(sanitize_html=True, display_data_priority=types),
    ]
    configured = Configured((), pages if to in ("html", "slides") else [])
    result = convert(loads(data, name), TARGETS[to], configured, initial_resources(name))
    return as_bytes(result.chunks)


def main(asked: str) -> int:
    """Convert what comes on standard input; 3 says that the notebook is to blame."""
    from nuncius.protocol.errors import NunciusError

    wanted = json.loads(asked)
    _limit(wanted["memory"], wanted["seconds"])
    try:
        made = _convert(sys.stdin.buffer.read(), wanted["name"], wanted["to"])
    except (NunciusError, RecursionError) as error:
        sys.stderr.write(str(error))
        return 3
    except MemoryError:
        return 4
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
