"""Show values from anywhere in a program: ``display()``, its handles and its relatives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nuncius.kernel.current import get_shell

__all__ = [
    "DisplayHandle", "clear_output", "display", "display_html", "display_javascript", "display_jpeg", "display_json", "display_latex", "display_markdown",
    "display_pdf", "display_png", "display_pretty", "display_svg", "publish_display_data", "update_display",
]  # fmt: skip


def publish_display_data(
    data: Mapping[str, Any],
    metadata: Mapping[str, Any] | None = None,
    *,
    transient: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Send a mime bundle to the frontends.

    Args:
        data: By mime type; ``text/plain`` should always be there.
        metadata: By mime type.
        transient: Not to be stored with the output.
        **kwargs: For the publisher: ``update``.
    """
    shell = get_shell()
    if shell is None:
        from nuncius.kernel.display.publish import print_plain

        print_plain(data)
        return
    if transient:
        kwargs["transient"] = transient
    shell.display_pub.publish(data=data, metadata=metadata or {}, **kwargs)


class DisplayHandle:
    """An output that can be changed later.

    Args:
        display_id: Its name; a new one if not given.
    """

    def __init__(self, display_id: str | None = None) -> None:
        self.display_id = os.urandom(16).hex() if display_id is None else display_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} display_id={self.display_id}>"

    def display(self, obj: Any, **kwargs: Any) -> None:
        """Show ``obj`` in a new output under this name."""
        display(obj, display_id=self.display_id, **kwargs)

    def update(self, obj: Any, **kwargs: Any) -> None:
        """Show ``obj`` in place of what all outputs under this name show."""
        update_display(obj, display_id=self.display_id, **kwargs)


def display(
    *objs: Any,
    include: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    transient: Mapping[str, Any] | None = None,
    display_id: str | bool | None = None,
    raw: bool = False,
    clear: bool = False,
    **kwargs: Any,
) -> DisplayHandle | None:
    """Show values in the frontend, in the richest form that it can show.

    Args:
        *objs: The values.
        include: Only these mime types.
        exclude: Not these mime types.
        metadata: By mime type, added to that of the values.
        transient: Not to be stored with the output.
        display_id: A name for the output, to update it later; True makes one.
        raw: The values are mime bundles.
        clear: Clear the output of the cell first.
        **kwargs: For the publisher.

    Returns:
        A handle, if ``display_id`` is given.

    Raises:
        TypeError: A value was to be shown under a name, but there is no value.
    """
    handle = _handle(display_id)
    shell = get_shell()
    if shell is None:
        print(*objs)  # noqa: T201 - there is no frontend
        return handle
    if handle is not None:
        transient = {**(transient or {}), "display_id": handle.display_id}
    if kwargs.get("update") and handle is None:
        raise TypeError("display_id is required to update an output")
    if transient:
        kwargs["transient"] = transient
    if not objs and handle is not None:
        objs, raw = ({},), True
    if clear:
        clear_output(wait=True)
    for obj in objs:
        if raw:
            shell.display_pub.publish(obj, metadata, **kwargs)
            continue
        data, own_metadata = shell.display_formatter.format(obj, include=include, exclude=exclude)
        if data:
            shell.display_pub.publish(data, _merged(own_metadata, metadata), **kwargs)
    return handle


def _handle(display_id: str | bool | None) -> DisplayHandle | None:
    if display_id is None or display_id is False:
        return None
    return DisplayHandle() if display_id is True else DisplayHandle(str(display_id))


def _merged(own: dict[str, Any], more: Mapping[str, Any] | None) -> dict[str, Any]:
    if not more:
        return own
    merged = dict(own)
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _merged(dict(merged[key]), value)
        else:
            merged[key] = value
    return merged


def update_display(obj: Any, *, display_id: str, **kwargs: Any) -> None:
    """Show ``obj`` in place of what the outputs named ``display_id`` show."""
    kwargs["update"] = True
    display(obj, display_id=display_id, **kwargs)


def clear_output(wait: bool = False) -> None:
    """Clear the output of the cell.

    Args:
        wait: Do so only when the next output comes, which avoids flicker.
    """
    shell = get_shell()
    if shell is not None:
        shell.display_pub.clear_output(wait)
    else:
        print("\033[2K\r", end="")  # noqa: T201 - there is no frontend


def _display_as(mime: str, name: str) -> Callable[..., None]:
    def display_one(*objs: Any, raw: bool = False, metadata: Any = None, **kwargs: Any) -> None:
        by_mime = None if metadata is None else {mime: metadata}
        if raw:
            for obj in objs:
                publish_display_data({mime: obj}, by_mime, **kwargs)
        else:
            display(*objs, metadata=by_mime, include=[mime, "text/plain"], **kwargs)

    display_one.__name__ = display_one.__qualname__ = f"display_{name}"
    display_one.__doc__ = f"""Show values as ``{mime}``.

    Args:
        *objs: The values, or with ``raw`` the data itself.
        raw: The values are data of this type already.
        metadata: Of the data of this type.
        **kwargs: For `display`.
    """
    return display_one


display_pretty = _display_as("text/plain", "pretty")
display_html = _display_as("text/html", "html")
display_markdown = _display_as("text/markdown", "markdown")
display_svg = _display_as("image/svg+xml", "svg")
display_png = _display_as("image/png", "png")
display_jpeg = _display_as("image/jpeg", "jpeg")
display_webp = _display_as("image/webp", "webp")
display_latex = _display_as("text/latex", "latex")
display_json = _display_as("application/json", "json")
display_javascript = _display_as("application/javascript", "javascript")
display_pdf = _display_as("application/pdf", "pdf")
