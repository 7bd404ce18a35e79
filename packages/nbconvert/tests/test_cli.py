"""The command, as people use it: names, folders, pipes, mistakes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbconvert_notebooks import PNG, code, markdown, notebook, result, save, stream

from nuncius.nbconvert.cli import main
from nuncius.nbconvert.writing import write

NB = notebook(markdown("# Title"), code("x = 1\nx", result(text_plain="1"), tags=["gone"]))


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--to", "html"], ["a.html"]),
        (["--to=python"], ["a.py"]),
        (["--to", "script"], ["a.py"]),
        (["--to", "slides"], ["a.slides.html"]),
        (["--to", "notebook"], ["a.nbconvert.ipynb"]),
        (["--to", "ipynb", "--nbformat=3"], ["a.v3.ipynb"]),
        (["--to", "latex"], ["a.tex"]),
        (["--to", "markdown", "--output", "b.md"], ["b.md"]),
        (["--to", "rst", "--output-dir", "out/deep"], ["out/deep/a.rst"]),
        (["--to", "asciidoc", "--output", "{notebook_name}-x"], ["a-x.asciidoc"]),
        (["--to", "notebook", "--output-dir", "out"], ["out/a.ipynb"]),
    ],
)
def test_results_have_the_names_that_people_expect(folder: Path, arguments: list[str], names: list[str]) -> None:  # fmt: skip
    save(folder / "a.ipynb", NB)
    before = {p for p in folder.rglob("*") if p.is_file()}
    assert main([*arguments, "a.ipynb"]) == 0
    made = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {p.name for p in before}  # fmt: skip
    assert made == set(names)


def test_pictures_go_beside_the_result(folder: Path) -> None:
    image = {"output_type": "display_data", "metadata": {}, "data": {"image/png": PNG}}
    save(folder / "my nb.ipynb", notebook(code("1", image)))
    assert main(["--to", "markdown", "my nb"]) == 0
    assert "![png](my%20nb_files/my%20nb_0_0.png)" in (folder / "my nb.md").read_text()
    assert (folder / "my nb_files" / "my nb_0_0.png").read_bytes().startswith(b"\x89PNG")


def test_in_place_replaces_the_notebook(folder: Path) -> None:
    path = save(folder / "a.ipynb", NB)
    assert main(["--clear-output", "--inplace", "a.ipynb"]) == 0
    cell = json.loads(path.read_text())["cells"][1]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_pipes(folder: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(NB).encode())))
    assert main(["--stdin", "--stdout", "--to", "markdown"]) == 0
    out, err = capfdbinary.readouterr()
    assert out == b"# Title\n\n\n```\nx = 1\nx\n```\n\n\n    1\n\n"
    assert err == b""


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["--to", "htlm", "a.ipynb"], 1, "unknown exporter 'htlm'; did you mean 'html'?"),
        (["a.ipynb"], 1, "say what to convert to: --to asciidoc, custom, html"),
        (["--to", "html", "nothing*.ipynb"], 255, "no notebook matches 'nothing*.ipynb'"),
        (["--to", "html", "bad.ipynb"], 1, "bad.ipynb: not JSON: Expecting value in line 1, column 1"),
        (["--tto", "html"], 1, "there is no option --tto; did you mean 'to'?"),
        (["--to"], 1, "--to needs a value"),
        (["--to", "html", "--output", "x", "a.ipynb", "b.ipynb"], 1, "would be written 2 times"),
        (["--to", "html", "--HTMLExporter.them=dark", "a.ipynb"], 1, "HTMLExporter has no option 'them'; did you mean 'theme'?"),
        (["--to", "html", "--HTMLExporte.theme=dark", "a.ipynb"], 1, "there is no class 'HTMLExporte'; did you mean 'HTMLExporter'?"),
        (["--to", "html", "--template", "none", "a.ipynb"], 1, "there is no template 'none'; looked in:"),
        (["--to", "html", "--config", "none", "a.ipynb"], 1, "--config: there is no file 'none'"),
    ],
)  # fmt: skip
def test_mistakes_are_answered_in_words(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], exit_code: int, said: str) -> None:  # fmt: skip
    for name in ("a", "b"):
        save(folder / f"{name}.ipynb", NB)
    (folder / "bad.ipynb").write_text("oops")
    assert main(arguments) == exit_code
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_one_bad_notebook_does_not_stop_the_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    save(folder / "a.ipynb", NB)
    (folder / "bad.ipynb").write_text("{}")
    save(folder / "c.ipynb", NB)
    assert main(["--to", "html", "*.ipynb"]) == 1
    assert (folder / "a.html").exists()
    assert (folder / "c.html").exists()
    assert "1 of 3 notebooks failed" in capsys.readouterr().err


def test_links_in_a_batch_lead_to_the_results(folder: Path) -> None:
    save(folder / "a.ipynb", notebook(markdown("[next](b.ipynb#Title) [other](c.ipynb)")))
    save(folder / "b.ipynb", NB)
    assert main(["--to", "html", "-j2", "a.ipynb", "b.ipynb"]) == 0
    text = (folder / "a.html").read_text()
    assert '<a href="b.html#Title">next</a> <a href="c.ipynb">other</a>' in text


def test_strict_fails_on_what_was_repaired(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    save(folder / "a.ipynb", notebook(code("1", count="*")))  # type: ignore[arg-type]
    assert main(["--to", "html", "--strict", "a.ipynb"]) == 1
    assert "cell 1, execution_count: expected a whole number or null, got '*'" in capsys.readouterr().err  # fmt: skip


def test_configuration_files_and_the_command_line(folder: Path) -> None:
    """The command line has the last word; the current folder is read only if it is asked for."""
    save(folder / "a.ipynb", NB)
    config = folder / "config"
    config.mkdir()
    (config / "jupyter_nbconvert_config.py").write_text("c.HTMLExporter.theme = 'dark'\nc.TagRemovePreprocessor.remove_cell_tags = {'gone'}\n")  # fmt: skip
    (folder / "jupyter_nbconvert_config.py").write_text("raise SystemExit('not read')\n")
    assert main(["--to", "html", "a.ipynb"]) == 0
    text = (folder / "a.html").read_text()
    assert 'data-theme="dark"' in text
    assert "In&nbsp;[1]" not in text
    assert main(["--to", "html", "--theme", "light", "a.ipynb"]) == 0
    assert 'data-theme="light"' in (folder / "a.html").read_text()


def test_modules_beside_the_notebook_are_not_imported(folder: Path) -> None:
    """A file named after a library, in a downloaded folder, must not run when the notebook is converted."""
    save(folder / "a.ipynb", notebook(code("%time 1", stream("x"))))
    for name in ("IPython", "nbformat", "pygments", "jinja2", "json"):
        (folder / f"{name}.py").write_text("raise SystemExit('imported')")
    command = "import sys; from nuncius.nbconvert.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", command, "--to", "script", "a.ipynb"],
        check=False, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_page_of_the_command_starts_without_heavy_modules() -> None:
    """People wait for this; see also the benchmark."""
    command = "import sys, nuncius.nbconvert.cli.command, nuncius.nbconvert.render.pages; print(*sorted({'traitlets','jinja2','nbformat','asyncio','zmq','pygments','jsonschema'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("arguments", [["--help"], ["--help-all"], ["--version"], ["--show-config"], ["--show-config-json"]])  # fmt: skip
def test_questions_are_answered(folder: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert main(arguments) == 0
    if "config" not in arguments[0]:
        assert capsys.readouterr().out.strip()


def test_a_result_that_is_there_already_is_made_new_and_nothing_else(folder: Path) -> None:
    for name, chunks in (("same", ["a", "bc"]), ("longer", ["ab"]), ("shorter", ["abcd"])):
        path = folder / name
        path.write_bytes(b"abc")
        os.utime(path, (1, 1))
        before = path.stat().st_ino
        assert write(path, chunks) == len("".join(chunks))
        assert path.read_text() == "".join(chunks)
        assert path.stat().st_mtime > 1
        assert (path.stat().st_ino == before) is (name == "same")
