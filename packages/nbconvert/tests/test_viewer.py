"""The viewer: notebooks of a folder as pages, over real HTTP, with nothing in them that runs."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert_notebooks import code, markdown, notebook, result, save

from nuncius.nbconvert.errors import NbConvertError
from nuncius.nbconvert.viewer.addresses import Refused, Rules
from nuncius.nbconvert.viewer.cache import Cache
from nuncius.nbconvert.viewer.fetch import Fetched
from nuncius.nbconvert.viewer.jobs import Busy, Jobs
from nuncius.nbconvert.viewer.limit import Limiter
from nuncius.nbconvert.viewer.places import entries
from nuncius.nbconvert.viewer.server import ViewerServer
from nuncius.nbconvert.viewer.site import Site, place
from nuncius.nbconvert.viewer.worker import Worker

HOSTILE = notebook(
    markdown("# Hello\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(2)>\n\n[x](javascript:alert(3)) ![p](p.png)"),
    code("1", result(text_html="<b>kept</b><script>alert(4)</script>"), result(application_javascript="alert(5)")),
)  # fmt: skip


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder with notebooks, a picture, and things that are nobody's business."""
    root = tmp_path / "shelf"
    (root / "sub").mkdir(parents=True)
    save(root / "a b.ipynb", HOSTILE)
    save(root / "sub" / "c.ipynb", notebook(markdown("# Inner")))
    (root / "p.png").write_bytes(b"\x89PNG")
    (root / "secret.txt").write_text("secret")
    (root / ".hidden.ipynb").write_text("{}")
    (root / "bad.ipynb").write_text("{")
    save(tmp_path / "outside.ipynb", notebook(markdown("outside")))
    (root / "link.ipynb").symlink_to(tmp_path / "outside.ipynb")
    return root


def test_a_folder_lists_notebooks_and_folders_only(shelf: Path) -> None:
    site = Site(shelf, Rules(network=False))
    assert site.answer("/").headers == {"Location": "/file/"}
    page = site.answer("/file/").body.decode()
    assert re.findall(r'<li><a href="([^"]*)"', page) == ["sub/", "a%20b.ipynb", "bad.ipynb", "link.ipynb"]  # fmt: skip
    assert site.answer("/file/sub").headers == {"Location": "/file/sub/"}
    assert re.findall(r'<li><a href="([^"]*)"', site.answer("/file/sub/").body.decode()) == ["../", "c.ipynb"]  # fmt: skip


def test_a_notebook_is_shown_without_what_would_run(shelf: Path) -> None:
    answer = Site(shelf, Rules()).answer("/file/a%20b.ipynb")
    page = answer.body.decode()
    assert answer.status == 200
    assert "<b>kept</b>" in page
    for piece in ("alert(", "<script", "onerror", "javascript:"):
        assert piece not in page
    headers = answer.all_headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert page.index("<nav aria-label") > page.index("<body")


def test_other_formats_and_the_file_itself(shelf: Path) -> None:
    site = Site(shelf, Rules())
    script = site.answer("/file/sub/c.ipynb?format=script")
    assert (script.status, script.mime) == (200, "text/plain; charset=utf-8")
    assert "# # Inner" in script.body.decode()
    download = site.answer("/file/sub/c.ipynb?download=1")
    assert json.loads(download.body)["cells"][0]["source"] == "# Inner"
    assert download.headers["Content-Disposition"] == "attachment; filename*=UTF-8''c.ipynb"
    assert site.answer("/file/sub/c.ipynb?format=exe").status == 403
    assert site.answer("/file/p.png").mime == "image/png"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/file/../outside.ipynb", 403),
        ("/file/%2e%2e/outside.ipynb", 403),
        ("/file//etc/passwd", 403),
        ("/file/link.ipynb", 403),
        ("/file/.hidden.ipynb", 403),
        ("/file/secret.txt", 403),
        ("/file/none.ipynb", 404),
        ("/file/a%00b.ipynb", 404),
        ("/file/bad.ipynb", 422),
        ("/nothing", 404),
        ("/github/u", 404),
        ("/github/u/r/commits/x", 404),
        ("/gist/x", 404),
        ("/format/format/html/file/a%20b.ipynb", 404),
        ("/format/pdf/file/a%20b.ipynb", 403),
        ("/url/127.0.0.1/x.ipynb", 403),
        ("/urls/localhost/x.ipynb", 403),
        ("/go?url=file:///etc/passwd", 403),
    ],
)
def test_what_is_not_shown_and_how_that_is_said(shelf: Path, path: str, status: int) -> None:
    answer = Site(shelf, Rules()).answer(path)
    assert answer.status == status
    assert b"<h1>" in answer.body
    assert b"Traceback" not in answer.body


def test_one_notebook_alone(shelf: Path) -> None:
    site = Site(shelf / "sub" / "c.ipynb", Rules())
    assert site.answer("/").headers == {"Location": "/file/c.ipynb"}
    assert site.answer("/file/c.ipynb").status == 200
    assert site.answer("/file/").status == 403
    save(shelf / "sub" / "d.ipynb", notebook())
    assert site.answer("/file/d.ipynb").status == 403


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://example.org/a b/n.ipynb", "/urls/example.org/a%20b/n.ipynb"),
        ("http://example.org:8080/n.ipynb?x=1", "/url/example.org:8080/n.ipynb?x=1"),
        ("https://github.com/u/r/blob/main/d/n.ipynb", "/github/u/r/blob/main/d/n.ipynb"),
        ("https://github.com/u/r", "/github/u/r/"),
        ("https://github.com/u/r/tree/main/d e", "/github/u/r/tree/main/d%20e/"),
        ("u/r", "/github/u/r/"),
        ("https://raw.githubusercontent.com/u/r/main/n.ipynb", "/github/u/r/blob/main/n.ipynb"),
        ("https://gist.github.com/u/123", "/gist/u/123"),
        ("0123456789abcdef0123456789abcdef", "/gist/0123456789abcdef0123456789abcdef"),
        ("https://gitlab.com/u/r/-/blob/main/n.ipynb", "/urls/gitlab.com/u/r/-/raw/main/n.ipynb"),
        ("https://nbviewer.org/github/u/r/blob/main/n.ipynb", "/github/u/r/blob/main/n.ipynb"),
        ("https://bücher.example/ä?ö=1", "/urls/xn--bcher-kva.example/%C3%A4?%C3%B6=1"),
    ],
)
def test_addresses_that_people_paste(url: str, path: str) -> None:
    assert place(url) == path


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(Refused, match="expected an address"):
        place("notebook.ipynb")


@given(st.text(st.sampled_from("htps:/.@[]%?#ab0\\ ü\x00"), max_size=40) | st.text())
def test_any_address_is_understood_or_refused(url: str) -> None:
    try:
        path = place(url)
    except Refused:
        return
    assert path.startswith(("/url/", "/urls/", "/github/", "/gist/"))
    assert path.isascii()


@given(st.binary() | st.recursive(st.none() | st.text(), lambda i: st.lists(i) | st.dictionaries(st.sampled_from(["name", "type"]), i)).map(lambda tree: json.dumps(tree).encode()))  # fmt: skip
def test_any_list_of_files_is_understood_or_refused(listing: bytes) -> None:
    try:
        found = entries(listing)
    except Refused:
        return
    assert all(is_folder or name.endswith(".ipynb") for name, is_folder in found)


def test_a_notebook_is_fetched_again_only_when_it_is_old_or_somebody_asks(tmp_path: Path) -> None:
    from test_viewer_addresses import serving

    now = [0.0]
    with serving() as (port, asked):
        site = Site(None, Rules(private=("127.0.0.1",)), clock=lambda: now[0])
        path = f"/url/127.0.0.1:{port}/n.ipynb"

        def statuses() -> int:
            return site.answer(path + "?download=1").status

        assert statuses() == statuses() == 200
        assert len(asked) == 1
        now[0] = 700.0  # old: asked whether it has changed, and it has not
        assert site.answer(path + "?download=1").body == b"xxx"
        assert len(asked) == 2
        site.answer(path + "?download=1&flush_cache=true")
        assert len(asked) == 3
    now[0] = 2000.0  # the server is gone: what there is is shown
    assert site.answer(path + "?download=1").body == b"xxx"
    # What is no notebook is said to be none.
    assert site.answer(path).status == 422


def test_a_repository_is_a_folder(shelf: Path) -> None:
    asked = []

    def get(url: str, *_: object) -> Fetched:
        asked.append(url)
        listing = [{"name": "n é.ipynb", "type": "file"}, {"name": "sub", "type": "dir"}, {"name": "x.py", "type": "file"}, {"name": ".github", "type": "dir"}, 7]  # fmt: skip
        return Fetched(json.dumps(listing).encode(), url, "")

    site = Site(None, Rules(), get=get)
    page = site.answer("/github/u/r%20s/tree/main/a%20b/").body.decode()
    assert asked == ["https://api.github.com/repos/u/r%20s/contents/a%20b?ref=main"]
    assert re.findall(r'<li><a href="([^"]*)"', page) == ["/github/u/r%20s/tree/main/a%20b/sub", "/github/u/r%20s/blob/main/a%20b/n%20%C3%A9.ipynb"]  # fmt: skip
    assert Site(None, Rules(), get=lambda *_: Fetched(b"{}", "", "")).answer("/github/u/r").status == 403  # fmt: skip


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/github/u/r/blob/main/d/n.ipynb", "https://raw.githubusercontent.com/u/r/main/d/n.ipynb"),
        ("/gist/u/12/n.ipynb", "https://gist.githubusercontent.com/u/12/raw/n.ipynb"),
        ("/gist/u/12", "https://gist.githubusercontent.com/u/12/raw"),
        ("/gist/0123456789abcdef0123", "https://gist.github.com/0123456789abcdef0123/raw"),
        ("/format/script/urls/h/n.ipynb?a=1&format=x", "https://h/n.ipynb?a=1"),
        ("/format/slides/urls/h/n.ipynb?controls=1", "https://h/n.ipynb?controls=1"),
        (
            "/format/slides/urls/h/n.ipynb?a=1&receiver&progress=false&controls=false",
            "https://h/n.ipynb?a=1",
        ),
    ],
)
def test_where_a_path_leads_to(path: str, url: str) -> None:
    asked = []

    def get(url: str, *_: object) -> Fetched:
        asked.append(url)
        return Fetched(json.dumps(notebook(markdown("# There"))).encode(), url, "")

    answer = Site(None, Rules(), get=get).answer(path)
    assert (answer.status, asked) == (200, [url])
    assert b"There" in answer.body


def test_slides_run_what_shows_slides_and_nothing_else(shelf: Path) -> None:
    save(shelf / "s.ipynb", notebook(markdown("# A <script>alert(1)</script>", slideshow={"slide_type": "slide"})))  # fmt: skip
    site = Site(shelf, Rules())
    assert b"?format=slides" in site.answer("/file/s.ipynb").body
    assert b"?format=slides" not in site.answer("/file/sub/c.ipynb").body
    answer = site.answer("/format/slides/file/s.ipynb")
    scripts = re.findall(rb"<script[^>]*>(.*?)</script>", answer.body, re.DOTALL)
    sums = {f"'sha256-{base64.b64encode(hashlib.sha256(s).digest()).decode()}'" for s in scripts}
    allowed = set(answer.policy.partition("; script-src ")[2].split())
    assert len(sums) == 3
    # And the one in the window of the speaker's view.
    assert (sums < allowed, len(allowed)) == (True, 4)
    assert b"<script" not in answer.body.split(b"<main>")[1].split(b"</main>")[0]


def test_health_figures_and_what_one_client_may_have(shelf: Path) -> None:
    now = [0.0]
    site = Site(shelf, Rules(), limiter=Limiter(2, lambda: now[0]))
    paths = ["/file/a%20b.ipynb", "/file/a%20b.ipynb", "/file/sub/c.ipynb", "/file/sub/c.ipynb?format=script"]  # fmt: skip
    assert [site.answer(path, "me").status for path in paths] == [200, 200, 200, 429]
    assert site.answer("/file/a%20b.ipynb", "me").status == 200  # what is there costs nothing
    assert site.answer("/file/sub/c.ipynb?format=markdown", "you").status == 200
    refused = site.answer("/file/bad.ipynb", "me")
    assert (refused.status, refused.headers) == (429, {"Retry-After": "31"})
    now[0] += 30
    assert site.answer("/file/bad.ipynb", "me").status == 422
    assert site.answer("/health").body == b"ok\n"
    figures = dict(line.rsplit(" ", 1) for line in site.answer("/metrics").body.decode().splitlines())  # fmt: skip
    assert figures['nuncius_viewer_answers_total{status="429"}'] == "2"
    assert figures['nuncius_viewer_conversions_total{format="html"}'] == "3"
    assert int(figures['nuncius_viewer_cache_bytes{cache="rendered"}']) > 1000


def test_who_waits_for_a_notebook_is_told_and_gets_it_when_it_is_ready(shelf: Path) -> None:
    site = Site(shelf, Rules(), limiter=Limiter(1), patience=0.05)
    quick = Site(shelf, Rules(), patience=0.0)
    first = quick.answer("/file/a%20b.ipynb")
    assert (first.status, first.headers["Refresh"]) == (202, "2")
    assert b"takes a while" in first.body
    path, deadline = "/file/a%20b.ipynb", time.monotonic() + 30
    answers = [site.answer(path, "me")]
    while answers[-1].status == 202 and time.monotonic() < deadline:
        answers.append(site.answer(path, "me"))
    assert b"<b>kept</b>" in answers[-1].body
    figures = site.answer("/metrics").body.decode().splitlines()
    assert 'nuncius_viewer_conversions_total{format="html"} 1' in figures


def test_each_page_is_made_once_and_failures_are_kept_too() -> None:
    go, asked = threading.Event(), []

    def make() -> bytes:
        asked.append(1)
        assert go.wait(30)
        return b"page"

    def fail() -> bytes:
        asked.append(2)
        raise NbConvertError("broken")

    jobs = Jobs(10_000, most=1)
    assert jobs.get("a", make, 0) is None
    assert jobs.known("a")
    with pytest.raises(Busy, match="many notebooks"):
        jobs.get("b", make, 0)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(jobs.get, "a", make, 30) for _ in range(3)]
        go.set()
        bodies = [made.body for job in waiting if (made := job.result(30)) is not None]
    assert (bodies, asked) == ([b"page"] * 3, [1])
    for _ in range(2):
        with pytest.raises(NbConvertError, match="broken"):
            jobs.get("c", fail, 30)
    assert asked == [1, 2]
    jobs.forget("c")
    assert not jobs.known("c")
    assert jobs.size == 4 + 1000


def test_what_was_much_work_is_taken_as_it_was_for_longer() -> None:
    now, data = [0.0], json.dumps(notebook(markdown("x"))).encode()

    def get(*_: object) -> Fetched:
        now[0] += 20
        return Fetched(data, "", "")

    def fetches() -> str:
        site.answer("/urls/a.example/n.ipynb?download=1")
        return site.answer("/metrics").body.decode().partition("fetches_total ")[2].split()[0]

    site = Site(None, Rules(), clock=lambda: now[0], get=get)
    assert fetches() == "1"
    now[0] += 2300
    assert fetches() == "1"
    now[0] += 200  # 120 times the 20 s that it took
    assert fetches() == "2"


def test_a_cache_drops_what_was_used_longest_ago() -> None:
    cache: Cache[str] = Cache(10)
    cache.put("a", "A", 4)
    cache.put("b", "B", 4)
    assert cache.get("a") == "A"
    cache.put("c", "C", 4)
    assert [cache.get(key) for key in "abc"] == ["A", None, "C"]
    cache.put("d", "D", 11)
    assert cache.get("d") is None
    cache.forget("a")
    assert cache.get("a") is None


def test_a_notebook_that_takes_too_much_is_given_up() -> None:
    data = json.dumps(notebook(markdown("x"))).encode()
    with pytest.raises(NbConvertError, match=r"in 0\.01 s"):
        Worker(seconds=0.01).render(data, "n", "html")
    if sys.platform == "linux":
        with pytest.raises(NbConvertError, match="more time or memory"):
            Worker(memory=64 * 1024 * 1024).render(b" " * (80 * 1024 * 1024) + data, "n", "html")


@contextmanager
def running(server: ViewerServer) -> Iterator[http.client.HTTPConnection]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()
        server.shutdown()
        thread.join()
        server.server_close()


def test_over_http_only_reading_and_only_under_its_own_name(shelf: Path) -> None:
    with running(ViewerServer("127.0.0.1", 0, Site(shelf, Rules()))) as connection:

        def asked(method: str, path: str, **headers: str) -> tuple[int, bytes]:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

        assert asked("GET", "/file/")[0] == 200
        assert asked("HEAD", "/file/") == (200, b"")
        # Another site that has given this machine's address to its own name gets nothing.
        assert asked("GET", "/file/", Host="evil.example:80")[0] == 403
        assert asked("GET", "/file/", Host="localhost:1")[0] == 200
        assert asked("POST", "/file/")[0] == 501
        assert asked("DELETE", "/file/a%20b.ipynb")[0] == 501
    assert (shelf / "a b.ipynb").exists()


def test_the_command(shelf: Path) -> None:
    command = [sys.executable, "-c", "import sys; from nuncius.nbconvert.cli.view import main; sys.exit(main(sys.argv[1:]))"]  # fmt: skip
    with subprocess.Popen([*command, "--no-browser", str(shelf)], stdout=subprocess.PIPE, text=True, env=os.environ) as process:  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.readline()
        address = urlsplit(said.rpartition(" at ")[2].strip())
        connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=60)
        connection.request("GET", "/file/sub/c.ipynb")
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert (answer.status, process.returncode) == (200, 0)
    assert "Inner" in page


def test_the_command_says_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    from nuncius.nbconvert.cli.view import main

    assert main(["--no-browser", "no/such/file.ipynb"]) == 1
    assert "there is no file or folder 'no/such/file.ipynb'" in capsys.readouterr().err
