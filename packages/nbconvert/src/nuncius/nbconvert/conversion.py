"""Convert a notebook: run the stages, build the document, write it.

This is the pipeline. It reads no files but those that a page embeds, and writes none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import stages
from nuncius.nbconvert.document import PLOTLY, View, build
from nuncius.nbconvert.errors import ExporterDisabledError
from nuncius.nbconvert.notebook import Loaded, Notebook, Problem
from nuncius.nbconvert.options import LatexExporter, TemplateExporter
from nuncius.nbconvert.rendering import Rendering

if TYPE_CHECKING:
    from nuncius.nbconvert.configured import Configured
    from nuncius.nbconvert.formats import Format
    from nuncius.nbconvert.templating.source import TemplateSource

__all__ = ["Extra", "Result", "convert", "initial_resources"]

#: A preprocessor from outside: takes notebook and resources, returns both.
Extra = Callable[[Notebook, dict[str, Any]], tuple[Notebook, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Result:
    """What came out.

    Attributes:
        chunks: The result in pieces of text, or of bytes if the format is binary.
        resources: With ``outputs`` (further files, name to bytes), ``output_extension`` and the rest.
        problems: What was repaired in the notebook or could not be shown.
    """

    chunks: Sequence[str] | Sequence[bytes]
    resources: dict[str, Any]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def output(self) -> str | bytes:
        """The result as a whole."""
        chunks: Any = self.chunks
        return b"".join(chunks) if chunks and isinstance(chunks[0], bytes) else "".join(chunks)


def initial_resources(name: str = "Notebook", path: str = "") -> dict[str, Any]:
    """Return the resources that a conversion begins with.

    Args:
        name: The notebook's name, without extension.
        path: Its folder.
    """
    return {"metadata": {"name": name, "path": path}, "outputs": {}}


def convert(
    loaded: Loaded,
    target: Format,
    configured: Configured,
    resources: dict[str, Any],
    extra: Iterable[Extra] = (),
    templates: TemplateSource | None = None,
) -> Result:
    """Convert a notebook.

    Args:
        loaded: The notebook; the stages change it in place.
        target: The format.
        configured: The options.
        resources: As `initial_resources` makes them.
        extra: Preprocessors that run after the built-in ones.
        templates: What a program adds to the template system.

    Raises:
        ExporterDisabledError: The format is turned off.
        NbConvertError: It cannot be done; says why.
    """
    configured = configured.below(target.said)
    options = configured.of(target.options)
    if not options.enabled:
        raise ExporterDisabledError(f"the format {target.name!r} is turned off by c.{target.options.__name__}.enabled")  # fmt: skip
    problems = list(loaded.problems)

    def note(text: str, cell: int | None = None) -> None:
        problems.append(Problem(text, cell))

    resources["note"] = note
    nb = loaded.nb
    stages.run(nb, resources, configured)
    for stage in extra:
        nb, resources = stage(nb, resources)
    resources.pop("note", None)
    resources.setdefault("output_extension", options.file_extension or target.extension)
    resources.setdefault("output_mimetype", target.mimetype)
    view = _view(options, target)
    resources["raw_mimetypes"] = sorted(view.raw_types)
    document = build(nb, str(resources.get("metadata", {}).get("name", "Notebook")), view)
    rendering = Rendering(document, nb, resources, options, configured, note)
    if isinstance(options, TemplateExporter) and (templates or _wants_template(options, target)):
        from nuncius.nbconvert.templating.run import render

        chunks: Any = render(rendering, target, templates)
    else:
        chunks = target.load()(rendering)
    return Result(list(chunks), resources, tuple(problems))


def _wants_template(options: TemplateExporter, target: Format) -> bool:
    if options.raw_template or options.template_file or options.filters:
        return True
    name = options.template_name
    if not name or name == target.template:
        return False
    # These two differ from the standard one in what the writer of pages knows.
    return not (name in ("lab", "basic") and target.template == "lab")


def _view(options: Any, target: Format) -> View:
    if not isinstance(options, TemplateExporter):
        return View(options.display_data_priority)
    types = options.display_data_priority
    if getattr(options, "sanitize_html", False):
        unsafe = ("application/javascript", "application/vnd.jupyter.widget-view+json", PLOTLY)
        types = [mime for mime in types if mime not in unsafe]
    return View(
        priority=types,
        raw_types=frozenset(m.lower() for m in (options.raw_mimetypes or target.raw_types)),
        code=not options.exclude_code_cell,
        input=not options.exclude_input,
        input_prompt=not options.exclude_input_prompt,
        output=not options.exclude_output,
        output_prompt=not options.exclude_output_prompt,
        output_stdin=not options.exclude_output_stdin,
        markdown=not options.exclude_markdown,
        raw=not options.exclude_raw,
        unknown=not options.exclude_unknown,
        fold=getattr(options, "fold", "none"),
        html_tables_only=isinstance(options, LatexExporter),
    )


def describe_path(path: str) -> dict[str, Any]:
    """Return the resources of a notebook that is a file: its name, folder and date."""
    import datetime

    folder, base = os.path.split(path)
    name = base.removesuffix(".ipynb")
    resources = initial_resources(name, folder)
    try:
        stamp = os.stat(path).st_mtime  # noqa: PTH116
    except OSError:
        return resources
    date = datetime.datetime.fromtimestamp(stamp, tz=datetime.UTC).astimezone()
    # As nbconvert writes it, whatever the locale.
    months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]  # fmt: skip
    resources["metadata"]["modified_date"] = f"{months[date.month - 1]} {date.day}, {date.year}"
    return resources
