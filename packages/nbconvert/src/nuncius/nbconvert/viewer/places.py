"""Know the places where notebooks are: which path of the viewer an address has, and where a path leads to."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, unquote, urlsplit

from nuncius.nbconvert.viewer.addresses import Refused

__all__ = ["entries", "place", "source", "tree"]

_GIST = re.compile(r"[0-9a-f]{20,40}")
_SHORT = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
_OWN = frozenset({"format", "download", "flush_cache"})
_REVEAL = frozenset({
    "receiver", "progress", "history", "transition", "autoSlide", "backgroundTransition",
    "scrollActivationWidth", "controls", "postMessageEvents",
})  # fmt: skip


def place(url: str) -> str:
    """Return the viewer's path for an address; pages of code hosts lead to the files that they show.

    Args:
        url: An address, ``USER/REPOSITORY`` of GitHub, or the id of a gist.

    Raises:
        Refused: It is no address of the network.
    """
    url = url.strip()
    if _GIST.fullmatch(url):
        return f"/gist/{url}"
    if _SHORT.fullmatch(url):
        return f"/github/{url}/"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refused("expected an address that begins with http:// or https://")
    host = parts.netloc.lower()
    pieces = [unquote(piece) for piece in parts.path.strip("/").split("/")]
    if (known := _known(host, pieces)) is not None:
        return quote(known)
    path = parts.path
    if host.startswith("gitlab.") and "/-/blob/" in path:
        path = path.replace("/-/blob/", "/-/raw/", 1)
    kind = "urls" if parts.scheme == "https" else "url"
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?") if parts.query else ""
    netloc = quote(parts.netloc, safe="[]:@") if parts.netloc.isascii() else _idna(parts.netloc)
    return f"/{kind}/{netloc}{quote(unquote(path))}{query}"


def _known(host: str, pieces: list[str]) -> str | None:
    if host == "github.com" and len(pieces) > 4 and pieces[2] in ("blob", "raw"):
        return "/github/" + "/".join(pieces)
    if host == "github.com" and (len(pieces) == 2 or (len(pieces) > 3 and pieces[2] == "tree")):
        return "/github/" + "/".join(pieces) + "/"
    if host == "raw.githubusercontent.com" and len(pieces) > 3:
        return "/github/" + "/".join([*pieces[:2], "blob", *pieces[2:]])
    if host == "gist.github.com" and len(pieces) in (1, 2) and pieces[0]:
        return "/gist/" + "/".join(pieces)
    if host in ("nbviewer.org", "nbviewer.jupyter.org") and pieces[0] in ("github", "gist", "url", "urls"):  # fmt: skip
        return "/" + "/".join(pieces)
    return None


def _idna(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        raise Refused("that is no name of a host") from None


def source(kind: str, rest: str, query: str) -> str | None:
    """Return the address of the file that a path of the viewer stands for; None if it stands for none.

    Args:
        kind: The first part of the path: ``url``, ``urls``, ``github`` or ``gist``.
        rest: What follows, as it was asked for.
        query: That of the request.
    """
    if kind in ("url", "urls"):
        pieces = query.split("&")
        # The frames of the speaker's view ask for the same slides, with options for reveal.js.
        own = _OWN | _REVEAL if "receiver" in pieces else _OWN
        theirs = "&".join(p for p in pieces if p and p.partition("=")[0] not in own)
        return f"http{kind[3:]}://{rest}" + (f"?{theirs}" if theirs else "")
    pieces = rest.strip("/").split("/")
    if kind == "github" and len(pieces) > 4 and pieces[2] in ("blob", "raw"):
        return "https://raw.githubusercontent.com/" + "/".join(pieces[:2] + pieces[3:])
    if kind == "gist" and _GIST.fullmatch(pieces[0]):
        # Who has it is found by following where its page leads to.
        return f"https://gist.github.com/{pieces[0]}/raw" + "".join(f"/{p}" for p in pieces[1:])
    if kind == "gist" and len(pieces) in (2, 3):
        return f"https://gist.githubusercontent.com/{pieces[0]}/{pieces[1]}/raw" + "".join(f"/{p}" for p in pieces[2:])  # fmt: skip
    return None


def tree(rest: str) -> tuple[str, str, str] | None:
    """Return where the list of a folder on GitHub is, and what the viewer's path of a file in it has before and after ``tree`` or ``blob``; None for other paths."""
    user, _, more = rest.strip("/").partition("/")
    repository, _, more = more.partition("/")
    view, _, more = more.partition("/")
    if not repository or view not in ("", "tree"):
        return None
    ref, _, path = more.partition("/")
    ref = ref or "HEAD"
    below = f"{path}/" if path else ""
    address = f"https://api.github.com/repos/{user}/{repository}/contents/{path}?ref={ref}"
    return address, f"/github/{user}/{repository}/", f"/{ref}/{below}"


def entries(listing: bytes) -> list[tuple[str, bool]]:
    """Return name, and whether it is a folder, of what a reader may want of a list that GitHub gives.

    Raises:
        Refused: It is no list.
    """
    try:
        found = json.loads(listing)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise Refused("what came is no list of files")
    items = [(item["name"], item.get("type") == "dir") for item in found if isinstance(item, dict) and isinstance(item.get("name"), str)]  # fmt: skip
    shown = [(n, is_dir) for n, is_dir in items if (is_dir or n.endswith(".ipynb")) and not n.startswith(".")]  # fmt: skip
    return sorted(shown, key=lambda item: (not item[1], item[0].lower()))
