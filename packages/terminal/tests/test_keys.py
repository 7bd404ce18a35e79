"""The table of key bindings, and what the configuration makes of it."""

from __future__ import annotations

import pytest

from nuncius.protocol.errors import OptionError
from nuncius.terminal.keycommands import Tools, run
from nuncius.terminal.keys import BINDINGS, Binding, bindings, changed
from nuncius.terminal.keytable import key_table

TOOLS = Tools(
    judge=lambda code: ("complete", ""),
    next_indent=lambda code: "",
    describe=lambda: None,
    list_keys=lambda: None,
    older=lambda count: None,
    oldest=lambda: None,
    suggest=lambda: None,
    search_older=lambda: None,
    run_and_get_next=lambda: None,
)


def test_every_binding_has_a_sentence_and_is_accepted_by_the_toolkit() -> None:
    assert all(row.help.endswith(".") for row in BINDINGS)
    assert len(bindings(TOOLS).bindings) == len(BINDINGS)


def test_a_command_moves_to_other_keys() -> None:
    table = changed(BINDINGS, [{"command": "nuncius:x.run", "new_keys": ["f5"]}])
    assert [row for row in table if row.command is run] == [Binding(("f5",), run, "inserting")]


def test_a_command_gets_more_keys_or_none() -> None:
    more = changed(BINDINGS, [{"command": "run", "new_keys": ["f5"], "create": True}])
    assert len(more) == len(BINDINGS) + 1
    less = changed(BINDINGS, [{"command": "run", "new_keys": []}])
    assert len(less) == len(BINDINGS) - 1


@pytest.mark.parametrize(
    ("shortcut", "said"),
    [
        ({"command": "rnu"}, "there is no command 'rnu'; did you mean 'run'"),
        ({"command": "run", "match_keys": ["f9"], "new_keys": []}, "'run' has no binding like"),
    ],
)
def test_mistakes_are_told(shortcut: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        changed(BINDINGS, [shortcut])


def test_an_unknown_key_is_told() -> None:
    with pytest.raises(OptionError, match="the keys of 'run'"):
        bindings(TOOLS, [Binding(("hyper-q",), run)])
    with pytest.raises(OptionError, match="there is no condition 'sometimes'"):
        bindings(TOOLS, [Binding(("f5",), run, "sometimes")])


def test_the_table_is_for_people() -> None:
    text = key_table()
    assert "Alt-Enter" in text
    assert "Ctrl-X Ctrl-E" in text
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert max(map(len, text.splitlines())) > 80
    assert max(map(len, key_table(columns=80).splitlines())) <= 80
    assert key_table(columns=80).split() == text.split()


def test_importing_the_keys_loads_no_toolkit() -> None:
    import subprocess
    import sys

    code = "import sys, nuncius.terminal.keytable, nuncius.terminal.app; sys.exit('prompt_toolkit' in sys.modules or 'asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
