"""Stories of values that are shown: formats, display(), ids and updates, capture, the classes of rich output."""

from __future__ import annotations

import base64
import struct
import sys
import zlib
from typing import Any

import pytest

from nuncius.kernel import display as names
from nuncius.kernel.display import (
    HTML,
    JSON,
    SVG,
    Audio,
    Code,
    FileLink,
    FileLinks,
    GeoJSON,
    IFrame,
    Image,
    Javascript,
    Latex,
    Markdown,
    Math,
    Pretty,
    ProgressBar,
    Video,
    YouTubeVideo,
    capture_output,
    clear_output,
    display,
    display_html,
    publish_display_data,
    update_display,
)
from nuncius.kernel.display.formatters import DisplayFormatter, FormatterWarning


def png(width: int = 4, height: int = 2) -> bytes:
    """Return a small picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress(b"".join(b"\0" + b"\0\0\0" * width for _ in range(height)))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def bundle(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return DisplayFormatter().format(value)


class Rich:
    """An object with every method there is."""

    def __repr__(self) -> str:
        return "rich"

    def _repr_html_(self):
        return "<b>rich</b>"

    def _repr_png_(self):
        return b"png", {"width": 3}

    def _repr_json_(self):
        return {"rich": True}

    def _repr_latex_(self):
        return None

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": "<i>mine</i>", "x/y": "z"}, {"x/y": {"a": 1}}


def test_an_object_is_asked_for_all_its_formats():
    data, metadata = bundle(Rich())
    assert data == {
        "text/html": "<i>mine</i>",
        "x/y": "z",
        "text/plain": "rich",
        "image/png": b"png",
        "application/json": {"rich": True},
    }
    assert metadata == {"x/y": {"a": 1}, "image/png": {"width": 3}}


def test_formats_can_be_chosen():
    formatter = DisplayFormatter()
    assert set(formatter.format(Rich(), include={"text/plain"})[0]) == {"text/plain"}
    assert set(formatter.format(Rich(), include="text/plain")[0]) == {"text/plain"}
    assert "text/html" not in formatter.format(Rich(), exclude=["text/html"])[0]
    formatter.active_types = ["text/plain"]
    assert formatter.active_types == ["text/plain"]
    assert "image/png" not in formatter.format(Rich())[0]


def test_printers_by_type_by_name_and_taken_back():
    html = DisplayFormatter().formatters["text/html"]

    class Base: ...

    class Derived(Base): ...

    assert html.for_type(Base, lambda obj: "<base>") is None
    assert html(Derived()) == "<base>"
    html.for_type_by_name("fractions", "Fraction", lambda obj: "<fraction>")
    from fractions import Fraction

    assert html(Fraction(1, 2)) == "<fraction>"
    assert html.for_type("fractions.Fraction")(None) == "<fraction>"
    assert html.lookup_by_type("fractions.Fraction")(0) == "<fraction>"
    assert [kind in html for kind in (Base, Derived, Fraction, "fractions.Fraction", int)] == [
        *[True] * 4,
        False,
    ]
    assert html.pop("fractions.Fraction") is not None
    assert html(Fraction(1, 2)) is None
    assert html.pop(Fraction, None) is None
    with pytest.raises(KeyError, match="no function"):
        html.pop(Fraction)
    with pytest.raises(KeyError, match="no function"):
        html.lookup(3)


def test_a_method_that_raises_costs_its_format_only(shell, frontend):
    class Half:
        def __repr__(self):
            return "half"

        def _repr_html_(self):
            raise ValueError("no html today")

        def _repr_latex_(self):
            return "$x$"

        def _repr_png_(self):
            raise NotImplementedError

    shell.user_ns["half"] = Half()
    result = shell.run_cell("half", store_history=True)
    assert result.success
    kinds = frontend.take()
    assert kinds[0][0] == "error"
    assert kinds[0][1]["evalue"] == "no html today"
    assert kinds[1][1]["data"] == {"text/plain": "half", "text/latex": "$x$"}
    assert len(kinds) == 2


def test_what_is_of_the_wrong_type_is_warned_about():
    class Wrong:
        def _repr_html_(self):
            return 5

    with pytest.warns(FormatterWarning, match="text/html formatter of Wrong returned int"):
        assert "text/html" not in bundle(Wrong())[0]


def test_a_class_shows_what_its_metaclass_says_and_not_what_its_instances_would():
    class Meta(type):
        def _repr_html_(cls):
            return f"<b>{cls.__name__}</b>"

    class Told(metaclass=Meta):
        pass

    class Plain:
        def _repr_html_(self):
            return "an instance"

        @classmethod
        def _repr_latex_(cls):
            return "$class$"

    assert bundle(Told)[0]["text/html"] == "<b>Told</b>"
    assert set(bundle(Plain)[0]) == {"text/plain", "text/latex"}


def test_metadata_may_be_none():
    class Half:
        def _repr_html_(self):
            return "<i>", None

    data, metadata = bundle(Half())
    assert (data["text/html"], metadata) == ("<i>", {})


def test_objects_that_answer_to_any_name_have_no_rich_output():
    class Proxy:
        def __getattr__(self, name):
            return lambda *args, **kwargs: "everything"

        def __repr__(self):
            return "proxy"

    assert bundle(Proxy()) == ({"text/plain": "proxy"}, {})
    assert set(bundle(Rich)[0]) == {"text/plain"}  # the class is no instance


def test_an_object_may_display_itself(shell, frontend):
    class Self:
        def _ipython_display_(self):
            print("shown")

    shell.user_ns["value"] = Self()
    assert shell.display_formatter.format(Self()) == ({}, {})
    shell.run_cell("value")
    assert frontend.of("execute_result") == []


def test_float_precision_and_lengths():
    text = DisplayFormatter().formatters["text/plain"]
    text.float_precision = 2
    assert text([1 / 3]) == "[0.33]"
    text.float_precision = "%.1e"
    assert text(1 / 3) == "3.3e-01"
    text.float_precision = ""
    assert text(0.1) == "0.1"
    with pytest.raises(ValueError, match="float_precision"):
        text.float_precision = "many"
    text.max_seq_length = 3
    assert text(list(range(9))) == "[0, 1, 2, ...]"
    text.pprint = False
    assert text([1] * 2) == "[1, 1]"


def test_display_shows_values_as_data(shell, frontend):
    display(1, HTML("<b>x</b>"))
    first, second = frontend.of("display_data")
    assert first == {"data": {"text/plain": "1"}, "metadata": {}, "transient": {}}
    assert second["data"]["text/html"] == "<b>x</b>"


def test_displays_can_be_updated(shell, frontend):
    handle = display("one", display_id=True)
    assert handle is not None
    handle.update("two")
    update_display("three", display_id=handle.display_id)
    assert [
        (kind, content["data"]["text/plain"], content["transient"])
        for kind, content in frontend.take()
    ] == [
        ("display_data", "'one'", {"display_id": handle.display_id}),
        ("update_display_data", "'two'", {"display_id": handle.display_id}),
        ("update_display_data", "'three'", {"display_id": handle.display_id}),
    ]
    assert display(display_id="empty").display_id == "empty"
    assert frontend.take()[0][1]["data"] == {}
    with pytest.raises(TypeError, match="display_id is required"):
        display(1, update=True)


def test_raw_bundles_metadata_and_choice_of_formats(shell, frontend):
    display({"text/plain": "p", "image/png": b"\x00\x01"}, raw=True, metadata={"a": 1})
    display_html("<i>", raw=True)
    display(Rich(), include=["text/plain"], metadata={"text/plain": {"m": 1}})
    publish_display_data({"text/plain": "q"}, transient={"t": 1})
    contents = frontend.of("display_data")
    assert contents[0]["data"] == {"text/plain": "p", "image/png": "AAE="}
    assert contents[0]["metadata"] == {"a": 1}
    assert contents[1]["data"] == {"text/html": "<i>"}
    assert contents[2] == {
        "data": {"text/plain": "rich"},
        "metadata": {"text/plain": {"m": 1}},
        "transient": {},
    }
    assert contents[3]["transient"] == {"t": 1}
    with pytest.raises(TypeError, match="mapping by mime type"):
        display(3, raw=True)
    display_html(HTML("<b>"), metadata={"isolated": True})
    (shown,) = frontend.of("display_data")
    assert shown["metadata"] == {"text/html": {"isolated": True}}


def test_output_can_be_cleared(shell, frontend):
    clear_output(wait=True)
    display(1, clear=True)
    assert [content for kind, content in frontend.take() if kind == "clear_output"] == [
        {"wait": True},
        {"wait": True},
    ]


def test_hooks_see_messages_of_their_thread_and_may_keep_them(shell, frontend):
    kept: list[Any] = []

    def keep(message):
        kept.append(message["content"]["data"]["text/plain"])

    shell.display_pub.register_hook(keep)
    display(1)
    assert shell.display_pub.unregister_hook(keep)
    assert not shell.display_pub.unregister_hook(keep)
    display(2)
    assert (kept, len(frontend.of("display_data"))) == (["1"], 1)


def test_output_can_be_captured(shell, frontend, capsys):
    with capture_output() as captured:
        print("out")
        print("err", file=sys.stderr)
        display(HTML("<b>"))
        sys.displayhook(5)
    assert (captured.stdout, captured.stderr) == ("out\n", "err\n")
    assert [sorted(output.data) for output in captured.outputs] == [
        ["text/html", "text/plain"],
        ["text/plain"],
    ]
    assert frontend.take() == []
    captured.show()
    assert capsys.readouterr() == ("out\n", "err\n")
    assert len(frontend.of("display_data")) == 2


def test_a_cell_within_a_capture_is_captured(shell, frontend):
    shell.run_cell(
        "from nuncius.kernel.display import capture_output\n"
        "with capture_output() as c:\n    get_ipython().run_cell('1 + 1')"
    )
    assert [o.data for o in shell.user_ns["c"].outputs] == [{"text/plain": "2"}]
    assert frontend.of("execute_result") == []


def test_without_a_shell_display_prints(capsys):
    handle = display("x", 1, display_id="a")
    assert (capsys.readouterr().out, handle.display_id) == ("x 1\n", "a")
    publish_display_data({"text/plain": "plain"})
    assert capsys.readouterr().out == "plain\n"


def test_text_objects():
    assert bundle(HTML("<b>"))[0]["text/html"] == "<b>"
    assert bundle(HTML("<b>", metadata={"m": 1}))[1] == {"text/html": {"m": 1}}
    assert HTML("<b>").__html__() == "<b>"
    assert bundle(Markdown("*x*"))[0]["text/markdown"] == "*x*"
    assert bundle(Latex("$y$"))[0]["text/latex"] == "$y$"
    assert bundle(Math("$z$"))[0]["text/latex"] == "$\\displaystyle z$"
    assert bundle(Pretty("a\nb"))[0] == {"text/plain": "a\nb"}
    assert bundle(SVG("<?xml?><svg>1</svg>\n"))[0]["image/svg+xml"] == "<svg>1</svg>"
    script = bundle(Javascript("go()", lib="l.js", css=["c.css"]))[0]["application/javascript"]
    assert script.index("c.css") < script.index("l.js") < script.index("go()")
    with pytest.raises(TypeError, match="HTML expects text"):
        HTML(3)
    with pytest.raises(TypeError, match="list of URLs"):
        Javascript("x", lib=[3])


def test_json_and_maps(shell, frontend):
    data, metadata = bundle(JSON({"a": [1]}, expanded=True))
    assert data["application/json"] == {"a": [1]}
    assert metadata["application/json"] == {"expanded": True, "root": "root"}
    with pytest.warns(UserWarning, match="not JSON text"):
        assert JSON("[1]").data == [1]
    with pytest.raises(TypeError, match="list or a mapping"):
        JSON(3)
    display(GeoJSON({"type": "Point"}, layer_options={"max": 3}))
    (content,) = frontend.of("display_data")
    assert content["data"]["application/geo+json"] == {"type": "Point"}
    assert content["metadata"]["application/geo+json"]["layer_options"] == {"max": 3}


def test_pictures(tmp_path):
    picture = png()
    text = base64.b64encode(picture).decode()
    data, metadata = bundle(Image(picture, width=10, alt="a picture"))
    assert data["image/png"] == text
    assert metadata["image/png"] == {"width": 10, "alt": "a picture"}
    path = tmp_path / "x.png"
    path.write_bytes(picture)
    assert bundle(Image(str(path)))[0]["image/png"] == text
    assert bundle(Image(filename=path, retina=True))[1]["image/png"] == {"width": 2, "height": 1}
    remote = bundle(Image(url="http://example.org/x.png", width=5, alt="<x>"))[0]
    assert remote["text/html"] == '<img src="http://example.org/x.png" width="5" alt="&lt;x&gt;"/>'
    assert bundle(Image(bytearray(picture)))[0]["image/png"] == text
    assert bundle(Image(str(path), embed=False))[0]["text/html"] == f'<img src="{path}"/>'
    assert bundle(Image(picture, embed=False))[0]["text/html"] == '<img src=""/>'
    with pytest.raises(ValueError, match="no picture: give its data"):
        Image()
    assert Image(b"GIF89a....").format == "gif"
    assert Image(b"RIFF....WEBP").format == "webp"
    assert Image(b"\xff\xd8\xff\xe0").format == "jpeg"
    with pytest.raises(FileNotFoundError):
        Image("missing.png")
    with pytest.raises(ValueError, match="cannot embed"):
        Image(b"x", format="bmp")


def test_objects_read_files(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<p>", encoding="utf-8")
    page = HTML(filename=path)
    assert page.data == "<p>"
    path.write_text("<q>", encoding="utf-8")
    page.reload()
    assert page.data == "<q>"
    assert HTML(str(path)).data == "<q>"


def test_sound_and_films(tmp_path):
    sound = Audio([0.0, 0.5, -0.5], rate=8000, autoplay=True)
    html = sound._repr_html_()
    assert 'autoplay="autoplay"' in html
    assert "data:audio/wav;base64," in html
    assert Audio([[0, 1], [1, 0]], rate=8000).data[22] == 2  # channels
    with pytest.raises(ValueError, match="rate"):
        Audio([0, 1])
    quiet = Audio([0, float("nan"), 0.5], rate=1, normalize=False).data
    assert struct.unpack("<3h", quiet[44:]) == (0, 0, 16383)
    with pytest.raises(ValueError, match="from -1 to 1"):
        Audio([2, 0], rate=1, normalize=False)
    with pytest.raises(ValueError, match="no audio data"):
        Audio()
    assert 'src="http://x/y.mp3"' in Audio(url="http://x/y.mp3")._repr_html_()
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film")
    assert f'src="{path}"' in Video(str(path))._repr_html_()
    assert "base64,ZmlsbQ==" in Video(str(path), embed=True)._repr_html_()
    with pytest.raises(ValueError, match="embed"):
        Video(b"film")


def test_pages_within_the_page():
    page = IFrame("http://x/", 10, 20, a=1)._repr_html_()
    assert 'src="http://x/?a=1"' in page
    # without it, players of films refuse to play
    assert 'referrerpolicy="strict-origin-when-cross-origin"' in page
    html = YouTubeVideo("abc", allow_autoplay=True)._repr_html_()
    assert "https://www.youtube.com/embed/abc?autoplay=1" in html
    assert 'allow="autoplay"' in html


def test_links_to_files(tmp_path):
    path = tmp_path / "a b.txt"
    path.write_text("x", encoding="utf-8")
    (tmp_path / "c.py").write_text("", encoding="utf-8")
    link = FileLink(path)
    assert "a%20b.txt" in link._repr_html_()
    assert repr(link) == str(path)
    assert "doesn't exist" in FileLink(tmp_path / "gone")._repr_html_()
    with pytest.raises(ValueError, match="use FileLinks"):
        FileLink(tmp_path)
    with pytest.raises(ValueError, match="use FileLink"):
        FileLinks(path)
    links = FileLinks(tmp_path, included_suffixes=[".py"])
    assert repr(links).splitlines() == [f"{tmp_path}/", "  c.py"]
    assert f"<a href='{tmp_path}/c.py' target='_blank'>c.py</a>" in links._repr_html_()


def test_source_is_colored_or_plain():
    code = Code("x < 1", language="python")
    assert repr(code) == "x < 1"
    assert "&lt;" in code._repr_html_()


def test_progress_is_shown_in_place(shell, frontend):
    assert list(ProgressBar(3)) == [0, 1, 2]
    kinds = [kind for kind, _ in frontend.take()]
    assert kinds[0] == "display_data"
    assert set(kinds[1:]) == {"update_display_data"}
    bar = ProgressBar(4)
    bar.progress = 2
    assert repr(bar).endswith("2/4")
    assert "value='2'" in bar._repr_html_()


def test_every_exported_name_is_there():
    assert all(getattr(names, name) for name in names.__all__)
    assert set(names.__all__) <= set(dir(names))
    with pytest.raises(AttributeError, match="Nothing"):
        _ = names.Nothing


def test_formatters_of_libraries_may_state_traits():
    from traitlets import ObjectName, Unicode

    from nuncius.kernel.display.formatters import BaseFormatter

    class Theirs(BaseFormatter):
        format_type = Unicode("a/b")
        print_method = ObjectName("_repr_ab_")
        _return_type = (dict,)

    class Value:
        def _repr_ab_(self):
            return {"x": 1}

    formatter = DisplayFormatter()
    formatter.formatters["a/b"] = Theirs(parent=formatter)
    assert formatter.format(Value())[0]["a/b"] == {"x": 1}
