"""Let harmless markup through and nothing else: for notebooks that are not trusted.

An allow-list works on fragments. Text stays; what could run, load, submit or cover the page goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["clean", "clean_svg", "cleaner"]

_MATHML = frozenset(
    [
        "math",
        "annotation",
        "mi",
        "mn",
        "mo",
        "ms",
        "mspace",
        "mtext",
        "merror",
        "mfrac",
        "mpadded",
        "mphantom",
        "mroot",
        "mrow",
        "msqrt",
        "mstyle",
        "mmultiscripts",
        "mover",
        "mprescripts",
        "msub",
        "msubsup",
        "msup",
        "munder",
        "munderover",
        "mtable",
        "mtd",
        "mtr",
        "semantics",
    ]
)
_TAGS = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "address",
        "article",
        "aside",
        "b",
        "bdi",
        "bdo",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "font",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "li",
        "main",
        "mark",
        "menu",
        "meter",
        "nav",
        "ol",
        "p",
        "pre",
        "progress",
        "q",
        "rp",
        "rt",
        "rtc",
        "ruby",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
        "audio",
        "video",
        "source",
        "track",
        "picture",
        "input",
    ]
)
_STYLES = frozenset(
    [
        "azimuth",
        "background-color",
        "border",
        "border-bottom",
        "border-bottom-color",
        "border-bottom-style",
        "border-bottom-width",
        "border-collapse",
        "border-color",
        "border-left",
        "border-radius",
        "border-right",
        "border-spacing",
        "border-style",
        "border-top",
        "border-width",
        "caption-side",
        "clear",
        "color",
        "direction",
        "display",
        "float",
        "font",
        "font-family",
        "font-size",
        "font-style",
        "font-variant",
        "font-weight",
        "height",
        "justify-items",
        "letter-spacing",
        "line-height",
        "list-style-type",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-height",
        "max-width",
        "min-height",
        "min-width",
        "opacity",
        "overflow",
        "overflow-x",
        "overflow-y",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "text-align",
        "text-decoration",
        "text-indent",
        "text-transform",
        "unicode-bidi",
        "vertical-align",
        "white-space",
        "width",
        "word-break",
        "word-wrap",
    ]
)
_EVERYWHERE = frozenset(
    [
        "class",
        "title",
        "lang",
        "dir",
        "id",
        "style",
        "align",
        "valign",
        "width",
        "height",
        "role",
        "aria-label",
        "aria-hidden",
        "aria-describedby",
        "aria-labelledby",
        "data-mime-type",
        "tabindex",
    ]
)
_ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": frozenset({"href", "name"}),
    "img": frozenset({"src", "alt"}),
    "ol": frozenset({"start", "type", "reversed"}),
    "li": frozenset({"value"}),
    "td": frozenset({"colspan", "rowspan", "headers", "bgcolor"}),
    "th": frozenset({"colspan", "rowspan", "headers", "scope", "bgcolor"}),
    "table": frozenset({"border", "cellpadding", "cellspacing", "summary"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "font": frozenset({"color", "face", "size"}),
    "details": frozenset({"open"}),
    "audio": frozenset({"controls", "src"}),
    "video": frozenset({"controls", "src", "poster"}),
    "source": frozenset({"src", "type"}),
    "track": frozenset({"src", "kind", "srclang", "label"}),
    "time": frozenset({"datetime"}),
    "q": frozenset({"cite"}),
    "blockquote": frozenset({"cite"}),
    "meter": frozenset({"value", "min", "max", "low", "high", "optimum"}),
    "progress": frozenset({"value", "max"}),
    "input": frozenset({"type", "checked", "disabled"}),
    **dict.fromkeys(_MATHML, frozenset(["display", "displaystyle", "scriptlevel", "mathvariant", "mathcolor", "mathbackground", "stretchy", "fence", "separator", "form", "lspace", "rspace", "minsize", "maxsize", "symmetric", "largeop", "movablelimits", "accent", "accentunder", "linethickness", "columnalign", "columnspan", "rowspan", "rowspacing", "columnspacing", "depth", "voffset", "encoding"])),
}  # fmt: skip
#: Elements that go with all that is in them.
_GONE = frozenset(["script", "style", "iframe", "object", "embed", "applet", "template", "noscript", "frame", "frameset", "base", "link", "meta", "form", "textarea", "select", "button"])  # fmt: skip
_SCHEMES = frozenset({"http", "https", "mailto", "data", "tel", "ftp", "doi"})


_default: Any = None


def clean(html: str) -> str:
    """Return a fragment of HTML with harmless markup only."""
    global _default
    if "<" not in html:
        return html
    if _default is None:
        _default = cleaner()
    return str(_default.clean(html))


def cleaner(
    tags: Iterable[str] | None = None,
    attributes: Mapping[str, Iterable[str]] | Iterable[str] | None = None,
    styles: Iterable[str] | None = None,
    *,
    strip_comments: bool = True,
) -> Any:
    """Make a cleaner; it has a method ``clean(html)``.

    Args:
        tags: What is allowed; None: what notebooks need.
        attributes: Those allowed: a list for all tags, or lists by tag (``*`` for all).
        styles: CSS properties that are allowed.
        strip_comments: Comments are removed.
    """
    import nh3

    allowed = set(tags) if tags is not None else set(_TAGS | _MATHML)
    by_tag = _by_tag(attributes)
    return nh3.Cleaner(
        tags=allowed,
        clean_content_tags=set(_GONE - allowed),
        attributes={tag: names for tag, names in by_tag.items() if tag in allowed or tag == "*"},
        attribute_filter=_filter,
        strip_comments=strip_comments,
        link_rel="noopener noreferrer",
        filter_style_properties=set(styles) if styles is not None else set(_STYLES),
        url_schemes=set(_SCHEMES),
    )


def _by_tag(attributes: Mapping[str, Iterable[str]] | Iterable[str] | None) -> dict[str, set[str]]:
    if attributes is None:
        return {"*": set(_EVERYWHERE), **{tag: set(names) for tag, names in _ATTRIBUTES.items()}}
    if isinstance(attributes, Mapping):
        by_tag = {tag: set(names) for tag, names in attributes.items()}
    else:
        by_tag = {"*": set(attributes)}
    if "a" in by_tag:
        by_tag["a"].discard("rel")
    return by_tag


def _filter(tag: str, name: str, value: str) -> str | None:
    if name in ("src", "href", "poster", "cite"):
        address = value.strip().lower()
        if address.startswith("data:"):
            # A page as a link could run scripts; a picture cannot.
            ok = tag in ("img", "source", "audio", "video") and address.startswith(
                ("data:image/", "data:audio/", "data:video/")
            )
            return value if ok else None
    if tag == "input" and name == "type":
        return "checkbox" if value.lower() == "checkbox" else None
    if name == "style" and ("url(" in value.lower() or "expression(" in value.lower()):
        return None
    return value


def clean_svg(svg: str) -> str:
    """Return an SVG picture as the address of an image: scripts in it do not run there."""
    from base64 import b64encode

    return "data:image/svg+xml;base64," + b64encode(svg.encode("utf-8", "replace")).decode()
