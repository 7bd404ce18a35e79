"""Values that show what lies elsewhere: sound, code, files, other pages."""

from __future__ import annotations

import html
import os
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.kernel.display.objects import DisplayObject, TextDisplayObject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "Audio",
    "Code",
    "FileLink",
    "FileLinks",
    "IFrame",
    "ScribdDocument",
    "VimeoVideo",
    "YouTubeVideo",
]


class Audio(DisplayObject):
    """Play sound.

    Args:
        data: Samples (a list or an array, of one or two channels), the bytes of a file, a URL, or the name of a file.
        filename: Its file.
        url: Where it is.
        embed: Put the data into the notebook; by default unless a URL is given.
        rate: Samples a second; needed for samples.
        autoplay: Play at once.
        normalize: Make samples as loud as can be; otherwise they must be from -1 to 1.
        element_id: Of the ``<audio>`` element.
    """

    _read_flags = "rb"

    def __init__(
        self,
        data: Any = None,
        filename: str | os.PathLike[str] | None = None,
        url: str | None = None,
        embed: bool | None = None,
        rate: int | None = None,
        autoplay: bool = False,
        normalize: bool = True,
        *,
        element_id: str | None = None,
    ) -> None:
        if filename is None and url is None and data is None:
            raise ValueError("no audio data: give data, a filename or a url")
        if embed is False and url is None:
            raise ValueError("embed=False needs a url")
        self.embed = embed if embed is not None else url is None
        self.autoplay, self.element_id = autoplay, element_id
        self.mimetype: str | None = None
        super().__init__(data=data, url=url, filename=filename)
        if self.data is not None and not isinstance(self.data, bytes):
            if rate is None:
                raise ValueError("rate must be given for samples: how many there are in a second")
            self.data = _wav(data, rate, normalize)
            self.mimetype = "audio/wav"

    def reload(self) -> None:
        """Read the data again, if it is embedded."""
        import mimetypes

        if self.embed:
            super().reload()
        name = self.filename or self.url
        self.mimetype = (mimetypes.guess_type(name)[0] if name else None) or "audio/wav"

    def src_attr(self) -> str:
        """Return where the browser finds the sound."""
        if self.embed and self.data is not None:
            return f"data:{self.mimetype};base64,{b64encode(self.data).decode('ascii')}"
        return self.url or ""

    def autoplay_attr(self) -> str:
        """Return the attribute that makes it play at once."""
        return 'autoplay="autoplay"' if self.autoplay else ""

    def element_id_attr(self) -> str:
        """Return the attribute that names the element."""
        return f'id="{self.element_id}"' if self.element_id else ""

    def _repr_html_(self) -> str:
        return f"""
                <audio {self.element_id_attr()} controls="controls" {self.autoplay_attr()}>
                    <source src="{self.src_attr()}" type="{self.mimetype}" />
                    Your browser does not support the audio element.
                </audio>
              """


def _wav(samples: Any, rate: int, normalize: bool) -> bytes:
    import io
    import wave

    read = _array_frames if hasattr(samples, "__array_interface__") else _list_frames
    channels, frames = read(samples, normalize)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setframerate(rate)
        file.setsampwidth(2)
        file.writeframes(frames)
    return out.getvalue()


def _scale(peak: float, normalize: bool) -> float:
    """Return the factor from samples to 16-bit numbers."""
    if not normalize and peak > 1:
        raise ValueError("without normalize, samples must be from -1 to 1")
    return 32767 / ((peak if normalize else 1.0) or 1.0)


def _array_frames(samples: Any, normalize: bool) -> tuple[int, bytes]:
    """Return the number of channels and the frames of a numpy array."""
    import numpy as np

    data = np.nan_to_num(np.asarray(samples, dtype=float))
    if data.ndim not in (1, 2):
        raise ValueError(f"expected samples of one or two dimensions, got {data.ndim}")
    scale = _scale(float(np.abs(data).max(initial=0)), normalize)
    channels = 1 if data.ndim == 1 else data.shape[0]
    return channels, (data.T.ravel() * scale).astype("<h").tobytes()


def _list_frames(samples: Any, normalize: bool) -> tuple[int, bytes]:
    """Return the number of channels and the frames of a list, or of one list for each channel."""
    import array
    import sys

    rows = list(samples)
    nested = bool(rows) and hasattr(rows[0], "__len__")
    channels = [[_sample(x) for x in row] for row in (rows if nested else [rows])]
    if len({len(channel) for channel in channels}) > 1:
        raise ValueError("all channels must have as many samples")
    scale = _scale(max((abs(x) for row in channels for x in row), default=0.0), normalize)
    frames = array.array("h", (int(x * scale) for f in zip(*channels, strict=True) for x in f))
    if sys.byteorder == "big":
        frames.byteswap()
    return len(channels), frames.tobytes()


def _sample(value: Any) -> float:
    number = float(value)
    return 0.0 if number != number else number  # no sound where there is no number


class IFrame:
    """Show a page within the page.

    Args:
        src: Its address.
        width: In pixels, or with a unit.
        height: In pixels, or with a unit.
        extras: More attributes of the element.
        **kwargs: Parameters of the address.
    """

    def __init__(
        self,
        src: str,
        width: int | str,
        height: int | str,
        extras: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.src, self.width, self.height = src, width, height
        self.extras = list(extras or ())
        self.params = kwargs

    def _repr_html_(self) -> str:
        parameters = ""
        if self.params:
            from urllib.parse import urlencode

            parameters = "?" + urlencode(self.params)
        return f"""
        <iframe
            width="{self.width}"
            height="{self.height}"
            src="{self.src}{parameters}"
            frameborder="0"
            allowfullscreen
            referrerpolicy="strict-origin-when-cross-origin"
            {" ".join(self.extras)}
        ></iframe>
        """


class YouTubeVideo(IFrame):
    """Show a video of YouTube, by its id."""

    def __init__(
        self,
        id: str,  # noqa: A002 - the name that people use
        width: int = 400,
        height: int = 300,
        allow_autoplay: bool = False,
        **kwargs: Any,
    ) -> None:
        self.id = id
        extras = list(kwargs.pop("extras", []))
        if allow_autoplay:
            extras.append('allow="autoplay"')
            kwargs["autoplay"] = 1
        super().__init__(f"https://www.youtube.com/embed/{id}", width, height, extras, **kwargs)


class VimeoVideo(IFrame):
    """Show a video of Vimeo, by its id."""

    def __init__(self, id: str, width: int = 400, height: int = 300, **kwargs: Any) -> None:  # noqa: A002
        self.id = id
        super().__init__(f"https://player.vimeo.com/video/{id}", width, height, **kwargs)


class ScribdDocument(IFrame):
    """Show a document of Scribd, by its id."""

    def __init__(self, id: str, width: int = 400, height: int = 300, **kwargs: Any) -> None:  # noqa: A002
        self.id = id
        super().__init__(f"https://www.scribd.com/embeds/{id}/content", width, height, **kwargs)


class FileLink:
    """Show a link to a file.

    Args:
        path: The file.
        url_prefix: Before the path in the link.
        result_html_prefix: Before the link.
        result_html_suffix: After it.
    """

    html_link_str = "<a href='%s' target='_blank'>%s</a>"

    def __init__(
        self,
        path: str | os.PathLike[str],
        url_prefix: str = "",
        result_html_prefix: str = "",
        result_html_suffix: str = "<br>",
    ) -> None:
        if Path(path).is_dir():
            raise ValueError(f"cannot link to the folder {os.fspath(path)!r}: use FileLinks")
        self.path = str(os.fspath(path))
        self.url_prefix = url_prefix
        self.result_html_prefix = result_html_prefix
        self.result_html_suffix = result_html_suffix

    def _format_path(self) -> str:
        return self._link(self.path, self.path)

    def _link(self, path: str, name: str) -> str:
        from urllib.parse import quote

        target = html.escape(quote(f"{self.url_prefix}{path}", safe="/:~"))
        link = self.html_link_str % (target, html.escape(name, quote=False))
        return f"{self.result_html_prefix}{link}{self.result_html_suffix}"

    def _repr_html_(self) -> str:
        if not Path(self.path).exists():
            return f"Path (<tt>{html.escape(self.path)}</tt>) doesn't exist. It may still be in the process of being generated, or you may have the incorrect path."
        return self._format_path()

    def __repr__(self) -> str:
        return str(Path(self.path).absolute())


class FileLinks(FileLink):
    """Show links to the files of a folder.

    Args:
        path: The folder.
        url_prefix: Before the path in each link.
        included_suffixes: Only files that end in one of these.
        result_html_prefix: Before each link.
        result_html_suffix: After each link.
        notebook_display_formatter: Makes the lines of HTML for one folder.
        terminal_display_formatter: Makes the lines of text for one folder.
        recursive: The folders in it, too.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        url_prefix: str = "",
        included_suffixes: Sequence[str] | None = None,
        result_html_prefix: str = "",
        result_html_suffix: str = "<br>",
        notebook_display_formatter: Any = None,
        terminal_display_formatter: Any = None,
        recursive: bool = True,
    ) -> None:
        if Path(path).is_file():
            raise ValueError(f"cannot list the file {os.fspath(path)!r}: use FileLink")
        self.path = str(os.fspath(path)).rstrip("/") or "/"
        self.url_prefix = url_prefix
        self.included_suffixes = included_suffixes
        self.result_html_prefix = result_html_prefix
        self.result_html_suffix = result_html_suffix
        self.notebook_display_formatter = notebook_display_formatter or self._html_lines
        self.terminal_display_formatter = terminal_display_formatter or self._text_lines
        self.recursive = recursive

    def _folders(self) -> Iterator[tuple[str, list[str]]]:
        for folder, folders, files in os.walk(self.path):
            folders.sort()
            wanted = [
                name
                for name in sorted(files)
                if self.included_suffixes is None or name.endswith(tuple(self.included_suffixes))
            ]
            yield folder, wanted
            if not self.recursive:
                return

    def _html_lines(
        self, dirname: str, fnames: Sequence[str], included_suffixes: Sequence[str] | None = None
    ) -> list[str]:
        lines = [f"{self.result_html_prefix}{html.escape(dirname)}/{self.result_html_suffix}"]
        for name in fnames:
            link = FileLink(
                Path(dirname, name),
                self.url_prefix,
                f"{self.result_html_prefix}&nbsp;&nbsp;",
                self.result_html_suffix,
            )
            lines.append(link._link(link.path, name))  # noqa: SLF001 - our own class
        return lines if fnames else []

    def _text_lines(
        self, dirname: str, fnames: Sequence[str], included_suffixes: Sequence[str] | None = None
    ) -> list[str]:
        return [f"{dirname}/", *(f"  {name}" for name in fnames)] if fnames else []

    def _format_path(self) -> str:
        make = self.notebook_display_formatter
        return "\n".join(
            line
            for folder, names in self._folders()
            for line in make(folder, names, self.included_suffixes)
        )

    def __repr__(self) -> str:
        make = self.terminal_display_formatter
        return "\n".join(
            line
            for folder, names in self._folders()
            for line in make(folder, names, self.included_suffixes)
        )


class Code(TextDisplayObject):
    """Show source, with colors where pygments is installed.

    Args:
        data: The source.
        url: Load it from here.
        filename: Read it from this file.
        language: Its language, as pygments calls it; found out if not given.
    """

    def __init__(
        self,
        data: Any = None,
        url: str | None = None,
        filename: str | os.PathLike[str] | None = None,
        language: str | None = None,
    ) -> None:
        self.language = language
        super().__init__(data=data, url=url, filename=filename)

    def _lexer(self) -> Any:
        from pygments import lexers

        if self.language:
            return lexers.get_lexer_by_name(self.language)
        name = self.filename or self.url
        return lexers.get_lexer_for_filename(name) if name else lexers.guess_lexer(self.data)

    def __repr__(self) -> str:
        return str(self.data)

    def _repr_html_(self) -> str:
        try:
            from pygments import highlight
            from pygments.formatters import HtmlFormatter
        except ImportError:
            return f"<pre>{html.escape(str(self.data))}</pre>"
        formatter = HtmlFormatter()
        styles = formatter.get_style_defs(".output_html")
        code = highlight(self.data, self._lexer(), formatter)
        return f"<style>{styles}</style>{code}"

    def _repr_latex_(self) -> str | None:
        try:
            from pygments import highlight
            from pygments.formatters import LatexFormatter
        except ImportError:
            return None
        latex: str = highlight(self.data, self._lexer(), LatexFormatter())
        return latex
