"""Make each page once, however many ask for it, and let nobody wait too long for one that takes its time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nuncius.nbconvert.errors import NbConvertError
from nuncius.nbconvert.viewer.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Busy", "Jobs", "Made"]

#: What is kept of a failure, in bytes: it is as much work to fail as to succeed.
_FAILURE = 1000


class Busy(NbConvertError):
    """So much is being made that nothing more is begun."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a job.

    Attributes:
        body: The page.
        seconds: How long it took.
        error: Why there is none.
    """

    body: bytes
    seconds: float
    error: NbConvertError | None = None


class Jobs:
    """What is being made, and what was.

    Args:
        limit: How many bytes of pages are kept.
        most: How many jobs may be begun and not finished.
    """

    def __init__(self, limit: int, most: int = 64) -> None:
        self._made: Cache[Made] = Cache(limit)
        self._running: dict[object, Future[Made]] = {}
        self._most = most
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._made.size

    def known(self, key: object) -> bool:
        """Tell whether a page is there, or is being made."""
        with self._lock:
            return key in self._running or self._made.get(key) is not None

    def forget(self, key: object) -> None:
        """Make a page anew when it is asked for again."""
        self._made.forget(key)

    def get(self, key: object, make: Callable[[], bytes], patience: float) -> Made | None:
        """Return a page; None if it is not there in time: then it is being made, and may be asked for again.

        Args:
            key: What it depends on.
            make: Makes it, in a thread of its own.
            patience: Seconds to wait.

        Raises:
            NbConvertError: Why it cannot be made.
            Busy: Too much is being made.
        """
        with self._lock:
            made = self._made.get(key)
            if made is None:
                job = self._running.get(key) or self._begun(key, make)
        if made is None:
            try:
                made = job.result(patience)
            except NotYet:
                return None
        if made.error is not None:
            raise made.error
        return made

    def _begun(self, key: object, make: Callable[[], bytes]) -> Future[Made]:
        if len(self._running) >= self._most:
            raise Busy("many notebooks are being converted; try again in a moment")
        job = self._running[key] = Future()
        threading.Thread(target=self._run, args=(key, make, job), daemon=True).start()
        return job

    def _run(self, key: object, make: Callable[[], bytes], job: Future[Made]) -> None:
        started = time.monotonic()
        try:
            body, error = make(), None
        except NbConvertError as failure:
            body, error = b"", failure
        except Exception as failure:  # noqa: BLE001 - whoever waits gets it, whatever it is
            with self._lock:
                del self._running[key]
            job.set_exception(failure)
            return
        made = Made(body, time.monotonic() - started, error)
        with self._lock:
            self._made.put(key, made, len(body) + _FAILURE)
            del self._running[key]
        job.set_result(made)
