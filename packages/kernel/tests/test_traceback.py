"""Tracebacks: what a person reads when a cell has failed."""

from __future__ import annotations

import gc
import linecache
import re
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuncius.kernel.options import ShellOptions
from nuncius.kernel.shell import Shell
from nuncius.kernel.themes import THEMES, highlight, theme_named
from nuncius.kernel.traceback import MODES, CaptureOptions, Omitted, Tracebacks
from nuncius.kernel.traceback.capture import capture
from nuncius.kernel.traceback.render import render


class Cells:
    """Run sources as cells do: known to linecache, labeled by their number."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.count = 0

    def fail(self, source: str) -> BaseException:
        """Run a cell that raises, and return what it raised."""
        self.count += 1
        filename = f"<cell-{id(self)}-{self.count}>"
        source = dedent(source).lstrip("\n")
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        try:
            exec(compile(source, filename, "exec"), self.names)
        except BaseException as error:  # noqa: BLE001 - whatever the cell raises
            return error
        raise AssertionError("the cell did not fail")

    def label(self, filename: str) -> str:
        match = re.fullmatch(rf"<cell-{id(self)}-(\d+)>", filename)
        return f"Cell In[{match.group(1)}]" if match else ""


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> Cells:
    monkeypatch.setenv("COLUMNS", "120")  # wherever the tests run
    return Cells()


def formatter(cells: Cells, mode: str = "Context", **options: Any) -> Tracebacks:
    def internal(frame: Any) -> bool:
        return str(frame.f_code.co_filename) == __file__

    return Tracebacks(
        mode, "nocolor", CaptureOptions(label=cells.label, internal=internal, **options)
    )


def text(cells: Cells, source: str, mode: str = "Context", **options: Any) -> str:
    return "\n".join(formatter(cells, mode, **options).format(cells.fail(source)))


def test_a_failed_cell_shows_its_line_and_the_expression_that_failed(cells: Cells) -> None:
    assert text(cells, "total = 1\ntotal + 1/0\n") == dedent("""\
        ---------------------------------------------------------------------------
        ZeroDivisionError                         Traceback (most recent call last)
        Cell In[1], line 2
              1 total = 1
        ----> 2 total + 1/0
                        ^^^

        ZeroDivisionError: division by zero""")


def test_a_function_is_shown_with_the_names_of_its_arguments(cells: Cells) -> None:
    source = """
        def divide(x, *more, by=0, **options):
            return x / by
        divide(1)
    """
    assert text(cells, source).split("\n\n")[1] == dedent("""\
        Cell In[1], line 2, in divide(x, *more, by, **options)
              1 def divide(x, *more, by=0, **options):
        ----> 2     return x / by
                           ^^^^^^""")
    assert "in divide(x=1, *more=(), by=0, **options={})\n" in text(cells, source, "Verbose")


def test_each_mode_has_its_own_shape(cells: Cells) -> None:
    source = "def half(number):\n    return number / zero\nzero = 0\nhalf(21)\n"
    assert text(cells, source, "Plain") == dedent("""\
        Traceback (most recent call last):
          Cell In[1], line 4, in <module>
            half(21)
          Cell In[1], line 2, in half
            return number / zero
                   ^^^^^^^^^^^^^
        ZeroDivisionError: division by zero""")
    assert text(cells, source, "Minimal") == "ZeroDivisionError: division by zero"
    assert text(cells, source, "Doctest") == (
        "Traceback (most recent call last):\n  ...\nZeroDivisionError: division by zero"
    )
    assert text(cells, source, "Verbose").endswith(
        dedent("""\
        Cell In[4], line 2, in half(number=21)
              1 def half(number):
        ----> 2     return number / zero
                           ^^^^^^^^^^^^^
                global zero = 0

        ZeroDivisionError: division by zero""")
    )
    assert text(cells, source, "Docs").endswith(
        "ZeroDivisionError: division by zero\n\n"
        "    Second argument to a division or modulo operation was zero."
    )


def test_the_mode_can_be_set_by_any_case_and_goes_around(cells: Cells) -> None:
    tracebacks = formatter(cells)
    assert [tracebacks.set_mode() for _ in MODES] == [
        "Verbose",
        "Docs",
        "Minimal",
        "Doctest",
        "Plain",
        "Context",
    ]
    assert tracebacks.set_mode("verbose") == "Verbose"
    with pytest.raises(ValueError, match="expected one of Plain, Context, Verbose"):
        tracebacks.set_mode("Loud")


def test_chained_exceptions_tell_how_one_led_to_the_other(cells: Cells) -> None:
    shown = text(
        cells,
        """
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("no such thing") from error
        """,
        "Plain",
    )
    first, second = shown.split(
        "\n\nThe above exception was the direct cause of the following exception:\n\n"
    )
    assert first.endswith("KeyError: 'key'")
    assert second.endswith("ValueError: no such thing")
    other = text(cells, "try:\n    1/0\nexcept ArithmeticError:\n    missing_name\n", "Plain")
    assert "During handling of the above exception, another exception occurred:" in other
    hidden = text(
        cells, "try:\n    1/0\nexcept ArithmeticError:\n    raise OSError('x') from None\n"
    )
    assert "ZeroDivisionError" not in hidden


def test_a_cycle_of_causes_ends(cells: Cells) -> None:
    shown = text(
        cells,
        "a, b = ValueError('a'), ValueError('b')\na.__cause__ = b\nb.__cause__ = a\nraise a\n",
    )
    assert shown.count("ValueError: ") == 2


def test_exception_groups_show_each_of_their_exceptions(cells: Cells) -> None:
    shown = text(
        cells,
        """
        def made(kind):
            try:
                raise kind("inside")
            except Exception as error:
                return error
        raise ExceptionGroup("several", [made(OSError), made(TypeError)])
        """,
        "Plain",
    )
    assert shown == dedent("""\
        Traceback (most recent call last):
          Cell In[1], line 6, in <module>
            raise ExceptionGroup("several", [made(OSError), made(TypeError)])
        ExceptionGroup: several (2 sub-exceptions)
          +----------------- 1 of 2 ----------------
          | Traceback (most recent call last):
          |   Cell In[1], line 3, in made
          |     raise kind("inside")
          | OSError: inside
          +----------------- 2 of 2 ----------------
          | Traceback (most recent call last):
          |   Cell In[1], line 3, in made
          |     raise kind("inside")
          | TypeError: inside""")


def test_what_the_kernel_refuses_is_shown_at_the_persons_line(shell: Any, frontend: Any) -> None:
    shell.run_cell("from nuncius.kernel.display import Image\nImage()")
    (error,) = frontend.of("error")
    assert re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error["traceback"])).splitlines()[1:] == [
        "ValueError                                Traceback (most recent call last)",
        "Cell In[1], line 2",
        "      1 from nuncius.kernel.display import Image",
        "----> 2 Image()",
        "",
        "ValueError: no picture: give its data, a filename or a url",
    ]


def test_a_wrong_name_of_colors_or_mode_hides_no_error(shell: Any, frontend: Any) -> None:
    """In the configuration, and while the shell runs."""
    configured = Shell(ShellOptions(colors="chartreuse", xmode="Chatty"))
    configured.run_cell("1/0")
    configured.run_cell("len?")
    configured.close()
    (error,) = frontend.of("error")
    assert error["ename"] == "ZeroDivisionError"
    assert "----> 1" in re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error["traceback"]))
    for name, value in (("colors", "chartreuse"), ("xmode", "Chatty")):
        before = getattr(shell.options, name)
        with pytest.raises(ValueError, match="expected "):
            shell.set_option(name, value)
        assert getattr(shell.options, name) == before


def test_an_iterator_that_is_over_says_so(shell: Any, frontend: Any) -> None:
    assert isinstance(shell.run_cell("next(iter([]))").error_in_exec, StopIteration)
    (error,) = frontend.of("error")
    assert error["ename"] == "StopIteration"


def test_a_wide_and_a_deep_group_are_cut(cells: Cells) -> None:
    wide = text(cells, "raise ExceptionGroup('wide', [OSError(i) for i in range(500)])\n")
    assert "15 of 500" in wide
    assert "and 485 more exceptions" in wide
    deep = text(
        cells, "e = OSError()\nfor _ in range(100):\n    e = ExceptionGroup('deep', [e])\nraise e\n"
    )
    assert "and 1 more exception" in deep


def test_notes_follow_the_message(cells: Cells) -> None:
    shown = text(cells, "e = ValueError('wrong')\ne.add_note('try this')\nraise e\n")
    assert shown.endswith("ValueError: wrong\ntry this")


def test_a_syntax_error_shows_the_place_and_no_frames_of_ours(cells: Cells) -> None:
    error = cells.fail("compile('a = 1\\nb c\\n', 'made.py', 'exec')\n")
    blocks = formatter(cells).format_only(error)
    assert blocks == ["  File made.py:2\n    b c\n      ^\nSyntaxError: invalid syntax"]


def test_a_syntax_error_without_any_place_is_shown(cells: Cells) -> None:
    assert formatter(cells).format_only(SyntaxError("odd")) == [
        "  File <unknown>\nSyntaxError: odd"
    ]


def test_recursion_is_folded(cells: Cells) -> None:
    shown = text(cells, "def down(n):\n    return down(n + 1)\ndown(0)\n", "Plain")
    assert re.fullmatch(
        dedent(r"""
        Traceback \(most recent call last\):
          Cell In\[1\], line 3, in <module>
            down\(0\)
          Cell In\[1\], line 2, in down
            return down\(n \+ 1\)
                   \^+
            \[\.\.\. the previous frame is repeated \d+ times more\]
        RecursionError: maximum recursion depth exceeded.*""").lstrip("\n"),
        shown,
        re.DOTALL,
    )


def test_mutual_recursion_is_folded_by_its_period(cells: Cells) -> None:
    error = cells.fail("def a():\n    b()\ndef b():\n    a()\na()\n")
    record = capture(error, options=CaptureOptions())
    folded = [item for item in record.frames if isinstance(item, Omitted)]
    assert [(item.reason, item.period) for item in folded] == [("repeated", 2)]


def test_a_long_stack_without_repetition_loses_its_middle(cells: Cells) -> None:
    source = (
        "".join(f"def f{i}():\n    f{i + 1}()\n" for i in range(300))
        + "def f300():\n    1/0\nf0()\n"
    )
    record = capture(cells.fail(source), options=CaptureOptions(max_frames=30))
    assert [item for item in record.frames if isinstance(item, Omitted)] == [Omitted(273, "long")]
    assert len(record.frames) == 31


def test_frames_that_ask_for_it_are_hidden_but_never_the_place_of_the_error(cells: Cells) -> None:
    source = """
        def check(value):
            __tracebackhide__ = True
            return inner(value)
        def inner(value):
            __tracebackhide__ = True
            raise ValueError(value)
        check(1)
        """
    assert text(cells, source, "Plain") == dedent("""\
        Traceback (most recent call last):
          Cell In[1], line 7, in <module>
            check(1)
            [... 1 hidden frame]
          Cell In[1], line 6, in inner
            raise ValueError(value)
        ValueError: 1""")


def test_an_exception_may_render_itself(cells: Cells) -> None:
    source = """
        class Polite(Exception):
            def _render_traceback_(self):
                return ["Please", "try again"]
        raise Polite
        """
    assert text(cells, source) == "Please\ntry again"
    broken = source.replace('return ["Please", "try again"]', "raise OSError")
    assert text(cells, broken).endswith("\n\nPolite")


def test_values_whose_repr_is_broken_or_huge_do_no_harm(cells: Cells) -> None:
    source = """
        class Broken:
            def __repr__(self): raise RuntimeError
        class Fails(Exception):
            def __str__(self): raise RuntimeError
        def work(broken, numbers, word):
            raise Fails(broken, numbers, word)
        work(Broken(), list(range(10**6)), "x" * 10**7)
        """
    shown = text(cells, source, "Verbose")
    assert "broken=<unprintable Broken object: RuntimeError in __repr__>" in shown
    assert "numbers=[0, 1, 2, " in shown
    assert shown.endswith("Fails: <unprintable Fails object: RuntimeError in __str__>")
    assert len(shown) < 20_000


@pytest.mark.parametrize("raised", ["SystemExit", "GeneratorExit", "RecursionError"])
def test_what_a_repr_raises_never_gets_out(cells: Cells, raised: str) -> None:
    source = f"""
        class Broken:
            def __repr__(self): raise {raised}
        class Fails(Exception):
            def __str__(self): raise {raised}
        def work(broken): raise Fails
        work(Broken())
        """
    shown = text(cells, source, "Verbose")
    assert f"broken=<unprintable Broken object: {raised} in __repr__>" in shown
    assert shown.endswith(f"Fails: <unprintable Fails object: {raised} in __str__>")


def test_who_interrupts_a_slow_traceback_sees_a_shorter_one(cells: Cells) -> None:
    source = """
        class Slow:
            def __repr__(self): raise KeyboardInterrupt
        def work(slow): return slow + 1
        work(Slow())
        """
    shown = text(cells, source, "Verbose")
    assert "return slow + 1" in shown
    assert "unsupported operand type(s) for +: 'Slow' and 'int'" in shown
    assert shown.endswith(
        "[the rest of the traceback was interrupted: a value takes long to be shown]"
    )
    assert __file__ not in shown


def test_a_narrow_terminal_has_a_narrow_head(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = text(cells, "1/0").splitlines()
    assert lines[0] == "-" * 60
    assert lines[1] == "ZeroDivisionError          Traceback (most recent call last)"
    monkeypatch.setenv("COLUMNS", "38")
    lines = text(cells, "1/0").splitlines()
    assert lines[:3] == ["-" * 38, "ZeroDivisionError", "Traceback (most recent call last)"]
    monkeypatch.setenv("COLUMNS", "200")
    assert text(cells, "1/0").splitlines()[0] == "-" * 75


def test_a_deep_stack_with_giant_values_is_fast(cells: Cells) -> None:
    """A hundred frames that hold ten million numbers and a long text each: processor time, since the machine may be busy."""
    source = """
        def deep(n, giant, word):
            return 1 / n if n == 0 else deep(n - 1, giant, word) + n % 2
        deep(100, giant, word)
        """
    cells.names |= {"giant": list(range(10**6)) * 10, "word": "x" * 10**7}
    error = cells.fail(source)
    for mode, seconds in (("Context", 0.5), ("Verbose", 2.0)):
        before = time.process_time()
        blocks = formatter(cells, mode).format(error)
        assert time.process_time() - before < seconds
        assert len("".join(blocks)) < 500_000


def test_a_budget_of_time_ends_the_reading_of_values(cells: Cells) -> None:
    """An object whose repr takes long is read once; after that values are not shown, but all frames are."""
    source = """
        class Slow:
            def __repr__(self): ticks.append(1); return "slow"
        def first(a): second(Slow())
        def second(b): 1/0
        first(Slow())
        """
    ticks: list[int] = []
    cells.names["ticks"] = ticks
    error = cells.fail(source)
    record = capture(
        error,
        options=CaptureOptions(variables=True, budget=0.5),
        clock=lambda: float(len(ticks)),
    )
    assert len(ticks) == 1
    assert [f.function for f in record.frames if not isinstance(f, Omitted)][-2:] == [
        "first",
        "second",
    ]


def test_the_record_holds_nothing_of_the_failed_cell(cells: Cells) -> None:
    """``%tb`` shows the last error again, while the memory of its variables is free."""
    source = """
        class Big: pass
        def work():
            big = Big()
            seen(big)
            1/0
        work()
        """
    alive: list[weakref.ref[Any]] = []

    def seen(big: Any) -> None:
        alive.append(weakref.ref(big))

    cells.names["seen"] = seen
    tracebacks = formatter(cells, "Verbose")
    error: BaseException | None = cells.fail(source)
    assert error is not None
    blocks = tracebacks.format(error)
    error = None
    gc.collect()
    assert alive[0]() is None
    assert tracebacks.again() == blocks
    assert tracebacks.again("Minimal") == ["ZeroDivisionError: division by zero"]


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("length = 1\nlenght\n", "Did you mean: 'length'?"),
        ("[].appendd\n", "Did you mean: 'append'?"),
        ("decimal.Decimal\n", "Did you forget to import 'decimal'?"),
        ("zzzzqq\n", ""),
    ],
)
def test_a_mistyped_name_gets_a_hint(cells: Cells, source: str, hint: str) -> None:
    assert capture(cells.fail(source)).hint == hint


def test_columns_are_characters_and_not_bytes(cells: Cells) -> None:
    shown = text(cells, "größe = 'äöü' + 1\n")
    assert "----> 1 größe = 'äöü' + 1\n                ^^^^^^^^^" in shown


def test_coroutines_are_named_as_such(cells: Cells) -> None:
    source = """
        import asyncio
        async def fetch():
            await asyncio.sleep(0)
            raise OSError("gone")
        with asyncio.Runner() as runner:
            runner.run(fetch())
        """
    assert "in async fetch()" in text(cells, source)


def test_the_context_stays_in_the_function(cells: Cells) -> None:
    source = "before = 1\ndef work():\n    1/0\nafter = 2\nwork()\n"
    assert "before" not in text(cells, source).split("in work()")[1]
    assert "after" not in text(cells, source).split("in work()")[1]


def test_a_very_long_file_is_fast(tmp_path: Path, cells: Cells) -> None:
    """A generated module of 200,000 lines: the traceback takes a fraction of a second."""
    path = tmp_path / "generated.py"
    path.write_text("x = 1\n" * 200_000 + "1/0\n", encoding="utf-8")
    # compiling all of it would be the slow part
    code = compile("\n" * 200_000 + "1/0\n", str(path), "exec")
    try:
        exec(code, {})
    except ZeroDivisionError as error:
        started = time.process_time()
        blocks = formatter(cells).format(error)
        assert time.process_time() - started < 2
    assert "-> 200001 1/0" in "\n".join(blocks)


def test_an_exception_that_breaks_everything_is_still_shown(cells: Cells) -> None:
    class Hostile(Exception):
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

    blocks = formatter(cells).format(Hostile())
    assert "Hostile" in "\n".join(blocks)


def test_the_names_that_extensions_call(cells: Cells) -> None:
    error = cells.fail("1/0\n")
    tracebacks = formatter(cells, "Plain")
    blocks = tracebacks.structured_traceback(type(error), error, error.__traceback__)
    assert tracebacks.stb2text(blocks) == tracebacks.text(type(error), error, error.__traceback__)
    assert tracebacks.get_exception_only(type(error), error) == [
        "ZeroDivisionError: division by zero"
    ]


def test_colors_are_only_paint(cells: Cells) -> None:
    error = cells.fail("value = 'text' # remark\nvalue + 1\n")
    plain = render(capture(error), "Verbose")
    for theme in (*THEMES.values(), theme_named("monokai")):
        painted = render(capture(error), "Verbose", theme)
        assert re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(painted)) == "\n".join(plain)


def test_an_unknown_theme_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="expected one of lightbg, linux, neutral, nocolor"):
        theme_named("no such theme")


@given(st.text())
def test_highlighting_keeps_any_text(code: str) -> None:
    painted = highlight(code, THEMES["linux"])
    assert re.sub(r"\x1b\[(?:0|[0-9;]+)m", "", painted) == re.sub(r"\x1b\[(?:0|[0-9;]+)m", "", code)


_RAISES: list[Callable[[], Any]] = [
    lambda: 1 / 0,
    lambda: {}["x"],
    lambda: int("x"),
    lambda: compile("a b", "<x>", "exec"),
]


@settings(max_examples=30)
@given(st.sampled_from(_RAISES), st.sampled_from(MODES), st.integers(0, 9), st.integers(-3, 12))
def test_every_mode_ends_with_the_exception(
    raises: Callable[[], Any], mode: str, context: int, offset: int
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of several kinds
        raises()
    blocks = Tracebacks(mode, "nocolor").format(
        caught.value, context=context, offset=max(offset, 0)
    )
    assert type(caught.value).__name__ in "\n".join(blocks)
