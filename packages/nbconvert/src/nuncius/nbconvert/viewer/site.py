"""Answer requests: which notebook is meant, and what is sent. No sockets here."""

from __future__ import annotations

import hashlib
import mimetypes
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit

from nuncius.nbconvert.errors import NbConvertError
from nuncius.nbconvert.viewer import pages
from nuncius.nbconvert.viewer.addresses import Refused, Rules
from nuncius.nbconvert.viewer.cache import Cache
from nuncius.nbconvert.viewer.fetch import Fetched, Limits, fetch
from nuncius.nbconvert.viewer.worker import FORMATS, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Answer", "Site", "place"]

_HTML = "text/html; charset=utf-8"
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"})
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; font-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_FRESH = 600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent.

    Attributes:
        status: The HTTP status.
        body: The content.
        mime: Its type.
        headers: Further headers.
    """

    status: int
    body: bytes
    mime: str = _HTML
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def all_headers(self) -> dict[str, str]:
        """All headers: scripts of a notebook cannot run, whatever it does to get them into the page."""
        return {
            "Content-Type": self.mime,
            "Content-Security-Policy": _POLICY + ("; sandbox" if self.mime == "image/svg+xml" else ""),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            **self.headers,
        }  # fmt: skip


def place(url: str) -> str:
    """Return the viewer's path for an address; pages of GitHub lead to the files that they show.

    Raises:
        Refused: It is no address of the network.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refused("expected an address that begins with http:// or https://")
    pieces = parts.path.strip("/").split("/")
    if parts.netloc == "github.com" and len(pieces) > 4 and pieces[2] in ("blob", "raw"):
        return "/github/" + quote("/".join(pieces))
    if parts.netloc == "gist.github.com" and len(pieces) == 2:
        return "/gist/" + quote("/".join(pieces))
    kind = "urls" if parts.scheme == "https" else "url"
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?") if parts.query else ""
    host = quote(parts.netloc, safe="[]:@") if parts.netloc.isascii() else _idna(parts.netloc)
    return f"/{kind}/{host}{quote(unquote(parts.path))}{query}"


def _idna(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        raise Refused("that is no name of a host") from None


class Site:
    """The viewer.

    Args:
        root: The folder, or the one notebook, that is shown; None for no files.
        rules: Where may be fetched from.
        worker: Converts.
        limits: How much is fetched.
        clock: Gives seconds.
    """

    def __init__(
        self,
        root: Path | None,
        rules: Rules,
        worker: Worker | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._only = root if root is not None and root.is_file() else None
        self._root = None if root is None else (root.parent if self._only else root).resolve()
        self._rules, self._limits, self._clock = rules, limits or Limits(), clock
        self._worker = worker or Worker()
        self._rendered: Cache[bytes] = Cache(256 * 1024 * 1024)
        self._fetched: Cache[tuple[float, Fetched]] = Cache(128 * 1024 * 1024)

    def answer(self, target: str) -> Answer:
        """Return the answer to a request for a path with its query."""
        path, _, query = target.partition("?")
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        try:
            return self._routed(path, query, asked)
        except Refused as error:
            return Answer(403, pages.failure("This is not shown", str(error)).encode())
        except NbConvertError as error:
            return Answer(422, pages.failure("This notebook cannot be shown", str(error)).encode())
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not there"  # fmt: skip
            return Answer(404, pages.failure("Not found", why).encode())

    def _routed(self, path: str, query: str, asked: dict[str, str]) -> Answer:
        kind, _, rest = path.lstrip("/").partition("/")
        if not kind:
            if self._root is None:
                return Answer(200, pages.start(self._rules.network).encode())
            start = "/file/" + (quote(self._only.name) if self._only else "")
            return Answer(302, b"", headers={"Location": start})
        if kind == "go":
            return Answer(302, b"", headers={"Location": place(asked.get("url", ""))})
        if kind == "file":
            return self._file(unquote(rest), asked)
        if kind in ("url", "urls"):
            own = {"format", "download", "flush_cache"}
            theirs = "&".join(part for part in query.split("&") if part and part.partition("=")[0] not in own)  # fmt: skip
            return self._remote(
                f"http{kind[3:]}://{rest}" + (f"?{theirs}" if theirs else ""), asked
            )
        if kind == "github":
            user, repository, view, *where = rest.split("/")
            if view in ("blob", "raw") and len(where) > 1:
                return self._remote(f"https://raw.githubusercontent.com/{user}/{repository}/{'/'.join(where)}", asked)  # fmt: skip
        if kind == "gist" and rest.count("/") == 1:
            return self._remote(f"https://gist.githubusercontent.com/{rest}/raw", asked)
        raise FileNotFoundError(2, "there is no such page")

    # -- files

    def _file(self, name: str, asked: dict[str, str]) -> Answer:
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
        return self._notebook(path.read_bytes(), path.stem, asked, up="" if self._only else "./", origin="")  # fmt: skip

    def _folder(self, path: Path, name: str) -> Answer:
        if self._only:
            raise Refused("this viewer shows one notebook")
        if name and not name.endswith("/"):
            return Answer(302, b"", headers={"Location": f"/file/{quote(name)}/"})
        shown = [p for p in path.iterdir() if not p.name.startswith(".") and (p.is_dir() or p.suffix == ".ipynb")]  # fmt: skip
        ordered = sorted(((p.name, p.is_dir()) for p in shown), key=lambda e: (not e[1], e[0].lower()))  # fmt: skip
        return Answer(200, pages.folder(name.strip("/"), ordered).encode("utf-8", "replace"))

    # -- the network

    def _remote(self, url: str, asked: dict[str, str]) -> Answer:
        if asked.get("flush_cache"):
            self._fetched.forget(url)
        data = self._fetch(url)
        mime = mimetypes.guess_type(urlsplit(url).path)[0] or ""
        if mime in _PICTURES:
            return Answer(200, data, mime)
        name = unquote(urlsplit(url).path.rpartition("/")[2]).removesuffix(".ipynb") or "notebook"
        return self._notebook(data, name, asked, up="", origin=url)

    def _fetch(self, url: str) -> bytes:
        """Return a file; one that was fetched lately is taken as it was, an older one if it has not changed."""
        now = self._clock()
        kept = self._fetched.get(url)
        if kept is not None and now - kept[0] < _FRESH:
            return kept[1].data or b""
        old = kept[1] if kept is not None else None
        try:
            new = fetch(url, self._rules, self._limits, old.etag if old else "")
        except Refused:
            if old is None or old.data is None:
                raise
            return old.data  # better an old one than none
        if new.data is None and old is not None:
            new = old
        self._fetched.put(url, (now, new), len(new.data or b""))
        return new.data or b""

    def _notebook(self, data: bytes, name: str, asked: dict[str, str], up: str, origin: str) -> Answer:  # fmt: skip
        if asked.get("download"):
            headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.ipynb"}
            return Answer(200, data, "application/x-ipynb+json", headers)
        to = asked.get("format", "html")
        if to not in FORMATS:
            raise Refused(f"the format {to!r} is not one of {', '.join(FORMATS)}")
        key = (hashlib.sha256(data).digest(), name, to)
        made = self._rendered.get(key)
        if made is None:
            made = self._worker.render(data, name, to)
            self._rendered.put(key, made, len(made))
        if to == "html":
            start = made.find(b">", made.find(b"<body")) + 1
            made = made[:start] + pages.bar(up, origin).encode("utf-8", "replace") + made[start:]
        return Answer(200, made, FORMATS[to])
