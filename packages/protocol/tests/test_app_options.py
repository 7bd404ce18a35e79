"""Options: declared once; read from files and command lines; wrong ones are told where and what instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.protocol.app.config import Setting, build, read_file, template
from nuncius.protocol.app.help import options_help
from nuncius.protocol.app.options import changed, check_value, describe, parse_text
from nuncius.protocol.app.options import option as declare
from nuncius.protocol.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class Shell:
    """A shell."""

    editing_mode: Literal["emacs", "vi"] = declare("emacs", help="Whose keys the prompt has.")
    indent: int = declare(4, help="Columns of an indentation.")
    pause: float = declare(0.5, help="Seconds.")
    banner: bool = declare(True, help="Say hello.")
    greeting: str = declare("hi", help="What is said.")
    history: Path | None = declare(None, help="The file of the history.")
    names: tuple[str, ...] = declare((), help="Names.")
    sizes: dict[str, int] = declare(factory=dict, help="Sizes by name.")


@dataclass(frozen=True, kw_only=True)
class LoginShell(Shell):
    """A shell that asks who you are."""

    user: str = declare("root", help="Who.")


def typed(*texts: str) -> list[Setting]:
    """Settings as from a command line."""
    found = []
    for text in texts:
        key, _, value = text.partition("=")
        owner, _, name = key.partition(".")
        found.append(Setting(owner, name, value, f"--{key}", is_text=True))
    return found


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_nothing_said_gives_the_defaults():
    assert build([Shell], []) == {Shell: Shell()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Shell.editing_mode=VI", {"editing_mode": "vi"}),
        ("Shell.indent=2", {"indent": 2}),
        ("Shell.pause=2", {"pause": 2.0}),
        ("Shell.banner=off", {"banner": False}),
        ("Shell.greeting=1", {"greeting": "1"}),
        ("Shell.greeting=", {"greeting": ""}),
        ("Shell.history=/tmp/h", {"history": Path("/tmp/h")}),
        ("Shell.history=None", {"history": None}),
        ("Shell.names=a", {"names": ("a",)}),
        ("Shell.names=['a', 'b']", {"names": ("a", "b")}),
        ("Shell.sizes=a=1", {"sizes": {"a": 1}}),
    ],
)
def test_a_command_line_sets_options_of_every_type(text: str, expected: dict[str, Any]):
    assert build([Shell], typed(text))[Shell] == Shell(**expected)


def test_a_list_said_twice_on_one_command_line_adds_up():
    found = build(
        [Shell], typed("Shell.names=a", "Shell.names=b", "Shell.sizes=x=1", "Shell.sizes=y=2")
    )
    assert found[Shell] == Shell(names=("a", "b"), sizes={"x": 1, "y": 2})


def test_files_are_read_with_the_later_one_winning_and_the_command_line_last(tmp_path: Path):
    first = write(tmp_path, "config.json", json.dumps({"Shell": {"indent": 2, "pause": 1}}))
    second = write(tmp_path, "config.py", "c.Shell.indent = 3\nc.Shell.editing_mode = 'vi'\n")
    said = [*read_file(first), *read_file(second), *typed("Shell.editing_mode=emacs")]
    assert build([Shell], said)[Shell] == Shell(indent=3, pause=1.0)


def test_a_file_may_append_to_a_list_and_load_another_file(tmp_path: Path):
    """What people wrote for traitlets goes on to work."""
    write(tmp_path, "base.py", "c = get_config()\nc.Shell.names = ['a']\n")
    path = write(tmp_path, "config.py", "load_subconfig('base.py')\nc.Shell.names.append('b')\nc.Shell.sizes.update({'x': 1})\n")  # fmt: skip
    assert build([Shell], read_file(path))[Shell] == Shell(names=("a", "b"), sizes={"x": 1})


def test_settings_of_a_base_class_hold_for_what_is_derived(tmp_path: Path):
    path = write(tmp_path, "config.py", "c.LoginShell.indent = 8\nc.Shell.indent = 2\nc.Shell.banner = False\n")  # fmt: skip
    assert build([LoginShell], read_file(path))[LoginShell] == LoginShell(indent=8, banner=False)


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("a.py", "\nc.Shell.edting_mode = 'vi'\n", 2, "no option 'edting_mode'; did you mean 'editing_mode'?"),
        ("a.py", "\n\nc.Shel.indent = 2\n", 3, "nothing here is called 'Shel'; did you mean 'Shell'?"),
        ("a.py", "c.Shell.indent = 'x'\n", 1, "Shell.indent: expected a whole number, got 'x'"),
        ("a.py", "c.Shell.indent = True\n", 1, "expected a whole number, got True"),
        ("a.py", "c.Shell.editing_mode = 'vii'\n", 1, "expected 'emacs' or 'vi', got 'vii'; did you mean 'vi'?"),
        ("a.py", "x = 1\n1 / 0\n", 2, "ZeroDivisionError"),
        ("a.py", "x = (\n", 1, "SyntaxError"),
        ("a.json", '{"Shell": {\n"inden": 2}}', 2, "did you mean 'indent'?"),
        ("a.json", "{", 1, "JSONDecodeError"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_with_its_line(tmp_path, name, text, line, message):
    path = write(tmp_path, name, text)
    with pytest.raises(OptionError) as caught:
        build([Shell], read_file(path))
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.py", None, "No such file or directory"),
        ("a.py", b"\xff\xfe", "it is not text in UTF-8"),
        ("a.json", b'{"Shell": [1]}', "Shell is [1]; expected options and their values"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_name(tmp_path: Path, name, text, message):
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(OptionError) as caught:
        read_file(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_what_a_file_says_to_other_programs_is_none_of_ours(tmp_path: Path):
    path = write(tmp_path, "config.py", "c.NotebookServer.port = 1\n")
    assert build([Shell], read_file(path))[Shell] == Shell()


def test_the_template_shows_every_option_and_changes_none(tmp_path: Path):
    text = template([Shell, LoginShell])
    path = write(tmp_path, "config.py", text)
    assert read_file(path) == []
    uncommented = write(tmp_path, "all.py", text.replace("# c.", "c."))
    assert build([Shell, LoginShell], read_file(uncommented)) == {
        Shell: Shell(),
        LoginShell: LoginShell(),
    }
    assert len(read_file(uncommented)) == len(describe(Shell)) + len(describe(LoginShell))


def test_help_names_every_option_with_its_type_and_default():
    text = options_help(Shell)
    assert "--Shell.editing_mode='emacs'   ('emacs' or 'vi')" in text
    assert all(item.help in text for item in describe(Shell))


def test_an_option_is_changed_as_by_a_magic():
    assert changed(Shell(), "indent", "8") == Shell(indent=8)
    assert changed(Shell(), "editing_mode", "vi") == Shell(editing_mode="vi")
    with pytest.raises(OptionError, match="did you mean 'indent'"):
        changed(Shell(), "indnt", 8)
    with pytest.raises(OptionError, match="expected a whole number, got 'x'"):
        changed(Shell(), "indent", "x")


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.text()))
def test_a_value_is_read_back_from_how_it_is_written(value: Any):
    kind = type(value)
    assert check_value(value, kind) == value
    assert parse_text(str(value), kind) == value


KINDS = [
    int,
    float,
    bool,
    str,
    Path | None,
    Literal["a"],
    list[int],
    dict[str, int],
    tuple[str, ...],
]


def refusal(function: Callable[[Any, Any], Any], value: Any, kind: Any) -> str | None:
    """Why a value is not taken; None if it is."""
    try:
        function(value, kind)
    except ValueError as error:
        return str(error)
    return None


def test_the_home_of_somebody_who_is_not_there_is_no_path():
    expected = "expected a path, got '~no-such-user/x': there is no user of that name"
    for function in (parse_text, check_value):
        assert refusal(function, "~no-such-user/x", Path) == expected


@given(st.text(), st.sampled_from(KINDS))
def test_any_text_is_read_or_refused_in_words(text: str, kind: Any):
    assert (refusal(parse_text, text, kind) or "expected ").startswith("expected ")


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists),
    st.sampled_from(KINDS),
)
def test_any_value_is_taken_or_refused_in_words(value: Any, kind: Any):
    assert (refusal(check_value, value, kind) or "expected ").startswith("expected ")
