"""IPython's input language: what people type, and the Python that runs."""

from __future__ import annotations

import ast
import gc
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nuncius.protocol.text.inputs import (
    Special,
    TransformerManager,
    check_complete,
    split_lines,
    transform_cell,
)

MAGIC = "get_ipython().run_line_magic"
SYSTEM = "get_ipython().system"
OUTPUT = "get_ipython().getoutput"

ONE_LINE = [
    ("%time f(x)", f"{MAGIC}('time', 'f(x)')"),
    ("%lsmagic", f"{MAGIC}('lsmagic', '')"),
    ("!ls -l *.py | wc", f"{SYSTEM}('ls -l *.py | wc')"),
    ("!echo it's", f'{SYSTEM}("echo it\'s")'),
    ('!echo "(', f"{SYSTEM}('echo \"(')"),
    ("!!ls", f"{OUTPUT}('ls')"),
    ("x = !ls -l", f"x = {OUTPUT}('ls -l')"),
    ("x =!ls", f"x ={OUTPUT}('ls')"),
    ("a, b = %magic arg", f"a, b = {MAGIC}('magic', 'arg')"),
    ("x: list = %magic", f"x: list = {MAGIC}('magic', '')"),
    ("d['k'] = !ls", f"d['k'] = {OUTPUT}('ls')"),
    ("f(a=1)[0] = !ls", f"f(a=1)[0] = {OUTPUT}('ls')"),
    ("foo?", f"{MAGIC}('pinfo', 'foo')"),
    ("foo??", f"{MAGIC}('pinfo2', 'foo')"),
    ("foo?  ", f"{MAGIC}('pinfo', 'foo')"),
    ("foo.bar[0].baz[-1]?", f"{MAGIC}('pinfo', 'foo.bar[0].baz[-1]')"),
    ("np.*load*?", f"{MAGIC}('psearch', 'np.*load*')"),
    ("%magic?", f"{MAGIC}('pinfo', '%magic')"),
    ("%%magic??", f"{MAGIC}('pinfo2', '%%magic')"),
    ("x = foo?", f"{MAGIC}('pinfo', 'foo')"),
    ("x = !ls foo?", f"{MAGIC}('pinfo', 'foo')"),
    ("f(a, b?", f"{MAGIC}('pinfo', 'b')"),
    ("x = [f(a,\n  b).real?", f"{MAGIC}('pinfo', 'real')"),
    ("f(1,\n 2).real??", f"{MAGIC}('pinfo2', 'real')"),
    ("?foo", f"{MAGIC}('pinfo', 'foo')"),
    ("??foo.bar", f"{MAGIC}('pinfo2', 'foo.bar')"),
    ("?*int*", f"{MAGIC}('psearch', '*int*')"),
    ("?", "get_ipython().show_usage()"),
    ("??", "get_ipython().show_usage()"),
    ("/f 1 2", "f(1, 2)"),
    ("/f", "f()"),
    (",f a b", 'f("a", "b")'),
    (";f a b", 'f("a b")'),
    (';f say "hi"', "f('say \"hi\"')"),
    (r",f C:\new", r"f('C:\\new')"),
    ("!ls \\\n  -l \\\n  -a", f"{SYSTEM}('ls    -l    -a')"),
    ("x = !ls \\\n -l", f"x = {OUTPUT}('ls   -l')"),
    ("%run a.py \\\n b", f"{MAGIC}('run', 'a.py   b')"),
    ("x = \\\n  %magic a", f"x = \\\n  {MAGIC}('magic', 'a')"),
    ("!echo a\u2028b", f"{SYSTEM}('echo a\\u2028b')"),
    ("!echo a\x0cb \\\n  c", f"{SYSTEM}('echo a\\x0cb    c')"),
]


@pytest.mark.parametrize(("cell", "python"), ONE_LINE)
def test_special_syntax_becomes_calls(cell: str, python: str) -> None:
    assert transform_cell(cell) == python + "\n"


@pytest.mark.parametrize(
    ("cell", "python"), [case for case in ONE_LINE if "\n" not in case[0] and case[0] != "f(a, b?"]
)
def test_special_syntax_is_found_after_anything_that_a_tokenizer_trips_over(
    cell: str, python: str
) -> None:
    """Apostrophes and brackets of shell lines do not hide what comes after them."""
    before = "if x:\n    !echo it's (\n    y = 0777 + $\n"
    expected = f'if x:\n    {SYSTEM}("echo it\'s (")\n    y = 0777 + $\n'
    assert transform_cell(f"{before}    {cell}\nz\n") == f"{expected}    {python}\nz\n"


UNTOUCHED = [
    "",
    "x = 1",
    "# what?",
    "s = 'what?'",
    "s = '''\n!ls\n%time x\nfoo?\n'''",
    's = """a\\"""\n?x"""',
    "x = y  # why?",
    "print(a\n!= b)",
    "x = [1\n, 2\n%3]",
    "x = 5 \\\n% 3",
    "x != y",
    "x == %foo",
    "x %= 3",
    "f(a=!ls)",
    "if True: !ls",
    "a ? b",
    "foo???",
    "foo ?",
    "'abc?",
    "'abc'?",
    "5?",
    "= %foo",
    "//a",
    "/ a b",
    ", ",
    "f'{x!r}'",
    "f'{x:{w}}' '?'",
    "f\"{d['?']}\"",
    'f"{d["?"]}"\nx',
    'f"{d["("]}"\nx = "?"',
    'f"{d["#"]}" + """\n!ls\n"""',
    'f"{\n!x\n}"',
    'f"""{\n"""\n?x\n"""}"""',
    "f'{{!ls}}'\nf'{x:%Y-%m}'",
    "rf'\\{x}'",
    "x = 'a\\\n!ls'",
    "lambda x, *, y: x % y",
    "...",
    "x[...]",
    "x[..., 1]",
    "s = '''\n>>> x\n'''",
    "def f():\n    '''\n    >>> f()\n    ... y\n    '''",
    "x = '''a\n  \nb'''",
    "x = 'a\x0cb\x1cc\u2028d'",
]


@pytest.mark.parametrize("cell", UNTOUCHED)
def test_python_is_left_alone(cell: str) -> None:
    assert transform_cell(cell) == cell + "\n"
    assert transform_cell(cell + "\n") == cell + "\n"


@pytest.mark.parametrize("cell", UNTOUCHED[1:])
def test_a_command_after_python_is_found(cell: str) -> None:
    """The scanner knows where each of these statements ends."""
    assert transform_cell(f"{cell}\n!ls\n") == f"{cell}\n{SYSTEM}('ls')\n"


def test_a_cell_magic_takes_the_whole_cell() -> None:
    assert (
        transform_cell("\n%%bash -e  x\nls 'a\n  !foo?\n")
        == "get_ipython().run_cell_magic('bash', '-e  x', \"ls 'a\\n  !foo?\\n\")\n"
    )
    assert transform_cell("x\n%%bash") == f"x\n{MAGIC}('%bash', '')\n"


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        ("\n  \nx", "x\n"),
        ("    if x:\n        y\n\n    z", "if x:\n    y\n\nz\n"),
        ("    x = '''\na'''", "x = '''\na'''\n"),
        ("        # c\n    x", "    # c\nx\n"),
        (">>> x = 1\n>>> if x:\n...     y\n...\nz", "x = 1\nif x:\n    y\n\nz\n"),
        ("    >>> x\n    ... y", "x\ny\n"),
        (">>> s = '''a\n... b'''\n>>> t", "s = '''a\nb'''\nt\n"),
        ("s = '''\n>>> x\n'''\n>>> y", "s = '''\n>>> x\n'''\ny\n"),
        ("In [12]: x\n    ...: y\n   ....: z", "x\ny\nz\n"),
        ("[ins] In [1]: x", "x\n"),
        ("x\n   ...: y", "x\ny\n"),
        (">>> !ls", f"{SYSTEM}('ls')\n"),
        ("In [1]: %%bash\n   ...: ls", "get_ipython().run_cell_magic('bash', '', 'ls\\n')\n"),
    ],
)
def test_prompts_and_indentation_of_pasted_code_are_taken_away(pasted: str, code: str) -> None:
    assert transform_cell(pasted) == code


def test_windows_line_ends_are_kept_where_nothing_changes() -> None:
    assert transform_cell("x = 1\r\n!ls\r\ny\r\n") == f"x = 1\r\n{SYSTEM}('ls')\ny\r\n"
    assert transform_cell("!ls \\\r\n -l") == f"{SYSTEM}('ls   -l')\n"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", ("complete", None)),
        ("x = 1", ("complete", None)),
        ("# c", ("complete", None)),
        ("await f()", ("complete", None)),
        ("!ls (", ("complete", None)),
        ("%time f(", ("complete", None)),
        ("f(x?", ("complete", None)),
        ("%%timeit?", ("complete", None)),
        ("1 is 1", ("complete", None)),
        ("for i in x:", ("incomplete", 4)),
        ("for i in x:  # c", ("incomplete", 4)),
        ("for i in x:\n    if i:", ("incomplete", 8)),
        ("for i in x:\n    y", ("incomplete", 4)),
        ("for i in x:\n\ty", ("incomplete", 4)),
        ("for i in x:\n    !ls", ("incomplete", 4)),
        ("for i in x:\n    y\n", ("complete", None)),
        ("for i in x:\n    y\n    ", ("complete", None)),
        ("f(1,", ("incomplete", 0)),
        ("f(1,\n  2,", ("incomplete", 2)),
        ("'''abc", ("incomplete", 0)),
        ("x = 1 + \\", ("incomplete", 0)),
        ("@dec", ("incomplete", 0)),
        ("try:\n    x\n", ("incomplete", 4)),
        ("%%bash", ("incomplete", 0)),
        ("%%bash\nls", ("incomplete", 0)),
        ("%%bash\nls\n\n", ("complete", None)),
        (")", ("invalid", None)),
        ("print('abc", ("invalid", None)),
        ("a b", ("invalid", None)),
        ("x = 0777", ("invalid", None)),
        ("if x\n    y", ("invalid", None)),
        ("\0", ("invalid", None)),
        ("(" * 1000, ("incomplete", 0)),
        ("(" * 1000 + ")" * 1000, ("invalid", None)),
    ],
)
def test_completeness(cell: str, expected: tuple[str, int | None]) -> None:
    assert check_complete(cell) == expected


def test_extensions_add_line_transforms() -> None:
    manager = TransformerManager()
    manager.cleanup_transforms.append(lambda lines: [line.replace("¿", "?") for line in lines])
    manager.line_transforms.append(lambda lines: [line.upper() for line in lines])
    assert manager.transform_cell("x\n") == "X\n"
    assert manager.transform_cell("x¿") == f"{MAGIC}('pinfo', 'X')\n"
    assert transform_cell("x\n") == "x\n"


def test_a_transform_with_side_effects_is_not_used_to_check() -> None:
    seen: list[list[str]] = []

    def record(lines: list[str]) -> list[str]:
        seen.append(lines)
        return lines

    record.has_side_effects = True  # type: ignore[attr-defined]
    manager = TransformerManager()
    manager.cleanup_transforms.append(record)
    assert manager.check_complete("x") == ("complete", None)
    assert seen == []
    manager.transform_cell("x")
    assert seen == [["x\n"]]


class Backticks:
    """`` `command` ``, as an extension for IPython would write it."""

    priority = 10

    def __init__(self, line: int, start: int, end: int) -> None:
        self.start_line, self.start_col, self.end = line, start, end

    @classmethod
    def find(cls, tokens_by_line: list[list[Any]]) -> Backticks | None:
        ticks = [token for line in tokens_by_line for token in line if token.string == "`"]
        if len(ticks) < 2:
            return None
        return cls(ticks[0].start[0] - 1, ticks[0].start[1], ticks[1].end[1])

    def transform(self, lines: list[str]) -> list[str]:
        line = lines[self.start_line]
        call = f"run({line[self.start_col + 1 : self.end - 1]!r})"
        lines[self.start_line] = line[: self.start_col] + call + line[self.end :]
        return lines


_LINES = "x = [1, 2, 3]\n" * 2_000


@pytest.mark.parametrize(
    ("judged", "run", "kept"),
    [
        (_LINES + "sum(x)\n", _LINES + "sum(x)\n", True),
        (_LINES + "sum(x)\n\n", _LINES + "sum(x)", True),
        (_LINES + "sum(x)\n", _LINES + "len(x)\n", False),
        ("sum(x)\n", "sum(x)\n", False),
        (_LINES + "print('\\d')\n", _LINES + "print('\\d')\n", False),
        (_LINES + "sum(x\n", _LINES + "sum(x\n", False),
    ],
    ids=["long", "blank line at the end", "another", "short", "warned of", "incomplete"],
)
def test_a_long_cell_is_parsed_once(judged: str, run: str, kept: bool) -> None:
    manager = TransformerManager()
    manager.check_complete(judged)

    trees = [manager.take_tree(run), manager.take_tree(run)]

    found = [tree is not None and ast.dump(tree) == ast.dump(ast.parse(run)) for tree in trees]
    assert found == [kept, False]


def test_the_collector_works_again_after_a_long_cell() -> None:
    check_complete(_LINES + "sum(x)\n")

    assert gc.isenabled()


def test_extensions_add_token_transforms() -> None:
    manager = TransformerManager()
    manager.token_transformers.append(Backticks)
    assert (
        manager.transform_cell("x = `a` + `b`\ny = '`c`'\n!ls `d`")
        == f"x = run('a') + run('b')\ny = '`c`'\n{SYSTEM}('ls `d`')\n"
    )


def test_kinds_of_special_syntax_can_be_switched_off() -> None:
    manager = TransformerManager()
    manager.token_transformers.remove(Special.HELP)
    assert manager.transform_cell("x?\n!ls") == f"x?\n{SYSTEM}('ls')\n"


TEXT = st.lists(
    st.sampled_from(
        [*"ab01 \t\n\\'\"#?!%,;/(){}[]=:.*f$\r\x0cé", "'''", '"""', "\n    ", "f'{", "...", ">>> "]
    )
    | st.text(max_size=3)
).map("".join)


@given(TEXT)
@example("?\r\\")
def test_any_text_is_transformed_and_checked(text: str) -> None:
    once = transform_cell(text)
    assert once.endswith("\n")
    assert "".join(split_lines(text)) == text
    status, indent = check_complete(text)
    assert status in {"complete", "incomplete", "invalid"}
    assert (indent is not None) == (status == "incomplete")


@pytest.mark.parametrize(
    "hostile",
    [
        "f'{" * 50_000,
        "f'{\n" * 50_000,
        "'" * 100_001,
        "(" * 100_000 + "?",
        "a" * 100_000 + "-b?",
        "a[0]" * 50_000 + "?",
        "x = " * 50_000 + "!ls",
        "!ls\n" * 50_000,
        "\\\n" * 100_000,
        '"""' * 50_001,
        ">>> '''\n" * 50_000,
        " " * 100_000 + "x",
    ],
    ids=lambda text: repr(text[:6]),
)
def test_time_grows_with_the_length_only(hostile: str) -> None:
    """A pasted file of a wrong kind does not hang the terminal: quadratic steps would take minutes here."""
    start = time.process_time()
    transform_cell(hostile)
    assert time.process_time() - start < 5
