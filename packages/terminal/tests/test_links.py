"""Links to the files of tracebacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.protocol.text.ansi import strip
from nuncius.terminal.links import choose_template, linked

TEMPLATE = "file://{host}{path}#{line}"


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        ("File /a b/c.py:12, in f()", "File \x1b]8;;file://me/a%20b/c.py#12\x1b\\/a b/c.py:12\x1b]8;;\x1b\\, in f()"),
        ("File \x1b[32m/c.py\x1b[0m:\x1b[32m3\x1b[0m, in f", "File \x1b]8;;file://me/c.py#3\x1b\\\x1b[32m/c.py\x1b[0m:\x1b[32m3\x1b]8;;\x1b\\\x1b[0m, in f"),
        ('  File "/c.py", line 3, in f', '  File \x1b]8;;file://me/c.py#3\x1b\\"/c.py", line 3\x1b]8;;\x1b\\, in f'),
        ("Cell In[1], line 3", "Cell In[1], line 3"),
        ("File <frozen runpy>:1", "File <frozen runpy>:1"),
    ],
)  # fmt: skip
def test_a_file_leads_to_its_line(frame: str, shown: str) -> None:
    assert linked(frame, TEMPLATE, "me") == shown
    assert linked(frame, "") == frame


def test_a_home_folder_is_spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    text = linked("File ~/c.py:1", "vscode://file{path}:{line}")
    assert text == "File \x1b]8;;vscode://file/home/ada/c.py:1\x1b\\~/c.py:1\x1b]8;;\x1b\\"


@given(st.text('File /a.py:1\x1b[0m~"', max_size=60))
def test_what_is_shown_stays_the_same(text: str) -> None:
    assert strip(linked(text, TEMPLATE)) == strip(text)


@pytest.mark.parametrize(
    ("wanted", "environ", "template"),
    [
        ("auto", {"TERM": "xterm-256color"}, ""),
        ("auto", {"TERM": "xterm-kitty"}, TEMPLATE),
        ("auto", {"TERM": "xterm-256color", "VTE_VERSION": "7600"}, TEMPLATE),
        ("auto", {"TERM_PROGRAM": "vscode"}, "vscode://file{path}:{line}"),
        ("none", {"TERM": "xterm-kitty"}, ""),
        ("idea://open?file={path}&line={line}", {}, "idea://open?file={path}&line={line}"),
    ],
)
def test_terminals_that_show_links(wanted: str, environ: dict[str, str], template: str) -> None:
    assert choose_template(wanted, environ) == template
