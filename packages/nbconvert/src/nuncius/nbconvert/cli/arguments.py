"""Read the command line: flags, short names of options, ``--Class.option=value``, and the notebooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nuncius.protocol.app.config import Setting
from nuncius.protocol.app.options import nearest
from nuncius.protocol.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ALIASES", "FLAGS", "HELP", "Arguments", "parse"]

#: Short names of options.
ALIASES: dict[str, str] = {
    "to": "NbConvertApp.export_format",
    "template": "TemplateExporter.template_name",
    "template-file": "TemplateExporter.template_file",
    "theme": "HTMLExporter.theme",
    "sanitize_html": "HTMLExporter.sanitize_html",
    "writer": "NbConvertApp.writer_class",
    "post": "NbConvertApp.postprocessor_class",
    "output": "NbConvertApp.output_base",
    "output-dir": "FilesWriter.build_directory",
    "reveal-prefix": "SlidesExporter.reveal_url_prefix",
    "nbformat": "NotebookExporter.nbformat_version",
    "log-level": "NbConvertApp.log_level",
    "jobs": "NbConvertApp.jobs",
    "fold": "HTMLExporter.fold",
    "style": "ScriptExporter.style",
    "pdf-engine": "PDFExporter.engine",
    "lang": "HTMLExporter.language_code",
    "timeout": "ExecutePreprocessor.timeout",
    "kernel": "ExecutePreprocessor.kernel_name",
}

#: What each flag sets.
FLAGS: dict[str, tuple[tuple[str, str], ...]] = {
    "execute": (("ExecutePreprocessor.enabled", "True"),),
    "allow-errors": (("ExecutePreprocessor.allow_errors", "True"),),
    "stdin": (("NbConvertApp.from_stdin", "True"),),
    "stdout": (("NbConvertApp.writer_class", "StdoutWriter"),),
    "inplace": (("NbConvertApp.use_output_suffix", "False"), ("NbConvertApp.export_format", "notebook"), ("FilesWriter.build_directory", "")),
    "clear-output": (("NbConvertApp.use_output_suffix", "False"), ("NbConvertApp.export_format", "notebook"), ("FilesWriter.build_directory", ""), ("ClearOutputPreprocessor.enabled", "True")),
    "coalesce-streams": (("NbConvertApp.use_output_suffix", "False"), ("NbConvertApp.export_format", "notebook"), ("FilesWriter.build_directory", ""), ("CoalesceStreamsPreprocessor.enabled", "True")),
    "no-prompt": (("TemplateExporter.exclude_input_prompt", "True"), ("TemplateExporter.exclude_output_prompt", "True")),
    "no-input": (("TemplateExporter.exclude_output_prompt", "True"), ("TemplateExporter.exclude_input", "True"), ("TemplateExporter.exclude_input_prompt", "True")),
    "show-input": (("TemplateExporter.exclude_output_prompt", "False"), ("TemplateExporter.exclude_input", "False"), ("TemplateExporter.exclude_input_prompt", "False")),
    "embed-images": (("HTMLExporter.embed_images", "True"),),
    "sanitize-html": (("HTMLExporter.sanitize_html", "True"),),
    "toc": (("HTMLExporter.toc", "True"),),
    "allow-chromium-download": (("WebPDFExporter.allow_chromium_download", "True"),),
    "disable-chromium-sandbox": (("WebPDFExporter.disable_sandbox", "True"),),
    "debug": (("NbConvertApp.log_level", "10"),),
    "y": (("NbConvertApp.answer_yes", "True"),),
}  # fmt: skip

_SWITCHES = {"help", "help-all", "version", "show-config", "show-config-json", "generate-config", "strict", "quiet", "h", "V", "q"}  # fmt: skip

HELP = """\
usage: nuncius nbconvert --to FORMAT [options] NOTEBOOK ...

Convert notebooks to other formats. Names may be globs, and may lack .ipynb.

  --to FORMAT          html, slides, pdf, webpdf, latex, markdown, rst, asciidoc, script, python,
                       notebook, the name of an installed exporter, or pkg.module.Class
  --output NAME        name of the result ({notebook_name} stands for the notebook's)
  --output-dir DIR     folder of the result; by default that of the notebook
  --stdout, --stdin    write to standard output; read one notebook from standard input
  --inplace            write back to the notebook itself
  --clear-output       remove outputs, in place
  --coalesce-streams   join the pieces of streams, in place
  --execute            run the notebook first; with --allow-errors go on after cells that raise

what is shown
  --no-input           leave out code;  --no-prompt  leave out In [1]: and Out[1]:
  --template NAME      a template;  --template-file FILE  a file of it
  --theme NAME         light, dark or auto
  --toc                a table of contents;  --fold input|output|both  fold away at first
  --embed-images       put pictures that Markdown refers to into the page
  --sanitize-html      the notebook is not trusted: no scripts, harmless markup only
  --pdf-engine NAME    who makes PDF pages: auto, typst, browser, xelatex or weasyprint
  --style NAME         of scripts: plain, percent or runnable
  --post serve         show the result in a browser

the run
  -j N, --jobs N       convert N notebooks at the same time
  --strict             exit with 1 if anything was repaired or could not be shown
  --config FILE        read a configuration file;  --generate-config  write one
  --show-config, --show-config-json, --debug, --quiet, --log-level LEVEL, -y, --version
  --Class.option=VALUE any option: see --help-all

examples
  nuncius nbconvert --to html report.ipynb
  nuncius nbconvert --to html --execute --no-input --output-dir site 'notes/*.ipynb'
  cat report.ipynb | nuncius nbconvert --stdin --stdout --to markdown
"""


@dataclass(slots=True)
class Arguments:
    """A command line that was read.

    Attributes:
        settings: What options were set to, in order.
        notebooks: Names and globs.
        config: Configuration files to read.
        switches: Flags that are no options, without dashes.
    """

    settings: list[Setting] = field(default_factory=list)
    notebooks: list[str] = field(default_factory=list)
    config: list[str] = field(default_factory=list)
    switches: set[str] = field(default_factory=set)


def parse(argv: Sequence[str]) -> Arguments:
    """Read a command line.

    Raises:
        OptionError: There is no such option, or its value is missing.
    """
    result = Arguments()
    words = list(argv)
    while words:
        word = words.pop(0)
        if word == "--":
            result.notebooks += words
            break
        if word.startswith("-") and word != "-":
            _option(word, words, result)
        else:
            result.notebooks.append(word)
    return result


def _option(word: str, words: list[str], result: Arguments) -> None:
    if word.startswith("-j") and word[2:].isdigit():
        word, words[:0] = "--jobs", [word[2:]]
    name, equals, value = word.lstrip("-").partition("=")
    name = {"j": "jobs"}.get(name, name)
    if name in FLAGS and not equals:
        for key, text in FLAGS[name]:
            _set(result, key, text, word)
    elif name in _SWITCHES and not equals:
        result.switches.add({"h": "help", "V": "version", "q": "quiet"}.get(name, name))
    elif name == "config":
        result.config.append(value if equals else _next(word, words))
    elif name in ALIASES:
        _set(result, ALIASES[name], value if equals else _next(word, words), word)
    elif "." in name:
        _set(result, name, value if equals else _next(word, words), word)
    elif name in FLAGS:
        raise OptionError(f"--{name} takes no value, got {value!r}")
    else:
        raise OptionError(f"there is no option {word.partition('=')[0]}{nearest(name, [*FLAGS, *ALIASES, *_SWITCHES])}; see --help")  # fmt: skip


def _set(result: Arguments, key: str, text: str, word: str) -> None:
    owner, _, name = key.rpartition(".")
    if owner == "ScriptExporter":
        _set(result, f"PythonExporter.{name}", text, word)
    result.settings.append(Setting(owner, name, text, word.partition("=")[0], is_text=True))


def _next(word: str, words: list[str]) -> str:
    if not words:
        raise OptionError(f"{word} needs a value")
    return words.pop(0)
