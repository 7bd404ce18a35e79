"""Going on after a failure: what has run is not run again where its kernel was kept."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from execute_help import code, command, install_kernel, notebook, read, save, start, streams, text
from hypothesis import given
from hypothesis import strategies as st

from nuncius.nbconvert.execute.aside import aside
from nuncius.nbconvert.execute.kept import Record, finished_cells
from nuncius.nbconvert.execute.settings import Settings

#: A cell whose runs are counted, in a file.
ONCE = "n = 41; log = open('ran', 'a'); log.write('x'); log.close(); print('first')"


@pytest.fixture
def place(folder: Path) -> Path:
    install_kernel(folder)
    return folder


def ran(place: Path) -> int:
    return len((place / "ran").read_text())


def notes(err: str) -> list[str]:
    """What was said beside the failure and the summary."""
    lines = [line for line in err.splitlines() if line.startswith("nb.ipynb: ")]
    return [line.removeprefix("nb.ipynb: ") for line in lines]


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists() and ") Z " not in Path(f"/proc/{pid}/stat").read_text()  # fmt: skip


def kernel_of(place: Path) -> int:
    saved = json.loads((place / ".nb.executed.ipynb.kernel").read_text())
    return int(saved["provisioner"]["pid"])


def test_a_repaired_cell_is_run_with_what_the_cells_before_have_made(place: Path) -> None:
    save(place / "nb.ipynb", notebook(ONCE, text("middle"), "print(m)", "print('last')"))
    rc, _, err = command(place, "nb", "--keep-kernel")
    assert (rc, notes(err)) == (1, ["its kernel goes on; repair the cell, and --resume goes on with it"])  # fmt: skip
    assert (place / ".nb.executed.ipynb.kernel").stat().st_mode & 0o777 == 0o600
    pid = kernel_of(place)

    save(place / "nb.ipynb", notebook(ONCE, text("else"), "m = n + 1", "print(m)", "print('last')"))
    rc, _, err = command(place, "nb", "--resume")
    said = ["going on in the kernel of the earlier run, after 1 finished cells"]
    assert (rc, notes(err), ran(place)) == (0, said, 1)
    done = read(place / "nb.executed.ipynb")
    assert streams(done) == ["first\n", "", "42\n", "last\n"]
    assert [c.get("execution_count") for c in done["cells"]] == [1, None, 3, 4, 5]
    assert not (place / ".nb.executed.ipynb.kernel").exists()
    assert not alive(pid)
    assert notes(command(place, "nb", "--resume")[2]) == ["complete already"]


def test_it_is_kept_until_it_works(place: Path) -> None:
    save(place / "nb.ipynb", notebook(ONCE, "print(m)"))
    assert command(place, "nb", "--keep-kernel", "-q")[0] == 1
    pid = kernel_of(place)
    assert command(place, "nb", "--resume", "-q")[0] == 1
    assert (kernel_of(place), alive(pid), ran(place)) == (pid, True, 1)
    # A run that does not go on in it ends it.
    assert command(place, "nb", "-q")[0] == 1
    assert (alive(pid), ran(place)) == (False, 2)
    assert not (place / ".nb.executed.ipynb.kernel").exists()


def test_a_finished_cell_that_was_changed_is_run_again_with_all_others(place: Path) -> None:
    save(place / "nb.ipynb", notebook(ONCE, "print(m)"))
    assert command(place, "nb", "--keep-kernel", "-q")[0] == 1
    pid = kernel_of(place)
    save(place / "nb.ipynb", notebook(f"{ONCE}; m = 2", "print(m)"))
    rc, _, err = command(place, "nb", "--resume")
    said = ["a cell that was run before has changed: all cells are run, in a new kernel"]
    assert (rc, notes(err), ran(place), alive(pid)) == (0, said, 2, False)


def test_without_the_kernel_all_cells_are_run(place: Path) -> None:
    save(place / "nb.ipynb", notebook(ONCE, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))  # fmt: skip
    assert command(place, "nb", "--keep-kernel", "-q")[0] == 1
    assert not (place / ".nb.executed.ipynb.kernel").exists()

    save(place / "nb.ipynb", notebook(ONCE, "print(m)"))
    assert command(place, "nb", "--keep-kernel", "-q")[0] == 1
    process = kernel_of(place)
    os.kill(process, signal.SIGKILL)
    save(place / "nb.ipynb", notebook(ONCE, "print(n)"))
    rc, _, err = command(place, "nb", "--resume")
    said = ["the kernel of the earlier run is gone: all cells are run, in a new one"]
    assert (rc, notes(err), ran(place)) == (0, said, 3)
    assert streams(read(place / "nb.executed.ipynb")) == ["first\n", "41\n"]


def test_a_command_that_was_killed_can_be_continued(place: Path) -> None:
    endless = "print('now', flush=True)\nwhile not __import__('os').path.exists('go'): __import__('time').sleep(0.01)\nprint(n)"  # fmt: skip
    save(place / "nb.ipynb", notebook(ONCE, endless))
    with start(place, "execute", "nb", "--keep-kernel", "--log-output") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "now" in line and "print" not in line:
                break
        process.kill()
    pid = kernel_of(place)
    assert alive(pid)
    (place / "go").touch()
    rc, _, err = command(place, "nb", "--resume")
    said = ["going on in the kernel of the earlier run, after 1 finished cells"]
    assert (rc, notes(err), ran(place)) == (0, said, 1)
    assert streams(read(place / "nb.executed.ipynb")) == ["first\n", "now\n41\n"]
    assert not alive(pid)


def test_where_it_makes_no_sense_it_is_refused(place: Path) -> None:
    save(place / "nb.ipynb", notebook("1"))
    why = "nuncius execute: --keep-kernel: a kernel in this process ends with it, and standard output has no later run\n"
    for more in (["--in-process"], ["-o", "-"]):
        assert command(place, "nb", "--keep-kernel", *more) == (2, "", why)


def test_a_cell_that_took_too_long_is_not_complete(place: Path) -> None:
    save(place / "nb.ipynb", notebook("import time; time.sleep(60)"))
    assert command(place, "nb", "--timeout", "1", "-q")[0] == 1
    assert read(place / "nb.executed.ipynb")["cells"][0]["execution_count"] is None
    save(place / "nb.ipynb", notebook("import time; time.sleep(60)"))
    assert command(place, "nb", "--timeout", "1", "-q", "--resume")[0] == 1


def test_a_record_that_is_none_is_passed_over(place: Path) -> None:
    record = Record("nb.executed.ipynb")
    for data in (b"", b"[]", b"\xff", b'{"kernel_name": "py"}'):  # fmt: skip
        record.path.write_bytes(data)
        assert record.read() in (None, {"kernel_name": "py"})
    save(place / "nb.ipynb", notebook("print(1)"))
    assert command(place, "nb", "--resume", "-q") == (0, "", "")


def test_each_address_has_files_of_its_own(folder: Path) -> None:
    one, other = (aside(f"s3://bucket/{name}/out.ipynb", "journal") for name in "ab")
    assert one != other
    assert one.parent == other.parent == folder / "nuncius" / "runs"
    assert one.name.startswith("out.ipynb-")
    assert aside("a/b.ipynb", "kernel") == Path("a/.b.ipynb.kernel")


def executed(cells: list[str], finished: int) -> dict[str, Any]:
    """A notebook as a run left it: so many cells were finished, and the next one failed."""
    nb = notebook(*cells)
    for number, cell in enumerate(nb["cells"][: finished + 1]):
        cell["execution_count"] = number + 1
        if number == finished:
            cell["outputs"] = [{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}]  # fmt: skip
    return nb


@given(
    st.lists(st.sampled_from("abc"), max_size=5),
    st.lists(st.sampled_from("abc"), max_size=5),
    st.integers(0, 5),
)
def test_what_is_finished_has_not_changed(before: list[str], now: list[str], count: int) -> None:
    finished = min(count, len(before))
    found = finished_cells(notebook(*now), executed(before, finished), Settings())
    if now[:finished] == before[:finished]:
        assert found is not None
        assert list(found) == list(range(finished))
        assert [cell["source"] for cell in found.values()] == before[:finished]
    else:
        assert found is None


def test_exceptions_that_are_meant_are_no_failure() -> None:
    earlier = executed(["a", "b"], 1)
    assert list(finished_cells(earlier, earlier, Settings()) or ()) == [0]
    assert list(finished_cells(earlier, earlier, Settings(allow_errors=True)) or ()) == [0, 1]
    tagged = notebook("a", code("b", "raises-exception"))
    ended = executed(["a", "b"], 1)
    ended["cells"][1]["metadata"] = {"tags": ["raises-exception"]}
    assert list(finished_cells(tagged, ended, Settings()) or ()) == [0, 1]
