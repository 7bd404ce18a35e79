"""Run every benchmark of this folder and print the table of docs/performance.md.

    python bench/kernel/table.py --peer python3 --ours nuncius-python [--quick]

Each row names the command that prints its figure; ours and the peer's come from one interleaved run of that command.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

#: what, command, figure (with {} for the kernel), unit, target
ROWS = (
    ("process start to first reply", "bench_start.py --kernels {peer},{ours},floor --no-jc --n {n}", "start.raw.{}.p50", "ms", "0.4 of the peer's"),
    ("first cell after that", "bench_start.py --kernels {peer},{ours},floor --no-jc --n {n}", "start.cell1.{}.p50", "ms", ""),
    ("orderly stop", "bench_start.py --kernels {peer},{ours},floor --no-jc --n {n}", "stop.{}.p50", "ms", "40 ms"),
    ("`pass` to reply", "bench_roundtrip.py --kernels {peer},{ours},floor", "rt.exec_reply.{}.p50", "ms", "0.3 of the peer's"),
    ("`pass` to idle", "bench_roundtrip.py --kernels {peer},{ours},floor", "rt.exec_idle.{}.p50", "ms", "0.3 of the peer's"),
    ("a result to idle", "bench_roundtrip.py --kernels {peer},{ours},floor", "rt.result.{}.p50", "ms", "1.0 ms"),
    ("kernel_info", "bench_roundtrip.py --kernels {peer},{ours},floor", "rt.info.{}.p50", "ms", "0.3 ms"),
    ("each of 1,000 queued cells", "bench_roundtrip.py --kernels {peer},{ours},floor", "rt.storm.{}.p50", "ms", "0.35 ms"),
    ("control while a cell computes, p50", "bench_roundtrip.py --kernels {peer},{ours},floor", "rt.busy.control.{}.p50", "ms", ""),
    ("control while a cell computes, p99", "bench_roundtrip.py --kernels {peer},{ours},floor", "rt.busy.control.{}.p99", "ms", "6 ms"),
    ("first printed byte", "bench_flood.py --kernels {peer},{ours} --rounds {r}", "flood.first_byte.{}.p50", "ms", "3 ms"),
    ("100,000 printed lines", "bench_flood.py --kernels {peer},{ours} --rounds {r}", "flood.print.{}.p50", "ms", "half the peer's"),
    ("20,000 flushed lines, reader asleep for 8 s", "bench_flood.py --kernels {peer},{ours} --rounds {r}", "flood.slow.{}.p50", "ms", "half the peer's"),
    ("… of them lost", "bench_flood.py --kernels {peer},{ours} --rounds {r}", "flood.slow.{}.lost", "lines", "none"),
    ("2,000 displays", "bench_flood.py --kernels {peer},{ours} --rounds {r}", "flood.display.{}.p50", "ms", "150 ms"),
    ("50 MiB buffer, kernel to client", "bench_buffers.py --kernels {peer},{ours}", "buf.k2c.{}.throughput", "MiB/s", "1,500 MiB/s"),
    ("50 MiB buffer, client to kernel", "bench_buffers.py --kernels {peer},{ours}", "buf.c2k.{}.throughput", "MiB/s", "1,500 MiB/s"),
    ("50 MiB image", "bench_buffers.py --kernels {peer},{ours}", "buf.png.{}.throughput", "MiB/s", ""),
    ("interrupt: loop", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.loop.{}.p50", "ms", "20 ms"),
    ("interrupt: sleep", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.sleep.{}.p50", "ms", "20 ms"),
    ("interrupt: await", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.await.{}.p50", "ms", "20 ms"),
    ("interrupt: child process", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.child.{}.p50", "ms", "20 ms"),
    ("interrupt: input()", "bench_interrupt.py --kernels {peer},{ours} --n {r}", "interrupt.input.{}.p50", "ms", "20 ms"),
    ("memory at start (PSS)", "bench_mem.py --kernels {peer},{ours} --cells 300 --idle 2", "mem.start.{}.pss", "MiB", "20 MiB"),
    ("threads", "bench_mem.py --kernels {peer},{ours} --cells 300 --idle 2", "mem.start.{}.threads", "", "6"),
    ("modules", "bench_mem.py --kernels {peer},{ours} --cells 300 --idle 2", "mem.start.{}.modules", "", ""),
    ("held of a failed cell's 200 MiB", "bench_mem.py --kernels {peer},{ours} --cells 300 --idle 2", "mem.exc.{}.still_held", "MiB", "none"),
    ("completion of `numpy.`, warm", "bench_complete.py --kernels {peer},{ours}", "complete.numpy_attr.{}.p50", "ms", "5 ms"),
    ("50 kernels, until all answer", "bench_fifty.py --kernels {peer},{ours}", "fifty.{}.all_ready", "ms", ""),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", default="python3")
    parser.add_argument("--ours", default="nuncius-python")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    values = {
        "peer": chosen.peer,
        "ours": chosen.ours,
        "n": 4 if chosen.quick else 9,
        "r": 1 if chosen.quick else 3,
    }
    figures: dict[str, dict[str, float]] = {}
    print("| figure | ours | peer | ratio | floor | aim |\n|---|---|---|---|---|---|")
    for what, template, name, unit, aim in ROWS:
        command = template.format(**values)
        if command not in figures:
            figures[command] = run(command)
        got = figures[command]
        ours, peer, floor = (got.get(name.format(k)) for k in (chosen.ours, chosen.peer, "floor"))
        ratio = f"{ours / peer:.2f}" if ours is not None and peer else ""
        print(
            f"| {what} | {show(ours, unit)} | {show(peer, unit)} | {ratio} | {show(floor, unit)} | {aim} |",
            flush=True,
        )
    print("\nCommands, from `bench/kernel/`:\n")
    for command in figures:
        print(f"    python {command}")


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
