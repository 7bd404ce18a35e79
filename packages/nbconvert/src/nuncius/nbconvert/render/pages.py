"""Make a page from a rendering: what `render.html` writes, with pictures embedded if asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import sanitize
from nuncius.nbconvert.markdown.events import numbered
from nuncius.nbconvert.render.html import Page, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nuncius.nbconvert.rendering import Rendering

__all__ = ["make_page", "page"]


def page(rendering: Rendering) -> Iterator[str]:
    """Yield the page."""
    whole = rendering.options.template_name != "basic"
    return render(rendering.document, make_page(rendering), whole=whole)


def make_page(rendering: Rendering) -> Page:
    """Return what the writing of a page needs."""
    options = rendering.options
    resources = rendering.resources
    made = Page(
        options=options,
        css=tuple(resources.get("inlining", {}).get("css", ())),
        image=_images(rendering, options),
        link=partial(_link, resources.get("links") or {}),
        note=rendering.note,
        clean=_cleaner(rendering),
    )
    made.style.math.learn(numbered(rendering.document.prose))
    return made


def _cleaner(rendering: Rendering) -> Callable[[str], str]:
    from nuncius.nbconvert.options import SanitizeHTML

    choice = rendering.configured.of(SanitizeHTML)
    if choice.tags is None and choice.attributes is None and choice.styles is None:
        return sanitize.clean
    tool = sanitize.cleaner(choice.tags, choice.attributes, choice.styles, strip_comments=choice.strip_comments)  # fmt: skip
    return tool.clean  # type: ignore[no-any-return]


def _link(links: dict[str, str], url: str) -> str:
    """Return the address of a link; one to another notebook of the batch leads to its result."""
    url = _without_files(url)
    path, mark, anchor = url.partition("#")
    return links[path] + mark + anchor if path in links else url


def _without_files(url: str) -> str:
    """``files/`` was how IPython's server called the notebook's own folder."""
    return (
        url.removeprefix("/").removeprefix("files/")
        if url.startswith(("files/", "/files/"))
        else url
    )


def _images(rendering: Rendering, options: Any) -> Callable[[str], str]:
    if not options.embed_images:
        return _without_files
    from nuncius.nbconvert.embedding import embedded

    folder = rendering.resources.get("metadata", {}).get("path", "")

    def embed(url: str) -> str:
        data, problem = embedded(_without_files(url), folder)
        if problem:
            rendering.note(problem, None)
        return data

    return embed
