"""What was typed, found again: later, by another session, and after every kind of mishap."""

from __future__ import annotations

import logging
import pickle
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nuncius.kernel.history.manager import HistoryManager
from nuncius.kernel.options import ShellOptions
from nuncius.kernel.past import SessionHistory, ranges_of
from nuncius.kernel.results import ExecutionInfo
from nuncius.kernel.shell import Shell


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[list[HistoryManager]]:
    """Every session that a test opens; closed at its end."""
    opened: list[HistoryManager] = []
    yield opened
    for session in opened:
        session.close()


def begin(sessions: list[HistoryManager], path: Path | None, *cells: str) -> HistoryManager:
    """Begin a session in which ``cells`` are typed."""
    typed = [""]
    here = SessionHistory(typed, typed, {})
    session = HistoryManager(here, path, quiet=3600)
    sessions.append(session)
    for number, cell in enumerate(cells, 1):
        typed.append(cell)
        session.store_inputs(number, cell.replace("%", "magic "), cell)
    return session


def test_the_next_session_finds_what_was_typed(
    tmp_path: Path, sessions: list[HistoryManager]
) -> None:
    path = tmp_path / "history.sqlite"
    first = begin(sessions, path, "a = 1", "%time a")
    first.store_output(1, "1")
    first.close()
    second = begin(sessions, path, "b = 2")
    assert second.session_number == 2
    assert second.get_tail(2, include_latest=True) == [(1, 2, "%time a"), (2, 1, "b = 2")]
    assert second.get_tail(2) == [(1, 1, "a = 1"), (1, 2, "%time a")]
    assert list(second.get_range(-1, 1, 2, output=True)) == [(1, 1, ("a = 1", "1"))]
    assert list(second.get_range(-1, raw=False)) == [(1, 1, "a = 1"), (1, 2, "magic time a")]
    assert list(second.get_range_by_str("1 ~1/2")) == [(0, 1, "b = 2"), (1, 2, "%time a")]
    assert list(second.get_range(-2)) == []
    huge = 10**30
    assert second.get_tail(huge) == second.search(n=huge)[:-1]
    assert list(second.get_range(-1, 2, huge)) == [(1, 2, "%time a")]
    assert list(second.get_range(huge)) == list(second.get_range(-huge)) == []


def test_search_finds_by_glob_and_each_source_once(
    tmp_path: Path, sessions: list[HistoryManager]
) -> None:
    path = tmp_path / "history.sqlite"
    begin(sessions, path, "import os", "x = 1", "import os").close()
    here = begin(sessions, path, "import re")
    found = here.search("import*")
    assert found == [(1, 1, "import os"), (1, 3, "import os"), (2, 1, "import re")]
    assert [source for *_, source in here.search("import*", unique=True)] == [
        "import os",
        "import re",
    ]
    assert here.search("import*", n=1) == [(2, 1, "import re")]


def test_sessions_at_the_same_time_do_not_disturb_each_other(
    tmp_path: Path, sessions: list[HistoryManager]
) -> None:
    path = tmp_path / "history.sqlite"
    one, two = begin(sessions, path, "one"), begin(sessions, path, "two")
    assert one.flush()
    assert two.flush()
    assert [source for *_, source in one.get_tail(9, include_latest=True)] == ["one", "two"]


def test_kill_minus_nine_loses_nothing(tmp_path: Path, sessions: list[HistoryManager]) -> None:
    path = tmp_path / "history.sqlite"
    program = f"""
import os, signal
from pathlib import Path
from nuncius.kernel.history.manager import HistoryManager
from nuncius.kernel.options import ShellOptions
from nuncius.kernel.past import SessionHistory, ranges_of
from nuncius.kernel.results import ExecutionInfo
from nuncius.kernel.shell import Shell
session = HistoryManager(SessionHistory([""], [""], {{}}), Path({str(path)!r}))
session.store_inputs(1, "precious")
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert begin(sessions, path).get_tail(5, include_latest=True) == [(1, 1, "precious")]


def test_a_locked_database_delays_nothing(tmp_path: Path, sessions: list[HistoryManager]) -> None:
    path = tmp_path / "history.sqlite"
    begin(sessions, path, "before").flush()
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    here = begin(sessions, path, "meanwhile")
    assert here.get_tail(5, include_latest=True) == [(0, 1, "meanwhile")]
    other.rollback()
    other.close()
    assert [s for *_, s in here.get_tail(5, include_latest=True)] == ["before", "meanwhile"]


def test_a_broken_database_is_moved_aside(
    tmp_path: Path, sessions: list[HistoryManager], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(b"this is no database, " * 100)
    here = begin(sessions, path, "after")
    assert here.get_tail(5, include_latest=True) == [(1, 1, "after")]
    [aside] = tmp_path.glob("history-broken-*.sqlite")
    assert aside.read_bytes().startswith(b"this is no database")
    assert "was broken" in caplog.text


def test_a_folder_that_cannot_be_written_leaves_the_session_in_memory(
    tmp_path: Path, sessions: list[HistoryManager], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    here = begin(sessions, tmp_path / "file" / "history.sqlite", "one", "two")
    assert here.get_tail(5, include_latest=True) == [(0, 1, "one"), (0, 2, "two")]
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1


def test_an_ipython_file_is_read(tmp_path: Path, sessions: list[HistoryManager]) -> None:
    path = tmp_path / "history.sqlite"
    with sqlite3.connect(path) as file:
        file.executescript(
            """CREATE TABLE sessions (session integer primary key autoincrement, start timestamp, end timestamp, num_cmds integer, remark text);
            CREATE TABLE history (session integer, line integer, source text, source_raw text, PRIMARY KEY (session, line));
            CREATE TABLE output_history (session integer, line integer, output text, PRIMARY KEY (session, line));
            INSERT INTO sessions VALUES (7, '2020-01-01 00:00:00', NULL, 1, '');
            INSERT INTO history VALUES (7, 1, 'x', 'x?');"""
        )
    file.close()
    assert begin(sessions, path).get_tail() == [(7, 1, "x?")]


def test_old_cells_can_be_trimmed(tmp_path: Path, sessions: list[HistoryManager]) -> None:
    here = begin(sessions, tmp_path / "history.sqlite", *(f"x = {n}" for n in range(10)))
    assert here.trim(3) == 7
    assert [s for *_, s in here.search()] == ["x = 7", "x = 8", "x = 9"]


def test_without_a_file_nothing_is_written(tmp_path: Path, sessions: list[HistoryManager]) -> None:
    here = begin(sessions, None, "one")
    assert (here.session_number, here.get_tail(include_latest=True)) == (0, [(0, 1, "one")])
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_breaks_while_it_is_used_is_moved_aside(
    tmp_path: Path, sessions: list[HistoryManager], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "history.sqlite"
    begin(sessions, path, *(f"old = {n}" for n in range(2000))).flush()
    sessions[0].close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)  # the head is whole: it opens
    path.write_bytes(data)
    here = begin(sessions, path, "first", "second")
    assert [source for *_, source in here.get_tail(5, include_latest=True)] == ["first", "second"]
    here.store_inputs(3, "third", "third")
    assert here.search("*ir*") == [(1, 1, "first"), (1, 3, "third")]
    assert len(list(tmp_path.glob("history-broken-*.sqlite"))) == 1
    assert "was broken" in caplog.text


def test_sessions_that_find_the_file_broken_move_it_once(
    tmp_path: Path, sessions: list[HistoryManager]
) -> None:
    """Each had the file open; the numbers that it gave them are not used in the new one."""
    path = tmp_path / "history.sqlite"
    one, two = begin(sessions, path, "one"), begin(sessions, path, "two")
    assert (one.session_number, two.session_number) == (1, 2)
    path.write_bytes(b"broken" * 2000)
    for session in (two, one):
        session.store_inputs(2, "more", "more")
        assert session.flush()
    assert len(list(tmp_path.glob("history-broken-*.sqlite"))) == 1
    assert one.get_tail(5, include_latest=True) == [(1, 2, "more"), (2, 2, "more")]
    assert (two.session_number, one.session_number) == (1, 2)


def test_processes_that_write_at_once_and_are_killed_lose_nothing(
    tmp_path: Path, sessions: list[HistoryManager]
) -> None:
    path = tmp_path / "history.sqlite"
    program = f"""
import sys
from pathlib import Path
from nuncius.kernel.history.manager import HistoryManager
from nuncius.kernel.options import ShellOptions
from nuncius.kernel.past import SessionHistory, ranges_of
from nuncius.kernel.results import ExecutionInfo
from nuncius.kernel.shell import Shell
session = HistoryManager(SessionHistory([""], [""], {{}}), Path({str(path)!r}), quiet=0.01)
for number in range(1, 101):
    session.store_inputs(number, f"{{sys.argv[1]}} = {{number}}")
    if number % 20 == 0:
        session.flush()
print("written", flush=True)
sys.stdin.read()
"""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in ("a", "b", "c")
    ]
    for writer in writers:
        with writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"written\n"
            writer.kill()
    found = begin(sessions, path).search("*")
    assert sorted(source for *_, source in found) == sorted(
        f"{name} = {number}" for name in "abc" for number in range(1, 101)
    )
    assert len({session for session, *_ in found}) == 3
    assert list(path.with_suffix(".spool").iterdir()) == []


def test_a_full_disk_costs_the_history_and_nothing_else(tmp_path: Path) -> None:
    """The limit on a file's size stands for the full disk: a program of its own, as it holds for the whole process."""
    program = f"""
import logging, resource
from pathlib import Path
from nuncius.kernel.history.manager import HistoryManager
from nuncius.kernel.options import ShellOptions
from nuncius.kernel.past import SessionHistory, ranges_of
from nuncius.kernel.results import ExecutionInfo
from nuncius.kernel.shell import Shell
logging.basicConfig(format="%(message)s")
typed = [""]
session = HistoryManager(SessionHistory(typed, typed, {{}}), Path({str(tmp_path)!r}, "h.sqlite"), quiet=3600)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for number in range(1, 301):
    typed.append(f"x = {{number}} # " + "." * 100)
    session.store_inputs(number, typed[-1], typed[-1])
found = session.get_tail(3, include_latest=True)
print(len(found), found[-1][2][:7], session.enabled)
session.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "3 x = 300 False\n"
    assert done.stderr.count("this session's stays in memory") == 1


def test_a_database_that_cannot_be_written_can_be_read(
    tmp_path: Path, sessions: list[HistoryManager]
) -> None:
    path = tmp_path / "history.sqlite"
    begin(sessions, path, "old").flush()
    sessions[0].close()
    with sqlite3.connect(path) as file:
        file.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON history BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
    file.close()
    here = begin(sessions, path, "new")
    assert [source for *_, source in here.search("*")] == ["old"]
    assert here.get_range_by_str("1") is not None
    assert [source for *_, source in here.get_range_by_str("1 ~1/1")] == ["new", "old"]


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("4", [(0, 4, 5)]),
        ("1-3 7:9", [(0, 1, 4), (0, 7, 9)]),
        ("~1/", [(-1, 1, None)]),
        ("243/1-5", [(243, 1, 6)]),
        ("~8/1-~6/5", [(-8, 1, None), (-7, 1, None), (-6, 1, 6)]),
        ("~1/7-0/2", [(-1, 7, None), (0, 1, 3)]),
        ("5/1-3/2", []),
        ("2 name 3", [(0, 2, 3)]),
    ],
)
def test_ranges_go_over_sessions(text: str, ranges: list[tuple[int, int, int | None]]) -> None:
    assert list(ranges_of(text)) == ranges


def test_a_range_over_sessions_gives_their_cells(
    tmp_path: Path, sessions: list[HistoryManager]
) -> None:
    path = tmp_path / "history.sqlite"
    for name in "abc":
        begin(sessions, path, f"{name}1", f"{name}2").close()
    here = begin(sessions, path, "d1")
    assert [s for *_, s in here.get_range_by_str("~3/2-~1/1")] == ["a2", "b1", "b2", "c1"]


def test_inputs_that_are_not_in_memory_are_read_from_the_file(tmp_path):
    options = ShellOptions(history_file=str(tmp_path / "h.sqlite"), input_cache_size=3)
    shell = Shell(options)
    try:
        for number in range(1, 9):
            shell.run_cell(
                f"%time x{number} = 1" if number == 2 else f"x{number} = 1", store_history=True
            )
        inputs = shell.user_ns["In"]
        assert (list(inputs)[:6], inputs[1], inputs[-7]) == ([""] * 6, "x1 = 1", inputs[2])
        assert inputs[2] == "get_ipython().run_line_magic('time', 'x2 = 1')"
        assert (inputs[8], len(inputs), shell.user_ns["_ih"] is inputs) == ("x8 = 1", 9, True)
        assert shell.extract_input_lines("2-3 7", raw=True) == "%time x2 = 1\nx3 = 1\nx7 = 1"
        manager = shell.history_manager
        assert [n for _, n, _ in manager.get_range(0, 1, -1)] == [1, 2, 3, 4, 5, 6, 7]
        assert [n for _, n, _ in manager.get_range(0, 4)] == [4, 5, 6, 7, 8]
        assert pickle.loads(pickle.dumps(inputs))[8] == "x8 = 1"
        shell.set_option("input_cache_size", 2)
        shell.run_cell("x9 = 1", store_history=True)
        assert list(inputs)[-3:] == ["", "x8 = 1", "x9 = 1"]
        shell.reset()
        shell.run_cell("y = 1", store_history=True)
        assert (list(inputs), inputs[1]) == (["", "y = 1"], "y = 1")
    finally:
        shell.close()


def test_inputs_that_are_kept_nowhere_are_empty():
    shell = Shell(ShellOptions(history=False, input_cache_size=2))
    try:
        for number in range(1, 6):
            shell.run_cell(f"x{number} = 1", store_history=True)
        assert [shell.user_ns["In"][n] for n in range(6)] == ["", "", "", "", "x4 = 1", "x5 = 1"]
        assert list(shell.history_manager.get_range(0)) == [(0, 4, "x4 = 1"), (0, 5, "x5 = 1")]
    finally:
        shell.close()


def test_a_session_that_is_over_has_its_end_and_its_number_of_cells(tmp_path):
    from nuncius.kernel.compat.histories import HistoryAccessor

    path = tmp_path / "h.sqlite"
    for asks in (False, True):  # what was not asked for is put into the file by the next session
        shell = Shell(ShellOptions(history_file=str(path)))
        shell.run_cell("a = 1", store_history=True)
        if asks:
            shell.history_manager.get_tail(1)
        shell.close()
    past = HistoryAccessor(hist_file=str(path))
    try:
        for session in (1, 2):
            info = past.get_session_info(session)
            assert info is not None
            assert (info[0], info[3]) == (session, 1)
            assert info[1] is not None
            assert info[2] is not None
    finally:
        past.close()


def test_halves_of_characters_do_not_keep_the_rest_out_of_the_file(sessions, tmp_path):
    path = tmp_path / "h.sqlite"
    begin(sessions, path, "a = '\ud800'", "b = 'é'").close()
    later = begin(sessions, path)
    assert [source for _, _, source in later.search("*")] == ["a = '\\ud800'", "b = 'é'"]


#: As IPython 9 makes it.
THEIR_SCHEMA = """
CREATE TABLE sessions (session integer primary key autoincrement, start timestamp, end timestamp, num_cmds integer, remark text);
CREATE TABLE history (session integer, line integer, source text, source_raw text, PRIMARY KEY (session, line));
CREATE TABLE output_history (session integer, line integer, output text, PRIMARY KEY (session, line));
INSERT INTO sessions VALUES (7, '2026-01-02 03:04:05.000006', '2026-01-02 04:00:00.000000', 2, '');
INSERT INTO history VALUES (7, 1, 'get_ipython().system(''ls'')', '!ls');
INSERT INTO history VALUES (7, 2, 'x = 1', 'x = 1');
INSERT INTO output_history VALUES (7, 2, '1');
"""


def test_a_file_of_ipython_is_read_and_continued(tmp_path, capsys):
    path = tmp_path / "history.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(THEIR_SCHEMA)
    shell = Shell(ShellOptions(history_file=str(path)))
    try:
        shell.run_cell("%history -o ~1/", store_history=True)
        assert capsys.readouterr().out == "!ls\nx = 1\n1\n"
        assert list(shell.history_manager.get_range(7, 2)) == [(7, 2, "x = 1")]
        assert [n for n, *_ in shell.history_manager.search("*")] == [7, 7, 8]
    finally:
        shell.close()


def test_cells_keep_the_numbers_that_they_were_announced_with() -> None:
    """The one that was announced first, in another thread, begins last."""
    shell = Shell()
    first, second = (shell.prepare(ExecutionInfo(code, True)) for code in ("'first'", "1 / 1"))
    results = [shell.run_now(second), shell.run_now(first)]
    after = shell.run_cell("get_ipython().execution_count = 9; _", store_history=True)
    moved = shell.run_cell("In[1:3], Out[1], Out[2]", store_history=True)
    assert [result.execution_count for result in (*results, after, moved)] == [2, 1, 3, 9]
    assert (after.result, moved.result) == ("first", (["'first'", "1 / 1"], "first", 1.0))
    assert shell.execution_count == 10
    tail = shell.history_manager.get_tail(9, include_latest=True)
    assert [(number, source) for _, number, source in tail if source] == [
        (1, "'first'"),
        (2, "1 / 1"),
        (3, "get_ipython().execution_count = 9; _"),
        (9, "In[1:3], Out[1], Out[2]"),
    ]
    shell.close()
