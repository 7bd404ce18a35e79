"""Say what a reader sees of a notebook: frozen values, the same for every format.

`build` decides once what all writers need to know: which cells and prompts are shown, what is folded, and which one of an output's MIME types is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nuncius.nbconvert.notebook import Notebook

__all__ = [
    "PLOTLY",
    "Cell",
    "CodeCell",
    "Document",
    "Failure",
    "MarkdownCell",
    "Output",
    "RawCell",
    "Shown",
    "Stream",
    "UnknownCell",
    "View",
    "build",
    "choose",
]

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
#: The MIME type of figures of plotly.
PLOTLY = "application/vnd.plotly.v1+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


@dataclass(frozen=True, slots=True)
class Stream:
    """What was printed."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A result or something displayed, in the one MIME type that was chosen.

    Attributes:
        mime: The type; "" if the format can show none of those that there are.
        value: The data.
        metadata: That of the output, what is said for the type on top.
        result: It is the value of the cell, not something displayed.
        count: The execution count of a result.
        file: The file that has the data, if it was extracted.
        alt: What a picture shows, in words.
        offered: All MIME types that there were.
    """

    mime: str
    value: Any
    metadata: Mapping[str, Any]
    result: bool
    count: int | None
    file: str | None
    alt: str
    offered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception of the cell."""

    ename: str
    evalue: str
    traceback: tuple[str, ...]


Output = Stream | Shown | Failure


@dataclass(frozen=True, slots=True)
class CodeCell:
    """A code cell.

    Attributes:
        source: The code; None if it is not shown.
        outputs: What is shown of it.
        language: The lexer to color it with.
    """

    index: int
    id: str
    source: str | None
    count: int | None
    outputs: tuple[Output, ...]
    language: str
    tags: tuple[str, ...]
    metadata: Mapping[str, Any]
    fold_input: bool = False
    fold_output: bool = False


@dataclass(frozen=True, slots=True)
class MarkdownCell:
    """A Markdown cell."""

    index: int
    id: str
    source: str
    attachments: Mapping[str, Any]
    tags: tuple[str, ...]
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RawCell:
    """A raw cell that is meant for this format."""

    index: int
    id: str
    source: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnknownCell:
    """A cell of a type that nobody knows."""

    index: int
    id: str
    kind: str
    metadata: Mapping[str, Any]


Cell = CodeCell | MarkdownCell | RawCell | UnknownCell


@dataclass(frozen=True, slots=True)
class View:
    """What is shown, and how a type is chosen.

    Attributes:
        priority: MIME types, the best first.
        raw_types: Those of raw cells that are passed through; "" for cells without.
        fold: ``none``, ``input``, ``output`` or ``both``.
        html_tables_only: Of HTML the format can show tables and nothing else.
    """

    priority: Sequence[str]
    raw_types: frozenset[str] = frozenset({""})
    code: bool = True
    input: bool = True
    input_prompt: bool = True
    output: bool = True
    output_prompt: bool = True
    output_stdin: bool = False
    markdown: bool = True
    raw: bool = True
    unknown: bool = True
    fold: str = "none"
    html_tables_only: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A notebook as a reader sees it.

    Attributes:
        name: The notebook's name.
        title: Its title, or its name.
        language: The programming language; "" if the notebook does not say it.
        lexer: The lexer for its code: Python's if nobody knows better.
        metadata: The notebook's.
    """

    name: str
    title: str
    language: str
    lexer: str
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any]
    authors: tuple[str, ...] = ()
    date: str = ""
    view: View = field(default_factory=lambda: View(()))

    @property
    def widgets(self) -> Mapping[str, Any] | None:
        """The saved state of the widgets, as the manager reads it."""
        widgets = self.metadata.get("widgets")
        state = widgets.get(WIDGET_STATE) if isinstance(widgets, dict) else None
        return state if isinstance(state, dict) else None

    @property
    def prose(self) -> list[str]:
        """The texts in Markdown or LaTeX, in their order: those that can have formulas."""
        texts: list[str] = []
        for cell in self.cells:
            if isinstance(cell, MarkdownCell):
                texts.append(cell.source)
            elif isinstance(cell, CodeCell):
                texts += [output.value for output in cell.outputs if isinstance(output, Shown) and output.mime in ("text/latex", "text/markdown") and isinstance(output.value, str)]  # fmt: skip
        return texts


def build(nb: Notebook, name: str, view: View) -> Document:
    """Return the document of a well-formed notebook.

    Args:
        nb: The notebook.
        name: Its name, without extension.
        view: What is shown.
    """
    metadata = nb["metadata"]
    info = metadata.get("language_info", {})
    kernelspec = metadata.get("kernelspec", {})
    language = _str(info.get("name")) or _str(kernelspec.get("language"))
    if not language and _str(kernelspec.get("name")).startswith("python"):
        language = "python"
    lexer = _str(info.get("pygments_lexer")) or language or "ipython3"
    authors = metadata.get("authors")
    document = Document(
        name=name,
        title=_str(metadata.get("title")) or name,
        language=language,
        lexer=lexer,
        cells=(),
        metadata=metadata,
        authors=tuple(_author(a) for a in authors) if isinstance(authors, list) else (),
        date=_str(metadata.get("date")),
        view=view,
    )
    models = _models(document)
    cells = (_cell(cell, index, document, view, models) for index, cell in enumerate(nb["cells"]))
    shown = tuple(cell for cell in cells if cell is not None)
    import dataclasses

    return dataclasses.replace(document, cells=shown)


def choose(data: Mapping[str, Any], priority: Sequence[str], models: Mapping[str, Any]) -> str:
    """Return the first MIME type of ``priority`` that ``data`` has; "" if none.

    A widget counts only if its state was saved.
    """
    for mime in priority:
        if mime in data:
            if mime == WIDGET_VIEW:
                view = data[mime]
                if not isinstance(view, dict) or view.get("model_id") not in models:
                    continue
            return mime
    return ""


def _models(document: Document) -> Mapping[str, Any]:
    state = document.widgets
    models = state.get("state") if state else None
    return models if isinstance(models, dict) else {}


def _author(author: Any) -> str:
    return _str(author.get("name")) if isinstance(author, dict) else _str(author)


def _str(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _cell(
    cell: dict[str, Any], index: int, document: Document, view: View, models: Mapping[str, Any]
) -> Cell | None:
    kind = cell["cell_type"]
    if kind == "code":
        return _code(cell, index, document, view, models) if view.code else None
    metadata = cell["metadata"]
    transient = metadata.get("transient")
    if isinstance(transient, dict) and transient.get("remove_source"):
        return None
    if kind == "markdown":
        if not view.markdown:
            return None
        return MarkdownCell(
            index,
            cell["id"],
            cell["source"],
            cell.get("attachments", {}),
            _tags(metadata),
            metadata,
        )
    if kind == "raw":
        # "format" is how notebooks before 4.5 called it.
        mime = _str(metadata.get("raw_mimetype", metadata.get("format"))).lower()
        shown = view.raw and mime in view.raw_types
        return RawCell(index, cell["id"], cell["source"], metadata) if shown else None
    return UnknownCell(index, cell["id"], kind, metadata) if view.unknown else None


def _tags(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(tag for tag in metadata.get("tags", ()) if isinstance(tag, str))


def _code(
    cell: dict[str, Any], index: int, document: Document, view: View, models: Mapping[str, Any]
) -> CodeCell | None:
    metadata = cell["metadata"]
    tags = _tags(metadata)
    lab = metadata.get("jupyter")
    lab = lab if isinstance(lab, dict) else {}
    transient = metadata.get("transient")
    removed = isinstance(transient, dict) and bool(transient.get("remove_source"))
    outputs: tuple[Output, ...] = ()
    if view.output:
        outputs = tuple(
            made
            for output in cell["outputs"]
            if (made := _output(output, cell, view, models)) is not None
        )
    return CodeCell(
        index=index,
        id=cell["id"],
        source=cell["source"] if view.input and not removed else None,
        count=cell["execution_count"],
        outputs=outputs,
        language=_str(metadata.get("magics_language")) or document.lexer,
        tags=tags,
        metadata=metadata,
        fold_input=view.fold in ("input", "both")
        or bool(lab.get("source_hidden"))
        or "hide-input" in tags
        or "hide-cell" in tags,
        fold_output=view.fold in ("output", "both")
        or bool(lab.get("outputs_hidden"))
        or bool(metadata.get("collapsed"))
        or "hide-output" in tags
        or "hide-cell" in tags,
    )


def _output(
    output: dict[str, Any], cell: dict[str, Any], view: View, models: Mapping[str, Any]
) -> Output | None:
    kind = output["output_type"]
    if kind == "stream":
        if output["name"] == "stdin" and not view.output_stdin:
            return None
        return Stream(output["name"], output["text"])
    if kind == "error":
        return Failure(output["ename"], output["evalue"], tuple(output["traceback"]))
    data = output["data"]
    if not data:
        return None
    mime = choose(data, _showable(data, view), models)
    metadata = output["metadata"]
    own = metadata.get(mime)
    files = metadata.get("filenames")
    return Shown(
        mime=mime,
        value=data.get(mime),
        metadata={**metadata, **own} if isinstance(own, dict) else metadata,
        result=kind == "execute_result",
        count=output.get("execution_count"),
        file=files.get(mime) if isinstance(files, dict) else None,
        alt=_alt(metadata, own, cell, data) if mime.startswith("image/") else "",
        offered=tuple(data),
    )


def _showable(data: Mapping[str, Any], view: View) -> Sequence[str]:
    if view.html_tables_only and "text/html" in data and "<table" not in str(data["text/html"]):
        return [mime for mime in view.priority if mime != "text/html"]
    return view.priority


def _alt(
    metadata: Mapping[str, Any], own: Any, cell: dict[str, Any], data: Mapping[str, Any]
) -> str:
    for place in (own, metadata, cell["metadata"]):
        if isinstance(place, dict) and isinstance(place.get("alt"), str):
            return str(place["alt"])
    plain = data.get("text/plain")
    # "<Figure size 640x480 with 1 Axes>" is little, but more than nothing.
    if isinstance(plain, str) and plain.startswith("<") and len(plain) < 120:
        return plain.strip("<>\n ")
    return "Picture without a description"
