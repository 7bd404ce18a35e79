"""The stages between reading and writing, and the colors of code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert_notebooks import PNG, code, markdown, notebook, result, stream

from nuncius.nbconvert import options, stages
from nuncius.nbconvert.errors import ConversionException, FilterError
from nuncius.nbconvert.highlight import code as highlight
from nuncius.nbconvert.highlight.python import tokens
from nuncius.nbconvert.html_table import read_tables
from nuncius.nbconvert.notebook import normalize
from nuncius.nbconvert.preprocess.extract import harmless_name
from nuncius.nbconvert.writing import write, write_outputs


def run(choice: options.Preprocessor, *cells: dict[str, Any], **resources: Any) -> tuple[Any, Any]:
    nb = normalize(notebook(*cells, kept=1, gone=2)).nb
    stages.run_one(nb, resources, choice)
    return nb, resources


def test_tags_remove_cells_sources_and_outputs() -> None:
    shown = result(text_plain="1")
    tagged = {**result(text_plain="2"), "metadata": {"tags": ["o"]}}
    nb, _ = run(
        options.TagRemovePreprocessor(remove_cell_tags=["c"], remove_all_outputs_tags=["a"], remove_single_output_tags=["o"], remove_input_tags=["i"]),
        markdown("x", tags=["c"]), code("a", shown, tags=["a"]), code("o", shown, tagged), code("i", tags=["i"]),
    )  # fmt: skip
    assert [cell["source"] for cell in nb["cells"]] == ["a", "o", "i"]
    assert [len(cell["outputs"]) for cell in nb["cells"]] == [0, 1, 0]
    assert nb["cells"][2]["metadata"]["transient"] == {"remove_source": True}


def test_a_pattern_that_is_wrong_is_named() -> None:
    with pytest.raises(FilterError, match=r"RegexRemovePreprocessor\.patterns"):
        run(options.RegexRemovePreprocessor(patterns=["("]), markdown("x"))


def test_metadata_is_removed_but_for_the_masks() -> None:
    nb, _ = run(
        options.ClearMetadataPreprocessor(preserve_nb_metadata_mask=["kept"], preserve_cell_metadata_mask=[("a", "b")]),
        markdown("x", a={"b": 1, "c": 2}, d=3),
    )  # fmt: skip
    assert (nb["metadata"], nb["cells"][0]["metadata"]) == ({"kept": 1}, {"a": {"b": 1}})


def test_streams_are_joined_and_progress_bars_are_one_line() -> None:
    nb, _ = run(
        options.CoalesceStreamsPreprocessor(),
        code("x", stream("1%\r"), stream("50%\r100%\n"), stream("e", "stderr"), stream("ab\bc\n")),
    )
    assert [(o["name"], o["text"]) for o in nb["cells"][0]["outputs"]] == [("stdout", "100%\n"), ("stderr", "e"), ("stdout", "ac\n")]  # fmt: skip


def test_attachments_become_files_that_the_text_refers_to() -> None:
    cell = {**markdown("![a](attachment:../../evil.png)"), "attachments": {"../../evil.png": {"image/png": PNG}}}  # fmt: skip
    nb, resources = run(options.ExtractAttachmentsPreprocessor(), cell, output_files_dir="d")
    assert (nb["cells"][0]["source"], list(resources["outputs"])) == ("![a](d/evil.png)", ["d/evil.png"])  # fmt: skip


@given(st.text(max_size=40))
def test_names_of_files_stay_in_their_folder(name: str) -> None:
    clean = harmless_name(name)
    assert not set(clean) & set("/\\\0:")
    assert clean not in (".", "..")


def test_results_are_not_written_outside_of_their_folder(tmp_path: Path) -> None:
    with pytest.raises(ConversionException, match="outside"):
        write_outputs(tmp_path / "out", {"../x": b""})


def test_what_was_there_stays_until_all_is_written(tmp_path: Path) -> None:
    def broken() -> Any:
        yield "half"
        raise RuntimeError

    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        write(path, broken())
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "old")]


@given(st.text(st.sampled_from("ab1.\"'#%!?@()[]{}=\n \\rfx:"), max_size=50))
def test_tokens_joined_are_the_source(source: str) -> None:
    assert "".join(text for _, text in tokens(source)) == source


def test_python_is_colored_as_pygments_does() -> None:
    source = 'import os.path as p\n@dec\nclass A(B):\n    def f(self, x=1.5):\n        return not f"{x}" # c\n'
    assert [token for token in tokens(source) if token[0] not in ("", "p", "n", "o")] == [
        ("kn", "import"), ("nn", "os"), ("nn", "path"), ("k", "as"), ("nd", "@"), ("nd", "dec"), ("k", "class"), ("nc", "A"),
        ("k", "def"), ("nf", "f"), ("bp", "self"), ("mf", "1.5"), ("k", "return"), ("ow", "not"), ("sa", "f"), ("s2", '"{x}"'), ("c1", "# c"),
    ]  # fmt: skip


def test_cell_magics_are_colored_in_their_language() -> None:
    assert '<span class="nt">' in highlight.html("%%html\n<b>x</b>", "ipython3")
    assert highlight.html("a<b", "no such language") == "a&lt;b"


def test_tables_are_read_from_html() -> None:
    tables, text = read_tables("<style>x</style><p>before</p><table><thead><tr><th></th><th>a</th></tr></thead><tr><th>0</th><td>1.5</td></tr><tr><td colspan=2>w</td></tr></table>")  # fmt: skip
    assert [(t.rows, t.head) for t in tables] == [([["", "a"], ["0", "1.5"], ["w", ""]], 1)]
    assert text == "before"


def test_every_stage_leaves_a_notebook_that_can_be_written() -> None:
    for cls, _ in stages.STAGES:
        if cls is options.ExecutePreprocessor:
            continue
        nb, _ = run(
            cls(enabled=True), markdown("x"), code("1", result(text_plain="1", text_html="<b>"))
        )
        json.dumps(nb)
