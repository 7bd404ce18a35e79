"""Shared pty harness for the terminal benchmarks (stdlib only, POSIX only).

A `Shell` is a real process under a real pseudo-terminal. The harness plays the terminal: it answers the
queries that modern line editors send (cursor position, device attributes, colours), because a program that
gets no answer falls back to a slow or degraded mode and the numbers would be wrong.

Implementations are data: see IMPLS. Point a script at another program with
    --impl nuncius --cmd nuncius='nuncius --no-banner' --prompt nuncius='In \\[\\d+\\]: '
Everything prints `name value unit` lines; comparisons are made in ONE run with the implementations interleaved.
"""

from __future__ import annotations

import argparse
import fcntl
import glob
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time

#: A program whose sources have just changed would be compiled anew at each start: nobody installs it like that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ESC = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    rb"|\x1b[P_^][^\x1b]*\x1b\\"  # DCS / APC / PM
    rb"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b[ -/]*[0-~]"  # two-byte escapes
)
WHERE = b""  # answered with the place of the cursor, see Place
QUERIES = [  # (what the program asks, what a plain xterm-256color without graphics answers)
    (re.compile(rb"\x1b\[6n"), WHERE),
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?62;22c"),
    (re.compile(rb"\x1b\[>0?c"), b"\x1b[>41;354;0c"),
    (re.compile(rb"\x1b\]10;\?(?:\x07|\x1b\\)"), b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\"),
    (re.compile(rb"\x1b\]11;\?(?:\x07|\x1b\\)"), b"\x1b]11;rgb:0000/0000/0000\x1b\\"),
    (re.compile(rb"\x1b\[\?(\d+)\$p"), None),  # DECRQM -> "not recognised"
]


class Place:
    """Where the cursor is: known by a screen that is only drawn when somebody asks, so that it costs nothing otherwise.

    Shells that draw again when the cursor is not where they have left it need the truth. Without pyte the answer is always the first place.
    """

    def __init__(self, rows: int, cols: int):
        self.drawn = 0
        try:
            import pyte
        except ImportError:
            self.screen = None
            return

        class Screen(pyte.Screen):
            def select_graphic_rendition(self, *attributes, private=False):
                if not private:
                    super().select_graphic_rendition(*attributes)

        self.screen = Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)

    def answer(self, raw: bytearray, end: int) -> bytes:
        """Return the answer to a question at `end` of what was written."""
        if self.screen is None:
            return b"\x1b[1;1R"
        self.stream.feed(bytes(raw[self.drawn : end]))
        self.drawn = end
        return b"\x1b[%d;%dR" % (self.screen.cursor.y + 1, self.screen.cursor.x + 1)


def strip_escapes(data: bytes) -> bytes:
    return ESC.sub(b"", data)


def peer(name: str, alt: str | None = None) -> str:
    """Find a peer's executable: $PEERS_BIN first, then $PATH."""
    for d in filter(None, os.environ.get("PEERS_BIN", "").split(os.pathsep)):
        p = os.path.join(d, name)
        if os.path.exists(p):
            return p
    return shutil.which(name) or (alt or name)


def python313() -> str:
    """Find Python 3.13: $BENCH_PYTHON313, else what pyenv has, else what is on the path."""
    if found := os.environ.get("BENCH_PYTHON313"):
        return found
    versions = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.13.*/bin/python3.13")))
    return versions[-1] if versions else "python3.13"


IPY_IN = r"In \[(\d+)\]:"  # no trailing blank: editors often draw it as a cursor move
# env values may use {home}: a fresh directory per process (so no user history or config is touched).
IMPLS: dict[str, dict] = {
    "ipython": {
        "cmd": lambda: [peer("ipython"), "--no-banner", "--no-tip", "--no-confirm-exit"],
        "oneshot": lambda code: [peer("ipython"), "--no-banner", "--no-tip", "-c", code],
        "prompt": IPY_IN,
        "env": {"IPYTHONDIR": "{home}/ipy"},
        "hist": ("sqlite", "{home}/ipy/profile_default/history.sqlite"),
    },
    "python": {
        "cmd": lambda: [os.environ.get("BENCH_PYTHON", peer("python3")), "-q"],
        "oneshot": lambda code: [os.environ.get("BENCH_PYTHON", peer("python3")), "-c", code],
        "prompt": r">>>",
        "env": {"PYTHONSTARTUP": "", "PYTHON_BASIC_REPL": "1", "PYTHON_HISTORY": "{home}/pyhist"},
    },
    "pyrepl": {  # the CPython >= 3.13 REPL
        "cmd": lambda: [python313(), "-q"],
        "oneshot": lambda code: [python313(), "-c", code],
        "prompt": r">>>",
        "env": {"PYTHONSTARTUP": "", "PYTHON_HISTORY": "{home}/pyhist"},
        "hist": ("lines", "{home}/pyhist"),
    },
    "ptpython": {
        "cmd": lambda: [
            peer("ptpython"),
            "--config-file",
            "/dev/null",
            "--history-file",
            os.environ.get("BENCH_PTHIST", "/dev/null"),
        ],
        "prompt": r">>>",
    },
    "bpython": {"cmd": lambda: [peer("bpython"), "-q"], "prompt": r">>>"},
    "xonsh": {
        "cmd": lambda: [
            peer("xonsh"),
            "--no-rc",
            "--no-env",
            "-DPROMPT=xsh> ",
            "-DXONSH_SUPPRESS_WELCOME=1",
            "-DXONSH_HISTORY_BACKEND=dummy",
        ],
        "oneshot": lambda code: [peer("xonsh"), "--no-rc", "-c", code],
        "prompt": r"xsh>",
    },
    "jupyter-console": {
        "cmd": lambda: [
            peer("jupyter-console"),
            "--kernel",
            os.environ.get("BENCH_KERNEL", "python3"),
        ],
        "prompt": IPY_IN,
        "env": {"IPYTHONDIR": "{home}/ipy", "JUPYTER_RUNTIME_DIR": "{home}/run"},
        "exit_keys": b"\x04",
        "exit_confirm": b"y\r",
    },
    "euporie": {
        "cmd": lambda: [
            peer("euporie-console"),
            "--kernel-name",
            os.environ.get("BENCH_KERNEL", "python3"),
        ],
        "prompt": r"In \[.*?\]:",
        "env": {"IPYTHONDIR": "{home}/ipy", "JUPYTER_RUNTIME_DIR": "{home}/run"},
        "exit_keys": b"\x11",
    },
    "nuncius": {
        "cmd": lambda: [peer("nuncius"), "--no-banner", "--no-confirm-exit"],
        "oneshot": lambda code: [peer("nuncius"), "shell", "-c", code],
        "prompt": IPY_IN,
        "env": {"NUNCIUS_DIR": "{home}/nuncius"},
        "hist": ("sqlite", "{home}/nuncius/profiles/default/history.sqlite"),
    },
    "nuncius-console": {
        "cmd": lambda: [
            peer("nuncius"),
            "console",
            "--no-banner",
            "--kernel",
            os.environ.get("BENCH_KERNEL", "nuncius-python"),
        ],
        "prompt": IPY_IN,
        "env": {"NUNCIUS_DIR": "{home}/nuncius", "JUPYTER_RUNTIME_DIR": "{home}/run"},
    },
}


class Timeout(Exception):
    pass


class Shell:
    """One interactive program under a pty."""

    def __init__(
        self,
        impl: str,
        *,
        rows=40,
        cols=120,
        home: str | None = None,
        extra=(),
        env=None,
        argv=None,
    ):
        spec = IMPLS[impl]
        self.impl, self.spec = impl, spec
        self.own_home = home is None
        self.home = home or tempfile.mkdtemp(prefix="ptybench-")
        self.prompt = re.compile(spec["prompt"].encode())
        argv = list(argv or spec["cmd"]()) + list(extra)
        e = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("IPY_", "COLUMNS", "LINES", "PTK_"))
        }
        e.update(
            TERM="xterm-256color", COLUMNS="", LINES="", HOME=self.home, EDITOR="true", PAGER="cat"
        )
        e.pop("COLUMNS"), e.pop("LINES")
        e.update({k: v.format(home=self.home) for k, v in spec.get("env", {}).items()})
        e.update(env or {})
        self.t0 = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(self.home)
                os.execvpe(argv[0], argv, e)
            except Exception as exc:  # pragma: no cover
                os.write(2, f"exec failed: {exc}\n".encode())
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        os.set_blocking(self.fd, False)
        self.place = Place(rows, cols)
        self.raw = bytearray()  # everything the program wrote
        self.mark = 0  # start of the part not yet consumed by expect()
        self.qpos = 0  # where to look for the next terminal query
        self.last_read = self.t0
        self.eof = False
        self.num = 0  # highest prompt number seen (for numbered prompts)

    # -- plumbing -------------------------------------------------------------------------------------------
    def pump(self, timeout: float) -> bool:
        r, _, _ = select.select([self.fd], [], [], max(0.0, timeout))
        if not r:
            return False
        try:
            data = os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.eof = True
            return False
        self.last_read = time.perf_counter()
        self.raw += data
        self._answer()
        return True

    def _answer(self):
        start = max(0, self.qpos - 32)
        window = bytes(self.raw[start:])
        for rx, reply in QUERIES:
            for m in rx.finditer(window):
                if start + m.end() <= self.qpos:
                    continue
                out = reply if reply is not None else b"\x1b[?" + m.group(1) + b";0$y"
                if reply is WHERE:
                    out = self.place.answer(self.raw, start + m.start())
                self.write(out)
        self.qpos = len(self.raw)

    def write(self, data: bytes):
        view = memoryview(data)
        while view:
            try:
                n = os.write(self.fd, view[:4096])
                view = view[n:]
            except BlockingIOError:
                select.select([self.fd], [self.fd], [], 1.0)
                self.pump(0)  # never deadlock: drain while the pty is full

    send = write

    def text(self, since: int | None = None) -> bytes:
        return strip_escapes(bytes(self.raw[self.mark if since is None else since :]))

    # -- waiting --------------------------------------------------------------------------------------------
    def wait(self, pred, timeout=30.0, what="condition") -> float:
        """Wait until pred(text since mark) is true. Returns the perf_counter of the read that made it true."""
        end = time.perf_counter() + timeout
        if pred(self.text()):
            return self.last_read
        while True:
            left = end - time.perf_counter()
            if left <= 0 or self.eof:
                raise Timeout(
                    f"{self.impl}: no {what} after {timeout}s; tail={self.text()[-400:]!r}"
                )
            if self.pump(min(left, 0.5)) and pred(self.text()):
                return self.last_read

    def expect(self, pattern: str | bytes, timeout=30.0) -> float:
        rx = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        return self.wait(lambda s: rx.search(s) is not None, timeout, what=repr(pattern))

    def consume(self):
        self.mark = len(self.raw)

    def quiet(self, idle=0.15, timeout=30.0) -> float:
        """Wait until nothing was written for `idle` seconds; returns the time of the last byte."""
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            if not self.pump(idle) and time.perf_counter() - self.last_read >= idle:
                break
        return self.last_read

    def _prompted(self, text: bytes, above: int) -> bool:
        """A NEW prompt is in `text`: numbered prompts must have advanced (editors redraw the accepted line)."""
        if not self.prompt.groups:
            return (
                self.prompt.search(text[text.find(b"\n") + 1 :] if above >= 0 else text) is not None
            )
        nums = [int(m.group(1)) for m in self.prompt.finditer(text)]
        if nums and max(nums) > above:
            self.num = max(nums)
            return True
        return False

    def wait_prompt(self, timeout=20.0, new=False) -> float:
        above = self.num if new else -1
        return self.wait(lambda s: self._prompted(s, above), timeout, what="prompt")

    def run(self, code: bytes | str, timeout=20.0, settle=True) -> float:
        """Type one line, press Enter, wait for the next prompt. Returns seconds from Enter to the prompt's draw."""
        code = code.encode() if isinstance(code, str) else code
        self.consume()
        self.write(code)
        self.quiet(0.05)
        self.consume()
        t = time.perf_counter()
        self.write(b"\r")
        got = self.wait_prompt(timeout, new=True)
        if settle:
            self.quiet(0.08)
        return got - t

    def paste(self, text: str):
        self.write(b"\x1b[200~" + text.encode().replace(b"\n", b"\r") + b"\x1b[201~")

    # -- observation ----------------------------------------------------------------------------------------
    def _tree(self):
        kids, todo = [], [self.pid]
        while todo:
            p = todo.pop()
            kids.append(p)
            try:
                for t in os.listdir(f"/proc/{p}/task"):
                    with open(f"/proc/{p}/task/{t}/children") as f:
                        todo += [int(x) for x in f.read().split()]
            except OSError:
                pass
        return kids

    def rss_mib(self) -> float:
        total = 0
        for p in self._tree():
            try:
                with open(f"/proc/{p}/statm") as f:
                    total += int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            except OSError:
                pass
        return total / 2**20

    def cpu_s(self) -> float:
        total, hz = 0.0, os.sysconf("SC_CLK_TCK")
        for p in self._tree():
            try:
                with open(f"/proc/{p}/stat") as f:
                    parts = f.read().rsplit(")", 1)[1].split()
                total += (int(parts[11]) + int(parts[12])) / hz
            except OSError:
                pass
        return total

    def close(self):
        procs = self._tree()
        try:
            self.write(self.spec.get("exit_keys", b"\x04"))
            self.quiet(0.1, 1.0)
            if self.spec.get("exit_confirm"):
                self.write(self.spec["exit_confirm"])
                self.quiet(0.1, 1.0)
        except OSError:
            pass
        end = time.time() + 3
        while time.time() < end:
            try:
                done, _ = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                done = self.pid
            if done:
                break
            try:
                self.pump(0.05)
            except (OSError, ValueError):
                time.sleep(0.05)
        else:
            done = 0
        for p in procs:  # only the process tree this object started
            if p != self.pid or not done:
                try:
                    os.kill(p, signal.SIGKILL)
                except OSError:
                    pass
        if not done:
            try:
                os.waitpid(self.pid, 0)
            except ChildProcessError:
                pass
        os.close(self.fd)
        if self.own_home:
            shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def parser(doc: str, default_impls: str, rounds: int) -> argparse.ArgumentParser:
    ap = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument(
        "--impl",
        default=default_impls,
        help="comma-separated names from IMPLS (default: %(default)s)",
    )
    ap.add_argument("--rounds", type=int, default=rounds)
    ap.add_argument(
        "--cmd",
        action="append",
        default=[],
        metavar="NAME='command line'",
        help="override or add an implementation",
    )
    ap.add_argument(
        "--oneshot",
        action="append",
        default=[],
        metavar="NAME='command -c'",
        help="command that takes code as its last argument",
    )
    ap.add_argument("--prompt", action="append", default=[], metavar="NAME=REGEX")
    ap.add_argument(
        "--base", default="ipython", help="implementation that ratios are taken against"
    )
    ap.add_argument("--json", help="also write all samples here")
    return ap


def parse(ap: argparse.ArgumentParser):
    a = ap.parse_args()
    for item in a.cmd:
        name, _, c = item.partition("=")
        IMPLS.setdefault(name, dict(IMPLS["nuncius"]))
        IMPLS[name]["cmd"] = lambda c=c: shlex.split(c)
    for item in a.oneshot:
        name, _, c = item.partition("=")
        IMPLS.setdefault(name, dict(IMPLS["nuncius"]))
        IMPLS[name]["oneshot"] = lambda code, c=c: [*shlex.split(c), code]
    for item in a.prompt:
        name, _, rx = item.partition("=")
        IMPLS[name]["prompt"] = rx
    a.impls = [i for i in a.impl.split(",") if i]
    return a


class Report:
    """Collects samples; prints median (and ratio to the base implementation) per metric."""

    def __init__(self, args):
        self.args, self.s = args, {}

    def add(self, impl, metric, value, unit):
        self.s.setdefault((metric, unit), {}).setdefault(impl, []).append(value)

    def done(self):
        for (metric, unit), by in self.s.items():
            med = {i: statistics.median(v) for i, v in by.items() if v}
            for i, m in med.items():
                v = by[i]
                extra = f"  # n={len(v)} min={min(v):.4g} max={max(v):.4g}" if len(v) > 1 else ""
                print(f"{metric}.{i} {m:.4g} {unit}{extra}")
            base = med.get(self.args.base)
            if base:
                for i, m in med.items():
                    if i != self.args.base:
                        print(f"{metric}.{i}_over_{self.args.base} {m / base:.3f} ratio")
        if self.args.json:
            with open(self.args.json, "w") as f:
                json.dump({f"{m}|{u}": by for (m, u), by in self.s.items()}, f, indent=1)


def note(*a):
    print("#", *a, file=sys.stderr, flush=True)


def seed_sqlite(path: str, n: int, marker_at: int | None = None, distinct=5000):
    """A history database in the layout that IPython documents and every release since 0.11 reads:
    tables sessions / history / output_history. n entries over n/100 sessions, realistic lengths, ~5 % multi-line."""
    import random
    import sqlite3

    rnd = random.Random(7)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    db = sqlite3.connect(path)
    db.execute(
        "CREATE TABLE IF NOT EXISTS sessions (session integer primary key autoincrement, start timestamp, end timestamp, num_cmds integer, remark text)"
    )
    db.execute(
        "CREATE TABLE IF NOT EXISTS history (session integer, line integer, source text, source_raw text, PRIMARY KEY (session, line))"
    )
    db.execute(
        "CREATE TABLE IF NOT EXISTS output_history (session integer, line integer, output text, PRIMARY KEY (session, line))"
    )
    rows, sess = [], []
    for i in range(n):
        s, line = i // 100 + 1, i % 100 + 1
        if line == 1:
            sess.append((s, "2020-01-01 00:00:00", "2020-01-01 01:00:00", 100, ""))
        k = rnd.randrange(distinct)
        if k % 20 == 0:
            src = f"for item_{k} in range({k}):\n    total_{k} = item_{k} * 2\n    print('value', total_{k})"
        else:
            src = f"frame_{k}.groupby('column_{k % 97}').agg({{'amount': 'sum'}}).head({k % 30})"
        if marker_at is not None and i == marker_at:
            src = "needle_marker_call(alpha=1, beta=2)"
        rows.append((s, line, src, src))
    db.executemany("INSERT INTO sessions VALUES (?,?,?,?,?)", sess)
    db.executemany("INSERT INTO history VALUES (?,?,?,?)", rows)
    db.commit()
    db.close()


def seed_lines(path: str, n: int, marker_at=None):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        for i in range(n):
            f.write(
                "needle_marker_call(alpha=1, beta=2)\n"
                if i == marker_at
                else f"frame_{i % 5000}.groupby('column_{i % 97}').head({i % 30})\n"
            )


def seed_history(impl: str, home: str, n: int, marker_at=None) -> bool:
    h = IMPLS[impl].get("hist")
    if not h:
        return False
    kind, path = h
    (seed_sqlite if kind == "sqlite" else seed_lines)(path.format(home=home), n, marker_at)
    return True
