"""Tab behind the name of a magic offers what may stand there, as the magic declares it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nuncius.kernel.magics.operand_table import OPERANDS
from nuncius.kernel.magics.registry import MagicsManager
from nuncius.kernel.magics.store import database
from nuncius.kernel.magics.table import MAGICS
from nuncius.kernel.shell import Shell


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A session with variables, a macro, an alias, a bookmark and a stored value, in a folder with files."""
    folder = tmp_path_factory.mktemp("session")
    for name in ("files", "programs"):
        (folder / name).mkdir()
    for name in ("script.py", "session.ipy", "text.txt", "files/inner.txt", "programs/frobnicate"):
        (folder / name).write_text("")
    (folder / "programs" / "Spun_Gold-1.0.dist-info").mkdir()
    shell = Shell()
    shell.run_cell("salt = 'white'\nsand = 3\npepper = 2.5", store_history=True)
    shell.run_cell("%macro again 1")
    shell.run_cell("%alias salute echo")
    shell.run_cell("%%code_wrap sauce\n__code__")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PATH", str(folder / "programs"))
        patch.setenv("SPICE_RACK", "full")
        patch.setattr(sys, "path", [str(folder / "programs"), *sys.path])
        shell.run_cell("%bookmark home\n%bookmark work files\n%store salt\n%store salute")
        yield shell
        for name in ("bookmarks", "autorestore/salt", "stored_aliases"):
            database(shell).pop(name, None)
    shell.close()


def offered(shell: Shell, line: str) -> list[str]:
    return list(shell.completer.complete(line).matches)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%reset ", ["array", "dhist", "in", "out"]),
        ("%reset -f o", ["out"]),
        ("%reset in d", ["dhist"]),
        ("%reset_selective -f sa", ["salt", "sand"]),
        ("%xdel pe", ["pepper"]),
        ("%unalias sal", ["salute"]),
        ("%bookmark ", []),
        ("%bookmark new ", ["files/", "programs/"]),
        ("%bookmark -d ", ["home", "work"]),
        ("%cd ", ["files/", "programs/"]),
        ("%cd -b w", ["work"]),
        ("%cd -qb w", ["work"]),
        ("%store sal", ["salt", "salute"]),
        ("%store -r ", ["salt", "salute"]),
        ("%store -d sal", ["salt", "salute"]),
        ("%store salt > te", ["text.txt"]),
        ("%pip unins", ["uninstall"]),
        ("%pip uninstall spun", ["Spun-Gold"]),
        ("%pip uninstall Spun", ["Spun-Gold"]),
        ("%pip show Spun_", ["Spun_Gold"]),
        ("%pip install -r te", ["text.txt"]),
        ("%uv pip ins", ["install"]),
        ("%conda remove Spun", ["Spun-Gold"]),
        ("%load_ext stor", ["storemagic"]),
        ("%xmode ver", ["Verbose"]),
        ("%tb M", ["Minimal"]),
        ("%colors l", ["linux", "lightbg"]),
        ("%matplotlib inl", ["inline"]),
        ("%matplotlib inline ", []),
        ("%gui gtk", ["gtk", "gtk3", "gtk4"]),
        ("%env SPI", ["SPICE_RACK"]),
        ("%set_env SPI", ["SPICE_RACK"]),
        ("%logstart -o te", ["text.txt"]),
        ("%logstart text.txt ", ["append", "backup", "global", "over", "rotate"]),
        ("%history -f te", ["text.txt"]),
        ("%history --f", []),
        ("%macro ag", ["again"]),
        ("%recall ", ["again", "salt"]),
        ("%save te", ["text.txt"]),
        ("%save text.txt a", ["again"]),
        ("%load s", ["script.py", "session.ipy"]),
        ("%edit sa", ["salt", "sand"]),
        ("%edit te", ["text.txt"]),
        ("%run s", ["script.py", "session.ipy"]),
        ("%run script.py te", ["text.txt"]),
        ("%run -p -s cu", ["cumulative"]),
        ("%run -m jso", ["json"]),
        ("%%script fro", ["frobnicate"]),
        ("%%script --bg frobnicate te", ["text.txt"]),
        ("%%script ./pro", ["./programs/"]),
        ("%sx fro", ["frobnicate"]),
        ("%prun -s cu", ["cumulative"]),
        ("%prun -s cumulative -T te", ["text.txt"]),
        ("%prun -s cumulative import jso", ["json"]),
        ("%timeit -n 10 -r3 sal", ["salt"]),
        ("%timeit -n 10 import jso", ["json"]),
        ("%time salt.upp", ["upper"]),
        ("%who ", ["Macro", "float", "int", "str"]),
        ("%whos int f", ["float"]),
        ("%alias_magic mine rese", ["reset", "reset_selective"]),
        ("%alias dust fro", ["frobnicate"]),
        ("%code_wrap --remove ", ["sauce"]),
        ("%config Shell", ["ShellOptions"]),
        ("%salute te", ["text.txt"]),
        # without the percent sign
        ("cd ", ["files/", "programs/"]),
        ("cd files/i", []),
        ("ls files/i", ["files/inner.txt"]),
        ("salute te", ["text.txt"]),
        ("reset -f o", ["out"]),
        ("time salt.upp", ["upper"]),
        ("reset = o", ["object", "oct", "open", "ord", "or"]),
        ("salt sal", ["salt"]),
        ("x = 1\ncd fil", ["filter"]),
    ],
)
def test_words_of_magics(session: Shell, line: str, words: list[str]) -> None:
    found = offered(session, line)
    assert [word for word in found if word not in ("jsonschema", "jsonschema_specifications")] == (
        words
    )


def test_a_magic_of_ones_own_says_what_it_takes(session: Shell) -> None:
    session.run_cell(
        """
from nuncius.kernel.magics import FOLDER, Flag, Magics, Operand, magics_class, line_magic, one_of
from nuncius.kernel.magics import argument, magic_arguments, options, parse_argstring, takes, variables

@magics_class
class Paint(Magics):
    @line_magic
    @takes(
        one_of("red", "green"), FOLDER,
        after={"d": variables}, values={"style": Operand("value", lambda asked: [asked.typed + "s"])})
    @options(Flag("d", "Drop it."), Flag("style", "How.", "STYLE"), Flag("o", "Where.", "FILE"))
    def paint(self, opts, rest): ...

    @line_magic
    @magic_arguments()
    @argument("-c", "--color", choices=["blue", "black"])
    @argument("where", choices=["wall", "roof"])
    def spray(self, line): ...

get_ipython().register_magics(Paint)
%alias_magic colour paint
"""
    ).raise_error()
    assert {
        line: offered(session, line)
        for line in (
            "%paint r",
            "%paint red fi",
            "%paint -d sal",
            "%paint --style thick",
            "%paint --style=thin",
            "%paint -o te",
            "%paint -",
            "%colour gr",
            "%spray ",
            "%spray --color bla",
        )
    } == {
        "%paint r": ["red"],
        "%paint red fi": ["files/"],
        "%paint -d sal": ["salt"],
        "%paint --style thick": ["thicks"],
        "%paint --style=thin": ["thins"],
        "%paint -o te": ["text.txt"],
        "%paint -": ["-d", "--style", "-o"],
        "%colour gr": ["green"],
        "%spray ": ["wall", "roof"],
        "%spray --color bla": ["black"],
    }


def test_what_is_declared_is_there(session: Shell) -> None:
    session.run_cell("%load_ext autoreload")
    manager = session.magics_manager
    for name, operands in OPERANDS.items():
        kind = "line" if manager.has(name, "line") else "cell"
        flags = {option.lstrip("-") for option, _, _ in manager.options(name, kind)}
        assert manager.find(name, kind) is not None, name
        assert {*operands.after, *operands.values} - {">"} <= flags, name
    assert offered(session, "%autoreload comp") == ["complete"]
    assert "json" in offered(session, "%aimport jso")


def test_completion_runs_no_extension(tmp_path: Path) -> None:
    shell = Shell()
    (tmp_path / "spun.py").write_text("raise SystemExit")
    shell.magics_manager.register_lazy("spin", "spun")
    shell.completer.complete("%spin ")
    assert "spun" not in sys.modules
    shell.close()


def test_a_magic_may_be_called_while_completion_loads_it() -> None:
    for name in ("cd", "rerun", "timeit", "run"):
        manager = MagicsManager(None, MAGICS)
        start = threading.Barrier(3)
        found: list[object] = []

        def find(ask: object, name: str = name, manager: MagicsManager = manager) -> None:
            start.wait()  # noqa: B023 - ended before the next
            manager.expected(name, "line", "")
            found.append(manager.find(name))  # noqa: B023

        threads = [threading.Thread(target=find, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len({id(getattr(each, "__self__", None)) for each in found}) == 1
        assert None not in found
