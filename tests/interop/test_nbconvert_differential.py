"""Real notebooks, converted by nbconvert and by us: whatever the peer converts we convert, and readers see the same.

By default every second notebook in the formats that take the peer little time, every sixth in HTML, and every 24th in those for which it runs pandoc, which takes it a second each; ``NUNCIUS_ALL_NOTEBOOKS=1`` takes all of them, and slides too (with ``-o faulthandler_timeout=0``: that takes half an hour). What differs on purpose is said in ``docs/explanation/nbconvert.md``, and is taken out here before the comparison.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from notebooks import notebooks as real_notebooks

ALL = bool(os.environ.get("NUNCIUS_ALL_NOTEBOOKS"))
#: By pandoc, in the peer.
MARKUP = ["rst", "latex", "asciidoc"]
FORMATS = ["html", "markdown", "script", "notebook", *MARKUP, *(["slides"] if ALL else [])]
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


#: What a document of a markup language is made of, as both write it.
STRUCTURE = {
    "latex": {
        "headings": r"\\(?:sub)*(?:section|paragraph)\*?\s*\{",
        "items of lists": r"\\item\b",
        "tables": r"\\begin\{(?:longtable|tabular)\}",
        "pictures": r"\\includegraphics|\\adjustimage|\\emph\{[^}]*\} \(\\href",
        "formulas": r"\\\(|\\\[|\\begin\{(?:equation|align|eqnarray|gather|multline)\*?\}|(?<!\\)\$\$?[^$]+\$\$?",
        "blocks of code": r"\\begin\{(?:[Vv]erbatim|Highlighting)\}",
    },
    "rst": {
        "headings": r"(?m)^\S.*\n([=\-~^\"'`#*+.:_])\1{2,}$",
        "items of lists": r"(?m)^\s*(?:[-*+]|\d+\.|#\.)\s+\S",
        "pictures": r"\.\. (?:\|[^|]+\| )?(?:image|figure)::",
        "formulas": r":math:`|\.\. math::",
        "blocks of code": r"\.\. code",
    },
    "asciidoc": {
        "headings": r"(?m)^=+ \S",
        "items of lists": r"(?m)^\s*(?:\*+|\.+|-) \S",
        "pictures": r"image::?\S",
        "formulas": r"latexmath:|\[latexmath\]|stem:|\[stem\]",
        "blocks of code": r"\[source",
    },
}  # fmt: skip


def structure(name: str, text: str) -> Counter[str]:
    """How many headings, items, tables, ... a document in a markup language has."""
    text = text.partition("\\begin{document}")[2] or text
    return Counter({part: len(re.findall(signs, text)) for part, signs in STRUCTURE[name].items()})


def fewer_parts(name: str, texts: Iterable[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """What the peer's documents have more of, by a twentieth at least: how many there, and how many in ours.

    Ours may have more: headings and lists need no empty line before them, as in Jupyter.
    """
    theirs, ours = Counter[str](), Counter[str]()
    for their_text, our_text in texts:
        theirs += structure(name, their_text)
        ours += structure(name, our_text)
    # A part of the notebooks may be without a table.
    assert STRUCTURE[name].keys() - theirs.keys() <= (set() if ALL else {"tables"})
    return {part: (n, ours[part]) for part, n in theirs.items() if ours[part] < 0.95 * n}


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
    found = [str(path) for path in real_notebooks()]
    assert len(found) > 600
    return found


def chosen(paths: list[str], name: str) -> list[str]:
    """The notebooks that are converted into a format."""
    step = 24 if name in MARKUP else 6 if name == "html" else 2
    return paths if ALL else paths[::step]


@pytest.fixture(scope="module")
def with_pandoc(peers: Path) -> dict[str, str]:
    """An environment in which the peer finds the pandoc that a package brings."""
    asked = "import os, pypandoc; print(os.path.dirname(pypandoc.get_pandoc_path()))"
    done = subprocess.run([str(peers), "-c", asked], capture_output=True, text=True, check=True, timeout=60)  # fmt: skip
    return {**os.environ, "PATH": f"{done.stdout.strip()}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module", params=FORMATS)
def made(request: pytest.FixtureRequest, peers: Path, paths: list[str], with_pandoc: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Made:  # fmt: skip
    taken = "\n".join(chosen(paths, request.param))
    folder = tmp_path_factory.mktemp("made")

    def convert(python: str, module: str) -> dict[str, str | None]:
        out = folder / f"{module}.json"
        subprocess.run([python, "-c", CONVERT, module, str(out), request.param], input=taken, text=True, check=True, timeout=3600, stderr=subprocess.DEVNULL, env=with_pandoc)  # fmt: skip
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
    assert len(both) > (300 if ALL else 25 if made.name in MARKUP else 100)
    if made.name not in AGREE:
        theirs = sum((words(text) for text, _ in both.values()), Counter[str]())
        lost = sum((words(a) - words(b) for a, b in both.values()), Counter[str]())
        assert lost.total() / theirs.total() < 0.05, lost.most_common(20)
        assert fewer_parts(made.name, both.values()) == {}
        return
    seen, at_least = AGREE[made.name]
    if made.name == "script":  # where the language is not said twice, the peer writes no program
        both = {path: texts for path, texts in both.items() if texts[0].startswith("#!")}
    different = [path for path, (theirs_, ours) in both.items() if seen(theirs_) != seen(ours)]
    assert len(different) <= (1 - at_least) * len(both), different
