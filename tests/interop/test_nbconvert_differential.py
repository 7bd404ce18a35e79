"""Real notebooks, converted by nbconvert and by us: whatever the peer converts we convert, and readers see the same.

Every second notebook in four formats by default; ``NUNCIUS_ALL_NOTEBOOKS=1`` takes all of them, and, if pandoc is installed, the formats for which the peer needs it. What differs on purpose is said in ``docs/explanation/nbconvert.md``, and is taken out here before the comparison.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
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
get_exporter = import_module(sys.argv[1]).get_exporter
exporters = {name: get_exporter(name)() for name in sys.argv[3].split(",")}
with open(sys.argv[2], "w") as out:
    for path in sys.stdin.read().splitlines():
        for name, exporter in exporters.items():
            try:
                text = exporter.from_filename(path)[0]
            except Exception as error:
                text = None
            out.write(json.dumps([path, name, text]) + "\\n")
"""
Made = dict[tuple[str, str], str | None]


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


@pytest.fixture(scope="module")
def made(peers: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Made]:
    paths = [str(path) for path in real_notebooks()[:: 1 if ALL else 2]]
    assert len(paths) > 300
    folder = tmp_path_factory.mktemp("made")

    def convert(python: str, module: str) -> Made:
        out = folder / f"{module}.jsonl"
        names = ",".join(FORMATS + (MORE if ALL else []))
        subprocess.run([python, "-c", CONVERT, module, str(out), names], input="\n".join(paths), text=True, check=True, timeout=3600, stderr=subprocess.DEVNULL)  # fmt: skip
        with out.open() as lines:
            return {(path, name): text for path, name, text in map(json.loads, lines)}

    with ThreadPoolExecutor(2) as pool:
        theirs = pool.submit(convert, str(peers), "nbconvert")
        ours = pool.submit(convert, sys.executable, "nuncius.nbconvert")
        return theirs.result(), ours.result()


def test_whatever_the_peer_converts_we_convert(made: tuple[Made, Made]) -> None:
    theirs, ours = made
    assert [key for key, text in theirs.items() if text is not None and ours[key] is None] == []
    assert sum(text is not None for text in theirs.values()) > 0.95 * len(theirs)


@pytest.mark.parametrize("name", ["html", "markdown", "script", "notebook", *(["slides"] if ALL else [])])  # fmt: skip
def test_readers_see_what_the_peer_shows(made: tuple[Made, Made], name: str) -> None:
    seen, at_least = AGREE[name]
    both = [(path, text, made[1][path, kind] or "") for (path, kind), text in made[0].items() if kind == name and text]  # fmt: skip
    if name == "script":  # where the language is not said twice, the peer writes no program
        both = [item for item in both if item[1].startswith("#!")]
    different = [path for path, theirs, ours in both if seen(theirs) != seen(ours)]
    assert len(both) > 50
    assert len(different) <= (1 - at_least) * len(both), different


if ALL and MORE[1:]:

    @pytest.mark.parametrize("name", MORE[1:])
    def test_no_words_are_lost_without_pandoc(made: tuple[Made, Made], name: str) -> None:
        lost = Counter[str]()
        total = 0
        for (path, kind), text in made[0].items():
            if kind == name and text:
                theirs = words(text)
                total += theirs.total()
                lost += theirs - words(made[1][path, name] or "")
        assert lost.total() / total < 0.05, lost.most_common(20)
