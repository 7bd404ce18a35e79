"""Completion and inspection of a served kernel: objects that take long to answer do not keep it from answering."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def test_the_completer_is_changed_through_ipythons_names(kernel: Any, frontend: Any) -> None:
    """As its documentation says: `custom_matchers`, `evaluation`, `omit__names`, `disable_matchers`."""
    kernel.execute(
        "from IPython.core.completer import SimpleCompletion, context_matcher\n"
        "def old(text): return ['oldest'] if text == 'ol' else []\n"
        "@context_matcher(identifier='mine')\n"
        "def new(context):\n"
        "    found = [SimpleCompletion('newest')] if context.token == 'ne' else []\n"
        "    return {'completions': found, 'suppress': True}\n"
        "completer = get_ipython().Completer\n"
        "completer.custom_matchers.append(old)\n"
        "completer.custom_matchers.append(new)\n"
        "class Kept:\n    _half = 1\n    def __len__(self): return 1\n"
        "kept = Kept()\n"
    )

    def matches(text: str) -> list[str]:
        return list(kernel.shell.completer.complete(text, deadline=60).matches)

    assert matches("ol")[0] == "oldest"
    assert matches("ne") == ["newest"]
    kernel.execute("completer.disable_matchers = ['mine']")
    assert "newest" not in matches("ne")
    kernel.execute("completer.disable_matchers = []; completer.custom_matchers.clear()")
    assert "newest" not in matches("ne")
    assert matches("kept.") == []
    kernel.execute("completer.omit__names = 1")
    assert matches("kept.") == ["_half"]
    kernel.execute("completer.omit__names = 0")
    assert "__len__" in matches("kept.")
    kernel.execute("completer.evaluation = 'minimal'")
    assert matches("'a b'.split().app") == []
    kernel.execute("completer.evaluation = 'limited'")
    assert matches("'a b'.split().app") == ["append"]
    reply = kernel.execute("completer.evaluation = 'reckless'")
    assert "expected one of forbidden, minimal" in reply["evalue"]
    kernel.execute(
        "assert completer.namespace is get_ipython().user_ns and completer.greedy is False"
    )
    assert [e["ename"] for e in frontend.of("error")] == ["ValueError"]
