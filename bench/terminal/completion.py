"""Tab-to-popup latency, first and repeated, on what people complete.

Each target: set-up lines are run, the text typed, then Tab; the clock stops when an expected candidate is visible.
  first_ms   the first completion of that kind in the session (the first target also pays the engine's import: a person waits)
  again_ms   the same completion again (median of --repeat)
  cpu_ms     CPU of one repeated completion
Targets needing numpy/pandas are skipped when `python -c import` of them fails in the shell.
"""

import statistics
import time

from ptybench import Report, Shell, Timeout, note, parse, parser

TARGETS = [  # (name, set-up, typed, a candidate that must appear)
    ("attr_os", ["import os"], "os.path.is", b"islink"),
    ("global", ["alpha_one = 1; alpha_two = 2"], "alpha_", b"two"),
    ("import_mod", [], "import colle", b"ctions"),
    ("from_import", [], "from collections import Ord", b"eredDict"),
    ("magic", [], "%time", b"timeit"),
    (
        "file",
        ["open('report_alpha.txt','w').close(); open('report_beta.txt','w').close()"],
        "open('report_",
        b"beta",
    ),
    (
        "dict_key",
        ["cfg = {'first_key': 1, 'second_key': 2, 'first_name': 3}"],
        "cfg['first_",
        b"name",
    ),
    ("kwarg", ["def fun(width_mm=1, width_px=2): pass"], "fun(width_", b"px"),
    ("numpy", ["import numpy as np"], "np.lin", b"space"),
    ("numpy_sub", ["import numpy as np"], "np.linalg.", b"eigvals"),
    (
        "frame",
        ["import pandas as pd; df = pd.DataFrame({'price': [1], 'priority': [2]})"],
        "df.pri",
        b"ority",
    ),
    (
        "chain",
        ["import pandas as pd; df = pd.DataFrame({'price': [1], 'priority': [2]})"],
        "df.groupby('price').",
        b"cumcount",
    ),
    ("big_ns", ["globals().update({f'name_{i}': i for i in range(50000)})"], "name_4999", b"49999"),
]
ap = parser(__doc__, "ipython,jupyter-console", 1)
ap.add_argument("--repeat", type=int, default=5)
ap.add_argument("--targets", default="")
a = parse(ap)
r = Report(a)
only = set(filter(None, a.targets.split(",")))


def tab(sh, typed, want):
    sh.write(typed.encode())
    sh.quiet(0.25, 10)
    sh.consume()
    t = time.perf_counter()
    sh.write(b"\t")
    try:
        ms = (sh.wait(lambda s: want in s, 15) - t) * 1000
    except Timeout:
        ms = float("nan")
    sh.quiet(0.1, 5)
    sh.write(b"\x07\x03")  # close the menu, drop the line
    sh.quiet(0.15, 5)
    sh.write(b"\x03")
    sh.quiet(0.15, 5)
    return ms


for _ in range(a.rounds):
    shells = {}
    try:
        for (
            impl
        ) in a.impls:  # one shell each; targets in a fixed order, implementations interleaved
            try:
                shells[impl] = Shell(impl)
                shells[impl].wait_prompt(60)
                shells[impl].quiet(0.5)
            except Timeout as e:
                note("FAILED", e)
                shells.pop(impl).close()
        for name, setup, typed, want in TARGETS:
            if only and name not in only:
                continue
            for impl, sh in list(shells.items()):
                try:
                    at = len(sh.raw)
                    for line in setup:
                        sh.run(line, 60)
                    if b"ModuleNotFoundError" in sh.text(at):
                        note(impl, name, "module missing; skipped")
                        continue
                    r.add(impl, f"tab_{name}_first_ms", tab(sh, typed, want), "ms")
                    c0 = sh.cpu_s()
                    again = [tab(sh, typed, want) for _ in range(a.repeat)]
                    r.add(impl, f"tab_{name}_again_ms", statistics.median(again), "ms")
                    r.add(impl, f"tab_{name}_cpu_ms", (sh.cpu_s() - c0) * 1000 / a.repeat, "ms")
                    note(impl, name, f"again {statistics.median(again):.1f} ms")
                except Timeout as e:
                    note("FAILED", name, e)
                    sh.write(b"\x03")
                    sh.quiet(1.0, 5)
    finally:
        for sh in shells.values():
            sh.close()
r.done()
