"""Large history: does it load lazily, and can a person find an old entry?

With N entries in the store (default 200,000), one marker entry `needle_marker_call(...)` placed --depth entries back:
  hist_prompt_ms      spawn -> prompt with that store (compare hist0_prompt_ms, an empty store)
  hist_rss_mib        memory at the prompt
  hist_up_ms          first Up-arrow -> the newest entry shown
  hist_ctrlr_ms       Ctrl-R, then the query pasted key by key -> the marker shown (nan when not found)
  hist_ctrlr_found    1/0: was the entry --depth back reachable at all (classic IPython loads only the last 1,000)
  hist_prefix_ms/_found  type `needle_m` then Up: prefix search
  hist_commit_ms      Enter on `1+1` -> next prompt, with that store (writing must not cost with size)
  hist_cpu_ms         CPU of one such cell, all of it: typing, running, the next prompt

The stores are made once, and are on the disk before anything is measured: writing them out would disturb it.
"""

import os
import shutil
import tempfile
import time

from ptybench import Report, Shell, Timeout, note, parse, parser, seed_history

ap = parser(__doc__, "ipython", 1)
ap.add_argument("-n", type=int, default=200_000)
ap.add_argument("--depth", type=int, default=150_000)
a = parse(ap)
r = Report(a)
NAN = float("nan")
#: Starts with each store, and cells, of a round.
STARTS, CELLS = 5, 20


def attempt(sh, keys, pred, timeout):
    sh.quiet(0.2)
    sh.consume()
    t = time.perf_counter()
    for k in keys:
        sh.write(k)
        sh.quiet(0.03, timeout)
    try:
        return (sh.wait(pred, timeout) - t) * 1000
    except Timeout:
        return NAN


def prompt_ms(impl, home=None):
    with Shell(impl, home=home) as sh:
        return (sh.wait_prompt(120) - sh.t0) * 1000


homes = {}
for impl in a.impls:
    home = tempfile.mkdtemp(prefix="ptybench-")
    if seed_history(impl, home, a.n, a.n - a.depth):
        homes[impl] = home
    else:
        note(impl, "declares no history store")
os.sync()
for _ in range(a.rounds * STARTS):
    for impl, home in homes.items():
        r.add(impl, "hist0_prompt_ms", prompt_ms(impl), "ms")
        r.add(impl, "hist_prompt_ms", prompt_ms(impl, home), "ms")
for _ in range(a.rounds):
    for impl, home in homes.items():
        try:
            with Shell(impl, home=home) as sh:
                sh.wait_prompt(120)
                sh.quiet(0.5)
                r.add(impl, "hist_rss_mib", sh.rss_mib(), "MiB")
                r.add(
                    impl,
                    "hist_up_ms",
                    attempt(sh, [b"\x1b[A"], lambda s: b"frame" in s or b"total" in s, 20),
                    "ms",
                )
                sh.write(b"\x03")
                sh.quiet(0.3)
                ms = attempt(
                    sh,
                    [b"\x12"] + [bytes([c]) for c in b"needle_m"],
                    lambda s: b"alpha=1" in s or b"arker_call" in s,
                    8,
                )
                r.add(impl, "hist_ctrlr_found", float(ms == ms), "bool")
                r.add(impl, "hist_ctrlr_ms", ms, "ms")
                sh.write(b"\x07\x03")
                sh.quiet(0.3)
                sh.write(b"\x03")
                sh.quiet(0.3)
                sh.write(b"needle_m")
                ms = attempt(sh, [b"\x1b[A"], lambda s: b"alpha=1" in s or b"arker_call" in s, 8)
                r.add(impl, "hist_prefix_found", float(ms == ms), "bool")
                r.add(impl, "hist_prefix_ms", ms, "ms")
                sh.write(b"\x03")
                sh.quiet(0.3)
                before = sh.cpu_s()
                for _ in range(CELLS):
                    r.add(impl, "hist_commit_ms", sh.run("1+1", 30) * 1000, "ms")
                r.add(impl, "hist_cpu_ms", (sh.cpu_s() - before) * 1000 / CELLS, "ms")
        except Timeout as e:
            note("FAILED", e)
for home in homes.values():
    shutil.rmtree(home)
r.done()
