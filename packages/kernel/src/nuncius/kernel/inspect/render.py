"""Write what is known of an object as text for terminals, and as HTML."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nuncius.kernel.themes import Theme, highlight, highlight_html

if TYPE_CHECKING:
    from nuncius.kernel.inspect.model import ObjectInfo

__all__ = ["DocFormatter", "render"]

#: Turns documentation into a mime bundle, or into HTML.
DocFormatter = Callable[[str], Any]

_WIDTH = 16


def render(
    info: ObjectInfo,
    theme: Theme,
    *,
    detail_level: int = 0,
    omit_sections: Iterable[str] = (),
    doc_formatter: DocFormatter | None = None,
) -> dict[str, str]:
    """Return ``text/plain`` and ``text/html``.

    Args:
        info: What to show.
        theme: Colors of the plain text.
        detail_level: 1 for the source instead of the documentation, where there is one.
        omit_sections: Titles or field names that are left out.
        doc_formatter: Makes documentation richer.
    """
    omitted = {str(section).lower() for section in omit_sections}
    plain, rich = [], []
    for title, key, is_code in _sections(info, detail_level):
        text = getattr(info, key)
        if not text or key in omitted or title.lower() in omitted:
            continue
        docs = _formatted(text, doc_formatter) if key.endswith("docstring") else {}
        plain.append(_plain(title, docs.get("text/plain", text), is_code, theme))
        rich.append(_html(title, text, is_code, docs.get("text/html")))
    return {"text/plain": "\n".join(plain), "text/html": "".join(rich)}


def _sections(info: ObjectInfo, detail_level: int) -> list[tuple[str, str, bool]]:
    """Return titles, field names, and whether the text is Python, in the order in which they are shown."""
    with_source = detail_level > 0 and bool(info.source)
    documentation = ("Source", "source", True) if with_source else ("Docstring", "docstring", False)
    if info.isalias:
        return [("Repr", "string_form", False)]
    if info.ismagic:
        return [documentation, ("File", "file", False)]
    if info.isclass or (info.iscallable and info.string_form is None):
        last = (
            ("Source", "source", True)
            if with_source
            else ("Init docstring", "init_docstring", False)
        )
        return [
            ("Signature", "definition", True),
            ("Init signature", "init_definition", True),
            ("Docstring", "docstring", False),
            last,
            ("File", "file", False),
            ("Type", "type_name", False),
            ("Subclasses", "subclasses", False),
        ]
    general = [
        ("Signature", "definition", True),
        ("Call signature", "call_def", True),
        ("Type", "type_name", False),
        ("String form", "string_form", False),
        ("Namespace", "namespace", False),
        ("Length", "length", False),
        ("File", "file", False),
        documentation,
        ("Class docstring", "class_docstring", False),
        ("Init docstring", "init_docstring", False),
        ("Call docstring", "call_docstring", False),
    ]
    if info.namespace == "Interactive":
        general.remove(("Namespace", "namespace", False))
    return general


def _formatted(text: str, formatter: DocFormatter | None) -> Mapping[str, str]:
    if formatter is None:
        return {}
    try:
        made = formatter(text)
    except Exception:  # noqa: BLE001 - somebody else's formatter
        return {}
    if isinstance(made, str):
        return {"text/plain": text, "text/html": made}
    return made if isinstance(made, Mapping) else {}


def _plain(title: str, text: str, is_code: bool, theme: Theme) -> str:
    label = theme.paint("label", f"{title}:")
    shown = highlight(text, theme) if is_code else text
    # a string form has its own indentation, made for this width
    if "\n" in text and title != "String form":
        return f"{label}\n{shown}"
    return f"{label}{' ' * (_WIDTH - len(title))}{shown}"


def _html(title: str, text: str, is_code: bool, made: str | None) -> str:
    if made is None:
        made = highlight_html(text) if is_code else f"<pre>{html.escape(text)}</pre>"
    return f"<h4>{html.escape(title)}</h4>\n{made}\n"
