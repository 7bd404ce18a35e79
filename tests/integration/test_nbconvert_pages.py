"""Pages and slides in a real browser: they load nothing, everyone can use them, and nothing of a hostile notebook runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from nuncius.nbconvert.configured import Configured
from nuncius.nbconvert.conversion import convert, initial_resources
from nuncius.nbconvert.formats import FORMATS
from nuncius.nbconvert.notebook import normalize
from nuncius.nbconvert.options import HTMLExporter, SlidesExporter
from nuncius.nbconvert.pdf.browser import Browser, Printing, find
from nuncius.nbconvert.viewer.addresses import Rules
from nuncius.nbconvert.viewer.server import ViewerServer
from nuncius.nbconvert.viewer.site import Site

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
AXE = "axe-playwright-python==0.1.8"
COUNT = "window.hits = []; window.alert = what => hits.push(String(what)); true"
LOADED = "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))"  # fmt: skip
#: Looks until something is the case, for 20 seconds.
SOON = """new Promise((done, failed) => {
  const end = Date.now() + 20_000;
  const look = () => { const found = %s; found ? done(found) : Date.now() > end ? done('too late') : setTimeout(look, 50); };
  look();
})"""
#: What a person may do with a page, done to everything on it.
PROVOKE = """(async () => {
  for (const element of document.querySelectorAll('main *')) {
    for (const kind of ['click', 'mouseover', 'mouseenter', 'focus', 'pointerdown', 'toggle', 'error', 'load'])
      element.dispatchEvent(new Event(kind, {bubbles: true, cancelable: true}));
    if (element.href && /^\\s*(javascript|vbscript|data):/i.test(element.href.baseVal ?? element.href)) hits.push(element.outerHTML);
  }
  document.querySelectorAll('details').forEach(one => one.open = true);
  await Promise.all([...document.images].map(one => one.complete || new Promise(done => ['load', 'error'].forEach(kind => one.addEventListener(kind, done)))));
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  return hits;
})()"""
ATTACKS = [
    "<script>alert(1)</script>", "<ScRiPt>alert(1)</sCrIpT>", "<script src=data:,alert(1)></script>", "<img src=x onerror=alert(1)>",
    "<img src=x onerror\n=alert(1)>", "<img/src=x/onerror=alert(1)>", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=20>x</text></a></svg>", "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    "<svg><set attributeName=onmouseover to=alert(1)></svg>", "<svg><foreignObject><iframe srcdoc='<script>parent.alert(1)</script>'></iframe></foreignObject></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)></svg>#x'></svg>", "<a href=javascript:alert(1)>x</a>", "<a href='java\tscript:alert(1)'>x</a>",
    "<a href=' &#1;javascript:alert(1)'>x</a>", "<a href='jAvAsCrIpT&colon;alert(1)'>x</a>", "<a href=vbscript:alert(1)>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>", "<a href=x onclick=alert(1)>x</a>", "<a href=x onfocus=alert(1) autofocus>x</a>",
    "<iframe src=javascript:alert(1)></iframe>", "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>", "<object data=javascript:alert(1)></object>",
    "<object data='data:text/html,<script>parent.alert(1)</script>'></object>", "<embed src=javascript:alert(1)>", "<form action=javascript:alert(1)><input type=submit></form>",
    "<form id=f></form><button form=f formaction=javascript:alert(1)>x</button>", "<input autofocus onfocus=alert(1)>", "<input type=image src=x onerror=alert(1)>",
    "<isindex type=image src=x onerror=alert(1)>", "<video><source onerror=alert(1)></video>", "<video src=x onerror=alert(1)></video>", "<audio src=x onerror=alert(1)></audio>",
    "<video poster=javascript:alert(1)></video>", "<details open ontoggle=alert(1)><summary>x</summary></details>", "<body onload=alert(1)>", "<marquee onstart=alert(1)>x</marquee>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>", "<base href=javascript:alert(1)//><a href=x>x</a>", "<link rel=stylesheet href='data:text/css,*{color:red}'>",
    "<style>@import 'javascript:alert(1)';</style>", "<style>*{background:url(javascript:alert(1))}</style>", "<div style='background:url(javascript:alert(1))'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>", "<div style=\"behavior:url(x.htc)\">x</div>", "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>",
    "<math href=javascript:alert(1)><mi>x</mi></math>", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>", "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=alert(1)>",
    "<svg></p><style><a id=\"</style><img src=x onerror=alert(1)>\">", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\">",
    "<title><img title=\"</title><img src=x onerror=alert(1)>\">", "<xmp><p title=\"</xmp><svg onload=alert(1)>\">", "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    "<template><script>alert(1)</script></template>", "<!--><img src=x onerror=alert(1)>-->", "<!--!><img src=x onerror=alert(1)>", "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?>", "<x onclick=alert(1)>x</x>", "<p title='\"><img src=x onerror=alert(1)>'>x</p>", "<p id='\"><script>alert(1)</script>'>x</p>",
    "<select><style></select><img src=x onerror=alert(1)></style>", "<table><td background=javascript:alert(1)>x</td></table>", "<plaintext><script>alert(1)</script>",
    "<<script>alert(1)//<</script>", "<img src='x' alt='`onerror=alert(1)`'>", "<a href='https://x\" onmouseover=\"alert(1)'>x</a>", "</main></body><script>alert(1)</script>",
    "[x](javascript:alert(1))", "[x](<java\nscript:alert(1)>)", "![x](javascript:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]", "[x](x \"\\\" onmouseover=alert(1) \\\"\")", "![x\" onerror=\"alert(1)](x)", "# x\" onmouseover=\"alert(1)",
    "```x\" onload=\"alert(1)\ny\n```", "```mermaid\ngraph TD; A[\"<img src=x onerror=alert(1)>\"]\n```", "$\\href{javascript:alert(1)}{x}$", "$\\text{<img src=x onerror=alert(1)>}$",
    "$x$<script>alert(1)</script>", "\\begin{equation}\\label{x\" onmouseover=\"alert(1)}y\\end{equation} \\eqref{x\" onmouseover=\"alert(1)}", "[^1]\n\n[^1]: <img src=x onerror=alert(1)>",
    "| <img src=x onerror=alert(1)> |\n|---|\n| <svg onload=alert(1)> |", "`</code><script>alert(1)</script>`", "\x1b[31m<img src=x onerror=alert(1)>\x1b[0m",
]  # fmt: skip


def markdown(source: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": metadata, "source": source}


def code(source: str, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "source": source, "execution_count": 1, "outputs": list(outputs)}  # fmt: skip


def shown(metadata: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
    named = {name.replace("__", "+").replace("_", "/", 1): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": metadata or {}, "data": named}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def report() -> dict[str, Any]:
    """A notebook with something of everything that needs no script."""
    table = "<table><thead><tr><th></th><th>a</th></tr></thead><tbody><tr><th>0</th><td>1</td></tr></tbody></table>"
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='20'><circle cx='10' cy='10' r='8'/></svg>"
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[0;31mE\x1b[0m: v", "\x1b[1;32m<x>\x1b[0m in \x1b[36mf\x1b[34m()\x1b[0m"]}  # fmt: skip
    colors = "".join(f"\x1b[{n}m{n} \x1b[0m" for n in (*range(30, 38), *range(90, 98), *range(40, 48)))  # fmt: skip
    return {
        "nbformat": 4, "nbformat_minor": 5, "metadata": {"title": "Report"},
        "cells": [
            markdown("# Report 世界 🎉\n\nSee \\eqref{e}, [a link](https://example.org/) and ~~this~~ `that`.\n\n> quoted\n\n- [x] done\n- [ ] to do\n\n1. one\n\n| a | b |\n|--:|:--|\n| 1 | 2 |\n\nNote[^1].\n\n[^1]: Below."),
            markdown("## Math\n\n$a_1$ \\begin{align}x&=1\\label{e}\\\\y&=\\frac{1}{2}\\end{align}\n\n```python\ndef f(x: int) -> str:  # comment\n    return f'{x}' + \"a\" * 0x1F\n```", slideshow={"slide_type": "subslide"}),
            code("%matplotlib inline\nimport os\n@dec\nclass A(B):\n    '''doc'''\n    x = lambda self: None or 1.5e3", stream("out\n" + colors), stream("err", "stderr"), error, tags=["hide-input"], slideshow={"slide_type": "slide"}),
            code("x", shown({"image/png": {"alt": "A dot", "width": 40}}, image_png=PNG), shown(image_svg__xml=svg, text_plain="<Figure size 640x480 with 1 Axes>"), shown(text_html=table), shown(text_latex="$z^2$"), shown(text_markdown="### m"), shown(application_json={"a": 1}), slideshow={"slide_type": "fragment"}),
            markdown("Only for who speaks", slideshow={"slide_type": "notes"}),
        ],
    }  # fmt: skip


def page(nb: dict[str, Any], to: str = "html", **options: Any) -> str:
    kind = HTMLExporter if to == "html" else SlidesExporter
    configured = Configured((), [kind(**options, display_data_priority=FORMATS[to].types)])
    return str(convert(normalize(nb), FORMATS[to], configured, initial_resources("report")).output)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find()
    assert program is not None, "these tests need Chromium"
    with Browser(program, str(tmp_path_factory.mktemp("browser")), Printing(timeout=600)) as made:
        yield made


@pytest.fixture(scope="module")
def axe() -> str:
    """The accessibility checker, from a package that has it in it; kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nuncius-axe"
    script = cache / "axe_playwright_python" / "axe.min.js"
    if not script.exists():
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # fmt: skip
        install = [uv, "pip", "install"] if uv else [sys.executable, "-m", "pip", "install"]
        subprocess.run([*install, "--quiet", "--no-deps", "--target", str(cache), AXE], check=True, timeout=250)  # fmt: skip
    return script.read_text(encoding="utf-8")


def requests(browser: Browser, session: str) -> list[str]:
    """Return the addresses that a tab has asked for."""
    sent = [event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent" and event.get("sessionId") == session]  # fmt: skip
    return [url[:80] for url in sent if not url.startswith(("data:", "about:", "blob:"))]


def opened(browser: Browser, session: str, path: Path) -> None:
    """Open a file as a person would, and wait until it is there."""
    browser.ask("Page.navigate", {"url": path.as_uri()}, session)
    browser.run(LOADED, session)


@pytest.mark.parametrize(
    ("to", "options"),
    [("html", {"toc": True}), ("html", {"theme": "dark"}), ("html", {"theme": "auto", "fold": "both"}), ("slides", {}), ("slides", {"reveal_theme": "black"})],
)  # fmt: skip
def test_pages_stand_alone_and_are_for_everyone(
    browser: Browser, axe: str, to: str, options: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(page(report(), to, **options), encoding="utf-8")
    session = browser.tab()
    browser.ask("Network.enable", {}, session)
    browser.ask("Runtime.enable", {}, session)
    opened(browser, session, path)
    assert requests(browser, session) == [path.as_uri()[:80]]
    assert [e["params"] for e in browser.events if e["method"] == "Runtime.exceptionThrown" and e.get("sessionId") == session] == []  # fmt: skip
    browser.run(axe + ";0", session)
    found = browser.run("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.length, v.nodes[0].html]))", session)  # fmt: skip
    assert [v for v in found if v[0] in ("serious", "critical")] == []


def test_slides_are_stepped_through_as_the_author_meant(browser: Browser, tmp_path: Path) -> None:
    """Down to a subslide, on to the next slide, a fragment that comes on its own, notes for who speaks, and all of it printed."""
    path = tmp_path / "slides.html"
    path.write_text(page(report(), "slides"), encoding="utf-8")
    session = browser.tab()
    opened(browser, session, path)
    where = "JSON.stringify([Reveal.getIndices().h, Reveal.getIndices().v, document.querySelectorAll('.fragment.visible').length])"
    steps = [browser.run(f"{step}; {where}", session) for step in ("0", "Reveal.next()", "Reveal.next()", "Reveal.next()", "Reveal.next()")]  # fmt: skip
    assert steps == ["[0,0,0]", "[0,1,0]", "[1,0,0]", "[1,0,1]", "[1,0,1]"]
    assert "Only for who speaks" in browser.run("Reveal.getSlideNotes()", session)
    assert browser.run("getComputedStyle(document.querySelector('aside.notes')).display", session) == "none"  # fmt: skip
    browser.ask("Page.navigate", {"url": path.as_uri() + "?print-pdf"}, session)
    browser.run(LOADED, session)
    browser.run("new Promise(done => document.querySelector('.pdf-page') ? done() : Reveal.on('pdf-ready', done))", session)  # fmt: skip
    assert browser.run("document.querySelectorAll('.pdf-page').length", session) == 4


def test_the_viewer_shows_slides_though_no_script_of_a_notebook_may_run(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "h.ipynb").write_text(json.dumps(hostile() | {"cells": [*report()["cells"], *hostile()["cells"]]}))  # fmt: skip
    with viewing(tmp_path) as url:
        session = browser.tab()
        browser.ask("Page.addScriptToEvaluateOnNewDocument", {"source": COUNT}, session)
        browser.ask("Network.enable", {}, session)
        for to, ready in (("slides", "Reveal.isReady() && Reveal.getTotalSlides() > 2"), ("html", "typeof Reveal == 'undefined'")):  # fmt: skip
            browser.ask("Page.navigate", {"url": f"{url}format/{to}/file/h.ipynb"}, session)
            browser.run(LOADED, session)
            assert browser.run(ready, session) is True
            assert browser.run(PROVOKE, session) == []
        assert [asked for asked in requests(browser, session) if not asked.startswith(url)] == []


@contextmanager
def viewing(folder: Path) -> Iterator[str]:
    """The address of a viewer of a folder."""
    server = ViewerServer("127.0.0.1", 0, Site(folder, Rules(network=False)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_who_speaks_sees_notes_in_a_window_of_their_own(browser: Browser, tmp_path: Path) -> None:
    """Under the viewer's policy, which lets through named scripts only; from a file it is the same without one."""
    (tmp_path / "s.ipynb").write_text(json.dumps(report()))
    with viewing(tmp_path) as url:
        session = browser.tab()
        browser.ask("Page.navigate", {"url": f"{url}format/slides/file/s.ipynb"}, session)
        browser.run(LOADED, session)
        browser.run("Reveal.slide(1); 0", session)
        keep = "window.open = (real => (...given) => window.popup = real.apply(window, given))(window.open)"  # fmt: skip
        browser.run(f"{keep}; 0", session)
        asked = {"expression": "Reveal.getPlugin('notes').open()", "userGesture": True}
        browser.ask("Runtime.evaluate", asked, session)
        frames = "[...popup.document.querySelectorAll('iframe')].filter(one => one.contentWindow.Reveal?.isReady()).length == 2"  # fmt: skip
        assert browser.run(SOON % frames, session) is True
        heard = "popup.document.querySelector('#connection-status').style.display == 'none'"
        assert browser.run(SOON % heard, session) is True
        browser.run("Reveal.next(); 0", session)
        notes = "popup.document.querySelector('.speaker-controls-notes .value').innerText.trim()"
        assert browser.run(SOON % notes, session) == "Only for who speaks"


def hostile() -> dict[str, Any]:
    cells: list[dict[str, Any]] = []
    for number, attack in enumerate(ATTACKS):
        sizes = {"image/png": {"width": "1 onload=alert(1)", "height": attack, "alt": attack}}
        cells += [
            {**markdown(attack, tags=[f'x" onclick="{attack}']), "id": attack},
            code(
                attack, stream(attack), shown(text_html=attack), shown(text_markdown=attack), shown(text_latex=attack),
                shown(image_svg__xml=f"<svg>{attack}</svg>"), shown(application_javascript="alert(1)"), shown(sizes, image_png=PNG + '"' + attack),
                shown(**{"text_vnd.mermaid": attack}), shown({"text/html": {"isolated": True}}, text_html=attack), shown(**{attack: attack}),
                {"output_type": "error", "ename": attack, "evalue": attack, "traceback": [attack]}, magics_language=attack, language=attack,
            ),
            {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": attack},
            {"cell_type": attack, "metadata": {}, "source": attack, "id": f"unknown{number}"},
        ]  # fmt: skip
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"title": ATTACKS[0], "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"m": {"x": "</script><script>alert(1)</script>"}}}}}, "cells": cells}  # fmt: skip


@pytest.mark.parametrize("to", ["html", "slides"])
def test_nothing_of_a_hostile_notebook_runs(browser: Browser, to: str) -> None:
    session = browser.tab()
    browser.run(COUNT, session)
    browser.show(page(hostile(), to, sanitize_html=True), session)
    assert browser.run(PROVOKE, session) == []
    assert browser.run("document.querySelectorAll('main iframe, main object, main embed, main form, base, meta[http-equiv]').length", session) == 0  # fmt: skip
    assert "Page.javascriptDialogOpening" not in [event["method"] for event in browser.events]


def test_the_attacks_are_real(browser: Browser) -> None:
    """Without sanitizing they do run: so the test above can fail."""
    session = browser.tab()
    browser.run(COUNT, session)
    nb = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [markdown(json.loads(json.dumps(a))) for a in ATTACKS[:8]]}  # fmt: skip
    browser.show(page(nb), session)
    assert len(browser.run(PROVOKE, session)) >= 4
