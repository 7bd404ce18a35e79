"""What a client adds to each cell: 200 cells run in one kernel that is there already, in turns with nbclient.

Printed are milliseconds per cell: `cpu` is the client process's own time (the kernel's is not in it), `wall` is everything.
The same kernel serves both sides: ipykernel of the peer's prefix.
  nbclient   nbclient.NotebookClient.async_execute_cell
  client     nuncius.nbconvert.NotebookClient.async_execute_cell: the same API
  nuncius    nuncius.nbconvert.execute.Executor, as `nuncius execute` runs it, with its journal
"""

import json
import os
import statistics
import subprocess
import sys

import common as C

THEIRS = """
import asyncio, json, sys, time
nb = {nodes}
from {module} import NotebookClient
async def go():
    client = NotebookClient(nb, kernel_name=sys.argv[2])
    async with client.async_setup_kernel():
        for index in range(5): await client.async_execute_cell(nb["cells"][index], index)
        cpu, wall = time.process_time(), time.perf_counter()
        for index, cell in enumerate(nb["cells"]): await client.async_execute_cell(cell, index)
        return time.process_time() - cpu, time.perf_counter() - wall
print(json.dumps(asyncio.run(go())))
"""
OURS = """
import asyncio, json, sys, time
from pathlib import Path
from nuncius.nbconvert.execute.executor import Executor
from nuncius.nbconvert.execute.journal import Journal
from nuncius.nbconvert.execute.kernels import KernelChoice, new_pool, running
nb = json.load(open(sys.argv[1]))
async def go():
    async with new_pool() as pool, running(KernelChoice(name=sys.argv[2]), pool) as kernel:
        await Executor({**nb, "cells": nb["cells"][:5]}, kernel.client).run()
        log = Journal(Path(sys.argv[1] + ".journal"), nb, lambda left: None)
        cpu, wall = time.process_time(), time.perf_counter()
        await Executor(nb, kernel.client, listeners=[log]).run()
        took = time.process_time() - cpu, time.perf_counter() - wall
        log.remove()
        return took
print(json.dumps(asyncio.run(go())))
"""

p = C.parser(__doc__)
p.add_argument("--cells", type=int, default=200)
p.add_argument("--python", default=sys.executable, help="the interpreter that has nuncius")
args = C.finish(p.parse_args())
n = 10 if args.quick else args.cells
path = os.path.join(args.workdir, "many.ipynb")
C.gen_exec(path, n)
peer = os.path.join(args.peer_prefix, "bin", "python")
sides = [
    ("nbclient", peer, THEIRS.format(module="nbclient", nodes="__import__('nbformat').read(sys.argv[1], 4)")),
    ("client", args.python, THEIRS.format(module="nuncius.nbconvert", nodes="json.load(open(sys.argv[1]))")),
    ("nuncius", args.python, OURS),
]  # fmt: skip
spec = os.path.join(args.workdir, "kernels", "bench")
os.makedirs(spec, exist_ok=True)
argv = [peer, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
C.dump(
    os.path.join(spec, "kernel.json"),
    {"argv": argv, "display_name": "bench", "language": "python"},
)
env = {**os.environ, "JUPYTER_PATH": args.workdir, "PYTHONWARNINGS": "ignore"}
got = {name: [] for name, _, _ in sides}
for _ in range(args.repeat):
    for name, python, code in sides:
        done = subprocess.run(
            [python, "-c", code, path, "bench"], capture_output=True, text=True, env=env
        )
        if done.returncode:
            print(f"# percell.{name}: {done.stderr.strip()[-300:]!r}")
            continue
        got[name].append(json.loads(done.stdout.splitlines()[-1]))
med = {}
for name, runs in got.items():
    if runs:
        med[name] = [statistics.median(run[i] for run in runs) / n * 1e3 for i in (0, 1)]
        C.emit(f"percell.{name}.cpu", med[name][0], "ms")
        C.emit(f"percell.{name}.wall", med[name][1], "ms")
for name in ("client", "nuncius"):
    if name in med and "nbclient" in med:
        C.emit(f"percell.{name}.ratio_cpu", med["nbclient"][0] / med[name][0], "nbclient/ours")
        C.emit(f"percell.{name}.ratio_wall", med["nbclient"][1] / med[name][1], "nbclient/ours")
C.cleanup(args)
