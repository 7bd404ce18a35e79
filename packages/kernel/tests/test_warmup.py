"""What is loaded while the kernel has nothing to do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from nuncius.kernel.app import build
from nuncius.kernel.install import kernel_spec
from nuncius.kernel.warmup import MODULES, WarmUp
from nuncius.protocol.manager.blocking import BlockingKernelManager

LIMIT = 60


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of modules that nobody has imported yet."""
    names = [f"warm_{n}_{tmp_path.name}" for n in range(3)]
    for name in names:
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield names
    for name in names:
        sys.modules.pop(name, None)


def test_modules_are_loaded_one_after_the_other(modules):
    warm_up = WarmUp(lambda: False, modules)
    warm_up.start()
    warm_up.wait(LIMIT)
    assert set(modules) <= set(sys.modules)


def test_nothing_is_loaded_while_a_cell_computes(modules):
    asked, runs = threading.Event(), threading.Event()
    runs.set()

    def busy() -> bool:
        asked.set()
        return runs.is_set()

    warm_up = WarmUp(busy, modules, waits=lambda: False)
    warm_up.start()
    assert asked.wait(LIMIT)
    assert not set(modules) & set(sys.modules)
    runs.clear()
    warm_up.wait(LIMIT)
    assert set(modules) <= set(sys.modules)


def test_it_takes_its_time_when_it_has_to_wait_itself(modules, tmp_path):
    """As where many kernels start at once: each leaves the processor to the others."""
    text = "import threading, time\nthreading.Event().wait({wait})\nat = time.monotonic()\n"
    for name, wait in zip(modules, (0.02, 0, 0), strict=True):
        (tmp_path / f"{name}.py").write_text(text.format(wait=wait))
    warm_up = WarmUp(lambda: False, modules)
    warm_up.start()
    warm_up.wait(LIMIT)
    first, second = (sys.modules[name].at for name in modules[:2])
    assert second - first >= 0.15


def test_a_kernel_that_ends_does_not_wait_for_it(modules):
    warm_up = WarmUp(lambda: True, modules, waits=lambda: False)
    warm_up.start()
    warm_up.stop()
    assert not set(modules) & set(sys.modules)


def test_a_cell_that_waits_leaves_the_time_to_it(modules):
    warm_up = WarmUp(lambda: True, modules)
    warm_up.start()
    warm_up.wait(LIMIT)
    assert set(modules) <= set(sys.modules)


_FORKS = """
import os, signal, sys, threading
from nuncius.kernel.warmup import WarmUp

begun = threading.Event()
warm_up = WarmUp(lambda: False, ["slow_module"])
warm_up.start()
begun.wait(60)
child = os.fork()
if child == 0:
    signal.alarm(30)  # forked in the middle of the import, it would wait for its end for ever
    import slow_module
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

_SLOW = """
import __main__, threading

__main__.begun.set()
threading.Event().wait(0.3)
"""


@pytest.mark.skipif(os.name != "posix", reason="processes are forked on POSIX systems")
def test_a_process_is_forked_between_two_imports(tmp_path):
    (tmp_path / "slow_module.py").write_text(_SLOW)
    (tmp_path / "forks.py").write_text(_FORKS)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(tmp_path / "forks.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_module_that_cannot_be_loaded_is_left_to_whoever_needs_it(modules, tmp_path):
    Path(tmp_path, f"{modules[0]}.py").write_text("1/0")
    warm_up = WarmUp(lambda: False, modules)
    warm_up.start()
    warm_up.wait(LIMIT)
    assert not set(modules) & set(sys.modules)


@pytest.mark.parametrize("name", MODULES)
def test_the_modules_are_there(name):
    assert import_module(name)


def test_a_kernel_with_a_process_of_its_own_warms_up_and_others_do_not(tmp_path):
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    code = "import threading\n[t.name for t in threading.enumerate()].count('nuncius-warm-up')"
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        # it waits for this cell
        assert client.execute(code).result(LIMIT).data["text/plain"] == "1"
    assert build(startup=False).warms_up is False
