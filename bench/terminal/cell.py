"""The loop a person lives in: run cells, print a lot, interrupt, fail, enter the debugger.

cell_ms            Enter on `1+1` -> next prompt drawn (median)
cell_cpu_ms        CPU of one such cell (all processes)
out_mb_s           a cell that prints --mb MB in short lines: MB per second until the next prompt
out_cpu_s_per_mb
interrupt_loop_ms  Ctrl-C in `while True: pass` -> next prompt         interrupt_sleep_ms  the same in time.sleep(20)
..._usable_ms      Ctrl-C -> the output of the next cell (nan: not within 20 s)
error_ms           `1/0` -> traceback and next prompt, repeated        error_first_ms  the first one (lazy imports)
deep_error_ms      RecursionError with 950 frames
lib_error_ms       an exception 12 frames inside generated 4,000-line source files
shell_ms           `!true` -> next prompt (classic shells only)
debug_ms           `%debug` after the error -> debugger prompt (shells that have it)
Two-process consoles (jupyter-console, nuncius-console) take the same script.
"""

import statistics
import time

from ptybench import Report, Shell, Timeout, note, parse, parser

ap = parser(__doc__, "ipython,jupyter-console", 1)
ap.add_argument("--cells", type=int, default=30)
ap.add_argument("--mb", type=float, default=5)
a = parse(ap)
r = Report(a)
SRC = """import textwrap, linecache, importlib.util, sys
body = ''.join(f'def pad_{i}(a, b):\\n    return a + b * {i}\\n\\n' for i in range(1300))
body += ''.join(f'def f{i}(x):\\n    local_{i} = list(range(50))\\n    return f{i+1}(x)\\n\\n' for i in range(12)) + 'def f12(x):\\n    return x / 0\\n'
open('bigmod_x.py', 'w').write(body)
sys.path.insert(0, '')
import bigmod_x
"""


def interrupt(sh, line):
    sh.quiet(0.1)
    sh.consume()
    sh.write(line.encode())
    sh.quiet(0.1)
    sh.write(b"\r")
    sh.quiet(0.6, 1.0)
    time.sleep(0.3)
    sh.consume()
    t = time.perf_counter()
    sh.write(b"\x03")
    try:
        prompt = (sh.wait_prompt(15, new=True) - t) * 1000
    except Timeout:
        prompt = float("nan")
    sh.consume()
    sh.write(
        b"print('ALI' + 'VE')\r"
    )  # a prompt over a kernel that still runs the old cell is no interrupt
    try:
        usable = (sh.wait(lambda s: b"ALIVE" in s, 20, "the next cell's output") - t) * 1000
    except Timeout:
        usable = float("nan")
    sh.quiet(0.2)
    return prompt, usable


for _ in range(a.rounds):
    for impl in a.impls:
        try:
            with Shell(impl) as sh:
                sh.wait_prompt(60)
                sh.quiet(0.5)
                sh.run("1+1")
                c0 = sh.cpu_s()
                times = [sh.run("1+1") * 1000 for _ in range(a.cells)]
                r.add(impl, "cell_ms", statistics.median(times), "ms")
                r.add(impl, "cell_cpu_ms", (sh.cpu_s() - c0) * 1000 / a.cells, "ms")

                n = int(a.mb * 1e6 / 60)
                c0 = sh.cpu_s()
                sec = sh.run(
                    f"for i in range({n}): print('line', i, '.' * 44)"
                    if impl not in ("python", "pyrepl")
                    else f"[print('line', i, '.' * 44) for i in range({n})][0]",
                    300,
                )
                r.add(impl, "out_mb_s", a.mb / sec, "MB/s")
                r.add(impl, "out_cpu_s_per_mb", (sh.cpu_s() - c0) / a.mb, "s/MB")
                sh.raw.clear()
                sh.mark = sh.qpos = 0

                r.add(impl, "error_first_ms", sh.run("1/0") * 1000, "ms")
                r.add(
                    impl,
                    "error_ms",
                    statistics.median(sh.run("1/0") * 1000 for _ in range(5)),
                    "ms",
                )
                sh.run("def deep(n): return deep(n + 1)") if impl not in (
                    "python",
                    "pyrepl",
                    "ptpython",
                ) else sh.run("deep = lambda n: deep(n + 1)")
                r.add(impl, "deep_error_ms", sh.run("deep(0)", 60) * 1000, "ms")
                sh.run("exec(" + repr(SRC) + ")", 60)
                sh.run("bigmod_x.f0(1)", 60)
                r.add(impl, "lib_error_ms", sh.run("bigmod_x.f0(1)", 60) * 1000, "ms")
                if impl in ("ipython", "nuncius"):
                    r.add(
                        impl,
                        "shell_ms",
                        statistics.median(sh.run("!true") * 1000 for _ in range(5)),
                        "ms",
                    )
                    sh.run("1/0")
                    sh.consume()
                    sh.write(b"%debug")
                    sh.quiet(0.2)
                    sh.consume()
                    t = time.perf_counter()
                    sh.write(b"\r")
                    r.add(impl, "debug_ms", (sh.expect(r"(i?pdb|\(Pdb\)).{0,4}>") - t) * 1000, "ms")
                    sh.write(b"q\r")
                    sh.quiet(0.5)
                sh.run("import time")
                for name, line in [("loop", "while True: pass"), ("sleep", "time.sleep(20)")]:
                    if impl in ("python", "pyrepl") and name == "loop":
                        line = "[0 for _ in iter(int, 1)]"
                    prompt, usable = interrupt(sh, line)
                    r.add(impl, f"interrupt_{name}_ms", prompt, "ms")
                    r.add(impl, f"interrupt_{name}_usable_ms", usable, "ms")
        except Timeout as e:
            note("FAILED", e)
r.done()
