"""Our magics beside IPython's: the same cells print the same, and leave the same variables.

Where ours differs on purpose, the cell is not here; `packages/kernel/tests/test_magics_*.py` state what we do instead: what is called in a wrong way is an
error of the cell and not a printed line, and an error under ``%%capture`` is the cell's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

#: Both run this: cells from stdin, and for each its text on stdout, and the value it had.
RUN = """
import contextlib, io, json, os, sys
cells = json.load(sys.stdin)
os.chdir(sys.argv[1])
if sys.argv[2] == "theirs":
    from IPython.core.interactiveshell import InteractiveShell
    shell = InteractiveShell.instance()
    shell.colors = "nocolor"
else:
    from nuncius.kernel.app import build
    shell = build(startup=False, compat=False).shell
results = []
for cell in cells:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        result = shell.run_cell(cell + "\\n", store_history=True)
    printed = out.getvalue().replace("\\r\\n", "\\n")  # commands of theirs write to a terminal
    if result.result is not None and "Out[" in printed:
        printed = printed[: printed.rindex("Out[")]
    value = shell.user_ns.get("value")
    results.append([printed.rstrip(), repr(value), result.success])
json.dump(results, sys.__stdout__)
"""

CELLS = [
    "alpha = 123\nbeta = 'x' * 70\ngamma = {'a': 1}\nvalue = %who_ls",
    "%who",
    "%whos",
    "%who int",
    "%who float",
    "value = %who_ls int dict",
    "%xdel alpha",
    "%who",
    "value = %pwd",
    "%cd sub",
    "%cd -",
    "value = [str(p).rpartition('/')[2] for p in _dh]",
    "value = %pushd sub",
    "value = len(get_ipython().run_line_magic('dirs', ''))",
    "%popd",
    "%env K3_INTEROP=5",
    "%env K3_INTEROP 6",
    "value = %env K3_INTEROP",
    "lines = !printf 'b 2\\na 10\\n'\nvalue = lines.grep('b'), lines.fields(0), lines.s, lines.n",
    "value = lines.sort(1, nums=True), lines.fields(1, 0), lines.grep('^a', prune=True)",
    "x = 'he llo'\nvalue = !echo $x {len(x)}",
    "%alias parts echo first %s second %s",
    "value = [c for n, c in get_ipython().alias_manager.aliases if n == 'parts']",
    "%history -n 1-3",
    "%history 1 3",
    "%hist -p 1",
    "%hist -t 5",
    "%macro -q again 4",
    "value = str(again)",
    "%macro again 4",
    "value = %precision 3",
    "value = %precision %.2e",
    "%pprint",
    "%pprint",
    "%%writefile notes.txt\nline one\nline two",
    "value = open('notes.txt').read()",
    "%%writefile -a notes.txt\nmore",
    "%%bash --out value\necho from bash\necho $((2 + 3))",
    '%%script --out value python -c "import sys; print(sys.stdin.read().upper())"\nabc',
    "%%script false --no-raise-error\nnothing",
    "%%capture kept\nprint('kept')",
    "value = kept.stdout",
    "%sx echo quiet",
    "value = %sx echo quiet",
    "%save -f kept 1",
    "value = open('kept.py').read()",
    "%run -i program one 'two words'",
    "value = args, main",
    "%run program *.txt",
    "value = args, main",
    "%reset_selective -f ^g",
    "%who",
    "%reset -f out",
    "%alias_magic t timeit",
    "%autocall 1",
    "%autocall",
    "%automagic",
    "%automagic",
    "%xmode Verbose",
    "%bookmark here",
    "%logstate",
    "import nuncius_interop_module as m\nvalue = m.f()\n%load_ext autoreload\n%load_ext autoreload",
    # -- input
    "for i in range(2):\n    !echo $i\n    v = %pwd",
    "def f(*a):\n    return a\ndef h(n):\n    r = !echo $n {n + 1}\n    return r",
    "value = h(5)",
    "d = {'k': {'n': 5}}\nname = 'sub'\nvalue = !echo {d['k']['n']} {{name}} ${name} {name[0]} {name.upper()} $$ | sed 's/[0-9]*$//'",
    "value = !echo '$name' \"{name}\" {[i for i in (1, 2)]} {'a' 'b'}",
    "value = !echo {nosuch} $name; echo a{1..3}b",
    "%env K3_NESTED=$name{name}",
    "value = f'{name!r}?', '!ls', \"%d\" % 5, 7 % 3",
    ",f a b",
    ";f a b",
    "/f",
    "%autocall 1",
    "f 1",
    "f 'a # b', 2",
    "f [1]",
    "f .5",
    "f 1;",
    "list [1]",
    "%autocall 2",
    "f",
    "%autocall 0",
    "get_ipython().ast_node_interactivity = 'all'",
    "for i in (1, 2):\n    i",
    "if 1:\n    7\n8",
    "get_ipython().ast_node_interactivity = 'last_expr_or_assign'",
    "x = 5",
    "x += 1;",
    "get_ipython().ast_node_interactivity = 'last_expr'",
    ">>> for i in range(2):\n...     print(i)",
    "In [1]: print(1)\n   ...: print(2)",
    "value = __IPYTHON__",
    # -- %run
    "%run program ~ '*.txt' \"*.txt\"",
    "%run -G program *.txt",
    "%run -n program",
    "%run -m nuncius_interop_module one",
    "value = main",
    "%run -e leaves.py",
    "%run ends.py",
    "%run cells.ipy",
    "value = from_cells",
    "%run -i cells.ipy",
    "%run ./program",
    # -- time
    "value = %timeit -n1 -r2 -o -q 1 + 1\nvalue = value.loops, value.repeat, len(value.timings)",
    "%timeit -n1 -r1 -q -v kept 1\nvalue = type(kept).__name__",
    "%%timeit -n1 -r1 -q z = 4\nz + 1",
    "%prun -q 1",
    "value = %prun -q -r 1\nvalue = type(value).__name__",
    # -- code
    "%save -f kept 1 3\nvalue = open('kept.py').read()",
    "%save -a kept 4\nvalue = open('kept.py').read()",
    "%save -f -r raw 3-4\nvalue = open('raw.ipy').read()",
    "text = 'print(5)'\n%macro -q mac text",
    "mac",
    "%macro",
    "%%writefile --append new.txt\nx",
    "%%writefile empty.txt",
    "%%time",
    "%rerun 4",
    "%history -n 1-2 4",
    "%history -t -p 3",
    "%history -f hist.txt 1-2\nvalue = open('hist.txt').read()",
    "%history nonsense",
    # -- folders
    "%cd sub",
    "%cd ..",
    "%cd -0",
    "value = %pushd",
    "%popd",
    "%bookmark one /",
    "%bookmark -l",
    "%cd -b one",
    "%cd -0",
    "%bookmark -d one",
    "%bookmark -r",
    # -- aliases
    "%alias pct echo 100%% %s",
    "pct 5",
    "%alias two echo 1:%s 2:%s",
    "two 'a b' c",
    "%alias all echo all:%l:",
    "%all x y",
    "%unalias all",
    "%alias_magic tt timeit -p '-n 1 -r 1 -q'",
    "%tt 1",
    "%alias_magic --cell w writefile",
    # -- output
    "%%capture --no-display kept\nprint(1)",
    "kept()",
    "%%capture a b\n1",
    "%precision 3",
    "3.14159",
    "%precision",
    # -- scripts
    "%%bash -s a b\necho $2",
    "%%sh --out value\nprintf 'no newline'",
    "%%bash --no-raise-error\nexit 3",
    "%%script --bg --out pipe --proc process cat\nx",
    "value = await pipe.read()",
    "value = await process.wait()",
    "%%perl\nprint 3",
    "%%sx\necho a\necho b",
    "value = %sx echo c",
    "%%python3\nprint(2)",
    "!exit 4\nvalue = _exit_code",
    # -- names
    "alpha = 1\nalphb = 's'\n_alph = 2\nAlpha = 3",
    "%psearch alph*",
    "%psearch -a _alp*",
    "%psearch -c Alph*",
    "%psearch -i ALPH*",
    "%psearch -e builtin alph*",
    "%psearch -s builtin -e user arit*",
    "str.is*l*?",
    "%who_ls str\nvalue = %who_ls int str",
    "%reset_selective -f alph",
    "%reset -f in",
    # -- log
    "%logstart -o -t log.py",
    "5",
    "%logoff",
    "%logoff",
    "%logon",
    "%logstate",
    "%logstop",
    "%logstart -q log.py\n%logstop\nimport os\nvalue = sorted(n for n in os.listdir() if n.startswith('log'))",
    # -- options
    "%config IPCompleter.greedy = True",
    "value = %config IPCompleter.greedy",
    "%config IPCompleter.omit__names = 0",
    "%config IPCompleter.jedi_compute_type_timeout = 400\nvalue = %config IPCompleter.jedi_compute_type_timeout",
    "%config InteractiveShell.xmode = 'Plain'\nvalue = %config InteractiveShell.xmode",
    "%aimport",
    "%autoreload 1",
    "%aimport -os",
    "%aimport",
]

#: What the cells run and read.
FILES = {
    "nuncius_interop_module.py": "def f():\n    return 1\nmain = __name__\n",
    "leaves.py": "import sys\nprint('x')\nsys.exit(3)\n",
    "ends.py": "import sys\nsys.exit(0)\n",
    "cells.ipy": "from_cells = !echo shell\nprint('cells')\n",
}
PROGRAM = "import sys\nargs = sys.argv[1:]\nmain = __name__\nprint('ran')\n"


def answers(python: Path, kind: str, folder: Path) -> list[list[Any]]:
    """Return what the cells come to by one of both."""
    (folder / "sub").mkdir(parents=True)
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    environment = {
        **os.environ,
        "HOME": str(folder.parent),
        "IPYTHONDIR": str(folder.parent / "ipython"),
        "NUNCIUS_DIR": str(folder.parent / "nuncius"),
        "PYTHONPATH": str(folder),
        "SHELL": "/bin/sh",
    }
    done = subprocess.run(
        [str(python), "-c", RUN, str(folder), kind],
        input=json.dumps(CELLS),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[Any]] = json.loads(done.stdout[done.stdout.rindex("[[") :])
    return found


@pytest.fixture(scope="module")
def both(peers: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Any, Any]]:
    # the paths are of one length and are printed
    base = tmp_path_factory.mktemp("magics")
    theirs = answers(peers, "theirs", base / "t" / "work")
    ours = answers(Path(sys.executable), "ours", base / "o" / "work")

    def same(results: list[list[Any]], home: str) -> list[list[Any]]:
        text = json.dumps(results).replace(home, "HOME")
        return json.loads(text)  # type: ignore[no-any-return]

    return list(zip(CELLS, same(theirs, str(base / "t")), same(ours, str(base / "o")), strict=True))


@pytest.mark.parametrize("number", range(len(CELLS)), ids=lambda n: CELLS[n][:30].split("\n")[0])
def test_the_cell_comes_to_the_same(both: list[tuple[str, Any, Any]], number: int) -> None:
    _, theirs, ours = both[number]
    assert ours == theirs
