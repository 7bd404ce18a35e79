"""Keystroke-to-echo latency: one key is written to the pty; the clock stops at the read that shows its character.

Settings (each is one shell process per implementation, implementations interleaved per round):
  empty       a fresh prompt
  cell50/500  the buffer already holds a 50 / 500-line cell (bracketed paste); keys typed at its end
  mid500      the same 500-line cell, cursor moved up 200 lines
  longline    one line of 4,000 characters; keys typed at its end
  hist        (with --hist N) the history store holds N entries: every keystroke may search suggestions in it
median and p95 over --keys keys. A person notices >50 ms; a fast typist or key repeat sends one per 30 ms.
`cpu_ms_per_key` is the CPU that one key costs, the number that stays honest on a busy machine.
"""

import statistics
import tempfile
import time

from ptybench import Report, Shell, Timeout, note, parse, parser, seed_history

ap = parser(__doc__, "ipython,ptpython", 1)
ap.add_argument("--keys", type=int, default=60)
ap.add_argument(
    "--hist",
    type=int,
    default=0,
    help="seed the history store with this many entries (implementations that declare one)",
)
ap.add_argument("--settings", default="empty,cell50,cell500,mid500,longline,hist")
a = parse(ap)
r = Report(a)
ALPHA = b"qzxwvkjyphbg"


def cell(n):
    body = "".join(
        f"    value_{i} = compute('text {i}', [{i}, {i + 1}], key={{'a': {i}}})  # note {i}\n"
        for i in range(n - 2)
    )
    return "def big_function(argument):\n" + body + "    "


def type_keys(sh, n):
    lat = []
    sh.quiet(0.3)
    c0 = sh.cpu_s()
    for i in range(n):
        ch = ALPHA[i % len(ALPHA) : i % len(ALPHA) + 1]
        sh.quiet(0.03, 5)
        sh.consume()
        t = time.perf_counter()
        sh.write(ch)
        lat.append((sh.wait(lambda s: ch in s, 10, f"echo of {ch!r}") - t) * 1000)
    sh.quiet(0.2)
    return lat, (sh.cpu_s() - c0) * 1000 / n


def prepare(sh, setting):
    if setting.startswith(("cell", "mid")):
        n = int(setting.lstrip("celmid"))
        sh.paste(cell(n))
        sh.quiet(1.0, 60)
        if setting.startswith("mid"):
            for _ in range(20):
                sh.write(b"\x1b[A" * 10)
                sh.quiet(0.15, 10)
            sh.write(b"\x05")  # end of that line
            sh.quiet(0.3)
    elif setting == "longline":
        sh.paste("x = [" + "1234567, " * 440)
        sh.quiet(1.0, 60)


for _ in range(a.rounds):
    for setting in a.settings.split(","):
        if setting == "hist" and not a.hist:
            continue
        for impl in a.impls:
            try:
                home = None
                if setting == "hist":
                    home = tempfile.mkdtemp(prefix="ptybench-")
                    if not seed_history(impl, home, a.hist):
                        note(impl, "declares no history store; skipped for hist")
                        continue
                with Shell(impl, home=home) as sh:
                    sh.wait_prompt()
                    sh.quiet(0.4)
                    prepare(sh, setting)
                    type_keys(sh, 5)  # warm (lexer import etc.)
                    lat, cpu = type_keys(sh, a.keys)
                    lat.sort()
                    r.add(impl, f"key_{setting}_median_ms", statistics.median(lat), "ms")
                    r.add(
                        impl,
                        f"key_{setting}_p95_ms",
                        lat[min(len(lat) - 1, int(len(lat) * 0.95))],
                        "ms",
                    )
                    r.add(impl, f"key_{setting}_cpu_ms", cpu, "ms")
                    sh.write(b"\x03")
                    sh.quiet(0.3)
            except Timeout as e:
                note("FAILED", setting, e)
r.done()
