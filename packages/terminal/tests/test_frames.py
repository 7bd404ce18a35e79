"""The variables of a frame as a namespace for cells."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from nuncius.terminal.frames import FrameNamespace

LIVE = "module"


def over(frame: FrameType) -> FrameNamespace:
    namespace = FrameNamespace(frame)
    namespace["get_ipython"] = "the shell's"
    namespace.settle()
    return namespace


def run(code: str, namespace: FrameNamespace) -> None:
    exec(code, namespace, namespace)
    namespace.adopt()


def test_variables_of_a_function_are_read_and_written_in_place() -> None:
    def f(x: int) -> Any:
        y = [x]
        seen = over(sys._getframe())
        run("x += 1; y.append(x); new = [x + n for n in y]; g = lambda: (x, LIVE, new)", seen)
        return x, y, seen["new"], seen["g"]()

    assert f(1) == (2, [1, 2], [3, 4], (2, "module", [3, 4]))


def test_what_the_function_changes_is_seen() -> None:
    x = 1
    seen = over(sys._getframe())
    assert seen["x"] == 1
    x = 2
    assert seen["x"] == 2
    assert x == 2


def test_a_variable_that_a_closure_shares_is_written_too() -> None:
    def f() -> int:
        x = 1

        def inner() -> int:
            return x

        run("x = 42", over(sys._getframe()))
        return inner()

    assert f() == 42


def test_names_of_the_shell_stay_out_of_a_module() -> None:
    module: dict[str, Any] = {"__name__": "m", "sys": sys, "over": over, "run": run, "flag": 0}
    source = """
seen = over(sys._getframe())
run("made = 1; flag += 1; _ = 5; _i3 = 'x'; Out = {}\\ndef f():\\n    global flag\\n    flag += 1\\nf()", seen)
del seen
"""
    exec(source, module)
    made = {name: value for name, value in module.items() if name not in ("over", "run", "sys", "f", "__builtins__")}  # fmt: skip
    assert made == {"__name__": "m", "flag": 2, "made": 1}


def test_it_looks_like_a_dictionary_of_all_that_can_be_seen() -> None:
    here = 1
    seen = over(sys._getframe())
    assert {"here", "LIVE", "get_ipython"} <= set(seen)
    assert "here" in seen
    assert seen.get("nowhere") is None
    assert seen.copy()["here"] == here
    seen["own"] = 2
    assert seen.pop("own") == 2
    assert "own" not in seen


def test_the_body_of_a_class_in_a_cell_sees_the_variables_of_the_function() -> None:
    def f(base: int) -> Any:
        seen = over(sys._getframe())
        run("class B:\n v = base\n kept = len(LIVE)\n def m(self): return base + 1", seen)
        return seen["B"].v, seen["B"].kept, seen["B"]().m()

    assert f(3) == (3, 6, 4)


def test_in_the_body_of_a_class_its_names_are_written() -> None:
    class Made:
        x = 1
        run("x = 2; made = [x for _ in 'ab']; del gone", over(sys._getframe())) if (
            gone := True
        ) else None

    assert {name: getattr(Made, name, None) for name in ("x", "made", "gone")} == {
        "x": 2,
        "made": [2, 2],
        "gone": None,
    }


def test_global_statements_and_walrus_operators_reach_their_variables() -> None:
    global LIVE

    def f(x: int) -> Any:
        seen = over(sys._getframe())
        run("global LIVE; LIVE = 'changed'", seen)
        run("[x := n for n in (5, 6)]; [fresh := n for n in (7, 8)]", seen)
        return x, LIVE, seen["fresh"], "fresh" in globals()

    try:
        assert f(1) == (6, "changed", 8, False)
    finally:
        LIVE = "module"
