"""Name the stages between reading and writing, in the order in which they run.

A stage is off unless a format or the configuration turns it on. It is loaded when it is on.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import options

if TYPE_CHECKING:
    from nuncius.nbconvert.configured import Configured
    from nuncius.nbconvert.notebook import Notebook

__all__ = ["STAGES", "run", "run_one"]

_HERE = "nuncius.nbconvert.preprocess"

#: The options of each stage and where its function is; the order matters.
STAGES: tuple[tuple[type[options.Preprocessor], str], ...] = (
    (options.TagRemovePreprocessor, f"{_HERE}.tags:remove_tagged"),
    (options.RegexRemovePreprocessor, f"{_HERE}.patterns:remove_matching"),
    (options.ClearOutputPreprocessor, f"{_HERE}.clear:clear_outputs"),
    (options.CoalesceStreamsPreprocessor, f"{_HERE}.coalesce:coalesce_streams"),
    (options.ExecutePreprocessor, f"{_HERE}.execute:execute"),
    (options.VegaPreprocessor, f"{_HERE}.charts:draw_charts"),
    (options.SVG2PDFPreprocessor, f"{_HERE}.figures:svg_to_pdf"),
    (options.LatexPreprocessor, f"{_HERE}.headers:latex_header"),
    (options.HighlightMagicsPreprocessor, f"{_HERE}.magics:note_languages"),
    (options.SanitizeHTML, f"{_HERE}.sanitize:sanitize"),
    (options.ExtractOutputPreprocessor, f"{_HERE}.extract:extract_outputs"),
    (options.ExtractAttachmentsPreprocessor, f"{_HERE}.extract:extract_attachments"),
    (options.ClearMetadataPreprocessor, f"{_HERE}.clear:clear_metadata"),
    (options.CSSHTMLHeaderPreprocessor, f"{_HERE}.headers:page_header"),
)


def run(nb: Notebook, resources: dict[str, Any], configured: Configured) -> None:
    """Run all stages that are on."""
    for cls, _ in STAGES:
        choice = configured.of(cls)
        if choice.enabled:
            run_one(nb, resources, choice)


def run_one(nb: Notebook, resources: dict[str, Any], choice: options.Preprocessor) -> None:
    """Run the stage that an options object belongs to, whether or not it is on."""
    path = next(path for cls, path in STAGES if isinstance(choice, cls))
    module, _, name = path.partition(":")
    getattr(import_module(module), name)(nb, resources, choice)
