"""Render a notebook with a Jinja template."""

from __future__ import annotations

import dataclasses
import html as html_module
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from nuncius.nbconvert import assets, filters, stages, themes
from nuncius.nbconvert.errors import FilterError, TemplateError
from nuncius.nbconvert.nodes import ResourcesDict, nodes
from nuncius.nbconvert.templating import search
from nuncius.nbconvert.templating.source import TemplateSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.nbconvert.formats import Format
    from nuncius.nbconvert.options import TemplateExporter
    from nuncius.nbconvert.rendering import Rendering

__all__ = ["render"]

_EXTENSIONS = {".slides.html": ".html", ".tex": ".tex", ".pdf": ".tex"}
_RAW = "<raw_template>"


def render(rendering: Rendering, target: Format, source: TemplateSource | None = None) -> Iterator[str]:  # fmt: skip
    """Yield the result.

    Raises:
        TemplateError: A template is missing or wrong.
    """
    source = source or TemplateSource()
    options = rendering.options
    if not options.template_name:
        options = dataclasses.replace(options, template_name=target.template)
    folders = search.chain(options.template_name, options)
    _preprocess(rendering, search.configuration(folders))
    paths = list(source.paths) or search.template_paths(options)
    environment = _environment(rendering, target, source, paths)
    name = _name(options, target, environment)
    context = _context(rendering, options, paths, environment)
    try:
        template = environment.get_template(name)
        yield from template.generate(context)
    except jinja2.TemplateNotFound as error:
        raise TemplateError(f"there is no template file {error.name!r}", options.template_name, paths) from None  # fmt: skip
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{error.filename or error.name or name}, line {error.lineno}: {error.message}", name) from None  # fmt: skip
    except jinja2.UndefinedError as error:
        raise TemplateError(f"{options.template_name}: {error.message}", name) from None


def _preprocess(rendering: Rendering, conf: dict[str, Any]) -> None:
    """Run the preprocessors that the template asks for, and mark where slides begin and end."""
    if hasattr(rendering.options, "reveal_theme"):
        from nuncius.nbconvert.render.slides import mark

        mark(rendering.nb)
    for key in sorted(conf.get("preprocessors") or {}):
        wanted = dict(conf["preprocessors"][key] or {})
        path = str(wanted.pop("type", ""))
        name = path.rpartition(".")[2]
        known = {cls.__name__: cls for cls, _ in stages.STAGES}
        if not wanted.get("enabled", True) or name == "_RevealMetadataPreprocessor":
            continue
        if name in known:
            if name != "CSSHTMLHeaderPreprocessor":  # the format has run it
                stages.run_one(rendering.nb, rendering.resources, known[name](**wanted))
            continue
        from nuncius.nbconvert.loading import load, make_preprocessor

        made = make_preprocessor(load(path), None, True)
        made(nodes(rendering.nb), rendering.resources)


def _name(options: TemplateExporter, target: Format, environment: jinja2.Environment) -> str:
    if options.raw_template:
        return _RAW
    if options.template_file:
        path = Path(options.template_file)
        names = [options.template_file, options.template_file + ".j2"]
        if path.is_file():
            loader = jinja2.FileSystemLoader(str(path.parent))
            environment.loader = jinja2.ChoiceLoader([loader, environment.loader])  # type: ignore[list-item]
            names.insert(0, path.name)
        for name in names:
            try:
                environment.get_template(name)
            except jinja2.TemplateNotFound:
                continue
            return name
        return options.template_file
    extension = _EXTENSIONS.get(target.extension, target.extension)
    return f"index{extension}{options.template_extension}"


def _environment(rendering: Rendering, target: Format, source: TemplateSource, paths: list[str]) -> jinja2.Environment:  # fmt: skip
    loaders: list[jinja2.BaseLoader] = [*source.loaders, jinja2.FileSystemLoader(paths)]
    if rendering.options.raw_template:
        loaders.insert(0, jinja2.DictLoader({_RAW: rendering.options.raw_template}))
    delimiters: dict[str, Any] = {}
    if target.name in ("latex", "pdf"):
        delimiters = {
            "block_start_string": "((*", "block_end_string": "*))", "variable_start_string": "(((",
            "variable_end_string": ")))", "comment_start_string": "((=", "comment_end_string": "=))",
        }  # fmt: skip
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        extensions=["jinja2.ext.loopcontrols"],
        autoescape=False,
        enable_async=False,
        **delimiters,
    )
    environment.globals["uuid4"] = _counter()
    environment.filters.update(_filters(rendering))
    environment.filters.update(source.filters)
    return environment


def _counter() -> Any:
    """Return what templates call for unique ids: numbers, so that the same notebook gives the same bytes."""
    from itertools import count

    numbers = count(1)
    return lambda: f"nb-id-{next(numbers)}"


def _filters(rendering: Rendering) -> dict[str, Any]:
    known = {name: getattr(filters, name) for name in filters.__all__}
    document = rendering.document
    known["filter_data_type"] = partial(filters.filter_data_type, priority=document.view.priority)
    known["markdown2html"] = _page_filters(rendering)
    known["highlight_code"] = partial(
        filters.highlight2latex if document.view.html_tables_only else filters.highlight2html,
        language=document.lexer,
    )
    known["escape"] = known["e"] = lambda value: html_module.escape(str(value))
    for name, given in rendering.options.filters.items():
        if isinstance(given, str):
            from nuncius.nbconvert.loading import load

            given = load(given)  # noqa: PLW2901
        if not callable(given):
            raise FilterError(f"the filter {name!r} is no function: {given!r}")
        known[name] = given
    return known


def _page_filters(rendering: Rendering) -> Any:
    from nuncius.nbconvert.options import HTMLExporter

    if not isinstance(rendering.options, HTMLExporter):
        return filters.markdown2html
    from nuncius.nbconvert.markdown.html import html
    from nuncius.nbconvert.render.pages import make_page

    page = make_page(rendering)
    return lambda source: html(source, page.style)


def _context(rendering: Rendering, options: Any, paths: list[str], environment: jinja2.Environment) -> dict[str, Any]:  # fmt: skip
    view = rendering.document.view
    resources = ResourcesDict(rendering.resources)
    resources["global_content_filter"] = {
        "include_code": view.code,
        "include_markdown": view.markdown,
        "include_raw": view.raw,
        "include_unknown": view.unknown,
        "include_input": view.input,
        "include_output": view.output,
        "include_output_stdin": view.output_stdin,
        "include_input_prompt": view.input_prompt,
        "include_output_prompt": view.output_prompt,
        "no_prompt": not view.input_prompt and not view.output_prompt,
    }
    resources["template_paths"] = paths
    for name in (
        "language_code", "theme", "mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url",
        "jupyter_widgets_base_url", "html_manager_semver_range", "widget_renderer_url",
    ):  # fmt: skip
        if hasattr(options, name):
            resources[name] = getattr(options, name)
    resources["should_sanitize_html"] = getattr(options, "sanitize_html", False)
    resources["should_not_encode_svg"] = getattr(options, "skip_svg_encoding", False)
    sheets = resources.setdefault("inlining", {}).setdefault("css", [])
    if hasattr(options, "language_code"):
        # Templates that have a page of their own still show code in colors.
        sheets.insert(0, assets.rules(".highlight"))
    if hasattr(options, "reveal_theme"):
        resources["reveal"] = {n: getattr(options, "reveal_" + n) for n in ("url_prefix", "theme", "transition", "scroll", "number", "width", "height")}  # fmt: skip
    _includes(resources, environment)
    from nuncius.nbconvert.templating.leaves import Leaves

    return {"nb": nodes(rendering.nb), "resources": resources, "nuncius": Leaves(rendering)}


def _includes(resources: dict[str, Any], environment: jinja2.Environment) -> None:
    def text(name: str) -> str:
        assert environment.loader is not None
        return environment.loader.get_source(environment, name)[0]

    resources["include_css"] = lambda name: f"<style>\n{text(name)}\n</style>"
    resources["include_js"] = lambda name, module=False: f"<script{' type=module' if module else ''}>\n{text(name)}\n</script>"  # fmt: skip
    resources["include_lab_theme"] = lambda name: f"<style>\n{themes.sheet(name)}\n</style>"
    resources["include_url"] = lambda name: f"data:;base64,{filters.text_base64(text(name))}"
