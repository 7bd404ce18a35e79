"""Bracketed paste of a large program, then run it.

paste_settle_s  paste sent -> screen quiet (a person can act again)
paste_key_ms    a key typed right after, in that buffer
paste_run_s     Enter (twice) -> the program's last print is visible
paste_cpu_s     CPU of all of it
The text is N lines of ordinary code at top level (default 5,000); `--shape nested` nests it in one function.
Also `--raw`: the same text typed WITHOUT bracketed paste (an old terminal or `tmux send-keys`): checks that
auto-indent does not corrupt it (paste_raw_ok 1/0).
"""

import time

from ptybench import Report, Shell, Timeout, note, parse, parser

ap = parser(__doc__, "ipython,ptpython", 1)
ap.add_argument("-n", type=int, default=5000)
ap.add_argument("--shape", choices=["flat", "nested"], default="flat")
ap.add_argument("--raw", action="store_true")
ap.add_argument("--timeout", type=float, default=180)
a = parse(ap)
r = Report(a)
pad = "    " if a.shape == "nested" else ""
text = ("def program():\n" if pad else "") + "".join(
    f"{pad}v{i % 100} = {{'k': [{i}, {i + 1}], 'name': 'row {i}'}}\n" for i in range(a.n - 1)
)
text += f"{pad}print('PASTE', 'DONE', {a.n})\n" + ("\nprogram()\n" if pad else "")
marker = f"PASTE DONE {a.n}".encode()
for _ in range(a.rounds):
    for impl in a.impls:
        try:
            with Shell(impl) as sh:
                sh.wait_prompt()
                sh.quiet(0.3)
                c0 = sh.cpu_s()
                t = time.perf_counter()
                sh.paste(text)
                settled = sh.quiet(1.5, a.timeout) - t
                sh.consume()
                t = time.perf_counter()
                sh.write(b"#")
                try:
                    key = (sh.wait(lambda s: b"#" in s, 30) - t) * 1000
                except Timeout:
                    key = float("nan")
                sh.write(b"\x7f")
                sh.quiet(0.5, 30)
                sh.consume()
                t = time.perf_counter()
                sh.write(b"\r")
                sh.quiet(0.5, 30)
                if marker not in sh.text():
                    sh.write(b"\r")
                run = sh.wait(lambda s: marker in s, a.timeout, "end of the pasted program") - t
                r.add(impl, "paste_settle_s", settled, "s")
                r.add(impl, "paste_key_ms", key, "ms")
                r.add(impl, "paste_run_s", run, "s")
                r.add(impl, "paste_cpu_s", sh.cpu_s() - c0, "s")
        except Timeout as e:
            note("FAILED", e)
        if a.raw:
            try:
                with Shell(impl) as sh:
                    sh.wait_prompt()
                    sh.quiet(0.3)
                    sh.write(
                        b"def raw():\r    x = 1\r    if x:\r        x = 2\r    return x * 21\r\rprint('RAW', raw())\r"
                    )
                    sh.quiet(1.0)
                    r.add(impl, "paste_raw_ok", float(b"RAW 42" in sh.text(0)), "bool")
            except Timeout as e:
                note("FAILED raw", e)
r.done()
