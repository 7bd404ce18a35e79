"""Print pages with a browser that is installed: Chromium, Chrome or Edge, spoken to over a pipe.

The protocol is Chrome's DevTools protocol over file descriptors 3 and 4: no port is opened, so nothing else on the machine can speak to the browser.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from nuncius.nbconvert.errors import ConversionException

__all__ = ["Browser", "Printing", "find", "print_page"]

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge", "msedge", "brave-browser")  # fmt: skip
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_LIMIT = 512 * 1024 * 1024
#: Puts the two ends of the pipes where the browser looks for them, and becomes the browser.
_START = """import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])"""
_HEIGHT = "Math.ceil(Math.max(document.documentElement.scrollHeight, document.body.scrollHeight))"
_LOADED = "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))"  # fmt: skip
_QUIET = "document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => setTimeout(done, %d))))"


@dataclass(frozen=True, slots=True)
class Printing:
    """How a page is printed.

    Attributes:
        paginate: Split into pages of A4; otherwise one page as long as it takes.
        timeout: How long to wait for the page, in seconds.
        sandbox: Run the browser's processes in its sandbox.
        arguments: Further arguments of the browser.
        settle: How long scripts have after the page is there, in milliseconds.
        picture: A PNG instead of a PDF.
    """

    paginate: bool = True
    timeout: float = 30.0
    sandbox: bool = True
    arguments: tuple[str, ...] = ()
    settle: int = 50
    picture: bool = False


def find() -> str | None:
    """Return the path of a browser that can print; None if there is none."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    return next((place for place in _PLACES if Path(place).exists()), None)


def print_page(html: bytes, printing: Printing) -> bytes:
    """Return a page as PDF, or as PNG.

    Raises:
        ConversionException: There is no browser, or it fails; says what it said.
    """
    program = find()
    if program is None:
        raise ConversionException(
            "no browser was found: install Chromium, Chrome or Edge, or use --to pdf, which needs none"
        )
    if sys.platform == "win32":
        return _by_command(program, html, printing)
    with (
        tempfile.TemporaryDirectory(
            prefix="nuncius-browser-", ignore_cleanup_errors=True
        ) as folder,
        Browser(program, folder, printing) as browser,
    ):
        return browser.print(html.decode("utf-8", "replace"))


def _arguments(program: str, folder: str, printing: Printing) -> list[str]:
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # its sandbox refuses to run for root
    return [
        program, "--headless=new", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--hide-scrollbars",
        "--disable-background-networking", "--disable-extensions", "--disable-component-update", "--disable-dev-shm-usage",
        f"--user-data-dir={folder}/profile",
        *(() if printing.sandbox and not root else ("--no-sandbox",)),
        *printing.arguments,
    ]  # fmt: skip


def _by_command(program: str, html: bytes, printing: Printing) -> bytes:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page, target = Path(folder, "page.html"), Path(folder, "result")
        page.write_bytes(html)
        what = [f"--screenshot={target}"] if printing.picture else ["--no-pdf-header-footer", f"--print-to-pdf={target}"]  # fmt: skip
        command = [*_arguments(program, folder, printing), *what, page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=printing.timeout, check=False)  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ConversionException(f"the browser did not finish in {printing.timeout:g} s") from None  # fmt: skip
        if not target.exists():
            raise ConversionException(f"the browser failed: {done.stderr.decode('utf-8', 'replace')[-2000:]}")  # fmt: skip
        return target.read_bytes()


class Browser:
    """A browser and the pipe to it; ends with the block.

    Args:
        program: Its path.
        folder: For its profile and log.
        printing: How it prints, and how long it has for everything.

    Attributes:
        events: What it said without being asked, of the domains that were enabled.
    """

    def __init__(self, program: str, folder: str, printing: Printing) -> None:
        self._printing = printing
        self._deadline = time.monotonic() + printing.timeout
        self._number = 0
        self.events: list[dict[str, Any]] = []
        self._buffer = b""
        self._log = Path(folder, "log")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        command = [*_arguments(program, folder, printing), "--remote-debugging-pipe", "about:blank"]
        starter = [sys.executable, "-ISc", _START, str(theirs_in), str(theirs_out), *command]
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    starter, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    pass_fds=(theirs_in, theirs_out), start_new_session=True,
                )  # fmt: skip
        except BaseException:
            os.close(ours_in)
            os.close(ours_out)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._in, self._out = ours_in, ours_out

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        import signal

        os.close(self._out)
        os.close(self._in)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def tab(self) -> str:
        """Return the session of a new tab, empty."""
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        session: str = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]  # fmt: skip
        self.ask("Page.enable", {}, session)
        return session

    def show(self, html: str, session: str) -> None:
        """Put a page into a tab; it is no file, so that nothing in it can read files."""
        frame = self.ask("Page.getFrameTree", {}, session)["frameTree"]["frame"]["id"]
        self.ask("Page.setDocumentContent", {"frameId": frame, "html": html}, session)
        self.run(_LOADED, session)
        self.run(_QUIET % self._printing.settle, session)

    def print(self, html: str) -> bytes:
        """Return a page, printed."""
        session = self.tab()
        if not self._printing.picture:
            self.ask("Emulation.setEmulatedMedia", {"media": "print"}, session)
        self.show(html, session)
        if self._printing.picture:
            return self._picture(session)
        options: dict[str, Any] = {"printBackground": True, "generateTaggedPDF": True, "generateDocumentOutline": True}  # fmt: skip
        if self._printing.paginate:
            options |= {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
        else:
            # PDF readers know no pages of more than 200 inches.
            height = min(200.0, max(1.0, self._height(session) / 96 + 1.5))
            options |= {"paperWidth": 8.27, "paperHeight": height}
        return b64decode(self.ask("Page.printToPDF", options, session)["data"])

    def _picture(self, session: str) -> bytes:
        height = min(16_000, max(100, int(self._height(session))))
        size = {"width": 1000, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", size, session)
        return b64decode(self.ask("Page.captureScreenshot", {"format": "png"}, session)["data"])

    def run(self, script: str, session: str) -> Any:
        """Return the value of a script, awaited."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        return self.ask("Runtime.evaluate", asked, session)["result"].get("value")

    def _height(self, session: str) -> float:
        value = self.run(_HEIGHT, session)
        return float(value) if isinstance(value, (int, float)) else 0.0

    def ask(self, method: str, parameters: dict[str, Any], session: str = "") -> dict[str, Any]:
        """Return the answer to a command of the DevTools protocol.

        Raises:
            ConversionException: The browser refuses, has ended, or takes too long.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._send(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise ConversionException(f"the browser refuses {method}: {answer['error'].get('message')}")  # fmt: skip
                result: dict[str, Any] = answer["result"]
                return result
            if "method" in answer:
                self.events.append(answer)

    def _send(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._out, data) :]
        except BrokenPipeError:
            raise self._ended() from None

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise ConversionException(f"the browser did not finish in {self._printing.timeout:g} s")  # fmt: skip
            chunk = os.read(self._in, 1 << 20)
            if not chunk or len(self._buffer) > _LIMIT:
                raise self._ended()
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _ended(self) -> ConversionException:
        said = self._log.read_text("utf-8", "replace")[-2000:]
        return ConversionException(f"the browser ended before the page was printed; it said:\n{said}")  # fmt: skip
