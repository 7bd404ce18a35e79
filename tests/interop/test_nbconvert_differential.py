"""Real notebooks, converted by nbconvert and by us: whatever the peer converts we convert, and readers see the same.

Every second notebook in four formats by default; ``NUNCIUS_ALL_NOTEBOOKS=1`` takes all of them, slides too, and, if pandoc is installed, the formats for which the peer needs it (with ``-o faulthandler_timeout=0``: that takes half an hour). What differs on purpose is said in ``docs/explanation/nbconvert.md``, and is taken out here before the comparison.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import unquote

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from notebooks import notebooks as real_notebooks

ALL = bool(os.environ.get("NUNCIUS_ALL_NOTEBOOKS"))
FORMATS = ["html", "markdown", "script", "notebook"]
MORE = ["slides", *(["rst", "latex", "asciidoc"] if which("pandoc") else [])]
CONVERT = """
import json, logging, sys, warnings
from importlib import import_module
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
exporter = import_module(sys.argv[1]).get_exporter(sys.argv[3])()
made = {}
for path in sys.stdin.read().splitlines():
    try:
        made[path] = exporter.from_filename(path)[0]
    except Exception as error:
        made[path] = None
json.dump(made, open(sys.argv[2], "w"))
"""


class Page(HTMLParser):
    """What a reader has of a page: text without formulas, pictures, links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.pictures = 0
        self.links: list[str] = []
        self._hidden = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        # The summary of something folded is ours.
        self._hidden += tag in ("script", "style", "math", "head", "summary")
        self.pictures += tag == "img"
        if tag == "a" and "href" in values and "anchor-link" not in (values.get("class") or ""):
            # One escapes signs in addresses that the other leaves; a bare one ends before punctuation.
            self.links.append(unquote(values["href"] or "").rstrip(".*"))

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "math", "head", "summary")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        """The text without what is written otherwise on purpose."""
        text = re.sub(r"\s+", "", "".join(self.words).replace("¶", ""))
        # Formulas are left to a script there; names of directives are no languages.
        text = re.sub(r"\$\$.*?\$\$|\$[^$]+\$|\\begin\{(\w+\*?)\}.*?\\end\{\1\}|\\\[.*?\\\]|\\\(.*?\\\)|\{[a-z-]+\}", "", text)  # fmt: skip
        return re.sub(r"[\\|:*$-]", "", text)  # tables that are none there


def page(text: str) -> tuple[object, ...]:
    made = Page(text)
    return made.pictures, made.links, made.text


def prose(text: str) -> str:
    """Markdown without the description of pictures, the language of code and colors of terminals."""
    text = re.sub(r"!\[[^\]]*\]", "![]", text)
    text = re.sub(r"^\s*`{3,}\w*$", "", text, flags=re.MULTILINE)
    return re.sub(r"\s+", "", re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", text))


def program(text: str) -> str:
    return re.sub(r"\s+", "", text)


def document(text: str) -> Any:
    """A notebook without what is only in one of them by its rules, not by the notebook's."""
    nb = json.loads(text)
    for cell in nb["cells"]:
        cell.pop("id", None)
        for bundle in cell.get("attachments", {}).values():
            bundle.update({mime: "".join(data) for mime, data in bundle.items()})
    return nb["cells"], {k: v for k, v in nb["metadata"].items() if k != "language_info"}


def words(text: str) -> Counter[str]:
    """The words of a text in a markup language."""
    text = text.partition("\\begin{document}")[2] or text
    return Counter(re.findall(r"[^\W\d_]{3,}", re.sub(r"\\[A-Za-z]+|\x1b\[[\d;]*m", " ", text)))


#: How many of the notebooks must agree: what is left is told in the explanation.
AGREE = {"html": (page, 0.97), "slides": (page, 0.97), "markdown": (prose, 0.97), "script": (program, 0.99), "notebook": (document, 0.98)}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """What came out of the notebooks in one format, by path; None for those that are refused."""

    name: str
    theirs: dict[str, str | None]
    ours: dict[str, str | None]


@pytest.fixture(scope="module")
def paths() -> list[str]:
    found = [str(path) for path in real_notebooks()[:: 1 if ALL else 2]]
    assert len(found) > 300
    return found


@pytest.fixture(scope="module", params=FORMATS + (MORE if ALL else []))
def made(request: pytest.FixtureRequest, peers: Path, paths: list[str], tmp_path_factory: pytest.TempPathFactory) -> Made:  # fmt: skip
    folder = tmp_path_factory.mktemp("made")

    def convert(python: str, module: str) -> dict[str, str | None]:
        out = folder / f"{module}.json"
        subprocess.run([python, "-c", CONVERT, module, str(out), request.param], input="\n".join(paths), text=True, check=True, timeout=3600, stderr=subprocess.DEVNULL)  # fmt: skip
        texts: dict[str, str | None] = json.loads(out.read_text())
        return texts

    with ThreadPoolExecutor(2) as pool:
        theirs = pool.submit(convert, str(peers), "nbconvert")
        ours = pool.submit(convert, sys.executable, "nuncius.nbconvert")
        return Made(request.param, theirs.result(), ours.result())


def test_whatever_the_peer_converts_we_convert(made: Made) -> None:
    assert [p for p, text in made.theirs.items() if text is not None and made.ours[p] is None] == []
    assert sum(text is not None for text in made.theirs.values()) > 0.95 * len(made.theirs)


def test_readers_see_what_the_peer_shows(made: Made) -> None:
    both = {path: (text, made.ours[path] or "") for path, text in made.theirs.items() if text}
    assert len(both) > 300
    if made.name not in AGREE:
        theirs = sum((words(text) for text, _ in both.values()), Counter[str]())
        lost = sum((words(a) - words(b) for a, b in both.values()), Counter[str]())
        assert lost.total() / theirs.total() < 0.05, lost.most_common(20)
        return
    seen, at_least = AGREE[made.name]
    if made.name == "script":  # where the language is not said twice, the peer writes no program
        both = {path: texts for path, texts in both.items() if texts[0].startswith("#!")}
    different = [path for path, (theirs_, ours) in both.items() if seen(theirs_) != seen(ours)]
    assert len(different) <= (1 - at_least) * len(both), different
