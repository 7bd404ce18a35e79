"""``nuncius execute``, as people call it: a process of its own, with files and signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from execute_help import code, command, install_kernel, notebook, read, save, start, streams

from nuncius.nbconvert.cli.execute_arguments import HELP, parse
from nuncius.nbconvert.execute.journal import journal_path
from nuncius.protocol.errors import OptionError


@pytest.fixture
def place(folder: Path) -> Path:
    install_kernel(folder)
    return folder


PARAMETERS = code("a = 1  # how many\nname: str = 'x'", "parameters")


def names(place: Path) -> list[str]:
    return sorted(str(p.relative_to(place)) for p in place.rglob("*.ipynb*"))


def test_the_result_is_beside_the_notebook(place: Path) -> None:
    save(place / "nb.ipynb", notebook("print(1)"))
    rc, out, err = command(place, "nb")
    assert (rc, out) == (0, "")
    assert err.startswith("nb.ipynb -> nb.executed.ipynb: 1 cells, ")
    assert streams(read(place / "nb.executed.ipynb")) == ["1\n"]
    assert streams(read(place / "nb.ipynb")) == [""]
    assert names(place) == ["nb.executed.ipynb", "nb.ipynb"]


def test_in_place_and_elsewhere(place: Path) -> None:
    (place / "in").mkdir()
    save(place / "in" / "nb.ipynb", notebook("import os; print(os.path.basename(os.getcwd()))"))
    assert command(place, "in/nb.ipynb", "--inplace", "-q") == (0, "", "")
    assert streams(read(place / "in" / "nb.ipynb")) == ["in\n"]
    assert command(place, "in/nb.ipynb", "--output-dir", "out", "--cwd", ".", "-q")[0] == 0
    assert streams(read(place / "out" / "nb.ipynb")) == [f"{place.name}\n"]


def test_parameters_come_after_the_cell_that_has_the_defaults(place: Path) -> None:
    save(place / "nb.ipynb", notebook(PARAMETERS, "print(a, repr(name), b, c)"))
    (place / "p.yaml").write_text("b: [1, {x: null}]\na: 9\n")
    rc, _, err = command(
        place, "nb.ipynb", "-o", "out/{name}", "-p", "a", "5", "-r", "name=7", "-f", "p.yaml", "-y", "c: 2020-01-01"
    )  # fmt: skip
    assert (rc, err.splitlines()[-1].split(":")[0]) == (0, "nb.ipynb -> out/7.ipynb")
    nb = read(place / "out" / "7.ipynb")
    assert nb["cells"][1]["metadata"]["tags"] == ["injected-parameters"]
    assert streams(nb)[2] == "5 '7' [1, {'x': None}] 2020-01-01\n"
    about = nb["metadata"]["papermill"]
    assert about["parameters"] == {
        "a": 5,
        "name": "7",
        "b": [1, {"x": None}],
        "c": "2020-01-01",
    }
    assert (about["input_path"], about["exception"]) == ("nb.ipynb", None)
    assert [cell["metadata"]["papermill"]["status"] for cell in nb["cells"]] == ["completed"] * 3


def test_a_misspelt_parameter_is_told(place: Path) -> None:
    save(place / "nb.ipynb", notebook(PARAMETERS, "print(a)"))
    (place / "out").mkdir()
    rc, _, err = command(place, "nb", "-p", "aa", "2", "-o", "out")
    assert rc == 0
    assert err.splitlines()[0] == (
        "nb.ipynb: there is no parameter 'aa' among a, name; it is set all the same"
    )
    assert names(place) == ["nb.ipynb", "out/nb.ipynb"]


def test_which_parameters_there_are(place: Path) -> None:
    save(place / "nb.ipynb", notebook(PARAMETERS))
    assert command(place, "nb", "--help-notebook") == (
        0,
        "nb.ipynb: parameters\n  a = 1                                 how many\n  name: str = 'x'\n",
        "",
    )


def test_only_preparing(place: Path) -> None:
    save(place / "nb.ipynb", notebook(PARAMETERS, "print(a)", kernel="python3"))
    rc, out, err = command(place, "nb.ipynb", "-o", "-", "--prepare-only", "--report-mode", "-p", "a", "2")  # fmt: skip
    assert (rc, err) == (0, "")
    nb = json.loads(out)
    assert ["".join(cell["source"]) for cell in nb["cells"]] == [
        "a = 1  # how many\nname: str = 'x'",
        "# Parameters\na = 2\n",
        "print(a)",
    ]
    assert all(cell["metadata"]["jupyter"] == {"source_hidden": True} for cell in nb["cells"])


def test_from_standard_input_to_standard_output(place: Path) -> None:
    text = json.dumps(notebook("print(input())"))
    (place / "answers").write_text("from a file\n")
    rc, out, err = command(place, "-", "--answers", "answers", stdin=text)
    assert (rc, err) == (0, "")
    assert json.loads(out)["cells"][0]["outputs"][0]["text"] == ["from a file\n"]


def test_what_cells_write_is_shown_and_copied(place: Path) -> None:
    save(
        place / "nb.ipynb",
        notebook(
            "import sys\nprint('out')\nprint('err', file=sys.stderr, flush=True)", "show('x')"
        ),
    )
    rc, _, err = command(place, "nb", "--log-output", "--progress", "none", "--stdout-file", "o", "--stderr-file", "e")  # fmt: skip
    assert rc == 0
    assert sorted(err.splitlines()[:-1]) == ["err", "out", "x"]
    assert ((place / "o").read_text(), (place / "e").read_text()) == ("out\n", "err\n")


def test_a_failure_is_told_and_what_ran_is_saved(place: Path) -> None:
    save(place / "nb.ipynb", notebook("print(1)", "1/0", "print(3)"))
    rc, _, err = command(place, "nb")
    assert rc == 1
    assert "ZeroDivisionError: division by zero" in err
    assert err.splitlines()[-1].endswith("(failed; what ran is saved)")
    assert streams(read(place / "nb.executed.ipynb")) == ["1\n", "!ZeroDivisionError", ""]
    assert command(place, "nb", "--allow-errors", "-q")[0] == 0
    assert streams(read(place / "nb.executed.ipynb")) == ["1\n", "!ZeroDivisionError", "3\n"]
    assert command(place, "nb", "--on-error", "continue", "-q")[0] == 1
    assert streams(read(place / "nb.executed.ipynb")) == ["1\n", "!ZeroDivisionError", "3\n"]


def test_many_at_once_and_one_failure_does_not_stop_the_others(place: Path) -> None:
    for name in "abc":
        save(place / f"{name}.ipynb", notebook(f"print({name!r})", "1/0" if name == "b" else "2"))
    rc, _, err = command(place, "-j", "2", "*.ipynb", "--output-dir", "out")
    assert rc == 1
    assert err.splitlines()[-2:] == [
        "nuncius execute: 1 of 3 notebooks did not run to their end:",
        "  b.ipynb: failed",
    ]
    assert [streams(read(place / "out" / f"{n}.ipynb"))[0] for n in "abc"] == ["a\n", "b\n", "c\n"]
    rc, _, err = command(place, "*.ipynb", "--output-dir", "out", "--resume")
    assert rc == 1
    lines = [line for line in err.splitlines() if "complete" in line or "->" in line]
    assert [line.split(":")[0] for line in lines] == ["a.ipynb", "b.ipynb -> out/b.ipynb", "c.ipynb"]  # fmt: skip


def test_abort_ends_the_whole_batch(place: Path) -> None:
    save(place / "a.ipynb", notebook("1/0"))
    save(place / "b.ipynb", notebook("print(1)"))
    rc, _, err = command(place, "a.ipynb", "b.ipynb", "--on-error", "abort")
    assert rc == 1
    assert err.splitlines()[-2:] == ["  a.ipynb: failed", "  b.ipynb: interrupted"]
    assert names(place) == ["a.executed.ipynb", "a.ipynb", "b.ipynb"]


WAIT = "import threading\nprint('waiting', flush=True)\nthreading.Event().wait()"


def until(process: Any, text: str) -> None:
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"ended before it said {text!r}")


def test_ctrl_c_interrupts_and_saves_what_ran(place: Path) -> None:
    save(place / "nb.ipynb", notebook("print(1)", WAIT, "print(3)"))
    with start(place, "execute", "nb", "--log-output") as process:
        until(process, "waiting")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "(interrupted; what ran is saved)" in err
    assert streams(read(place / "nb.executed.ipynb")) == ["1\n", "waiting\n!KeyboardInterrupt", ""]
    assert names(place) == ["nb.executed.ipynb", "nb.ipynb"]


def test_after_a_kill_what_ran_is_recovered(place: Path) -> None:
    save(place / "nb.ipynb", notebook("print(1)", WAIT, "print(3)"))
    with start(place, "execute", "nb", "--log-output") as process:
        until(process, "waiting")
        process.kill()
        process.communicate(timeout=60)
    assert not (place / "nb.executed.ipynb").exists()
    rc, _, err = command(place, "nb", "--recover")
    assert (rc, err) == (0, "nb.executed.ipynb: written; the run was cut off after 1 cells\n")
    assert streams(read(place / "nb.executed.ipynb")) == ["1\n", "waiting\n", ""]
    assert not journal_path(place / "nb.executed.ipynb").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.ipynb"], "no notebook matches 'none.ipynb'"),
        (["nb.ipynb", "out.ipynb"], "the name of the result is given with --output"),
        (["nb.ipynb", "--timout", "3"], "there is no option --timout; did you mean 'timeout'?"),
        (["nb.ipynb", "-p", "a"], "-p a needs a value: -p a VALUE"),
        (["nb.ipynb", "--timeout", "soon"], "--timeout"),
        (["nb.ipynb", "--on-error", "cry"], "--on-error"),
        (["nb.ipynb", "--inplace", "-o", "x"], "--inplace goes without --output"),
        (["nb.ipynb", "-j", "x"], "expected a number"),
        (["nb.ipynb", "--cwd", "nowhere"], "there is no folder 'nowhere'"),
        (["nb.ipynb", "nb2.ipynb", "-o", "x"], "nb.ipynb and nb2.ipynb would be written to x.ipynb twice; put {notebook_name} into --output"),
        (["nb.ipynb", "--each", "a=1,2", "-o", "x"], "nb.ipynb with different parameters would be written to x.ipynb twice; put {a} into --output"),
        (["nb.ipynb", "--each", "a", ","], "there are no values in ','"),
        (["-", "--each", "a", "1,2"], "standard input is one notebook"),
    ],
)  # fmt: skip
def test_a_command_that_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    from nuncius.nbconvert.cli.execute import main

    save(folder / "nb.ipynb", notebook("1"))
    save(folder / "nb2.ipynb", notebook("1"))
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert names(folder) == ["nb.ipynb", "nb2.ipynb"]


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("{", [], "nb.ipynb: not JSON"),
        (json.dumps(notebook("1", kernel="nope")), [], "no kernel named 'nope'"),
        (json.dumps(notebook("1")), ["-p", "a b", "1"], "'a b' cannot be the name of a parameter"),
        (json.dumps(notebook("1")), ["-o", "{region}"], "needs the parameter 'region'"),
        (json.dumps(notebook("1")), ["-y", "[1]"], "expected names with values, got list"),
    ],
)
def test_a_notebook_that_cannot_be_run(
    place: Path, capsys: pytest.CaptureFixture[str], content: str, arguments: list[str], said: str
) -> None:
    from nuncius.nbconvert.cli.execute import main

    (place / "nb.ipynb").write_text(content)
    assert main(["nb.ipynb", *arguments]) == 1
    assert said in capsys.readouterr().err
    assert names(place) == ["nb.ipynb"]


def test_every_option_is_in_the_help() -> None:
    for word in HELP.split():
        option = word.strip("[],();:").partition("=")[0]
        if option.startswith("--") and "." not in option and len(option) > 2:
            try:
                parse([option, "x", "y"])
            except OptionError as error:
                pytest.fail(f"{option}: {error}")


def test_nbconvert_runs_it_too(place: Path) -> None:
    save(place / "nb.ipynb", notebook("print(1)"))
    with start(place, "nbconvert", "--to", "markdown", "--execute", "--stdout", "nb") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out.strip(), err) == (0, "```python\nprint(1)\n```\n\n    1", "")


def test_once_for_each_combination(place: Path) -> None:
    save(place / "nb.ipynb", notebook(PARAMETERS, "print(a, name)\nassert a != 3"))
    (place / "names").write_text("x/y\n\n z \n")
    rc, _, err = command(place, "nb", "-j", "2", "--each", "a", "2,3", "--each=name=@names", "-y", "a: 9")  # fmt: skip
    assert (rc, err.splitlines()[-2:]) == (
        1,
        ["  nb-3-x_y.ipynb: failed", "  nb-3-z.ipynb: failed"],
    )
    assert names(place) == ["nb-2-x_y.ipynb", "nb-2-z.ipynb", "nb-3-x_y.ipynb", "nb-3-z.ipynb", "nb.ipynb"]  # fmt: skip
    assert streams(read(place / "nb-2-x_y.ipynb"))[-1] == "2 x/y\n"
    assert command(place, "nb", "-q", "--each", "a=5,6", "-o", "out/{a}") == (0, "", "")
    assert [p.name for p in sorted((place / "out").iterdir())] == ["5.ipynb", "6.ipynb"]


def test_nbconvert_says_at_the_end_which_failed_and_why(place: Path) -> None:
    save(place / "a.ipynb", notebook("print(1)"))
    save(place / "b.ipynb", notebook("raise ValueError('\\x1b[31mred\\nline')"))
    with start(place, "nbconvert", "--to", "markdown", "--execute", "-j", "2", "a", "b") as process:
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err.splitlines()[-2:]) == (1, ["nuncius nbconvert: 1 of 2 notebooks failed:", "  b.ipynb: ValueError: red"])  # fmt: skip
    assert "\x1b" not in err
    assert (place / "a.md").exists()


def test_sigterm_saves_what_ran_too(place: Path) -> None:
    save(place / "nb.ipynb", notebook("print(1)", "print('here', flush=True)\nimport time; time.sleep(60)", "3"))  # fmt: skip
    with start(place, "execute", "nb.ipynb", "--log-output") as process:
        assert process.stderr is not None
        while "here" not in process.stderr.readline():
            pass
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert streams(read(place / "nb.executed.ipynb")) == ["1\n", "here\n!KeyboardInterrupt", ""]


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from nuncius.nbconvert.cli.execute import main
sys.exit(main(sys.argv[1:]))
"""


def test_where_nothing_more_can_be_written_the_journal_has_the_beginning(place: Path) -> None:
    save(place / "nb.ipynb", notebook("print(1)", "print('x' * 30_000)", "print(3)"))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "nb.ipynb"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    said = "nuncius execute: nb.ipynb: File too large: nb.executed.ipynb\n"
    assert (done.returncode, done.stderr) == (1, said)
    assert not (place / "nb.executed.ipynb").exists()
    assert command(place, "nb.ipynb", "--recover")[0] == 0
    assert streams(read(place / "nb.executed.ipynb")) == ["1\n", "", ""]


def test_a_result_whose_folder_is_gone_is_written_elsewhere(place: Path) -> None:
    gone = "import os; os.rename('out', 'gone'); open('out', 'w').close(); print(1)"
    save(place / "nb.ipynb", notebook(gone))
    rc, _, err = command(place, "nb.ipynb", "--output-dir", "out")
    assert (rc, err.endswith("; the result is in nb-1.ipynb\n")) == (1, True)
    assert streams(read(place / "nb-1.ipynb")) == ["1\n"]
