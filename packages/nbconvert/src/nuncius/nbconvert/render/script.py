"""Write a notebook as a program in its own language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.nbconvert.document import CodeCell, Document, MarkdownCell, RawCell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.nbconvert.rendering import Rendering

__all__ = ["python", "script"]


def script(rendering: Rendering) -> Iterator[str]:
    """Yield the program; the language says its extension and type."""
    info = rendering.nb["metadata"].get("language_info", {})
    language = rendering.document.language.lower()
    if (
        language in ("", "python", "python3", "ipython")
        or info.get("nbconvert_exporter") == "python"
    ):
        rendering.resources.update(output_extension=".py", output_mimetype="text/x-python")
        yield from python(rendering)
        return
    if (made := _by_another(rendering, language, info.get("nbconvert_exporter"))) is not None:
        yield made
        return
    extension, mimetype = info.get("file_extension"), info.get("mimetype")
    if isinstance(extension, str) and extension.startswith("."):
        rendering.resources["output_extension"] = extension
    if isinstance(mimetype, str):
        rendering.resources["output_mimetype"] = mimetype
    for cell in rendering.document.cells:
        if isinstance(cell, CodeCell) and cell.source is not None:
            yield f"{cell.source}\n\n"


def _by_another(rendering: Rendering, language: str, exporter: object) -> str | None:
    """Return the program that an installed exporter for the language makes; None if there is none.

    It is an entry point of the group ``nbconvert.exporters.script`` with the language's name, or what the notebook's metadata asks for by name.
    """
    from importlib.metadata import entry_points

    found = list(entry_points(group="nbconvert.exporters.script", name=language))
    if isinstance(exporter, str) and exporter != "script":
        # Never a dotted path: a notebook must not choose which code is run.
        found = [*entry_points(group="nbconvert.exporters", name=exporter), *found]
    if not found:
        return None
    from nuncius.nbconvert.loading import config_of
    from nuncius.nbconvert.nodes import nodes

    made = found[0].load()(config=config_of(rendering.configured.settings))
    text, resources = made.from_notebook_node(nodes(rendering.nb), resources=rendering.resources)
    for name, attribute in (("output_extension", "file_extension"), ("output_mimetype", "output_mimetype")):  # fmt: skip
        if value := resources.get(name) or getattr(made, attribute, ""):
            rendering.resources[name] = value
    return str(text)


def python(rendering: Rendering) -> Iterator[str]:
    """Yield the program as Python."""
    style = rendering.options.style if hasattr(rendering.options, "style") else "plain"
    document = rendering.document
    if style == "percent":
        yield from _percent(document)
        return
    yield "#!/usr/bin/env python\n# coding: utf-8\n\n"
    for cell in document.cells:
        if isinstance(cell, MarkdownCell):
            yield f"{commented(cell.source)}\n\n"
        elif isinstance(cell, RawCell):
            yield f"{cell.source}\n\n"
        elif isinstance(cell, CodeCell) and cell.source is not None:
            if style == "plain" and document.view.input_prompt:
                yield f"# In[{' ' if cell.count is None else cell.count}]:\n\n\n"
            yield f"{_code(cell.source, style)}\n\n"


def _percent(document: Document) -> Iterator[str]:
    yield "# coding: utf-8\n"
    for cell in document.cells:
        if isinstance(cell, MarkdownCell):
            yield f"\n# %% [markdown]\n{commented(cell.source)}\n"
        elif isinstance(cell, RawCell):
            yield f"\n# %% [raw]\n{commented(cell.source)}\n"
        elif isinstance(cell, CodeCell) and cell.source is not None:
            yield f"\n# %%\n{_code(cell.source, 'percent')}\n"


def _code(source: str, style: str) -> str:
    if not any(sign in source for sign in ("%", "!", "?", ">>> ", "In [")):
        return source
    if style == "plain":
        from nuncius.protocol.text.inputs import transform_cell

        return transform_cell(source).removesuffix("\n")
    return without_magics(source)


def without_magics(source: str) -> str:
    """Return Python code with IPython's own syntax commented out, so that any Python can run it."""
    if source.lstrip().startswith("%%"):
        return commented(source)
    lines = source.split("\n")
    return "\n".join(f"# {line}" if _is_magic(line) else line for line in lines)


def _is_magic(line: str) -> bool:
    text = line.strip()
    return text.startswith(("%", "!", "?")) or (text.endswith("?") and not text.startswith("#"))


def commented(text: str, sign: str = "# ") -> str:
    """Return text with a comment sign before each line."""
    return "\n".join(sign + line for line in text.split("\n"))
