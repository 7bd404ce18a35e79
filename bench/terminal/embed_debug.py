"""Dropping into a shell or debugger from a running program: time from the call to a usable prompt.

embed_prompt_ms     embed() reached -> prompt drawn (first use in the process: imports count)
embed_again_ms      the second embed() in the same process
embed_local_ok      1/0: a local is visible inside a lambda and a comprehension typed there
breakpoint_ms       set_trace() reached -> debugger prompt
step_ms             `n` + Enter -> the next prompt (median of 20)
trace_slowdown      a loop of 200k Python calls under `continue` with one never-hit breakpoint / without a debugger
Programs are generated; the import lines are parameters:
  --embed NAME='from IPython import embed'  --debug NAME='from IPython.terminal.debugger import set_trace'
  --python NAME=/path/to/python
"""

import os
import statistics
import time

from ptybench import IMPLS, Report, Shell, Timeout, note, parse, parser

ap = parser(__doc__, "ipython,pdb", 3)
ap.add_argument("--embed", action="append", default=[])
ap.add_argument("--debug", action="append", default=[])
ap.add_argument("--python", action="append", default=[])
a = parse(ap)
r = Report(a)
PY = dict(p.split("=", 1) for p in a.python)
EMBED = {
    "ipython": "from IPython import embed",
    "nuncius": "from nuncius.terminal import embed",
} | dict(e.split("=", 1) for e in a.embed)
DEBUG = {
    "ipython": "from IPython.terminal.debugger import set_trace",
    "pdb": "from pdb import set_trace",
    "nuncius": "from nuncius.terminal import set_trace",
} | dict(e.split("=", 1) for e in a.debug)
IMPLS.setdefault("pdb", {"prompt": r"\(Pdb\)", "env": {}})
PROG_EMBED = """import time
{imp}
def work():
    local_value = 21
    print('MARK', 'ONE', flush=True)
    embed()
    print('MARK', 'TWO', flush=True)
    embed()
work()
"""
PROG_DEBUG = (
    """{imp}
def tiny(x):
    return x + 1
def loop(n):
    s = 0
    for i in range(n):
        s = tiny(s)
    return s
import time
t = time.perf_counter(); loop(200000); plain = time.perf_counter() - t
print('MARK', 'ONE', flush=True)
set_trace()
a0 = 0
"""
    + "".join(f"a{i} = a{i - 1} + 1\n" for i in range(1, 40))
    + """
t = time.perf_counter(); loop(200000); traced = time.perf_counter() - t
print('SLOWDOWN', round(traced / plain, 3), flush=True)
"""
)
DBG = rb"(i?pdb|\(Pdb\)|\(\w*dbg\)).{0,4}>?"


def start(impl, prog):
    import tempfile

    home = tempfile.mkdtemp(prefix="ptybench-")
    path = os.path.join(home, "prog.py")
    open(path, "w").write(prog)
    python = PY.get(impl) or os.environ.get("BENCH_PYTHON", "python3")
    sh = Shell(impl, home=home, argv=[python, path])
    sh.own_home = True
    return sh


for _rnd in range(a.rounds):
    for impl in a.impls:
        if impl in EMBED:
            try:
                with start(impl, PROG_EMBED.format(imp=EMBED[impl])) as sh:
                    t = sh.expect(rb"MARK ONE")
                    r.add(impl, "embed_prompt_ms", (sh.wait_prompt() - t) * 1000, "ms")
                    sh.quiet(0.3)
                    sh.run("print('SEE', (lambda: local_value * 2)(), [local_value for _ in [1]])")
                    r.add(impl, "embed_local_ok", float(b"SEE 42 [21]" in sh.text(0)), "bool")
                    sh.consume()
                    sh.write(b"exit\r")
                    t = sh.expect(rb"MARK TWO")
                    sh.num = 0
                    sh.mark = bytes(sh.raw).rfind(b"MARK TWO")
                    r.add(impl, "embed_again_ms", (sh.wait_prompt() - t) * 1000, "ms")
                    sh.write(b"exit\r")
                    sh.quiet(0.3, 3)
            except Timeout as e:
                note("FAILED embed", e)
        if impl in DEBUG:
            try:
                with start(impl, PROG_DEBUG.format(imp=DEBUG[impl])) as sh:
                    t = sh.expect(rb"MARK ONE")
                    r.add(impl, "breakpoint_ms", (sh.expect(DBG) - t) * 1000, "ms")
                    steps = []
                    for _i in range(21):
                        sh.quiet(0.08)
                        sh.consume()
                        sh.write(b"n")
                        sh.quiet(0.03)
                        sh.consume()
                        t = time.perf_counter()
                        sh.write(b"\r")
                        steps.append((sh.expect(rb"\n[^\n]*" + DBG) - t) * 1000)
                    r.add(impl, "step_ms", statistics.median(steps[1:]), "ms")
                    sh.quiet(0.1)
                    sh.write(b"b 1000000\r".replace(b"1000000", b"3"))
                    sh.quiet(0.3)
                    sh.write(b"disable 1\r")
                    sh.quiet(0.3)
                    sh.consume()
                    sh.write(b"c\r")
                    sh.expect(rb"SLOWDOWN [\d.]+\s", 120)
                    import re

                    r.add(
                        impl,
                        "trace_slowdown",
                        float(re.findall(rb"SLOWDOWN ([\d.]+)", sh.text())[-1]),
                        "ratio",
                    )
            except Timeout as e:
                note("FAILED debug", e)
r.done()
