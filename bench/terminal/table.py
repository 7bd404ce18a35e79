"""Run the benchmarks of this folder and print the terminal's table of docs/performance.md.

    PEERS_BIN=/path/to/peers/bin:.venv/bin python bench/terminal/table.py [--quick] [--write] [--only WORD]

All shells of a row come from one run of one command, in turns. A figure is the median of its rounds; the ratio of the best of both sides stands beside that of the medians, since other work on the machine makes figures worse and never better. `python` is the plain REPL, `pyrepl` that of Python 3.13 ($BENCH_PYTHON313, or pyenv's); both have no answer to some rows.
With --write the table takes the place of the one in docs/performance.md; with --only as well, only those rows do.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- terminal: begin -->", "<!-- terminal: end -->"
SHELLS = ("nuncius", "ipython", "ptpython", "python", "pyrepl")

START = "startup.py --impl {all} --rounds {n} --idle 0"
ONESHOT = "oneshot.py --impl nuncius,ipython,python --rounds {n}"
KEYS = "keystroke.py --impl nuncius,ipython,ptpython --settings empty,cell500,mid500 --keys 40 --rounds {r}"
PASTE = "paste.py --impl nuncius,ipython,ptpython --rounds {r}"
HISTORY = "history.py --impl nuncius,ipython --rounds {r}"

#: what, command, figures that are added up, unit, aim as a part of IPython's
ROWS = (
    ("first prompt", START, ("prompt_ms",), "ms", 0.5),
    ("first result that was typed ahead", START, ("first_result_ms",), "ms", 0.5),
    ("CPU until the prompt waits", START, ("startup_cpu_s",), "s", None),
    ("memory at the prompt", START, ("rss_mib",), "MiB", 0.67),
    ("`-c pass`", ONESHOT, ("oneshot_ms",), "ms", 0.25),
    ("`-c pass`, CPU", ONESHOT, ("oneshot_cpu_ms",), "ms", 0.25),
    ("key echo, p95", KEYS, ("key_empty_p95_ms",), "ms", None),
    ("key echo at the end of 500 lines, p95", KEYS, ("key_cell500_p95_ms",), "ms", 0.5),
    ("key echo in the middle of 500 lines, p95", KEYS, ("key_mid500_p95_ms",), "ms", 0.5),
    ("5,000 lines pasted and run", PASTE, ("paste_settle_s", "paste_run_s"), "s", 0.2),
    ("5,000 lines pasted and run, CPU", PASTE, ("paste_cpu_s",), "s", 0.2),
    ("first prompt with an empty history", HISTORY, ("hist0_prompt_ms",), "ms", None),
    ("first prompt with a history of 200,000", HISTORY, ("hist_prompt_ms",), "ms", None),
    ("Ctrl-R to an input 150,000 ago", HISTORY, ("hist_ctrlr_ms",), "ms", None),
    ("a cell with that history", HISTORY, ("hist_commit_ms",), "ms", None),
    ("a cell with that history, CPU", HISTORY, ("hist_cpu_ms",), "ms", None),
)  # fmt: skip

FIGURE = re.compile(r"^(\w+)\.([\w-]+) ([\d.e+-]+|nan) \S+(?:  # n=\d+ min=([\d.e+-]+|nan) max=)?")


@dataclass(frozen=True)
class Figure:
    """One figure of one shell: the median, and the best of its rounds."""

    median: float
    best: float

    def __add__(self, other: Figure) -> Figure:
        return Figure(self.median + other.median, self.best + other.best)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    chosen = parser.parse_args()
    rounds = {"n": 3 if chosen.quick else 9, "r": 2 if chosen.quick else 3}
    rounds_all = {**rounds, "all": ",".join(SHELLS)}
    figures: dict[str, dict[tuple[str, str], Figure]] = {}
    lines = [
        f"| figure | {' | '.join(SHELLS)} | of IPython's | best of best | aim |",
        "|---" * (len(SHELLS) + 4) + "|",
    ]
    print("\n".join(lines))
    for what, template, names, unit, aim in ROWS:
        if chosen.only not in what:
            continue
        command = template.format(**rounds_all)
        if command not in figures:
            figures[command] = run(command)
        row = [total(figures[command], names, shell) for shell in SHELLS]
        ours, theirs = row[0], row[1]
        ratios = ["", ""]
        if ours is not None and theirs is not None and theirs.median == theirs.median:
            ratios = [f"{ours.median / theirs.median:.2f}", f"{ours.best / theirs.best:.2f}"]
        shown = [show(figure, unit) for figure in row]
        lines.append(f"| {' | '.join([what, *shown, *ratios, f'{aim:g}' if aim else ''])} |")
        print(lines[-1], flush=True)
    load = f"Load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
    commands = "\n".join(f"    python {command}" for command in figures)
    lines += ["", f"{load} The commands behind the rows, from `bench/terminal/`:", "", commands]
    print("\n".join(lines[-4:]))
    if chosen.write:
        write(lines if not chosen.only else merged(lines))


def run(command: str) -> dict[tuple[str, str], Figure]:
    """Run one benchmark; return its figures by name and shell."""
    words = command.split()
    done = subprocess.run(
        [sys.executable, str(HERE / words[0]), *words[1:]],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=1800,
    )
    found: dict[tuple[str, str], Figure] = {}
    for line in done.stdout.splitlines():
        if match := FIGURE.match(line):
            name, shell, median, best = match.groups()
            found[name, shell] = Figure(float(median), float(best or median))
    return found


def total(
    figures: dict[tuple[str, str], Figure], names: tuple[str, ...], shell: str
) -> Figure | None:
    """Return the sum of some figures of a shell; None where it has none."""
    found = [figures[name, shell] for name in names if (name, shell) in figures]
    if len(found) < len(names):
        return None
    result = found[0]
    for figure in found[1:]:
        result = result + figure
    return result


def show(figure: Figure | None, unit: str) -> str:
    """Return a cell of the table."""
    if figure is None:
        return ""
    return "not found" if figure.median != figure.median else f"{figure.median:.3g} {unit}"


def merged(lines: list[str]) -> list[str]:
    """Return the lines of the page's table, with the rows that were measured now in place of the old ones."""
    now = {line.split("|")[1]: line for line in lines if line.startswith("|")}
    old = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()
    return [now.get(line.split("|")[1], line) if "|" in line else line for line in old.split("\n")]


def write(lines: list[str]) -> None:
    """Put the table between its marks in the page."""
    table = "\n".join(lines)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
