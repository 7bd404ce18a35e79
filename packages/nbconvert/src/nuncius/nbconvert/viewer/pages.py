"""Write the viewer's own pages: folders, the form for an address, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from nuncius.nbconvert.markup import attribute, text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["bar", "failure", "folder", "listing", "start", "working"]

_STYLE = """:root{color-scheme:light dark;--line:#8886}
body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}
a{color:#0b57a4}@media(prefers-color-scheme:dark){a{color:#8ab4f8}}
ul{list-style:none;padding:0}li{border-bottom:1px solid var(--line);padding:.3rem 0}
input{font:inherit;width:70%;padding:.3rem}button{font:inherit;padding:.3rem .8rem}"""
_BAR = """<nav aria-label="Viewer" style="font:14px/1.4 system-ui,sans-serif;padding:.4rem 1rem;border-bottom:1px solid #8886">%s</nav>"""


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{text(title)}</h1>\n{body}</main></body></html>\n"
    )


def start(network: bool) -> str:
    """Return the page with the form for an address."""
    form = (
        '<form action="/go"><label>Address of a notebook, <i>user/repository</i> of GitHub, or id of a gist<br><input name="url" type="text" autofocus placeholder="https://…/notebook.ipynb"></label> '
        "<button>Show</button></form>"
    )
    return _page("Notebook viewer", form if network else "<p>This viewer shows no notebooks from the network.</p>")  # fmt: skip


def folder(path: str, entries: Iterable[tuple[str, bool]]) -> str:
    """Return the page of a folder.

    Args:
        path: Of the folder, from the viewer's root; "" for the root itself.
        entries: Name, and whether it is a folder, of what is in it.
    """
    lines = ['<li><a href="../">..</a></li>'] if path else []
    lines += [
        f"<li><a href={attribute(quote(name) + ('/' if is_folder else ''))}>{text(name)}{'/' if is_folder else ''}</a></li>"
        for name, is_folder in entries
    ]
    listed = f"<ul>{''.join(lines)}</ul>" if lines else "<p>There are no notebooks here.</p>"
    return _page(path or "Notebooks", listed)


def listing(title: str, entries: Iterable[tuple[str, bool, str]]) -> str:
    """Return the page of a folder that is elsewhere.

    Args:
        title: Of the page.
        entries: Name, whether it is a folder, and address, of what is in it.
    """
    lines = [f"<li><a href={attribute(to)}>{text(name)}{'/' if is_folder else ''}</a></li>" for name, is_folder, to in entries]  # fmt: skip
    listed = f"<ul>{''.join(lines)}</ul>" if lines else "<p>There are no notebooks here.</p>"
    return _page(title, listed)


def failure(title: str, why: str) -> str:
    """Return the page that says why there is no other."""
    return _page(title, f'<p>{text(why)}</p><p><a href="/">Back to the start</a></p>')


def working(name: str) -> str:
    """Return the page that is shown while a notebook takes its time."""
    said = "This notebook takes a while. It is shown here as soon as it is ready; you need not do anything."
    return _page(name, f'<p role="status">{said}</p>')


def bar(up: str, origin: str, *, slides: bool = False) -> str:
    """Return the line above a notebook: where it is from, and what else can be had of it.

    Args:
        up: The address of its folder.
        origin: Its own address, if it is not here.
        slides: It is meant to be shown as slides too.
    """
    links = [
        f"<a href={attribute(up)}>↑ Folder</a>" if up else '<a href="/">Start</a>',
        '<a href="?format=slides">Slides</a>' if slides else "",
        '<a href="?format=script">Script</a>',
        '<a href="?format=markdown">Markdown</a>',
        '<a href="?download=1">Download</a>',
        '<a href="?flush_cache=true">Fetch again</a>' if origin else "",
        _binder(origin),
        text(origin),
    ]
    return _BAR % " · ".join(link for link in links if link)


def _binder(origin: str) -> str:
    """Return a link to where a notebook of GitHub can be run."""
    host, _, path = origin.partition("://")[2].partition("/")
    pieces = path.split("/", 3)
    if host != "raw.githubusercontent.com" or len(pieces) < 4:
        return ""
    user, repository, ref, file = pieces
    to = f"https://mybinder.org/v2/gh/{user}/{repository}/{ref}?labpath={file}"
    return f'<a href={attribute(to)} rel="noopener noreferrer">Run on Binder</a>'
