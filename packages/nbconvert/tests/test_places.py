"""Notebooks that are not files: at addresses, read and written by ourselves or by who registered for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from execute_help import code, command, install_kernel, notebook, read, save, start, streams

from nuncius.nbconvert import papermill as pm
from nuncius.nbconvert.errors import PlaceError
from nuncius.nbconvert.execute.journal import journal_path
from nuncius.nbconvert.notebook import loads
from nuncius.nbconvert.parametrize.errors import ParameterError
from nuncius.nbconvert.parametrize.sources import read_file
from nuncius.nbconvert.places import Places, is_address


@pytest.fixture
def place(folder: Path) -> Path:
    install_kernel(folder)
    return folder


class _Files(BaseHTTPRequestHandler):
    """Keeps what is put; below ``/locked`` nothing can be."""

    kept: dict[str, bytes]

    def do_GET(self) -> None:
        data = self.kept.get(self.path)
        if self.path == "/moved.ipynb":
            self.send_response(302)
            self.send_header("Location", "/nb.ipynb")
            self.end_headers()
            return
        self._answer(404 if data is None else 200, data or b"")

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/locked"):
            self._answer(403, b"")
            return
        self.kept[self.path] = data
        self._answer(201, b"")

    def _answer(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """The address of a server, and what it keeps."""
    kept: dict[str, bytes] = {}
    handler = type("Handler", (_Files,), {"kept": kept})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}", kept
        made.shutdown()
        thread.join()


def put(kept: dict[str, bytes], nb: dict[str, Any]) -> None:
    kept["/nb.ipynb"] = json.dumps(nb).encode()


def test_what_an_address_is() -> None:
    words = ["s3://a/b", "http://x", "gs+x://y", "c:/a.ipynb", "C://a", "-", "a/b://c", "nb.ipynb"]
    assert [is_address(word) for word in words] == [True, True, True, False, False, False, False, False]  # fmt: skip


def test_a_notebook_is_run_from_one_address_to_another(
    place: Path, server: tuple[str, dict[str, bytes]]
) -> None:
    url, kept = server
    put(kept, notebook(code("a = 1", "parameters"), "print(a)"))
    kept["/p.yaml"] = b"a: 5\n"
    rc, _, err = command(place, f"{url}/moved.ipynb", "-o", f"{url}/out/{{a}}.ipynb", "-f", f"{url}/p.yaml")  # fmt: skip
    assert (rc, err.split(" -> ")[1].split(": ")[0]) == (0, f"{url}/out/5.ipynb")  # fmt: skip
    assert streams(loads(kept["/out/5.ipynb"]).nb) == ["", "", "5\n"]
    assert list(place.glob("*.ipynb")) == []


def test_the_result_of_an_address_comes_into_this_folder(
    place: Path, server: tuple[str, dict[str, bytes]]
) -> None:
    url, kept = server
    put(kept, notebook("print(1)"))
    assert command(place, f"{url}/nb.ipynb", "-q") == (0, "", "")
    assert streams(read(place / "nb.executed.ipynb")) == ["1\n"]
    rc, _, err = command(place, f"{url}/no.ipynb")
    assert (rc, err) == (1, f"nuncius execute: cannot read {url}/no.ipynb: the server says 404 Not Found\n")  # fmt: skip


def test_a_result_that_cannot_be_put_where_it_belongs_is_not_lost(
    place: Path, server: tuple[str, dict[str, bytes]]
) -> None:
    url, _ = server
    save(place / "nb.ipynb", notebook("print(1)"))
    rc, _, err = command(place, "nb.ipynb", "-o", f"{url}/locked/nb.ipynb")
    said = f"nuncius execute: nb.ipynb: cannot write {url}/locked/nb.ipynb: the server says 403 Forbidden; the result is in nb-1.ipynb\n"
    assert (rc, err) == (1, said)
    assert streams(read(place / "nb-1.ipynb")) == ["1\n"]


def test_a_scheme_that_nobody_handles() -> None:
    with pytest.raises(PlaceError, match=r"nothing that is installed handles nowhere://"):
        Places().read("nowhere://a/nb.ipynb")
    with pytest.raises(PlaceError, match=r"s3://a/nb\.ipynb: .*s3fs"):
        Places().read("s3://a/nb.ipynb")
    with pytest.raises(PlaceError, match=r"cannot reach http://127\.0\.0\.1:1/nb\.ipynb"):
        Places().write("http://127.0.0.1:1/nb.ipynb", "{}")
    with pytest.raises(ParameterError, match=r"No such file or directory: no\.yaml"):
        read_file("no.yaml")


def test_what_fsspec_knows_is_read_and_written(place: Path) -> None:
    save(place / "in.ipynb", notebook(code("a = 1", "parameters"), "print(a)"))
    with ZipFile(place / "all.zip", "w") as archive:
        archive.write(place / "in.ipynb", "deep/nb.ipynb")
    source, target = f"zip://deep/nb.ipynb::file://{place}/all.zip", f"file://{place}/out/{{a}}.ipynb"  # fmt: skip
    (place / "out").mkdir()
    rc, out, err = command(place, source, "-o", target, "-p", "a", "7")
    assert (rc, out, err.partition(": ")[0]) == (0, "", f"{source} -> file://{place}/out/7.ipynb")
    assert streams(read(place / "out" / "7.ipynb")) == ["", "", "7\n"]
    assert command(place, source, "-q") == (0, "", "")
    assert streams(read(place / "nb.executed.ipynb")) == ["", "1\n"]
    rc, _, err = command(place, f"file://{place}/no.ipynb")
    assert (rc, err.count("\n")) == (1, 1)
    assert err.startswith(
        f"nuncius execute: cannot read file://{place}/no.ipynb: FileNotFoundError: "
    )


def test_a_storage_in_memory(place: Path) -> None:
    pm.write_ipynb(notebook("print(3)"), "memory://shelf/in.ipynb")
    pm.execute_notebook("memory://shelf/in.ipynb", "memory://shelf/out.ipynb")
    out = pm.load_notebook_node("memory://shelf/out.ipynb")
    assert out.cells[0].outputs[0].text == "3\n"
    assert list((place / "nuncius" / "runs").iterdir()) == []


def test_a_run_to_an_address_that_was_cut_off_is_recovered(
    place: Path, server: tuple[str, dict[str, bytes]]
) -> None:
    url, kept = server
    save(place / "nb.ipynb", notebook("print('here', flush=True)", "print('now', flush=True)\nwhile True: pass"))  # fmt: skip
    with start(place, "execute", "nb", "-o", f"{url}/out.ipynb", "--log-output") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "now" in line and "print" not in line:
                break
        process.kill()
    (journal,) = (place / "nuncius" / "runs").iterdir()
    assert journal == journal_path(f"{url}/out.ipynb")
    rc, _, err = command(place, "nb", "-o", f"{url}/out.ipynb", "--recover")
    assert (rc, err) == (0, f"{url}/out.ipynb: written; the run was cut off after 1 cells\n")
    assert streams(loads(kept["/out.ipynb"]).nb) == ["here\n", "now\n"]
    assert not journal.exists()


class _Bucket:
    """A storage: papermill's handlers have these methods."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def read(self, path: str) -> str:
        return self.kept[path]

    def write(self, buf: str, path: str) -> None:
        self.kept[path] = buf


def test_handlers_can_be_registered_and_the_last_one_wins(place: Path) -> None:
    bucket, places = _Bucket(), Places([("mem://", _Bucket())])
    places.register("mem://", bucket)
    places.write("mem://a", "é")
    assert (places.read("mem://a"), bucket.kept) == ("é".encode(), {"mem://a": "é"})
    with pytest.raises(PlaceError, match="cannot read mem://b: KeyError: 'mem://b'"):
        places.read("mem://b")
    pm.papermill_io.register("bucket-of-a-test://", bucket)
    pm.write_ipynb(notebook("print(2)"), "bucket-of-a-test://in")
    pm.execute_notebook("bucket-of-a-test://in", "bucket-of-a-test://out")
    assert pm.load_notebook_node("bucket-of-a-test://out").cells[0].outputs[0].text == "2\n"


HANDLER = """
class Handler:
    @staticmethod
    def read(path):
        return '{"cells": [], "metadata": {"path": "%s"}, "nbformat": 4, "nbformat_minor": 5}' % path
broken = None
"""


def test_handlers_that_are_installed_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "a_storage-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: a-storage\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[papermill.io]\nstore:// = a_storage:Handler\nstore://x/ = a_storage:missing\n")  # fmt: skip
    (tmp_path / "a_storage.py").write_text(HANDLER)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert json.loads(Places().read("store://nb"))["metadata"] == {"path": "store://nb"}
    with pytest.raises(PlaceError, match="'a_storage:missing' registered for it does not load"):
        Places().read("store://x/nb")


class _Engine:
    @staticmethod
    def execute_notebook(nb: Any, kernel_name: str, output_path: str, extra: int = 0) -> Any:
        nb.cells[-1]["source"] = f"{kernel_name} {output_path} {extra}"
        return nb


class _Cobol:
    @staticmethod
    def codify(parameters: dict[str, Any], comment: str) -> str:
        return f"* {comment}\n" + "".join(f"MOVE {v} TO {k}.\n" for k, v in parameters.items())


def test_engines_and_languages_can_be_registered(place: Path) -> None:
    pm.papermill_engines.register("engine-of-a-test", _Engine)
    pm.papermill_translators.register("cobol", _Cobol())
    nb = notebook("a", kernel="cobol")
    made = pm.execute_notebook(nb, "out.ipynb", {"a": 1}, engine_name="engine-of-a-test", extra=7)
    assert [cell.source for cell in made.cells] == ["* Parameters\nMOVE 1 TO a.\n", "cobol out.ipynb 7"]  # fmt: skip
    assert read(place / "out.ipynb")["cells"][1]["source"] == "cobol out.ipynb 7"


ENGINE = """
class Engine:
    @staticmethod
    def execute_notebook(nb, kernel_name, output_path):
        if kernel_name == "py":
            raise LookupError("no")
        nb.cells[0]["source"] = f"{kernel_name} {output_path}"
        return nb
"""


def test_the_command_has_an_installed_engine_run_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = place / "an_engine-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: an-engine\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[papermill.engine]\nours = an_engine:Engine\n")
    (place / "an_engine.py").write_text(ENGINE)
    monkeypatch.setenv("PYTHONPATH", str(place))
    save(place / "nb.ipynb", notebook("1"))
    assert command(place, "nb", "--engine", "ours", "-k", "far") == (0, "", "")
    assert read(place / "nb.executed.ipynb")["cells"][0]["source"] == "far nb.executed.ipynb"
    said = "nuncius execute: nb.ipynb: engine ours: LookupError: no\n"
    assert command(place, "nb", "--engine", "ours") == (1, "", said)
    assert command(place, "nb", "--engine", "theirs")[2].startswith("nuncius execute: no engine 'theirs' is registered")  # fmt: skip
