"""Completion: what a person sees behind the cursor, without any of their code having run."""

from __future__ import annotations

import asyncio
import collections
import contextvars
import functools
import os
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.complete import (
    Completer,
    Completion,
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
    plain_completer,
)
from nuncius.kernel.complete.modules import ModuleIndex
from nuncius.kernel.complete.parse import analyze
from nuncius.kernel.complete.symbols import latex_symbols
from nuncius.kernel.magics.registry import MagicsManager
from nuncius.kernel.magics.table import MAGICS


@pytest.fixture
def names() -> dict[str, Any]:
    return {"__name__": "__main__"}


@pytest.fixture
def completer(names: dict[str, Any]) -> Iterator[Completer]:
    made = plain_completer(
        lambda: (names,),
        magics=MagicsManager(None, MAGICS),
        automagic=lambda: True,
        config=lambda: {"ShellOptions": ["autocall", "xmode"]},
        deadline=None,
    )
    yield made
    made.close()


@pytest.fixture
def texts(completer: Completer) -> Callable[[str], list[str]]:
    def complete(code: str) -> list[str]:
        """Complete at ``|``, or at the end."""
        at = code.find("|")
        return completer.complete(code.replace("|", ""), at if at >= 0 else None).matches

    return complete


Texts = Callable[[str], list[str]]


# -- names and attributes ------------------------------------------------------------------------


def test_variables_builtins_and_keywords(texts: Texts, names: dict[str, Any]) -> None:
    names["isotope"] = 1
    assert texts("is") == ["isotope", "isinstance", "issubclass", "is"]
    assert texts("x = [isot") == ["isotope"]
    assert texts("isot|x + 1") == ["isotope"]


def test_case_does_not_matter_when_nothing_else_fits(texts: Texts, names: dict[str, Any]) -> None:
    names["DataStore"] = 1
    assert texts("datast") == ["DataStore"]


def test_a_reply_has_one_range_types_and_signatures(
    completer: Completer, names: dict[str, Any]
) -> None:
    def plot_all(data: Any, *, color: str = "red", **rest: Any) -> None: ...

    names["plot_all"] = plot_all
    assert completer.complete("x = plot_", 9).reply() == {
        "status": "ok",
        "matches": ["plot_all"],
        "cursor_start": 4,
        "cursor_end": 9,
        "metadata": {
            "_jupyter_types_experimental": [
                {
                    "start": 4,
                    "end": 9,
                    "text": "plot_all",
                    "type": "function",
                    "signature": "(data, *, color='red', **rest)",
                }
            ]
        },
    }


def test_positions_are_characters(completer: Completer, names: dict[str, Any]) -> None:
    names["s"] = "text"
    found = completer.complete("s = '😀'; s.upp; isinst", 14)
    assert (found.start, found.end) == (11, 14)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("'a b'.split().app", ["append"]),
        ("'a b'.split()[0].capi", ["capitalize"]),
        ("(1, 2).cou", ["count"]),
        ("{'a': 1}['a'].bit_l", ["bit_length"]),
        ("f'{x}'.upp", ["upper"]),
        ("[n for n in y].app", ["append"]),
        ("(a or 'x').upp", ["upper"]),
        ("open('file').readl", ["readline", "readlines"]),
        ("str(5).isdig", ["isdigit"]),
        ("not 'x'.isdig", ["isdigit"]),
        ("print('x'.isdig", ["isdigit"]),
        ('f\'{"x".isdig', ["isdigit"]),
        ("echo it's 'x'.isdig", ["isdigit"]),
        ("('x'\n  .isdig", ["isdigit"]),
        ("1.5.is_i", ["is_integer"]),
        ("1e5.is_i", ["is_integer"]),
        ("0x1F.bit_l", ["bit_length"]),
    ],
)
def test_attributes_of_expressions_that_were_not_run(
    texts: Texts, code: str, expected: list[str]
) -> None:
    assert texts(code) == expected


@pytest.mark.parametrize(
    "code", ["1.", "1.re", "# isinst", "'isinst", "unknown.x", "unknown().x", "def f(x).", ""]
)
def test_places_where_nothing_can_be_said(texts: Texts, code: str) -> None:
    assert "isinstance" not in texts(code) or code == ""


def test_no_code_of_an_object_runs(texts: Texts, names: dict[str, Any]) -> None:  # noqa: C901
    """Not its properties, its item access, its calls, its operators, its ``__getattr__``."""
    ran: list[str] = []

    class Loud:
        attribute = "text"

        @property
        def computed(self) -> Path:
            ran.append("property")
            return Path()

        @functools.cached_property
        def cached(self) -> str:
            ran.append("cached_property")
            return ""

        def method(self) -> list[int]:
            ran.append("method")
            return []

        def again(self) -> Self:
            ran.append("again")
            return self

        async def fetch(self) -> str:
            ran.append("fetch")
            return ""

        def __getattr__(self, name: str) -> Any:
            ran.append("getattr")
            raise AttributeError(name)

        def __getitem__(self, key: Any) -> Any:
            ran.append("getitem")

        def __call__(self) -> Any:
            ran.append("call")

        def __add__(self, other: Any) -> Any:
            ran.append("add")

        def __iter__(self) -> Any:
            ran.append("iter")
            return iter(())

        def __len__(self) -> int:
            ran.append("len")
            return 0

        def __bool__(self) -> bool:
            ran.append("bool")
            return True

        def __eq__(self, other: object) -> bool:
            ran.append("eq")
            return False

        __hash__ = None  # type: ignore[assignment]

    names.update(loud=Loud(), Loud=Loud)
    assert texts("loud.att") == ["attribute"]
    assert texts("loud.attribute.upp") == ["upper"]
    assert "parent" in texts("loud.computed.par")
    assert texts("loud.cached.upp") == ["upper"]
    assert texts("loud.method().app") == ["append"]
    assert texts("loud.again().again().method().app") == ["append"]
    assert texts("(await loud.fetch()).upp") == ["upper"]
    assert texts("Loud().meth") == ["method"]
    for code in (
        "loud.nothing.",
        "loud[0].",
        "loud().",
        "(loud + 1).",
        "loud['",
        "(loud or 1).x",
        "loud(",
        "{loud: 1}.x",
    ):
        texts(code)
    assert ran == []


def test_a_metaclass_and_a_lying_class_are_not_run(texts: Texts, names: dict[str, Any]) -> None:
    ran: list[str] = []

    class Meta(type):
        @property
        def computed(cls) -> int:
            ran.append("meta")
            return 1

        def __getattr__(cls, name: str) -> Any:
            ran.append("getattr")
            raise AttributeError(name)

    class Thing(metaclass=Meta):
        value = 1

        @property
        def __class__(self) -> Any:
            ran.append("class")
            return int

        @property
        def __dict__(self) -> Any:
            ran.append("dict")
            return {}

    names.update(Thing=Thing, thing=Thing())
    assert texts("Thing.val") == ["value"]
    assert texts("Thing.comp") == ["computed"]
    assert texts("thing.val") == ["value"]
    assert ran == []


def test_private_names_appear_with_their_underscore(texts: Texts, names: dict[str, Any]) -> None:
    names["space"] = types.SimpleNamespace(_inner=1, outer=2)
    assert texts("space.") == ["outer"]
    assert texts("space._i") == ["_inner"]
    assert "__dict__" in texts("space.__d")


def test_a_dir_of_the_class_is_used_and_may_fail(texts: Texts, names: dict[str, Any]) -> None:
    class Proxy:
        def __dir__(self) -> list[Any]:
            return ["alpha", "beta", 3]

    class Broken:
        there = 1

        def __dir__(self) -> list[str]:
            raise RuntimeError

    names.update(proxy=Proxy(), broken=Broken())
    assert texts("proxy.al") == ["alpha"]
    assert texts("broken.th") == ["there"]


def test_slots_and_modules_not_imported_here(texts: Texts, names: dict[str, Any]) -> None:
    class Slotted:
        __slots__ = ("left", "right")

    names["slotted"] = Slotted()
    assert texts("slotted.") == ["left", "right"]
    assert "dumps" in texts("json.dum") or "json" not in sys.modules


def test_submodules_that_are_loaded_are_attributes(
    texts: Texts, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = names["pack"] = types.ModuleType("pack")
    for name in ("pack", "pack.inner", "pack.inner.deeper", "pack.gone", "packed.other"):
        monkeypatch.setitem(sys.modules, name, None if name == "pack.gone" else pack)
    assert texts("pack.") == ["inner"]
    # Whatever a program has put there does not end completion.
    modules: Any = sys.modules
    monkeypatch.setitem(modules, 5, pack)
    assert texts("pack.") == ["inner"]


@given(st.sets(st.from_regex(r"_{0,3}[A-Za-z_][A-Za-z]?", fullmatch=True)))
def test_names_come_in_the_order_of_the_alphabet_those_with_underscores_last(
    found: set[str],
) -> None:
    names = dict.fromkeys(found, 1)
    space = types.SimpleNamespace(**names)
    completer = plain_completer(lambda: ({"space": space},), deadline=None)
    completer.hide = 0
    matches = [m for m in completer.complete("space.").matches if m in names]
    assert matches == sorted(
        found, key=lambda n: (n.startswith("_") + n.startswith("__"), n.lower(), n)
    )


# -- calls and keys ------------------------------------------------------------------------------


def test_keyword_arguments_of_the_call_around_the_cursor(
    texts: Texts, names: dict[str, Any]
) -> None:
    def inner(alpha: int, /, beta: int, *, gamma: int) -> None: ...

    @functools.wraps(inner)
    def wrapped(*args: Any, **kwargs: Any) -> None: ...

    class Made:
        def __init__(self, delta: int = 0) -> None: ...

        def method(self, epsilon: int) -> None: ...

    names.update(inner=inner, wrapped=wrapped, Made=Made, part=functools.partial(inner, 1))
    assert texts("inner(")[:2] == ["beta=", "gamma="]
    assert texts("inner(1, ga") == ["gamma="]
    assert texts("inner(1, gamma=2, be") == ["beta="]
    assert texts("inner(1, gamma=3, ga") == []
    assert texts("wrapped(be") == ["beta="]
    assert texts("Made(del") == ["delta=", "delattr", "del"]
    assert texts("Made().method(eps") == ["epsilon="]
    assert texts("part(gam") == ["gamma="]
    names["part"] = functools.partial(Made.method, 1, 2)
    assert texts("part(eps") == []
    assert texts("inner([1, ga") == []


def test_keys_of_mappings(texts: Texts, names: dict[str, Any]) -> None:
    names["data"] = {
        "name": 1,
        "number": 2,
        b"bytes": 3,
        7: 4,
        ("x", 1): 5,
        "it's": 6,
        "new\nline": 8,
    }
    names["nested"] = {"outer": {"inner": {"leaf": 1}}}
    assert texts("data['n") == ["name", "number", "new\\nline"]
    assert texts('data["it') == ["it's"]
    assert texts("data['it") == ["it\\'s"]
    assert texts("data[b'") == ["bytes"]
    assert texts("data[")[:4] == ["'name'", "'number'", "b'bytes'", "7"]
    assert texts("nested['outer']['inner']['l") == ["leaf"]
    assert texts("nested['outer']['") == ["inner"]
    assert texts("data['n|']") == ["name", "number", "new\\nline"]
    assert texts("f\"{data['nam") == ["name"]
    names["data"] |= {420: 9, 42: 9, 1.5: 9}
    assert texts("data[4") == ["420", "42"]
    assert texts("data[1.") == ["1.5"]
    names["space"] = types.SimpleNamespace(inside=1)
    assert texts("vars(space)['") == ["inside"]
    assert texts("globals()['spa") == texts("locals()['spa") == ["space"]
    names["ordered"] = collections.OrderedDict(one=1)
    assert texts("ordered['") == ["one"]


def test_tuple_keys_are_completed_element_by_element(texts: Texts, names: dict[str, Any]) -> None:
    names["grid"] = {("north", 1): 0, ("north", 2): 0, ("south", 3): 0}
    assert texts("grid['") == ["north", "south"]
    assert texts("grid['north', ")[:2] == ["1", "2"]
    assert texts("grid['south', ")[:1] == ["3"]
    names["grid"] |= {"plain": 0, ("a", "b", "c"): 0}
    assert texts("grid['a', '") == ["b"]
    assert texts("grid[('a', 'b', '") == ["c"]


def test_keys_never_change_the_mapping(texts: Texts, names: dict[str, Any]) -> None:
    """Looking into a defaultdict makes no entry."""
    names["counts"] = collections.defaultdict(dict, {"a": {"b": 1}})
    assert texts("counts['a']['") == ["b"]
    assert texts("counts['missing']['") == []
    assert list(names["counts"]) == ["a"]


def test_key_completions_of_a_class(texts: Texts, names: dict[str, Any]) -> None:
    class Table:
        def _ipython_key_completions_(self) -> list[str]:
            return ["first", "second"]

    class Broken:
        def _ipython_key_completions_(self) -> list[str]:
            raise RuntimeError

    names.update(table=Table(), broken=Broken())
    assert texts("table['f") == ["first"]
    assert texts("broken['f") == []


# -- imports ---------------------------------------------------------------------------------------


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    (tmp_path / "spicy" / "sub").mkdir(parents=True)
    (tmp_path / "spicy" / "__init__.py").write_text(
        "raise SystemExit('imported!')\nfrom os import path as way\nCONSTANT = 1\n"
        "try:\n    import fast\nexcept ImportError:\n    slow = None\n"
        "def cook(): ...\nclass Dish: ...\n"
    )
    (tmp_path / "spicy" / "sub" / "__init__.py").write_text("")
    (tmp_path / "spicy" / "tools.py").write_text("")
    (tmp_path / "spiral.py").write_text("def turn(): ...\n")
    (tmp_path / "not-a-module.py").write_text("")
    return tmp_path


def test_imports_are_completed_without_importing(packages: Path) -> None:
    completer = plain_completer(lambda: ({},), modules=ModuleIndex([str(packages)]), deadline=None)

    def texts(code: str) -> list[str]:
        return completer.complete(code).matches

    assert texts("import spi") == ["spicy", "spiral"]
    assert texts("import os, spir") == ["spiral"]
    assert texts("import os as system, spir") == ["spiral"]
    assert texts("import spicy.") == ["sub", "tools"]
    assert texts("from spi") == ["spicy", "spiral"]
    assert texts("from spicy.to") == ["tools"]
    assert texts("from spicy imp") == ["import"]
    assert texts("from spicy import ") == [
        "CONSTANT",
        "Dish",
        "cook",
        "fast",
        "slow",
        "sub",
        "tools",
        "way",
    ]
    assert texts("from spicy import cook, Di") == ["Dish"]
    assert texts("from spicy import (cook,\n    to") == ["tools"]
    assert texts("if True:\n    from spiral import tu") == ["turn"]
    assert "spicy" not in sys.modules


def test_extensions_are_found_without_importing(tmp_path: Path) -> None:
    (tmp_path / "spun").mkdir()
    for file, text in {
        "spun/__init__.py": "from .magic import load_ipython_extension\n",
        "spun/magic.py": "raise SystemExit\ndef load_ipython_extension(ip): ...\n",
        "spun/plain.py": "",
        "spur.py": "x = 1\n",
    }.items():
        (tmp_path / file).write_text(text)
    completer = plain_completer(
        lambda: ({},),
        magics=MagicsManager(None, MAGICS),
        loaded=lambda: ["autoreload"],
        modules=ModuleIndex([str(tmp_path)]),
        deadline=None,
    )

    def texts(code: str) -> list[str]:
        return completer.complete(code).matches

    assert "storemagic" in texts("%load_ext ")
    assert texts("%load_ext a") == []
    assert texts("%load_ext spu") == ["spun"]
    assert texts("%load_ext spun.") == ["spun.magic"]
    assert texts("%reload_ext auto") == ["autoreload"]
    assert texts("%unload_ext ") == ["autoreload"]
    (tmp_path / "spur.py").write_text("def load_ipython_extension(ip): ...\n")
    os.utime(tmp_path / "spur.py", (1, 1))
    assert texts("%load_ext spur") == ["spur"]
    assert "spun" not in sys.modules


def test_a_new_module_is_seen(packages: Path) -> None:
    completer = plain_completer(lambda: ({},), modules=ModuleIndex([str(packages)]), deadline=None)
    assert completer.complete("import spin").matches == []
    (packages / "spinning.py").write_text("")
    os.utime(packages, (1, 1))  # file systems count changes coarsely
    assert completer.complete("import spin").matches == ["spinning"]


def test_relative_imports_go_from_the_package(texts: Texts, names: dict[str, Any]) -> None:
    names["__package__"] = "email.mime"
    assert texts("from . import tex") == ["text"]
    assert texts("from ..mim") == ["mime"]


# -- magics, commands, paths -------------------------------------------------------------------------


def test_magics_and_their_options(texts: Texts, names: dict[str, Any]) -> None:
    assert texts("%ti") == ["%time", "%timeit"] or texts("%ti")[:2] == ["%time", "%timeit"]
    assert texts("%%bas") == ["%%bash"]
    assert texts("x = %ti")[:2] == ["%time", "%timeit"]
    assert texts("timei") == ["%timeit"]
    assert texts("%time -") == ["--no-raise-error"]
    assert texts("%config Shell") == ["ShellOptions"]
    assert texts("%config ShellOptions.au") == ["ShellOptions.autocall"]
    names["timeit"] = 1
    assert texts("timei") == ["timeit"]


def test_python_inside_magics_is_python(texts: Texts, names: dict[str, Any]) -> None:
    names["velocity"] = "fast"
    assert texts("%timeit velo") == ["velocity"]
    assert texts("%timeit -n 10 velocity.upp") == ["upper"]
    assert texts("y = %time velo") == ["velocity"]
    assert texts("%%time\nx = velo") == ["velocity"]
    assert texts("%%bash\nvelo") == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my data").mkdir()
    (tmp_path / "my data" / "first file.csv").write_text("")
    (tmp_path / "module.py").write_text("")
    (tmp_path / "note's.txt").write_text("")
    (tmp_path / ".hidden").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_paths_in_strings(texts: Texts, folder: Path) -> None:
    assert texts("open('m") == ["module.py", "my data/"]
    assert texts("open('my data/") == ["my data/first file.csv"]
    assert texts("open('my data/fi|')") == ["my data/first file.csv"]
    assert texts("open('no") == ["note\\'s.txt"]
    assert texts('open("no') == ["note's.txt"]
    assert texts("open('~/mod") == ["~/module.py"]
    assert texts("open('.hi") == [".hidden"]
    assert texts("open(f'{x}/m") == []


def test_paths_in_commands_and_magics(texts: Texts, folder: Path) -> None:
    assert texts("!cat my") == ["my\\ data/"]
    assert texts("!cat my\\ data/fi") == ["my\\ data/first\\ file.csv"]
    assert texts("x = !cat 'my data/fi") == ["my data/first file.csv"]
    assert texts("%cd m") == ["my\\ data/"]
    assert texts("%run m") == ["module.py", "my\\ data/"]
    assert texts("%run no") == []


def test_programs_are_completed_in_commands(
    texts: Texts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "frobnicate").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert texts("!frob") == ["frobnicate"]


# -- symbols -----------------------------------------------------------------------------------------


def test_latex_and_unicode_names_in_both_directions(texts: Texts) -> None:
    assert texts("x = \\alph") == ["\\alpha"]
    assert texts("x = \\alpha") == ["\N{GREEK SMALL LETTER ALPHA}"]
    assert texts(
        "\\N{GREEK SMALL LETTER ALPHA}".replace(
            "\\N{GREEK SMALL LETTER ALPHA}", "\\\N{GREEK SMALL LETTER ALPHA}"
        )
    ) == [
        "\\alpha",
        "\\GREEK SMALL LETTER ALPHA",
    ]
    assert texts("\\bfA") == ["\N{MATHEMATICAL BOLD CAPITAL A}"]
    assert texts("\\bbR") == ["\N{DOUBLE-STRUCK CAPITAL R}"]
    assert texts("x\\^2") == ["x\N{SUPERSCRIPT TWO}"] or texts("x\\^2") == ["\N{SUPERSCRIPT TWO}"]
    assert "\\GREEK SMALL LETTER ALPHA" in texts("\\GREEK SMALL LETTER AL")
    assert texts("\\GREEK SMALL LETTER ALPHA") == ["\N{GREEK SMALL LETTER ALPHA}"]


def test_every_symbol_is_one_character() -> None:
    symbols = latex_symbols()
    assert len(symbols) > 1300
    assert {name: char for name, char in symbols.items() if len(char) != 1} == {}


# -- what extensions add -----------------------------------------------------------------------------


def test_matchers_of_both_versions(completer: Completer, texts: Texts) -> None:
    def version_one(text: str) -> list[str]:
        return [text + "_one"] if text.startswith("zz") else []

    @completion_matcher(identifier="two", priority=5, api_version=2)
    def version_two(context: CompletionContext) -> dict[str, Any]:
        return {
            "completions": [SimpleCompletion(context.token + "_two", "custom")],
            "suppress": context.token == "zzz",
        }

    completer.add(version_one)
    completer.add(version_two)
    assert texts("x = zz") == ["zz_two", "zz_one"]
    assert texts("x = zzz") == ["zzz_two"]
    completer.disabled.add("two")
    assert texts("x = zzz") == ["zzz_one"]


def test_a_matcher_may_suppress_others_by_name(completer: Completer, texts: Texts) -> None:
    @completion_matcher(identifier="only", priority=50, api_version=2)
    def only(context: CompletionContext) -> MatcherResult:
        return MatcherResult(
            [SimpleCompletion("isolated")],
            context.code.word_start,
            suppress=frozenset({"IPCompleter.python_matcher"}),
        )

    completer.add(only)
    assert texts("is") == ["isolated"]


def test_a_matcher_that_fails_is_told_and_harms_nobody(completer: Completer) -> None:
    def broken(text: str) -> list[str]:
        raise RuntimeError("no idea")

    completer.add(broken)
    found = completer.complete("isinst")
    assert found.matches == ["isinstance"]
    assert [(name.rpartition(".")[2], text) for name, text in found.errors] == [
        ("broken", "RuntimeError: no idea")
    ]


def test_ranges_of_matchers_are_brought_together(names: dict[str, Any]) -> None:
    @completion_matcher(identifier="wide", api_version=2)
    def wide(context: CompletionContext) -> MatcherResult:
        return MatcherResult([SimpleCompletion("a.bcd")], 0)

    @completion_matcher(identifier="narrow", api_version=2)
    def narrow(context: CompletionContext) -> MatcherResult:
        return MatcherResult([SimpleCompletion("bee")], 2)

    found = Completer(lambda: (names,), [wide, narrow], deadline=None).complete("a.b")
    assert (found.matches, found.start, found.end) == (["a.bcd", "a.bee"], 0, 3)


def test_of_two_with_the_same_text_the_one_with_a_type_is_given(names: dict[str, Any]) -> None:
    @completion_matcher(identifier="first", api_version=2)
    def first(context: CompletionContext) -> MatcherResult:
        return MatcherResult([SimpleCompletion("x"), SimpleCompletion("ab"), SimpleCompletion("y")])

    @completion_matcher(identifier="second", api_version=2)
    def second(context: CompletionContext) -> MatcherResult:
        return MatcherResult(
            [SimpleCompletion("ab", "function", "(c)"), SimpleCompletion("ab", "class")]
        )

    found = Completer(lambda: (names,), [first, second], deadline=None).complete("a")
    assert found.completions == (
        Completion(0, 1, "x"),
        Completion(0, 1, "ab", "function", "(c)"),
        Completion(0, 1, "y"),
    )


# -- the deadline ------------------------------------------------------------------------------------


def test_an_object_that_hangs_blocks_neither_this_question_nor_the_next(
    names: dict[str, Any],
) -> None:
    release = threading.Event()

    class Hangs:
        quick = 1

        def __dir__(self) -> list[str]:
            release.wait(60)
            return ["late"]

    names.update(hangs=Hangs(), velocity=1)
    completer = plain_completer(lambda: (names,), deadline=0.05, patience=0.0)
    try:
        found = completer.complete("hangs.")
        assert (found.matches, found.partial) == ([], True)
        assert completer.complete("veloc", deadline=30).matches == ["velocity"]
        for _ in range(20):  # more than ever hang at once: still answered, if with nothing
            completer.complete("hangs.", deadline=0.001)
    finally:
        release.set()
        completer.close()


def a_module(**names: Any) -> types.ModuleType:
    made = types.ModuleType(names.pop("__name__", "mine"))
    vars(made).update(names)
    return made


class Lists:
    def __dir__(self) -> list[str]:
        return ["listed"]


class Odd(dict):
    """Whose code runs when one looks at what it has."""

    def items(self) -> Any:
        return super().items()


class Oddly:
    def __init__(self) -> None:
        self.__dict__ = Odd(a=1)


AT_HAND = {
    "os": os,
    "plain": types.SimpleNamespace(a=1),
    "lists": Lists(),
    "lazy": a_module(__dir__=lambda: ["listed"]),
    "numpy": a_module(__name__="numpy", __dir__=lambda: ["listed"], inner=a_module(a=1)),
    "holder": a_module(lists=Lists()),
    "large": types.SimpleNamespace(**{f"a{number}": 1 for number in range(6000)}),
    "oddly": Oddly(),
}


@pytest.mark.parametrize(
    ("code", "at_once"),
    [
        ("os.", True),
        ("x = 1\nos.path.jo", True),
        ("plain.", True),
        ("numpy.", True),
        ("numpy.inner.", True),
        # Somebody else's code lists the names.
        ("lists.", False),
        ("lazy.", False),
        ("holder.lists.", False),
        ("oddly.", False),
        # To list them may take too long.
        ("large.a", False),
        # It has to be found out what stands before the dot.
        ("plain.a.", False),
        ("unknown.", False),
        ("os.nothing.", False),
        ("lists = 2\nlists.", False),
        ("os.getcwd().", False),
        # Files and much else may be meant.
        ("os", False),
        ("open('os.", False),
        ("%timeit os.", False),
        ("%%bash\nos.", False),
        ("#" * 6000 + "\nos.", False),
    ],
)
def test_no_thread_is_woken_for_what_is_at_hand(code: str, at_once: bool) -> None:
    completer = plain_completer(lambda: (AT_HAND,), deadline=60)
    before = set(threading.enumerate())
    try:
        found = completer.complete(code)
        assert bool(set(threading.enumerate()) - before) is not at_once
    finally:
        completer.close()
    alone = plain_completer(lambda: (AT_HAND,), deadline=None)
    assert (found.matches, found.partial) == (alone.complete(code).matches, False)


def test_matchers_of_others_never_run_in_the_thread_that_asks() -> None:
    ran: list[threading.Thread] = []

    def custom(text: str) -> list[str]:
        ran.append(threading.current_thread())
        return []

    completer = plain_completer(lambda: (AT_HAND,), deadline=60)
    try:
        completer.add(custom)
        assert "path" in completer.complete("os.").matches
    finally:
        completer.close()
    assert threading.current_thread() not in ran
    assert len(ran) == 1


def test_what_was_found_in_time_is_given(names: dict[str, Any]) -> None:
    release = threading.Event()

    @completion_matcher(identifier="slow", priority=-100, api_version=2)
    def slow(context: CompletionContext) -> MatcherResult:
        release.wait(60)
        return MatcherResult([SimpleCompletion("late")])

    names["velocity"] = 1
    completer = plain_completer(lambda: (names,), more=[slow], deadline=0.3, patience=60)
    try:
        found = completer.complete("veloc")
        assert (found.matches, found.partial) == (["velocity"], True)
    finally:
        release.set()
        completer.close()


def test_a_matcher_that_exits_ends_nothing(names: dict[str, Any]) -> None:
    def leave(text: str) -> list[str]:
        raise SystemExit

    names["velocity"] = 1
    completer = plain_completer(lambda: (names,), deadline=30)
    completer.add(leave)
    completer.complete("veloc")
    completer.custom.clear()
    assert completer.complete("veloc").matches == ["velocity"]
    completer.close()


def test_matchers_run_in_the_context_of_who_asks(names: dict[str, Any]) -> None:
    """What they print goes to the request that they answer."""
    asked: contextvars.ContextVar[str] = contextvars.ContextVar("asked", default="nobody")
    completer = plain_completer(lambda: (names,), more=[lambda text: [asked.get()]], deadline=60)
    for who in ("first", "second"):
        token = asked.set(who)
        assert completer.complete("zz").matches == [who]
        asked.reset(token)
    completer.close()


def test_completion_works_inside_a_running_loop(completer: Completer) -> None:
    async def ask() -> list[str]:
        return completer.complete("isinst").matches

    assert asyncio.run(ask()) == ["isinstance"]


# -- where the cursor is -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "target", "word"),
    [
        ("a.b", "a", "b"),
        ("x = a.b[0].c(d, e).f", "a.b[0].c(d, e)", "f"),
        ("f(a.b", "a", "b"),
        ("f(a)[1].b", "f(a)[1]", "b"),
        ("if a.b", "a", "b"),
        ("return a.b", "a", "b"),
        ("a if b else c.d", "c", "d"),
        ("'text'.u", "'text'", "u"),
        ("{'a': 1}.k", "{'a': 1}", "k"),
        ("(a\n .b)\nc.d", "c", "d"),
        ("a;b.c", "b", "c"),
        ("x[a.b", "a", "b"),
        ("print(a) .b", "print(a) ", "b"),
        ("not (a).b", "(a)", "b"),
    ],
)
def test_the_expression_before_the_dot(code: str, target: str, word: str) -> None:
    found = analyze(code)
    assert (found.target.strip(), found.word) == (target.strip(), word)


@given(st.text(alphabet="ab.()[]{}'\"\\#\n fr{}=%!,:1é😀\ud800", max_size=60))
def test_any_text_is_understood_somehow(code: str) -> None:
    found = analyze(code)
    assert code.endswith(found.word)
    assert 0 <= found.word_start <= len(code)


@given(st.text(alphabet="ab.()[]{}'\"\\#\n fr{}=%!~/-,:1é😀", max_size=40), st.integers(-2, 50))
def test_any_question_gets_an_answer(code: str, cursor: int) -> None:
    completer = plain_completer(
        lambda: ({"ab": {"a": 1}, "fr": "x"},), magics=MagicsManager(None, MAGICS), deadline=None
    )
    found = completer.complete(code, cursor)
    assert found.errors == ()
    assert 0 <= found.start <= found.end <= len(code)


def test_a_huge_cell_is_answered(completer: Completer) -> None:
    assert completer.complete("x = 1\n" * 200_000 + "isinst").matches == ["isinstance"]
