"""Put pictures that a notebook refers to into the page itself.

Only files below the notebook's own folder are read: a notebook from elsewhere must not be able to carry away other files of whoever converts it.
"""

from __future__ import annotations

import mimetypes
from base64 import b64encode
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["embedded"]

LIMIT = 64 * 1024 * 1024


def embedded(url: str, folder: str) -> tuple[str, str]:
    """Return the picture as a ``data:`` address, and what went wrong ("" if nothing).

    Args:
        url: The address of a picture; those on the network stay as they are.
        folder: The notebook's.
    """
    parts = urlsplit(url)
    if parts.scheme or parts.netloc or not parts.path:
        return (
            url,
            ""
            if parts.scheme == "data"
            else f"the picture {url} is not embedded: it is on the network",
        )
    root = Path(folder or ".").resolve()
    path = (root / unquote(parts.path)).resolve()
    if not path.is_relative_to(root):
        return url, f"the picture {url} is not embedded: it is outside of the notebook's folder"
    try:
        if path.stat().st_size > LIMIT:
            return url, f"the picture {url} is not embedded: it has more than 64 MB"
        data = path.read_bytes()
    except OSError as error:
        return url, f"the picture {url} is not embedded: {error.strerror}"
    mime = mimetypes.guess_type(path.name)[0] or "image/png"
    if not mime.startswith("image/"):
        return url, f"the picture {url} is not embedded: it is no picture"
    return f"data:{mime};base64,{b64encode(data).decode()}", ""
