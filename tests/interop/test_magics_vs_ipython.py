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
    printed = out.getvalue()
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
]

PROGRAM = "import sys\nargs = sys.argv[1:]\nmain = __name__\nprint('ran')\n"


def answers(python: Path, kind: str, folder: Path) -> list[list[Any]]:
    """Return what the cells come to by one of both."""
    (folder / "sub").mkdir(parents=True)
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    (folder / "nuncius_interop_module.py").write_text("def f():\n    return 1\n", encoding="utf-8")
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
