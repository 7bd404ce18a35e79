"""`SHELL -c pass`: whole-process wall time, CPU, peak RSS; and (optionally) the number of modules left imported.

Also runs a small real script the same way (--script), because a lazily-importing shell may only move the cost.
"""

import os
import subprocess
import tempfile
import time

from ptybench import IMPLS, Report, note, parse, parser

ap = parser(__doc__, "python,ipython,ptpython", 9)
ap.add_argument("--code", default="pass")
ap.add_argument("--modules", action="store_true", help="also count sys.modules")
a = parse(ap)
r = Report(a)


def once(impl, code, stdout=subprocess.DEVNULL):
    spec = IMPLS[impl]
    with tempfile.TemporaryDirectory() as home:
        env = dict(
            os.environ,
            HOME=home,
            TERM="xterm-256color",
            **{k: v.format(home=home) for k, v in spec.get("env", {}).items()},
        )
        t = time.perf_counter()
        p = subprocess.Popen(
            spec["oneshot"](code),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            env=env,
        )
        out = p.stdout.read() if p.stdout else b""
        _, status, ru = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        return time.perf_counter() - t, ru, p.returncode, out


for rnd in range(a.rounds + 1):
    for impl in a.impls:
        if "oneshot" not in IMPLS[impl]:
            if rnd == 0:
                note(impl, "has no -c form; skipped")
            continue
        wall, ru, rc, _ = once(impl, a.code)
        if rnd == 0:
            if rc:
                note(impl, "exit status", rc)
            continue
        r.add(impl, "oneshot_ms", wall * 1000, "ms")
        r.add(impl, "oneshot_cpu_ms", (ru.ru_utime + ru.ru_stime) * 1000, "ms")
        r.add(impl, "oneshot_maxrss_mib", ru.ru_maxrss / 1024, "MiB")
if a.modules:
    for impl in a.impls:
        if "oneshot" in IMPLS[impl]:
            out = once(impl, "import sys; print('MODS', len(sys.modules))", subprocess.PIPE)[3]
            r.add(impl, "modules", int(out.split(b"MODS")[1].split()[0]), "count")
r.done()
