"""Run every benchmark of this folder and print the table of docs/performance.md.

    python bench/kernel/table.py --peer python3 --ours nuncius-python --third xpython [--quick] [--write] [--only WORD]

Each row names the command that prints its figure; ours and the peer's come from one interleaved run of that command. A figure is the median; the ratio of the best of both sides stands beside that of the medians, since other work on the machine makes figures worse and never better.
With --write the table takes the place of the one in docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- table.py begins -->", "<!-- table.py ends -->"

#: what, command, figure (with {} for the kernel), unit, target
ROWS = (
    ("process start to first reply", "bench_start.py --kernels {peer},{ours},floor{third} --no-jc --n {n}", "start.raw.{}.p50", "ms", "0.4 of the peer's"),
    ("first cell after that", "bench_start.py --kernels {peer},{ours},floor{third} --no-jc --n {n}", "start.cell1.{}.p50", "ms", ""),
    ("orderly stop", "bench_start.py --kernels {peer},{ours},floor{third} --no-jc --n {n}", "stop.{}.p50", "ms", "40 ms"),
    ("`pass` to reply", "bench_roundtrip.py --kernels {peer},{ours},floor{third}", "rt.exec_reply.{}.p50", "ms", "0.3 of the peer's"),
    ("`pass` to idle", "bench_roundtrip.py --kernels {peer},{ours},floor{third}", "rt.exec_idle.{}.p50", "ms", "0.3 of the peer's"),
    ("a result to idle", "bench_roundtrip.py --kernels {peer},{ours},floor{third}", "rt.result.{}.p50", "ms", "1.0 ms"),
    ("kernel_info", "bench_roundtrip.py --kernels {peer},{ours},floor{third}", "rt.info.{}.p50", "ms", "0.3 ms"),
    ("each of 1,000 queued cells", "bench_roundtrip.py --kernels {peer},{ours},floor{third}", "rt.storm.{}.p50", "ms", "0.35 ms"),
    ("control while a cell computes, p50", "bench_roundtrip.py --kernels {peer},{ours},floor{third}", "rt.busy.control.{}.p50", "ms", ""),
    ("control while a cell computes, p99", "bench_roundtrip.py --kernels {peer},{ours},floor{third}", "rt.busy.control.{}.p99", "ms", "6 ms"),
    ("first printed byte", "bench_flood.py --kernels {peer},{ours}{third} --rounds {r}", "flood.first_byte.{}.p50", "ms", "3 ms"),
    ("100,000 printed lines", "bench_flood.py --kernels {peer},{ours}{third} --rounds {r}", "flood.print.{}.p50", "ms", "half the peer's"),
    ("10,000 lines of a child process", "bench_flood.py --kernels {peer},{ours}{third} --rounds {r}", "flood.sub.{}.p50", "ms", "the peer's"),
    ("20,000 flushed lines, reader asleep for 8 s", "bench_flood.py --kernels {peer},{ours}{third} --rounds {r}", "flood.slow.{}.p50", "ms", "half the peer's"),
    ("… of them lost", "bench_flood.py --kernels {peer},{ours}{third} --rounds {r}", "flood.slow.{}.lost", "lines", "none"),
    ("2,000 displays", "bench_flood.py --kernels {peer},{ours}{third} --rounds {r}", "flood.display.{}.p50", "ms", "150 ms"),
    ("50 MiB buffer, kernel to client", "bench_buffers.py --kernels {peer},{ours}", "buf.k2c.{}.throughput", "MiB/s", "1,500 MiB/s"),
    ("50 MiB buffer, client to kernel", "bench_buffers.py --kernels {peer},{ours}", "buf.c2k.{}.throughput", "MiB/s", "1,500 MiB/s"),
    ("50 MiB image", "bench_buffers.py --kernels {peer},{ours}", "buf.png.{}.throughput", "MiB/s", ""),
    ("50 MiB, kernel to our client", "bench_zero_copy.py --kernels {ours}", "zerocopy.k2c.{}.best", "MiB/s", "1,500 MiB/s"),
    ("50 MiB, our client to kernel", "bench_zero_copy.py --kernels {ours}", "zerocopy.c2k.{}.best", "MiB/s", "1,500 MiB/s"),
    ("a bare TCP connection, 50 MiB", "floor_bandwidth.py", "floor.socketpair.tcp", "MiB/s", ""),
    ("two bare ZeroMQ sockets, 50 MiB", "floor_bandwidth.py", "floor.zmq.tcp.zero", "MiB/s", ""),
    ("interrupt: loop", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.loop.{}.p50", "ms", "20 ms"),
    ("interrupt: sleep", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.sleep.{}.p50", "ms", "20 ms"),
    ("interrupt: await", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.await.{}.p50", "ms", "20 ms"),
    ("interrupt: child process", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.child.{}.p50", "ms", "20 ms"),
    ("interrupt: input()", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.input.{}.p50", "ms", "20 ms"),
    ("memory at start (PSS)", "bench_mem.py --kernels {peer},{ours}{third} --cells 300 --idle 2", "mem.start.{}.pss", "MiB", "20 MiB"),
    ("threads", "bench_mem.py --kernels {peer},{ours}{third} --cells 300 --idle 2", "mem.start.{}.threads", "", "6"),
    ("modules", "bench_mem.py --kernels {peer},{ours}{third} --cells 300 --idle 2", "mem.start.{}.modules", "", ""),
    ("held of a failed cell's 200 MiB", "bench_mem.py --kernels {peer},{ours}{third} --cells 300 --idle 2", "mem.exc.{}.still_held", "MiB", "none"),
    ("the first completion of a kernel", "bench_complete.py --kernels {peer},{ours}{third}", "complete.name.{}.cold", "ms", "30 ms"),
    ("completion of `numpy.`, p95", "bench_complete.py --kernels {peer},{ours}{third}", "complete.numpy_all.{}.p95", "ms", "5 ms"),
    ("completion of `df.` with 200 columns, p95", "bench_complete.py --kernels {peer},{ours}{third}", "complete.df_attr.{}.p95", "ms", "5 ms"),
    ("completion of a dictionary's keys, p95", "bench_complete.py --kernels {peer},{ours}{third}", "complete.dict_key.{}.p95", "ms", "5 ms"),
    ("inspecting a function, p50", "bench_complete.py --kernels {peer},{ours}{third}", "inspect.function.{}.p50", "ms", "1 ms"),
    ("inspecting a DataFrame, p50", "bench_complete.py --kernels {peer},{ours}{third}", "inspect.df_obj.{}.p50", "ms", "1 ms"),
    ("a cell in the same process, beyond its code", "bench_inprocess.py", "inprocess.overhead.best", "us", "50 us"),
    ("50 kernels, until all answer", "bench_fifty.py --kernels {peer},{ours}", "fifty.{}.all_ready", "ms", ""),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", default="python3")
    parser.add_argument("--ours", default="nuncius-python")
    parser.add_argument(
        "--third",
        default="xpython",
        help="another peer, in a column of its own where its kernel can do what is measured; empty for none",
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    parser.add_argument("--only", default="", help="rows whose command has this in it")
    chosen = parser.parse_args()
    if chosen.write and chosen.only:
        parser.error("--write takes all rows")
    values = {
        "peer": chosen.peer,
        "ours": chosen.ours,
        "third": f",{chosen.third}" if chosen.third else "",
        "n": 4 if chosen.quick else 9,
        "r": 1 if chosen.quick else 3,
    }
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    began = os.getloadavg()[0]
    figures: dict[str, dict[str, float]] = {}
    say(f"| figure | ours | peer | ratio | of the best | {chosen.third or 'third'} | floor | aim |")
    say("|---|---|---|---|---|---|---|---|")
    for row in ROWS:
        command = row[1].format(**values)
        if chosen.only not in command:
            continue
        if command not in figures:
            figures[command] = run(command)
        say(cells(row, figures[command], chosen.ours, chosen.peer, chosen.third))
    say("")
    say(
        f"{os.cpu_count()} processors, Python {platform.python_version()}; load average {began:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end. The commands, from `bench/kernel/`:"
    )
    say("")
    for command in figures:
        say(f"    python {command}")
    if chosen.write:
        write("\n".join(lines))


def cells(row: tuple[str, ...], got: dict[str, float], ours: str, peer: str, third: str) -> str:
    """Return a row of the table."""
    what, _, name, unit, aim = row
    mine = got.get(name.format(ours))
    others = (peer, third, "floor")
    theirs, thirds, floor = (got.get(name.format(k)) if "{}" in name else None for k in others)
    best = name.replace(".p50", ".min").replace(".throughput", ".best")
    ratio = quotient(mine, theirs)
    of_best = quotient(got.get(best.format(ours)), got.get(best.format(peer))) if theirs else ""
    shown = [show(value, unit) for value in (mine, theirs)]
    return f"| {what} | {' | '.join(shown)} | {ratio} | {of_best if best != name else ''} | {show(thirds, unit)} | {show(floor, unit)} | {aim} |"


def quotient(one: float | None, other: float | None) -> str:
    return f"{one / other:.2f}" if one is not None and other else ""


def write(table: str) -> None:
    """Put the table between its marks in the page."""
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{PAGE} has no lines {BEGIN} and {END}")
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


def run(command: str) -> dict[str, float]:
    """Return the figures that a benchmark prints, by name."""
    done = subprocess.run(
        [sys.executable, *command.split()], cwd=HERE, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stderr[-500:], file=sys.stderr)
    found = {}
    for line in done.stdout.splitlines():
        words = line.split()
        if len(words) == 3:
            found[words[0]] = float(words[1])
        elif words[:1] in (["FAIL"], ["NOTE"]):
            print(line, file=sys.stderr)
    return found


def show(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3g} {unit}".strip()


if __name__ == "__main__":
    main()
