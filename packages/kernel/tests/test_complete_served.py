"""Completion and inspection of a served kernel: objects that take long to answer do not keep it from answering."""

from __future__ import annotations

from pathlib import Path

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

LIMIT = 60

#: Each of its answers takes longer than the test waits for anything.
SLOW = """\
import time
class Slow:
    def __repr__(self): time.sleep(300)
    def __getattr__(self, name): time.sleep(300)
    def __dir__(self): time.sleep(300)
    def _ipython_key_completions_(self): time.sleep(300)
    @property
    def computed(self): time.sleep(300)
slow = Slow()
"""


def test_a_slow_object_blocks_no_question(tmp_path: Path) -> None:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        assert client.execute(SLOW).result(LIMIT).ok
        for code in ("slow.", "slow['", "slow.computed.", "[slow][0]."):
            reply = client.complete(code, len(code), timeout=LIMIT).content
            assert (reply["status"], reply["matches"]) == ("ok", [])
        shown = client.inspect("slow", 4, timeout=LIMIT).content["data"]["text/plain"]
        assert "<not shown: its text takes more than 1 s>" in shown
        assert client.complete("slow", 4, timeout=LIMIT).content["matches"] == ["slow"]
        assert client.execute("6 * 7").result(LIMIT).data["text/plain"] == "42"


def test_extensions_are_completed(tmp_path: Path) -> None:
    (tmp_path / "zebra_ext.py").write_text("def load_ipython_extension(shell): ...\n")
    (tmp_path / "zebra_none.py").write_text("")
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path), "PYTHONPATH": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)

        def matches(code: str) -> list[str]:
            found: list[str] = client.complete(code, len(code), timeout=LIMIT).content["matches"]
            return found

        assert matches("%load_ext zebra") == ["zebra_ext"]
        assert {"autoreload", "storemagic"} <= set(matches("%load_ext "))
        assert client.execute("%load_ext zebra_ext").result(LIMIT).ok
        assert [matches("%unload_ext "), matches("%load_ext zebra")] == [["zebra_ext"], []]
