"""Inspection: what ``name?`` and ``name??`` tell, without running the object's code."""

from __future__ import annotations

import argparse
import functools
import inspect
import linecache
import logging
import re
import threading
import types
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.inspect import HookData, Inspector, ObjectFinder, expression_at
from nuncius.kernel.inspect.patient import PatientRepr
from nuncius.kernel.inspect.source import signature_of
from nuncius.kernel.themes import NO_COLOR, THEMES

SOURCE = dedent('''\
    import functools

    def area(width: float, height: float = 1.0, *, unit: str = "m") -> float:
        """Return the area."""
        return width * height

    def logged(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs)
        return inner

    @logged
    def wrapped(alpha, beta=2):
        """Wrapped."""
        return alpha

    class Shape:
        """A shape."""

        def __init__(self, sides: int = 3):
            """Make one."""
            self.sides = sides

        def __call__(self, scale):
            """Scale it."""

        @property
        def corners(self):
            """As many as sides."""
            raise RuntimeError("a property was run")

        @classmethod
        def regular(cls, n):
            """A regular one."""

    class Square(Shape):
        pass

    shape = Shape()
    ''')


def magic(line: str) -> None:
    """Do magic."""


@pytest.fixture
def names() -> dict[str, Any]:
    filename = "<cell-of-test-inspect>"
    linecache.cache[filename] = (len(SOURCE), None, SOURCE.splitlines(True), filename)
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(SOURCE, filename, "exec", dont_inherit=True), space)
    return space


@pytest.fixture
def inspector(names: dict[str, Any]) -> Inspector:
    finder = ObjectFinder(
        lambda: {"Interactive": names},
        lambda name, kind: magic if (name, kind) == ("tidy", "line") else None,
        lambda name: "ls -l" if name == "ll" else None,
    )
    return Inspector(finder, lambda: NO_COLOR)


@pytest.fixture
def tell(inspector: Inspector) -> Callable[..., str]:
    def tell(name: str, detail: int = 0, omit: tuple[str, ...] = ()) -> str:
        bundle = inspector.bundle(name, detail, omit)
        assert bundle is not None
        return str(bundle["text/plain"])

    return tell


Tell = Callable[..., str]


def test_a_function(tell: Tell) -> None:
    assert tell("area") == dedent("""\
        Signature:       area(width: float, height: float = 1.0, *, unit: str = 'm') -> float
        Docstring:       Return the area.
        File:            <cell-of-test-inspect>
        Type:            function""")


def test_the_source_comes_at_the_second_level(tell: Tell) -> None:
    assert tell("area", 1) == dedent('''\
        Signature:       area(width: float, height: float = 1.0, *, unit: str = 'm') -> float
        Docstring:       Return the area.
        Source:
        def area(width: float, height: float = 1.0, *, unit: str = "m") -> float:
            """Return the area."""
            return width * height
        File:            <cell-of-test-inspect>
        Type:            function''')


def test_a_decorated_function_is_the_one_that_was_written(tell: Tell) -> None:
    shown = tell("wrapped", 1)
    assert "wrapped(alpha, beta=2)" in shown
    assert "return alpha" in shown


def test_a_class_and_its_children(tell: Tell) -> None:
    assert tell("Shape") == dedent("""\
        Init signature:  Shape(sides: int = 3)
        Docstring:       A shape.
        Init docstring:  Make one.
        File:            <cell-of-test-inspect>
        Type:            type
        Subclasses:      Square""")


def test_the_source_of_a_class_that_was_made_in_a_cell(tell: Tell) -> None:
    assert "\nSource:\nclass Square(Shape):\n    pass\n" in tell("Square", 1)
    assert '"""As many as sides."""' in tell("Shape", 1)
    assert '"""As many as sides."""' in tell("shape", 1)


def test_a_value_that_can_be_called(tell: Tell, names: dict[str, Any]) -> None:
    shown = re.sub("0x[0-9a-f]+", "0x1", tell("shape"))
    assert shown == dedent("""\
        Signature:       shape(scale)
        Type:            Shape
        String form:     <__main__.Shape object at 0x1>
        File:            <cell-of-test-inspect>
        Docstring:       A shape.
        Call docstring:  Scale it.""")


def test_a_property_is_described_and_not_run(tell: Tell) -> None:
    assert "Docstring:       As many as sides." in tell("shape.corners")
    assert "raise RuntimeError" in tell("shape.corners", 1)


def test_methods_items_and_builtins(tell: Tell, names: dict[str, Any]) -> None:
    names["table"] = {"x": [area_like, 2]}
    assert "regular(n)" in tell("Shape.regular")
    assert "Shape.regular(n)" in tell("Shape.regular")
    assert "len(obj, /)" in tell("len")
    assert "dict.fromkeys(iterable, value=None, /)" in tell("dict.fromkeys")
    assert "Signature:       Shape(1).__call__(scale)" in tell("Shape(1).__call__")
    assert "String form:     2" in tell("table['x'][1]")
    assert "Namespace:       Builtin" in tell("__debug__")
    assert "Length:          3" in tell("'abc'")


def area_like(x: int) -> int:
    return x


def test_a_magic_and_an_alias(tell: Tell) -> None:
    assert tell("%tidy").startswith("Docstring:       Do magic.\nFile:")
    assert tell("tidy").startswith("Docstring:       Do magic.")
    assert tell("ll") == "Repr:            'ls -l'"


def test_what_does_not_exist(inspector: Inspector) -> None:
    assert inspector.bundle("nothing") is None
    assert inspector.bundle("shape.nothing") is None
    assert inspector.reply("nothing", 3) == {
        "status": "ok",
        "found": False,
        "data": {},
        "metadata": {},
    }
    assert inspector.reply("", 0)["found"] is False


def test_sections_can_be_left_out(tell: Tell) -> None:
    assert tell("area", 0, ("Docstring", "file", "type_name")) == (
        "Signature:       area(width: float, height: float = 1.0, *, unit: str = 'm') -> float"
    )


def test_hostile_objects_are_told_as_far_as_possible(tell: Tell, names: dict[str, Any]) -> None:
    ran: list[str] = []

    class Hostile:
        def __getattr__(self, name: str) -> Any:
            ran.append(name)
            return self

        def __repr__(self) -> str:
            raise RuntimeError

        def __len__(self) -> int:
            ran.append("len")
            return 3

        @property
        def __doc__(self) -> Any:  # type: ignore[override]
            raise RuntimeError

    names["hostile"] = Hostile()
    assert tell("hostile", 1).startswith(
        "Type:            Hostile\nString form:     <unprintable Hostile object: RuntimeError in __repr__>"
    )
    assert "len" not in ran


def test_long_signatures_have_a_line_for_each_parameter(tell: Tell, names: dict[str, Any]) -> None:
    def long(first_parameter, /, second_parameter=(), *, third_parameter="text", fourth=None): ...  # type: ignore[no-untyped-def]

    names["long"] = long
    assert tell("long", omit=("docstring", "file", "type")) == dedent("""\
        Signature:
        long(
            first_parameter,
            /,
            second_parameter=(),
            *,
            third_parameter='text',
            fourth=None,
        )""")


def test_signatures_are_those_of_inspect() -> None:
    """Of most functions they are put together without it."""
    modules = [argparse, functools, inspect, logging, re, threading]
    owners = [
        *modules,
        *(v for module in modules for v in vars(module).values() if isinstance(v, type)),
    ]
    functions = [
        value
        for owner in owners
        for value in vars(owner).values()
        # Annotations that are texts are written without quotes, unlike by inspect.
        if isinstance(value, types.FunctionType) and not value.__annotations__
    ]
    signatures = {f: f"f{inspect.signature(f)}" for f in functions}
    short = {f: text for f, text in signatures.items() if len(text) <= 75}
    assert len(short) > 500
    assert {f: signature_of(f, "f") for f in short} == short


def test_huge_values_are_cut(tell: Tell, names: dict[str, Any]) -> None:
    names["huge"] = list(range(10**6))
    assert len(tell("huge")) < 1000
    assert "Length:          1000000" in tell("huge")


def test_html_and_colors(inspector: Inspector, names: dict[str, Any]) -> None:
    bundle = inspector.bundle("area", 1)
    assert bundle is not None
    assert bundle["text/html"].startswith(
        '<h4>Signature</h4>\n<pre class="nuncius-code">area(width'
    )
    assert "&quot;" not in bundle["text/html"]
    colored = Inspector(ObjectFinder(lambda: {"Interactive": names}), lambda: THEMES["linux"])
    painted = colored.bundle("area", 1)
    assert painted is not None
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted["text/plain"]) == bundle["text/plain"]
    assert "\x1b[91mSignature:\x1b[0m" in painted["text/plain"]


def test_hooks_add_mime_types_and_docs_can_be_formatted(inspector: Inspector) -> None:
    def hook(data: HookData) -> Any:
        return {"name": data.info_dict["name"], "level": data.detail_level}

    def broken(data: HookData) -> Any:
        raise RuntimeError

    inspector.mime_hooks.update({"application/x-info": hook, "application/x-broken": broken})
    inspector.doc_formatter = lambda doc: {"text/plain": doc.upper(), "text/html": f"<b>{doc}</b>"}
    bundle = inspector.bundle("area")
    assert bundle is not None
    assert bundle["application/x-info"] == {"name": "area", "level": 0}
    assert "application/x-broken" not in bundle
    assert "RETURN THE AREA." in bundle["text/plain"]
    assert "<b>Return the area.</b>" in bundle["text/html"]


def test_fields_for_programs(inspector: Inspector) -> None:
    info = inspector.info("Shape")
    assert info is not None
    fields = info.as_dict()
    assert (fields["found"], fields["isclass"], fields["init_definition"]) == (
        True,
        True,
        "Shape(sides: int = 3)",
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ar|ea", "area"),
        ("area|", "area"),
        ("print(ar|ea(1))", "area"),
        ("area(1, |", "area"),
        ("area(1, |)", "area"),
        ("area(f(1), |", "area"),
        ("area('a)', |", "area"),
        ("a.b|.c", "a.b"),
        ("a.b.c|", "a.b.c"),
        ("a|.b.c", "a"),
        ("d['k'].x|", "d['k'].x"),
        ("Shape(1).cor|ners", "Shape(1).corners"),
        ("'a b'.spl|it()", "'a b'.split"),
        ("x = area(1, area(2))|", "area"),
        ("area;|", "area"),
        ("%ti|dy", "%tidy"),
        ("x = [1, |2]", ""),
        ("def f(|", ""),
        ("'some te|xt'", ""),
        ("|", ""),
    ],
)
def test_the_expression_at_the_cursor(code: str, expected: str) -> None:
    at = code.index("|")
    found = expression_at(code.replace("|", ""), at)
    assert found == expected or (expected == "" and not found.isidentifier()) or "some te" in code


@given(st.text(alphabet="ab.()[]'\"%\n ,=:#é😀", max_size=50), st.integers(0, 60))
def test_any_text_has_some_answer(code: str, cursor: int) -> None:
    inspector = Inspector(
        ObjectFinder(lambda: {"Interactive": {"a": "text", "b": [1]}}), lambda: NO_COLOR
    )
    assert inspector.reply(code, min(cursor, len(code)))["status"] == "ok"


def test_partials_and_functions_without_documentation(tell: Tell, names: dict[str, Any]) -> None:
    names["part"] = functools.partial(area_like, 1)
    names["bare"] = area_like
    assert "Signature:       part() -> int" in tell("part")
    assert "Docstring:       <no docstring>" in tell("bare")


def test_a_value_whose_text_takes_long_is_not_waited_for() -> None:
    """The text is made in a thread that ends when the text is there; the next question has another one."""
    release = threading.Event()

    class Slow:
        def __repr__(self) -> str:
            release.wait(60)
            return "slow"

    class Exits:
        def __repr__(self) -> str:
            raise SystemExit

    show = PatientRepr(0.05)
    try:
        assert show(Slow(), 100) == "<not shown: its text takes more than 0.05 s>"
        assert show([1, Slow()], 100).startswith("<not shown")
    finally:
        release.set()
    show.close()
    show = PatientRepr(60)
    assert show([1, Slow()], 100) == "[1, slow]"
    assert show(Exits(), 100) == "<unprintable Exits object: SystemExit in __repr__>"
    show.close()
