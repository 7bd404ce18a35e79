"""The journal of a run: what it holds at each moment is what can be got back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from execute_help import notebook, streams
from hypothesis import given, settings
from hypothesis import strategies as st

from nuncius.nbconvert.execute.errors import JournalError
from nuncius.nbconvert.execute.events import CellFinished, CellStarted, Published, RunFinished
from nuncius.nbconvert.execute.job import recover
from nuncius.nbconvert.execute.journal import Journal, fold, journal_path
from nuncius.nbconvert.execute.recorder import Recorder
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import Session

SESSION = Session()


class Run:
    """The events of a run that nobody runs."""

    def __init__(self, nb: dict[str, Any], *listeners: Any) -> None:
        self.nb, self.listeners = nb, listeners
        self.recorder = Recorder()
        self.index = 0
        self.parent: Any = None

    def emit(self, event: Any) -> None:
        for listener in self.listeners:
            listener(event)

    def begin(self, index: int) -> None:
        self.index = index
        self.nb["cells"][index]["outputs"] = []
        request = SESSION.message(Channel.SHELL, "execute_request", {})
        self.parent = request.header
        self.recorder.open(request.msg_id)
        self.recorder.assign(index, self.nb["cells"][index])
        self.emit(CellStarted(index, self.nb["cells"][index]))

    def publish(self, kind: str, **content: Any) -> None:
        message = SESSION.message(Channel.IOPUB, kind, content, parent=self.parent)
        self.recorder.receive(message)
        self.emit(Published(self.index, message, self.recorder.by_cell()))

    def end(self) -> None:
        self.recorder.store()
        cell = self.nb["cells"][self.index]
        cell["execution_count"] = self.index + 1
        self.emit(CellFinished(self.index, cell, "ok", 0.1))


def shown(text: str, name: str | None = None) -> dict[str, Any]:
    transient = {} if name is None else {"display_id": name}
    return {"data": {"text/plain": text}, "metadata": {}, "transient": transient}


def folded(path: Path) -> tuple[list[str], str]:
    nb, status = fold(path.read_bytes().splitlines())
    return streams(nb), status


def test_each_moment_can_be_got_back(tmp_path: Path) -> None:
    path = journal_path(tmp_path / "out.ipynb")
    nb = notebook("a", "b")
    run = Run(nb, Journal(path, nb))
    run.begin(0)
    run.publish("stream", name="stdout", text="x")
    run.publish("stream", name="stdout", text="y \u00e9 \ud800")
    assert folded(path) == (["xy \u00e9 \ud800", ""], "")
    run.publish("display_data", **shown("old", "d"))
    run.end()
    run.begin(1)
    run.publish("update_display_data", **shown("new", "d"))
    assert folded(path) == (["xy \u00e9 \ud800=new", ""], "")
    run.publish("stream", name="stdout", text="gone")
    run.publish("clear_output", wait=True)
    assert folded(path)[0][1] == "gone"
    run.publish("stream", name="stderr", text="kept")
    run.end()
    run.emit(RunFinished(nb, "ok"))
    assert fold(path.read_bytes().splitlines()) == (nb, "ok")
    run.listeners[0].remove()
    assert list(tmp_path.iterdir()) == []


def test_a_torn_last_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "j"
    nb = notebook("a")
    journal = Journal(path, nb)
    run = Run(nb, journal)
    run.begin(0)
    run.publish("stream", name="stdout", text="whole")
    journal.close()
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(b'["text", 0, "to')
    assert folded(path) == (["whole"], "")
    path.write_bytes(whole[:10] + b"\n" + whole[10:])
    with pytest.raises(JournalError, match="line 1: not what a journal has there"):
        folded(path)


def test_two_runs_do_not_write_the_same_result(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j", notebook("a"))
    with pytest.raises(JournalError, match="being written by another run"):
        Journal(tmp_path / "j", notebook("b"))
    assert fold((tmp_path / "j").read_bytes().splitlines()) == (notebook("a"), "")
    first.remove()


def test_recovering_writes_the_result_once(tmp_path: Path) -> None:
    target = tmp_path / "out.ipynb"
    with pytest.raises(JournalError, match="nothing to recover"):
        recover(str(target))
    nb = notebook("a")
    journal = Journal(journal_path(target), nb)
    run = Run(nb, journal)
    run.begin(0)
    run.publish("stream", name="stdout", text="saved")
    journal.close()
    _, status = recover(str(target))
    assert status == ""
    assert json.loads(target.read_text())["cells"][0]["outputs"][0]["text"] == ["saved"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.ipynb"]


steps = st.one_of(
    st.tuples(st.just("stream"), st.sampled_from(["stdout", "stderr"]), st.text(max_size=5)),
    st.tuples(st.just("display_data"), st.text(max_size=3), st.sampled_from([None, "a", "b"])),
    st.tuples(st.just("update_display_data"), st.text(max_size=3), st.sampled_from(["a", "b"])),
    st.tuples(st.just("clear_output"), st.booleans(), st.none()),
    st.tuples(st.just("next"), st.none(), st.none()),
)


@settings(deadline=None)
@given(st.lists(steps, max_size=30))
def test_the_journal_tells_what_the_notebook_holds(steps: list[Any]) -> None:
    import tempfile

    nb = notebook("a", "b", "c")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "j")
        journal = Journal(path, json.loads(json.dumps(nb)))
        run = Run(nb, journal)
        run.begin(0)
        for kind, first, second in steps:
            match kind:
                case "stream":
                    run.publish(kind, name=first, text=second)
                case "clear_output":
                    run.publish(kind, wait=first)
                case "next":
                    run.end()
                    if run.index < 2:
                        run.begin(run.index + 1)
                case _:
                    run.publish(kind, **shown(first, second))
        run.recorder.store()
        assert fold(path.read_bytes().splitlines()) == (nb, "")
        journal.close()


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=20),
            st.recursive(
                st.none() | st.integers() | st.text(max_size=4),
                lambda inner: st.lists(inner, max_size=3),
                max_leaves=5,
            ).map(lambda value: json.dumps(["add", 0, value]).encode()),
            st.sampled_from(
                [b'["text", 0, "x"]', b'["set", 0, 0, {}, {}]', b'["end", 0, {}]', b'["clear", 9]']
            ),
        ),
        max_size=5,
    )
)
def test_garbage_is_refused_by_name(lines: list[bytes]) -> None:
    begin = json.dumps(["journal", 1, notebook("a")]).encode()
    try:
        nb, _ = fold([begin, *lines])
    except JournalError as error:
        said = str(error)
    else:
        said = f"line of {len(nb['cells'])} cell"
    assert "line " in said


def test_a_run_that_goes_on_is_not_recovered(tmp_path: Path) -> None:
    journal = Journal(journal_path(tmp_path / "out.ipynb"), notebook("a"))
    with pytest.raises(JournalError, match="being written by another run"):
        recover(str(tmp_path / "out.ipynb"))
    journal.remove()


def test_what_was_left_is_handed_over_before_it_is_overwritten(tmp_path: Path) -> None:
    left: list[bytes] = []
    Journal(tmp_path / "j", notebook("first")).close()
    Journal(tmp_path / "j", notebook("second"), left.append).close()
    assert [fold(data.splitlines()) for data in left] == [(notebook("first"), "")]
    assert fold((tmp_path / "j").read_bytes().splitlines()) == (notebook("second"), "")
