"""Writers, postprocessors and script exporters of other packages, as programs for nbconvert use them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from nbconvert_notebooks import code, notebook, save
from traitlets.config import Config

from nuncius.nbconvert.cli import main
from nuncius.nbconvert.errors import ConversionException
from nuncius.nbconvert.postprocessors import PostProcessorBase, ServePostProcessor
from nuncius.nbconvert.writers import DebugWriter, FilesWriter, StdoutWriter, WriterBase


def test_a_files_writer_writes_the_result_and_what_belongs_to_it(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "x.csv").write_text("1")
    writer = FilesWriter(config=Config({"FilesWriter": {"build_directory": "out", "files": ["data/*.csv"]}}))  # fmt: skip
    resources = {"output_extension": ".html", "outputs": {"nb_files/p.png": b"PNG"}, "metadata": {"path": str(folder)}}  # fmt: skip
    assert Path(writer.write("text ü", resources, notebook_name="nb")) == Path("out/nb.html")
    written = {p.relative_to("out").as_posix(): p.read_bytes() for p in Path("out").rglob("*") if p.is_file()}  # fmt: skip
    assert written == {"nb.html": "text ü".encode(), "nb_files/p.png": b"PNG", "data/x.csv": b"1"}


def test_a_files_writer_needs_a_name_and_stays_in_its_folder(folder: Path) -> None:
    with pytest.raises(TypeError, match="notebook_name"):
        FilesWriter().write("x", {})
    with pytest.raises(ConversionException, match="outside"):
        FilesWriter(build_directory="out").write("x", {"outputs": {"../../evil": b""}}, notebook_name="n")  # fmt: skip


def test_other_writers(capsys: pytest.CaptureFixture[str]) -> None:
    StdoutWriter().write("out\n", {})
    DebugWriter().write("", {"outputs": {"a.png": b"123"}}, notebook_name="nb")
    assert capsys.readouterr().out == "out\noutputs extracted from nb: 1\n  a.png (3 bytes)\n"
    with pytest.raises(NotImplementedError, match="WriterBase has no method write"):
        WriterBase().write("", {})


def test_postprocessors() -> None:
    seen = []

    class Mine(PostProcessorBase):
        def postprocess(self, input_: str) -> None:
            seen.append(input_)

    Mine()("a.html")
    assert seen == ["a.html"]
    with pytest.raises(NotImplementedError, match="postprocess"):
        PostProcessorBase()("x")
    assert ServePostProcessor(port=1234).port == 1234


def test_a_writer_and_a_script_exporter_from_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "elsewhere.py").write_text(
        "from nuncius.nbconvert.writers import WriterBase\n"
        "from nuncius.nbconvert.exporters import Exporter\n"
        "class Loud(WriterBase):\n"
        "    def write(self, output, resources, notebook_name=None, **kw):\n"
        "        print(notebook_name, output.upper())\n"
        "class Lisp(Exporter):\n"
        "    file_extension = '.lisp'\n"
        "    def from_notebook_node(self, nb, resources=None, **kw):\n"
        "        return ';; ' + nb.cells[0].source, dict(resources or {}, output_extension='.lisp')\n"
    )
    info = folder / "elsewhere-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[nbconvert.exporters.script]\nlisp = elsewhere:Lisp\n")
    monkeypatch.syspath_prepend(str(folder))
    save(folder / "nb.ipynb", notebook(code("(+ 1 2)"), language_info={"name": "lisp"}))
    assert main(["--to", "script", "nb.ipynb"]) == 0
    assert (folder / "nb.lisp").read_text() == ";; (+ 1 2)"
    assert main(["--to", "script", "--writer", "elsewhere.Loud", "nb.ipynb"]) == 0
    assert "nb ;; (+ 1 2)" in capsys.readouterr().out
    sys.modules.pop("elsewhere")
