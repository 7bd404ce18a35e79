"""Reading notebooks: what is wrong but clear is repaired and said."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.nbconvert.errors import NotebookError
from nuncius.nbconvert.notebook import dumps, loads, normalize

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["cells", "cell_type", "source", "outputs", "metadata", "data", "text", "output_type", "worksheets", "nbformat", "input", "tags", "attachments", "traceback"]),
        inner,
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


def test_lists_of_lines_become_texts_and_ids_are_counted() -> None:
    """A file of nbformat 4.4 has no ids; the same file gives the same ids each time."""
    nb = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [{"cell_type": "markdown", "metadata": {}, "source": ["a\n", "b"]}]}  # fmt: skip
    assert normalize(nb).nb == {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [{"cell_type": "markdown", "id": "cell-0", "metadata": {}, "source": "a\nb"}],
    }


def test_what_is_wrong_but_clear_is_repaired_and_said() -> None:
    cells = [{"cell_type": "code", "execution_count": "*", "outputs": [{"output_type": "stream", "text": "x"}]}]  # fmt: skip
    loaded = normalize({"nbformat": 4, "cells": cells})
    assert [str(problem) for problem in loaded.problems] == [
        "cell 1, source: missing; taken as empty",
        "cell 1, execution_count: expected a whole number or null, got '*'",
        "cell 1, outputs[0].name: missing; taken for stdout",
    ]
    assert loaded.nb["cells"][0]["outputs"] == [{"output_type": "stream", "text": "x", "name": "stdout"}]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.ipynb: the file is empty; a notebook is a JSON object"),
        ("[1", "x.ipynb: not JSON: Expecting ',' delimiter in line 1, column 3"),
        ("[]", "x.ipynb: expected a JSON object, got a list"),
        ("{}", "x.ipynb, cells: expected a list, got nothing; this is not a notebook"),
        ("{\n<<<<<<< HEAD\n>>>>>>> b\n}", "x.ipynb: line 2: has the marks of a merge conflict; resolve it first"),
        (b"\xff{}", "x.ipynb: not UTF-8 (byte 0); a notebook is JSON in UTF-8"),
        ("[" * 100_000, "x.ipynb: nested too deeply to be a notebook"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_an_error_for_people(text: str | bytes, said: str) -> None:
    with pytest.raises(NotebookError) as caught:
        loads(text, "x.ipynb")
    assert str(caught.value) == said


def test_format_3_is_upgraded() -> None:
    old = {
        "nbformat": 3,
        "metadata": {"name": "old"},
        "worksheets": [{"cells": [
            {"cell_type": "heading", "level": 2, "source": ["Title"], "metadata": {}},
            {"cell_type": "code", "language": "python", "input": "1", "prompt_number": 4, "metadata": {}, "outputs": [
                {"output_type": "pyout", "prompt_number": 4, "text": ["1"], "png": "AA=="},
                {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]},
                {"output_type": "stream", "stream": "stderr", "text": "s"}]}]}],
    }  # fmt: skip
    cells = normalize(old).nb["cells"]
    assert [cell["source"] for cell in cells] == ["## Title", "1"]
    assert cells[1]["outputs"] == [
        {"output_type": "execute_result", "execution_count": 4, "metadata": {}, "data": {"text/plain": "1", "image/png": "AA=="}},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
        {"output_type": "stream", "name": "stderr", "text": "s"},
    ]  # fmt: skip


def test_writing_and_reading_again_changes_nothing() -> None:
    nb = normalize({"cells": [{"cell_type": "code", "metadata": {}, "source": "a\nb", "execution_count": None, "outputs": []}]}).nb  # fmt: skip
    assert loads(dumps(nb)).nb == nb


@given(JSON)
def test_anything_is_read_or_refused_by_name(tree: object) -> None:
    """A hostile file gives a NotebookError, or a tree that can be written and read."""
    try:
        nb = normalize(tree).nb
    except NotebookError:
        return
    assert loads(dumps(nb)).nb["cells"] == json.loads(json.dumps(nb["cells"]))


@given(st.dictionaries(st.text(), JSON, max_size=3), st.lists(JSON, max_size=3))
def test_the_text_of_a_file_is_that_of_json(extra: dict[str, Any], cells: list[Any]) -> None:
    """What is written piece by piece is what the library writes in one go."""
    nb = {**extra, "cells": [{"source": "a", "x": cell} for cell in cells]}
    whole = {**nb, "cells": [{**cell, "source": ["a"]} for cell in nb["cells"]]}
    written = json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    assert dumps(nb) == re.sub("[\ud800-\udfff]", "\ufffd", written)


@given(st.binary() | st.text() | st.text('[]{}",:0123456789.eE-+tfn \\ud8', max_size=40))
def test_any_bytes_are_read_or_refused_by_name(data: bytes | str) -> None:
    with pytest.raises(NotebookError):
        loads(data, "f.ipynb")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file is empty; a notebook is a JSON object"),
        ("[" * 100_000, "nested too deeply to be a notebook"),
        ('{"cells": [], "metadata": {"a": ' + "1" * 5_000 + "}}", "a number in it cannot be read"),
        ('<<<<<<< a\n=======\n>>>>>>> b', "line 1: has the marks of a merge conflict; resolve it first"),
        ('{"cells": 1}', "cells: expected a list, got a number; this is not a notebook"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_refused_by_name(text: str, problem: str) -> None:
    with pytest.raises(NotebookError) as caught:
        loads(text, "f.ipynb")
    assert re.match(r"f\.ipynb(: |, )" + re.escape(problem), str(caught.value))


def test_lines_of_format_2_have_no_ends() -> None:
    old = {"nbformat": 2, "metadata": {"signature": "x"}, "worksheets": [{"cells": [
        {"cell_type": "code", "language": "python", "input": ["a", "b"], "prompt_number": 1,
         "outputs": [{"output_type": "stream", "stream": "stdout", "text": ["c", "d"]},
                     {"output_type": "pyout", "prompt_number": 1, "text": ["e", "f"]}]},
        {"cell_type": "markdown", "source": ["# g", "h"]},
    ]}]}  # fmt: skip
    code, prose = loads(json.dumps(old).encode(), "t").nb["cells"]
    assert code["source"] == "a\nb"
    assert [code["outputs"][0]["text"], code["outputs"][1]["data"]] == ["c\nd", {"text/plain": "e\nf"}]  # fmt: skip
    assert prose["source"] == "# g\nh"
