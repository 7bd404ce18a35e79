"""Our reading of IPython's input language beside IPython's own, cell by cell.

Where ours differs on purpose, the cell is not generated here; `packages/protocol/tests/test_text_inputs.py` states what we do instead:
white space on lines of its own is kept (IPython takes it even out of strings), brackets and quotes of shell lines do not reach into the lines after them,
help may be followed by spaces, and a SyntaxWarning is no reason to call a cell invalid.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nuncius.protocol.text.inputs import check_complete, transform_cell

THEIRS = """
import json, sys, warnings
from IPython.core.inputtransformer2 import TransformerManager

warnings.simplefilter("ignore")
manager = TransformerManager()
cells = json.load(sys.stdin)
json.dump([[manager.transform_cell(cell), manager.check_complete(cell)] for cell in cells], sys.stdout)
"""

STATEMENTS = [
    *("x = 1", "print('a?')", "# what?", "s = 'it''s'", "z = f'{x!r}'", 'w = f"{x:>{y}}"', ""),
    *("x = [1,\n 2]", "f(a,\n   b)", "t = '''a\n!ls\n?x'''", "x = 5 \\\n % 3", "x == y", "x += 1"),
    *("pass", "assert x != y", "'a' if b else 'c'", "r = r'\\\\'", "await f()", "print(x) # a?"),
    *("y = !ls -l", "a, b = %magic arg", "!cd /tmp", "%time f(x)", "%timeit -n 1 [i for i in x]"),
    *("foo?", "foo.bar??", "%magic?", "!!ls", "?foo", "??foo.bar", "/f 1 2", ",f a b", ";f a b"),
    *("y = !ls \\\n -l", "%run a \\\n b", "mod.*pat*?", "a[0].b?", "x = y?", "x=%foo", "x =!ls"),
    *("!echo it's", '!echo "a', "echo it's", "%foo bar?", "!ls a?", "!ls # a?", "x = !ls a?"),
    *("x = $HOME", "`a`", "a ? b", "f(x=!ls)", "x == %foo", "x: int = %foo"),
]
BLOCKS = [
    *("if x:", "for i in y:", "def f():", "with a as b:", "try:", "class A:", "async def g():"),
    "while True: # c?",
]


def block(choose: random.Random, depth: int = 0) -> str:
    indent = "    " * depth
    lines = []
    for _ in range(choose.randint(1, 3)):
        if depth < 3 and choose.random() < 0.25:
            lines += [indent + choose.choice(BLOCKS), block(choose, depth + 1)]
        else:
            lines.append(indent + choose.choice(STATEMENTS))
    return "\n".join(lines)


def as_it_is(cell: str) -> str:
    return cell


def indented(cell: str) -> str:
    return "\n".join("   " + line for line in cell.split("\n"))


def with_magic(cell: str) -> str:
    return f"%%magic a\n{cell}"


def with_prompts(cell: str) -> str:
    return ">>> " + "\n... ".join(cell.split("\n"))


def with_ipython_prompts(cell: str) -> str:
    return "In [1]: " + "\n   ...: ".join(cell.split("\n"))


def after_a_comment(cell: str) -> str:
    return f"    # comment\n{cell}"


DRESSES = [as_it_is, indented, with_magic, with_prompts, with_ipython_prompts, after_a_comment]


def cells(count: int) -> list[str]:
    choose = random.Random("the same ones in each run")
    found: dict[str, None] = {}
    while len(found) < count:
        code = block(choose)
        dress: Callable[[str], str] = choose.choices(DRESSES, [12, 2, 1, 1, 1, 1])[0]
        if code.strip() and not any(line and line.isspace() for line in code.split("\n")):
            found[dress(code) + choose.choice(["", "\n", "\n\n"])] = None
    return list(found)


@pytest.fixture(scope="module")
def peers_answers(peers: Path) -> list[tuple[str, str, list[Any]]]:
    """Return each cell with what IPython makes of it."""
    asked = cells(4000)
    done = subprocess.run(
        [str(peers), "-c", THEIRS],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answers = json.loads(done.stdout)
    return [(cell, python, status) for cell, (python, status) in zip(asked, answers, strict=True)]


def test_cells_become_the_same_python(peers_answers: list[tuple[str, str, list[Any]]]) -> None:
    differing = [
        (cell, theirs, ours)
        for cell, theirs, _ in peers_answers
        if (ours := transform_cell(cell)) != theirs
    ]
    assert differing == []


def test_cells_are_complete_alike(peers_answers: list[tuple[str, str, list[Any]]]) -> None:
    differing = [
        (cell, theirs, ours)
        for cell, _, theirs in peers_answers
        if (ours := list(check_complete(cell))) != theirs
    ]
    assert differing == []
