"""Declare everything about conversion that can be configured, once.

The classes have the names that nbconvert's configuration files use: ``c.HTMLExporter.theme = "dark"`` sets `HTMLExporter.theme`. What a base says holds for what is derived from it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from nuncius.protocol.app.options import option

__all__ = [
    "ASCIIDocExporter",
    "CSSHTMLHeaderPreprocessor",
    "ClearMetadataPreprocessor",
    "ClearOutputPreprocessor",
    "CoalesceStreamsPreprocessor",
    "ConvertFiguresPreprocessor",
    "ExecutePreprocessor",
    "Exporter",
    "ExtractAttachmentsPreprocessor",
    "ExtractOutputPreprocessor",
    "FilesWriter",
    "HTMLExporter",
    "HighlightMagicsPreprocessor",
    "LatexExporter",
    "LatexPreprocessor",
    "MarkdownExporter",
    "NbConvertApp",
    "NbConvertBase",
    "NotebookClient",
    "NotebookExporter",
    "PDFExporter",
    "Preprocessor",
    "PythonExporter",
    "QtExporter",
    "RSTExporter",
    "RegexRemovePreprocessor",
    "SVG2PDFPreprocessor",
    "SanitizeHTML",
    "ScriptExporter",
    "ServePostProcessor",
    "SlidesExporter",
    "StdoutWriter",
    "TagRemovePreprocessor",
    "TemplateExporter",
    "WebPDFExporter",
    "WriterBase",
]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NbConvertApp:
    """The command."""

    export_format: str = option("", help="The format to convert to: a name, or the dotted path of an exporter class.")  # fmt: skip
    notebooks: list[str] = option(factory=list, help="The notebooks to convert: names and globs.")
    recursive_glob: bool = option(False, help="``**`` in globs reaches into folders.")
    use_output_suffix: bool = option(True, help="Add the format's suffix, as in NAME.nbconvert.ipynb, where the result would replace the notebook.")  # fmt: skip
    output_base: str = option("{notebook_name}", help="The name of the result, without extension.")
    output_files_dir: str = option("{notebook_name}_files", help="The folder of files that belong to the result, like pictures.")  # fmt: skip
    from_stdin: bool = option(False, help="Read one notebook from standard input.")
    writer_class: str = option("FilesWriter", help="Who takes the result: FilesWriter, StdoutWriter, DebugWriter, or the dotted path of a class.")  # fmt: skip
    postprocessor_class: str = option("", help="What happens then: ``serve``, or the dotted path of a class.")  # fmt: skip
    answer_yes: bool = option(False, help="Answer yes to every question.")
    log_level: int | str = option(20, help="How much is said: 10 to 50, or DEBUG to CRITICAL.")
    jobs: int = option(1, help="How many processes convert at the same time; 0: one for each processor.")  # fmt: skip
    link_notebooks: bool = option(True, help="Where several notebooks are converted at once, let links among them lead to the results.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NbConvertBase:
    """What exporters and preprocessors share."""

    display_data_priority: list[str] = option(
        factory=lambda: [
            "text/html",
            "application/pdf",
            "text/latex",
            "image/svg+xml",
            "image/png",
            "image/jpeg",
            "text/markdown",
            "text/plain",
        ],
        help="Which of an output's MIME types is shown: the first of these that it has.",
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Exporter(NbConvertBase):
    """Every exporter."""

    enabled: bool = option(True, help="Whether the exporter may be used.")
    file_extension: str = option("", help="The extension of the result, with its dot.")
    optimistic_validation: bool = option(False, help="Accepted for compatibility: notebooks are checked once, when they are read.")  # fmt: skip
    preprocessors: list[Any] = option(factory=list, help="Further preprocessors: dotted paths, classes, instances or functions of (nb, resources).")  # fmt: skip
    default_preprocessors: list[Any] = option(factory=list, help="Replaces the list of built-in preprocessors when it is not empty.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TemplateExporter(Exporter):
    """Every exporter whose result can come from a template."""

    template_name: str = option("", help="The template: the name of a folder in the template path.")
    template_file: str | None = option(None, help="The file of the template, if it is not index.EXTENSION.j2.")  # fmt: skip
    raw_template: str = option("", help="The template itself, as text.")
    enable_async: bool = option(False, help="Let templates await.")
    extra_template_basedirs: list[str] = option(factory=list, help="Folders that hold template folders.")  # fmt: skip
    extra_template_paths: list[str] = option(factory=list, help="Folders that hold template files.")
    template_extension: str = option(".j2", help="The extension of template files.")
    filters: dict[str, Any] = option(factory=dict, help="Further filters: name to function or dotted path.")  # fmt: skip
    raw_mimetypes: list[str] = option(factory=list, help="MIME types of the raw cells that are passed through.")  # fmt: skip
    exclude_input: bool = option(False, help="Leave out the source of code cells.")
    exclude_input_prompt: bool = option(False, help="Leave out In [1]:.")
    exclude_output: bool = option(False, help="Leave out outputs.")
    exclude_output_prompt: bool = option(False, help="Leave out Out[1]:.")
    exclude_output_stdin: bool = option(True, help="Leave out what was typed at input().")
    exclude_code_cell: bool = option(False, help="Leave out code cells with their outputs.")
    exclude_markdown: bool = option(False, help="Leave out Markdown cells.")
    exclude_raw: bool = option(False, help="Leave out raw cells.")
    exclude_unknown: bool = option(False, help="Leave out cells of unknown type.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HTMLExporter(TemplateExporter):
    """Notebooks as pages."""

    language_code: str = option("en", help="The language of the content, an ISO 639-1 code.")
    anchor_link_text: str = option("¶", help="The sign that links to a heading; empty for none.")
    exclude_anchor_links: bool = option(False, help="Leave out the links at headings.")
    embed_images: bool = option(False, help="Put the pictures that the Markdown refers to into the page.")  # fmt: skip
    sanitize_html: bool = option(False, help="The notebook is not trusted: let through harmless markup only, and no scripts.")  # fmt: skip
    skip_svg_encoding: bool = option(False, help="Put SVG into the page as it is, not as an image. It can then carry scripts.")  # fmt: skip
    theme: str = option("light", help="Colors: light, dark, auto for what the reader's system says, or the name of a theme of JupyterLab that is installed.")  # fmt: skip
    toc: bool = option(False, help="A table of contents beside the page.")
    fold: Literal["none", "input", "output", "both"] = option("none", help="What is folded away at first.")  # fmt: skip
    number_equations: bool = option(True, help="Number labelled equations.")
    require_js_url: str = option("https://cdnjs.cloudflare.com/ajax/libs/require.js/2.1.10/require.min.js", help="Where require.js is; loaded only if an output needs it.")  # fmt: skip
    mathjax_url: str = option("", help="Load MathJax from here and leave formulas to it; empty: formulas are made into MathML.")  # fmt: skip
    jquery_url: str = option("https://cdnjs.cloudflare.com/ajax/libs/jquery/2.0.3/jquery.min.js", help="Where jQuery is; loaded only if an output needs it.")  # fmt: skip
    mermaid_js_url: str = option("https://cdnjs.cloudflare.com/ajax/libs/mermaid/11.10.0/mermaid.esm.min.mjs", help="Where Mermaid is; loaded only if there is a diagram. A file (mermaid.min.js) is put into the page.")  # fmt: skip
    plotly_js_url: str = option("", help="Where plotly.js is, an address or a file; empty: the file of the installed plotly. It is put into the page if a figure has no picture.")  # fmt: skip
    jupyter_widgets_base_url: str = option("https://unpkg.com/", help="Where the widgets' manager is; loaded only if there are widgets.")  # fmt: skip
    html_manager_semver_range: str = option("^1.0.1", help="Which version of the widgets' manager.")
    widget_renderer_url: str = option("", help="The full address of the widgets' manager.")
    lexer_options: dict[str, Any] = option(factory=dict, help="Options for the highlighter of other languages than Python.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SlidesExporter(HTMLExporter):
    """Notebooks as slides."""

    reveal_url_prefix: str = option("", help="Where reveal.js is; empty: it is put into the page.")
    reveal_theme: str = option("white", help="The theme of reveal.js.")
    reveal_transition: str = option("slide", help="none, fade, slide, convex, concave or zoom.")
    reveal_scroll: bool = option(False, help="Let long slides scroll.")
    reveal_number: str = option("", help="Slide numbers, like c/t; empty for none.")
    reveal_width: str = option("", help="The width of slides in pixels, or in percent.")
    reveal_height: str = option("", help="The height of slides in pixels, or in percent.")
    font_awesome_url: str = option("", help="Accepted for compatibility; no icons are needed.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WebPDFExporter(HTMLExporter):
    """Pages printed by a browser."""

    paginate: bool = option(True, help="Split into pages; False: one long page.")
    allow_chromium_download: bool = option(False, help="Accepted for compatibility; an installed browser is used.")  # fmt: skip
    page_render_timeout: int = option(10_000, help="How long to wait for the page, in milliseconds.")  # fmt: skip
    disable_sandbox: bool = option(False, help="Run the browser without its sandbox.")
    browser_args: list[str] = option(factory=list, help="Further arguments of the browser.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class QtExporter(HTMLExporter):
    """Pages printed by Qt's web engine."""

    paginate: bool = option(True, help="Split into pages.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LatexExporter(TemplateExporter):
    """Notebooks as LaTeX."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PDFExporter(LatexExporter):
    """Notebooks as PDF."""

    latex_count: int = option(3, help="How many times TeX runs.")
    latex_command: list[str] = option(factory=lambda: ["xelatex", "{filename}", "-quiet"], help="The command that runs TeX.")  # fmt: skip
    bib_command: list[str] = option(factory=lambda: ["bibtex", "{filename}"], help="The command that makes the bibliography.")  # fmt: skip
    verbose: bool = option(False, help="Show what TeX prints.")
    engine: Literal["auto", "typst", "browser", "xelatex", "weasyprint"] = option("auto", help="Who makes the pages.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MarkdownExporter(TemplateExporter):
    """Notebooks as Markdown."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RSTExporter(TemplateExporter):
    """Notebooks as reStructuredText."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ASCIIDocExporter(TemplateExporter):
    """Notebooks as AsciiDoc."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ScriptExporter(TemplateExporter):
    """Notebooks as programs in their own language."""

    style: Literal["plain", "percent", "runnable"] = option("plain", help="plain: prompts as comments, magics as calls of get_ipython(); percent: cells after # %%, magics as comments; runnable: no prompts, magics as comments.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PythonExporter(TemplateExporter):
    """Notebooks as Python programs."""

    style: Literal["plain", "percent", "runnable"] = option("plain", help="As ScriptExporter.style.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NotebookExporter(Exporter):
    """Notebooks as notebooks, after the preprocessors."""

    nbformat_version: Literal[1, 2, 3, 4] = option(4, help="The format to write.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Preprocessor(NbConvertBase):
    """Every preprocessor."""

    enabled: bool = option(False, help="Whether it runs.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TagRemovePreprocessor(Preprocessor):
    """Leaves out what is tagged."""

    remove_cell_tags: list[str] = option(factory=list, help="Cells with one of these tags are left out.")  # fmt: skip
    remove_all_outputs_tags: list[str] = option(factory=list, help="All outputs of cells with one of these tags are left out.")  # fmt: skip
    remove_single_output_tags: list[str] = option(factory=list, help="Outputs whose own metadata has one of these tags are left out.")  # fmt: skip
    remove_input_tags: list[str] = option(factory=list, help="The source of cells with one of these tags is left out.")  # fmt: skip
    remove_metadata_fields: list[str] = option(factory=lambda: ["collapsed", "scrolled"], help="Accepted for compatibility.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RegexRemovePreprocessor(Preprocessor):
    """Leaves out cells whose source matches a pattern."""

    patterns: list[str] = option(factory=list, help="Regular expressions, matched at the start of the source.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClearOutputPreprocessor(Preprocessor):
    """Removes outputs and execution counts."""

    remove_metadata_fields: list[str] = option(factory=lambda: ["collapsed", "scrolled"], help="Metadata of cells that goes with them.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClearMetadataPreprocessor(Preprocessor):
    """Removes metadata."""

    clear_cell_metadata: bool = option(True, help="Remove the metadata of cells.")
    clear_notebook_metadata: bool = option(True, help="Remove the metadata of the notebook.")
    preserve_nb_metadata_mask: list[Any] = option(factory=lambda: [("language_info", "name")], help="Metadata of the notebook to keep: keys, or paths as tuples.")  # fmt: skip
    preserve_cell_metadata_mask: list[Any] = option(factory=list, help="Metadata of cells to keep: keys, or paths as tuples.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CoalesceStreamsPreprocessor(Preprocessor):
    """Joins the pieces of streams and plays carriage returns."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NotebookClient(NbConvertBase):
    """Running notebooks."""

    timeout: int | None = option(None, help="Seconds that a cell may take; None: as long as it likes.")  # fmt: skip
    timeout_func: Any = option(None, help="A function of the cell that gives the seconds, instead of timeout.")  # fmt: skip
    interrupt_on_timeout: bool = option(False, help="Interrupt a cell that takes too long; it ends like one that raised.")  # fmt: skip
    error_on_timeout: dict[str, Any] | None = option(None, help="The error that an interrupted cell counts as: ename, evalue, traceback.")  # fmt: skip
    startup_timeout: int = option(60, help="Seconds that the kernel may take to start.")
    allow_errors: bool = option(False, help="Exceptions are no failure: all cells run.")
    allow_error_names: list[str] = option(factory=list, help="Exceptions of these names are no failure.")  # fmt: skip
    force_raise_errors: bool = option(False, help="Every exception is a failure, whatever else is said.")  # fmt: skip
    on_error: Literal["stop", "continue", "abort"] = option("stop", help="After a cell that failed: stop this notebook, continue with the next cell, or abort all notebooks.")  # fmt: skip
    skip_cells_with_tag: str = option("skip-execution", help="Cells with this tag are not run.")
    extra_arguments: list[str] = option(factory=list, help="Further arguments of the kernel.")
    kernel_name: str = option("", help="The kernel; empty: the notebook's own.")
    raise_on_iopub_timeout: bool = option(False, help="It is a failure if the kernel does not say that all output was sent.")  # fmt: skip
    iopub_timeout: int = option(4, help="Seconds of silence, after a cell has ended, in which the rest of its output is waited for.")  # fmt: skip
    shell_timeout_interval: int = option(5, help="Accepted for compatibility: a kernel that died is noticed at once.")  # fmt: skip
    store_widget_state: bool = option(True, help="Write the widgets' state into the notebook.")
    record_timing: bool = option(True, help="Write times into the cells' metadata.")
    coalesce_streams: bool = option(False, help="Join the pieces of each stream of a cell.")
    shutdown_kernel: Literal["graceful", "immediate"] = option("graceful", help="Let the kernel end in order, or kill it.")  # fmt: skip
    ipython_hist_file: str = option(":memory:", help="Where an IPython kernel keeps its history.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExecutePreprocessor(Preprocessor, NotebookClient):
    """Runs the notebook first."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ConvertFiguresPreprocessor(Preprocessor):
    """Converts outputs from one MIME type to another."""

    from_format: str = option("", help="The MIME type to convert from.")
    to_format: str = option("", help="The MIME type to convert to.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SVG2PDFPreprocessor(ConvertFiguresPreprocessor):
    """Converts SVG outputs to PDF."""

    command: str = option("", help="The command with {from_filename} and {to_filename}; empty: a converter from PyPI, else Inkscape.")  # fmt: skip
    inkscape: str = option("", help="The path of Inkscape.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class VegaPreprocessor(Preprocessor):
    """Draws charts of Vega and Altair that have no picture, with vl-convert-python."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LatexPreprocessor(Preprocessor):
    """Prepares what LaTeX needs."""

    title: str = option("", help="The title; empty: the notebook's, or its name.")
    date: str = option("", help="The date; empty: the notebook's.")
    author_names: list[str] = option(factory=list, help="The authors; empty: the notebook's.")
    style: str = option("default", help="The pygments style of code.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HighlightMagicsPreprocessor(Preprocessor):
    """Finds cells in another language by their cell magic."""

    languages: dict[str, str] = option(factory=dict, help="Cell magic to language, like {'%%cython': 'cython'}.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExtractOutputPreprocessor(Preprocessor):
    """Takes pictures out of the notebook into files."""

    extract_output_types: list[str] = option(factory=lambda: ["application/pdf", "image/jpeg", "image/png", "image/svg+xml"], help="The MIME types that become files.")  # fmt: skip
    output_filename_template: str = option("{unique_key}_{cell_index}_{index}{extension}", help="The names of the files.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExtractAttachmentsPreprocessor(Preprocessor):
    """Takes attachments out of Markdown cells into files."""

    attachments_directory_template: str = option("{notebook_name}_attachments", help="The folder, if it is one of its own.")  # fmt: skip
    use_separate_dir: bool = option(False, help="Keep attachments apart from other files.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CSSHTMLHeaderPreprocessor(Preprocessor):
    """The colors of code in pages."""

    highlight_class: str = option(".highlight", help="The selector of highlighted code.")
    style: str = option("default", help="A pygments style; default: the page's own colors.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SanitizeHTML(Preprocessor):
    """Lets through harmless markup only."""

    attributes: Any = option(None, help="Allowed attributes: a list, or a dict of lists by tag; None: the built-in list.")  # fmt: skip
    tags: list[str] | None = option(None, help="Allowed tags; None: the built-in list.")
    styles: list[str] | None = option(None, help="Allowed CSS properties; None: the built-in list.")
    strip: bool = option(True, help="Accepted for compatibility: what is not allowed is removed.")
    strip_comments: bool = option(True, help="Remove comments.")
    safe_output_keys: list[str] = option(factory=lambda: ["metadata", "text/plain", "image/png", "image/jpeg"], help="MIME types that pass unchanged.")  # fmt: skip
    sanitized_output_types: list[str] = option(factory=lambda: ["text/html", "text/markdown"], help="MIME types that are sanitized; all others are removed.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WriterBase(NbConvertBase):
    """Every writer."""

    files: list[str] = option(factory=list, help="Files that the notebook refers to and that are copied along: names and globs.")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FilesWriter(WriterBase):
    """Writes files."""

    build_directory: str = option("", help="The folder; empty: that of the notebook.")
    relpath: str = option("", help="The folder that `files` are relative to.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StdoutWriter(WriterBase):
    """Writes to standard output."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ServePostProcessor(NbConvertBase):
    """Shows the result in a browser."""

    ip: str = option("127.0.0.1", help="The address to serve at.")
    port: int = option(8000, help="The port to serve at; 0: a free one.")
    open_in_browser: bool = option(True, help="Open a browser.")
    browser: str = option("", help="Which browser.")
    reveal_cdn: str = option("", help="Accepted for compatibility: reveal.js is in the page.")
    reveal_prefix: str = option("reveal.js", help="Accepted for compatibility.")


def all_classes() -> list[type]:
    """Return every options class, in the order of the page for ``--help-all``."""
    return [
        value
        for value in globals().values()
        if isinstance(value, type) and dataclasses.is_dataclass(value)
    ]
