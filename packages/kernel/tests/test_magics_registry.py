"""Magics are found by name, take options, can be written by anybody, and cost nothing until they are used."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, next_word, parse, split_words
from nuncius.kernel.magics.registry import Magics, line_cell_magic, line_magic, magics_class
from nuncius.kernel.magics.table import MAGICS

FLAGS = (
    Flag("n", "", "N"),
    Flag("q"),
    Flag("s", "", "KEY", repeated=True),
    Flag("m", "", "MODULE", ends=True),
    Flag("l", "", "[N]"),
    Flag("out", "", "NAME"),
    Flag("bg"),
)


@pytest.mark.parametrize(
    ("line", "opts", "rest"),
    [
        ("", {}, ""),
        ("x = 'a  b'", {}, "x = 'a  b'"),
        ("-n 5 -q x - 1", {"n": "5", "q": ""}, "x - 1"),
        ("-n5 x -q", {"n": "5"}, "x -q"),
        ("-qn5 x", {"q": "", "n": "5"}, "x"),
        ("-n '5 6' x", {"n": "5 6"}, "x"),
        ("-s a -s b", {"s": ["a", "b"]}, ""),
        ("-m mod -q -n", {"m": "mod"}, "-q -n"),
        ("--out=o --bg x", {"out": "o", "bg": ""}, "x"),
        ("--out o -- -q", {"out": "o"}, "-q"),
        ("-l 7 x", {"l": "7"}, "x"),
        ("-l x", {"l": ""}, "x"),
        ("- x", {}, "- x"),
        ('"-q" x', {}, '"-q" x'),
    ],
)
def test_options_come_before_the_rest_which_stays_as_typed(line, opts, rest):
    assert parse(FLAGS, line) == (opts, rest)


def test_options_may_stand_anywhere_where_the_line_is_words():
    assert parse(FLAGS, "a -q b -n 5", anywhere=True) == ({"q": "", "n": "5"}, "a b")
    assert parse(FLAGS, "a -- -q b", anywhere=True) == ({}, "a -q b")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-x", "%demo: option -x not recognized; there are -n, -q, -s, -m, -l, --out, --bg"),
        ("--no", "%demo: option --no not recognized"),
        ("-n", "%demo: option -n requires a value: N"),
        ("--bg=1", "%demo: option --bg takes no value, got '1'"),
    ],
)
def test_what_is_wrong_with_options_is_said(line, said):
    with pytest.raises(UsageError) as raised:
        parse(FLAGS, line, "demo")
    assert str(raised.value).startswith(said)


@given(st.text(alphabet="-nqsx=5 'ab\"\\\t\n", max_size=30), st.booleans())
def test_any_line_is_read_or_refused(line, anywhere):
    try:
        opts, rest = parse(FLAGS, line, anywhere=anywhere)
    except UsageError:
        return
    assert set(opts) <= {"n", "q", "s", "m", "l", "out", "bg"}
    assert all(word in line for word in rest.split())


@given(st.text(max_size=40))
def test_words_end_and_advance(line):
    position = 0
    while line[position:].strip():
        _, end = next_word(line, position)
        assert end > position
        position = end
    assert len(split_words(line)) <= len(line)


def test_the_table_says_exactly_what_the_classes_have():
    places = {place for kind in MAGICS.values() for place in kind.values()}
    found = {"line": {}, "cell": {}}
    for place in places:
        module, _, name = place.partition(":")
        target = getattr(import_module(module), name)
        if isinstance(target, type):
            for kind, names in target.magics.items():
                found[kind].update(dict.fromkeys(names, place))
    tabled = {
        kind: {n: p for n, p in names.items() if not p.endswith(":define_aliases")}
        for kind, names in MAGICS.items()
    }
    assert found == tabled


def test_every_magic_is_found_and_says_what_it_does(shell):
    docs = shell.magics_manager.lsmagic_docs(brief=True)
    assert set(docs["line"]) >= set(MAGICS["line"])
    assert set(docs["cell"]) >= set(MAGICS["cell"])
    assert [n for texts in docs.values() for n, text in texts.items() if not text] == []


def test_a_shell_loads_no_magics_until_one_is_called():
    code = (
        "import sys\n"
        "from nuncius.kernel.shell import Shell\n"
        "shell = Shell()\n"
        "shell.run_cell('x = 1 + 1; del x')\n"
        "assert shell.magics_manager.has('timeit') and 'ls' in shell.magics_manager.names()\n"
        "early = [m for m in sys.modules if m.startswith('nuncius.kernel.magics.')]\n"
        "shell.run_cell('%who')\n"
        "late = [m for m in sys.modules if m.startswith('nuncius.kernel.magics.')]\n"
        "shell.close()\n"
        "print(sorted(m.rpartition('.')[2] for m in early))\n"
        "print(sorted(m.rpartition('.')[2] for m in set(late) - set(early)))\n"
        "print('traitlets' in sys.modules, 'argparse' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "Interactive namespace is empty.",
        "['calling', 'registry', 'table']",
        "['flags', 'namespaces', 'text']",
        "False False",
    ]


def test_options_are_known_to_completion(shell):
    assert shell.magics_manager.options("reset") == [
        ("-f", "", "Do not ask."),
        ("-s", "", "Softly: remove the variables, and leave what was typed and shown."),
        (
            "--aggressive",
            "",
            "Also forget modules that cells imported, so that they are read again.",
        ),
    ]
    assert ("--out", "NAME") in [o[:2] for o in shell.magics_manager.options("bash", "cell")]
    assert shell.magics_manager.options("who") == []


def test_every_option_of_every_magic_is_completed(shell):
    for kind, mark in (("line", "%"), ("cell", "%%")):
        for name in shell.magics_manager.names(kind):
            typed = [word for word, _, _ in shell.magics_manager.options(name, kind)]
            for word in typed:
                line = f"{mark}{name} {word[:-1]}"
                assert word in shell.complete(line)[1], (line, typed)


def test_an_option_has_a_letter_and_a_word():
    flags = [Flag("a", "Append.", also="append"), Flag("n", "So many.", "N", also="number")]
    assert parse(flags, "--append --number=3 rest") == ({"a": "", "n": "3"}, "rest")
    assert parse(flags, "-a -n3 rest") == ({"a": "", "n": "3"}, "rest")
    with pytest.raises(UsageError, match="there are -a, --append, -n, --number"):
        parse(flags, "-x")


# -- magics of one's own ------------------------------------------------------------------------------


@magics_class
class Mine(Magics):
    @line_magic
    def words(self, line):
        """Words."""
        opts, rest = self.parse_options(line, "n:q", "long=", mode="list")
        return dict(opts), rest

    @line_magic
    def text(self, line):
        return self.parse_options(line, "n:", list_all=True)

    @line_cell_magic
    def both(self, line, cell=None):
        return line, cell


def test_classes_of_magics_parse_their_lines(shell):
    shell.register_magics(Mine)
    mine = shell.magics_manager.registry["Mine"]
    assert mine.words("-n 3 --long=x a 'b c'") == ({"n": "3", "long": "x"}, ["a", "b c"])
    assert mine.text("-n 1 -n 2 'a b'") == ({"n": ["1", "2"]}, "a b")
    mine.default_option("words", "-q")
    assert mine.words("a") == ({"q": ""}, ["a"])
    with pytest.raises(UsageError, match="Words"):
        mine.arg_err(mine.words)
    assert isinstance(mine.words("")[0], dict)
    given = Opts(a=1)
    given.merge({"a": 2, "b": 3}, c=4)
    assert (given.a, given) == (1, {"a": 1, "b": 3, "c": 4})


def test_ones_own_magics_come_before_ours(shell):
    @magics_class
    class TimingMagics(Magics):
        @line_magic
        def time(self, line):
            return "my own"

    shell.register_magics(TimingMagics)
    assert shell.run_cell("%time 1").result == "my own"
    assert shell.run_cell("%timeit -o -q -n1 -r1 1").result.loops == 1
    assert shell.run_cell("%time 1").result == "my own"


def test_aliases_of_magics(shell, capsys):
    shell.register_magics(Mine)
    shell.run_cell("%alias_magic b both")
    assert capsys.readouterr().out == (
        "Created `%b` as an alias for `%both`.\nCreated `%%b` as an alias for `%%both`.\n"
    )
    assert shell.run_cell("%b x").result == ("x", None)
    assert shell.run_cell("%%b x\ny").result == ("x", "y\n")
    shell.run_cell("%alias_magic --line -p '-n 1' t text")
    assert shell.run_cell("%t a").result == ({"n": ["1"]}, "a")
    shell.run_cell("%alias_magic t t")
    result = shell.run_cell("%t")
    assert "Infinite recursion detected" in str(result.error_in_exec)
    result = shell.run_cell("%alias_magic nothing none_such")
    assert str(result.error_in_exec) == "No line- or cell-magic function named `none_such`."


def test_lazy_magics_load_their_extension(shell, tmp_path, monkeypatch):
    (tmp_path / "k3_lazy.py").write_text(
        "def load_ipython_extension(ip):\n"
        "    ip.register_magic_function(lambda line: 'lazy ' + line, 'line', 'k3lazy')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    shell.magics_manager.register_lazy("k3lazy", "k3_lazy")
    assert "k3lazy" in shell.magics_manager.names()
    assert "k3_lazy" not in sys.modules
    assert shell.run_cell("%k3lazy x").result == "lazy x"
    assert "k3_lazy" in shell.extension_manager.loaded


def test_installed_packages_bring_magics_by_entry_points(shell, tmp_path, monkeypatch):
    (tmp_path / "k3_px.py").write_text(
        "def load(shell):\n    shell.register_magic_function(lambda line: 'px ' + line, 'line', 'k3px')\n"
    )
    info = tmp_path / "k3_px-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: k3_px\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nuncius.magics]\nk3px = k3_px:load\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert shell.run_cell("%k3px 1").result == "px 1"


ARGUMENTS = '''
from nuncius.kernel.magics.arguments import (
    argument, argument_group, defaults, kwds, magic_arguments, parse_argstring)
from nuncius.kernel.current import get_shell

@magic_arguments()
@argument("-n", "--number", type=int, default=1, help="Say it so many times.")
@argument_group("Who", "Whom to greet")
@argument("who", nargs="*", help="Names.")
def greet(line):
    """Greet people."""
    args = parse_argstring(greet, line)
    return args.number, args.who

@magic_arguments("renamed")
@kwds(argument_default=7)
@defaults(extra=1)
@argument("-x", type=int)
def magic_other(line):
    return vars(parse_argstring(magic_other, line))

for name in ("greet", "magic_other"):
    get_ipython().register_magic_function(globals()[name])
'''


def test_magic_arguments_parse_and_document(shell):
    shell.run_cell(ARGUMENTS).raise_error()
    assert shell.run_cell("%greet -n 2 Ann 'Bob B'").result == (2, ["Ann", "Bob B"])
    assert shell.run_cell("%magic_other").result == {"x": 7, "extra": 1}
    result = shell.run_cell("%greet -n two")
    assert str(result.error_in_exec) == "argument -n/--number: invalid int value: 'two'"
    assert isinstance(result.error_in_exec, UsageError)
    doc = shell.find_line_magic("greet").__doc__
    assert doc.startswith("::\n\n  %greet [-n NUMBER] [who ...]\n\nGreet people.\n")
    assert "Say it so many times." in doc
    assert "Whom to greet" in doc
    assert shell.magics_manager.options("greet") == [
        ("-n", "NUMBER", "Say it so many times."),
        ("--number", "NUMBER", "Say it so many times."),
    ]
    decorators = shell.find_line_magic("greet").decorators
    assert [each.args[0] for each in decorators] == ["who", "Who", "-n"]  # as JupySQL reads them
    assert shell.find_line_magic("magic_other").__doc__.startswith("::\n\n  %renamed [-x X]")


def test_a_magic_that_is_not_there_is_answered_with_the_nearest(shell, capsys):
    shell.run_cell("%timit 1")
    assert capsys.readouterr().err == (
        "UsageError: Line magic function `%timit` not found; did you mean 'timeit'?\n"
    )
    shell.run_cell("%%cpture x\n1")
    assert "did you mean 'capture'?" in capsys.readouterr().err
    shell.run_cell("%capture x")
    assert "there is a cell magic `%%capture`: did you mean that?" in capsys.readouterr().err
