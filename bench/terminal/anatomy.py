"""Where start-up time goes: `-X importtime` aggregated by top-level package (self time, median of N runs).

  python anatomy.py --target ipython:PYTHON:IPython.terminal.ipapp --target nuncius:PYTHON:nuncius.terminal.app
Prints import_self_ms.<label>.<package> plus total, module count, and the wall time of the bare interpreter with the
same -c, so that (wall of import) - (bare) is the number to beat. importtime itself adds 20-40 %: shares count, not sums.
"""

import argparse
import collections
import os
import re
import statistics
import subprocess
import sys
import time

ap = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
ap.add_argument("--target", action="append", default=[], metavar="LABEL:PYTHON:MODULE")
ap.add_argument("--rounds", type=int, default=7)
ap.add_argument("--top", type=int, default=15)
a = ap.parse_args()
py = os.environ.get("BENCH_PYTHON", sys.executable)
targets = [t.split(":", 2) for t in a.target] or [
    ["ipython", py, "IPython.terminal.ipapp"],
    ["ptpython", py, "ptpython.repl"],
    ["prompt_toolkit", py, "prompt_toolkit"],
    ["traitlets", py, "traitlets.config"],
    ["pyzmq", py, "zmq"],
    ["jupyter_client", py, "jupyter_client"],
    ["asyncio", py, "asyncio"],
]
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)")


def wall(cmd):
    t = time.perf_counter()
    subprocess.run(
        cmd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return (time.perf_counter() - t) * 1000


walls, parts, counts = (
    collections.defaultdict(list),
    collections.defaultdict(lambda: collections.defaultdict(list)),
    {},
)
for rnd in range(a.rounds + 1):
    for label, python, mod in targets:
        b, w = wall([python, "-c", "pass"]), wall([python, "-c", f"import {mod}"])
        err = subprocess.run(
            [python, "-X", "importtime", "-c", f"import {mod}"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        ).stderr
        if rnd == 0:
            continue
        walls[label].append((b, w))
        agg = collections.Counter()
        n = 0
        for m in LINE.finditer(err):
            n += 1
            agg[m.group(4).split(".")[0]] += int(m.group(1)) / 1000
        counts[label] = n
        for k, v in agg.items():
            parts[label][k].append(v)
for label, *_ in targets:
    bare = statistics.median(b for b, _ in walls[label])
    full = statistics.median(w for _, w in walls[label])
    print(f"import_wall_ms.{label} {full:.1f} ms")
    print(f"import_over_bare_ms.{label} {full - bare:.1f} ms")
    print(f"import_modules.{label} {counts[label]} count")
    med = {k: statistics.median(v) for k, v in parts[label].items()}
    total = sum(med.values())
    print(f"import_self_total_ms.{label} {total:.1f} ms")
    for k, v in sorted(med.items(), key=lambda kv: -kv[1])[: a.top]:
        print(f"import_self_ms.{label}.{k} {v:.1f} ms  # {v / total:.0%}")
