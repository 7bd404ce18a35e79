"""nbconvert's classes and functions: code moves by changing its import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from nbconvert_notebooks import PNG, code, markdown, notebook, result, save
from traitlets import Unicode, default
from traitlets.config import Config

from nuncius.nbconvert import (
    Exporter,
    HTMLExporter,
    MarkdownExporter,
    NotebookExporter,
    PythonExporter,
    export,
    get_export_names,
    get_exporter,
)
from nuncius.nbconvert.errors import ExporterDisabledError, ExporterNameError
from nuncius.nbconvert.preprocessors import (
    ClearOutputPreprocessor,
    Preprocessor,
    RegexRemovePreprocessor,
    TagRemovePreprocessor,
)

NB = notebook(markdown("# T"), code("x = 1", result(text_plain="1"), tags=["gone"]), title="Title")


def test_names_lead_to_classes() -> None:
    assert get_exporter("html") is HTMLExporter
    assert get_exporter("ipynb") is NotebookExporter
    assert get_exporter("nbconvert.exporters.PythonExporter") is PythonExporter
    assert {"html", "pdf", "slides", "script", "notebook"} < set(get_export_names())
    with pytest.raises(ExporterNameError, match="did you mean 'markdown'"):
        get_exporter("markdwon")


def test_exporters_can_be_turned_off() -> None:
    off = Config({"HTMLExporter": {"enabled": False}})
    with pytest.raises(ExporterDisabledError):
        get_exporter("html", off)
    assert "html" not in get_export_names(off)


def test_options_are_traits_and_configuration() -> None:
    config = Config()
    config.TagRemovePreprocessor.remove_cell_tags = ["gone"]
    config.HTMLExporter.theme = "dark"
    text, resources = HTMLExporter(config=config, exclude_input_prompt=True).from_notebook_node(NB)
    assert ('data-theme="dark"' in text, "x = 1" in text) == (True, False)
    assert resources["output_extension"] == ".html"
    exporter = HTMLExporter()
    exporter.exclude_output = True
    assert "Out[" not in exporter.from_notebook_node(NB)[0]


def test_the_notebook_is_not_changed() -> None:
    before = json.dumps(NB)
    export(MarkdownExporter, NB, config=Config({"ClearOutputPreprocessor": {"enabled": True}}))
    assert json.dumps(NB) == before


def test_a_file_gives_its_name(folder: Path) -> None:
    path = save(folder / "my.ipynb", NB)
    for given in (path, str(path)):
        _, resources = export(HTMLExporter, given)
        assert resources["metadata"]["name"] == "my"
        assert resources["metadata"]["path"] == str(folder)
    with path.open() as file:
        assert "# T" in export(MarkdownExporter(), file)[0]


def test_pictures_are_in_the_resources() -> None:
    image = {"output_type": "display_data", "metadata": {}, "data": {"image/png": PNG}}
    text, resources = MarkdownExporter().from_notebook_node(notebook(code("", image)), {"unique_key": "k", "output_files_dir": "k_files"})  # fmt: skip
    assert list(resources["outputs"]) == ["k_files/k_0_0.png"]
    assert "![png](k_files/k_0_0.png)" in text


def test_preprocessors_of_every_kind() -> None:
    """Functions, classes, instances and dotted paths; cells have attributes."""

    def shout(nb: Any, resources: Any) -> tuple[Any, Any]:
        nb.cells[0].source = nb.cells[0].source.upper() + "!"
        return nb, resources

    class Add(Preprocessor):
        mark = Unicode("?").tag(config=True)

        def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
            cell.source += self.mark
            return cell, resources

    exporter = MarkdownExporter(config=Config({"Add": {"mark": "+"}}))
    exporter.register_preprocessor(shout)
    exporter.register_preprocessor(Add, enabled=True)
    exporter.register_preprocessor("nbconvert.preprocessors.ClearOutputPreprocessor")
    assert exporter.from_notebook_node(NB)[0] == "# T!+\n\n\n```\nx = 1+\n```\n\n"


def test_preprocessors_work_by_themselves() -> None:
    nb, _ = TagRemovePreprocessor(remove_cell_tags=["gone"]).preprocess(json.loads(json.dumps(NB)), {})  # fmt: skip
    assert [cell["source"] for cell in nb["cells"]] == ["# T"]
    nb, _ = RegexRemovePreprocessor(patterns=["#"], enabled=True)(json.loads(json.dumps(NB)), {})
    assert [cell["source"] for cell in nb["cells"]] == ["x = 1"]
    nb, _ = ClearOutputPreprocessor()(json.loads(json.dumps(NB)), {})
    assert nb == NB  # it is not enabled


def test_exporters_can_be_derived() -> None:
    class Mine(HTMLExporter):
        export_from_notebook = "Mine"
        output_mimetype = "text/mine"

        @default("file_extension")
        def _extension(self) -> str:
            return ".mine"

        @property
        def default_config(self) -> Config:
            config = Config({"TagRemovePreprocessor": {"remove_cell_tags": ["gone"]}})
            config.merge(super().default_config)
            return config

    text, resources = Mine().from_notebook_node(NB)
    assert (resources["output_extension"], "x = 1" in text) == (".mine", False)


def test_the_base_exporter_returns_the_notebook() -> None:
    nb, _ = Exporter().from_notebook_node(NB)
    assert nb.cells[1].source == "x = 1"


def test_templates_and_filters_of_programs(folder: Path) -> None:
    exporter = HTMLExporter(
        raw_template="{% for cell in nb.cells %}{{ cell.source | twice }};{% endfor %}"
    )
    exporter.register_filter("twice", lambda text: text * 2)
    assert exporter.from_notebook_node(NB)[0] == "# T# T;x = 1x = 1;"
