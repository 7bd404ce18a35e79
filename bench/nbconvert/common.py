"""Shared pieces of the nbconvert-area benchmarks: notebook generators, command runner, A/B interleaving.

No third-party import at module level: a notebook is plain JSON written by json.dump, so that the generator
can't favour anybody.  Deterministic (seeded).

Who is measured
  peer     the `jupyter-nbconvert` / `jupyter-execute` / `papermill` next to the interpreter that runs the script
           (override: --peer-prefix DIR, or env PEER_PREFIX), imported modules: nbconvert, nbclient, papermill
  nuncius  --nuncius-cmd "CMD" (default env NUNCIUS_NBCONVERT or `nuncius nbconvert`): must take nbconvert's flags;
           in-process runs import --nuncius-module (default env NUNCIUS_MODULE or `nuncius.nbconvert`)
Output lines:  name value unit
"""

import argparse
import base64
import json
import os
import random
import shlex
import shutil
import statistics
import struct
import subprocess
import tempfile
import threading
import time
import zlib

RNG = random.Random(20240501)


# ---------------------------------------------------------------- generators
def png(width, height, rng, noise=True):
    """A valid PNG; noise=True is incompressible (size ~ 3*w*h bytes)."""
    row = 3 * width
    if noise:
        raw = b"".join(b"\0" + rng.randbytes(row) for _ in range(height))
        level = 0
    else:
        raw = b"".join(
            b"\0" + bytes((x * 7 + y * 3) & 255 for x in range(row)) for y in range(height)
        )
        level = 6

    def chunk(t, d):
        c = struct.pack(">I", len(d)) + t + d
        return c + struct.pack(">I", zlib.crc32(t + d))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(raw, level))
        + chunk(b"IEND", b"")
    )


def df_html(rows, cols, rng):
    head = "".join(f"<th>c{j}</th>" for j in range(cols))
    body = "".join(
        "<tr><th>%d</th>%s</tr>\n"
        % (i, "".join(f"<td>{rng.random():.6f}</td>" for _ in range(cols)))
        for i in range(rows)
    )
    return (
        "<div>\n<style scoped>\n    .dataframe tbody tr th {\n        vertical-align: top;\n    }\n</style>\n"
        f'<table border="1" class="dataframe">\n<thead><tr style="text-align: right;"><th></th>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>'
    )


WORDS = (
    "notebook kernel message the of a converted cell output and with math table figure result value data we "
    "compute mean variance model parameter estimate sample distribution error vector matrix function"
).split()
CODE = '''import numpy as np
import pandas as pd
from collections import defaultdict


def step_{i}(x, y=3.0, *, name="value", verbose=False):
    """Compute step {i} of the pipeline."""
    total = defaultdict(float)
    for k, v in enumerate(x):
        if v is None or k % 7 == {m}:  # skip
            continue
        total[name] += v ** 2 / (1 + y)
    if verbose:
        print(f"step {i}: {{total[name]:.3f}}")
    return {{**total, "i": {i}}}


result_{i} = step_{i}(np.arange({n}), verbose=True)
result_{i}'''


def sentence(rng, n):
    return " ".join(rng.choice(WORDS) for _ in range(n)).capitalize() + "."


def md_cell(i, rng):
    k = i % 5
    parts = [
        f"## Section {i}: {sentence(rng, 4)}\n\n{sentence(rng, 30)} See [the docs](https://example.org/{i}) and `code_{i}`, *emphasis*, **strong**.\n"
    ]
    if k in (0, 3):
        parts.append(
            f"Inline math $x_{{{i}}}^2 + \\alpha_{{{i}}} = \\frac{{1}}{{2}}$ and display:\n\n$$\\int_0^{{{i}}} e^{{-x^2}}\\,dx = \\sum_{{k=1}}^n \\beta_k$$\n"
        )
    if k == 1:
        parts.append(
            "".join(
                f"- {sentence(rng, 8)}\n" + (f"  - {sentence(rng, 6)}\n" if j % 3 == 0 else "")
                for j in range(6)
            )
        )
    if k == 2:
        parts.append(
            "| name | value | note |\n|:-----|------:|:----:|\n"
            + "".join(f"| n{j} | {rng.random():.3f} | {sentence(rng, 2)} |\n" for j in range(6))
        )
    if k == 4:
        parts.append(
            "```python\nfor i in range(10):\n    print(i)\n```\n\n> "
            + sentence(rng, 20)
            + "\n\n<b>inline html</b> & entities &amp; more\n"
        )
    return {"cell_type": "markdown", "id": f"md-{i}", "metadata": {}, "source": "\n".join(parts)}


def code_cell(i, count, rng, kinds, png_data):
    outs = []
    for kind in kinds:
        if kind == "stream":
            outs.append(
                {
                    "output_type": "stream",
                    "name": "stdout",
                    "text": "".join(
                        f"step {i} line {j}: \x1b[32m{rng.random():.5f}\x1b[0m ok\n"
                        for j in range(12)
                    ),
                }
            )
        elif kind == "df":
            outs.append(
                {
                    "output_type": "execute_result",
                    "execution_count": count,
                    "metadata": {},
                    "data": {
                        "text/html": df_html(10, 5, rng),
                        "text/plain": "   c0 c1 c2\n0  1  2  3\n" * 4,
                    },
                }
            )
        elif kind == "text":
            outs.append(
                {
                    "output_type": "execute_result",
                    "execution_count": count,
                    "metadata": {},
                    "data": {"text/plain": f"{{'value': {rng.random()}, 'i': {i}}}"},
                }
            )
        elif kind == "png":
            outs.append(
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {
                        "image/png": png_data,
                        "text/plain": "<Figure size 640x480 with 1 Axes>",
                    },
                }
            )
        elif kind == "error":
            outs.append(
                {
                    "output_type": "error",
                    "ename": "ValueError",
                    "evalue": f"bad {i}",
                    "traceback": [
                        "\x1b[31m" + "-" * 75 + "\x1b[39m",
                        "\x1b[31mValueError\x1b[39m                                Traceback (most recent call last)",
                        f"\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[{count}]\x1b[39m\x1b[32m, line 1\x1b[39m\n\x1b[32m----> \x1b[39m\x1b[32m1\x1b[39m step()",
                        f"\x1b[31mValueError\x1b[39m: bad {i}",
                    ],
                }
            )
    return {
        "cell_type": "code",
        "id": f"code-{i}",
        "metadata": {"tags": []} if i % 9 else {"tags": ["keep"]},
        "execution_count": count,
        "source": CODE.format(i=i, m=i % 7, n=i % 50 + 1),
        "outputs": outs,
    }


def nb(cells):
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {
                "name": "python",
                "version": "3.11.7",
                "file_extension": ".py",
                "mimetype": "text/x-python",
                "pygments_lexer": "ipython3",
                "codemirror_mode": {"name": "ipython", "version": 3},
                "nbconvert_exporter": "python",
            },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def gen_cells(path, n=1000):
    """n cells: 2/5 Markdown, 3/5 code with mixed outputs (text, ANSI stream, DataFrame HTML, small PNG, traceback)."""
    rng = random.Random(1)
    small = base64.b64encode(png(160, 100, rng, noise=False)).decode()
    kinds = [
        ["stream"],
        ["df"],
        ["text"],
        [],
        ["stream", "text"],
        ["png"],
        ["df", "stream"],
        ["error"],
        ["text"],
        ["png", "text"],
    ]
    cells, count = [], 0
    for i in range(n):
        if i % 5 in (0, 2):
            cells.append(md_cell(i, rng))
        else:
            count += 1
            cells.append(code_cell(i, count, rng, kinds[count % len(kinds)], small))
    dump(path, nb(cells))


def gen_big(path, mb=50):
    """~mb MB of outputs in 100 code cells: 80 % base64 PNG, 10 % stream text, 10 % HTML table."""
    rng = random.Random(2)
    side = int(((mb * 0.8e6 * 0.75 / 80) / 3) ** 0.5)
    cells = []
    for i in range(100):
        c = code_cell(i, i + 1, rng, [], "")
        if i % 5:
            c["outputs"].append(
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {
                        "image/png": base64.b64encode(png(side, side, rng)).decode(),
                        "text/plain": "<Figure>",
                    },
                }
            )
        elif i % 10:
            c["outputs"].append(
                {
                    "output_type": "stream",
                    "name": "stdout",
                    "text": "".join(
                        f"{j} \x1b[31m{rng.random()}\x1b[0m {sentence(rng, 6)}\n"
                        for j in range(int(mb * 1e4 / 78))
                    ),
                }
            )
        else:
            c["outputs"].append(
                {
                    "output_type": "execute_result",
                    "execution_count": i + 1,
                    "metadata": {},
                    "data": {"text/html": df_html(int(mb * 1e4 / 105), 5, rng), "text/plain": "df"},
                }
            )
        cells.append(c)
    dump(path, nb(cells))


def gen_exec(path, n=200, payload="light"):
    """n code cells to execute. light: expression + print; the time measured is protocol and client, not user code."""
    cells = [
        {
            "cell_type": "code",
            "id": f"x-{i}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": f"print('cell {i}')\n{i} ** 2"
            if payload == "light"
            else f"for j in range(50): print({i}, j, flush=True)\n{i}",
        }
        for i in range(n)
    ]
    dump(path, nb(cells))


def gen_tiny(path):
    dump(
        path,
        nb(
            [
                {
                    "cell_type": "markdown",
                    "id": "a",
                    "metadata": {},
                    "source": "# Tiny\n\nOne *line* and $x^2$.",
                },
                {
                    "cell_type": "code",
                    "id": "b",
                    "metadata": {},
                    "execution_count": 1,
                    "source": "1 + 1",
                    "outputs": [
                        {
                            "output_type": "execute_result",
                            "execution_count": 1,
                            "metadata": {},
                            "data": {"text/plain": "2"},
                        }
                    ],
                },
            ]
        ),
    )


def dump(path, obj):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(obj, f, indent=1, ensure_ascii=False)


# ---------------------------------------------------------------- running
def parser(doc, **extra):
    p = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--impl", choices=["peer", "nuncius", "both"], default="peer")
    p.add_argument("--peer-prefix", default=os.environ.get("PEER_PREFIX", "/opt/peers"))
    p.add_argument(
        "--nuncius-cmd", default=os.environ.get("NUNCIUS_NBCONVERT", "nuncius nbconvert")
    )
    p.add_argument(
        "--nuncius-module", default=os.environ.get("NUNCIUS_MODULE", "nuncius.nbconvert")
    )
    p.add_argument(
        "--kernel", default="python3", help="kernelspec name used for execution (both sides)"
    )
    p.add_argument("--repeat", type=int, default=5)
    p.add_argument(
        "--quick",
        action="store_true",
        help="tiny sizes, one repeat: proves the harness, gives no number worth keeping",
    )
    p.add_argument("--workdir", default=None)
    return p


def finish(args):
    if args.quick:
        args.repeat = 1
    args.workdir = args.workdir or tempfile.mkdtemp(prefix="nbcbench-")
    os.makedirs(args.workdir, exist_ok=True)
    return args


def impls(args):
    """[(name, argv prefix of an nbconvert-compatible command)]"""
    out = []
    if args.impl in ("peer", "both"):
        out.append(("peer", [os.path.join(args.peer_prefix, "bin", "jupyter-nbconvert")]))
    if args.impl in ("nuncius", "both"):
        out.append(("nuncius", shlex.split(args.nuncius_cmd)))
    return out


class R:
    """One finished command: wall and CPU seconds, exit code, peak RSS in MB (its own, from wait4), output tail."""

    def __init__(self, wall, cpu, rc, rss, tail):
        self.wall, self.cpu, self.rc, self.rss, self.tail = wall, cpu, rc, rss, tail


def run(argv, cwd=None, timeout=900, env=None):
    """Run to the end.  CPU = user+system of the child and of everything that it waited for."""
    with tempfile.TemporaryFile() as out:
        e = dict(os.environ, JUPYTER_PLATFORM_DIRS="1", NO_COLOR="1", **(env or {}))
        t = time.perf_counter()
        try:
            p = subprocess.Popen(
                argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=e
            )
        except FileNotFoundError as x:
            return R(0.0, 0.0, 127, 0.0, str(x))
        timer = threading.Timer(timeout, p.kill)
        timer.start()
        _, status, ru = os.wait4(p.pid, 0)
        wall = time.perf_counter() - t
        timer.cancel()
        p.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0, 2)
        out.seek(max(0, out.tell() - 800))
        return R(
            wall,
            ru.ru_utime + ru.ru_stime,
            p.returncode,
            ru.ru_maxrss / 1024,
            out.read().decode(errors="replace"),
        )


def ab(cases, repeat, fn):
    """Interleave: for each round, fn(case) of every case; the order flips every round -> {name: [R or None]}."""
    res = {name: [] for name, _ in cases}
    for r in range(repeat):
        for name, c in cases if r % 2 == 0 else list(reversed(cases)):
            v = fn(name, c)
            if v is not None:
                res[name].append(v)
    return res


def emit(name, value, unit):
    print(f"{name} {value:.6g} {unit}", flush=True)


def report(label, res, rss=False):
    """Print wall and CPU (min, median) of each side and, with both sides, the ratios."""
    med = {}
    for name, v in res.items():
        bad = [x for x in v if x.rc != 0]
        if bad:
            print(
                f"# {label}.{name}: rc {bad[0].rc} in {len(bad)}/{len(v)} runs: {bad[0].tail.strip()[-300:]!r}",
                flush=True,
            )
        v = [x for x in v if x.rc == 0]
        if not v:
            continue
        emit(f"{label}.{name}.wall_min", min(x.wall for x in v), "s")
        emit(f"{label}.{name}.wall", statistics.median(x.wall for x in v), "s")
        emit(f"{label}.{name}.cpu", statistics.median(x.cpu for x in v), "s")
        if rss:
            emit(f"{label}.{name}.peak_rss", max(x.rss for x in v), "MB")
        med[name] = (
            statistics.median(x.wall for x in v),
            statistics.median(x.cpu for x in v),
            max(x.rss for x in v),
        )
    if "peer" in med and "nuncius" in med:
        emit(f"{label}.ratio_wall", med["peer"][0] / med["nuncius"][0], "peer/nuncius")
        emit(f"{label}.ratio_cpu", med["peer"][1] / max(med["nuncius"][1], 1e-9), "peer/nuncius")
        if rss:
            emit(f"{label}.ratio_rss", med["peer"][2] / med["nuncius"][2], "peer/nuncius")


def cleanup(args):
    if "nbcbench-" in args.workdir:
        shutil.rmtree(args.workdir, ignore_errors=True)
