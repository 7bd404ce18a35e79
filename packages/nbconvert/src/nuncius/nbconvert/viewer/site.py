"""Answer requests: which notebook is meant, and what is sent. No sockets here."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit

from nuncius.nbconvert.errors import NbConvertError
from nuncius.nbconvert.viewer import pages
from nuncius.nbconvert.viewer.addresses import Refused, Rules
from nuncius.nbconvert.viewer.cache import Cache
from nuncius.nbconvert.viewer.fetch import Fetched, Limits, fetch
from nuncius.nbconvert.viewer.jobs import Busy, Jobs
from nuncius.nbconvert.viewer.limit import Limiter
from nuncius.nbconvert.viewer.places import entries, place, source, tree
from nuncius.nbconvert.viewer.worker import FORMATS, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Answer", "Site", "place"]

_HTML = "text/html; charset=utf-8"
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"})
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; font-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
#: Seconds for which what was fetched is taken as it was, the shortest and the longest time; between them, so many times what it took to get and to convert it.
_FRESH = (600.0, 7200.0)
_FRESH_PER_SECOND = 120.0
#: Seconds after which a page that says "still working" asks again.
_AGAIN = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent.

    Attributes:
        status: The HTTP status.
        body: The content.
        mime: Its type.
        headers: Further headers.
        policy: What the page may load and run.
    """

    status: int
    body: bytes
    mime: str = _HTML
    headers: dict[str, str] = field(default_factory=dict)
    policy: str = _POLICY

    @property
    def all_headers(self) -> dict[str, str]:
        """All headers: scripts of a notebook cannot run, whatever it does to get them into the page."""
        return {
            "Content-Type": self.mime,
            "Content-Security-Policy": self.policy + ("; sandbox" if self.mime == "image/svg+xml" else ""),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            **self.headers,
        }  # fmt: skip


@lru_cache(maxsize=1)
def _slides_policy() -> str:
    """Return the policy for slides: the scripts that show slides run, and no other; the speaker's view shows them in frames."""
    from nuncius.nbconvert.options import SlidesExporter
    from nuncius.nbconvert.render.slides import speaker_script, start

    scripts = re.findall(r"<script>(.*?)</script>", "".join(start(SlidesExporter())), re.DOTALL)
    scripts.append(speaker_script())
    sums = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts
    ]
    framed = _POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'; frame-src 'self'")
    return f"{framed}; script-src " + " ".join(f"'sha256-{value}'" for value in sums)


class _TooMuch(NbConvertError):
    def __init__(self, seconds: int) -> None:
        super().__init__(f"you have asked for many notebooks; try again in {seconds} s")
        self.seconds = seconds


class Site:
    """The viewer.

    Args:
        root: The folder, or the one notebook, that is shown; None for no files.
        rules: Where may be fetched from.
        worker: Converts.
        limits: How much is fetched.
        clock: Gives seconds.
        limiter: Says how much one client may ask for.
        get: Fetches a file.
        patience: Seconds that somebody waits for a page before being told that it is still being made.
    """

    def __init__(
        self,
        root: Path | None,
        rules: Rules,
        worker: Worker | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        limiter: Limiter | None = None,
        get: Callable[..., Fetched] = fetch,
        patience: float = 15.0,
    ) -> None:
        self._only = root if root is not None and root.is_file() else None
        self._root = None if root is None else (root.parent if self._only else root).resolve()
        self._rules, self._limits, self._clock = rules, limits or Limits(), clock
        self._worker = worker or Worker()
        self._jobs, self._patience = Jobs(256 * 1024 * 1024), patience
        #: Seconds that it took to get and to convert what is at an address.
        self._took: Cache[float] = Cache(10_000)
        self._fetched: Cache[tuple[float, Fetched]] = Cache(128 * 1024 * 1024)
        self._limiter, self._get = limiter or Limiter(0), get
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()

    def answer(self, target: str, client: str = "") -> Answer:
        """Return the answer to a request.

        Args:
            target: Path and query.
            client: Who asks.
        """
        path, _, query = target.partition("?")
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        try:
            answer = self._routed(path, query, asked, client)
        except _TooMuch as error:
            answer = Answer(429, pages.failure("Too much at once", str(error)).encode(), headers={"Retry-After": str(error.seconds)})  # fmt: skip
        except Busy as error:
            answer = Answer(503, pages.failure("Too much at once", str(error)).encode(), headers={"Retry-After": str(_AGAIN)})  # fmt: skip
        except Refused as error:
            answer = Answer(403, pages.failure("This is not shown", str(error)).encode())
        except NbConvertError as error:
            answer = Answer(422, pages.failure("This notebook cannot be shown", str(error)).encode("utf-8", "replace"))  # fmt: skip
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not there"  # fmt: skip
            answer = Answer(404, pages.failure("Not found", why).encode())
        self._count(f'nuncius_viewer_answers_total{{status="{answer.status}"}}')
        return answer

    def _count(self, what: str) -> None:
        with self._counting:
            self._counts[what] += 1

    def _metrics(self) -> Answer:
        """Return figures in the text format of Prometheus."""
        with self._counting:
            counts = sorted(self._counts.items())
        sizes = [("fetched", self._fetched.size), ("rendered", self._jobs.size)]
        lines = [f"{name} {count}" for name, count in counts]
        lines += [f'nuncius_viewer_cache_bytes{{cache="{name}"}} {size}' for name, size in sizes]
        return Answer(200, ("\n".join(lines) + "\n").encode(), "text/plain; version=0.0.4; charset=utf-8")  # fmt: skip

    def _routed(self, path: str, query: str, asked: dict[str, str], client: str) -> Answer:
        kind, _, rest = path.lstrip("/").partition("/")
        if not kind:
            if self._root is None:
                return Answer(200, pages.start(self._rules.network).encode())
            start = "/file/" + (quote(self._only.name) if self._only else "")
            return Answer(302, b"", headers={"Location": start})
        if kind == "health":
            return Answer(200, b"ok\n", "text/plain; charset=utf-8")
        if kind == "metrics":
            return self._metrics()
        if kind == "format" and not rest.startswith("format/"):
            to, _, rest = rest.partition("/")
            return self._routed(f"/{rest}", query, {**asked, "format": to}, client)
        if kind == "go":
            return Answer(302, b"", headers={"Location": place(asked.get("url", ""))})
        if kind in ("file", "localfile"):
            return self._file(unquote(rest), asked, client)
        if (url := source(kind, rest, query)) is not None:
            return self._remote(url, asked, client)
        if kind == "github" and (found := tree(rest)) is not None:
            return self._folder_there(*found, title=unquote(rest), client=client)
        raise FileNotFoundError(2, "there is no such page")

    # -- files

    def _file(self, name: str, asked: dict[str, str], client: str) -> Answer:
        if self._root is None:
            raise Refused("this viewer shows no files")
        path = (self._root / name).resolve()
        inside = path.is_relative_to(self._root)
        if "\0" in name or not inside or any(part.startswith(".") for part in path.relative_to(self._root).parts):  # fmt: skip
            raise Refused("that is outside of the folder that is shown, or hidden")
        if path.is_dir():
            return self._folder(path, name)
        mime = mimetypes.guess_type(path.name)[0] or ""
        if mime in _PICTURES:
            return Answer(200, path.read_bytes(), mime)
        if path.suffix != ".ipynb" or (self._only and path != self._only.resolve()):
            raise Refused("only notebooks and pictures are shown")
        return self._notebook(path.read_bytes(), path.stem, asked, client, up="" if self._only else "./", origin="")  # fmt: skip

    def _folder(self, path: Path, name: str) -> Answer:
        if self._only:
            raise Refused("this viewer shows one notebook")
        if name and not name.endswith("/"):
            return Answer(302, b"", headers={"Location": f"/file/{quote(name)}/"})
        shown = [p for p in path.iterdir() if not p.name.startswith(".") and (p.is_dir() or p.suffix == ".ipynb")]  # fmt: skip
        ordered = sorted(((p.name, p.is_dir()) for p in shown), key=lambda e: (not e[1], e[0].lower()))  # fmt: skip
        return Answer(200, pages.folder(name.strip("/"), ordered).encode("utf-8", "replace"))

    # -- the network

    def _folder_there(self, address: str, before: str, after: str, title: str, client: str) -> Answer:  # fmt: skip
        found = entries(self._fetch(address, client))
        links = [(name, is_folder, f"{before}{'tree' if is_folder else 'blob'}{after}{quote(name)}") for name, is_folder in found]  # fmt: skip
        return Answer(200, pages.listing(title, links).encode("utf-8", "replace"))

    def _remote(self, url: str, asked: dict[str, str], client: str) -> Answer:
        if asked.get("flush_cache"):
            self._fetched.forget(url)
        data = self._fetch(url, client)
        mime = mimetypes.guess_type(urlsplit(url).path)[0] or ""
        if mime in _PICTURES:
            return Answer(200, data, mime)
        name = unquote(urlsplit(url).path.rpartition("/")[2]).removesuffix(".ipynb") or "notebook"
        return self._notebook(data, name, asked, client, up="", origin=url)

    def _share(self, client: str) -> None:
        """Take one of what a client may ask for: only what costs something is counted."""
        if wait := self._limiter.take(client):
            raise _TooMuch(int(wait) + 1)

    def _fetch(self, url: str, client: str) -> bytes:
        """Return a file; one that was fetched lately is taken as it was, an older one if it has not changed."""
        now = self._clock()
        kept = self._fetched.get(url)
        if kept is not None and now - kept[0] < self._fresh(url):
            return kept[1].data or b""
        old = kept[1] if kept is not None else None
        self._share(client)
        self._count("nuncius_viewer_fetches_total")
        try:
            new = self._get(url, self._rules, self._limits, old.etag if old else "")
        except Refused:
            if old is None or old.data is None:
                raise
            return old.data  # better an old one than none
        if new.data is None and old is not None:
            new = old
        else:
            self._took.put(url, self._clock() - now, 1)
        self._fetched.put(url, (now, new), len(new.data or b""))
        return new.data or b""

    def _fresh(self, url: str) -> float:
        """Return for how many seconds what is at an address is taken as it was: longer where it is much work."""
        seconds = _FRESH_PER_SECOND * (self._took.get(url) or 0.0)
        return min(max(seconds, _FRESH[0]), _FRESH[1])

    def _notebook(self, data: bytes, name: str, asked: dict[str, str], client: str, up: str, origin: str) -> Answer:  # fmt: skip
        if asked.get("download"):
            headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.ipynb"}
            return Answer(200, data, "application/x-ipynb+json", headers)
        to = asked.get("format", "html")
        if to not in FORMATS:
            raise Refused(f"the format {to!r} is not one of {', '.join(FORMATS)}")
        key = (hashlib.sha256(data).digest(), name, to)
        if asked.get("flush_cache"):
            self._jobs.forget(key)
        if not self._jobs.known(key):
            self._share(client)
            self._count(f'nuncius_viewer_conversions_total{{format="{to}"}}')
        done = self._jobs.get(key, partial(self._worker.render, data, name, to), self._patience)
        if done is None:
            headers = {"Refresh": str(_AGAIN), "Retry-After": str(_AGAIN), "Cache-Control": "no-store"}  # fmt: skip
            return Answer(202, pages.working(name).encode("utf-8", "replace"), headers=headers)
        if origin:
            self._took.put(origin, max(done.seconds, self._took.get(origin) or 0.0), 1)
        made = done.body
        if to == "html":
            start = made.find(b">", made.find(b"<body")) + 1
            bar = pages.bar(up, origin, slides=b'"slideshow"' in data)
            made = made[:start] + bar.encode("utf-8", "replace") + made[start:]
        return Answer(
            200, made, FORMATS[to], policy=_slides_policy() if to == "slides" else _POLICY
        )
