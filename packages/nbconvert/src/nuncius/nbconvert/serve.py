"""Show a result in a browser: a small server for the folder it is in."""

from __future__ import annotations

import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nuncius.nbconvert.errors import FilterError
from nuncius.nbconvert.options import ServePostProcessor

if TYPE_CHECKING:
    from nuncius.nbconvert.configured import Configured

__all__ = ["open_server", "postprocess", "serve"]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


def postprocess(name: str, path: Path, configured: Configured) -> None:
    """Do what comes after a result is written: ``serve`` it, or call the class at a dotted path."""
    if name.lower().removesuffix("postprocessor") == "serve":
        serve(path, configured.of(ServePostProcessor))
        return
    from nuncius.nbconvert.loading import config_of, load

    processor = load(name)(config=config_of(configured.settings))
    run = getattr(processor, "postprocess", processor)
    if not callable(run):
        raise FilterError(f"{name!r} has no method postprocess(path)")
    run(str(path))


def open_server(path: Path, options: ServePostProcessor) -> tuple[ThreadingHTTPServer, str]:
    """Return a server for the folder of a file, bound but not yet serving, and the file's address."""
    handler = partial(_Quiet, directory=str(path.parent))
    server = ThreadingHTTPServer((options.ip, options.port), handler)
    host = f"[{options.ip}]" if ":" in options.ip else options.ip
    return server, f"http://{host}:{server.server_address[1]}/{quote(path.name)}"


def serve(path: Path, options: ServePostProcessor) -> None:
    """Serve a file until Ctrl-C."""
    server, address = open_server(path, options)
    with server:
        print(f"Serving {address}; stop with Ctrl-C")  # noqa: T201 - this is what the person waits for
        if options.open_in_browser:
            webbrowser.get(options.browser or None).open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped")  # noqa: T201
