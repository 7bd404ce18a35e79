"""The command ``nuncius view``: show notebooks in a browser, without a kernel and without running anything."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from nuncius.protocol.errors import NunciusError

if TYPE_CHECKING:
    from argparse import Namespace

    from nuncius.nbconvert.viewer.server import ViewerServer

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Run the command; return its exit code."""
    arguments = _parsed(argv)
    try:
        server, path = _server(arguments)
    except NunciusError as error:
        sys.stderr.write(f"nuncius view: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"nuncius view: cannot listen at {arguments.ip}:{arguments.port}: {error.strerror}\n")  # fmt: skip
        return 1
    with server:
        address = server.url + path.lstrip("/")
        sys.stdout.write(f"Showing {arguments.what or 'notebooks'} at {address}\nStop with Ctrl-C.\n")  # fmt: skip
        sys.stdout.flush()
        if arguments.browser:
            import webbrowser

            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.stdout.write("stopped\n")
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"expected a port, from 0 to 65535, got {text}")
    return int(text)


def _parsed(argv: list[str]) -> Namespace:
    parser = ArgumentParser(
        prog="nuncius view",
        description="Show notebooks as pages: read-only and sanitized. Nothing in them is run.",
    )
    parser.add_argument("what", nargs="?", default="", metavar="FILE|DIR|URL", help="a notebook, a folder, or the address of a notebook; nothing: a form for addresses")  # fmt: skip
    parser.add_argument("--port", type=_port, default=0, help="where to listen (default: any free port)")  # fmt: skip
    parser.add_argument("--ip", default="127.0.0.1", help="where to listen (default: this machine only)")  # fmt: skip
    parser.add_argument("--host", action="append", default=[], metavar="NAME", help="a name that this viewer may be called by; can be repeated")  # fmt: skip
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="open no browser")  # fmt: skip
    parser.add_argument("--allow", action="append", default=[], metavar="HOST", help="fetch from this host only (.example.org: and all below); can be repeated")  # fmt: skip
    parser.add_argument("--allow-private", action="append", default=[], metavar="HOST[:PORT]", help="fetch from this host though its address is not public; can be repeated")  # fmt: skip
    parser.add_argument("--rate", type=int, default=0, metavar="N", help="how many notebooks one client may have fetched or converted in a minute (default: any number)")  # fmt: skip
    parser.add_argument("--behind-proxy", action="store_true", help="a proxy stands before the viewer: who asks is in X-Forwarded-For")  # fmt: skip
    parser.add_argument("--offline", action="store_true", help="fetch nothing from the network")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="how long converting one notebook may take (default: 30)")  # fmt: skip
    parser.add_argument("--patience", type=float, default=15.0, metavar="SECONDS", help="how long a reader waits before a page says that it takes a while (default: 15)")  # fmt: skip
    return parser.parse_args(argv)


def _server(arguments: Namespace) -> tuple[ViewerServer, str]:
    """Return the server, and the path of what was asked for."""
    from nuncius.nbconvert.errors import NbConvertError
    from nuncius.nbconvert.viewer.addresses import Rules
    from nuncius.nbconvert.viewer.limit import Limiter
    from nuncius.nbconvert.viewer.server import ViewerServer
    from nuncius.nbconvert.viewer.site import Site, place
    from nuncius.nbconvert.viewer.worker import Worker

    what = arguments.what
    root = None
    path = ""
    if what.startswith(("http://", "https://")):
        path = place(what)
    elif what:
        root = Path(what)
        if not root.exists():
            raise NbConvertError(f"there is no file or folder {what!r}; an address begins with http:// or https://")  # fmt: skip
    rules = Rules(tuple(arguments.allow), tuple(arguments.allow_private), not arguments.offline)
    site = Site(
        root,
        rules,
        Worker(arguments.timeout),
        limiter=Limiter(arguments.rate),
        patience=arguments.patience,
    )
    return ViewerServer(arguments.ip, arguments.port, site, arguments.host, proxied=arguments.behind_proxy), path  # fmt: skip
