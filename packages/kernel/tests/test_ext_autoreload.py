"""autoreload: an edited file is in use at the next cell, for everybody who holds something of it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nuncius.kernel.shell import Shell


class Project:
    """A folder of modules that a session imports and a person edits."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self.shell = shell
        self.folder = folder
        self.clock = time.time_ns()

    def write(self, name: str, source: str) -> None:
        path = self.folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")
        # the clock of file systems is coarse: a person never edits twice within one of its ticks
        self.clock += 10_000_000
        os.utime(path, ns=(self.clock, self.clock))

    def run(self, cell: str) -> Any:
        result = self.shell.run_cell(cell, store_history=True)
        result.raise_error()
        return result.result


@pytest.fixture
def project(shell: Shell, tmp_path: Path) -> Iterator[Project]:
    before = set(sys.modules)
    sys.path.insert(0, str(tmp_path))
    project = Project(shell, tmp_path)
    project.run("%load_ext autoreload\n%autoreload 2")
    yield project
    sys.path.remove(str(tmp_path))
    for name in set(sys.modules) - before:
        if name.startswith("edited"):
            del sys.modules[name]


def test_functions_that_were_imported_by_name_have_the_new_code(project):
    project.write("edited", "def f(x=1):\n    return x\n")
    project.run("from edited import f\nfrom edited import f as g\nimport edited\ntable = {'f': f}")
    assert project.run("f(), g(), table['f']()") == (1, 1, 1)
    project.write("edited", "def f(x=2, *, y=3):\n    'Doc.'\n    return x + y\n")
    assert project.run("f(), g(), edited.f(), table['f']()") == (5, 5, 5, 5)
    assert project.run("f.__doc__, f is edited.f") == ("Doc.", True)


def test_instances_have_the_new_methods_and_stay_instances(project):
    project.write(
        "edited",
        """
        class Base:
            def who(self):
                return "base"

        class Thing(Base):
            kind = "old"

            def who(self):
                return "thing of " + super().who()

            def gone(self):
                return "still here"

            @property
            def size(self):
                return 1

            @classmethod
            def make(cls):
                return cls()

            @staticmethod
            def add(a, b):
                return a + b
        """,
    )
    project.run("from edited import Thing\nthing = Thing()\nwho = thing.who\nadd = Thing.add")
    assert project.run("who(), thing.size, add(1, 2)") == ("thing of base", 1, 3)
    project.write(
        "edited",
        """
        class Base:
            def who(self):
                return "new base"

        class Middle(Base):
            def middle(self):
                return "middle"

        class Thing(Middle):
            kind = "new"

            def who(self):
                return "new thing of " + super().who()

            def fresh(self):
                return "fresh " + super().who()

            @property
            def size(self):
                return 2

            @size.setter
            def size(self, value):
                self.set_to = value

            @classmethod
            def make(cls):
                made = cls()
                made.by = "make"
                return made

            @staticmethod
            def add(a, b):
                return a * b
        """,
    )
    assert project.run("who(), thing.size, add(3, 4), thing.kind") == (
        "new thing of new base",
        2,
        12,
        "new",
    )
    assert project.run("thing.fresh(), thing.middle()") == ("fresh new base", "middle")
    assert project.run("thing.size = 5\nthing.set_to") == 5
    assert project.run("isinstance(thing, Thing), type(Thing.make()) is Thing") == (True, True)
    assert project.run("import edited\nThing is edited.Thing, hasattr(thing, 'gone')") == (
        True,
        False,
    )


def test_members_of_enumerations_stay_themselves(project):
    project.write(
        "edited",
        """
        from enum import Enum, IntEnum

        class Color(Enum):
            RED = 1
            GREEN = 2

            def loud(self):
                return self.name + "!"

        class Level(IntEnum):
            LOW = 1
            HIGH = 2
        """,
    )
    project.run("from edited import Color, Level\nred, low = Color.RED, Level.LOW\nby = {red: 'r'}")
    project.write(
        "edited",
        """
        from enum import Enum, IntEnum

        class Color(Enum):
            RED = 10
            BLUE = 3

            def loud(self):
                return self.name + "!!"

        class Level(IntEnum):
            LOW = 1
            HIGH = 20
        """,
    )
    assert project.run("red is Color.RED, red.value, red.loud(), by[Color.RED]") == (
        True,
        10,
        "RED!!",
        "r",
    )
    assert project.run("list(Color) == [Color.RED, Color.BLUE], Color(3) is Color.BLUE") == (
        True,
        True,
    )
    assert project.run("Color(10) is red, Color['RED'] is red, isinstance(Color.BLUE, Color)") == (
        True,
        True,
        True,
    )
    assert project.run("hasattr(Color, 'GREEN'), repr(Color.BLUE)") == (False, "<Color.BLUE: 3>")
    assert project.run("low is Level.LOW, Level.HIGH + 1, isinstance(Level.HIGH, Level)") == (
        True,
        21,
        True,
    )


def test_dataclasses_take_new_fields_also_frozen_ones(project):
    project.write(
        "edited",
        """
        from dataclasses import dataclass, field

        @dataclass(frozen=True)
        class Point:
            x: int
            y: int = 0
        """,
    )
    project.run("from edited import Point\nold = Point(1)")
    project.write(
        "edited",
        """
        from dataclasses import dataclass, field

        @dataclass(frozen=True)
        class Point:
            x: int
            y: int = 0
            tags: list = field(default_factory=list)

            def norm(self):
                return self.x + self.y
        """,
    )
    assert project.run("old.norm(), Point(1, 2, ['a']) == Point(1, 2, ['a'])") == (1, True)
    assert project.run("repr(Point(3)), isinstance(old, Point)") == (
        "Point(x=3, y=0, tags=[])",
        True,
    )
    with pytest.raises(AttributeError, match="cannot assign to field 'x'"):
        project.run("Point(1).x = 2")
    with pytest.raises(AttributeError, match="cannot assign to field 'x'"):
        project.run("old.x = 2")


def test_a_class_with_other_slots_is_replaced(project):
    before = """
        from dataclasses import dataclass

        class Base:
            def name(self):
                return "base1"

        @dataclass(slots=True)
        class Point(Base):
            x: int = 1

            def twice(self):
                return self.x * 2

        class Pair(Base):
            __slots__ = ("a",)

            def __init__(self):
                self.a = 1

            def name(self):
                return "pair1" + super().name()
        """
    project.write("edited", before)
    project.run("import edited\nfrom edited import Pair, Point\nold, pair = Point(), Pair()")
    after = before.replace("1", "2").replace("x: int = 2", "x: int = 1; y: int = 5")
    project.write(
        "edited", after.replace('("a",)', '("a", "b")').replace("self.a = 2", "self.b = 2")
    )
    assert project.run("old.twice(), old.name(), repr(old)") == (2, "base2", "Point(x=1)")
    assert project.run("pair.name(), Pair().name(), Pair().b") == ("pair2base2", "pair2base2", 2)
    assert project.run("repr(Point(2, 3)), Point().y") == ("Point(x=2, y=3)", 5)
    assert project.run("Point is edited.Point, isinstance(Point(), edited.Base)") == (True, True)
    project.write("edited", before.replace("(slots=True)", ""))
    assert project.run("repr(Point(2)), Pair().a, Pair().name()") == (
        "Point(x=2)",
        1,
        "pair1base1",
    )


def test_decorated_functions_are_patched_within_their_wrappers(project):
    source = """
        import functools

        def twice(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args), function(*args)
            return wrapper

        @twice
        def f():
            return {0}

        @functools.lru_cache
        def cached():
            return {0}

        def adder(n):
            return lambda x: x + n

        add = adder({0})
        """
    project.write("edited", source.replace("{0}", "1"))
    project.run("from edited import f, cached, add")
    assert project.run("f(), cached(), add(1)") == ((1, 1), 1, 2)
    project.write("edited", source.replace("{0}", "2"))
    assert project.run("f(), cached(), add(1)") == ((2, 2), 2, 3)


def test_constants_imported_by_name_follow(project):
    project.write("edited", "LIMIT = 1\nOTHER = [1]\nsame = 1\n")
    project.run("from edited import LIMIT, OTHER as others\nmine = 1")
    project.write("edited", "LIMIT = 2\nOTHER = [2]\nsame = 1\n")
    assert project.run("LIMIT, others, mine") == (2, [2], 1)
    project.run("LIMIT = 'my own'")
    project.write("edited", "LIMIT = 3\n")
    assert project.run("LIMIT") == "my own"


def test_a_module_that_cannot_be_run_stays_as_it_was(project, frontend):
    project.write("edited", "def f():\n    return 1\nvalue = 1\n")
    project.run("import edited")
    project.write("edited", "def f():\n    return 2\nvalue = 2\n1 / 0\n")
    frontend.take()
    assert project.run("edited.f(), edited.value") == (1, 1)
    assert [each["ename"] for each in frontend.of("error")] == ["ZeroDivisionError"]
    assert project.run("edited.f()") == 1
    assert frontend.of("error") == []  # it is told once
    project.write("edited", "def f(:\n")
    assert project.run("edited.f()") == 1
    project.write("edited", "def f():\n    return 3\n")
    assert project.run("edited.f(), hasattr(edited, 'value')") == (3, False)


def test_two_edits_within_a_second_of_the_same_length_are_both_seen(project):
    project.write("edited", "def f():\n    return 1\n")
    project.run("from edited import f")
    for number in range(2, 6):
        project.write("edited", f"def f():\n    return {number}\n")
        assert project.run("f()") == number


def test_classes_across_modules_are_patched_in_the_right_order(project):
    project.write("edited/__init__", "")
    project.write("edited/base", "class Base:\n    def f(self):\n        return 1\n")
    project.write("edited/derived", "from .base import Base\nclass Derived(Base):\n    pass\n")
    project.run("from edited.derived import Derived\nimport edited\nd = Derived()")
    project.write(
        "edited/base",
        "class Base:\n    def f(self):\n        return 2\n    def g(self):\n        return 3\n",
    )
    project.write(
        "edited/derived",
        "from .base import Base\nclass Derived(Base):\n    def f(self):\n        return super().f() * 10 + self.g()\n",
    )
    project.write("edited/__init__", "version = 2\n")
    assert project.run("d.f(), edited.version, edited.base.Base.f(None)") == (23, 2, 2)


def test_modes_choose_what_is_reloaded(project, capsys, caplog):
    for name in ("edited_a", "edited_b"):
        project.write(name, "value = 1\n")
    project.run("%autoreload 1\n%aimport edited_a as short, os.path as p\nimport edited_b")
    assert project.run("'edited_a' in globals(), 'os' in globals(), p.sep") == (False, False, "/")
    project.run("%aimport edited_a")
    assert project.run("short is edited_a")
    for name in ("edited_a", "edited_b"):
        project.write(name, "value = 20\n")
    assert project.run("edited_a.value, edited_b.value") == (20, 1)
    project.run("%autoreload")
    assert project.run("edited_a.value, edited_b.value") == (20, 20)
    project.run("%autoreload 2 -p --log\n%aimport -edited_b, -posixpath")
    caplog.set_level("INFO", logger="autoreload")
    for name in ("edited_a", "edited_b"):
        project.write(name, "value = 300\n")
    capsys.readouterr()
    assert project.run("edited_a.value, edited_b.value") == (300, 20)
    assert "Reloading 'edited_a'.\n" in capsys.readouterr().out
    assert caplog.messages == ["Reloading 'edited_a'."]
    project.run("%autoreload off")
    project.write("edited_a", "value = 4\n")
    assert project.run("edited_a.value") == 300
    project.run("%aimport")
    assert capsys.readouterr().out.endswith(
        "Modules to reload:\nedited_a os.path\n\nModules to skip:\nedited_b posixpath\n"
    )


def test_complete_mode_brings_new_names_of_star_imports(project):
    project.write("edited", "a = 1\n")
    project.run("%autoreload 3\nfrom edited import *")
    project.write("edited", "a = 2\nb = 3\n_c = 4\n")
    assert project.run("a, b, '_c' in globals()") == (2, 3, False)


def test_unloading_ends_it(project):
    project.write("edited", "a = 1\n")
    project.run("import edited\n%unload_ext autoreload")
    project.write("edited", "a = 22\n")
    assert project.run("edited.a") == 1
    assert project.shell.find_line_magic("autoreload") is None
    project.run("%load_ext autoreload")
    assert project.shell.find_line_magic("autoreload") is not None
