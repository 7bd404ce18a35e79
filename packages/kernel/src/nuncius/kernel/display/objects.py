"""Values that show themselves richly: HTML, images, Markdown, JSON, progress bars and more.

Each can be made of its data, of a file name, or of a URL.
"""

from __future__ import annotations

import html
import os
import struct
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nuncius.kernel.display.functions import display
from nuncius.kernel.display.publish import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "HTML",
    "JSON",
    "SVG",
    "DisplayObject",
    "GeoJSON",
    "Image",
    "Javascript",
    "Latex",
    "Markdown",
    "Math",
    "Pretty",
    "ProgressBar",
    "TextDisplayObject",
    "Video",
]  # fmt: skip


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http:", "https:"))


def _is_file(value: Any) -> bool:
    try:
        return os.path.isfile(value)  # noqa: PTH113 - data that is no path at all may be asked about
    except (TypeError, ValueError, OSError):
        return False


class DisplayObject:
    """The base of values that show themselves.

    Args:
        data: The data, a URL, or the name of a file.
        url: Load the data from here.
        filename: Read the data from this file.
        metadata: About the data, for the frontend.
    """

    _read_flags: Literal["r", "rb"] = "r"
    _show_mem_addr = False
    metadata: Any = None

    def __init__(
        self,
        data: Any = None,
        url: str | None = None,
        filename: str | os.PathLike[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(data, os.PathLike):
            data = os.fspath(data)
        if data is not None and isinstance(data, str) and url is None and filename is None:
            if data.startswith(("http://", "https://")):
                url, filename, data = data, None, None
            elif self._could_be_path(data) and _is_file(data):
                filename, url, data = data, None, None
        self.url = url
        self.filename = None if filename is None else os.fspath(filename)
        self.data = data
        if metadata is not None:
            self.metadata = dict(metadata)
        elif self.metadata is None:
            self.metadata = {}
        self.reload()
        self._check_data()

    def _could_be_path(self, text: str) -> bool:
        return "\n" not in text and len(text) < 4096

    def __repr__(self) -> str:
        if self._show_mem_addr:
            return super().__repr__()
        return f"<{shown_name(type(self))} object>"

    def _check_data(self) -> None:
        """Raise TypeError if the data is not of the right type."""

    def reload(self) -> None:
        """Read the data again, from the file or the URL."""
        if self.filename is not None:
            if self._read_flags == "r":
                self.data = Path(self.filename).read_text(encoding="utf-8")
            else:
                self.data = Path(self.filename).read_bytes()
        elif self.url is not None:
            self.data = self._fetch(self.url)

    def _fetch(self, url: str) -> Any:
        from urllib.request import urlopen

        with urlopen(url) as response:
            data: bytes = response.read()
            if self._read_flags == "rb":
                return data
            return data.decode(response.headers.get_content_charset() or "utf-8", "replace")

    def _data_and_metadata(self) -> Any:
        return (self.data, dict(self.metadata)) if self.metadata else self.data


class TextDisplayObject(DisplayObject):
    """The base of values whose data is text."""

    def _check_data(self) -> None:
        if self.data is not None and not isinstance(self.data, str):
            raise TypeError(f"{type(self).__name__} expects text, not {self.data!r:.80}")


class Pretty(TextDisplayObject):
    """Show text as it is."""

    def _repr_pretty_(self, pp: Any, cycle: bool) -> None:
        for number, line in enumerate(str(self.data).split("\n")):
            if number:
                pp.break_()
            pp.text(line)


class HTML(TextDisplayObject):
    """Show HTML."""

    def _repr_html_(self) -> Any:
        return self._data_and_metadata()

    def __html__(self) -> Any:
        """Return the HTML, for template engines that ask for it."""
        return self._repr_html_()


class Markdown(TextDisplayObject):
    """Show Markdown."""

    def _repr_markdown_(self) -> Any:
        return self._data_and_metadata()


class Math(TextDisplayObject):
    """Show a formula."""

    def _repr_latex_(self) -> Any:
        text = f"$\\displaystyle {str(self.data).strip('$')}$"
        return (text, dict(self.metadata)) if self.metadata else text


class Latex(TextDisplayObject):
    """Show LaTeX."""

    def _repr_latex_(self) -> Any:
        return self._data_and_metadata()


class SVG(DisplayObject):
    """Show an SVG picture."""

    _read_flags = "rb"

    def reload(self) -> None:
        """Read the data again; what stands around the ``<svg>`` element is left out."""
        super().reload()
        if isinstance(self.data, bytes):
            self.data = self.data.decode("utf-8")
        if isinstance(self.data, str):
            start, end = self.data.find("<svg"), self.data.rfind("</svg>")
            if start >= 0 and end >= start:
                self.data = self.data[start : end + len("</svg>")]

    def _repr_svg_(self) -> Any:
        return self._data_and_metadata()


class ProgressBar(DisplayObject):
    """Show progress; iterate over it, or set `progress`.

    Args:
        total: The value at the end.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._progress = 0
        self.html_width = "60ex"
        self.text_width = 60
        self._display_id = os.urandom(16).hex()

    def __repr__(self) -> str:
        done = self._progress / self.total if self.total else 1.0
        filled = "=" * int(done * self.text_width)
        return f"[{filled:<{self.text_width}}] {self._progress}/{self.total}"

    def _repr_html_(self) -> str:
        return (
            f"<progress style='width:{self.html_width}' max='{self.total}' "
            f"value='{self._progress}'></progress>"
        )

    def display(self) -> None:
        """Show it."""
        display(self, display_id=self._display_id)

    def update(self) -> None:
        """Show it anew, where it is."""
        display(self, display_id=self._display_id, update=True)

    @property
    def progress(self) -> int:
        """How far it is; setting it shows it."""
        return self._progress

    @progress.setter
    def progress(self, value: int) -> None:
        self._progress = value
        self.update()

    def __iter__(self) -> Iterator[int]:
        self.display()
        self._progress = -1
        return self

    def __next__(self) -> int:
        """Take one step."""
        self.progress += 1
        if self.progress < self.total:
            return self.progress
        raise StopIteration


class JSON(DisplayObject):
    """Show a list or a mapping as a tree.

    Args:
        data: The value, or its JSON text.
        url: Load it from here.
        filename: Read it from this file.
        expanded: Show it unfolded.
        metadata: About the data, for the frontend.
        root: The name of the root.
        **kwargs: More metadata.
    """

    def __init__(
        self,
        data: Any = None,
        url: str | None = None,
        filename: str | os.PathLike[str] | None = None,
        expanded: bool = False,
        metadata: Mapping[str, Any] | None = None,
        root: str = "root",
        **kwargs: Any,
    ) -> None:
        self.metadata = {"expanded": expanded, "root": root, **(metadata or {}), **kwargs}
        self._data: Any = None
        super().__init__(data, url, filename)

    def _could_be_path(self, text: str) -> bool:
        return super()._could_be_path(text) and not text.lstrip().startswith(("{", "["))

    @property
    def data(self) -> Any:
        """The value."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if isinstance(data, os.PathLike):
            data = os.fspath(data)
        if isinstance(data, str):
            if self.filename is None and self.url is None:
                from warnings import warn

                # the caller of the class, whichever of ours lies between
                warn("JSON expects a list or a mapping, not JSON text", stacklevel=4)
            import json

            data = json.loads(data)
        self._data = data

    filename: Any = None
    url: Any = None

    def _check_data(self) -> None:
        if self.data is not None and not isinstance(self.data, list | dict):
            raise TypeError(
                f"{type(self).__name__} expects a list or a mapping, not {self.data!r:.80}"
            )

    def _repr_json_(self) -> Any:
        return self._data_and_metadata()


class GeoJSON(JSON):
    """Show a map.

    Args:
        *args: As `JSON`.
        url_template: Of the tiles.
        layer_options: Of the tiles.
        **kwargs: As `JSON`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        own = {
            name: kwargs.pop(name) for name in ("layer_options", "url_template") if name in kwargs
        }
        super().__init__(*args, **kwargs)
        self.metadata |= own

    def _ipython_display_(self) -> None:
        bundle = {"application/geo+json": self.data, "text/plain": repr(self)}
        display(bundle, metadata={"application/geo+json": self.metadata}, raw=True)


class Javascript(TextDisplayObject):
    """Run JavaScript in the frontend.

    Args:
        data: The source.
        url: Load it from here.
        filename: Read it from this file.
        lib: URLs of scripts to load before.
        css: URLs of style sheets to load before.
    """

    def __init__(
        self,
        data: Any = None,
        url: str | None = None,
        filename: str | os.PathLike[str] | None = None,
        lib: str | Iterable[str] | None = None,
        css: str | Iterable[str] | None = None,
    ) -> None:
        self.lib = _list(lib, "lib")
        self.css = _list(css, "css")
        super().__init__(data, url, filename)

    def _repr_javascript_(self) -> str:
        parts = [
            f"""new Promise(function(resolve, reject) {{
    var script = document.createElement("script");
    script.onload = resolve;
    script.onerror = reject;
    script.src = "{each}";
    document.head.appendChild(script);
}}).then(() => {{
"""
            for each in self.lib
        ]
        styles = [
            f"""var link = document.createElement("link");
link.rel = "stylesheet";
link.type = "text/css";
link.href = "{each}";
document.head.appendChild(link);
"""
            for each in self.css
        ]
        return "".join([*styles, *parts, str(self.data), "\n});" * len(self.lib)])


def _list(value: Any, name: str) -> list[str]:
    values = [value] if isinstance(value, str) else list(value or ())
    if not all(isinstance(each, str) for each in values):
        raise TypeError(f"expected {name} as a URL or a list of URLs, got {value!r}")
    return values


_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_GIF = (b"GIF87a", b"GIF89a")
_MIMES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
}


def _picture_format(data: bytes) -> str | None:
    if data.startswith(_PNG):
        return "png"
    if data.startswith(_JPEG):
        return "jpeg"
    if data.startswith(_GIF):
        return "gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return None


def png_size(data: bytes) -> tuple[int, int]:
    at = data.index(b"IHDR")
    width, height = struct.unpack(">ii", data[at + 4 : at + 12])
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 4
    while True:
        size = struct.unpack(">H", data[at : at + 2])[0]
        at += size
        if data[at] != 0xFF:
            raise ValueError("not a JPEG picture")
        # the frames that tell the size
        if data[at + 1] in (0xC0, 0xC1, 0xC2, 0xC3):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2


class Image(DisplayObject):
    """Show a picture: PNG, JPEG, GIF or WebP.

    Args:
        data: Its bytes, a URL, or the name of a file.
        url: Where it is; the frontend loads it, unless it is embedded.
        filename: Its file.
        format: ``png``, ``jpeg``, ``gif`` or ``webp``; found out if not given.
        embed: Put the data into the notebook; by default unless ``url`` is given.
        width: In pixels.
        height: In pixels.
        retina: Show it at half its size.
        unconfined: Do not limit it to the width of the page.
        metadata: For the frontend.
        alt: A text for those who cannot see it.
    """

    _read_flags = "rb"
    _FMT_JPEG = "jpeg"
    _FMT_PNG = "png"
    _FMT_GIF = "gif"
    _FMT_WEBP = "webp"
    _ACCEPTABLE_EMBEDDINGS = ("jpeg", "png", "gif", "webp")
    _MIMETYPES = _MIMES

    def __init__(
        self,
        data: Any = None,
        url: str | None = None,
        filename: str | os.PathLike[str] | None = None,
        format: str | None = None,  # noqa: A002 - the name that people use
        embed: bool | None = None,
        width: float | None = None,
        height: float | None = None,
        retina: bool = False,
        unconfined: bool = False,
        metadata: Mapping[str, Any] | None = None,
        alt: str | None = None,
    ) -> None:
        if isinstance(data, os.PathLike):
            data = os.fspath(data)
        name = filename if filename is not None else url
        if name is None and isinstance(data, str):
            name = data
        self.format = (format or self._guess(name, data)).lower()
        self.format = {"jpg": "jpeg"}.get(self.format, self.format)
        self.embed = embed if embed is not None else url is None
        if self.embed and self.format not in self._ACCEPTABLE_EMBEDDINGS:
            raise ValueError(
                f"cannot embed a picture of the format {self.format!r}; "
                f"expected one of {', '.join(self._ACCEPTABLE_EMBEDDINGS)}"
            )
        self._mimetype = _MIMES.get(self.format, f"image/{self.format}")
        self.width, self.height = width, height
        self.retina, self.unconfined, self.alt = retina, unconfined, alt
        if isinstance(data, bytearray | memoryview) or hasattr(data, "__array_interface__"):
            data = bytes(data)
        super().__init__(data, url, filename, metadata)
        if self.width is None and isinstance(self.metadata.get("width"), dict):
            self.width = self.metadata["width"]
        if self.alt is None and self.metadata.get("alt"):
            self.alt = self.metadata["alt"]
        if retina:
            self._retina_shape()

    def _guess(self, name: Any, data: Any) -> str:
        if isinstance(data, bytes | bytearray):
            return _picture_format(bytes(data[:16])) or "png"
        if name is None:
            return "png"
        extension = Path(str(name).partition("?")[0]).suffix[1:].lower()
        return (
            extension if extension in {*_MIMES, "jpg"} or (_is_file(name) and extension) else "png"
        )

    def reload(self) -> None:
        """Read the data again, if it is embedded."""
        if self.embed:
            super().reload()
            if self.retina:
                self._retina_shape()

    def _retina_shape(self) -> None:
        if not self.embed or not isinstance(self.data, bytes):
            return
        sizes = {"png": png_size, "jpeg": _jpeg_size}
        if self.format in sizes:
            width, height = sizes[self.format](self.data)
            self.width, self.height = width // 2, height // 2

    def _repr_html_(self) -> str | None:
        if self.embed:
            return None
        width = f' width="{self.width}"' if self.width else ""
        height = f' height="{self.height}"' if self.height else ""
        css = ' class="unconfined"' if self.unconfined else ""
        alt = f' alt="{html.escape(self.alt)}"' if self.alt else ""
        source = self.url if self.url is not None else self.filename or ""
        return f'<img src="{source}"{width}{height}{css}{alt}/>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if self.embed:
            data, metadata = self._data_and_metadata_always()
            return {self._mimetype: data}, {self._mimetype: metadata} if metadata else {}
        return {"text/html": self._repr_html_()}

    def _data_and_metadata_always(self) -> tuple[Any, dict[str, Any]]:
        data = self.data
        if isinstance(data, bytes):
            data = b64encode(data).decode("ascii")
        elif data is None:
            raise FileNotFoundError(f"there is no picture {self.filename or self.url!r}")
        metadata: dict[str, Any] = dict(self.metadata)
        for name in ("width", "height", "unconfined", "alt"):
            if value := getattr(self, name):
                metadata[name] = value
        return data, metadata

    def _repr_png_(self) -> Any:
        return self._as("png")

    def _repr_jpeg_(self) -> Any:
        return self._as("jpeg")

    def _as(self, name: str) -> Any:
        if not self.embed or self.format != name:
            return None
        data, metadata = self._data_and_metadata_always()
        return (data, metadata) if metadata else data

    def _check_data(self) -> None:
        if self.data is None and self.filename is None and self.url is None:
            raise ValueError("no picture: give its data, a filename or a url")
        if self.embed and isinstance(self.data, str) and not self.filename and not self.url:
            text = self.data
            if "\n" not in text and len(text) < 512 and "." in text:
                raise FileNotFoundError(f"there is no picture {text!r}")


class Video(DisplayObject):
    """Show a video.

    Args:
        data: Its bytes, a URL, or the name of a file.
        url: Where it is.
        filename: Its file.
        embed: Put the data into the notebook.
        mimetype: Of the video; found by its name if not given.
        width: In pixels.
        height: In pixels.
        html_attributes: Of the ``<video>`` element.
    """

    _read_flags = "rb"

    def __init__(
        self,
        data: Any = None,
        url: str | None = None,
        filename: str | os.PathLike[str] | None = None,
        embed: bool = False,
        mimetype: str | None = None,
        width: int | None = None,
        height: int | None = None,
        html_attributes: str = "controls",
    ) -> None:
        if isinstance(data, os.PathLike):
            data = os.fspath(data)
        if url is None and _is_url(data):
            url, data = data, None
        elif filename is None and isinstance(data, str) and _is_file(data):
            filename, data = data, None
        elif isinstance(data, str) and not embed and url is None:
            url, data = data, None
        if data is not None and not embed:
            raise ValueError("to show a video from its data, embed it: embed=True")
        self.mimetype, self.embed = mimetype, embed
        self.width, self.height, self.html_attributes = width, height, html_attributes
        super().__init__(data, url, filename)

    def _could_be_path(self, text: str) -> bool:
        return False

    def reload(self) -> None:
        """Read the data again, if it is embedded."""
        if self.embed:
            super().reload()

    def _repr_html_(self) -> str:
        width = f' width="{self.width}"' if self.width else ""
        height = f' height="{self.height}"' if self.height else ""
        if not self.embed:
            source = self.url if self.url is not None else self.filename or ""
            return (
                f'<video src="{source}" {self.html_attributes} {width} {height}>\n'
                "      Your browser does not support the <code>video</code> element.\n    </video>"
            )
        mimetype = self.mimetype or _guess_type(self.filename or self.url)
        data = self.data if isinstance(self.data, str) else b64encode(self.data).decode("ascii")
        return (
            f"<video {self.html_attributes} {width} {height}>\n"
            f' <source src="data:{mimetype};base64,{data}" type="{mimetype}">\n'
            " Your browser does not support the video tag.\n </video>"
        )


def _guess_type(name: str | None) -> str:
    if name is None:
        return "video/mp4"
    import mimetypes

    return mimetypes.guess_type(name)[0] or "video/mp4"
