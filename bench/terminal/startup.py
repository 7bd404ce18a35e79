"""Start-up of interactive shells, measured where the person sits: through a terminal.

prompt_ms        spawn -> the first prompt is drawn
first_result_ms  spawn -> the result of `6*7` that was typed ahead at spawn is printed (a prompt drawn early over
                 an unready shell gains nothing here)
first_tab_ms     (with --tab) at an idle fresh prompt, `import os` done, `os.getlogi<Tab>` -> completed (unique match)
rss_mib, cpu_s   memory and CPU of the process tree at the settled first prompt
idle_cpu_ms_s    CPU milliseconds burned per second while idle at the prompt
Implementations are interleaved; read the ratios, not the absolute values.
"""

import time

from ptybench import Report, Shell, Timeout, note, parse, parser

ap = parser(__doc__, "python,ipython,ptpython", 7)
ap.add_argument("--tab", action="store_true")
ap.add_argument("--idle", type=float, default=3.0, help="seconds to watch idle CPU (0: skip)")
a = parse(ap)
r = Report(a)
for rnd in range(a.rounds + 1):  # round 0 warms the page cache and writes .pyc; thrown away
    for impl in a.impls:
        try:
            with Shell(impl) as sh:
                t = sh.wait_prompt() - sh.t0
                sh.quiet(1.0)  # what is loaded behind the prompt counts, too
                rss, cpu = sh.rss_mib(), sh.cpu_s()
                if rnd == 1 and a.idle:
                    time.sleep(0.2)
                    c0, w0 = sh.cpu_s(), time.perf_counter()
                    sh.quiet(a.idle, a.idle)
                    while time.perf_counter() - w0 < a.idle:
                        sh.pump(0.1)
                    r.add(
                        impl,
                        "idle_cpu_ms_s",
                        (sh.cpu_s() - c0) * 1000 / (time.perf_counter() - w0),
                        "ms/s",
                    )
                if a.tab:
                    sh.run("import os")
                    sh.consume()
                    sh.write(b"os.getlogi")
                    sh.quiet(0.2)
                    sh.consume()
                    w = time.perf_counter()
                    sh.write(b"\t")
                    tab = sh.wait(lambda s: b"n" in s, 15, "completion") - w
                    if rnd:
                        r.add(impl, "first_tab_ms", tab * 1000, "ms")
                    sh.write(b"\x03")
                    sh.quiet(0.2)
            with Shell(impl) as sh:
                sh.write(b"6*7\r")
                first = sh.expect(rb"\b42\b", 15) - sh.t0
            if rnd:
                r.add(impl, "prompt_ms", t * 1000, "ms")
                r.add(impl, "first_result_ms", first * 1000, "ms")
                r.add(impl, "rss_mib", rss, "MiB")
                r.add(impl, "startup_cpu_s", cpu, "s")
        except Timeout as e:
            note("FAILED", e)
r.done()
