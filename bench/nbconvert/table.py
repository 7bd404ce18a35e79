"""Measure everything beside the peer, in turns, and print the table of docs/performance.md.

    python bench/nbconvert/table.py --peer-prefix /opt/peers [--pandoc FILE] [--quick] [--write]

The peer needs pandoc for LaTeX: the one on PATH, or the program that --pandoc names. Its PDF comes from its own HTML and
Chromium, and from xelatex where that is installed; the faster one stands in the table.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- nbconvert: begin -->", "<!-- nbconvert: end -->"

START = "startup.py --repeat {n}"
CELLS = "convert.py --repeat {r} --inputs cells --formats markdown,script,latex"
API = "convert.py --repeat {r} --inputs cells --formats html --api"
BIG = "convert.py --repeat {r} --inputs big --formats html,latex"
BATCH = "batch.py --repeat {r}"
PDF = "pdf.py --repeat {r} --cells sample"
EXEC = "percell.py --repeat {r}"


@dataclass(frozen=True)
class Row:
    """One line of the table: what, the command, the name of its figures, and how often faster (cpu, wall) or smaller (rss) it should be."""

    what: str
    command: str
    name: str
    aim: str = ""
    ours: str = "nuncius"
    peers: tuple[str, ...] = ("peer",)


ROWS = (
    Row("`--version`", START, "startup.version"),
    Row("a small notebook to a script", START, "startup.script", "8 (CPU)"),
    Row("a small notebook to HTML", START, "startup.html", "8 (CPU)"),
    Row("1,000 cells to HTML, in the same process", API, "convert.cells.html.api", "15"),
    Row("1,000 cells to HTML", API, "convert.cells.html.cli", "12"),
    Row("1,000 cells to Markdown", CELLS, "convert.cells.markdown.cli"),
    Row("1,000 cells to a script", CELLS, "convert.cells.script.cli"),
    Row("1,000 cells to LaTeX", CELLS, "convert.cells.latex.cli", "8"),
    Row("50 MB of outputs to HTML", BIG, "convert.big.html.cli", "20; memory 0.33"),
    Row("50 MB of outputs to LaTeX", BIG, "convert.big.latex.cli"),
    Row("100 small notebooks to HTML, one command", BATCH, "batch.100.html", "15"),
    Row("100 small notebooks to Markdown", BATCH, "batch.100.markdown", "15"),
    Row("100 small notebooks to scripts", BATCH, "batch.100.script", "15"),
    Row("a report to PDF", PDF, "pdf.sample", "6", peers=("peer-xelatex", "peer-chromium")),
    Row("executing: the client's part of a cell", EXEC, "percell", "3 (CPU)", peers=("nbclient",)),
    Row("… by `NotebookClient`", EXEC, "percell", "3 (CPU)", ours="client", peers=("nbclient",)),
)

_LINE = re.compile(r"^([\w.+-]+)\s+(-?[\d.]+(?:e-?\d+)?)\s+(.*)$")


def main() -> int:
    chosen = arguments()
    values = {"n": 3 if chosen.quick else 7, "r": 1 if chosen.quick else 3}
    figures: dict[str, dict[str, float]] = {}
    lines = ["| figure | ours | peer | times less CPU | times faster | memory | aim |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    print(*lines, sep="\n")
    for row in ROWS:
        command = row.command.format(**values)
        if command not in figures:
            figures[command] = run(command, chosen)
        lines.append(line(row, figures[command]))
        print(lines[-1], flush=True)
    probes = [f"{name.split('.')[2]} {value:g}" for name, value in figures[PDF.format(**values)].items() if name.endswith("probes_found")]  # fmt: skip
    said = f"\nOf eight things in the report (CJK, math, a DataFrame's table, ...) the PDF has: {', '.join(probes)}."
    print(said)
    if chosen.write:
        write("\n".join([*lines, said]))
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--peer-prefix", default=os.environ.get("PEER_PREFIX", "/opt/peers"))
    parser.add_argument("--pandoc", type=Path, help="the program, if it is not on PATH")
    parser.add_argument("--quick", action="store_true", help="one run of each instead of three")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")  # fmt: skip
    return parser.parse_args()


def run(command: str, chosen: argparse.Namespace) -> dict[str, float]:
    """Run a benchmark; return its figures by name."""
    script, *words = command.split()
    beside = Path(sys.executable).parent / "nuncius"
    ours = f"{beside if beside.exists() else 'nuncius'} nbconvert"
    folders = [str(chosen.pandoc.parent)] if chosen.pandoc else []
    path = os.pathsep.join([*folders, os.environ["PATH"]])
    both = ["--impl", "both", "--peer-prefix", chosen.peer_prefix, "--nuncius-cmd", ours]
    if shutil.which("pandoc", path=path) is None:
        sys.stderr.write("no pandoc: the peer's LaTeX is left out (--pandoc FILE)\n")
    done = subprocess.run(
        [sys.executable, str(HERE / script), *words, *both],
        capture_output=True,
        text=True,
        cwd=HERE,
        env={**os.environ, "PATH": path},
        check=False,
    )
    for said in done.stdout.splitlines():
        if said.startswith("#"):
            sys.stderr.write(said + "\n")
    if done.returncode:
        sys.stderr.write(f"{command} failed:\n{done.stderr[-2000:]}\n")
    matches = (_LINE.match(said) for said in done.stdout.splitlines())
    return {match[1]: float(match[2]) for match in matches if match}


def line(row: Row, got: dict[str, float]) -> str:
    """Return a row of the table."""
    ours = sizes(row, row.ours, got)
    found = [sizes(row, name, got) for name in row.peers]
    peer = min((one for one in found if one), key=lambda one: one["cpu"], default={})
    times = {key: f"{peer[key] / ours[key]:.1f}" if ours.get(key) and peer.get(key) else "" for key in ("cpu", "wall")}  # fmt: skip
    memory = f"{ours['peak_rss'] / peer['peak_rss']:.2f}" if ours.get("peak_rss") and peer.get("peak_rss") else ""  # fmt: skip
    cells = [row.what, spelt(row, ours), spelt(row, peer), times["cpu"], times["wall"], memory, row.aim]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def sizes(row: Row, name: str, got: dict[str, float]) -> dict[str, float]:
    """Return what was measured of one side: seconds of CPU and of the clock, and peak memory in MB."""
    if row.name.endswith(".api"):
        return {"cpu": got[f"{row.name}.{name}"]} if f"{row.name}.{name}" in got else {}
    found = {key: got.get(f"{row.name}.{name}.{key}") for key in ("cpu", "wall", "peak_rss")}
    unit = 1e-3 if row.name == "percell" else 1
    return {key: value * (1 if key == "peak_rss" else unit) for key, value in found.items() if value}  # fmt: skip


def spelt(row: Row, side: dict[str, float]) -> str:
    seconds = side.get("cpu")
    if seconds is None:
        return ""
    return f"{seconds * 1e3:.3g} ms" if seconds < 0.95 else f"{seconds:.2f} s"


def write(table: str) -> None:
    """Put the table between its marks in the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has no {BEGIN} and {END}")
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
