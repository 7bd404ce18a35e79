"""Read notebooks: JSON in, a private and well-formed nbformat 4.5 tree out.

The tree is of plain dicts, lists and strings. Whoever gets it owns it: the later stages change it in place, and nothing checks it again.

Rule 1: what is wrong but clear is repaired, and a `Problem` says what was done.
Rule 2: what cannot be understood is a `NotebookError` with file, cell and field.
Rule 3: one pass, linear; strings are shared with the input, never copied or scanned.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.errors import NotebookError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Loaded", "Notebook", "Problem", "chunks", "dumps", "loads", "normalize"]

#: An nbformat 4 notebook: plain dicts, lists, strings, numbers.
Notebook = dict[str, Any]

_CELL_TYPES = frozenset({"code", "markdown", "raw"})
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")
#: Surrogates that stand alone cannot be written as UTF-8; JSON can spell them.
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a notebook that was not as it should be, and was repaired.

    Attributes:
        text: What was wrong and what was done, for people.
        cell: The index of the cell from 0; None for the notebook as a whole.
        field: The path of the field, like ``outputs[2].name``.
    """

    text: str
    cell: int | None = None
    field: str = ""

    def __str__(self) -> str:
        place = ([] if self.cell is None else [f"cell {self.cell + 1}"]) + (
            [self.field] if self.field else []
        )
        return f"{', '.join(place)}: {self.text}" if place else self.text


@dataclass(frozen=True, slots=True)
class Loaded:
    """A notebook that was read.

    Attributes:
        nb: The tree, nbformat 4.5.
        problems: What was repaired.
    """

    nb: Notebook
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Repair:
    """Gathers problems while the tree is built."""

    source: str
    problems: list[Problem] = field(default_factory=list)
    cell: int | None = None

    def note(self, text: str, where: str = "") -> None:
        self.problems.append(Problem(text, self.cell, where))

    def fail(self, text: str, where: str = "") -> NotebookError:
        return NotebookError(text, source=self.source, cell=self.cell, field=where)


def loads(text: str | bytes, source: str = "") -> Loaded:
    """Read a notebook from the text of its file.

    Args:
        text: JSON, as UTF-8 if bytes; a byte order mark is accepted.
        source: How errors call it: the name of the file.

    Raises:
        NotebookError: This is not a notebook.
    """
    try:
        if isinstance(text, bytes):
            # The name is used again so that the bytes can go: with the tree they would be three copies.
            text = text.decode("utf-8-sig")
        tree = json.loads(text)
    except UnicodeDecodeError as error:
        raise NotebookError(f"not UTF-8 (byte {error.start}); a notebook is JSON in UTF-8", source=source) from None  # fmt: skip
    except json.JSONDecodeError as error:
        raise NotebookError(_json_problem(text if isinstance(text, str) else "", error), source=source) from None  # fmt: skip
    except RecursionError:
        raise NotebookError("nested too deeply to be a notebook", source=source) from None
    except ValueError as error:  # Python reads no numbers of thousands of digits
        raise NotebookError(f"a number in it cannot be read: {error}", source=source) from None
    return normalize(tree, source)


def _json_problem(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return "the file is empty; a notebook is a JSON object"
    if "<<<<<<<" in text and ">>>>>>>" in text:
        return f"line {error.lineno}: has the marks of a merge conflict; resolve it first"
    return f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}"


def normalize(tree: Any, source: str = "") -> Loaded:
    """Make the private, well-formed copy of a notebook that is given as a tree.

    Args:
        tree: What JSON says, or nbformat's NotebookNode; it is not changed.
        source: How errors call it.

    Raises:
        NotebookError: This is not a notebook.
    """
    repair = _Repair(source)
    if not isinstance(tree, dict):
        raise repair.fail(f"expected a JSON object, got {_kind(tree)}")
    major = tree.get("nbformat")
    if isinstance(major, int) and major > 4:
        repair.note(f"written in nbformat {major}, read as nbformat 4")
    if "cells" not in tree and ("worksheets" in tree or (isinstance(major, int) and major < 4)):
        from nuncius.nbconvert.upgrade import upgrade

        tree = upgrade(tree)
    cells = tree.get("cells")
    if not isinstance(cells, list):
        raise repair.fail(f"expected a list, got {_kind(cells)}; this is not a notebook", "cells")
    nb = {key: value for key, value in tree.items() if key != "cells"}
    nb["metadata"] = _metadata(tree, repair, "metadata")
    _language(nb["metadata"], repair)
    nb["nbformat"], nb["nbformat_minor"] = 4, 5
    ids: set[str] = set()
    nb["cells"] = [
        cell
        for index, raw in enumerate(cells)
        if (cell := _cell(raw, index, repair, ids)) is not None
    ]
    return Loaded(nb, tuple(repair.problems))


def dumps(nb: Notebook) -> str:
    """Return a notebook as the text of a file, as Jupyter writes it: multi-line strings as lists, one space of indentation, sorted keys."""
    return "".join(chunks(nb))


def chunks(nb: Notebook) -> Iterator[str]:
    """Yield the text that `dumps` returns, cell by cell: a large notebook need not be there twice."""
    before = "{"
    for key in sorted(nb):
        yield f"{before}\n {json.dumps(key, ensure_ascii=False)}: "
        if key == "cells" and nb[key]:
            for index, cell in enumerate(nb[key]):
                yield ",\n  " if index else "[\n  "
                yield _written(_split_cell(cell), 2)
            yield "\n ]"
        else:
            yield _written(nb[key], 1)
        before = ","
    yield "\n}\n" if nb else "{}\n"


def _written(tree: Any, depth: int) -> str:
    text = json.dumps(tree, ensure_ascii=False, indent=1, sort_keys=True)
    if not text.isascii():
        text = _SURROGATES.sub("\ufffd", text)
    # Texts have no line ends of their own in JSON.
    return text.replace("\n", "\n" + " " * depth)


def _language(metadata: dict[str, Any], repair: _Repair) -> None:
    for name in ("language_info", "kernelspec"):
        if name in metadata and not isinstance(metadata[name], dict):
            repair.note(f"expected an object, got {_kind(metadata[name])}; ignored", f"metadata.{name}")  # fmt: skip
            del metadata[name]


def _cell(raw: Any, index: int, repair: _Repair, ids: set[str]) -> dict[str, Any] | None:
    repair.cell = index
    try:
        if not isinstance(raw, dict):
            repair.note(f"expected an object, got {_kind(raw)}; left out")
            return None
        cell = dict(raw)
        kind = cell.get("cell_type")
        if not isinstance(kind, str):
            kind = "code" if "outputs" in cell else "markdown"
            repair.note(f"missing; taken for a {kind} cell", "cell_type")
            cell["cell_type"] = kind
        cell["metadata"] = _metadata(raw, repair, "metadata")
        if not isinstance(cell["metadata"].get("tags", []), list):
            cell["metadata"]["tags"] = _tags(cell["metadata"]["tags"], repair)
        cell["source"] = _text(raw.get("source"), repair, "source")
        cell["id"] = _identify(raw.get("id"), index, ids)
        if kind == "code":
            _code(cell, raw, repair)
        elif "attachments" in cell and not isinstance(cell["attachments"], dict):
            repair.note(f"expected an object, got {_kind(cell['attachments'])}; ignored", "attachments")  # fmt: skip
            del cell["attachments"]
        return cell
    finally:
        repair.cell = None


def _tags(tags: Any, repair: _Repair) -> list[str]:
    repair.note(f"expected a list of texts, got {_kind(tags)}", "metadata.tags")
    return [tags] if isinstance(tags, str) else []


def _identify(wanted: Any, index: int, ids: set[str]) -> str:
    # Ids made here are counted, not drawn: the same notebook gives the same bytes.
    name = wanted if isinstance(wanted, str) and _ID.match(wanted) and wanted not in ids else ""
    if not name:
        name = f"cell-{index}"
        while name in ids:
            name += "-"
    ids.add(name)
    return name


def _code(cell: dict[str, Any], raw: dict[str, Any], repair: _Repair) -> None:
    count = cell.get("execution_count")
    if not isinstance(count, int) or isinstance(count, bool):
        if count is not None:
            repair.note(f"expected a whole number or null, got {count!r}", "execution_count")
        cell["execution_count"] = None
    outputs = raw.get("outputs")
    if not isinstance(outputs, list):
        if outputs is not None:
            repair.note(f"expected a list, got {_kind(outputs)}; taken as empty", "outputs")
        outputs = []
    cell["outputs"] = [
        output
        for number, item in enumerate(outputs)
        if (output := _output(item, f"outputs[{number}]", repair)) is not None
    ]


def _output(raw: Any, where: str, repair: _Repair) -> dict[str, Any] | None:
    if not isinstance(raw, dict):
        repair.note(f"expected an object, got {_kind(raw)}; left out", where)
        return None
    output = dict(raw)
    build = _OUTPUTS.get(raw.get("output_type", ""))
    if build is None:
        kind = raw.get("output_type")
        if "data" not in raw and "text" not in raw:
            repair.note(f"unknown output_type {kind!r}; left out", where)
            return None
        output["output_type"] = "display_data" if "data" in raw else "stream"
        repair.note(f"unknown output_type {kind!r}; taken for {output['output_type']}", where)
        build = _OUTPUTS[output["output_type"]]
    build(output, where, repair)
    return output


def _stream(output: dict[str, Any], where: str, repair: _Repair) -> None:
    if not isinstance(output.get("name"), str):
        repair.note("missing; taken for stdout", f"{where}.name")
        output["name"] = "stdout"
    output["text"] = _text(output.get("text"), repair, f"{where}.text")


def _display(output: dict[str, Any], where: str, repair: _Repair) -> None:
    data = output.get("data")
    if not isinstance(data, dict):
        repair.note(f"expected an object, got {_kind(data)}; taken as empty", f"{where}.data")
        data = {}
    output["data"] = {
        mime: _text(value, repair, f"{where}.data") if not _is_json(mime) else value
        for mime, value in data.items()
    }
    output["metadata"] = _metadata(output, repair, f"{where}.metadata")


def _result(output: dict[str, Any], where: str, repair: _Repair) -> None:
    _display(output, where, repair)
    output.setdefault("execution_count", None)


def _error(output: dict[str, Any], where: str, repair: _Repair) -> None:
    for name in ("ename", "evalue"):
        if not isinstance(output.get(name), str):
            output[name] = "" if output.get(name) is None else str(output[name])
    trace = output.get("traceback")
    if isinstance(trace, str):
        trace = trace.split("\n")
    if not isinstance(trace, list):
        repair.note(f"expected a list, got {_kind(trace)}", f"{where}.traceback")
        trace = [f"{output['ename']}: {output['evalue']}"]
    output["traceback"] = [line if isinstance(line, str) else str(line) for line in trace]


_OUTPUTS: dict[str, Callable[[dict[str, Any], str, _Repair], None]] = {
    "stream": _stream,
    "display_data": _display,
    "execute_result": _result,
    "error": _error,
}


def _metadata(owner: dict[str, Any], repair: _Repair, where: str) -> dict[str, Any]:
    value = owner.get("metadata")
    if isinstance(value, dict):
        return dict(value)
    if value is not None:
        repair.note(f"expected an object, got {_kind(value)}; taken as empty", where)
    return {}


def _text(value: Any, repair: _Repair, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        try:
            return "".join(value)
        except TypeError:
            repair.note("expected a list of texts", where)
            return "".join(str(item) for item in value)
    if value is None:
        repair.note("missing; taken as empty", where)
        return ""
    repair.note(f"expected text, got {_kind(value)}", where)
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _is_json(mime: str) -> bool:
    return mime == "application/json" or (
        mime.startswith("application/") and mime.endswith("+json")
    )


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}  # fmt: skip
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a number")


def _split_cell(cell: dict[str, Any]) -> dict[str, Any]:
    cell = {**cell, "source": cell["source"].splitlines(keepends=True)}
    if "outputs" in cell:
        cell["outputs"] = [_split_output(output) for output in cell["outputs"]]
    return cell


def _split_output(output: dict[str, Any]) -> dict[str, Any]:
    if isinstance(output.get("text"), str):
        return {**output, "text": output["text"].splitlines(keepends=True)}
    if isinstance(data := output.get("data"), dict):
        split = {
            mime: value.splitlines(keepends=True) if _is_lines(mime, value) else value
            for mime, value in data.items()
        }
        return {**output, "data": split}
    return output


def _is_lines(mime: str, value: Any) -> bool:
    return isinstance(value, str) and (
        mime.startswith("text/") or mime in ("image/svg+xml", "application/javascript")
    )
